#include <QTest>

#include <cmath>
#include <limits>

#include "core/layers/embedding_bag.h"
#include "core/simd/kernels.h"
#include "tests/support/layers.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

using Floats = std::vector<float>;
using Indices = std::vector<std::int64_t>;

EmbeddingBagOptions with_mode(BagMode mode) {
  EmbeddingBagOptions options;
  options.mode = mode;
  return options;
}

/// Indices, offsets and weights that a test gives.
struct Input {
  Indices indices;
  Indices offsets;
  Floats weights = {};
};

/// The table (6, 3) of 1 to 18.
Matrix counting() {
  Matrix weight(6, 3);
  for (std::size_t i = 0; i < 18; ++i) weight(i / 3, i % 3) = static_cast<float>(i + 1);
  return weight;
}

Expected<Bags> bags_of(const Input& input, const EmbeddingBagOptions& options, std::size_t table_rows = 6) {
  return make_bags(input.indices, input.offsets, input.weights, options, table_rows);
}

QString refusal(const Input& input, const EmbeddingBagOptions& options) {
  const auto bags = bags_of(input, options);
  return bags ? QString("accepted") : QString::fromStdString(bags.error().message());
}

Floats forward(const Matrix& weight, const Input& input, const EmbeddingBagOptions& options) {
  const Bags bags = bags_of(input, options, weight.rows()).value();
  Matrix out = filled(bags.count(), weight.cols(), 42);
  bag_forward(weight.view(), bags, options, out.view(), nullptr, Uncounted{});
  return numbers(out.view());
}

/// The dense gradient of a table for a gradient of ones.
Matrix backward(const Matrix& weight, const Input& input, const EmbeddingBagOptions& options) {
  const Bags bags = bags_of(input, options, weight.rows()).value();
  Matrix out(bags.count(), weight.cols());
  MaxRows max_rows;
  bag_forward(weight.view(), bags, options, out.view(), &max_rows, Uncounted{});
  Matrix gradient(weight.rows(), weight.cols());
  bag_scatter_add(filled(bags.count(), weight.cols(), 1).view(), bags, options, max_rows, gradient.view(), Uncounted{});
  return gradient;
}

const Input two_bags{{1, 2, 2, 3, 2}, {0, 3}};  // the rows are (4 5 6), (7 8 9) and (10 11 12)
constexpr float infinite = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

Q_DECLARE_METATYPE(rowlight::BagMode)

