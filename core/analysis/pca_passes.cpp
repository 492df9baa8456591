#include "core/analysis/pca_passes.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <vector>

#include <Eigen/Eigenvalues>

#include "core/simd/covariance.h"

namespace rowlight::pca_detail {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  CacheLineAllocator() = default;
  template <class Other>
  CacheLineAllocator(const CacheLineAllocator<Other>& /*other*/) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  void deallocate(T* p, std::size_t /*n*/) { ::operator delete(p, line); }
  template <class Other>
  bool operator==(const CacheLineAllocator<Other>& /*other*/) const {
    return true;
  }
};

Index index_of(std::size_t n) { return static_cast<Index>(n); }

/// Numbers that start on a cache line: a wide vector that lies across two of them takes twice as long to load.
template <class T>
using Aligned = std::vector<T, CacheLineAllocator<T>>;

/// Rows cut into pieces of equal size.
struct Pieces {
  std::size_t count = 1;
  std::size_t rows = 0;  // in each but the last

  [[nodiscard]] ConstMatrixView of(ConstMatrixView all, std::size_t piece) const {
    const std::size_t first = piece * rows;
    return {all.data + first * all.stride, std::min(rows, all.rows - first), all.cols, all.stride};
  }
};

Pieces cut(std::size_t rows, std::size_t least, std::size_t most_pieces) {
  const std::size_t each = std::max({least, (rows + most_pieces - 1) / most_pieces, std::size_t{1}});
  return {std::max<std::size_t>(1, (rows + each - 1) / each), each};
}

MatrixView rows_from(MatrixView all, std::size_t first, std::size_t count) {
  return {all.data + first * all.stride, count, all.cols, all.stride};
}

Aligned<double> padded(const VectorXd& values) {
  Aligned<double> out(simd::padded_width(static_cast<std::size_t>(values.size())));
  std::copy(values.begin(), values.end(), out.begin());
  return out;
}

/// (count, width), an axis a row.
Aligned<double> padded_axes(const MatrixXd& axes, Index first, Index count) {
  const std::size_t width = simd::padded_width(static_cast<std::size_t>(axes.rows()));
  Aligned<double> out(width * static_cast<std::size_t>(count));
  for (Index c = 0; c < count; ++c) {
    std::copy_n(axes.col(first + c).data(), axes.rows(), out.data() + width * static_cast<std::size_t>(c));
  }
  return out;
}

/// As floats: rows that are all the same then differ by exactly nothing from it.
VectorXd rounded(const VectorXd& values) { return values.cast<float>().cast<double>(); }

/// The mean of the first rows. How far it lies from the mean of all is bounded by their spread, so the correction that
/// scatter_of() makes cancels little.
VectorXd first_mean(ConstMatrixView rows) {
  constexpr std::size_t most = 256;
  VectorXd sum = VectorXd::Zero(index_of(rows.cols));
  const std::size_t n = std::min(rows.rows, most);
  for (std::size_t r = 0; r < n; ++r) {
    sum += Eigen::Map<const Eigen::VectorXf>(rows.data + r * rows.stride, sum.size()).cast<double>();
  }
  return sum / static_cast<double>(std::max<std::size_t>(n, 1));
}

}  // namespace

void each_piece(ThreadPool* pool, std::size_t count, const std::function<void(std::size_t)>& piece) {
  if (pool != nullptr) return pool->parallel(count, piece);
  for (std::size_t i = 0; i < count; ++i) piece(i);
}

Scatter scatter_of(ConstMatrixView rows, bool center, ThreadPool* pool) {
  const Index dim = index_of(rows.cols);
  const std::size_t width = simd::padded_width(rows.cols);
  const VectorXd near = center ? rounded(first_mean(rows)) : VectorXd(VectorXd::Zero(dim));
  const Aligned<double> shift = padded(near);
  // The sums of all pieces together are no larger than the table.
  constexpr std::size_t most_pieces = 16;
  constexpr std::size_t least_rows = 1024;
  const Pieces pieces = cut(rows.rows, std::max(least_rows, 2 * most_pieces * width), most_pieces);
  struct Sums {
    Aligned<double> scatter, sums, work;
  };
  std::vector<Sums> partial(pieces.count);
  for (Sums& sums : partial) {
    sums.scatter.resize(width * width);
    sums.sums.resize(width);
    sums.work.resize(simd::scatter_work(rows.cols));
  }
  each_piece(pool, pieces.count, [&](std::size_t i) {
    simd::add_scatter(pieces.of(rows, i), shift, partial[i].work, partial[i].scatter, partial[i].sums);
  });
  using Strided = Eigen::Map<const MatrixXd, 0, Eigen::OuterStride<>>;
  MatrixXd upper = MatrixXd::Zero(dim, dim);
  VectorXd sums = VectorXd::Zero(dim);
  for (const Sums& part : partial) {
    upper += Strided(part.scatter.data(), dim, dim, Eigen::OuterStride<>(index_of(width)));
    sums += Eigen::Map<const VectorXd>(part.sums.data(), dim);
  }
  Scatter result;
  result.sum = upper.selfadjointView<Eigen::Upper>();
  result.mean = VectorXd::Zero(dim);
  if (rows.rows == 0) return result;
  const auto n = static_cast<double>(rows.rows);
  if (!center) {
    if (!sums.allFinite()) result.mean = sums;  // tells of it
    return result;
  }
  const VectorXd off = sums / n;
  result.sum.noalias() -= (n * off) * off.transpose();
  result.mean = near + off;
  return result;
}

