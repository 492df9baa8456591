#include <algorithm>
#include <limits>

#include "core/simd/kernel_table.h"

namespace rowlight::simd {

void scalar_add_scatter(const ScatterInput& in, double* work, double* scatter, double* sums) {
  const std::size_t width = padded_width(in.cols);
  for (std::size_t r = 0; r < in.n; ++r) {
    for (std::size_t k = 0; k < in.cols; ++k) sums[k] += work[k] = double{in.rows[r * in.stride + k]} - in.shift[k];
    for (std::size_t j = 0; j < in.cols; ++j) {
      for (std::size_t i = 0; i <= j; ++i) scatter[j * width + i] += work[i] * work[j];
    }
  }
}

void scalar_project_rows(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                         double* sums, double* squares) {
  constexpr double limit = std::numeric_limits<float>::max();
  const std::size_t width = padded_width(in.cols);
  for (std::size_t r = 0; r < in.n; ++r) {
    for (std::size_t k = 0; k < in.cols; ++k) work[k] = double{in.rows[r * in.stride + k]} - in.shift[k];
    for (std::size_t a = 0; a < in.count; ++a) {
      double y = 0;
      for (std::size_t k = 0; k < in.cols; ++k) y += work[k] * in.axes[a * width + k];
      out[r * out_stride + a] = static_cast<float>(std::clamp(y, -limit, limit));
      if (products == nullptr) continue;
      for (std::size_t k = 0; k < in.cols; ++k) products[a * width + k] += work[k] * y;
    }
    if (products == nullptr) continue;
    for (std::size_t k = 0; k < in.cols; ++k) {
      sums[k] += work[k];
      *squares += work[k] * work[k];
    }
  }
}

void scalar_sketch_rows(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                        double* sums, double* squares) {
  const std::size_t width = padded_width(in.cols);
  for (std::size_t r = 0; r < in.n; ++r) {
    for (std::size_t k = 0; k < in.cols; ++k) {
      work[k] = in.rows[r * in.stride + k] - static_cast<float>(in.shift[k]);
      sums[k] += double{work[k]};
      *squares += double{work[k] * work[k]};
    }
    for (std::size_t a = 0; a < in.count; ++a) {
      float y = 0;
      for (std::size_t k = 0; k < in.cols; ++k) y += work[k] * static_cast<float>(in.axes[a * width + k]);
      out[r * out_stride + a] = y;
      for (std::size_t k = 0; k < in.cols; ++k) products[a * width + k] += double{work[k] * y};
    }
  }
}

}  // namespace rowlight::simd
