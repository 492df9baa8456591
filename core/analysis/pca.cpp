#include "core/analysis/pca.h"

#include <algorithm>
#include <limits>

#include <Eigen/Dense>

#include "core/analysis/pca_passes.h"

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

/// Coordinates of values near the end of the float range end there instead of becoming infinite.
template <class Values>
Eigen::MatrixXf rounded(const Values& values) {
  constexpr double limit = std::numeric_limits<float>::max();
  return values.cwiseMax(-limit).cwiseMin(limit).template cast<float>();
}

}  // namespace

Expected<Pca> pca(ConstMatrixView rows, const PcaOptions& options, ThreadPool* pool) {
  if (auto valid = pca_detail::check_components(rows, options.components); !valid) {
    return tl::make_unexpected(valid.error());
  }
  auto computed = pca_detail::compute(rows, options, pool);
  if (!computed) return tl::make_unexpected(computed.error());
  return std::move(computed->result);
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
