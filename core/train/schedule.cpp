#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rowlight {

namespace {

constexpr double warm_up_share = 0.25;
constexpr double start_divisor = 25;
constexpr double end_divisor = 100000;
constexpr double high_momentum = 0.95;
constexpr double low_momentum = 0.85;

double cosine(double from, double to, double share) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace

Rates rates_at(const TrainSettings& settings, std::uint64_t step, std::uint64_t total) {
  const OptimizerSettings& o = settings.optimizer;
  const double constant_momentum = has_betas(o.kind) ? o.beta1 : o.momentum;
  if (settings.schedule == ScheduleKind::Constant) return {o.learning_rate, constant_momentum};

  const double last = static_cast<double>(total) - 1;
  const double at = std::min(static_cast<double>(step), last);
  // torch's border of the phases; before the first step when there are fewer than four.
  const double peak = warm_up_share * static_cast<double>(total) - 1;
  Rates rates;
  double momentum = 0;
  if (at < peak) {
    rates.learning_rate = cosine(o.learning_rate / start_divisor, o.learning_rate, at / peak);
    momentum = cosine(high_momentum, low_momentum, at / peak);
  } else {
    const double share = last > peak ? (at - peak) / (last - peak) : 0;
    rates.learning_rate = cosine(o.learning_rate, o.learning_rate / end_divisor, share);
    momentum = cosine(low_momentum, high_momentum, share);
  }
  const bool has_momentum = has_betas(o.kind) || (o.kind == OptimizerKind::Sgd && o.momentum > 0);
  rates.momentum = has_momentum ? momentum : 0;
  return rates;
}

}  // namespace rowlight
