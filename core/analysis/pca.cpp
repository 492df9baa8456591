#include "core/analysis/pca.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

namespace rowlight {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Rows converted to double at a time: the block stays in the second-level cache at usual widths.
constexpr Index block_rows = 256;

Index index_of(std::size_t n) { return static_cast<Index>(n); }

/// A row-major table seen as Eigen's column-major (cols, rows): one column a row, no copy.
auto columns_of(ConstMatrixView view) {
  return Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>>(view.data, index_of(view.cols), index_of(view.rows),
                                                                    Eigen::OuterStride<>(index_of(view.stride)));
}

auto columns_of(MatrixView view) {
  return Eigen::Map<Eigen::MatrixXf, 0, Eigen::OuterStride<>>(view.data, index_of(view.cols), index_of(view.rows),
                                                              Eigen::OuterStride<>(index_of(view.stride)));
}

/// Calls `visit(first row, (dim, n) block minus mean)` for all rows, in double.
template <class Visit>
void each_centred_block(ConstMatrixView rows, const VectorXd& mean, Visit visit) {
  const auto columns = columns_of(rows);
  MatrixXd block(columns.rows(), std::min(block_rows, columns.cols()));
  for (Index first = 0; first < columns.cols(); first += block_rows) {
    const Index count = std::min(block_rows, columns.cols() - first);
    auto part = block.leftCols(count);
    part = columns.middleCols(first, count).cast<double>().colwise() - mean;  // one pass: memory is the limit here
    visit(first, part);
  }
}

VectorXd column_sums(ConstMatrixView rows) {
  VectorXd sums = VectorXd::Zero(index_of(rows.cols));
  const auto columns = columns_of(rows);
  for (Index r = 0; r < columns.cols(); ++r) sums += columns.col(r).cast<double>();
  return sums;
}

MatrixXd scatter(ConstMatrixView rows, const VectorXd& mean) {
  MatrixXd sum = MatrixXd::Zero(index_of(rows.cols), index_of(rows.cols));
  each_centred_block(rows, mean, [&](Index, const auto& block) {
    sum.selfadjointView<Eigen::Lower>().rankUpdate(block);  // only the lower half, which the solver reads
  });
  return sum;
}

/// The sign in which the entry of largest magnitude is positive; of entries that are equal up to rounding the
/// first decides, so that rounding does not.
double sign_of(const VectorXd& axis) {
  const double largest = axis.cwiseAbs().maxCoeff();
  for (const double entry : axis) {
    if (std::abs(entry) >= largest * (1 - 1e-6)) return entry < 0 ? -1 : 1;
  }
  return 1;
}

/// Principal axes as columns with the sum of squares along each, in falling order.
struct Spectrum {
  MatrixXd axes;     // (dim, k)
  VectorXd squares;  // (k)
  double total = 0;  // over all dim axes
};

Expected<Spectrum> spectrum_of(ConstMatrixView rows, const VectorXd& mean, Index k) {
  const Index dim = index_of(rows.cols);
  Spectrum spectrum;
  MatrixXd sum;
  if (rows.rows > 0) {
    sum = scatter(rows, mean);
    spectrum.total = sum.trace();
  }
  if (spectrum.total <= 0) {  // no row or nothing but the same row: every axis is as good as another
    spectrum.axes = MatrixXd::Identity(dim, k);
    spectrum.squares = VectorXd::Zero(k);
    return spectrum;
  }
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(sum);
  if (solver.info() != Eigen::Success) {
    return fail(ErrorKind::BadInput, "the covariance of the table has no accurate eigenvectors");
  }
  // Eigen sorts upwards. Rounding can push what should be 0 below it.
  spectrum.axes = solver.eigenvectors().rightCols(k).rowwise().reverse();
  spectrum.squares = solver.eigenvalues().tail(k).reverse().cwiseMax(0.0);
  for (Index c = 0; c < k; ++c) spectrum.axes.col(c) *= sign_of(spectrum.axes.col(c));
  return spectrum;
}

/// Coordinates of values near the end of the float range end there instead of becoming infinite.
template <class Values>
Eigen::MatrixXf rounded(const Values& values) {
  constexpr double limit = std::numeric_limits<float>::max();
  return values.cwiseMax(-limit).cwiseMin(limit).template cast<float>();
}

}  // namespace

