// What a pass says of itself: a sentence for each step, the comparison of the two outputs, and the toy.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "core/base/text.h"
#include "core/train/lookup_pass_state.h"

namespace rowlight {

namespace {

std::string count(std::uint64_t number, const char* one, const char* many) {
  return grouped(number) + " " + (number == 1 ? one : many);
}

std::string shape(std::size_t rows, std::size_t cols) { return "(" + grouped(rows) + ", " + grouped(cols) + ")"; }

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// "rows 2, 5 and 0", at most a handful by number.
std::string listed(const std::vector<std::int32_t>& rows) {
  constexpr std::size_t most = 6;
  if (rows.size() > most) return count(rows.size(), "row", "rows");
  std::string text = rows.size() == 1 ? "row " : "rows ";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += i + 1 == rows.size() ? " and " : ", ";
    text += std::to_string(rows[i]);
  }
  return text;
}

/// The row that occurs most often in the batch, and how often.
std::pair<std::int32_t, std::size_t> most_repeated(const std::vector<std::int32_t>& rows) {
  std::vector<std::int32_t> sorted = rows;
  std::ranges::sort(sorted);
  std::pair<std::int32_t, std::size_t> best{-1, 0};
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    if (end - i > best.second) best = {sorted[i], end - i};
    i = end;
  }
  return best;
}

std::string say_indices(const LookupPass::State& p) {
  return "Each of the " + count(p.indices.size(), "id", "ids") +
         " of the batch becomes the number of its row in the table: its index, which need not look like the id.";
}

std::string say_one_hot(const LookupPass::State& p) {
  std::string text;
  if (!p.shrunk_first.empty()) {
    text = "max_norm first shrank " + listed(p.shrunk_first) + " in place. ";
  }
  if (!p.verdict.one_hot_possible) return text + p.verdict.why_not;
  const std::uint64_t cells = std::uint64_t{p.outputs()} * p.weight().rows;
  const std::string hot = p.has_bags() ? " with a share for each member of a bag" : " with a single one in each row";
  return text + "The same indices as a matrix " + shape(p.outputs(), p.weight().rows) + hot + ": " +
         grouped(cells * sizeof(float)) + " bytes, where the indices take " +
         grouped(p.indices.size() * sizeof(std::int64_t)) + ".";
}

std::string say_matmul(const LookupPass::State& p) {
  const StepTrace& step = p.at(LookupStep::Matmul);
  if (!step.one_hot) return "There is no matrix product to do: " + p.verdict.why_not;
  return "The product multiplies every row of the table for every output: " +
         count(step.one_hot->multiplies, "multiply", "multiplies") + ", " + grouped(step.one_hot->multiplies_by_zero) +
         " of them by zero.";
}

std::string say_look_up(const LookupPass::State& p) {
  const Cost& cost = *p.at(LookupStep::LookUp).lookup;
  const std::string what = p.has_bags() ? "The lookup reads " : "The lookup copies ";
  const std::string multiplies =
      cost.multiplies == 0 ? "no multiply" : count(cost.multiplies, "multiply", "multiplies");
  std::vector<std::int32_t> read = p.touched;  // a bag leaves its padding out, a plain lookup copies it
  if (p.has_bags() && p.padding()) std::erase(read, *p.padding());
  if (read.empty()) return "Every bag is empty, so nothing is read and the outputs are zeros.";
  return what + listed(read) + " and touches no other: " + multiplies + ", " + grouped(cost.bytes_read) +
         " bytes read.";
}

std::string say_bias(const LookupPass::State& p) {
  switch (p.setup().bias) {
    case BiasKind::Shared:
      return "One vector of " + count(p.weight().cols, "number", "numbers") +
             " is added to every row: the same as a table with the vector added to each of its rows.";
    case BiasKind::Linear:
      return "Linear's bias is one vector for all rows, so it does what a shared bias after the embedding does.";
    case BiasKind::PerRow: break;
    case BiasKind::None:
      if (p.position_bias.empty()) return "No bias is added; a shared one would add the same vector to every row.";
  }
  return "fastai's bias is a table of one column: one number is looked up for each index and added to the score.";
}

std::string say_loss(const LookupPass::State& p) {
  if (!p.follows())
    return "The loss, " + decimal(p.loss) + ", is the sum of output times G" +
           (p.position_bias.empty() ? "" : ", plus the biases") + ", chosen so that G is its gradient.";
  const bool squashed = p.trainer->model().spec().range.low != p.trainer->model().spec().range.high;
  return std::string("User rows times movie rows, summed") +
         (p.trainer->model().bias(p.table) ? ", plus both biases" : "") + (squashed ? ", through the sigmoid" : "") +
         ": the mean squared error of the batch is " + decimal(p.loss) + ".";
}