double sign_of(const VectorXd& axis) {
  const double largest = axis.cwiseAbs().maxCoeff();
  for (const double entry : axis) {
    if (std::abs(entry) >= largest * (1 - 1e-6)) return entry < 0 ? -1 : 1;
  }
  return 1;
}

Expected<Spectrum> spectrum_of(const Scatter& scatter) {
  // Doubles cannot overflow by adding floats: the sums are finite exactly if all values are.
  if (!scatter.mean.allFinite()) return fail(ErrorKind::BadInput, "a value of the table is not a finite number");
  const Index dim = scatter.sum.rows();
  Spectrum spectrum;
  spectrum.total = scatter.sum.trace();
  if (spectrum.total <= 0) {  // no row or nothing but the same row: every axis is as good as another
    spectrum.total = 0;
    spectrum.axes = MatrixXd::Identity(dim, dim);
    spectrum.squares = VectorXd::Zero(dim);
    return spectrum;
  }
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(scatter.sum);
  if (solver.info() != Eigen::Success) {
    return fail(ErrorKind::BadInput, "the covariance of the table has no accurate eigenvectors");
  }
  // Eigen sorts upwards. Rounding can push what should be 0 below it.
  spectrum.axes = solver.eigenvectors().rowwise().reverse();
  spectrum.squares = solver.eigenvalues().reverse().cwiseMax(0.0);
  for (Index c = 0; c < dim; ++c) spectrum.axes.col(c) *= sign_of(spectrum.axes.col(c));
  return spectrum;
}

void project(ConstMatrixView rows, const VectorXd& mean, const MatrixXd& axes, ThreadPool* pool, MatrixView out) {
  const Aligned<double> shift = padded(mean);
  const Pieces pieces = cut(rows.rows, 1024, 64);
  std::vector<Aligned<double>> work(pieces.count);
  for (auto& part : work) part.resize(simd::projection_work(rows.cols));
  for (Index first = 0; first < axes.cols(); first += index_of(simd::most_axes)) {
    const Index count = std::min(index_of(simd::most_axes), axes.cols() - first);
    const Aligned<double> some = padded_axes(axes, first, count);
    each_piece(pool, pieces.count, [&](std::size_t i) {
      simd::ProjectionSums none;
      const ConstMatrixView piece = pieces.of(rows, i);
      const MatrixView part = rows_from(out, i * pieces.rows, piece.rows);
      if (first == 0) std::ranges::fill(part.flat(), 0.0F);
      simd::project_rows(piece, shift, some, work[i], part, static_cast<std::size_t>(first), none);
    });
  }
}

