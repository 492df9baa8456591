// Kernels for principal components. Highway compiles this file once for each target, in a namespace of its own, as part
// of kernels.cpp.
#if defined(ROWLIGHT_CORE_SIMD_COVARIANCE) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_COVARIANCE
#undef ROWLIGHT_CORE_SIMD_COVARIANCE
#else
#define ROWLIGHT_CORE_SIMD_COVARIANCE
#endif

#include <algorithm>
#include <limits>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "core/simd/kernel_table.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || !HWY_HAVE_FLOAT64

inline void AddScatter(const ScatterInput& in, double* work, double* scatter, double* sums) {
  scalar_kernels().add_scatter(in, work, scatter, sums);
}
inline void ProjectRows(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                        double* sums, double* squares) {
  scalar_kernels().project_rows(in, work, out, out_stride, products, sums, squares);
}
inline void SketchRows(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                       double* sums, double* squares) {
  scalar_kernels().sketch_rows(in, work, out, out_stride, products, sums, squares);
}

#else

using D8 = hn::CappedTag<double, 8>;
using V8 = hn::VFromD<D8>;

/// A row some 8 KB further on, or the last one: the processor's own prefetching stops at the end of each page.
HWY_INLINE const float* RowAhead(const ScatterInput& in, std::size_t r) {
  constexpr std::size_t ahead = 2048;
  return in.rows + std::min(r + 1 + ahead / in.stride, in.n - 1) * in.stride;
}

/// to[0..width) = row - shift, zeros from cols on. `step` doubles lie between groups of 8 in `to`.
HWY_INLINE void Shifted(const float* row, const float* ahead, std::size_t cols, std::size_t width, const double* shift,
                        double* to, std::size_t step) {
  const D8 d;
  const hn::Rebind<float, D8> df;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = cols / 8 * 8;
  std::size_t k = 0;
  for (; k < whole; k += 8, to += step) {
    if (k % 16 == 0) hwy::Prefetch(ahead + k);
    for (std::size_t i = 0; i < 8; i += lanes) {
      hn::StoreU(hn::Sub(hn::PromoteTo(d, hn::LoadU(df, row + k + i)), hn::LoadU(d, shift + k + i)), d, to + i);
    }
  }
  for (; k < width; k += 8, to += step) {
    for (std::size_t i = 0; i < 8; ++i) to[i] = k + i < cols ? double{row[k + i]} - shift[k + i] : 0;
  }
}