std::string say_dense(const LookupPass::State& p) {
  const StepTrace& step = p.at(LookupStep::DenseGradient);
  if (!step.one_hot) return "There is no matrix product to do: " + p.verdict.why_not;
  return "The transposed one-hot matrix times G: another " + count(step.one_hot->multiplies, "multiply", "multiplies") +
         " for a gradient that is zero outside " + count(p.touched.size(), "row", "rows") +
         "; a one-hot input would have a gradient too, an integer index has none.";
}

std::string say_scatter(const LookupPass::State& p) {
  const StepTrace& step = p.at(LookupStep::ScatterAdd);
  if (!step.lookup) return "The table is frozen: no gradient is computed for it.";
  if (p.is_max()) {
    return "The gradient begins as zeros, and each number of G goes to the row that won it: " +
           count(step.lookup->adds, "add", "adds") + ".";
  }
  const bool pads = p.padding() && std::ranges::count(p.bags.rows, *p.padding()) > 0;
  std::string text = "The gradient begins as zeros, and each row of G is added where its row came from" +
                     std::string(pads ? ", but for the padding" : "") + ": " + count(step.lookup->adds, "add", "adds");
  const auto [row, times] = most_repeated(p.bags.rows);
  if (times > 1) text += "; row " + std::to_string(row) + " occurs " + std::to_string(times) + " times and gets each";
  return text + ".";
}

std::string say_sparse(const LookupPass::State& p) {
  const StepTrace& step = p.at(LookupStep::SparseGradient);
  if (!step.lookup) {
    return p.is_max() ? "Bags of mode max have no sparse gradient." : "The table is frozen: no gradient is computed.";
  }
  return "As (indices, values) the gradient takes " + grouped(step.lookup->bytes_allocated) +
         " bytes: " + count(p.sparse.indices.size(), "entry", "entries") + " with duplicates, " +
         grouped(p.coalesced.indices.size()) + " once they are summed.";
}

std::string say_padding(const LookupPass::State& p) {
  const auto padding = p.padding();
  if (!padding) return "No padding row is set, so every position has a gradient.";
  const auto times = std::ranges::count(p.bags.rows, *padding);
  return "Row " + std::to_string(*padding) + " is the padding row: its " +
         count(static_cast<std::uint64_t>(times), "position was", "positions were") +
         " left out of the gradient, although the forward pass returned what the row holds; a one-hot product knows no "
         "padding.";
}

std::string say_frequency(const LookupPass::State& p) {
  if (!p.setup().options.scale_grad_by_freq) {
    return "scale_grad_by_freq is off: a row that occurs twice gets the sum of both its rows of G.";
  }
  const auto [row, times] = most_repeated(p.bags.rows);
  return "scale_grad_by_freq divided each contribution by how often its row occurs: row " + std::to_string(row) +
         "'s by " + std::to_string(times) + ".";
}

std::string say_bias_gradient(const LookupPass::State& p) {
  if (p.grad_bias.empty()) return "There is no bias, so there is no gradient for one.";
  if (p.adds_vector()) {
    return "The bias was added to every position, so its gradient is the column sum of G, padding positions included.";
  }
  return "Each row's own bias gets the gradients of the scores that it was added to.";
}

std::string say_optimizer(const LookupPass::State& p) {
  const StepTrace& step = p.at(LookupStep::OptimizerStep);
  if (!step.lookup) return "The table is frozen: the optimizer leaves it alone.";
  const OptimizerKind kind = p.follows() ? p.trainer->settings().optimizer.kind : p.setup().optimizer.kind;
  std::string text = "The optimizer (" + std::string(name_of(kind)) + ") reads and writes " +
                     grouped(step.lookup->bytes_read + step.lookup->bytes_written) + " bytes; " +
                     count(p.rows_moved, "row", "rows") + " of " + grouped(p.weight().rows) + " moved";
  if (p.rows_moved_only > 0) text += ", " + grouped(p.rows_moved_only) + " of them not looked up";
  const bool plain = kind == OptimizerKind::Sgd || kind == OptimizerKind::Adagrad;
  if (!p.follows() && plain && !p.setup().options.sparse) text += "; the dense gradient makes it pass over all";
  return text + ".";
}

std::string say_max_norm(const LookupPass::State& p) {
  if (!p.setup().options.max_norm) return "max_norm is off: rows may grow as long as they like.";
  const std::string found = p.shrunk_next.empty() ? "none is too long" : listed(p.shrunk_next) + " had to shrink";
  return "max_norm acts when the next forward pass looks rows up, in place: of this batch's rows, " + found + ".";
}

