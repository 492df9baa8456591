#pragma once

#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/layers/cost.h"

namespace rowlight {

/// torch.nn.Linear: weight is (out, in), y = x . weightT + bias. Its column i is what an Embedding stores as row i.
struct Linear {
  Matrix weight;            ///< (out, in)
  std::vector<float> bias;  ///< (out); empty: none
};

/// U(-1/sqrt(in), 1/sqrt(in)) for weight and bias, as torch draws them; the numbers are not torch's.
[[nodiscard]] Linear make_linear(std::size_t in, std::size_t out, bool bias, Random random);

/// The Linear layer without bias that computes on a one-hot input what an Embedding with `table` (N, dim) looks up:
/// its weight is the table's transpose.
[[nodiscard]] Linear linear_of_table(ConstMatrixView table);

// Two forms each, counted and not; no failure.

/// y (batch, out) = x (batch, in) . weightT + bias. Pre: y.rows == x.rows; shapes fit; y overlaps nothing.
template <class Policy>
void linear_forward(const Linear& layer, ConstMatrixView x, MatrixView y, Policy policy);

/// What linear_backward() fills in.
struct LinearGradients {
  Matrix x;                 ///< (batch, in): grad_y . weight
  Matrix weight;            ///< (out, in): grad_yT . x
  std::vector<float> bias;  ///< (out): column sums of grad_y; empty for a layer without bias
};
template <class Policy>
[[nodiscard]] LinearGradients linear_backward(const Linear& layer, ConstMatrixView x, ConstMatrixView grad_y,
                                              Policy policy);

/// out[b] += bias for every row: batch * dim adds. Pre: bias.size() == out.cols.
template <class Policy>
void add_bias(MatrixView out, std::span<const float> bias, Policy policy);

/// The gradient of such a bias: the column sums of grad_output (batch, dim), in rising order of the batch.
template <class Policy>
[[nodiscard]] std::vector<float> bias_gradient(ConstMatrixView grad_output, Policy policy);

}  // namespace rowlight
