#include "core/layers/one_hot.h"

#include <algorithm>

#include "core/simd/kernels.h"

namespace rowlight {

namespace {

/// Rows of the right operand that stay in the first cache while all rows of the left one pass over them.
constexpr std::size_t block_floats = 4096;

/// Zeros among columns first to last - 1 of x.
std::uint64_t count_zeros(ConstMatrixView x, std::size_t first, std::size_t last) {
  std::uint64_t zeros = 0;
  for (std::size_t b = 0; b < x.rows; ++b) {
    const auto part = x.row(b).subspan(first, last - first);
    zeros += static_cast<std::uint64_t>(std::ranges::count(part, 0.0F));
  }
  return zeros;
}

/// Fills a matrix with zeros and adds; what both encodings cost.
template <class Policy>
void clear(MatrixView x, [[maybe_unused]] Policy policy) {
  zero_fill(x, policy);
  if constexpr (Policy::counts) policy.cost.bytes_allocated += std::uint64_t{x.rows} * x.cols * sizeof(float);
}

}  // namespace

template <class Policy>
void one_hot(std::span<const std::int32_t> rows, MatrixView x, Policy policy) {
  clear(x, policy);
  for (std::size_t b = 0; b < rows.size(); ++b) x(b, static_cast<std::size_t>(rows[b])) = 1.0F;
}

template <class Policy>
void multi_hot(const Bags& bags, std::span<const float> shares, MatrixView x, Policy policy) {
  clear(x, policy);
  for (std::size_t bag = 0; bag < bags.count(); ++bag) {
    for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p) {
      x(bag, static_cast<std::size_t>(bags.rows[p])) += shares[p];
    }
  }
}

template <class Policy>
void one_hot_matmul(ConstMatrixView x, ConstMatrixView weight, std::size_t first, std::size_t last, MatrixView out,
                    [[maybe_unused]] Policy policy) {
  const std::size_t block = std::max<std::size_t>(1, block_floats / std::max<std::size_t>(1, weight.stride));
  for (std::size_t n = first; n < last; n += block) {
    const std::size_t end = std::min(last, n + block);
    const ConstMatrixView rows{weight.data + n * weight.stride, end - n, weight.cols, weight.stride};
    simd::matmul_add({x.data + n, x.stride, 1}, rows, out);
    if constexpr (Policy::counts) {
      const std::uint64_t products = std::uint64_t{out.rows} * (end - n) * weight.cols;
      policy.cost.multiplies += products;
      policy.cost.multiplies_by_zero += count_zeros(x, n, end) * weight.cols;
      // The first product of a sum is not added to anything.
      policy.cost.adds += products - (n == 0 ? std::uint64_t{out.rows} * weight.cols : 0);
      policy.cost.bytes_read += std::uint64_t{end - n} * weight.cols * sizeof(float);
      if (n == 0) policy.cost.bytes_written += std::uint64_t{out.rows} * weight.cols * sizeof(float);
    }
  }
  clear_padding(out);  // shares of bags may be NaN or Inf
}

template <class Policy>
void one_hot_matmul_backward(ConstMatrixView x, ConstMatrixView grad_output, std::size_t first, std::size_t last,
                             MatrixView grad_weight, [[maybe_unused]] Policy policy) {
  const std::size_t batch = grad_output.rows;
  const MatrixView rows{grad_weight.data + first * grad_weight.stride, last - first, grad_weight.cols,
                        grad_weight.stride};
  simd::matmul_add({x.data + first, 1, x.stride}, grad_output, rows);
  clear_padding(rows);
  if constexpr (Policy::counts) {
    const std::uint64_t outputs = std::uint64_t{last - first} * grad_weight.cols;
    policy.cost.multiplies += outputs * batch;
    policy.cost.multiplies_by_zero += count_zeros(x, first, last) * grad_weight.cols;
    policy.cost.adds += outputs * (batch - std::min<std::size_t>(batch, 1));
    if (first == 0) policy.cost.bytes_read += std::uint64_t{batch} * grad_output.cols * sizeof(float);
    policy.cost.bytes_written += outputs * sizeof(float);
    policy.cost.bytes_allocated += outputs * sizeof(float);
  }
}

#define ROWLIGHT_INSTANTIATE(Policy)                                                                            \
  template void one_hot(std::span<const std::int32_t>, MatrixView, Policy);                                     \
  template void multi_hot(const Bags&, std::span<const float>, MatrixView, Policy);                             \
  template void one_hot_matmul(ConstMatrixView, ConstMatrixView, std::size_t, std::size_t, MatrixView, Policy); \
  template void one_hot_matmul_backward(ConstMatrixView, ConstMatrixView, std::size_t, std::size_t, MatrixView, Policy);
ROWLIGHT_INSTANTIATE(Uncounted)
ROWLIGHT_INSTANTIATE(Counted)
#undef ROWLIGHT_INSTANTIATE

}  // namespace rowlight