std::string say_bag(const LookupPass::State& p) {
  if (p.has_bags()) {
    return "A bag is the same rows, reduced by " + std::string(name_of(p.setup().bag->mode)) + ": " +
           count(p.bags.rows.size(), "row", "rows") + " became " + count(p.outputs(), "output", "outputs") + ".";
  }
  const auto padding = std::ranges::count(p.bags.rows, p.padding().value_or(-1));
  const std::uint64_t members = p.bags.rows.size() - static_cast<std::uint64_t>(padding);
  return "A bag looks up the same rows and reduces them: as one bag, this batch would give the mean of its " +
         count(members, "row", "rows") + (padding > 0 ? ", padding left out." : ".");
}

std::string before(LookupStep step) {
  switch (step) {
    case LookupStep::Indices: return "Each raw id of the batch becomes the number of a table row: its index.";
    case LookupStep::OneHot: return "The same indices as a matrix with a single one in each row.";
    case LookupStep::Matmul: return "The matrix product multiplies every row of the table, nearly all of them by zero.";
    case LookupStep::LookUp: return "The lookup copies the rows that are asked for, and touches no other.";
    case LookupStep::Compare: return "Do both outputs have the same bits?";
    case LookupStep::Layout: return "A Linear layer stores the table turned: its column i is the table's row i.";
    case LookupStep::Bias: return "A bias is added; there are three kinds, and they differ.";
    case LookupStep::Loss: return "From the output to one number, the loss.";
    case LookupStep::LossGradient: return "Backward: G says how the loss changes with each number of the output.";
    case LookupStep::DenseGradient: return "One-hot backward: the transposed one-hot matrix times G.";
    case LookupStep::ScatterAdd: return "Lookup backward: each row of G is added where its row came from.";
    case LookupStep::SparseGradient:
      return "The same gradient as (indices, values), before and after summing duplicates.";
    case LookupStep::Padding: return "The padding row gets no gradient.";
    case LookupStep::ScaleByFrequency: return "scale_grad_by_freq divides by how often a row occurs in the batch.";
    case LookupStep::BiasGradient: return "A shared bias gets the column sum of G.";
    case LookupStep::OptimizerStep: return "The optimizer moves the table; which rows depends on which optimizer.";
    case LookupStep::MaxNorm: return "max_norm shrinks rows that are too long, in the next forward pass.";
    case LookupStep::Bag: return "A bag looks up the same rows and reduces them.";
  }
  return {};
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

}  // namespace

std::string_view name_of(LookupStep step) {
  constexpr std::string_view names[] = {"Ids to indices", "One-hot matrix",
                                        "Matrix product", "Look up",
                                        "Compare",        "Layout",
                                        "Bias",           "Loss",
                                        "Gradient G",     "One-hot backward",
                                        "Scatter-add",    "Sparse gradient",
                                        "Padding",        "Scale by frequency",
                                        "Bias gradient",  "Optimizer step",
                                        "max_norm",       "Bag"};
  return names[static_cast<std::size_t>(step) - 1];
}

std::string sentence_of(LookupStep step, const LookupPass::State& p) {
  if (!p.at(step).ran) return before(step);
  switch (step) {
    case LookupStep::Indices: return say_indices(p);
    case LookupStep::OneHot: return say_one_hot(p);
    case LookupStep::Matmul: return say_matmul(p);
    case LookupStep::LookUp: return say_look_up(p);
    case LookupStep::Compare: return p.plain_verdict.reason;
    case LookupStep::Layout:
      return "A Linear layer stores this table turned, as " + shape(p.weight().cols, p.weight().rows) +
             ": its column i is the table's row i.";
    case LookupStep::Bias: return say_bias(p);
    case LookupStep::Loss: return say_loss(p);
    case LookupStep::LossGradient:
      return "Backward: G, of shape " + shape(p.outputs(), p.weight().cols) +
             ", says how the loss changes with each number of the output; both algorithms get the same.";
    case LookupStep::DenseGradient: return say_dense(p);
    case LookupStep::ScatterAdd: return say_scatter(p);
    case LookupStep::SparseGradient: return say_sparse(p);
    case LookupStep::Padding: return say_padding(p);
    case LookupStep::ScaleByFrequency: return say_frequency(p);
    case LookupStep::BiasGradient: return say_bias_gradient(p);
    case LookupStep::OptimizerStep: return say_optimizer(p);
    case LookupStep::MaxNorm: return say_max_norm(p);
    case LookupStep::Bag: return say_bag(p);
  }
  return {};
}

