#include <QTest>

#include <cmath>
#include <limits>

#include "core/layers/one_hot.h"
#include "core/simd/kernels.h"
#include "tests/support/layers.h"
#include "tests/support/targets.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

using Floats = std::vector<float>;
using TableRows = std::vector<std::int32_t>;

const TableRows toy{2, 5, 2, 0};

Matrix encoded(const TableRows& rows, std::size_t table_rows) {
  Matrix x(rows.size(), table_rows);
  one_hot(rows, x.view(), Uncounted{});
  return x;
}

Matrix product(const Matrix& x, const Matrix& weight, std::size_t piece = 1'000'000) {
  Matrix out(x.rows(), weight.cols());
  for (std::size_t first = 0; first < weight.rows(); first += piece) {
    one_hot_matmul(x.view(), weight.view(), first, std::min(weight.rows(), first + piece), out.view(), Uncounted{});
  }
  return out;
}

bool same_numbers(const Matrix& a, const Matrix& b) { return std::memcmp(a.data(), b.data(), a.bytes()) == 0; }

constexpr float infinite = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

class TestOneHot : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(test::on_best_target()); }

  void hasAOneInEachRow() {
    Matrix x = filled(2, 3, 42);
    one_hot(TableRows{2, 0}, x.view(), Uncounted{});
    QCOMPARE(numbers(x.view()), (Floats{0, 0, 1, 1, 0, 0}));
  }

  void finiteWeightsGiveTheLookupsBits_data() { test::targets(); }
  void finiteWeightsGiveTheLookupsBits() {
    if (!test::on_target()) return;
    for (const std::size_t dim : {1, 2, 15, 16, 17, 50, 130}) {
      const Matrix weight = random_matrix(97, dim, dim);
      const TableRows rows = random_ids(40, 97, 2);
      Matrix looked_up(40, dim);
      look_up(weight.view(), rows, looked_up.view(), Uncounted{});
      QVERIFY(same_numbers(product(encoded(rows, 97), weight), looked_up));
    }
  }

  void denormalsSurvive_data() { test::targets(); }
  void denormalsSurvive() {
    if (!test::on_target()) return;
    const float tiny = from_bits(1);
    QCOMPARE(bits(product(encoded({0}, 2), filled(2, 20, tiny))(0, 7)), bits(tiny));
  }

  void minusZeroComesOutAsPlusZero_data() { test::targets(); }
  void minusZeroComesOutAsPlusZero() {
    if (!test::on_target()) return;
    for (const float x : numbers(product(encoded(toy, 6), filled(6, 3, -0.0F)).view())) QCOMPARE(bits(x), bits(0.0F));
  }

  // torch: a NaN at [3, 1] makes [1, nan, 1] of every other row.
  void nanPoisonsItsColumn_data() { test::targets(); }
  void nanPoisonsItsColumn() {
    if (!test::on_target()) return;
    Matrix weight = filled(6, 3, 1);
    weight(3, 1) = not_a_number;
    const Matrix out = product(encoded(toy, 6), weight);
    for (std::size_t b = 0; b < 4; ++b) {
      QCOMPARE(out(b, 0), 1.0F);
      QVERIFY(std::isnan(out(b, 1)));
      QCOMPARE(out(b, 2), 1.0F);
    }
    Matrix looked_up(4, 3);
    look_up(weight.view(), toy, looked_up.view(), Uncounted{});
    QCOMPARE(numbers(looked_up.view()), Floats(12, 1.0F));
  }

  void infinityPoisonsWhereItIsNotLookedUp_data() { test::targets(); }
  void infinityPoisonsWhereItIsNotLookedUp() {
    if (!test::on_target()) return;
    Matrix weight = filled(6, 3, 1);
    weight(3, 1) = infinite;
    const Matrix out = product(encoded({2, 3}, 6), weight);
    QVERIFY(std::isnan(out(0, 1)));
    QCOMPARE(out(1, 1), infinite);
    weight(4, 1) = infinite;  // now the rest of its column is not finite
    QVERIFY(std::isnan(product(encoded({3}, 6), weight)(0, 1)));
  }

  void piecesGiveTheSameBits_data() { test::targets(); }
  void piecesGiveTheSameBits() {
    if (!test::on_target()) return;
    const Matrix x = random_matrix(9, 131, 1);  // not one-hot: every term counts
    const Matrix weight = random_matrix(131, 50, 2);
    const Matrix whole = product(x, weight);
    for (const std::size_t piece : {1, 7, 82, 130}) QVERIFY(same_numbers(product(x, weight, piece), whole));
  }

  void backwardIsTheScatterAddsNumbers_data() { test::targets(); }
  void backwardIsTheScatterAddsNumbers() {
    if (!test::on_target()) return;
    const TableRows rows = random_ids(64, 31, 3);
    const Matrix x = encoded(rows, 31);
    const Matrix grad = random_matrix(64, 50, 4);
    Matrix scattered(31, 50);
    scatter_add(grad.view(), rows, {}, scattered.view(), Uncounted{});
    for (const std::size_t piece : {1, 10, 31}) {
      Matrix ours(31, 50);
      for (std::size_t first = 0; first < 31; first += piece) {
        one_hot_matmul_backward(x.view(), grad.view(), first, std::min<std::size_t>(31, first + piece), ours.view(),
                                Uncounted{});
      }
      QVERIFY(same_numbers(ours, scattered));
    }
  }

  void nanInAGradientPoisonsItsColumn() {
    Matrix grad = filled(4, 3, 1);
    grad(1, 2) = not_a_number;
    Matrix gradient(6, 3);
    one_hot_matmul_backward(encoded(toy, 6).view(), grad.view(), 0, 6, gradient.view(), Uncounted{});
    for (std::size_t r = 0; r < 6; ++r) {
      QVERIFY(std::isnan(gradient(r, 2)));
      QVERIFY(std::isfinite(gradient(r, 0)));
    }
  }

  void bagsAreProductsWithTheirShares_data() { test::targets(); }
  void bagsAreProductsWithTheirShares() {
    if (!test::on_target()) return;
    const EmbeddingBagOptions options;  // mean
    const std::vector<std::int64_t> indices{1, 2, 2, 2, 0, 1};
    const Bags bags = make_bags(indices, std::vector<std::int64_t>{0, 4, 4}, {}, options, 4).value();
    Matrix x(3, 4);
    multi_hot(bags, bag_shares(bags, options, 4), x.view(), Uncounted{});
    QCOMPARE(numbers(x.view()), (Floats{0, 0.25F, 0.75F, 0, 0, 0, 0, 0, 0.5F, 0.5F, 0, 0}));
    const Matrix weight = matrix_of({{8, 4}, {4, 0}, {-4, 8}, {1, 1}});
    Matrix reduced(3, 2);
    bag_forward(weight.view(), bags, options, reduced.view(), nullptr, Uncounted{});
    QCOMPARE(numbers(product(x, weight).view()), numbers(reduced.view()));
  }

  void sharesThatAreNotFiniteKeepThePaddingZero() {
    Matrix x(1, 2);
    x(0, 1) = not_a_number;
    const Matrix out = product(x, filled(2, 3, 1));
    QVERIFY(std::isnan(out(0, 2)));
    for (const float value : out.view().padded_row(0).subspan(3)) QCOMPARE(bits(value), 0U);
  }

  // Costs: the stepper's numbers.

  void toyCosts() {
    const Matrix weight = random_matrix(6, 3, 1);
    const Matrix x = encoded(toy, 6);
    Matrix out(4, 3);
    Cost cost;
    one_hot_matmul(x.view(), weight.view(), 0, 6, out.view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{72});
    QCOMPARE(cost.multiplies_by_zero, std::uint64_t{60});
    QCOMPARE(cost.adds, std::uint64_t{60});  // twelve sums of six products
    QCOMPARE(cost.bytes_read, std::uint64_t{6 * 3 * 4});
    QCOMPARE(cost.bytes_written, std::uint64_t{4 * 3 * 4});
  }

  void movieLensCosts() {
    const TableRows rows = random_ids(64, 1682, 1);
    Matrix x(64, 1682);
    Cost encoding;
    one_hot(rows, x.view(), Counted{encoding});
    QCOMPARE(encoding.bytes_allocated, std::uint64_t{430'592});
    QCOMPARE(encoding.bytes_written, std::uint64_t{430'592});
    const Matrix weight = random_matrix(1682, 50, 2);
    Matrix out(64, 50);
    Cost cost;
    one_hot_matmul(x.view(), weight.view(), 0, 1682, out.view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{5'382'400});
    QCOMPARE(cost.multiplies - cost.multiplies_by_zero, std::uint64_t{3'200});
    QCOMPARE(cost.bytes_read, std::uint64_t{336'400});
    QCOMPARE(cost.bytes_written, std::uint64_t{12'800});
  }

  void movieLensBackwardCosts() {
    const Matrix x = encoded(random_ids(64, 1682, 1), 1682);
    const Matrix grad = random_matrix(64, 50, 2);
    Matrix gradient(1682, 50);
    Cost cost;
    one_hot_matmul_backward(x.view(), grad.view(), 0, 1682, gradient.view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{5'382'400});
    QCOMPARE(cost.multiplies - cost.multiplies_by_zero, std::uint64_t{3'200});
    QCOMPARE(cost.adds, std::uint64_t{1682 * 50 * 63});
    std::size_t not_zero = 0;
    for (std::size_t r = 0; r < 1682; ++r) not_zero += gradient(r, 0) != 0 ? 1 : 0;
    QVERIFY(not_zero <= 64);
  }

  void piecesCostWhatTheWholeCosts() {
    const Matrix x = encoded(random_ids(8, 131, 1), 131);
    const Matrix weight = random_matrix(131, 50, 2);
    const Matrix grad = random_matrix(8, 50, 3);
    const auto cost_in_pieces = [&](std::size_t piece) {
      Cost cost;
      Matrix out(8, 50);
      Matrix gradient(131, 50);
      for (std::size_t first = 0; first < 131; first += piece) {
        const std::size_t last = std::min<std::size_t>(131, first + piece);
        one_hot_matmul(x.view(), weight.view(), first, last, out.view(), Counted{cost});
        one_hot_matmul_backward(x.view(), grad.view(), first, last, gradient.view(), Counted{cost});
      }
      return std::vector<std::uint64_t>{cost.multiplies, cost.multiplies_by_zero, cost.adds,
                                        cost.bytes_read, cost.bytes_written,      cost.bytes_allocated};
    };
    QCOMPARE(cost_in_pieces(10), cost_in_pieces(131));
    QCOMPARE(cost_in_pieces(1), cost_in_pieces(131));
  }
};

QTEST_APPLESS_MAIN(TestOneHot)
#include "test_one_hot.moc"
