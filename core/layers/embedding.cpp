#include "core/layers/embedding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_set>

#include "core/base/text.h"
#include "core/simd/kernels.h"

namespace rowlight {

namespace {

/// In double, but out of float32's range where torch's float32 sums are: beyond it infinite, below it zero.
double in_float_range(double sum) {
  constexpr double most = std::numeric_limits<float>::max();
  return sum > most ? std::numeric_limits<double>::infinity() : double{static_cast<float>(sum)};
}

/// The q-norm of a row.
double norm_of(std::span<const float> row, double q) {
  if (std::isinf(q)) {
    double most = 0;
    for (const float x : row) most = std::isnan(x) ? NAN : std::max(most, std::abs(double{x}));
    return most;
  }
  double sum = 0;
  if (q == 1) {
    for (const float x : row) sum += std::abs(double{x});
    return in_float_range(sum);
  }
  if (q == 2) {
    for (const float x : row) sum += double{x} * x;
    return std::sqrt(in_float_range(sum));
  }
  for (const float x : row) sum += std::pow(std::abs(double{x}), q);
  return std::pow(in_float_range(sum), 1 / q);
}

}  // namespace

Expected<void> validate(const EmbeddingOptions& options, std::size_t rows) {
  const auto n = static_cast<std::int64_t>(rows);
  if (options.padding_idx && (*options.padding_idx < -n || *options.padding_idx >= n)) {
    return fail_at("padding_idx", ErrorKind::Usage,
                   "padding_idx " + std::to_string(*options.padding_idx) + " is outside the table of " +
                       std::to_string(rows) + " rows",
                   n == 0 ? std::string("a table of 0 rows has no padding row")
                          : "it must be from -" + std::to_string(rows) + " to " + std::to_string(n - 1));
  }
  if (!(options.norm_type > 0)) {
    return fail_at("norm_type", ErrorKind::Usage, "norm_type is " + shortest(options.norm_type),
                   "it must be above 0, or inf");
  }
  if (options.max_norm && std::isnan(*options.max_norm)) {
    return fail_at("max_norm", ErrorKind::Usage, "max_norm is not a number", "give a number, or leave it out");
  }
  if (options.scale_grad_by_freq && options.sparse) {
    return fail_at("scale_grad_by_freq", ErrorKind::Usage, "scale_grad_by_freq cannot be used with sparse",
                   "sparse gradients keep every position apart, so nothing counts them: switch one of the two off");
  }
  return {};
}

std::optional<std::int32_t> padding_row(const EmbeddingOptions& options, std::size_t rows) {
  if (!options.padding_idx) return {};
  const std::int64_t p = *options.padding_idx;
  return static_cast<std::int32_t>(p < 0 ? p + static_cast<std::int64_t>(rows) : p);
}

Expected<std::vector<std::int32_t>> checked_rows(std::span<const std::int64_t> indices, std::size_t rows) {
  std::vector<std::int32_t> checked;
  checked.reserve(indices.size());
  for (const std::int64_t index : indices) {
    if (index < 0 || static_cast<std::uint64_t>(index) >= rows) {
      return fail_at(
          "indices", ErrorKind::BadInput,
          "index " + std::to_string(index) + " at position " + std::to_string(checked.size()) + " is outside the table",
          rows == 0 ? "a table of 0 rows has no valid index"
                    : "a table of " + std::to_string(rows) + " rows has the indices 0 to " + std::to_string(rows - 1));
    }
    checked.push_back(static_cast<std::int32_t>(index));
  }
  return checked;
}

Matrix make_embedding_weight(std::size_t rows, std::size_t dim, const EmbeddingOptions& options, Random random) {
  Matrix weight(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : weight.row(r)) x = static_cast<float>(random.normal());
  }
  if (const auto padding = padding_row(options, rows)) {
    std::ranges::fill(weight.row(static_cast<std::size_t>(*padding)), 0.0F);
  }
  return weight;
}

template <class Policy>
void look_up(ConstMatrixView weight, std::span<const std::int32_t> rows, MatrixView out,
             [[maybe_unused]] Policy policy) {
  simd::gather_rows(weight, rows, out);
  if constexpr (Policy::counts) {
    const std::uint64_t bytes = std::uint64_t{rows.size()} * weight.cols * sizeof(float);
    policy.cost.bytes_read += bytes;
    policy.cost.bytes_written += bytes;
  }
}

template <class Policy>
std::vector<std::int32_t> renormalize(MatrixView weight, std::span<const std::int32_t> rows, double max_norm,
                                      double norm_type, [[maybe_unused]] Policy policy) {
  std::vector<std::int32_t> shrunk;
  std::unordered_set<std::int32_t> seen;
  for (const std::int32_t index : rows) {
    if (!seen.insert(index).second) continue;
    const std::span<float> row = weight.row(static_cast<std::size_t>(index));
    const double norm = norm_of(row, norm_type);
    if constexpr (Policy::counts) {
      policy.cost.bytes_read += row.size_bytes();
      policy.cost.multiplies += row.size();
      policy.cost.adds += row.empty() ? 0 : row.size() - 1;
    }
    if (!(norm > max_norm)) continue;
    constexpr double guard = 1e-7;  // torch's, against a norm of zero
    const auto scale = static_cast<float>(max_norm / (norm + guard));
    for (float& x : row) x *= scale;
    shrunk.push_back(index);
    if constexpr (Policy::counts) {
      policy.cost.multiplies += row.size();
      policy.cost.bytes_written += row.size_bytes();
    }
  }
  return shrunk;
}