/// out0 and out1, one vector in each of `columns` columns, += products of the vectors at a0 and a1 with the numbers at
/// b, over n rows of 8 doubles: the sums stay in registers while the rows pass by.
template <std::size_t columns>
HWY_INLINE void ScatterTile(const double* a0, const double* a1, const double* b, std::size_t n, std::size_t width,
                            double* out0, double* out1) {
  const D8 d;
  V8 sum0[columns];
  V8 sum1[columns];
  for (std::size_t c = 0; c < columns; ++c) {
    sum0[c] = hn::LoadU(d, out0 + c * width);
    sum1[c] = hn::LoadU(d, out1 + c * width);
  }
  for (std::size_t r = 0; r < n; ++r) {
    const auto x0 = hn::LoadU(d, a0 + r * 8);
    const auto x1 = hn::LoadU(d, a1 + r * 8);
    for (std::size_t c = 0; c < columns; ++c) {
      const auto y = hn::Set(d, b[r * 8 + c]);
      sum0[c] = hn::MulAdd(x0, y, sum0[c]);
      sum1[c] = hn::MulAdd(x1, y, sum1[c]);
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    hn::StoreU(sum0[c], d, out0 + c * width);
    hn::StoreU(sum1[c], d, out1 + c * width);
  }
}

/// `panels`: n rows of 8 columns one below the other, then the next 8 columns, `step` doubles apart.
HWY_INLINE void ScatterBlock(const double* panels, std::size_t step, std::size_t n, std::size_t width,
                             double* scatter) {
  const D8 d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t count = width / 8;
  if (lanes == 8) {  // two panels at a time: 16 sums of 8 doubles
    for (std::size_t i = 0; i < count; i += 2) {
      const double* const a = panels + i * step;
      for (std::size_t j = i; j < count; ++j) {
        double* const out = scatter + j * 8 * width + i * 8;
        ScatterTile<8>(a, a + step, panels + j * step, n, width, out, out + 8);
      }
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i; j < count; ++j) {
      for (std::size_t part = 0; part < 8; part += 2 * lanes) {
        for (std::size_t c = 0; c < 8; c += 4) {
          const double* const a = panels + i * step + part;
          double* const out = scatter + (j * 8 + c) * width + i * 8 + part;
          ScatterTile<4>(a, a + lanes, panels + j * step + c, n, width, out, out + lanes);
        }
      }
    }
  }
}

inline void AddScatter(const ScatterInput& in, double* work, double* scatter, double* sums) {
  const D8 d;
  constexpr std::size_t block = 128;
  const std::size_t width = padded_width(in.cols);
  const std::size_t step = block * 8;
  for (std::size_t first = 0; first < in.n; first += block) {
    const std::size_t n = std::min(block, in.n - first);
    for (std::size_t r = 0; r < n; ++r) {
      Shifted(in.rows + (first + r) * in.stride, RowAhead(in, first + r), in.cols, width, in.shift, work + r * 8, step);
    }
    for (std::size_t k = 0; k < width; k += hn::Lanes(d)) {
      auto sum = hn::Zero(d);
      const double* const column = work + k / 8 * step + k % 8;
      for (std::size_t r = 0; r < n; ++r) sum = hn::Add(sum, hn::LoadU(d, column + r * 8));
      hn::StoreU(hn::Add(sum, hn::LoadU(d, sums + k)), d, sums + k);
    }
    ScatterBlock(work, step, n, width, scatter);
  }
}

inline float NearestFloat(double value) {
  constexpr double limit = std::numeric_limits<float>::max();
  return static_cast<float>(value < -limit ? -limit : value > limit ? limit : value);
}

/// As many rows as there are registers for.
template <std::size_t axes, std::size_t rows>
HWY_INLINE void ProjectSome(const double* x, const double* axis, std::size_t width, double (*y)[axes]) {
  const D8 d;
  V8 sum[rows][axes];
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t a = 0; a < axes; ++a) sum[i][a] = hn::Zero(d);
  }
  for (std::size_t k = 0; k < width; k += hn::Lanes(d)) {
    for (std::size_t i = 0; i < rows; ++i) {
      const auto part = hn::LoadU(d, x + i * width + k);
      for (std::size_t a = 0; a < axes; ++a) {
        sum[i][a] = hn::MulAdd(part, hn::LoadU(d, axis + a * width + k), sum[i][a]);
      }
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t a = 0; a < axes; ++a) y[i][a] = hn::GetLane(hn::SumOfLanes(d, sum[i][a]));
  }
}

template <std::size_t axes>
HWY_INLINE void ProjectFour(const double* x, const double* axis, std::size_t width, double (*y)[axes]) {
  if (hn::MaxLanes(D8()) == 8) {
    ProjectSome<axes, 4>(x, axis, width, y);
  } else {
    ProjectSome<axes, 2>(x, axis, width, y);
    ProjectSome<axes, 2>(x + 2 * width, axis, width, y + 2);
  }
}

template <std::size_t axes>
HWY_INLINE V8 AddFour(const double* x, const double (&y)[4][axes], std::size_t width, double* products, double* sums,
                      V8 squares) {
  const D8 d;
  V8 y0[axes];
  V8 y1[axes];
  V8 y2[axes];
  V8 y3[axes];
  for (std::size_t a = 0; a < axes; ++a) {
    y0[a] = hn::Set(d, y[0][a]);
    y1[a] = hn::Set(d, y[1][a]);
    y2[a] = hn::Set(d, y[2][a]);
    y3[a] = hn::Set(d, y[3][a]);
  }
  for (std::size_t k = 0; k < width; k += hn::Lanes(d)) {
    const auto x0 = hn::LoadU(d, x + k);
    const auto x1 = hn::LoadU(d, x + width + k);
    const auto x2 = hn::LoadU(d, x + 2 * width + k);
    const auto x3 = hn::LoadU(d, x + 3 * width + k);
    hn::StoreU(hn::Add(hn::LoadU(d, sums + k), hn::Add(hn::Add(x0, x1), hn::Add(x2, x3))), d, sums + k);
    squares = hn::Add(squares, hn::MulAdd(x0, x0, hn::MulAdd(x1, x1, hn::MulAdd(x2, x2, hn::Mul(x3, x3)))));
    for (std::size_t a = 0; a < axes; ++a) {
      double* const to = products + a * width + k;
      auto sum = hn::MulAdd(x0, y0[a], hn::LoadU(d, to));
      sum = hn::MulAdd(x1, y1[a], sum);
      sum = hn::MulAdd(x2, y2[a], sum);
      hn::StoreU(hn::MulAdd(x3, y3[a], sum), d, to);
    }
  }
  return squares;
}

