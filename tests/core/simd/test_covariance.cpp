#include <QTest>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernel_table.h"

using namespace rowlight;
using namespace rowlight::simd;

namespace {

std::vector<double> normals(std::size_t n, std::uint64_t seed, double mean) {
  Random random(seed);
  std::vector<double> values(n);
  for (double& x : values) x = mean + random.normal();
  return values;
}

/// Rows at an odd address with something else than zeros between them.
struct Rows {
  std::size_t n, cols, stride;
  std::vector<float> values;

  Rows(std::size_t rows, std::size_t columns) : n(rows), cols(columns), stride(columns + 3), values(rows * stride + 1) {
    const auto numbers = normals(values.size(), rows * 1000 + columns, 2);
    std::copy(numbers.begin(), numbers.end(), values.begin());
  }
  [[nodiscard]] ScatterInput input(const std::vector<double>& shift) const {
    return {values.data() + 1, stride, n, cols, shift.data()};
  }
};

std::vector<double> shift_of(std::size_t cols) {
  std::vector<double> shift = normals(cols, 7, 2);
  shift.resize(padded_width(cols));
  return shift;
}

bool close(double a, double b, double terms) { return std::abs(a - b) <= 1e-13 * (1 + terms); }

const std::vector<std::pair<std::size_t, std::size_t>> shapes = {{0, 5},    {1, 1},    {3, 7},    {4, 8},
                                                                 {5, 9},    {127, 15}, {128, 16}, {129, 17},
                                                                 {130, 31}, {257, 33}, {300, 50}, {61, 128}};

}  // namespace

class TestCovariance : public QObject {
  Q_OBJECT

 private slots:
  void targets_data() {
    QTest::addColumn<int>("target");
    for (const Target target : supported_targets()) {
      QTest::newRow(std::string(name_of(target)).c_str()) << static_cast<int>(target);
    }
  }

  void scatterEqualsItsTwin_data() { targets_data(); }
  void scatterEqualsItsTwin() {
    QFETCH(int, target);
    for (const auto& [n, cols] : shapes) {
      const Rows rows(n, cols);
      const std::vector<double> shift = shift_of(cols);
      const std::size_t width = padded_width(cols);
      std::vector<double> scatter[2];
      std::vector<double> sums[2];
      for (int i : {0, 1}) {
        scatter[i].assign(width * width, 1);  // the kernel adds
        sums[i].assign(width, 1);
        std::vector<double> work(scatter_work(cols), std::numeric_limits<double>::quiet_NaN());
        const KernelTable& table = i == 0 ? scalar_kernels() : kernels_for(static_cast<Target>(target));
        table.add_scatter(rows.input(shift), work.data(), scatter[i].data(), sums[i].data());
      }
      for (std::size_t j = 0; j < width; ++j) {
        QVERIFY(close(sums[0][j], sums[1][j], static_cast<double>(n) * 4));
        for (std::size_t i = 0; i <= j; ++i) {
          QVERIFY(close(scatter[0][j * width + i], scatter[1][j * width + i], static_cast<double>(n) * 10));
        }
      }
    }
  }

  void projectionEqualsItsTwin_data() { targets_data(); }
  void projectionEqualsItsTwin() {
    QFETCH(int, target);
    for (const auto& [n, cols] : shapes) {
      for (std::size_t count = 1; count <= most_axes; ++count) {
        for (const bool adds : {true, false}) {
          const Rows rows(n, cols);
          const std::vector<double> shift = shift_of(cols);
          const std::size_t width = padded_width(cols);
          std::vector<double> axes(count * width);
          for (std::size_t a = 0; a < count; ++a) {
            const auto axis = normals(cols, a, 0);
            std::copy(axis.begin(), axis.end(), axes.begin() + static_cast<std::ptrdiff_t>(a * width));
          }
          constexpr std::size_t out_stride = 5;
          std::vector<float> out[2];
          std::vector<double> products[2];
          std::vector<double> sums[2];
          double squares[2] = {1, 1};
          for (int i : {0, 1}) {
            out[i].assign(n * out_stride + 1, 9);
            products[i].assign(count * width, 1);
            sums[i].assign(width, 1);
            std::vector<double> work(projection_work(cols), std::numeric_limits<double>::quiet_NaN());
            const KernelTable& table = i == 0 ? scalar_kernels() : kernels_for(static_cast<Target>(target));
            table.project_rows({rows.input(shift), axes.data(), count}, work.data(), out[i].data(), out_stride,
                               adds ? products[i].data() : nullptr, sums[i].data(), &squares[i]);
          }
          const auto terms = static_cast<double>(n * cols) * 100;
          for (std::size_t i = 0; i < out[0].size(); ++i) QVERIFY(std::abs(out[0][i] - out[1][i]) < 1e-4F);
          for (std::size_t i = 0; i < out[0].size(); ++i) {
            if (i % out_stride >= count) QCOMPARE(out[1][i], 9.0F);
          }
          for (std::size_t i = 0; i < count * width; ++i) QVERIFY(close(products[0][i], products[1][i], terms));
          for (std::size_t i = 0; i < width; ++i) QVERIFY(close(sums[0][i], sums[1][i], terms));
          QVERIFY(close(squares[0], squares[1], terms));
          if (!adds) QCOMPARE(squares[1], 1.0);
        }
      }
    }
  }

