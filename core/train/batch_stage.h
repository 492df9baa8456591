#pragma once

#include <cstdint>
#include <string_view>

namespace rowlight {

/// The operations of one minibatch, in order. The trainer runs exactly these, one after the other.
enum class BatchStage : std::uint8_t {
  DrawBatch,
  LookUpUsers,
  LookUpMovies,
  DotProduct,
  AddBias,
  SigmoidRange,
  Loss,
  LossGradient,
  RowGradients,
  OptimizerStep,
};

inline constexpr int batch_stage_count = 10;

/// A short name ("Look up users") and one plain sentence of what the stage does; static texts.
[[nodiscard]] std::string_view name_of(BatchStage stage);
[[nodiscard]] std::string_view sentence_of(BatchStage stage);

}  // namespace rowlight
