#include "core/train/settings.h"

#include <cmath>
#include <limits>
#include <string>

#include "core/base/text.h"

namespace rowlight {

namespace {

Expected<void> refuse(const std::string& option, const std::string& value, const std::string& allowed) {
  return fail(ErrorKind::Usage, option + " is " + value, "it must be " + allowed);
}

Expected<void> validate_fast(const TrainSettings& s) {
  if (s.model != ModelKind::Dot && s.model != ModelKind::DotBias) {
    return fail(ErrorKind::Usage, "mode fast cannot train " + std::string(name_of(s.model)),
                "it trains dot and dot-bias; use mode exact");
  }
  if (s.range_mode == RangeMode::Given) {
    return fail(ErrorKind::Usage, "mode fast cannot keep predictions within a range",
                "leave the range out, or use mode exact");
  }
  if (!(s.fast.step > 0 && s.fast.step < 2)) {
    return refuse("the step length of mode fast (its learning rate)", shortest(s.fast.step),
                  "above 0 and below 2; 1 is a whole step");
  }
  if (!(s.fast.regularisation > 0) || !std::isfinite(s.fast.regularisation)) {
    return refuse("the regularisation of mode fast (its weight decay)", shortest(s.fast.regularisation),
                  "above 0; 1 is what the ratings suggest");
  }
  return {};
}

}  // namespace

OptimizerSettings default_optimizer(OptimizerKind kind) {
  OptimizerSettings settings;
  settings.kind = kind;
  if (kind != OptimizerKind::AdamW) settings.weight_decay = 0;
  if (kind == OptimizerKind::Adagrad) settings.eps = 1e-10;
  return settings;
}

Expected<void> validate(const OptimizerSettings& o, GradientLayout layout) {
  if (!(o.learning_rate > 0) || !std::isfinite(o.learning_rate)) {
    return refuse("the learning rate", shortest(o.learning_rate), "above 0");
  }
  if (!(o.weight_decay >= 0) || !std::isfinite(o.weight_decay)) {
    return refuse("the weight decay", shortest(o.weight_decay), "0 or more");
  }
  if (!(o.momentum >= 0 && o.momentum < 1))
    return refuse("the momentum", shortest(o.momentum), "at least 0 and below 1");
  if (!(o.beta1 >= 0 && o.beta1 < 1)) return refuse("the first beta", shortest(o.beta1), "at least 0 and below 1");
  if (!(o.beta2 >= 0 && o.beta2 < 1)) return refuse("the second beta", shortest(o.beta2), "at least 0 and below 1");
  // torch takes an eps of 0 and divides zero by zero at the first row without a gradient.
  const bool divides = o.kind != OptimizerKind::Sgd;
  const double least_eps = divides ? std::numeric_limits<float>::min() : 0;  // the kernels take it as a float
  if (!(o.eps >= least_eps) || !std::isfinite(o.eps)) return refuse("eps", shortest(o.eps), "above 0");
  const std::string name(name_of(o.kind));
  const bool sparse = layout == GradientLayout::Sparse;
  if (sparse && (o.kind == OptimizerKind::Adam || o.kind == OptimizerKind::AdamW)) {
    return fail(ErrorKind::Usage, name + " cannot be used with sparse gradients",
                "its moments move every row: use sparse-adam, or dense gradients");
  }
  if (!sparse && o.kind == OptimizerKind::SparseAdam) {
    return fail(ErrorKind::Usage, "sparse-adam cannot be used with dense gradients", "use adam, or sparse gradients");
  }
  if (sparse && o.weight_decay > 0) {
    return fail(ErrorKind::Usage, "weight decay cannot be used with sparse gradients",
                "it moves every row: set it to 0, or use dense gradients");
  }
  return {};
}

Expected<void> validate(const TrainSettings& s) {
  constexpr std::size_t most_factors = 4096;
  constexpr std::size_t largest_batch = 1U << 20;
  if (s.factors < 1 || s.factors > most_factors) {
    return refuse("the number of factors", std::to_string(s.factors), "from 1 to " + std::to_string(most_factors));
  }
  if (s.epochs < 1 || s.epochs > 100000) {
    return refuse("the number of epochs", std::to_string(s.epochs), "from 1 to 100000");
  }
  if (s.batch_size < 1 || s.batch_size > largest_batch) {
    return refuse("the batch size", std::to_string(s.batch_size), "from 1 to " + std::to_string(largest_batch));
  }
  if (!(s.valid_share >= 0 && s.valid_share < 1)) {
    return refuse("the validation share", shortest(s.valid_share), "at least 0 and below 1");
  }
  const bool finite_range = std::isfinite(s.range_low) && std::isfinite(s.range_high);
  if (s.mode == TrainMode::Fast) return validate_fast(s);
  if (s.range_mode == RangeMode::Given && !(finite_range && s.range_low < s.range_high)) {
    return refuse("the range of predictions", shortest(s.range_low) + " to " + shortest(s.range_high),
                  "from a lower to a higher number");
  }
  const bool sparse = s.optimizer.kind == OptimizerKind::SparseAdam;  // gradients are dense for all others
  if (sparse && s.model == ModelKind::DotOneHot) {
    return fail(ErrorKind::Usage, "sparse-adam cannot be used with dot-onehot",
                "a Linear layer's gradient is dense: use adam or another optimizer");
  }
  return validate(s.optimizer, sparse ? GradientLayout::Sparse : GradientLayout::Dense);
}

bool starts_afresh(const TrainSettings& now, const TrainSettings& next, bool under_way) {
  TrainSettings alike = next;
  alike.epochs = now.epochs;
  alike.threads = now.threads;
  if (alike != now) return true;
  return under_way && now.mode == TrainMode::Exact && now.schedule == ScheduleKind::OneCycle &&
         next.epochs != now.epochs;
}

RatingScale resolve_range(const TrainSettings& settings, RatingScale data_scale) {
  switch (settings.range_mode) {
    case RangeMode::None: return {};
    case RangeMode::Given: return {settings.range_low, settings.range_high};
    case RangeMode::Automatic: break;
  }
  if (settings.mode == TrainMode::Fast) return {};
  if (settings.model != ModelKind::DotBias) return {};
  // Ratings below zero (some sets have -1 and 1) need room below as well.
  const float low = data_scale.low < 0 ? data_scale.low - 0.5F : 0.0F;
  return {low, data_scale.high + 0.5F};
}

std::string_view name_of(TrainMode mode) { return mode == TrainMode::Exact ? "exact" : "fast"; }

std::string_view name_of(ModelKind kind) {
  switch (kind) {
    case ModelKind::Dot: return "dot";
    case ModelKind::DotBias: return "dot-bias";
    case ModelKind::DotOneHot: return "dot-onehot";
  }
  return "dot";
}

std::string_view name_of(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::Sgd: return "sgd";
    case OptimizerKind::Adagrad: return "adagrad";
    case OptimizerKind::Adam: return "adam";
    case OptimizerKind::AdamW: return "adamw";
    case OptimizerKind::SparseAdam: return "sparse-adam";
  }
  return "sgd";
}

std::string_view name_of(ScheduleKind kind) { return kind == ScheduleKind::Constant ? "constant" : "one-cycle"; }

}  // namespace rowlight
