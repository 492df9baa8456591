#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/layers/embedding.h"
#include "core/layers/linear.h"
#include "core/layers/one_hot.h"
#include "core/simd/kernels.h"
#include "tests/support/layers.h"
#include "tests/support/targets.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

using Floats = std::vector<float>;

Matrix forward(const Linear& layer, const Matrix& x) {
  Matrix y(x.rows(), layer.weight.rows());
  linear_forward(layer, x.view(), y.view(), Uncounted{});
  return y;
}

}  // namespace

class TestLinear : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(test::on_best_target()); }

  void multipliesByTheTransposedWeightAndAddsTheBias_data() { test::targets(); }
  void multipliesByTheTransposedWeightAndAddsTheBias() {
    if (!test::on_target()) return;
    const Linear layer{matrix_of({{1, 2, 3}, {4, 5, 6}}), {10, 20}};
    QCOMPARE(numbers(forward(layer, matrix_of({{1, 0, -1}, {2, 1, 0}})).view()), (Floats{8, 18, 14, 33}));
  }

  void initIsUniformWithinOneOverTheRootOfIn() {
    const Linear layer = make_linear(64, 500, true, Random(1));
    QCOMPARE(layer.weight.rows(), std::size_t{500});
    QCOMPARE(layer.weight.cols(), std::size_t{64});
    QCOMPARE(layer.bias.size(), std::size_t{500});
    Floats all = numbers(layer.weight.view());
    all.insert(all.end(), layer.bias.begin(), layer.bias.end());
    const auto [least, most] = std::ranges::minmax(all);
    QVERIFY(least >= -0.125F && least < -0.124F);
    QVERIFY(most <= 0.125F && most > 0.124F);
    double squares = 0;
    for (const float x : all) squares += double{x} * x;
    QVERIFY(std::abs(squares / static_cast<double>(all.size()) * 3 * 64 - 1) < 0.02);  // variance bound^2 / 3
    QVERIFY(make_linear(64, 5, false, Random(1)).bias.empty());
  }

  void itsColumnsAreAnEmbeddingsRows() {
    const Matrix table = random_matrix(6, 3, 1);
    const Linear layer = linear_of_table(table.view());
    QCOMPARE(layer.weight.rows(), std::size_t{3});
    QCOMPARE(layer.weight.cols(), std::size_t{6});
    QVERIFY(layer.bias.empty());
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t k = 0; k < 3; ++k) QCOMPARE(bits(layer.weight(k, i)), bits(table(i, k)));
    }
  }

  void onAOneHotInputItLooksUp_data() { test::targets(); }
  void onAOneHotInputItLooksUp() {
    if (!test::on_target()) return;
    const Matrix table = random_matrix(31, 17, 1);
    const auto rows = random_ids(20, 31, 2);
    Matrix x(20, 31);
    one_hot(rows, x.view(), Uncounted{});
    Matrix looked_up(20, 17);
    look_up(table.view(), rows, looked_up.view(), Uncounted{});
    const Matrix y = forward(linear_of_table(table.view()), x);
    QCOMPARE(std::memcmp(y.data(), looked_up.data(), y.bytes()), 0);
  }

  // Embedding and a shared bias b are the Embedding with the table W + 1b.
  void sharedBiasIsPartOfTheTable() {
    const Matrix table = random_matrix(6, 3, 1);
    const Floats bias{0.5F, -1, 2};
    const std::vector<std::int32_t> rows{2, 5, 2, 0};
    Matrix out(4, 3);
    look_up(table.view(), rows, out.view(), Uncounted{});
    add_bias(out.view(), bias, Uncounted{});
    Matrix moved = table;
    add_bias(moved.view(), bias, Uncounted{});
    Matrix expected(4, 3);
    look_up(moved.view(), rows, expected.view(), Uncounted{});
    QCOMPARE(numbers(out.view()), numbers(expected.view()));
  }

  void backward_data() { test::targets(); }
  void backward() {
    if (!test::on_target()) return;
    const Linear layer{matrix_of({{1, 2, 3}, {4, 5, 6}}), {10, 20}};
    const Matrix x = matrix_of({{1, 0, -1}, {2, 1, 0}});
    const Matrix grad = matrix_of({{1, 2}, {0, -1}});
    const LinearGradients gradients = linear_backward(layer, x.view(), grad.view(), Uncounted{});
    QCOMPARE(numbers(gradients.x.view()), (Floats{9, 12, 15, -4, -5, -6}));
    QCOMPARE(numbers(gradients.weight.view()), (Floats{1, 0, -1, 0, -1, -2}));
    QCOMPARE(gradients.bias, (Floats{1, 1}));
  }

  void withoutBiasThereIsNoGradientOfIt() {
    const Linear layer{matrix_of({{1}}), {}};
    const Matrix one = filled(1, 1, 1);
    QVERIFY(linear_backward(layer, one.view(), one.view(), Uncounted{}).bias.empty());
  }

  void nanInAGradientKeepsThePaddingZero() {
    const Linear layer{random_matrix(2, 3, 1), {}};
    const Matrix x = random_matrix(2, 3, 2);
    const Matrix grad = filled(2, 2, std::numeric_limits<float>::quiet_NaN());
    const LinearGradients gradients = linear_backward(layer, x.view(), grad.view(), Uncounted{});
    QVERIFY(std::isnan(gradients.x(0, 0)));
    for (const float value : gradients.x.view().padded_row(0).subspan(3)) QCOMPARE(bits(value), 0U);
    for (const float value : gradients.weight.view().padded_row(0).subspan(3)) QCOMPARE(bits(value), 0U);
  }

  void zeroTimesNanIsNan() {
    Linear layer{filled(1, 3, 1), {}};
    layer.weight(0, 1) = std::numeric_limits<float>::quiet_NaN();
    QVERIFY(std::isnan(forward(layer, matrix_of({{1, 0, 0}}))(0, 0)));
    layer.weight(0, 1) = std::numeric_limits<float>::infinity();
    QVERIFY(std::isnan(forward(layer, matrix_of({{1, 0, 0}}))(0, 0)));
  }

  // Costs.

  void forwardCountsZerosToo() {
    const Linear layer{filled(3, 6, 1), {}};
    Matrix x(4, 6);
    one_hot(std::vector<std::int32_t>{2, 5, 2, 0}, x.view(), Uncounted{});
    Matrix y(4, 3);
    Cost cost;
    linear_forward(layer, x.view(), y.view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{72});
    QCOMPARE(cost.multiplies_by_zero, std::uint64_t{60});
    QCOMPARE(cost.adds, std::uint64_t{60});
  }

  // Two products: 4 x 3 times 3 x 6 for the input's gradient, 3 x 4 times 4 x 6 for the weight's.
  void backwardCountsBothProducts() {
    const Linear layer{filled(3, 6, 1), {}};
    Matrix x(4, 6);
    one_hot(std::vector<std::int32_t>{2, 5, 2, 0}, x.view(), Uncounted{});
    Cost cost;
    (void)linear_backward(layer, x.view(), filled(4, 3, 1).view(), Counted{cost});
    QCOMPARE(cost.multiplies, std::uint64_t{72 + 72});
    QCOMPARE(cost.multiplies_by_zero, std::uint64_t{60});  // the one-hot input's
    QCOMPARE(cost.adds, std::uint64_t{4 * 6 * 2 + 3 * 6 * 3});
    QCOMPARE(cost.bytes_allocated, std::uint64_t{(4 * 6 + 3 * 6) * 4});
  }

  void biasCostsAnAddForEachNumber() {
    Matrix out(64, 50);
    Cost cost;
    add_bias(out.view(), Floats(50, 1.0F), Counted{cost});
    QCOMPARE(cost.adds, std::uint64_t{3'200});
    QCOMPARE(cost.multiplies, std::uint64_t{0});
  }

  void biasGradientIsAColumnSum() {
    Cost cost;
    QCOMPARE(bias_gradient(matrix_of({{1, 2}, {3, 4}, {5, 6}}).view(), Counted{cost}), (Floats{9, 12}));
    QCOMPARE(cost.adds, std::uint64_t{2 * 2});
  }
};

QTEST_APPLESS_MAIN(TestLinear)
#include "test_linear.moc"
