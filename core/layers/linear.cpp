#include "core/layers/linear.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/simd/kernels.h"

namespace rowlight {

namespace {

std::uint64_t zeros_of(ConstMatrixView x) {
  std::uint64_t zeros = 0;
  for (std::size_t b = 0; b < x.rows; ++b) zeros += static_cast<std::uint64_t>(std::ranges::count(x.row(b), 0.0F));
  return zeros;
}

}  // namespace

Linear make_linear(std::size_t in, std::size_t out, bool bias, Random random) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  const auto draw = [&] { return static_cast<float>((2 * random.uniform() - 1) * bound); };
  Linear layer{Matrix(out, in), std::vector<float>(bias ? out : 0)};
  for (std::size_t r = 0; r < out; ++r) {
    for (float& x : layer.weight.row(r)) x = draw();
  }
  for (float& x : layer.bias) x = draw();
  return layer;
}

Linear linear_of_table(ConstMatrixView table) { return {transposed(table), {}}; }

template <class Policy>
void linear_forward(const Linear& layer, ConstMatrixView x, MatrixView y, [[maybe_unused]] Policy policy) {
  assert(x.cols == layer.weight.cols() && y.cols == layer.weight.rows() && y.rows == x.rows);
  // Row by row of x against all rows of weight: each output number is the dot product of two rows.
  std::vector<std::int32_t> same(layer.weight.rows());
  std::vector<std::int32_t> all(layer.weight.rows());
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t b = 0; b < x.rows; ++b) {
    std::ranges::fill(same, static_cast<std::int32_t>(b));
    simd::dot_of_rows(x, same, layer.weight.view(), all, y.row(b));
  }
  if constexpr (Policy::counts) {
    const std::uint64_t outputs = std::uint64_t{y.rows} * y.cols;
    policy.cost.multiplies += outputs * x.cols;
    policy.cost.adds += outputs * (x.cols - (x.cols > 0 ? 1 : 0));
    policy.cost.bytes_read += (std::uint64_t{x.rows} * x.cols + std::uint64_t{layer.weight.rows()} * x.cols) * 4;
    policy.cost.bytes_written += outputs * sizeof(float);
    policy.cost.multiplies_by_zero += zeros_of(x) * y.cols;
  }
  if (!layer.bias.empty()) add_bias(y, layer.bias, policy);
}

template <class Policy>
LinearGradients linear_backward(const Linear& layer, ConstMatrixView x, ConstMatrixView grad_y,
                                [[maybe_unused]] Policy policy) {
  const std::size_t batch = x.rows;
  LinearGradients gradients{Matrix(batch, x.cols), Matrix(layer.weight.rows(), x.cols), {}};
  simd::matmul_add({grad_y.data, grad_y.stride, 1}, layer.weight.view(), gradients.x.view());
  simd::matmul_add({grad_y.data, 1, grad_y.stride}, x, gradients.weight.view());
  clear_padding(gradients.x.view());  // grad_y may hold NaN or Inf
  clear_padding(gradients.weight.view());
  if constexpr (Policy::counts) {
    const std::uint64_t inputs = std::uint64_t{batch} * x.cols;
    const std::uint64_t weights = std::uint64_t{grad_y.cols} * x.cols;
    policy.cost.multiplies += inputs * grad_y.cols + weights * batch;
    policy.cost.multiplies_by_zero += zeros_of(x) * grad_y.cols;
    policy.cost.adds += inputs * (grad_y.cols - (grad_y.cols > 0 ? 1 : 0)) + weights * (batch - (batch > 0 ? 1 : 0));
    policy.cost.bytes_read += (2 * std::uint64_t{batch} * grad_y.cols + weights + inputs) * sizeof(float);
    policy.cost.bytes_written += (inputs + weights) * sizeof(float);
    policy.cost.bytes_allocated += (inputs + weights) * sizeof(float);
  }
  if (!layer.bias.empty()) gradients.bias = bias_gradient(grad_y, policy);
  return gradients;
}

template <class Policy>
void add_bias(MatrixView out, std::span<const float> bias, [[maybe_unused]] Policy policy) {
  assert(bias.size() == out.cols);
  for (std::size_t b = 0; b < out.rows; ++b) {
    const std::span<float> row = out.row(b);
    for (std::size_t k = 0; k < row.size(); ++k) row[k] += bias[k];
  }
  if constexpr (Policy::counts) {
    const std::uint64_t numbers = std::uint64_t{out.rows} * out.cols;
    policy.cost.adds += numbers;
    policy.cost.bytes_read += numbers * sizeof(float) + bias.size_bytes();
    policy.cost.bytes_written += numbers * sizeof(float);
  }
}

template <class Policy>
std::vector<float> bias_gradient(ConstMatrixView grad_output, [[maybe_unused]] Policy policy) {
  std::vector<float> sums(grad_output.cols, 0.0F);
  for (std::size_t b = 0; b < grad_output.rows; ++b) {
    const auto row = grad_output.row(b);
    for (std::size_t k = 0; k < row.size(); ++k) sums[k] += row[k];
  }
  if constexpr (Policy::counts) {
    const std::uint64_t dim = grad_output.cols;
    policy.cost.adds += dim * (grad_output.rows - (grad_output.rows > 0 ? 1 : 0));
    policy.cost.bytes_read += grad_output.rows * dim * sizeof(float);
    policy.cost.bytes_written += dim * sizeof(float);
    policy.cost.bytes_allocated += dim * sizeof(float);
  }
  return sums;
}

#define ROWLIGHT_INSTANTIATE(Policy)                                                                 \
  template void linear_forward(const Linear&, ConstMatrixView, MatrixView, Policy);                  \
  template LinearGradients linear_backward(const Linear&, ConstMatrixView, ConstMatrixView, Policy); \
  template void add_bias(MatrixView, std::span<const float>, Policy);                                \
  template std::vector<float> bias_gradient(ConstMatrixView, Policy);
ROWLIGHT_INSTANTIATE(Uncounted)
ROWLIGHT_INSTANTIATE(Counted)
#undef ROWLIGHT_INSTANTIATE

}  // namespace rowlight