Expected<Pca> pca(ConstMatrixView rows, const PcaOptions& options) {
  const std::size_t dim = rows.cols;
  const std::size_t k = options.components;
  if (k == 0 || k > dim) {
    return fail(ErrorKind::Usage,
                "cannot show " + std::to_string(k) + " principal components of " + std::to_string(dim) + " dimensions",
                dim == 0 ? "" : "choose 1 to " + std::to_string(dim));
  }
  VectorXd mean = column_sums(rows);
  // Doubles cannot overflow by adding floats: the sums are finite exactly if all values are.
  if (!mean.allFinite()) return fail(ErrorKind::BadInput, "a value of the table is not a finite number");
  mean *= options.center && rows.rows > 0 ? 1.0 / static_cast<double>(rows.rows) : 0.0;

  const auto spectrum = spectrum_of(rows, mean, index_of(k));
  if (!spectrum) return tl::make_unexpected(spectrum.error());

  Pca result;
  result.axes = Matrix(k, dim);
  columns_of(result.axes.view()) = spectrum->axes.cast<float>();
  result.mean.assign(mean.begin(), mean.end());
  result.explained_variance_ratio.assign(k, 0.0);
  for (std::size_t c = 0; c < k && spectrum->total > 0; ++c) {
    result.explained_variance_ratio[c] = spectrum->squares[index_of(c)] / spectrum->total;
  }
  result.coordinates = Matrix(rows.rows, k);
  auto coordinates = columns_of(result.coordinates.view());
  each_centred_block(rows, mean, [&](Index first, const auto& block) {
    auto out = coordinates.middleCols(first, block.cols());
    if (k <= 3) {  // a picture's few axes: packing the block for the general product costs more than the product
      out = rounded(spectrum->axes.transpose().lazyProduct(block).eval());
    } else {
      out = rounded(spectrum->axes.transpose() * block);
    }
  });
  return result;
}

void align_axes(Pca& next, const Matrix& previous_axes) {
  if (previous_axes.empty() || previous_axes.rows() != next.axes.rows() || previous_axes.cols() != next.axes.cols()) {
    return;
  }
  const Index k = index_of(next.axes.rows());
  auto axes = columns_of(next.axes.view());  // (dim, k)
  const MatrixXd own = axes.cast<double>();
  const MatrixXd product = columns_of(previous_axes.view()).cast<double>().transpose() * own;
  if (!product.allFinite()) return;
  // The orthogonal R that minimises |R own - previous|; reflections are welcome, they undo flipped signs.
  const Eigen::JacobiSVD<MatrixXd> svd(product, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const MatrixXd turn = svd.matrixU() * svd.matrixV().transpose();  // (k, k)

  axes = (own * turn.transpose()).cast<float>();
  auto coordinates = columns_of(next.coordinates.view());  // (k, rows)
  MatrixXd spread = MatrixXd::Zero(k, k);
  each_centred_block(next.coordinates.view(), VectorXd::Zero(k), [&](Index first, const auto& block) {
    spread += block * block.transpose();
    coordinates.middleCols(first, block.cols()) = rounded(turn * block);
  });
  // From the coordinates rather than from the shares, which alone do not tell whether the axes were turned before.
  const double total = spread.trace();
  if (total <= 0) return;
  double shown = 0;
  for (const double share : next.explained_variance_ratio) shown += share;
  const VectorXd turned = (turn * spread * turn.transpose()).diagonal();
  for (Index c = 0; c < k; ++c) {
    next.explained_variance_ratio[static_cast<std::size_t>(c)] = shown * turned[c] / total;
  }
}

}  // namespace rowlight