  void sketchComesNearTheProjection_data() { targets_data(); }
  void sketchComesNearTheProjection() {
    QFETCH(int, target);
    for (const auto& [n, cols] : shapes) {
      for (std::size_t count = 1; count <= most_axes; ++count) {
        const Rows rows(n, cols);
        std::vector<double> shift = shift_of(cols);
        for (double& x : shift) x = static_cast<float>(x);
        const std::size_t width = padded_width(cols);
        std::vector<double> axes(count * width);
        for (std::size_t a = 0; a < count; ++a) {
          const auto axis = normals(cols, a, 0);
          std::copy(axis.begin(), axis.end(), axes.begin() + static_cast<std::ptrdiff_t>(a * width));
        }
        std::vector<double> products[2];
        std::vector<double> sums[2];
        for (int i : {0, 1}) {
          products[i].assign(count * width, 1);
          sums[i].assign(width, 1);
        }
        std::vector<double> work(projection_work(cols));
        constexpr std::size_t out_stride = 5;
        std::vector<float> out[2];
        for (auto& coordinates : out) coordinates.assign(n * out_stride + 1, 9);
        double squares[2] = {1, 1};
        const ProjectionInput input{rows.input(shift), axes.data(), count};
        scalar_kernels().project_rows(input, work.data(), out[0].data(), out_stride, products[0].data(), sums[0].data(),
                                      &squares[0]);
        std::vector<float> rough(sketch_work(cols), std::numeric_limits<float>::quiet_NaN());
        kernels_for(static_cast<Target>(target))
            .sketch_rows(input, rough.data(), out[1].data(), out_stride, products[1].data(), sums[1].data(),
                         &squares[1]);
        const auto terms = static_cast<double>(n * cols) * 10 + 1;
        for (std::size_t i = 0; i < count * width; ++i) {
          QVERIFY(std::abs(products[0][i] - products[1][i]) <= 1e-6 * terms);
        }
        for (std::size_t i = 0; i < width; ++i) QVERIFY(std::abs(sums[0][i] - sums[1][i]) <= 1e-6 * terms);
        for (std::size_t i = 0; i < out[0].size(); ++i) QVERIFY(std::abs(out[0][i] - out[1][i]) < 1e-4F);
        for (std::size_t i = 0; i < out[0].size(); ++i) {
          if (i % out_stride >= count) QCOMPARE(out[1][i], 9.0F);
        }
        QVERIFY(std::abs(squares[0] - squares[1]) <= 1e-6 * terms);
      }
    }
  }

  void coordinatesStayWithinTheRangeOfFloat_data() { targets_data(); }
  void coordinatesStayWithinTheRangeOfFloat() {
    QFETCH(int, target);
    constexpr float most = std::numeric_limits<float>::max();
    const float rows[4] = {most, most, -most, -most};
    std::vector<double> axis(padded_width(2));
    axis[0] = axis[1] = 1;
    const std::vector<double> shift(axis.size());
    std::vector<double> work(projection_work(2));
    float out[2];
    double squares = 0;
    kernels_for(static_cast<Target>(target))
        .project_rows({{rows, 2, 2, 2, shift.data()}, axis.data(), 1}, work.data(), out, 1, nullptr, nullptr, &squares);
    QCOMPARE(out[0], most);
    QCOMPARE(out[1], -most);
  }
};

QTEST_APPLESS_MAIN(TestCovariance)
#include "test_covariance.moc"
