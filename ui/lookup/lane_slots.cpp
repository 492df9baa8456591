#include "ui/lookup/lane_slots.h"

#include <algorithm>

namespace rowlight {
namespace {

constexpr Spec indices{BlockKind::Indices, AxisOf::Positions, AxisOf::One};
constexpr Spec one_hot{BlockKind::OneHot, AxisOf::Outputs, AxisOf::Rows};
constexpr Spec one_hot_table{BlockKind::Table, AxisOf::Rows, AxisOf::Columns, "×", true};
constexpr Spec lookup_table{BlockKind::Table, AxisOf::Rows, AxisOf::Columns, "", true};
constexpr Spec one_hot_output{BlockKind::OneHotOutput, AxisOf::Outputs, AxisOf::Columns, "="};
constexpr Spec lookup_output{BlockKind::Output, AxisOf::Outputs, AxisOf::Columns, "→"};
constexpr Spec gradient{BlockKind::GradOutput, AxisOf::Outputs, AxisOf::Columns};

std::vector<Slot> forwardSlots(const LookupView& view) {
  const LookupStep step = stepOf(view);
  std::vector<Slot> out{{{indices, indices}}, {{one_hot, std::nullopt}}, {{one_hot_table, lookup_table}}};
  if (step == LookupStep::Bias && !view.position_bias.empty()) {
    const Spec row_bias{BlockKind::RowBias, AxisOf::Rows, AxisOf::One};
    const Spec position_bias{BlockKind::PositionBias, AxisOf::Positions, AxisOf::One, "+"};
    if (!view.row_bias.empty()) out.push_back({{row_bias, row_bias}});
    out.push_back({{one_hot_output, lookup_output}});
    out.push_back({{position_bias, position_bias}});
    return out;
  }
  if (step == LookupStep::Bias && !view.bias.empty()) {
    const Spec bias{BlockKind::Bias, AxisOf::One, AxisOf::Columns, "+"};
    out.push_back({{bias, bias}});
  }
  out.push_back({{one_hot_output, lookup_output}});
  return out;
}

/// After the optimizer step the table is another one than the outputs came from, so these are not shown beside it.
std::vector<Slot> lateSlots(const LookupView& view) {
  std::vector<Slot> out{{{indices, indices}}, {{one_hot, std::nullopt}}, {{one_hot_table, lookup_table}}};
  if (stepOf(view) != LookupStep::Bag || view.bag_output.empty()) return out;
  if (!view.bag_of.empty()) out.back().specs[lookup_lane].reset();  // these bags were reduced before it
  out.push_back({{std::nullopt, Spec{BlockKind::BagOutput, AxisOf::Bags, AxisOf::Columns, "→"}}});
  return out;
}

std::vector<Slot> backwardSlots(const LookupView& view) {
  const Spec transposed{BlockKind::OneHotTransposed, AxisOf::Rows, AxisOf::Outputs};
  const Spec dense{BlockKind::OneHotGrad, AxisOf::Rows, AxisOf::Columns, "=", true};
  Spec times = gradient;
  times.sign = "×";
  std::vector<Slot> out{{{transposed, indices}}, {{times, gradient}}, {{dense, std::nullopt}}};
  std::optional<Spec>& third = out[2].specs[lookup_lane];
  switch (stepOf(view)) {
    case LookupStep::SparseGradient:
      third = Spec{BlockKind::Sparse, AxisOf::Entries, AxisOf::Columns, "→", true};
      out.push_back({{std::nullopt, Spec{BlockKind::Coalesced, AxisOf::MergedEntries, AxisOf::Columns, "→", true}}});
      break;
    case LookupStep::BiasGradient:
      if (!view.position_bias.empty()) {
        third = Spec{BlockKind::GradBias, AxisOf::Rows, AxisOf::One, "→", true};
      } else if (!view.bias.empty()) {
        third = Spec{BlockKind::GradBias, AxisOf::One, AxisOf::Columns, "Σ"};
      } else {
        third = Spec{BlockKind::DenseGrad, AxisOf::Rows, AxisOf::Columns, "→", true};
      }
      break;
    case LookupStep::OptimizerStep:
      if (view.dense_grad.empty() && !view.coalesced.indices.empty()) {
        out[1].specs[lookup_lane] = Spec{BlockKind::Coalesced, AxisOf::MergedEntries, AxisOf::Columns, "", true};
      } else {
        out[1].specs[lookup_lane] = Spec{BlockKind::DenseGrad, AxisOf::Rows, AxisOf::Columns};
      }
      third = Spec{BlockKind::Table, AxisOf::Rows, AxisOf::Columns, "→", true};
      break;
    default: third = Spec{BlockKind::DenseGrad, AxisOf::Rows, AxisOf::Columns, "→", true}; break;
  }
  return out;
}

}  // namespace

LookupStep stepOf(const LookupView& view) { return static_cast<LookupStep>(std::clamp(view.shown_step, 1, 18)); }

std::vector<Slot> slotsOf(const LookupView& view) {
  const LookupStep step = stepOf(view);
  if (step == LookupStep::Layout) {
    return {{{indices, indices}},
            {{Spec{BlockKind::WeightTransposed, AxisOf::Columns, AxisOf::Rows},
              Spec{BlockKind::Table, AxisOf::Rows, AxisOf::Columns, "", true}}}};
  }
  if (step == LookupStep::Loss && !view.scores.empty()) {
    const Spec scores{BlockKind::Scores, AxisOf::Positions, AxisOf::Numbers, "→"};
    Spec top = one_hot_output;
    Spec bottom = lookup_output;
    top.sign = bottom.sign = "";
    return {{{indices, indices}}, {{top, bottom}}, {{scores, scores}}};
  }
  if (step >= LookupStep::MaxNorm) return lateSlots(view);
  return step >= LookupStep::LossGradient ? backwardSlots(view) : forwardSlots(view);
}

}  // namespace rowlight
