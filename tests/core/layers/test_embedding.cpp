#include <QTest>

#include <cmath>
#include <limits>

#include "core/layers/embedding.h"
#include "core/simd/kernels.h"
#include "tests/support/layers.h"
#include "tests/support/targets.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

using Floats = std::vector<float>;
using Indices = std::vector<std::int64_t>;
using TableRows = std::vector<std::int32_t>;

const TableRows toy{2, 5, 2, 0};  // the stepper's indices into a table (6, 3), padding row 0

EmbeddingOptions padded(std::int64_t row) {
  EmbeddingOptions options;
  options.padding_idx = row;
  return options;
}

QString sentence(const Error& error) { return QString::fromStdString(error.message()); }

Matrix looked_up(const Matrix& weight, const TableRows& rows) {
  Matrix out(rows.size(), weight.cols());
  look_up(weight.view(), rows, out.view(), Uncounted{});
  return out;
}

/// The dense gradient of a table (6, 3) for the toy indices and a gradient of ones, one number a row.
Floats toy_gradient(const EmbeddingOptions& options) {
  Matrix gradient(6, 3);
  scatter_add(filled(4, 3, 1).view(), toy, options, gradient.view(), Uncounted{});
  Floats of_rows;
  for (std::size_t r = 0; r < 6; ++r) {
    if (gradient(r, 1) != gradient(r, 0) || gradient(r, 2) != gradient(r, 0)) return {};
    of_rows.push_back(gradient(r, 0));
  }
  return of_rows;
}

double norm(std::span<const float> row) {
  double sum = 0;
  for (const float x : row) sum += double{x} * x;
  return std::sqrt(sum);
}

constexpr float infinite = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