template <std::size_t axes>
HWY_INLINE void ProjectOn(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                          double* sums, double* squares) {
  const D8 d;
  const std::size_t width = padded_width(in.cols);
  auto total = hn::Zero(d);
  double y[4][axes];
  for (std::size_t first = 0; first < in.n; first += 4) {
    const std::size_t n = std::min<std::size_t>(4, in.n - first);
    for (std::size_t r = 0; r < n; ++r) {
      Shifted(in.rows + (first + r) * in.stride, RowAhead(in, first + r), in.cols, width, in.shift, work + r * width,
              8);
    }
    std::fill(work + n * width, work + 4 * width, 0.0);
    ProjectFour<axes>(work, in.axes, width, y);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t a = 0; a < axes; ++a) out[(first + r) * out_stride + a] = NearestFloat(y[r][a]);
    }
    if (products != nullptr) total = AddFour<axes>(work, y, width, products, sums, total);
  }
  *squares += hn::GetLane(hn::SumOfLanes(d, total));
}

inline void ProjectRows(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                        double* sums, double* squares) {
  switch (in.count) {
    case 1: return ProjectOn<1>(in, work, out, out_stride, products, sums, squares);
    case 2: return ProjectOn<2>(in, work, out, out_stride, products, sums, squares);
    case 3: return ProjectOn<3>(in, work, out, out_stride, products, sums, squares);
    default: return ProjectOn<4>(in, work, out, out_stride, products, sums, squares);
  }
}

using F16 = hn::CappedTag<float, 16>;

/// x (rows, width) = the rows from `first` on without their shift, y = their coordinates. Memory is asked for every
/// second row ahead: the others are SketchFour()'s, else it would rest as long as that computes.
template <std::size_t axes, std::size_t rows>
HWY_INLINE void SketchSome(const ProjectionInput& in, std::size_t first, const float* shift, const float* axis,
                           float* x, float (*y)[axes]) {
  const F16 d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = padded_width(in.cols);
  const std::size_t whole = in.cols / lanes * lanes;
  hn::VFromD<F16> sum[rows][axes];
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t a = 0; a < axes; ++a) sum[i][a] = hn::Zero(d);
  }
  const float* row[rows];
  const float* ahead[rows];
  for (std::size_t i = 0; i < rows; ++i) {
    row[i] = in.rows + (first + i) * in.stride;
    ahead[i] = RowAhead(in, first + i);
    for (std::size_t k = whole; k < width; ++k) x[i * width + k] = k < in.cols ? row[i][k] - shift[k] : 0;
  }
  for (std::size_t k = 0; k < width; k += lanes) {
    for (std::size_t i = 0; i < rows; ++i) {
      if (k < whole) {
        if (i % 2 == 0 && k % 16 == 0) hwy::Prefetch(ahead[i] + k);
        hn::StoreU(hn::Sub(hn::LoadU(d, row[i] + k), hn::LoadU(d, shift + k)), d, x + i * width + k);
      }
      const auto part = hn::LoadU(d, x + i * width + k);
      for (std::size_t a = 0; a < axes; ++a) {
        sum[i][a] = hn::MulAdd(part, hn::LoadU(d, axis + a * width + k), sum[i][a]);
      }
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t a = 0; a < axes; ++a) y[i][a] = hn::GetLane(hn::SumOfLanes(d, sum[i][a]));
  }
}

