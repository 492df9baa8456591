#include "core/layers/embedding_bag.h"

#include <algorithm>
#include <string>

#include "core/simd/kernels.h"

namespace rowlight {

namespace {

std::string at(std::size_t position) { return " at position " + std::to_string(position); }

/// The bags without their padding. Where there is none, they are not copied.
class Members {
 public:
  Members(const Bags& bags, std::optional<std::int32_t> padding) : rows_{bags.rows, bags.begin, bags.weights} {
    if (!padding || std::ranges::find(bags.rows, *padding) == bags.rows.end()) return;
    kept_.begin.push_back(0);
    for (std::size_t bag = 0; bag < bags.count(); ++bag) {
      for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p) {
        if (bags.rows[p] == padding) continue;
        kept_.rows.push_back(bags.rows[p]);
        if (!bags.weights.empty()) kept_.weights.push_back(bags.weights[p]);
      }
      kept_.begin.push_back(kept_.rows.size());
    }
    rows_ = {kept_.rows, kept_.begin, kept_.weights};
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  [[nodiscard]] const simd::BagRows& all() const { return rows_; }
  [[nodiscard]] std::span<const std::int32_t> of(std::size_t bag) const {
    return rows_.ids.subspan(rows_.begin[bag], rows_.begin[bag + 1] - rows_.begin[bag]);
  }

 private:
  Bags kept_;
  simd::BagRows rows_;
};

void largest_of_bag(ConstMatrixView weight, std::span<const std::int32_t> rows, std::span<float> to,
                    std::span<std::int32_t> max_rows) {
  std::ranges::copy(weight.row(static_cast<std::size_t>(rows[0])), to.begin());
  std::ranges::fill(max_rows, rows[0]);
  for (const std::int32_t index : rows.subspan(1)) {
    const auto row = weight.row(static_cast<std::size_t>(index));
    for (std::size_t k = 0; k < weight.cols; ++k) {
      if (!(row[k] > to[k])) continue;
      to[k] = row[k];
      if (!max_rows.empty()) max_rows[k] = index;
    }
  }
}

}  // namespace

std::string_view name_of(BagMode mode) {
  switch (mode) {
    case BagMode::Sum: return "sum";
    case BagMode::Mean: return "mean";
    case BagMode::Max: return "max";
  }
  return "mean";
}

Expected<void> validate(const EmbeddingBagOptions& options, std::size_t table_rows, bool has_per_sample_weights) {
  if (auto valid = validate(options.table, table_rows); !valid) return valid;
  if (options.mode == BagMode::Max && options.table.sparse) {
    return fail_at("sparse", ErrorKind::Usage, "sparse cannot be used with bags of mode max",
                   "use sum or mean, or switch sparse off");
  }
  if (options.mode == BagMode::Max && options.table.scale_grad_by_freq) {
    return fail_at("scale_grad_by_freq", ErrorKind::Usage, "scale_grad_by_freq cannot be used with bags of mode max",
                   "use sum or mean, or switch it off");
  }
  if (options.mode != BagMode::Sum && has_per_sample_weights) {
    return fail_at("per_sample_weights", ErrorKind::Usage,
                   "per-sample weights cannot be used with bags of mode " + std::string(name_of(options.mode)),
                   "only sum takes weights");
  }
  return {};
}

Expected<Bags> make_bags(std::span<const std::int64_t> indices, std::span<const std::int64_t> offsets,
                         std::span<const float> per_sample_weights, const EmbeddingBagOptions& options,
                         std::size_t table_rows) {
  if (auto valid = validate(options, table_rows, !per_sample_weights.empty()); !valid) {
    return tl::make_unexpected(valid.error());
  }
  auto rows = checked_rows(indices, table_rows);
  if (!rows) return tl::make_unexpected(rows.error());
  if (!per_sample_weights.empty() && per_sample_weights.size() != indices.size()) {
    return fail_at("per_sample_weights", ErrorKind::BadInput,
                   "there are " + std::to_string(per_sample_weights.size()) + " per-sample weights for " +
                       std::to_string(indices.size()) + " indices",
                   "give one weight for each index");
  }
  Bags bags{std::move(*rows), {}, {per_sample_weights.begin(), per_sample_weights.end()}};
  if (offsets.empty()) {
    if (options.include_last_offset) {
      return fail_at("offsets", ErrorKind::BadInput, "there are no offsets",
                     "with include_last_offset the end of the last bag is at least given");
    }
    bags.begin = {0};
    if (!indices.empty()) bags.begin.push_back(indices.size());
    return bags;
  }
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const std::string what = "offset " + std::to_string(offsets[i]) + at(i);
    if (i == 0 && offsets[0] != 0) {
      return fail_at("offsets", ErrorKind::BadInput, what + " is not 0", "the first bag begins with the first index");
    }
    if (i > 0 && offsets[i] < offsets[i - 1]) {
      return fail_at("offsets", ErrorKind::BadInput,
                     what + " is below the one before it, " + std::to_string(offsets[i - 1]),
                     "offsets must ascend; equal ones make an empty bag");
    }
    if (offsets[i] > static_cast<std::int64_t>(indices.size())) {
      return fail_at("offsets", ErrorKind::BadInput,
                     what + " is beyond the " + std::to_string(indices.size()) + " indices",
                     "an offset is at most the number of indices");
    }
    bags.begin.push_back(static_cast<std::size_t>(offsets[i]));
  }
  if (!options.include_last_offset) bags.begin.push_back(indices.size());
  return bags;
}

