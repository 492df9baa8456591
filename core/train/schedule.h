#pragma once

#include <cstdint>

#include "core/train/settings.h"

namespace rowlight {

/// What the schedule sets for one batch.
struct Rates {
  double learning_rate = 0;
  double momentum = 0;  ///< SGD's momentum or the Adam family's beta1
};

/// The rates of batch `step` (from 0) of `total`. Constant: the settings' own. One-cycle is fastai's with the phase
/// boundaries of torch.optim.lr_scheduler.OneCycleLR (pct_start 0.25, div_factor 25, final_div_factor 4000): cosine
/// from rate/25 up to the rate over the first quarter, then down to rate/100,000, while momentum or beta1 goes
/// 0.95 -> 0.85 -> 0.95; a run of four batches or fewer has no first phase. Plain SGD and Adagrad keep none. Steps
/// after `total` stay at the end. Pre: total > 0.
[[nodiscard]] Rates rates_at(const TrainSettings& settings, std::uint64_t step, std::uint64_t total);

}  // namespace rowlight