class TestEmbedding : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(test::on_best_target()); }

  // Forward.

  void lookupCopiesEveryBit_data() { test::targets(); }
  void lookupCopiesEveryBit() {
    if (!test::on_target()) return;
    Matrix weight(7, 19);
    const std::uint32_t special[] = {0x80000000U, 0x7fc12345U, 0xffc00001U, 0x7f800000U,
                                     0xff800000U, 0x00000001U, 0x807fffffU, 0x7f7fffffU};
    for (std::size_t i = 0; i < 7 * 19; ++i) weight(i / 19, i % 19) = from_bits(special[i % 8]);
    const TableRows rows{6, 0, 3, 3, 6};
    const Matrix out = looked_up(weight, rows);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const auto row = weight.row(static_cast<std::size_t>(rows[b]));
      QCOMPARE(std::memcmp(out.row(b).data(), row.data(), row.size_bytes()), 0);
    }
  }

  void indexOutsideTheTableIsAnError() {
    const auto rows = checked_rows(Indices{0, 5, 6, 9}, 6);
    QVERIFY(!rows);
    QCOMPARE(rows.error().kind, ErrorKind::BadInput);
    QCOMPARE(sentence(rows.error()),
             "index 6 at position 2 is outside the table; a table of 6 rows has the indices 0 to 5");
  }

  void negativeIndicesDoNotWrapAround() {
    const auto rows = checked_rows(Indices{-1}, 6);
    QVERIFY(!rows);
    QCOMPARE(sentence(rows.error()),
             "index -1 at position 0 is outside the table; a table of 6 rows has the indices 0 to 5");
  }

  void tableWithoutRowsHasNoIndex() {
    const auto rows = checked_rows(Indices{0}, 0);
    QVERIFY(!rows);
    QCOMPARE(sentence(rows.error()),
             "index 0 at position 0 is outside the table; a table of 0 rows has no valid index");
    QVERIFY(checked_rows({}, 0));
  }

  void veryLargeIndicesAreErrorsToo() {
    QVERIFY(!checked_rows(Indices{std::int64_t{1} << 32}, 6));
    QVERIFY(!checked_rows(Indices{std::numeric_limits<std::int64_t>::max()}, 6));
    QVERIFY(!checked_rows(Indices{std::numeric_limits<std::int64_t>::min()}, 6));
  }

  void goodIndicesBecomeRows() { QCOMPARE(checked_rows(Indices{2, 5, 2, 0}, 6).value(), toy); }

  // Options.

  void paddingOutsideTheTableIsAnError_data() {
    QTest::addColumn<std::int64_t>("padding");
    QTest::newRow("N") << std::int64_t{6};
    QTest::newRow("-N - 1") << std::int64_t{-7};
  }
  void paddingOutsideTheTableIsAnError() {
    QFETCH(std::int64_t, padding);
    const auto valid = validate(padded(padding), 6);
    QVERIFY(!valid);
    QCOMPARE(valid.error().kind, ErrorKind::Usage);
    QCOMPARE(sentence(valid.error()),
             QString("padding_idx %1 is outside the table of 6 rows; it must be from -6 to 5").arg(padding));
  }

  void negativePaddingCountsFromTheEnd() {
    QVERIFY(validate(padded(-1), 6));
    QCOMPARE(padding_row(padded(-1), 6), 5);
    QCOMPARE(padding_row(padded(-6), 6), 0);
    QCOMPARE(padding_row(padded(3), 6), 3);
    QVERIFY(!padding_row({}, 6));
  }

  void frequencyAndSparseAreRefusedTogether() {
    EmbeddingOptions options;
    options.scale_grad_by_freq = true;
    QVERIFY(validate(options, 6));
    options.sparse = true;
    const auto valid = validate(options, 6);
    QVERIFY(!valid);
    QCOMPARE(valid.error().kind, ErrorKind::Usage);
    QCOMPARE(sentence(valid.error()),
             "scale_grad_by_freq cannot be used with sparse; sparse gradients keep every position apart, so nothing "
             "counts them: switch one of the two off");
  }

  void aNormTypeThatIsNoNormIsRefused() {
    for (const double q : {0.0, -1.0, double{not_a_number}}) {
      EmbeddingOptions options;
      options.norm_type = q;
      const auto valid = validate(options, 6);
      QVERIFY(!valid);
      QVERIFY(sentence(valid.error()).endsWith("it must be above 0, or inf"));
    }
    EmbeddingOptions options;
    options.norm_type = std::numeric_limits<double>::infinity();
    QVERIFY(validate(options, 6));
  }

  void aMaxNormThatIsNoNumberIsRefused() {
    EmbeddingOptions options;
    options.max_norm = std::nan("");
    QVERIFY(!validate(options, 6));
  }

  void ownWeightIsNormalWithThePaddingRowZero() {
    const Matrix weight = make_embedding_weight(2000, 50, padded(-1), Random(1));
    for (const float x : weight.row(1999)) QCOMPARE(bits(x), 0U);
    double sum = 0;
    double squares = 0;
    for (std::size_t r = 0; r < 1999; ++r) {
      for (const float x : weight.row(r)) {
        sum += x;
        squares += double{x} * x;
      }
    }
    const double n = 1999.0 * 50;
    QVERIFY(std::abs(sum / n) < 0.02);
    QVERIFY(std::abs(squares / n - 1) < 0.02);
  }

  void forwardReturnsWhateverThePaddingRowHolds() {
    Matrix weight = filled(6, 3, 1);
    weight(0, 1) = 7;
    const Matrix out = looked_up(weight, toy);
    QCOMPARE(numbers(out.view()), (Floats{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 1}));
  }

  // max_norm.

  void maxNormShrinksOnlyLongRowsThatAreLookedUp() {
    Matrix weight = matrix_of({{3, 4}, {0.3F, 0.4F}, {6, 8}, {30, 40}});
    const auto shrunk = renormalize(weight.view(), TableRows{2, 1, 2, 0}, 1, 2, Uncounted{});
    QCOMPARE(shrunk, (TableRows{2, 0}));  // each once, as they first appear
    QVERIFY(std::abs(norm(weight.row(2)) - 1) < 1e-6);
    QVERIFY(std::abs(weight(0, 1) - 0.8F) < 1e-6F);
    QCOMPARE(weight(1, 0), 0.3F);   // short
    QCOMPARE(weight(3, 1), 40.0F);  // not looked up
  }

  void maxNormMultipliesByTorchsFactor() {
    Matrix weight = matrix_of({{3, 4}});
    (void)renormalize(weight.view(), TableRows{0}, 2, 2, Uncounted{});
    QCOMPARE(bits(weight(0, 0)), bits(3 * static_cast<float>(2 / (5 + 1e-7))));
  }

  void aRowAtTheNormIsLeftAlone() {
    Matrix weight = matrix_of({{3, 4}});
    QVERIFY(renormalize(weight.view(), TableRows{0}, 5, 2, Uncounted{}).empty());
    QCOMPARE(weight(0, 0), 3.0F);
  }

  void normTypes_data() {
    QTest::addColumn<double>("q");
    QTest::addColumn<Floats>("expected");
    // torch: rows 1 and 3 of (arange(18).reshape(6, 3) + 1) with max_norm 2.
    QTest::newRow("1") << 1.0 << Floats{0.5333333F, 0.6666667F, 0.8F, 0.6060606F, 0.6666667F, 0.7272727F};
    QTest::newRow("2") << 2.0 << Floats{0.9116846F, 1.1396058F, 1.367527F, 1.0468478F, 1.1515326F, 1.2562175F};
    QTest::newRow("3") << 3.0 << Floats{1.0812802F, 1.3516003F, 1.6219203F, 1.2537868F, 1.3791652F, 1.5045438F};
    QTest::newRow("inf") << std::numeric_limits<double>::infinity()
                         << Floats{1.3333333F, 1.6666665F, 1.9999999F, 1.6666667F, 1.8333334F, 2};
  }
  void normTypes() {
    QFETCH(double, q);
    QFETCH(Floats, expected);
    Matrix weight(6, 3);
    for (std::size_t i = 0; i < 18; ++i) weight(i / 3, i % 3) = static_cast<float>(i + 1);
    (void)renormalize(weight.view(), TableRows{1, 3, 1}, 2, q, Uncounted{});
    for (std::size_t k = 0; k < 3; ++k) {
      QVERIFY(std::abs(weight(1, k) - expected[k]) <= 1e-6F * expected[k]);
      QVERIFY(std::abs(weight(3, k) - expected[3 + k]) <= 1e-6F * expected[3 + k]);
    }
  }

  // torch sums the squares in float32: they overflow, the norm is infinite and the row becomes zero.
  void normsOverflowWhereTorchsDo() {
    Matrix weight = matrix_of({{1e30F, 1e30F, -2e30F}, {1e-30F, 0, 0}});
    (void)renormalize(weight.view(), TableRows{0}, 1, 2, Uncounted{});
    QCOMPARE(numbers(weight.view()), (Floats{0, 0, 0, 1e-30F, 0, 0}));
    QVERIFY(renormalize(weight.view(), TableRows{1}, 1e-31, 2, Uncounted{}).empty());  // 1e-60 is zero in float32
    Matrix of_largest = matrix_of({{1e30F, 1e30F, -2e30F}});
    (void)renormalize(of_largest.view(), TableRows{0}, 1, double{infinite}, Uncounted{});
    QVERIFY(std::abs(of_largest(0, 2) + 1) < 1e-6F);
  }

  void normsOfRowsThatAreNotFinite() {
    Matrix weight = matrix_of({{infinite, 1}, {not_a_number, 9}});
    const auto shrunk = renormalize(weight.view(), TableRows{0, 1}, 1, 2, Uncounted{});
    QCOMPARE(shrunk, TableRows{0});
    QVERIFY(std::isnan(weight(0, 0)));  // Inf times 0
    QCOMPARE(weight(0, 1), 0.0F);
    QCOMPARE(weight(1, 1), 9.0F);  // a norm that is NaN exceeds nothing
  }

  // Dense gradient.

  void gradientSumsRepeatedIndices() { QCOMPARE(toy_gradient({}), (Floats{1, 0, 2, 0, 0, 1})); }

  void paddingRowHasGradientZero() { QCOMPARE(toy_gradient(padded(0)), (Floats{0, 0, 2, 0, 0, 1})); }

  void frequencyDividesEachContribution() {
    EmbeddingOptions options;
    options.scale_grad_by_freq = true;
    QCOMPARE(toy_gradient(options), (Floats{1, 0, 1, 0, 0, 1}));
  }

  void frequenciesAreCountedByPosition() { QCOMPARE(frequencies(toy, 6), (TableRows{2, 1, 2, 1})); }

  void gradientOfManyPositionsIsTheSameOnEveryTarget_data() { test::targets(); }
  void gradientOfManyPositionsIsTheSameOnEveryTarget() {
    if (!test::on_target()) return;
    const TableRows rows = random_ids(64, 9, 3);
    const Matrix grad = random_matrix(64, 33, 4);
    Matrix ours(9, 33);
    scatter_add(grad.view(), rows, padded(-3), ours.view(), Uncounted{});
    for (std::size_t r = 0; r < 9; ++r) {
      for (std::size_t k = 0; k < 33; ++k) {
        float sum = 0;  // the terms in the same order: the same bits
        for (std::size_t b = 0; b < rows.size(); ++b) {
          if (rows[b] == static_cast<std::int32_t>(r) && r != 6) sum += grad(b, k);
        }
        QCOMPARE(bits(ours(r, k)), bits(sum));
      }
    }
  }

  void nanInAGradientStaysInItsRow() {
    Matrix grad = filled(4, 3, 1);
    grad(1, 2) = not_a_number;
    grad(0, 0) = infinite;
    Matrix gradient(6, 3);
    scatter_add(grad.view(), toy, {}, gradient.view(), Uncounted{});
    QVERIFY(std::isnan(gradient(5, 2)));
    QCOMPARE(gradient(2, 0), infinite);
    QCOMPARE(gradient(5, 0) + gradient(5, 1) + gradient(2, 1) + gradient(2, 2) + gradient(0, 2), 7.0F);
  }

  // Sparse gradient.

  void sparseGradientKeepsDuplicates() {
    const Matrix grad = random_matrix(3, 3, 1);
    const SparseGradient gradient = sparse_gradient(grad.view(), TableRows{2, 5, 2}, {}, Uncounted{});
    QCOMPARE(gradient.indices, (Indices{2, 5, 2}));
    QCOMPARE(numbers(gradient.values.view()), numbers(grad.view()));
  }

  void coalescedGradientIsSortedAndSummed() {
    const Matrix grad = matrix_of({{1, 2}, {10, 20}, {100, 200}});
    const SparseGradient gradient =
        coalesce(sparse_gradient(grad.view(), TableRows{5, 2, 5}, {}, Uncounted{}), Uncounted{});
    QCOMPARE(gradient.indices, (Indices{2, 5}));
    QCOMPARE(numbers(gradient.values.view()), (Floats{10, 20, 101, 202}));
  }

  void sparseGradientLeavesPaddingOut() {
    const SparseGradient gradient = sparse_gradient(filled(4, 3, 1).view(), toy, 0, Uncounted{});
    QCOMPARE(gradient.indices, (Indices{2, 5, 2}));
    QCOMPARE(gradient.values.rows(), std::size_t{3});
    const SparseGradient summed = coalesce(gradient, Uncounted{});
    QCOMPARE(summed.indices, (Indices{2, 5}));
    QCOMPARE(numbers(summed.values.view()), (Floats{2, 2, 2, 1, 1, 1}));
  }

  void gradientOfPaddingAloneIsEmpty() {
    const SparseGradient gradient = sparse_gradient(filled(2, 3, 1).view(), TableRows{4, 4}, 4, Uncounted{});
    QVERIFY(gradient.indices.empty());
    QVERIFY(coalesce(gradient, Uncounted{}).indices.empty());
  }

  void denseAndSparseGradientAreTheSameNumbers_data() { test::targets(); }
  void denseAndSparseGradientAreTheSameNumbers() {
    if (!test::on_target()) return;
    const TableRows rows = random_ids(200, 31, 5);
    const Matrix grad = random_matrix(200, 50, 6);
    Matrix dense(31, 50);
    scatter_add(grad.view(), rows, padded(7), dense.view(), Uncounted{});
    const SparseGradient sparse = coalesce(sparse_gradient(grad.view(), rows, 7, Uncounted{}), Uncounted{});
    for (std::size_t i = 0; i < sparse.indices.size(); ++i) {
      const auto row = dense.row(static_cast<std::size_t>(sparse.indices[i]));
      QCOMPARE(std::memcmp(sparse.values.row(i).data(), row.data(), row.size_bytes()), 0);
    }
    for (const float x : dense.row(7)) QCOMPARE(bits(x), 0U);
  }

  // Costs: the stepper's numbers, counted by the code that does the work. Toy: N 6, D 3, B 4; MovieLens: N 1682, D 50,
  // B 64.

  void lookupReadsItsRowsAndMultipliesNothing() {
    Cost cost;
    const Matrix weight = random_matrix(1682, 50, 1);
    Matrix out(64, 50);
    look_up(weight.view(), random_ids(64, 1682, 2), out.view(), Counted{cost});
    QCOMPARE(cost.bytes_read, std::uint64_t{12'800});
    QCOMPARE(cost.bytes_written, std::uint64_t{12'800});
    QCOMPARE(cost.multiplies + cost.adds, std::uint64_t{0});
  }

  void scatterAddCountsEveryAdd() {
    Cost cost;
    Matrix gradient(1682, 50);
    zero_fill(gradient.view(), Counted{cost});
    QCOMPARE(cost.bytes_written, std::uint64_t{336'400});
    const Matrix grad = random_matrix(64, 50, 1);
    scatter_add(grad.view(), random_ids(64, 1682, 2), {}, gradient.view(), Counted{cost});
    QCOMPARE(cost.adds, std::uint64_t{3'200});
    QCOMPARE(cost.multiplies, std::uint64_t{0});
  }

  void paddingPositionsAreNotAdded() {
    Cost cost;
    Matrix gradient(6, 3);
    scatter_add(filled(4, 3, 1).view(), toy, padded(0), gradient.view(), Counted{cost});
    QCOMPARE(cost.adds, std::uint64_t{9});
  }

  void frequencyCostsAMultiplyForEachNumber() {
    Cost cost;
    EmbeddingOptions options;
    options.scale_grad_by_freq = true;
    Matrix gradient(6, 3);
    scatter_add(filled(4, 3, 1).view(), toy, options, gradient.view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{12});
  }

  void sparseGradientIsSmall() {
    Cost cost;
    const Matrix grad = random_matrix(64, 50, 1);
    const SparseGradient gradient = sparse_gradient(grad.view(), random_ids(64, 1682, 2), {}, Counted{cost});
    QCOMPARE(gradient.indices.size(), std::size_t{64});
    QCOMPARE(cost.bytes_allocated, std::uint64_t{13'312});
    QCOMPARE(cost.bytes_written, std::uint64_t{13'312});
    QCOMPARE(cost.adds, std::uint64_t{0});
  }

  void coalescingAddsTheDuplicates() {
    const SparseGradient gradient = sparse_gradient(filled(4, 3, 1).view(), toy, 0, Uncounted{});
    Cost cost;
    (void)coalesce(gradient, Counted{cost});
    QCOMPARE(cost.adds, std::uint64_t{3});  // index 2 occurs twice
    QCOMPARE(cost.bytes_allocated, std::uint64_t{2 * (3 * 4 + 8)});
  }

  void countingDoesNotChangeABit() {
    const Matrix grad = random_matrix(64, 50, 1);
    const TableRows rows = random_ids(64, 99, 2);
    Cost cost;
    Matrix counted(99, 50);
    Matrix uncounted(99, 50);
    scatter_add(grad.view(), rows, padded(3), counted.view(), Counted{cost});
    scatter_add(grad.view(), rows, padded(3), uncounted.view(), Uncounted{});
    QCOMPARE(std::memcmp(counted.data(), uncounted.data(), counted.bytes()), 0);
  }
};

QTEST_APPLESS_MAIN(TestEmbedding)
#include "test_embedding.moc"