class TestEmbeddingBag : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(simd::select_target(simd::supported_targets().front())); }

  // Forward.

  void meanIsTheDefault() {
    QCOMPARE(EmbeddingBagOptions{}.mode, BagMode::Mean);
    QCOMPARE(forward(counting(), {{0, 1}, {0}}, {}), (Floats{2.5F, 3.5F, 4.5F}));
  }

  void reducesByOffsets_data() {
    QTest::addColumn<BagMode>("mode");
    QTest::addColumn<Floats>("expected");
    QTest::newRow("sum") << BagMode::Sum << Floats{18, 21, 24, 17, 19, 21};
    QTest::newRow("mean") << BagMode::Mean << Floats{6, 7, 8, 8.5F, 9.5F, 10.5F};
    QTest::newRow("max") << BagMode::Max << Floats{7, 8, 9, 10, 11, 12};
  }
  void reducesByOffsets() {
    QFETCH(BagMode, mode);
    QFETCH(Floats, expected);
    for (const simd::Target target : simd::supported_targets()) {
      QVERIFY(simd::select_target(target));
      QCOMPARE(forward(counting(), two_bags, with_mode(mode)), expected);
    }
  }

  void lastOffsetMayEndTheLastBag() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.include_last_offset = true;
    QCOMPARE(forward(counting(), {{1, 2, 3}, {0, 1, 3}}, options), (Floats{4, 5, 6, 17, 19, 21}));
  }

  void positionsAfterTheLastOffsetAreInNoBag() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.include_last_offset = true;
    QCOMPARE(forward(counting(), {{1, 2, 3}, {0, 1, 2}}, options), (Floats{4, 5, 6, 7, 8, 9}));
    const Matrix gradient = backward(counting(), {{1, 2, 3}, {0, 1, 2}}, options);
    QCOMPARE(gradient(2, 0), 1.0F);
    QCOMPARE(gradient(3, 0), 0.0F);
  }

  void withoutOffsetsAllIndicesAreOneBag() {
    QCOMPARE(forward(counting(), {{1, 2}, {}}, with_mode(BagMode::Sum)), (Floats{11, 13, 15}));
  }

  void withoutOffsetsAndIndicesThereIsNoBag() { QCOMPARE(bags_of({}, {}).value().count(), std::size_t{0}); }

  void emptyBagsAreZeros_data() { modes(); }
  void emptyBagsAreZeros() {
    QFETCH(BagMode, mode);
    const Floats out = forward(counting(), {{1, 1}, {0, 0, 2, 2}}, with_mode(mode));
    QCOMPARE(Floats(out.begin(), out.begin() + 3), (Floats{0, 0, 0}));
    QVERIFY(out[3] >= 4);
    QCOMPARE(Floats(out.begin() + 6, out.end()), (Floats{0, 0, 0, 0, 0, 0}));
  }

  void paddingIsLeftOutOfTheReduction_data() { modes(); }
  void paddingIsLeftOutOfTheReduction() {
    QFETCH(BagMode, mode);
    EmbeddingBagOptions options = with_mode(mode);
    options.table.padding_idx = -4;  // row 2; the mean counts one member, not three
    QCOMPARE(forward(counting(), two_bags, options), (Floats{4, 5, 6, 10, 11, 12}));
  }

  void bagsOfPaddingAreZeros_data() { modes(); }
  void bagsOfPaddingAreZeros() {
    QFETCH(BagMode, mode);
    EmbeddingBagOptions options = with_mode(mode);
    options.table.padding_idx = 2;
    QCOMPARE(forward(counting(), {{2, 2}, {0}}, options), (Floats{0, 0, 0}));
  }

  void paddingRowMayHoldNan() {
    Matrix weight = counting();
    weight(2, 1) = not_a_number;
    EmbeddingBagOptions options = with_mode(BagMode::Mean);
    options.table.padding_idx = 2;
    QCOMPARE(forward(weight, two_bags, options), (Floats{4, 5, 6, 10, 11, 12}));
  }

  void weightsScaleTheMembers() {
    QCOMPARE(forward(counting(), {{1, 2}, {0}, {0.5F, -2}}, with_mode(BagMode::Sum)), (Floats{-12, -13.5F, -15}));
  }

  // Sums start from +0.0; a maximum is a copy.
  void minusZero() {
    const Matrix weight = matrix_of({{-0.0F}, {0.0F}});
    QCOMPARE(bits(forward(weight, {{0}, {0}}, with_mode(BagMode::Sum))[0]), bits(0.0F));
    QCOMPARE(bits(forward(weight, {{0}, {0}}, with_mode(BagMode::Mean))[0]), bits(0.0F));
    QCOMPARE(bits(forward(weight, {{0}, {0}}, with_mode(BagMode::Max))[0]), bits(-0.0F));
    QCOMPARE(bits(forward(weight, {{1, 0}, {0}}, with_mode(BagMode::Max))[0]), bits(0.0F));  // equal: the first
  }

  // As torch: a comparison with NaN is false, so NaN wins only from the first place.
  void maximumAndNan() {
    const Matrix weight = matrix_of({{1}, {not_a_number}, {infinite}, {-infinite}});
    QCOMPARE(forward(weight, {{0, 1}, {0}}, with_mode(BagMode::Max))[0], 1.0F);
    QVERIFY(std::isnan(forward(weight, {{1, 0}, {0}}, with_mode(BagMode::Max))[0]));
    QCOMPARE(forward(weight, {{0, 2}, {0}}, with_mode(BagMode::Max))[0], infinite);
    QCOMPARE(forward(weight, {{3}, {0}}, with_mode(BagMode::Max))[0], -infinite);
  }

  void weightsThatAreNotFiniteKeepThePaddingZero() {
    const EmbeddingBagOptions options = with_mode(BagMode::Sum);
    const Bags bags = bags_of({{1, 2}, {0}, {not_a_number, infinite}}, options).value();
    Matrix out(1, 3);
    bag_forward(counting().view(), bags, options, out.view(), nullptr, Uncounted{});
    QVERIFY(std::isnan(out(0, 0)));
    for (const float x : out.view().padded_row(0).subspan(3)) QCOMPARE(bits(x), 0U);
    Matrix gradient(6, 3);
    bag_scatter_add(filled(1, 3, 1).view(), bags, options, {}, gradient.view(), Uncounted{});
    QVERIFY(std::isnan(gradient(1, 0)));
    for (const float x : gradient.view().padded_row(1).subspan(3)) QCOMPARE(bits(x), 0U);
  }

  // Backward; torch's numbers for a gradient of ones.

  void gradientOfASum() {
    const Matrix gradient = backward(counting(), {{1, 2, 2, 3, 2, 0}, {0, 3, 3}}, with_mode(BagMode::Sum));
    QCOMPARE(numbers(gradient.view()), (Floats{1, 1, 1, 1, 1, 1, 3, 3, 3, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  }

  void gradientOfAMeanIsShared() {
    EmbeddingBagOptions options = with_mode(BagMode::Mean);
    options.table.padding_idx = 2;
    const Matrix gradient = backward(counting(), {{1, 2, 2, 3, 2, 0}, {0, 3, 3}}, options);
    QCOMPARE(gradient(1, 0), 1.0F);  // alone in its bag but for padding
    QCOMPARE(gradient(2, 0), 0.0F);
    QCOMPARE(gradient(3, 0), 0.5F);
    QCOMPARE(gradient(0, 0), 0.5F);
  }

  void tiesSendTheGradientToTheFirst() {
    const Matrix weight = matrix_of({{1, 5, 2}, {1, 5, 7}});
    QCOMPARE(numbers(backward(weight, {{0, 1}, {0}}, with_mode(BagMode::Max)).view()), (Floats{1, 1, 0, 0, 0, 1}));
    QCOMPARE(numbers(backward(weight, {{1, 0}, {0}}, with_mode(BagMode::Max)).view()), (Floats{0, 0, 0, 1, 1, 1}));
  }

  void maximumRemembersItsRows() {
    const EmbeddingBagOptions options = with_mode(BagMode::Max);
    const Bags bags = bags_of({{0, 1}, {0, 0}}, options, 2).value();
    const Matrix weight = matrix_of({{3, 5}, {1, 7}});
    Matrix out(2, 2);
    MaxRows max_rows;
    bag_forward(weight.view(), bags, options, out.view(), &max_rows, Uncounted{});
    QCOMPARE(max_rows, (MaxRows{-1, -1, 0, 1}));  // an empty bag comes from nowhere
  }

  void frequencyDividesEachContribution() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.table.scale_grad_by_freq = true;
    const Matrix gradient = backward(counting(), {{1, 2, 2, 3}, {0, 2}, {}}, options);
    QCOMPARE(numbers(gradient.view()), (Floats{0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  }

  void sparseGradientKeepsDuplicatesAndLeavesPaddingOut() {
    EmbeddingBagOptions options = with_mode(BagMode::Mean);
    options.table.sparse = true;
    options.table.padding_idx = 3;
    const Bags bags = bags_of({{1, 2, 2, 3, 2, 0}, {0, 3, 3}}, options).value();
    const SparseGradient gradient = bag_sparse_gradient(filled(3, 1, 6).view(), bags, options, 6, Uncounted{});
    QCOMPARE(gradient.indices, (Indices{1, 2, 2, 2, 0}));
    QCOMPARE(numbers(gradient.values.view()), (Floats{2, 2, 2, 3, 3}));
  }

  void gradientOfTheWeightsIsAProductOfRows() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.table.padding_idx = 2;
    const Bags bags = bags_of({{1, 2, 3}, {0, 2}, {1, 1, 1}}, options).value();
    const Matrix grad = matrix_of({{1, 0, 2}, {0, 1, 0}});
    for (const simd::Target target : simd::supported_targets()) {
      QVERIFY(simd::select_target(target));
      QCOMPARE(per_sample_weight_gradient(grad.view(), counting().view(), bags, options, Uncounted{}),
               (Floats{16, 0, 11}));  // 4 + 2 * 6; padding; 11
    }
  }

  void sharesStandInTheOneHotMatrix() {
    EmbeddingBagOptions options = with_mode(BagMode::Mean);
    options.table.padding_idx = 3;
    const Bags mean = bags_of(two_bags, options).value();
    QCOMPARE(bag_shares(mean, options, 6), (Floats{1.0F / 3, 1.0F / 3, 1.0F / 3, 0, 1}));
    options.mode = BagMode::Sum;
    const Bags weighted = bags_of({{1, 3}, {0}, {0.25F, 9}}, options).value();
    QCOMPARE(bag_shares(weighted, options, 6), (Floats{0.25F, 0}));
  }

  // Errors.

  void sparseIsRefusedWithMax() {
    EmbeddingBagOptions options = with_mode(BagMode::Max);
    options.table.sparse = true;
    QCOMPARE(refusal(two_bags, options),
             "sparse cannot be used with bags of mode max; use sum or mean, or switch sparse off");
  }

  void frequencyIsRefusedWithMax() {
    EmbeddingBagOptions options = with_mode(BagMode::Max);
    options.table.scale_grad_by_freq = true;
    QCOMPARE(refusal(two_bags, options),
             "scale_grad_by_freq cannot be used with bags of mode max; use sum or mean, or switch it off");
  }

  void frequencyAndSparseAreRefusedTogether() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.table.scale_grad_by_freq = options.table.sparse = true;
    QVERIFY(refusal(two_bags, options).startsWith("scale_grad_by_freq cannot be used with sparse"));
  }

  void weightsAreRefusedButWithSum() {
    const Input weighted{{1, 2}, {0}, {1, 1}};
    QCOMPARE(refusal(weighted, with_mode(BagMode::Mean)),
             "per-sample weights cannot be used with bags of mode mean; only sum takes weights");
    QCOMPARE(refusal(weighted, with_mode(BagMode::Max)),
             "per-sample weights cannot be used with bags of mode max; only sum takes weights");
    QCOMPARE(refusal(weighted, with_mode(BagMode::Sum)), "accepted");
  }

  void weightsMustBeAsManyAsIndices() {
    QCOMPARE(refusal({{1, 2}, {0}, {1}}, with_mode(BagMode::Sum)),
             "there are 1 per-sample weights for 2 indices; give one weight for each index");
  }

  void offsetsMustBeginWithZero() {
    QCOMPARE(refusal({{1, 2, 3}, {1, 2}}, {}),
             "offset 1 at position 0 is not 0; the first bag begins with the first index");
  }

  void offsetsMustAscend() {
    QCOMPARE(refusal({{1, 2, 3}, {0, 2, 1}}, {}),
             "offset 1 at position 2 is below the one before it, 2; offsets must ascend; equal ones make an empty bag");
  }

  void negativeOffsetsDoNotAscend() { QVERIFY(refusal({{1}, {0, -1}}, {}).startsWith("offset -1 at position 1")); }

  void offsetsEndWithTheIndices() {
    QCOMPARE(refusal({{1, 2, 3}, {0, 4}}, {}),
             "offset 4 at position 1 is beyond the 3 indices; an offset is at most the number of indices");
  }

  void lastOffsetMustBeThere() {
    EmbeddingBagOptions options;
    options.include_last_offset = true;
    QVERIFY(refusal({{1, 2}, {}}, options).startsWith("there are no offsets"));
  }

  void indexOutsideTheTableIsAnError() {
    QCOMPARE(refusal({{1, 6}, {0}}, {}),
             "index 6 at position 1 is outside the table; a table of 6 rows has the indices 0 to 5");
    QVERIFY(refusal({{-1}, {0}}, {}).startsWith("index -1 at position 0"));
  }

  // Costs.

  void sumCountsItsAddsAndReads() {
    const EmbeddingBagOptions options = with_mode(BagMode::Sum);
    const Bags bags = bags_of(two_bags, options).value();
    Matrix out(2, 3);
    Cost cost;
    bag_forward(counting().view(), bags, options, out.view(), nullptr, Counted{cost});
    QCOMPARE(cost.bytes_read, std::uint64_t{5 * 3 * 4});
    QCOMPARE(cost.bytes_written, std::uint64_t{2 * 3 * 4});
    QCOMPARE(cost.adds, std::uint64_t{3 * 3});  // a sum of n rows has n - 1 adds a column
    QCOMPARE(cost.multiplies, std::uint64_t{0});
  }

  void meanMultipliesOnceForEachOutput() {
    const EmbeddingBagOptions options = with_mode(BagMode::Mean);
    const Bags bags = bags_of(two_bags, options).value();
    Matrix out(2, 3);
    Cost cost;
    bag_forward(counting().view(), bags, options, out.view(), nullptr, Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{2 * 3});
  }

  void backwardAddsForEachPosition() {
    EmbeddingBagOptions options = with_mode(BagMode::Sum);
    options.table.padding_idx = 3;
    const Bags bags = bags_of(two_bags, options).value();
    Matrix gradient(6, 3);
    Cost cost;
    bag_scatter_add(filled(2, 3, 1).view(), bags, options, {}, gradient.view(), Counted{cost});
    QCOMPARE(cost.adds, std::uint64_t{4 * 3});
    QCOMPARE(cost.multiplies, std::uint64_t{0});
  }

 private:
  static void modes() {
    QTest::addColumn<BagMode>("mode");
    for (const BagMode mode : {BagMode::Sum, BagMode::Mean, BagMode::Max}) {
      QTest::newRow(name_of(mode).data()) << mode;
    }
  }
};

QTEST_APPLESS_MAIN(TestEmbeddingBag)
#include "test_embedding_bag.moc"
