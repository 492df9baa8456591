#pragma once

#include <cstddef>
#include <vector>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/thread_pool.h"

namespace rowlight {

struct PcaOptions {
  std::size_t components = 2;
  bool center = true;  ///< subtract the column means first
};

/// Principal axes of the rows of a table and the rows' coordinates on them.
struct Pca {
  Matrix axes;                                   ///< (components, dim), orthonormal rows
  std::vector<double> mean;                      ///< (dim), zeros where not centred
  std::vector<double> explained_variance_ratio;  ///< (components), share of the total variance on each axis
  Matrix coordinates;                            ///< (rows, components)
};

/// Eigen-decomposition of the (dim, dim) covariance, all of it in double precision; axes in order of falling variance,
/// the sign chosen so that the entry of largest magnitude is positive. `rows` may be 0 or constant: the shares are
/// then 0 and the axes are the table's. Errors: Usage when components is 0 or above dim; BadInput when a value is not
/// finite. Cost: rows * dim^2 / 2 multiply-adds + O(dim^3), two reads of the table; up to the table's size of memory.
/// Threading: uses `pool` where there is one (see ThreadPool::parallel()); the number of threads changes no bit.
[[nodiscard]] Expected<Pca> pca(ConstMatrixView rows, const PcaOptions& options = {}, ThreadPool* pool = nullptr);

/// Turns the axes of `next` within the plane (or space) that they span so that they lie as close as possible to
/// `previous_axes` (components, dim): the orthogonal Procrustes problem (Schoenemann, 1966) solved by an SVD of the
/// (components, components) product. Coordinates and variance shares follow. A live picture then never flips or
/// spins by itself; the axes span the same plane as the principal axes and the shares are those of the axes
/// shown. What this cannot smooth: where the last axis shown and the first one not shown trade places, the plane
/// itself jumps. Does nothing when the shapes differ, or previous_axes is empty or not finite.
/// Cost: rows * components^2 + dim * components^2.
void align_axes(Pca& next, const Matrix& previous_axes);

}  // namespace rowlight
