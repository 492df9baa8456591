#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "core/simd/flush_tiny.h"
#include "core/simd/kernel_table.h"
#include "tests/support/layers.h"
#include "tests/support/random_arrays.h"

using namespace rowlight;
using namespace rowlight::simd;
using namespace rowlight::test;

namespace {

constexpr std::size_t widest = 16;  // floats in the widest vector

bool close(float a, float b, float scale) { return std::abs(a - b) <= 2e-6F * (scale + std::abs(b)); }

}  // namespace

// Every kernel on every target of this machine against its scalar twin, over lengths 0..2N+1 and misaligned starts.
class TestKernels : public QObject {
  Q_OBJECT

 private slots:
  void targets_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<std::size_t>("offset");
    for (const Target target : supported_targets()) {
      for (const std::size_t offset : {0, 1, 3}) {
        QTest::addRow("%s +%zu", name_of(target).data(), offset) << static_cast<int>(target) << offset;
      }
    }
  }

  void dotsAgree_data() { targets_data(); }
  void dotsAgree() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (std::size_t width = 0; width <= 2 * widest + 1; ++width) {
      const auto a = random_floats(5 * width + offset, 1);
      const auto b = random_floats(6 * width + offset, 2);
      const auto a_ids = random_ids(11, 5, 3);
      const auto b_ids = random_ids(11, 6, 4);
      std::vector<float> out(11);
      std::vector<float> expected(11);
      for (const std::size_t part : {dot_part_width(width), std::size_t{7}, 2 * widest}) {
        const DottedRows in{
            a.data() + offset, a_ids.data(), b.data() + offset, b_ids.data(), width, width, part, false};
        kernels.dot_of_rows(in, 11, out.data());
        scalar_kernels().dot_of_rows(in, 11, expected.data());
        for (std::size_t i = 0; i < 11; ++i) QVERIFY(close(out[i], expected[i], static_cast<float>(width)));
      }
    }
  }

  void dotsArePartByPartTheSame_data() {
    QTest::addColumn<int>("target");
    for (const Target target : supported_targets()) QTest::newRow(name_of(target).data()) << static_cast<int>(target);
  }
  // So that threads may take a part each, and rows may be fetched ahead or not.
  void dotsArePartByPartTheSame() {
    QFETCH(int, target);
    const ThreadTarget on(static_cast<Target>(target));
    constexpr std::size_t n = 300;
    const auto a_ids = random_ids(n, 20, 2);
    const auto b_ids = random_ids(n, 30, 3);
    for (const std::size_t cols : {1U, 5U, 32U, 33U, 50U, 64U, 65U, 96U, 100U, 128U, 129U, 300U}) {
      const Matrix a = random_matrix(20, cols, 4);
      const Matrix b = random_matrix(30, cols, 5);
      std::vector<float> whole(n);
      dot_of_rows(a.view(), a_ids, b.view(), b_ids, whole);
      std::vector<float> few(n);
      for (std::size_t i = 0; i < n; i += 75) {
        dot_of_rows(a.view(), std::span(a_ids).subspan(i, 75), b.view(), std::span(b_ids).subspan(i, 75),
                    std::span(few).subspan(i, 75));
      }
      QVERIFY(std::memcmp(few.data(), whole.data(), n * sizeof(float)) == 0);

      const std::size_t width = dot_part_width(a.stride());
      QVERIFY(width % 32 == 0 && width * 4 >= cols);
      std::vector<float> sums(n);
      std::vector<float> of_part(n);
      for (std::size_t first = 0; first < cols; first += width) {
        const Columns columns{first, std::min(width, cols - first)};
        dot_of_part(a.view().columns(columns), a_ids, b.view().columns(columns), b_ids, of_part);
        for (std::size_t i = 0; i < n; ++i) sums[i] = first == 0 ? of_part[i] : sums[i] + of_part[i];
      }
      QVERIFY(std::memcmp(sums.data(), whole.data(), n * sizeof(float)) == 0);
    }
  }

  void dotOfGatheredRowsHasTheSameBits() {
    Matrix a(20, 50);
    Matrix b(30, 50);
    Random random(1);
    for (std::size_t r = 0; r < 20; ++r)
      for (float& x : a.row(r)) x = random.truncated_normal(1);
    for (std::size_t r = 0; r < 30; ++r)
      for (float& x : b.row(r)) x = random.truncated_normal(1);
    const auto a_ids = random_ids(40, 20, 2);
    const auto b_ids = random_ids(40, 30, 3);
    Matrix gathered_a(40, 50);
    Matrix gathered_b(40, 50);
    gather_rows(a.view(), a_ids, gathered_a.view());
    gather_rows(b.view(), b_ids, gathered_b.view());
    std::vector<float> two_steps(40);
    std::vector<float> fused(40);
    dot_rows(gathered_a.view(), gathered_b.view(), two_steps);
    dot_of_rows(a.view(), a_ids, b.view(), b_ids, fused);
    QVERIFY(std::memcmp(two_steps.data(), fused.data(), 40 * sizeof(float)) == 0);
  }

  void scatterAddsRepeatedRows_data() { targets_data(); }
  void scatterAddsRepeatedRows() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (std::size_t width = 0; width <= 2 * widest + 1; ++width) {
      const auto rows = random_floats(8 * width + offset, 1);
      const auto scale = random_floats(8, 2);
      const auto out_rows = random_ids(8, 3, 5);
      std::vector<float> out = random_floats(3 * width + offset, 7);
      std::vector<float> expected = out;
      kernels.scatter_add_scaled(scale.data(), rows.data() + offset, out_rows.data(), width, 8, out.data() + offset);
      scalar_kernels().scatter_add_scaled(scale.data(), rows.data() + offset, out_rows.data(), width, 8,
                                          expected.data() + offset);
      for (std::size_t i = 0; i < out.size(); ++i) QVERIFY(close(out[i], expected[i], 8));
    }
  }

  void sgdAgrees_data() { targets_data(); }
  void sgdAgrees() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const SgdStep step{0.1F, 0.9F, 0.01F};
    for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
      for (const bool with_velocity : {false, true}) {
        for (const bool with_grad : {false, true}) {
          auto p = random_floats(n + offset, 1);
          auto velocity = random_floats(n + offset, 2);
          const auto grad = random_floats(n + offset, 3);
          auto expected_p = p;
          auto expected_velocity = velocity;
          kernels.sgd(step, n, p.data() + offset, with_velocity ? velocity.data() + offset : nullptr,
                      with_grad ? grad.data() + offset : nullptr);
          scalar_kernels().sgd(step, n, expected_p.data() + offset,
                               with_velocity ? expected_velocity.data() + offset : nullptr,
                               with_grad ? grad.data() + offset : nullptr);
          for (std::size_t i = 0; i < n + offset; ++i) {
            QVERIFY(close(p[i], expected_p[i], 1));
            QVERIFY(close(velocity[i], expected_velocity[i], 1));
          }
        }
      }
    }
  }

  void adamAgrees_data() { targets_data(); }
  void adamAgrees() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const AdamStep decoupled{0.999F, 0, 0.9F, 0.1F, 0.99F, 0.01F, 0.05F, 3.0F, 1e-5F};
    const AdamStep l2{1, 0.1F, 0.9F, 0.1F, 0.99F, 0.01F, 0.05F, 3.0F, 1e-5F};
    for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
      for (const AdamStep& step : {decoupled, l2}) {
        for (const bool with_grad : {false, true}) {
          auto p = random_floats(n + offset, 1);
          auto m = random_floats(n + offset, 2);
          auto v = random_floats(n + offset, 3);
          for (float& x : v) x = std::abs(x);
          const auto grad = random_floats(n + offset, 4);
          auto expected_p = p;
          auto expected_m = m;
          auto expected_v = v;
          const float* g = with_grad ? grad.data() + offset : nullptr;
          kernels.adam(step, n, p.data() + offset, m.data() + offset, v.data() + offset, g);
          scalar_kernels().adam(step, n, expected_p.data() + offset, expected_m.data() + offset,
                                expected_v.data() + offset, g);
          for (std::size_t i = 0; i < n + offset; ++i) {
            QVERIFY(close(p[i], expected_p[i], 1));
            QVERIFY(close(m[i], expected_m[i], 1));
            QVERIFY(close(v[i], expected_v[i], 1));
          }
        }
      }
    }
  }

  void adagradAgrees_data() { targets_data(); }
  void adagradAgrees() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
      for (const bool with_grad : {false, true}) {
        auto p = random_floats(n + offset, 1);
        auto sum = random_floats(n + offset, 2);
        for (float& x : sum) x = std::abs(x);
        const auto grad = random_floats(n + offset, 3);
        auto expected_p = p;
        auto expected_sum = sum;
        const float* g = with_grad ? grad.data() + offset : nullptr;
        const AdagradStep step{0.1F, 0.01F, 1e-10F};
        kernels.adagrad(step, n, p.data() + offset, sum.data() + offset, g);
        scalar_kernels().adagrad(step, n, expected_p.data() + offset, expected_sum.data() + offset, g);
        for (std::size_t i = 0; i < n + offset; ++i) {
          QVERIFY(close(p[i], expected_p[i], 1));
          QVERIFY(close(sum[i], expected_sum[i], 1));
        }
      }
    }
  }

  void matrixProductsAgree_data() { targets_data(); }
  void matrixProductsAgree() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    constexpr std::size_t m = 3;
    constexpr std::size_t n = 5;
    for (std::size_t width = 0; width <= 5 * widest + 1; ++width) {
      const auto x = random_floats(m * n + offset, 1);
      const auto rows = random_floats(n * width + offset, 2);
      for (const Operand& left : {Operand{x.data() + offset, n, 1}, Operand{x.data() + offset, 1, m}}) {
        auto out = random_floats(m * width + offset, 3);
        auto expected = out;
        kernels.matmul_add(left, rows.data() + offset, width, n, m, out.data() + offset);
        scalar_kernels().matmul_add(left, rows.data() + offset, width, n, m, expected.data() + offset);
        for (std::size_t i = 0; i < out.size(); ++i) QVERIFY(close(out[i], expected[i], 9));
      }
    }
  }

  void zerosStayZeros_data() { targets_data(); }
  void zerosStayZeros() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    std::vector<float> zeros(48, 0.0F);
    std::vector<float> p = zeros;
    std::vector<float> m = zeros;
    std::vector<float> v = zeros;
    kernels.adam({0.9F, 0, 0.9F, 0.1F, 0.99F, 0.01F, 0.05F, 3.0F, 1e-5F}, 48, p.data(), m.data(), v.data(),
                 zeros.data());
    kernels.sgd({0.1F, 0.9F, 0.1F}, 48, p.data(), m.data(), zeros.data());
    for (float x : p) QCOMPARE(x, 0.0F);
  }

  // They would be as small as processors are slow with; where eps is so small that they count they stay.
  void momentsWithoutGradientsBecomeZero() {
    for (const float eps : {1e-8F, 1e-30F}) {
      std::vector<float> p(19, 1.0F);
      std::vector<float> m(19, std::numeric_limits<float>::min());
      std::vector<float> v = m;
      adam({1, 0, 0.9F, 0.1F, 0.99F, 0.01F, 0.05F, 1, eps}, p, m, v, {});
      const bool becomes_zero = ROWLIGHT_FLUSHES_TINY && eps == 1e-8F;
      for (const float x : m) QCOMPARE(x == 0, becomes_zero);
      for (const float x : v) QCOMPARE(x == 0, becomes_zero);
    }
    const volatile float least = std::numeric_limits<float>::min();
    QVERIFY(least * 0.5F > 0);  // outside everything is as before
  }

  // As in torch, where a decay of zero is no decay: 0 x Inf would be NaN.
  void infinityStaysWithoutDecay_data() { targets_data(); }
  void infinityStaysWithoutDecay() {
    QFETCH(const int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    constexpr std::size_t n = 19;  // whole vectors and a rest
    const std::vector<float> gradient(n, 0.5F);
    for (const float* grad : {gradient.data(), static_cast<const float*>(nullptr)}) {
      for (const bool adagrad : {false, true}) {
        std::vector<float> p(n, std::numeric_limits<float>::infinity());
        std::vector<float> state(n, 0.0F);
        if (adagrad) {
          kernels.adagrad({0.1F, 0, 1e-10F}, n, p.data(), state.data(), grad);
        } else {
          kernels.sgd({0.1F, 0.9F, 0}, n, p.data(), state.data(), grad);
        }
        for (const float x : p) QVERIFY(std::isinf(x));
      }
    }
  }

  void unsupportedTargetIsAUsageError() {
    const Target foreign = supported_targets().front() == Target::Neon ? Target::Avx2 : Target::Neon;
    const auto result = select_target(foreign);
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().kind, ErrorKind::Usage);
    QVERIFY(result.error().message().find("scalar") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(TestKernels)
#include "test_kernels.moc"