namespace {

/// What one piece of a pass adds up around a mean.
template <class Real>
struct Sums {
  Aligned<double> products, sums;
  double squares = 0;
  Aligned<Real> work;
};

/// Adds the pieces up and moves them to the mean that they have.
template <class Real>
Applied applied_of(const std::vector<Sums<Real>>& partial, std::size_t rows, bool center, const VectorXd& near,
                   const MatrixXd& axes) {
  const Index dim = axes.rows();
  const Index count = axes.cols();
  const Index width = index_of(simd::padded_width(static_cast<std::size_t>(dim)));
  Applied result;
  result.products = MatrixXd::Zero(dim, count);
  VectorXd sums = VectorXd::Zero(dim);
  for (const Sums<Real>& part : partial) {
    using Strided = Eigen::Map<const MatrixXd, 0, Eigen::OuterStride<>>;
    result.products += Strided(part.products.data(), dim, count, Eigen::OuterStride<>(width));
    sums += Eigen::Map<const VectorXd>(part.sums.data(), dim);
    result.total += part.squares;
  }
  result.mean = near;
  result.offset = VectorXd::Zero(count);
  if (center && rows > 0) {
    const auto n = static_cast<double>(rows);
    const VectorXd off = sums / n;
    result.offset = axes.transpose() * off;
    result.products.noalias() -= (n * off) * result.offset.transpose();
    result.total -= n * off.squaredNorm();
    result.mean += off;
  } else if (!sums.allFinite()) {
    result.mean = sums;  // tells of it
  }
  return result;
}

/// Calls add(rows, shift, axes, sums, first row) for each piece of the table, with so much work space in its sums.
template <class Real, class Add>
Applied pass_over(ConstMatrixView rows, bool center, const VectorXd& near_mean, const MatrixXd& axes, ThreadPool* pool,
                  std::size_t work, const Add& add) {
  const std::size_t width = simd::padded_width(rows.cols);
  const VectorXd near = rounded(near_mean);
  const Aligned<double> shift = padded(near);
  const Aligned<double> all_axes = padded_axes(axes, 0, axes.cols());
  const Pieces pieces = cut(rows.rows, 1024, 64);
  std::vector<Sums<Real>> partial(pieces.count);
  for (Sums<Real>& part : partial) {
    part.products.resize(width * static_cast<std::size_t>(axes.cols()));
    part.sums.resize(width);
    part.work.resize(work);
  }
  each_piece(pool, pieces.count,
             [&](std::size_t i) { add(pieces.of(rows, i), shift, all_axes, partial[i], i * pieces.rows); });
  return applied_of(partial, rows.rows, center, near, axes);
}

}  // namespace

Applied apply(ConstMatrixView rows, bool center, const VectorXd& near_mean, const MatrixXd& axes, ThreadPool* pool,
              MatrixView coordinates) {
  const auto add = [&](ConstMatrixView some, std::span<const double> shift, std::span<const double> all_axes,
                       Sums<double>& own, std::size_t first) {
    simd::ProjectionSums sums{own.products, own.sums, 0};
    simd::project_rows(some, shift, all_axes, own.work, rows_from(coordinates, first, some.rows), 0, sums);
    own.squares = sums.squares;
  };
  return pass_over<double>(rows, center, near_mean, axes, pool, simd::projection_work(rows.cols), add);
}

Applied sketch(ConstMatrixView rows, bool center, const VectorXd& near_mean, const MatrixXd& axes, ThreadPool* pool,
               MatrixView coordinates) {
  const auto add = [&](ConstMatrixView some, std::span<const double> shift, std::span<const double> all_axes,
                       Sums<float>& own, std::size_t first) {
    simd::ProjectionSums sums{own.products, own.sums, 0};
    simd::sketch_rows(some, shift, all_axes, own.work, rows_from(coordinates, first, some.rows), sums);
    own.squares = sums.squares;
  };
  return pass_over<float>(rows, center, near_mean, axes, pool, simd::sketch_work(rows.cols), add);
}

Pca result_of(std::size_t rows, const VectorXd& mean, const MatrixXd& axes, const VectorXd& squares, double total) {
  const auto k = static_cast<std::size_t>(axes.cols());
  Pca result;
  result.axes = Matrix(k, static_cast<std::size_t>(axes.rows()));
  result.mean.assign(mean.begin(), mean.end());
  result.explained_variance_ratio.assign(k, 0.0);
  for (std::size_t c = 0; c < k; ++c) {
    for (std::size_t d = 0; d < result.axes.cols(); ++d) {
      result.axes(c, d) = static_cast<float>(axes(index_of(d), index_of(c)));
    }
    if (total > 0) result.explained_variance_ratio[c] = squares[index_of(c)] / total;
  }
  result.coordinates = Matrix::unset(rows, k);
  return result;
}

Expected<Computed> compute(ConstMatrixView rows, const PcaOptions& options, ThreadPool* pool) {
  const Scatter scatter = scatter_of(rows, options.center, pool);
  auto spectrum = spectrum_of(scatter);
  if (!spectrum) return tl::make_unexpected(spectrum.error());
  const MatrixXd axes = spectrum->axes.leftCols(index_of(options.components));
  Pca result = result_of(rows.rows, scatter.mean, axes, spectrum->squares, spectrum->total);
  project(rows, scatter.mean, axes, pool, result.coordinates.view());
  return Computed{std::move(result), scatter.mean, std::move(*spectrum)};
}

Expected<void> check_components(ConstMatrixView rows, std::size_t components) {
  if (components > 0 && components <= rows.cols) return {};
  return fail(ErrorKind::Usage,
              "cannot show " + std::to_string(components) + " principal components of " + std::to_string(rows.cols) +
                  " dimensions",
              rows.cols == 0 ? "" : "choose 1 to " + std::to_string(rows.cols));
}

}  // namespace rowlight::pca_detail
