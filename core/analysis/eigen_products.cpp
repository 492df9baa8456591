// Compiled once for each SIMD target (see CMakeLists.txt): ROWLIGHT_TARGET names the target, the compiler's flags
// choose the instructions. Eigen gets a namespace of its own in each, since the linker would otherwise keep one
// target's instructions for all of them.

#define ROWLIGHT_JOIN_(a, b) a##b
#define ROWLIGHT_JOIN(a, b) ROWLIGHT_JOIN_(a, b)
#define Eigen ROWLIGHT_JOIN(eigen_, ROWLIGHT_TARGET)

#include "core/analysis/eigen_products.h"

#include <Eigen/Core>
#include <Eigen/SparseCore>

namespace rowlight {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const RowMajor, Eigen::Unaligned, Eigen::OuterStride<>>;
using Out = Eigen::Map<RowMajor, Eigen::Unaligned, Eigen::OuterStride<>>;
using OneHot = Eigen::Map<const Eigen::SparseMatrix<float, Eigen::RowMajor, std::int32_t>>;
using Eigen::Index;

Index index(std::size_t i) { return static_cast<Index>(i); }

In in(const float* data, std::size_t rows, std::size_t cols, std::size_t stride) {
  return {data, index(rows), index(cols), Eigen::OuterStride<>(index(stride))};
}

Out out(float* data, std::size_t rows, std::size_t cols, std::size_t stride) {
  return {data, index(rows), index(cols), Eigen::OuterStride<>(index(stride))};
}

void dense(const EigenProducts::Dense& p) {
  const In b = in(p.b, p.k, p.n, p.b_stride);
  Out result = out(p.out, p.m, p.n, p.out_stride);
  if (!p.add) result.setZero();  // as Eigen does before a product
  if (p.a_transposed) {
    result.noalias() += in(p.a, p.k, p.m, p.a_stride).transpose() * b;
  } else {
    result.noalias() += in(p.a, p.m, p.k, p.a_stride) * b;
  }
}

OneHot one_hot(const EigenProducts::Sparse& p) {
  return {index(p.batch), index(p.rows), index(p.batch), p.starts, p.ids, p.values};
}

void sparse(const EigenProducts::Sparse& p) {
  out(p.out, p.batch, p.n, p.stride).noalias() = one_hot(p) * in(p.b, p.rows, p.n, p.stride);
}

void sparse_transposed_add(const EigenProducts::Sparse& p) {
  out(p.out, p.rows, p.n, p.stride).noalias() += one_hot(p).transpose() * in(p.b, p.batch, p.n, p.stride);
}

float sum(const float* numbers, std::size_t count) {
  return Eigen::Map<const Eigen::ArrayXf>(numbers, index(count)).sum();
}

}  // namespace

extern const EigenProducts ROWLIGHT_JOIN(eigen_products_, ROWLIGHT_TARGET);
constexpr EigenProducts ROWLIGHT_JOIN(eigen_products_, ROWLIGHT_TARGET){dense, sparse, sparse_transposed_add, sum};

}  // namespace rowlight
