#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/layers/cost.h"

namespace rowlight {

/// The options of torch.nn.Embedding under its names.
struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  ///< negative counts from the end
  std::optional<double> max_norm = {};
  double norm_type = 2;             ///< the q of the q-norm, above 0; infinity is allowed
  bool scale_grad_by_freq = false;  ///< not with `sparse`
  bool sparse = false;              ///< the gradient is (indices, values)
  bool freeze = false;              ///< from_pretrained's default: no gradient at all
  friend bool operator==(const EmbeddingOptions&, const EmbeddingOptions&) = default;
};

/// Errors: Usage, for a padding_idx outside the table of `rows`, a norm_type that is no norm, and the pair of
/// scale_grad_by_freq and sparse.
[[nodiscard]] Expected<void> validate(const EmbeddingOptions& options, std::size_t rows);

/// The padding row counted from the start. Pre: validate(options, rows).
[[nodiscard]] std::optional<std::int32_t> padding_row(const EmbeddingOptions& options, std::size_t rows);

/// The indices as rows of a table. Errors: BadInput, naming the first index outside [0, rows), its position and
/// `rows`; negative ones do not wrap around.
[[nodiscard]] Expected<std::vector<std::int32_t>> checked_rows(std::span<const std::int64_t> indices, std::size_t rows);

/// The weight (rows, dim) that torch.nn.Embedding makes for itself: N(0, 1), the padding row zero. The numbers are
/// not torch's. Pre: validate(options, rows).
[[nodiscard]] Matrix make_embedding_weight(std::size_t rows, std::size_t dim, const EmbeddingOptions& options,
                                           Random random);

// The functions below have two forms, counted and not (Policy is Uncounted or Counted). None of them fails.

/// out (batch, dim) <- weight (N, dim): out[b] = weight[rows[b]], a copy of every bit.
/// Pre: 0 <= rows[b] < N; out.rows >= batch; equal strides; out overlaps nothing.
template <class Policy>
void look_up(ConstMatrixView weight, std::span<const std::int32_t> rows, MatrixView out, Policy policy);

/// max_norm's part of the forward pass, in place: each distinct row of `rows` whose q-norm exceeds max_norm is
/// multiplied by max_norm / (norm + 1e-7). Returns the rows that were shrunk, in order of first appearance. Norms are
/// summed in double, but a sum (of squares, for q = 2) beyond float32 is infinite, as in torch: such a row becomes
/// zero.
template <class Policy>
[[nodiscard]] std::vector<std::int32_t> renormalize(MatrixView weight, std::span<const std::int32_t> rows,
                                                    double max_norm, double norm_type, Policy policy);

/// How often the row of each position occurs among `rows`. Pre: 0 <= rows[b] < table_rows.
[[nodiscard]] std::vector<std::int32_t> frequencies(std::span<const std::int32_t> rows, std::size_t table_rows);

/// The backward pass with a dense gradient: grad_weight[rows[b]] += grad_output[b] / (scale_grad_by_freq ? frequency
/// of rows[b] : 1), in rising order of b, without the padding row. Pre: grad_weight (N, dim) holds zeros (see
/// zero_fill); grad_output (batch, dim); equal strides.
template <class Policy>
void scatter_add(ConstMatrixView grad_output, std::span<const std::int32_t> rows, const EmbeddingOptions& options,
                 MatrixView grad_weight, Policy policy);

/// out[...] = 0.
template <class Policy>
void zero_fill(MatrixView out, Policy policy);

/// A gradient in coordinate form: values.row(i) belongs to table row indices[i].
struct SparseGradient {
  std::vector<std::int64_t> indices;  ///< (n)
  Matrix values;                      ///< (n, dim)
};

/// The backward pass with sparse=True: one entry for each position, duplicates kept, padding positions left out.
template <class Policy>
[[nodiscard]] SparseGradient sparse_gradient(ConstMatrixView grad_output, std::span<const std::int32_t> rows,
                                             std::optional<std::int32_t> padding, Policy policy);

/// The same gradient with ascending distinct indices; values of equal indices are summed in their order.
template <class Policy>
[[nodiscard]] SparseGradient coalesce(const SparseGradient& gradient, Policy policy);

}  // namespace rowlight
