#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/layers/embedding.h"

namespace rowlight {

enum class BagMode { Sum, Mean, Max };

/// "sum", "mean", "max".
[[nodiscard]] std::string_view name_of(BagMode mode);

/// The options of torch.nn.EmbeddingBag: those of its table, and how a bag is reduced.
struct EmbeddingBagOptions {
  EmbeddingOptions table;            ///< with max neither `sparse` nor `scale_grad_by_freq`
  BagMode mode = BagMode::Mean;      ///< torch's default
  bool include_last_offset = false;  ///< the last offset is the end of the last bag
  friend bool operator==(const EmbeddingBagOptions&, const EmbeddingBagOptions&) = default;
};

/// Bags of table rows: bag i holds rows[begin[i]] to rows[begin[i + 1] - 1], padding included.
struct Bags {
  std::vector<std::int32_t> rows;
  std::vector<std::size_t> begin;  ///< bags + 1, ascending from 0
  std::vector<float> weights;      ///< per_sample_weights, parallel to `rows`; empty: ones
  [[nodiscard]] std::size_t count() const { return begin.size() - 1; }
};

/// What torch.nn.EmbeddingBag refuses. Errors: Usage.
[[nodiscard]] Expected<void> validate(const EmbeddingBagOptions& options, std::size_t table_rows,
                                      bool has_per_sample_weights);

/// Checks and sorts out the input of a bag layer. `offsets` say where each bag begins in `indices` (with
/// include_last_offset the last one is the end); empty offsets with indices mean one bag of them all.
/// Errors: those of validate() and checked_rows(); BadInput when the offsets do not begin with 0, descend or pass
/// the end, when there are none with include_last_offset, and when there is not one weight for each index.
[[nodiscard]] Expected<Bags> make_bags(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                                       std::span<const float> per_sample_weights, const EmbeddingBagOptions& options,
                                       std::size_t table_rows);

/// What each position contributes with: 1, 1 / (size of its bag without padding), or its weight; 0 for padding. This
/// is what stands in the one-hot matrix in place of the ones. Pre: the mode is not max.
[[nodiscard]] std::vector<float> bag_shares(const Bags& bags, const EmbeddingBagOptions& options,
                                            std::size_t table_rows);

/// For max: the table row that each output number came from, (bags, dim) in row-major order; -1 for an empty bag.
using MaxRows = std::vector<std::int32_t>;

// Two forms each, counted and not; no failure.

/// out (bags, dim): the sum, mean or maximum of each bag's rows, without padding; zeros for an empty bag. With max the
/// first of equal numbers wins and `max_rows` is filled; else it may be null. Pre: out.rows >= bags; equal strides.
template <class Policy>
void bag_forward(ConstMatrixView weight, const Bags& bags, const EmbeddingBagOptions& options, MatrixView out,
                 MaxRows* max_rows, Policy policy);

/// grad_weight (N, dim) += the gradient, padding left out. Pre: grad_weight holds zeros; grad_output (bags, dim);
/// max_rows as bag_forward() left it for max, else ignored.
template <class Policy>
void bag_scatter_add(ConstMatrixView grad_output, const Bags& bags, const EmbeddingBagOptions& options,
                     const MaxRows& max_rows, MatrixView grad_weight, Policy policy);

/// The gradient with sparse=True: an entry for each position that is not padding. Pre: the mode is not max.
template <class Policy>
[[nodiscard]] SparseGradient bag_sparse_gradient(ConstMatrixView grad_output, const Bags& bags,
                                                 const EmbeddingBagOptions& options, std::size_t table_rows,
                                                 Policy policy);

/// d loss / d per_sample_weights: the product of each position's row with its bag's gradient; 0 for padding.
template <class Policy>
[[nodiscard]] std::vector<float> per_sample_weight_gradient(ConstMatrixView grad_output, ConstMatrixView weight,
                                                            const Bags& bags, const EmbeddingBagOptions& options,
                                                            Policy policy);

}  // namespace rowlight
