#pragma once

#include <cstddef>
#include <span>

#include "core/base/matrix.h"

/// Kernels for principal components: float rows, sums in double. Chosen as those of kernels.h; no allocation, no
/// failure, any thread on outputs that do not overlap. What they read of a row ends at `cols`: padding does not count.
namespace rowlight::simd {

/// Columns that arrays of doubles are padded to.
[[nodiscard]] constexpr std::size_t padded_width(std::size_t cols) { return (cols + 15) / 16 * 16; }

/// Doubles that add_scatter() needs to work with.
[[nodiscard]] constexpr std::size_t scatter_work(std::size_t cols) { return 128 * padded_width(cols); }

/// With d = rows - shift: sums[k] += the sum of d[k], and scatter[j * width + i] += the sum of d[i] * d[j] for all
/// i <= j < width, where width = padded_width(cols) and d is 0 from cols on. The other elements of `scatter` mean
/// nothing. Cost: rows * cols^2 / 2 multiply-adds. The rows are taken in blocks of 128 from the first one on.
/// Pre: shift and sums (width), scatter (width * width), work (scatter_work(cols)).
void add_scatter(ConstMatrixView rows, std::span<const double> shift, std::span<double> work, std::span<double> scatter,
                 std::span<double> sums);

/// What project_rows() adds up besides.
struct ProjectionSums {
  std::span<double> products;  ///< (axes, width): += the sum of d * (its coordinate); empty: nothing is added up
  std::span<double> sums;      ///< (width): += the sum of d
  double squares = 0;          ///< += the sum of all d[k]^2
};

inline constexpr std::size_t most_axes = 4;

/// Doubles that project_rows() needs to work with.
[[nodiscard]] constexpr std::size_t projection_work(std::size_t cols) { return 4 * padded_width(cols); }

/// With d = rows - shift: out[r][first_column + a] = the sum of d[k] * axes[a * width + k], for up to most_axes axes,
/// in double, then as the nearest float; values outside the range of float end at its ends. One pass over the rows.
/// Pre: shift (width), axes (1 to most_axes times width) with zeros from cols on, work (projection_work(cols)).
void project_rows(ConstMatrixView rows, std::span<const double> shift, std::span<const double> axes,
                  std::span<double> work, MatrixView out, std::size_t first_column, ProjectionSums& sums);

/// Floats that sketch_rows() needs to work with.
[[nodiscard]] constexpr std::size_t sketch_work(std::size_t cols) { return (6 + 2 * most_axes) * padded_width(cols); }

/// project_rows() in two thirds of the time, and roughly: all in float, but for adding up blocks of 64 rows, so that
/// what is out of its range becomes infinite. Pre: as there; products and sums are not empty, work (sketch_work(cols)).
void sketch_rows(ConstMatrixView rows, std::span<const double> shift, std::span<const double> axes,
                 std::span<float> work, MatrixView out, ProjectionSums& sums);

}  // namespace rowlight::simd
