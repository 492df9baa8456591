#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <Eigen/Core>

#include "core/analysis/pca.h"
#include "core/base/matrix.h"
#include "core/base/thread_pool.h"

/// What pca() and PcaFollower share: passes over the rows of a table, and what follows from them. A pass is cut into
/// pieces by the table's shape alone and their sums are added in order, so the number of threads changes no bit.
namespace rowlight::pca_detail {

/// Calls piece(0) ... piece(count - 1), on the pool where there is one.
void each_piece(ThreadPool* pool, std::size_t count, const std::function<void(std::size_t)>& piece);

struct Scatter {
  Eigen::VectorXd mean;  // (dim), zeros where not centred
  Eigen::MatrixXd sum;   // (dim, dim), of (row - mean) (row - mean)'
};
/// One pass in double precision: around a mean of the first rows, then corrected.
Scatter scatter_of(ConstMatrixView rows, bool center, ThreadPool* pool);

/// Principal axes as columns with the sum of squares along each, in falling order, signs chosen.
struct Spectrum {
  Eigen::MatrixXd axes;     // (dim, dim)
  Eigen::VectorXd squares;  // (dim)
  double total = 0;
};
Expected<Spectrum> spectrum_of(const Scatter& scatter);

/// The sign in which the entry of largest magnitude is positive; of entries that are equal up to rounding the first
/// decides, so that rounding does not.
double sign_of(const Eigen::VectorXd& axis);

/// out (rows, k), padding included, = (rows - mean) . axes (dim, k). Pre: k > 0.
void project(ConstMatrixView rows, const Eigen::VectorXd& mean, const Eigen::MatrixXd& axes, ThreadPool* pool,
             MatrixView out);

/// One pass over the rows with the scatter matrix S = sum of (row - mean) (row - mean)' applied to a few axes.
struct Applied {
  Eigen::VectorXd mean;
  Eigen::MatrixXd products;  // (dim, count): S . axes
  Eigen::VectorXd offset;    // (count): to be subtracted from the coordinates
  double total = 0;          // trace of S
};
/// Pre: at most simd::most_axes columns in `axes` (dim, count), as many in `coordinates`; `near_mean` is 0 where not
/// centred. The coordinates are around near_mean rounded to float.
Applied apply(ConstMatrixView rows, bool center, const Eigen::VectorXd& near_mean, const Eigen::MatrixXd& axes,
              ThreadPool* pool, MatrixView coordinates);

/// apply() in two thirds of the time, with products and coordinates in float precision. Where numbers or their squares
/// are out of the range of float, so are the products.
Applied sketch(ConstMatrixView rows, bool center, const Eigen::VectorXd& near_mean, const Eigen::MatrixXd& axes,
               ThreadPool* pool, MatrixView coordinates);

/// All but the numbers of the coordinates, which are unset. `axes` (dim, k), `squares` (k).
Pca result_of(std::size_t rows, const Eigen::VectorXd& mean, const Eigen::MatrixXd& axes,
              const Eigen::VectorXd& squares, double total);

/// pca() after its checks, and the whole decomposition that it came from.
struct Computed {
  Pca result;
  Eigen::VectorXd mean;
  Spectrum spectrum;
};
Expected<Computed> compute(ConstMatrixView rows, const PcaOptions& options, ThreadPool* pool);

[[nodiscard]] Expected<void> check_components(ConstMatrixView rows, std::size_t components);

}  // namespace rowlight::pca_detail