std::vector<float> bag_shares(const Bags& bags, const EmbeddingBagOptions& options, std::size_t table_rows) {
  assert(options.mode != BagMode::Max);
  const auto padding = padding_row(options.table, table_rows);
  std::vector<float> shares(bags.rows.size(), 0.0F);
  for (std::size_t bag = 0; bag < bags.count(); ++bag) {
    const auto first = bags.rows.begin() + static_cast<std::ptrdiff_t>(bags.begin[bag]);
    const auto last = bags.rows.begin() + static_cast<std::ptrdiff_t>(bags.begin[bag + 1]);
    const auto size = std::count_if(first, last, [&](std::int32_t row) { return row != padding; });
    for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p) {
      if (bags.rows[p] == padding) continue;
      shares[p] = options.mode == BagMode::Mean ? 1.0F / static_cast<float>(size)
                  : bags.weights.empty()        ? 1.0F
                                                : bags.weights[p];
    }
  }
  return shares;
}

template <class Policy>
void bag_forward(ConstMatrixView weight, const Bags& bags, const EmbeddingBagOptions& options, MatrixView out,
                 MaxRows* max_rows, [[maybe_unused]] Policy policy) {
  const Members members(bags, padding_row(options.table, weight.rows));
  const bool is_max = options.mode == BagMode::Max;
  if (max_rows) max_rows->assign(bags.count() * weight.cols, -1);
  if (!is_max) simd::sum_bags(weight, members.all(), out);
  for (std::size_t bag = 0; bag < bags.count(); ++bag) {
    const std::span<const std::int32_t> rows = members.of(bag);
    const std::size_t n = rows.size();
    const std::span<float> to = out.padded_row(bag);
    if (is_max) {
      std::ranges::fill(to, 0.0F);
      if (n > 0) {
        largest_of_bag(
            weight, rows, to,
            max_rows ? std::span(*max_rows).subspan(bag * weight.cols, weight.cols) : std::span<std::int32_t>());
      }
    } else if (options.mode == BagMode::Mean && n > 0) {
      const float share = 1.0F / static_cast<float>(n);
      for (float& x : to) x *= share;
    }
    if (!bags.weights.empty()) std::ranges::fill(to.subspan(weight.cols), 0.0F);  // NaN, where a weight is not finite
    if constexpr (Policy::counts) {
      const std::uint64_t numbers = std::uint64_t{n} * weight.cols;
      policy.cost.bytes_read += numbers * sizeof(float);
      policy.cost.bytes_written += weight.cols * sizeof(float);
      if (is_max || n == 0) continue;  // comparing is neither
      policy.cost.adds += numbers - weight.cols;
      policy.cost.multiplies += bags.weights.empty() ? 0 : numbers;
      policy.cost.multiplies += options.mode == BagMode::Mean ? weight.cols : 0;
    }
  }
}

