#pragma once

#include <cstdint>
#include <span>

#include "core/base/matrix.h"
#include "core/layers/cost.h"
#include "core/layers/embedding_bag.h"

namespace rowlight {

// The other algorithm: the looked-up rows as a matrix product. Every multiply by zero is really done, so 0 x NaN is
// NaN, and counted. Two forms each, counted and not; no failure.

/// x (batch, N): zeros, and a one at rows[b] in row b. Pre: x.rows >= batch; 0 <= rows[b] < x.cols.
template <class Policy>
void one_hot(std::span<const std::int32_t> rows, MatrixView x, Policy policy);

/// x (bags, N): zeros, and each position's bag_shares() added at its row. Pre: shares parallel to bags.rows.
template <class Policy>
void multi_hot(const Bags& bags, std::span<const float> shares, MatrixView x, Policy policy);

/// One piece of out = x . weight, so that large products can be done bit by bit: out (batch, dim) += x (batch, N)
/// times weight (N, dim), rows first to last - 1 of the table only. Pre: out is zero before the first piece; pieces
/// come in rising order; weight and out have equal strides. The sum starts from +0, so a looked-up -0.0 comes out as
/// +0.0.
template <class Policy>
void one_hot_matmul(ConstMatrixView x, ConstMatrixView weight, std::size_t first, std::size_t last, MatrixView out,
                    Policy policy);

/// Rows first to last - 1 of grad_weight (N, dim) = xT . grad_output. Pre: these rows are zero; equal strides.
template <class Policy>
void one_hot_matmul_backward(ConstMatrixView x, ConstMatrixView grad_output, std::size_t first, std::size_t last,
                             MatrixView grad_weight, Policy policy);

}  // namespace rowlight