std::vector<std::int32_t> frequencies(std::span<const std::int32_t> rows, std::size_t table_rows) {
  std::vector<std::int32_t> counts(table_rows, 0);
  for (const std::int32_t row : rows) ++counts[static_cast<std::size_t>(row)];
  std::vector<std::int32_t> by_position;
  by_position.reserve(rows.size());
  for (const std::int32_t row : rows) by_position.push_back(counts[static_cast<std::size_t>(row)]);
  return by_position;
}

template <class Policy>
void scatter_add(ConstMatrixView grad_output, std::span<const std::int32_t> rows, const EmbeddingOptions& options,
                 MatrixView grad_weight, [[maybe_unused]] Policy policy) {
  const auto padding = padding_row(options, grad_weight.rows);
  std::vector<std::int32_t> frequency;
  if (options.scale_grad_by_freq) frequency = frequencies(rows, grad_weight.rows);
  std::uint64_t added = 0;
  const auto add = [&](std::size_t first, std::size_t count) {
    std::vector<float> scale(count, 1.0F);
    for (std::size_t i = 0; options.scale_grad_by_freq && i < count; ++i) {
      scale[i] = 1.0F / static_cast<float>(frequency[first + i]);
    }
    ConstMatrixView part = grad_output;
    part.data += first * part.stride;
    part.rows = count;
    simd::scatter_add_scaled(scale, part, rows.subspan(first, count), grad_weight);
    added += count;
  };
  // Stretches between padding positions go through the kernel in one call.
  std::size_t first = 0;
  for (std::size_t b = 0; b <= rows.size(); ++b) {
    if (b < rows.size() && rows[b] != padding) continue;
    if (b > first) add(first, b - first);
    first = b + 1;
  }
  if constexpr (Policy::counts) {
    const std::uint64_t numbers = added * grad_weight.cols;
    policy.cost.adds += numbers;
    if (options.scale_grad_by_freq) policy.cost.multiplies += numbers;
    policy.cost.bytes_read += 2 * numbers * sizeof(float);  // the gradient's row and the sum so far
    policy.cost.bytes_written += numbers * sizeof(float);
  }
}

template <class Policy>
void zero_fill(MatrixView out, [[maybe_unused]] Policy policy) {
  std::ranges::fill(out.flat(), 0.0F);
  if constexpr (Policy::counts) policy.cost.bytes_written += std::uint64_t{out.rows} * out.cols * sizeof(float);
}

template <class Policy>
SparseGradient sparse_gradient(ConstMatrixView grad_output, std::span<const std::int32_t> rows,
                               std::optional<std::int32_t> padding, [[maybe_unused]] Policy policy) {
  const auto n =
      static_cast<std::size_t>(std::ranges::count_if(rows, [&](std::int32_t row) { return row != padding; }));
  SparseGradient gradient{{}, Matrix(n, grad_output.cols)};
  gradient.indices.reserve(n);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    if (rows[b] == padding) continue;
    std::ranges::copy(grad_output.row(b), gradient.values.row(gradient.indices.size()).begin());
    gradient.indices.push_back(rows[b]);
  }
  if constexpr (Policy::counts) {
    const std::uint64_t values = std::uint64_t{n} * grad_output.cols * sizeof(float);
    const std::uint64_t indices = std::uint64_t{n} * sizeof(std::int64_t);
    policy.cost.bytes_read += values;
    policy.cost.bytes_written += values + indices;
    policy.cost.bytes_allocated += values + indices;
  }
  return gradient;
}

template <class Policy>
SparseGradient coalesce(const SparseGradient& gradient, [[maybe_unused]] Policy policy) {
  std::vector<std::size_t> order(gradient.indices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return gradient.indices[i]; });
  SparseGradient summed;
  std::vector<std::int32_t> slots(order.size());
  for (const std::size_t i : order) {
    if (summed.indices.empty() || summed.indices.back() != gradient.indices[i]) {
      summed.indices.push_back(gradient.indices[i]);
    }
    slots[i] = static_cast<std::int32_t>(summed.indices.size() - 1);
  }
  const std::size_t dim = gradient.values.cols();
  summed.values = Matrix(summed.indices.size(), dim);
  const std::vector<float> ones(order.size(), 1.0F);
  simd::scatter_add_scaled(ones, gradient.values.view(), slots, summed.values.view());
  if constexpr (Policy::counts) {
    const std::uint64_t row_bytes = dim * sizeof(float) + sizeof(std::int64_t);
    policy.cost.adds += (order.size() - summed.indices.size()) * dim;
    policy.cost.bytes_read += order.size() * row_bytes;
    policy.cost.bytes_written += summed.indices.size() * row_bytes;
    policy.cost.bytes_allocated += summed.indices.size() * row_bytes;
  }
  return summed;
}

#define ROWLIGHT_INSTANTIATE(Policy)                                                                                   \
  template void look_up(ConstMatrixView, std::span<const std::int32_t>, MatrixView, Policy);                           \
  template std::vector<std::int32_t> renormalize(MatrixView, std::span<const std::int32_t>, double, double, Policy);   \
  template void scatter_add(ConstMatrixView, std::span<const std::int32_t>, const EmbeddingOptions&, MatrixView,       \
                            Policy);                                                                                   \
  template void zero_fill(MatrixView, Policy);                                                                         \
  template SparseGradient sparse_gradient(ConstMatrixView, std::span<const std::int32_t>, std::optional<std::int32_t>, \
                                          Policy);                                                                     \
  template SparseGradient coalesce(const SparseGradient&, Policy);
ROWLIGHT_INSTANTIATE(Uncounted)
ROWLIGHT_INSTANTIATE(Counted)
#undef ROWLIGHT_INSTANTIATE

}  // namespace rowlight
