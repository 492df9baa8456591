// Turning factor tables: whiten() and turn_to_axes() of factor_prior.h.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include <Eigen/Dense>

#include "core/simd/kernels.h"
#include "core/train/factor_prior.h"

namespace rowlight {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t most_pieces = 16;  // of a sum over rows: decides in which order it is added
constexpr std::size_t block_rows = 64;   // rows that stay in the cache
constexpr std::size_t sampled_rows = 1U << 14;
constexpr double smallest = 1e-8;  // share of the mean square below which a direction counts as empty

MatrixView first_columns(MatrixView matrix) {
  matrix.cols = std::min(matrix.cols, most_turned);
  return matrix;
}

/// Rows first, first + step, ... of `from`, their leading columns packed into `into` with padding.
MatrixView packed(ConstMatrixView from, std::size_t first, std::size_t step, std::size_t count,
                  std::vector<float>& into) {
  const std::size_t stride = padded_stride(from.cols);
  for (std::size_t r = 0; r < count; ++r) {
    const float* row = from.data + (first + r * step) * from.stride;
    std::copy_n(row, from.cols, into.data() + r * stride);
    std::fill(into.data() + r * stride + from.cols, into.data() + (r + 1) * stride, 0.0F);
  }
  return {into.data(), count, from.cols, stride};
}

bool is_zero(std::span<const float> row) {
  return std::ranges::all_of(row, [](float x) { return x == 0; });
}

/// Mean over sampled rows of row^T row.
MatrixXd mean_products(ConstMatrixView factors, ThreadPool& pool) {
  const std::size_t n = factors.cols;
  const std::size_t step = std::max<std::size_t>(factors.rows / sampled_rows, 1);
  const std::size_t samples = (factors.rows + step - 1) / step;
  const std::size_t pieces = std::clamp<std::size_t>(samples / block_rows, 1, most_pieces);
  std::vector<Matrix> sums;
  for (std::size_t i = 0; i < pieces; ++i) sums.emplace_back(n, n);
  std::vector<std::size_t> counted(pieces, 0);
  const auto work = [&](std::size_t piece) {
    const std::size_t end = samples * (piece + 1) / pieces;
    std::vector<float> buffer(block_rows * padded_stride(n));
    for (std::size_t i = samples * piece / pieces; i < end; i += block_rows) {
      const MatrixView block = packed(factors, i * step, step, std::min(block_rows, end - i), buffer);
      simd::matmul_add({block.data, 1, block.stride}, block, sums[piece].view());
      for (std::size_t r = 0; r < block.rows; ++r) counted[piece] += is_zero(block.row(r)) ? 0U : 1U;
    }
  };
  pool.parallel(pieces, std::cref(work));
  const auto size = static_cast<Eigen::Index>(n);
  MatrixXd total = MatrixXd::Zero(size, size);
  for (Eigen::Index i = 0; i < size; ++i) {
    for (Eigen::Index j = 0; j < size; ++j) {
      for (const Matrix& sum : sums) total(i, j) += sum(static_cast<std::size_t>(i), static_cast<std::size_t>(j));
    }
  }
  const std::size_t rows = std::accumulate(counted.begin(), counted.end(), std::size_t{0});
  return total / static_cast<double>(std::max<std::size_t>(rows, 1));
}

/// factors <- factors * turn.
void multiply(MatrixView factors, const MatrixXd& turn, ThreadPool& pool) {
  const std::size_t n = factors.cols;
  Matrix matrix(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      matrix(i, j) = static_cast<float>(turn(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)));
    }
  }
  constexpr std::size_t piece_rows = 32 * block_rows;
  const auto work = [&](std::size_t piece) {
    const std::size_t end = std::min(factors.rows, (piece + 1) * piece_rows);
    std::vector<float> buffer(block_rows * matrix.stride());
    std::vector<float> result(block_rows * matrix.stride());
    for (std::size_t row = piece * piece_rows; row < end; row += block_rows) {
      const std::size_t count = std::min(block_rows, end - row);
      const MatrixView block = packed(factors, row, 1, count, buffer);
      std::ranges::fill(result, 0.0F);
      simd::matmul_add({block.data, block.stride, 1}, matrix.view(), {result.data(), count, n, block.stride});
      for (std::size_t r = 0; r < count; ++r) {
        std::copy_n(result.data() + r * block.stride, n, factors.data + (row + r) * factors.stride);
      }
    }
  };
  pool.parallel((factors.rows + piece_rows - 1) / piece_rows, std::cref(work));
}

/// The lower Cholesky factor of a matrix of mean products, with a little on the diagonal where columns are empty.
MatrixXd cholesky(MatrixXd products) {
  const double mean = products.trace() / static_cast<double>(products.rows());
  products.diagonal().array() += smallest * (mean > 0 ? mean : 1);
  return products.llt().matrixL();
}

}  // namespace

void whiten(MatrixView factors, double variance, ThreadPool& pool) {
  const MatrixView columns = first_columns(factors);
  const MatrixXd lower = cholesky(mean_products(columns, pool));
  const MatrixXd identity = MatrixXd::Identity(lower.rows(), lower.cols());
  const MatrixXd turn = lower.triangularView<Eigen::Lower>().solve(identity).transpose() * std::sqrt(variance);
  multiply(columns, turn, pool);
}

// With U^T U = L L^T and L^T (V^T V) L = Q D Q^T, the tables U L^-T Q D^(1/4) and V L Q D^(-1/4) have the same
// products, and D^(1/2) as the mean products of both.
void turn_to_axes(MatrixView users, MatrixView movies, ThreadPool& pool) {
  const MatrixView u = first_columns(users);
  const MatrixView v = first_columns(movies);
  const MatrixXd lower = cholesky(mean_products(u, pool));
  MatrixXd inner = mean_products(v, pool);
  inner = lower.transpose() * inner * lower;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(inner);
  if (!inner.allFinite() || solver.info() != Eigen::Success) return;  // the tables are spoilt: the trainer says so
  const VectorXd values = solver.eigenvalues().reverse();
  const MatrixXd axes = solver.eigenvectors().rowwise().reverse();
  const double least = smallest * smallest * std::max(values(0), 1e-30);
  const VectorXd roots = values.cwiseMax(least).array().sqrt().sqrt();
  const MatrixXd identity = MatrixXd::Identity(lower.rows(), lower.cols());
  const MatrixXd inverse = lower.triangularView<Eigen::Lower>().solve(identity).transpose();
  multiply(u, inverse * axes * roots.asDiagonal(), pool);
  multiply(v, lower * axes * roots.cwiseInverse().asDiagonal(), pool);
}

}  // namespace rowlight