Verdict compare(ConstMatrixView lookup, ConstMatrixView one_hot, ConstMatrixView weight, const LookupPass::State& p) {
  Verdict verdict = p.plain_verdict;
  if (!verdict.one_hot_possible) {
    verdict.reason = "There is nothing to compare with. " + verdict.why_not;
    return verdict;
  }
  verdict.compared = true;
  double largest = 0;
  bool no_number = false;
  std::size_t different = 0;
  std::size_t signed_zeros = 0;
  std::size_t poisoned = 0;  // not finite after the product alone
  std::vector<bool> poisoned_columns(lookup.cols, false);
  for (std::size_t b = 0; b < lookup.rows; ++b) {
    for (std::size_t k = 0; k < lookup.cols; ++k) {
      const float x = lookup(b, k);
      const float y = one_hot(b, k);
      if (same_bits(x, y)) continue;
      ++different;
      if (x == 0 && y == 0) ++signed_zeros;
      if (std::isnan(y) && !std::isnan(x)) {
        ++poisoned;
        poisoned_columns[k] = true;
      }
      if (std::isfinite(x) && std::isfinite(y)) {
        largest = std::max(largest, std::abs(double{x} - y));
      } else {
        no_number = no_number || std::isnan(x) != std::isnan(y) || std::isinf(x) != std::isinf(y) || x != y;
      }
    }
  }
  verdict.equal_bits = different == 0;
  verdict.max_abs_diff = no_number ? std::numeric_limits<double>::quiet_NaN() : largest;
  if (different == 0) {
    verdict.reason = "Both outputs have the same bits: the product with zeros and ones found the rows the hard way.";
  } else if (poisoned > 0) {
    const auto column = static_cast<std::size_t>(std::ranges::find(poisoned_columns, true) - poisoned_columns.begin());
    const auto columns = static_cast<std::uint64_t>(std::ranges::count(poisoned_columns, true));
    std::int32_t source = -1;
    for (std::size_t r = 0; r < weight.rows && source < 0; ++r) {
      if (!std::isfinite(weight(r, column))) source = static_cast<std::int32_t>(r);
    }
    const bool is_nan = source < 0 || std::isnan(weight(static_cast<std::size_t>(source), column));
    verdict.reason = "The outputs differ in " + count(poisoned, "number", "numbers") + ": " +
                     (source < 0 ? "a share" : "row " + std::to_string(source)) + " holds " + (is_nan ? "NaN" : "Inf") +
                     (columns == 1 ? " in column " + std::to_string(column) : "") +
                     ", and zero times that is NaN, so the product spreads it down " +
                     count(columns, "column", "columns") + " to outputs that never asked for the row.";
  } else if (different == signed_zeros) {
    verdict.reason = "The outputs differ in the sign of " + count(signed_zeros, "zero", "zeros") +
                     ": the lookup copies -0.0, while the product's sum starts from +0.0.";
  } else {
    verdict.reason = "The outputs differ in " + count(different, "number", "numbers") + " by at most " +
                     decimal(verdict.max_abs_diff) + ": float32 sums depend on their order and rounding.";
  }
  return verdict;
}

LookupInput toy_input(const LookupSetup& setup) {
  constexpr std::size_t rows = 6;
  constexpr std::size_t dim = 3;
  constexpr float numbers[rows][dim] = {{0.0F, 0.0F, 0.0F},  {0.4F, -0.7F, 0.2F}, {-0.3F, 0.9F, 0.5F},
                                        {0.8F, 0.1F, -0.6F}, {-0.5F, 0.3F, 0.7F}, {0.6F, -0.2F, -0.9F}};
  static constexpr const char* ids[rows] = {"pad", "31", "260", "593", "1196", "193609"};
  LookupInput input;
  input.setup = setup;
  input.weight = Matrix(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) std::ranges::copy(numbers[r], input.weight.row(r).begin());
  if (setup.bias == BiasKind::Shared || setup.bias == BiasKind::Linear) input.bias = {0.1F, -0.2F, 0.3F};
  if (setup.bias == BiasKind::PerRow) input.bias = {0.0F, 0.2F, -0.1F, 0.4F, 0.1F, -0.3F};
  input.name_of_row = [](std::int32_t row) { return RowName{ids[row], {}}; };
  // G: small whole numbers of tenths, all different, so that sums can be followed by eye.
  const std::size_t outputs = !setup.bag                       ? setup.indices.size()
                              : setup.bag->offsets.empty()     ? 1
                              : setup.bag->include_last_offset ? setup.bag->offsets.size() - 1
                                                               : setup.bag->offsets.size();
  input.grad_output = Matrix(outputs, dim);
  for (std::size_t b = 0; b < outputs; ++b) {
    for (std::size_t k = 0; k < dim; ++k) (*input.grad_output)(b, k) = static_cast<float>(b * dim + k + 1) / 10.0F;
  }
  return input;
}

}  // namespace rowlight
