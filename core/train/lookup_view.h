#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/layers/cost.h"
#include "core/layers/embedding.h"
#include "core/train/lookup_setup.h"

namespace rowlight {

/// The steps of one pass, forward 1-8 and backward 9-18, by their numbers.
enum class LookupStep : std::uint8_t {
  Indices = 1,
  OneHot,
  Matmul,
  LookUp,
  Compare,
  Layout,
  Bias,
  Loss,
  LossGradient,
  DenseGradient,
  ScatterAdd,
  SparseGradient,
  Padding,
  ScaleByFrequency,
  BiasGradient,
  OptimizerStep,
  MaxNorm,
  Bag,
};
inline constexpr int lookup_step_count = 18;

/// A short name ("Look up"); static text.
[[nodiscard]] std::string_view name_of(LookupStep step);

/// Whether a step belongs into a sum over the pass that compares the two algorithms: the work that each does in its own
/// way or both do alike. Of the lookup's two forms of the gradient it is the one in force; optimizer, max_norm and the
/// bag are left out, for they are not part of either.
[[nodiscard]] constexpr bool counts_in_total(LookupStep step, bool sparse) {
  if (step == LookupStep::ScatterAdd) return !sparse;
  if (step == LookupStep::SparseGradient) return sparse;
  return step < LookupStep::OptimizerStep;
}

/// What one step did.
struct StepTrace {
  LookupStep step{};
  std::string sentence;          ///< one plain sentence; with the pass's own numbers once the step has run
  bool ran = false;              ///< the sentence and the costs are those of this pass
  std::optional<Cost> lookup;    ///< absent: this algorithm has nothing to do here
  std::optional<Cost> one_hot;   ///< absent also where the one-hot algorithm is not possible
  std::optional<Cost> coalesce;  ///< SparseGradient: of summing the duplicates
  std::size_t rows_touched = 0;  ///< distinct table rows that the lookup algorithm read or wrote here
};

/// How the outputs of the two algorithms compare.
struct Verdict {
  bool one_hot_possible = true;
  std::string why_not;  ///< of one_hot_possible
  bool compared = false;
  bool equal_bits = false;
  double max_abs_diff = 0;  ///< NaN where one of two different numbers is not finite
  std::string reason;       ///< one sentence
};

/// What a pass did to a table row, as far as the shown step.
struct RowMark {
  std::uint32_t looked_up = 0;  ///< how often it occurs in the batch
  bool moved = false;           ///< its bits changed by the optimizer step
  bool shrunk = false;          ///< by max_norm
  bool padding = false;
};

/// A pass as the Lookup page shows it: everything as of the shown step. Arrays whose step has not been reached are
/// empty. Its size follows the window: at most `most_positions` positions, and the table rows asked for.
struct LookupView {
  static constexpr std::size_t most_positions = 64;

  LookupSetup setup;
  std::uint64_t pass = 1;        ///< from 1; rises with each forward and backward pass
  int shown_step = 0;            ///< 0: nothing has run; else 1 to 18, the last step that is shown as done
  int computed_step = 0;         ///< >= shown_step; what lies between can be shown without computing
  double part_of_step = 0;       ///< 0 to 1: of a long step that is being computed now
  std::size_t rows = 0;          ///< N
  std::size_t dim = 0;           ///< D
  std::size_t positions = 0;     ///< B, all of them
  std::size_t outputs = 0;       ///< B, or the number of bags
  std::vector<StepTrace> trace;  ///< always 18, in order

  // The batch: its first positions.
  std::vector<std::int64_t> indices;
  std::vector<std::string> raw_ids;  ///< what the data calls the row: a vocabulary entry
  std::vector<std::int32_t> bag_of;  ///< bag of each position; empty without bags
  std::vector<float> shares;         ///< what each position contributes with; empty without bags or for max

  // The table rows [first_row, first_row + weight.rows()).
  std::size_t first_row = 0;
  std::vector<std::string> row_names;  ///< raw ids (and titles that differ) of these rows
  Matrix weight;                       ///< (window, D)
  std::vector<RowMark> marks;          ///< (window)
  Matrix one_hot;                      ///< (first outputs, window)
  Matrix one_hot_grad;                 ///< (window, D): one-hotT . G
  Matrix dense_grad;                   ///< (window, D): scatter-added
  std::vector<float> row_bias;         ///< (window), with BiasKind::PerRow

  // (first outputs, D)
  Matrix output;
  Matrix one_hot_output;
  Matrix grad_output;                ///< G
  std::vector<float> bias;           ///< (D), with BiasKind::Shared and Linear
  std::vector<float> position_bias;  ///< looked-up biases of the first positions, with BiasKind::PerRow
  std::vector<float> grad_bias;      ///< (D), or (window) with BiasKind::PerRow
  SparseGradient sparse;             ///< the first entries
  SparseGradient coalesced;          ///< the first entries
  std::size_t sparse_entries = 0;    ///< all
  std::size_t coalesced_entries = 0;
  Matrix bag_output;  ///< (first bags, D): step 18

  std::vector<std::int32_t> touched_rows;  ///< distinct rows of the batch, ascending (at most 4096)
  std::size_t rows_moved = 0;              ///< by the optimizer step
  std::size_t rows_moved_only = 0;         ///< of these, not looked up
  std::vector<std::int32_t> shrunk_rows;   ///< by max_norm, as of the shown step

  // With a live table: the batch's scores, predictions and ratings (first positions) from BatchStep.
  std::vector<float> scores;
  std::vector<float> predictions;
  std::vector<float> ratings;
  std::optional<double> loss;

  Matrix first_weight;  ///< (window, D): before the first step of this pass, which an edit changes
  std::shared_ptr<const std::string> program;  ///< the answer to WriteLookupProgram; null before, and after a change

  Verdict verdict;
  std::optional<Error> error;  ///< why the last setup, edit or step was refused; `field` names the option
};

}  // namespace rowlight
