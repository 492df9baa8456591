#include <QTest>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/random.h"
#include "core/simd/factorization_table.h"
#include "tests/support/random_arrays.h"

using namespace rowlight;
using namespace rowlight::simd;
using namespace rowlight::test;

namespace {

constexpr std::size_t widest = 16;  // floats in the widest vector
constexpr std::size_t table_rows = 11;

/// What one pass reads and leaves: everything starts `offset` floats behind an aligned address.
struct Case {
  std::size_t width;
  std::size_t stride;
  std::size_t offset;
  std::vector<float> table = random_floats(table_rows * stride + offset, width + 1);
  std::vector<float> x = random_floats(width + offset, width + 2);
  std::vector<float> given;
  std::vector<float> out = random_floats(width + offset, width + 3);
  std::vector<float> curvature = random_floats(width + offset, width + 4);
  std::vector<std::int32_t> ids;

  Case(std::size_t w, std::size_t s, std::size_t o, std::size_t n)
      : width(w), stride(s), offset(o), given(random_floats(n, w + 5)) {
    Random random(w + n);
    for (std::size_t t = 0; t < n; ++t) ids.push_back(static_cast<std::int32_t>(random.below(table_rows)));
  }
  [[nodiscard]] PassRows rows() const { return {table.data() + offset, stride, width, ids.data(), ids.size()}; }
  [[nodiscard]] const float* from(const std::vector<float>& vector) const { return vector.data() + offset; }
  [[nodiscard]] float* to(std::vector<float>& vector) const { return vector.data() + offset; }
};

bool close(float a, float b, double scale) { return std::abs(a - b) <= 4e-6 * (scale + std::abs(b)); }

bool close(const std::vector<float>& a, const std::vector<float>& b, double scale) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!close(a[i], b[i], scale)) return false;
  }
  return a.size() == b.size();
}

}  // namespace

// Every pass on every target of this machine against its scalar twin, over widths and numbers of ratings from 0 to
// 2N + 1 and misaligned starts.
class TestFactorization : public QObject {
  Q_OBJECT