/// total (axes + 1, width) += the products of the rows x (4, width) with their coordinates, and the rows. Returns
/// squares + those of the numbers of x, which are the rows from `first` on.
template <std::size_t axes>
HWY_INLINE hn::VFromD<F16> SketchFour(const ProjectionInput& in, std::size_t first, const float* x,
                                      const float (&y)[4][axes], float* total, hn::VFromD<F16> squares) {
  const F16 d;
  const std::size_t width = padded_width(in.cols);
  const float* const ahead1 = RowAhead(in, first + 1);
  const float* const ahead3 = RowAhead(in, first + 3);
  for (std::size_t k = 0; k < width; k += hn::Lanes(d)) {
    if (k % 16 == 0 && k < in.cols) {
      hwy::Prefetch(ahead1 + k);
      hwy::Prefetch(ahead3 + k);
    }
    const auto x0 = hn::LoadU(d, x + k);
    const auto x1 = hn::LoadU(d, x + width + k);
    const auto x2 = hn::LoadU(d, x + 2 * width + k);
    const auto x3 = hn::LoadU(d, x + 3 * width + k);
    for (std::size_t a = 0; a < axes; ++a) {
      float* const to = total + a * width + k;
      auto sum = hn::MulAdd(x0, hn::Set(d, y[0][a]), hn::LoadU(d, to));
      sum = hn::MulAdd(x1, hn::Set(d, y[1][a]), sum);
      sum = hn::MulAdd(x2, hn::Set(d, y[2][a]), sum);
      hn::StoreU(hn::MulAdd(x3, hn::Set(d, y[3][a]), sum), d, to);
    }
    float* const to = total + axes * width + k;
    hn::StoreU(hn::Add(hn::LoadU(d, to), hn::Add(hn::Add(x0, x1), hn::Add(x2, x3))), d, to);
    squares = hn::Add(squares, hn::MulAdd(x0, x0, hn::MulAdd(x1, x1, hn::MulAdd(x2, x2, hn::Mul(x3, x3)))));
  }
  return squares;
}

template <std::size_t axes>
HWY_INLINE void SketchOn(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                         double* sums, double* squares) {
  const F16 d;
  constexpr std::size_t block = 64;
  const std::size_t width = padded_width(in.cols);
  float* const shift = work;
  float* const axis = shift + width;
  float* const x = axis + axes * width;
  float* const total = x + 4 * width;
  for (std::size_t k = 0; k < width; ++k) shift[k] = static_cast<float>(in.shift[k]);
  for (std::size_t k = 0; k < axes * width; ++k) axis[k] = static_cast<float>(in.axes[k]);
  float y[4][axes];
  for (std::size_t first = 0; first < in.n; first += block) {
    const std::size_t end = std::min(in.n, first + block);
    std::fill_n(total, (axes + 1) * width, 0.0F);
    auto some_squares = hn::Zero(d);
    std::size_t r = first;
    for (; r + 4 <= end; r += 4) {
      if (hn::MaxLanes(F16()) == 16) {
        SketchSome<axes, 4>(in, r, shift, axis, x, y);
      } else {
        SketchSome<axes, 2>(in, r, shift, axis, x, y);
        SketchSome<axes, 2>(in, r + 2, shift, axis, x + 2 * width, y + 2);
      }
      some_squares = SketchFour<axes>(in, r, x, y, total, some_squares);
      for (std::size_t i = 0; i < 4; ++i) std::copy_n(y[i], axes, out + (r + i) * out_stride);
    }
    if (r < end) {
      std::fill_n(x, 4 * width, 0.0F);
      for (float(&coordinates)[axes] : y) std::fill_n(coordinates, axes, 0.0F);
      for (std::size_t i = 0; r + i < end; ++i) {
        SketchSome<axes, 1>(in, r + i, shift, axis, x + i * width, y + i);
        std::copy_n(y[i], axes, out + (r + i) * out_stride);
      }
      some_squares = SketchFour<axes>(in, r, x, y, total, some_squares);
    }
    *squares += double{hn::GetLane(hn::SumOfLanes(d, some_squares))};
    for (std::size_t k = 0; k < axes * width; ++k) products[k] += double{total[k]};
    for (std::size_t k = 0; k < width; ++k) sums[k] += double{total[axes * width + k]};
  }
}

inline void SketchRows(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                       double* sums, double* squares) {
  switch (in.count) {
    case 1: return SketchOn<1>(in, work, out, out_stride, products, sums, squares);
    case 2: return SketchOn<2>(in, work, out, out_stride, products, sums, squares);
    case 3: return SketchOn<3>(in, work, out, out_stride, products, sums, squares);
    default: return SketchOn<4>(in, work, out, out_stride, products, sums, squares);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#endif  // ROWLIGHT_CORE_SIMD_COVARIANCE