template <class Policy>
void bag_scatter_add(ConstMatrixView grad_output, const Bags& bags, const EmbeddingBagOptions& options,
                     const MaxRows& max_rows, MatrixView grad_weight, [[maybe_unused]] Policy policy) {
  const std::size_t dim = grad_weight.cols;
  std::uint64_t added = 0;
  bool multiplies = false;
  if (options.mode == BagMode::Max) {
    for (std::size_t bag = 0; bag < bags.count(); ++bag) {
      for (std::size_t k = 0; k < dim; ++k) {
        const std::int32_t row = max_rows[bag * dim + k];
        if (row < 0) continue;
        grad_weight(static_cast<std::size_t>(row), k) += grad_output(bag, k);
        ++added;
      }
    }
  } else {
    const auto padding = padding_row(options.table, grad_weight.rows);
    std::vector<float> shares = bag_shares(bags, options, grad_weight.rows);
    std::vector<std::int32_t> frequency;
    if (options.table.scale_grad_by_freq) frequency = frequencies(bags.rows, grad_weight.rows);
    for (std::size_t p = 0; p < frequency.size(); ++p) shares[p] /= static_cast<float>(frequency[p]);
    multiplies = !bags.weights.empty() || options.mode == BagMode::Mean || !frequency.empty();
    for (std::size_t bag = 0; bag < bags.count(); ++bag) {
      ConstMatrixView row = grad_output;
      row.data += bag * row.stride;
      row.rows = 1;
      for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p) {
        if (bags.rows[p] == padding) continue;
        simd::scatter_add_scaled(std::span(shares).subspan(p, 1), row, std::span(bags.rows).subspan(p, 1), grad_weight);
        const auto to = grad_weight.padded_row(static_cast<std::size_t>(bags.rows[p]));
        std::ranges::fill(to.subspan(dim), 0.0F);
        added += dim;
      }
    }
  }
  if constexpr (Policy::counts) {
    policy.cost.adds += added;
    if (multiplies) policy.cost.multiplies += added;
    policy.cost.bytes_read += 2 * added * sizeof(float);
    policy.cost.bytes_written += added * sizeof(float);
  }
}

template <class Policy>
SparseGradient bag_sparse_gradient(ConstMatrixView grad_output, const Bags& bags, const EmbeddingBagOptions& options,
                                   std::size_t table_rows, [[maybe_unused]] Policy policy) {
  assert(options.mode != BagMode::Max);
  const std::vector<float> shares = bag_shares(bags, options, table_rows);
  const bool multiplies = !bags.weights.empty() || options.mode == BagMode::Mean;
  Matrix expanded(bags.rows.size(), grad_output.cols);  // each position's share of its bag's gradient
  std::size_t used = 0;
  for (std::size_t bag = 0; bag < bags.count(); ++bag) {
    for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p, ++used) {
      std::ranges::transform(grad_output.row(bag), expanded.row(p).begin(),
                             [&](float g) { return multiplies ? shares[p] * g : g; });
    }
  }
  ConstMatrixView view = expanded.view();
  view.rows = used;
  const std::span<const std::int32_t> rows = std::span(bags.rows).first(used);
  const SparseGradient gradient = sparse_gradient(view, rows, padding_row(options.table, table_rows), policy);
  if constexpr (Policy::counts) {
    if (multiplies) policy.cost.multiplies += std::uint64_t{gradient.indices.size()} * grad_output.cols;
  }
  return gradient;
}

template <class Policy>
std::vector<float> per_sample_weight_gradient(ConstMatrixView grad_output, ConstMatrixView weight, const Bags& bags,
                                              const EmbeddingBagOptions& options, [[maybe_unused]] Policy policy) {
  const auto padding = padding_row(options.table, weight.rows);
  std::vector<float> gradient(bags.rows.size(), 0.0F);
  for (std::size_t bag = 0; bag < bags.count(); ++bag) {
    for (std::size_t p = bags.begin[bag]; p < bags.begin[bag + 1]; ++p) {
      if (bags.rows[p] == padding) continue;
      const auto of_bag = static_cast<std::int32_t>(bag);
      simd::dot_of_rows(weight, std::span(bags.rows).subspan(p, 1), grad_output, {&of_bag, 1},
                        std::span(gradient).subspan(p, 1));
      if constexpr (Policy::counts) {
        policy.cost.multiplies += weight.cols;
        policy.cost.adds += weight.cols > 0 ? weight.cols - 1 : 0;
        policy.cost.bytes_read += 2 * weight.cols * sizeof(float);
        policy.cost.bytes_written += sizeof(float);
      }
    }
  }
  return gradient;
}

#define ROWLIGHT_INSTANTIATE(Policy)                                                                                  \
  template void bag_forward(ConstMatrixView, const Bags&, const EmbeddingBagOptions&, MatrixView, MaxRows*, Policy);  \
  template void bag_scatter_add(ConstMatrixView, const Bags&, const EmbeddingBagOptions&, const MaxRows&, MatrixView, \
                                Policy);                                                                              \
  template SparseGradient bag_sparse_gradient(ConstMatrixView, const Bags&, const EmbeddingBagOptions&, std::size_t,  \
                                              Policy);                                                                \
  template std::vector<float> per_sample_weight_gradient(ConstMatrixView, ConstMatrixView, const Bags&,               \
                                                         const EmbeddingBagOptions&, Policy);
ROWLIGHT_INSTANTIATE(Uncounted)
ROWLIGHT_INSTANTIATE(Counted)
#undef ROWLIGHT_INSTANTIATE

}  // namespace rowlight