  template <class Run>
  static void compare(const Run& run) {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const FactorizationTable& passes = factorization_for(static_cast<Target>(target));
    for (const std::size_t width : {0U, 1U, 5U, 15U, 16U, 17U, 32U, 33U, 48U, 64U}) {
      for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
        Case expected(width, width + 3, offset, n);
        Case found = expected;
        const PassSums sums = run(scalar_factorization(), expected);
        const PassSums same = run(passes, found);
        const double scale = static_cast<double>((width + 1) * (n + 1));
        QVERIFY2(close(found.out, expected.out, scale), qPrintable(QString("out, %1 x %2").arg(n).arg(width)));
        QVERIFY2(close(found.curvature, expected.curvature, scale), qPrintable(QString("%1 x %2").arg(n).arg(width)));
        QVERIFY2(close(same.sum, sums.sum, scale), qPrintable(QString("sum, %1 x %2").arg(n).arg(width)));
        QVERIFY2(close(same.squares, sums.squares, scale * 10), qPrintable(QString("%1 x %2").arg(n).arg(width)));
      }
    }
  }

  static void targets() {
    QTest::addColumn<int>("target");
    QTest::addColumn<std::size_t>("offset");
    for (const Target target : supported_targets()) {
      for (const std::size_t offset : {0U, 1U, 3U}) {
        QTest::addRow("%s +%zu", name_of(target).data(), offset) << static_cast<int>(target) << offset;
      }
    }
  }

 private slots:
  void residuals_data() { targets(); }
  void residuals() {
    compare([](const FactorizationTable& passes, Case& c) {
      return passes.residual_pass(c.rows(), c.given.data(), c.from(c.x), 0.75F, c.to(c.out), c.to(c.curvature));
    });
  }

  void products_data() { targets(); }
  void products() {
    compare([](const FactorizationTable& passes, Case& c) {
      return passes.product_pass(c.rows(), c.from(c.x), -0.5F, c.to(c.out));
    });
  }

  void squares_data() { targets(); }
  void squares() {
    compare([](const FactorizationTable& passes, Case& c) { return passes.square_pass(c.rows(), c.from(c.x), -0.5F); });
  }

  void weightedSums_data() { targets(); }
  void weightedSums() {
    compare([](const FactorizationTable& passes, Case& c) {
      passes.weighted_pass(c.rows(), c.given.data(), c.to(c.out));
      return PassSums{};
    });
  }

  void unpackingIsExact_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<std::size_t>("codes");
    for (const Target target : supported_targets()) {
      for (const std::size_t codes : {few_codes, most_codes}) {
        QTest::addRow("%s, %zu codes", name_of(target).data(), codes) << static_cast<int>(target) << codes;
      }
    }
  }
  void unpackingIsExact() {
    QFETCH(int, target);
    QFETCH(std::size_t, codes);
    const FactorizationTable& passes = factorization_for(static_cast<Target>(target));
    const std::vector<float> ratings = random_floats(codes, 1);
    const std::vector<float> bias = random_floats(1000, 2);
    Random random(3);
    for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
      std::vector<std::uint32_t> entries(n);
      for (std::uint32_t& entry : entries) {
        entry = random.below(1000) << 8U | random.below(static_cast<std::uint32_t>(codes));
      }
      for (const float* with : {static_cast<const float*>(nullptr), bias.data()}) {
        std::vector<std::int32_t> ids[2] = {std::vector<std::int32_t>(n), std::vector<std::int32_t>(n)};
        std::vector<float> values[2] = {std::vector<float>(n), std::vector<float>(n)};
        scalar_factorization().unpack(entries.data(), n, ratings, with, ids[0].data(), values[0].data());
        passes.unpack(entries.data(), n, ratings, with, ids[1].data(), values[1].data());
        QCOMPARE(ids[1], ids[0]);
        QCOMPARE(values[1], values[0]);
      }
    }
  }

  // Few rows stay in the cache and are not fetched ahead, many are: the sums are the same.
  void manyRatingsAreFetchedAhead_data() { targets(); }
  void manyRatingsAreFetchedAhead() {
    QFETCH(int, target);
    const FactorizationTable& passes = factorization_for(static_cast<Target>(target));
    Case many(64, 64, 0, 4000);
    Case expected = many;
    const PassSums sums = passes.product_pass(many.rows(), many.x.data(), 1, many.out.data());
    const PassSums same =
        scalar_factorization().product_pass(expected.rows(), expected.x.data(), 1, expected.out.data());
    QVERIFY(std::abs(sums.squares / same.squares - 1) < 1e-4);
    for (std::size_t k = 0; k < 64; ++k) QVERIFY(std::abs(many.out[k] - expected.out[k]) < 0.5);
    const PassSums only = passes.square_pass(many.rows(), many.x.data(), 1);
    QCOMPARE(only.sum, sums.sum);
    QCOMPARE(only.squares, sums.squares);
  }

  // A view of fewer columns than the rows have leaves the others alone.
  void columnsBehindTheViewAreLeftOut() {
    const std::vector<float> values = random_floats(4 * 48, 9);
    const ConstMatrixView table{values.data(), 4, 10, 48};
    const std::vector<std::int32_t> ids = {3, 0, 3};
    const std::vector<float> weights = {1, 2, 3};
    std::vector<float> out(16, 0);
    weighted_pass(table, ids, weights, out);
    for (std::size_t k = 0; k < 16; ++k) {
      const float expected = values[3 * 48 + k] + 2 * values[k] + 3 * values[3 * 48 + k];
      QVERIFY(close(out[k], expected, 10));
    }
  }
};

QTEST_APPLESS_MAIN(TestFactorization)
#include "test_factorization.moc"
