#include "app/cli/training_options.h"

#include <charconv>
#include <cmath>

#include "app/cli/choices.h"
#include "core/simd/kernels.h"

namespace rowlight::cli {

namespace {

bool parse_double(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

/// The words of a kind's names.
template <class T, std::size_t n>
std::vector<std::pair<std::string, T>> choices_of(const T (&kinds)[n]) {
  std::vector<std::pair<std::string, T>> choices;
  for (const T kind : kinds) choices.emplace_back(name_of(kind), kind);
  return choices;
}

}  // namespace

void add_machine_options(CLI::App& command, unsigned& threads, std::string& target,
                         const std::string& default_threads) {
  constexpr unsigned most_threads = 1024;
  const std::vector<std::string> targets = {"auto", "scalar", "sse4", "avx2", "avx512", "neon"};
  const auto thread_range = [](const std::string& text) {
    unsigned count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool fits = error == std::errc() && end == text.data() + text.size() && count > 0 && count <= most_threads;
    return fits ? std::string() : "'" + text + "' does not fit; it must be a number from 1 to 1024";
  };
  command.add_option("--threads", threads, "Threads to use (default: " + default_threads + ")")
      ->check(CLI::Validator(thread_range, ""));
  command.add_option("--target", target, "SIMD target: " + listed(targets) + " (default: auto, the best)")
      ->check(one_of(targets))
      ->type_name("NAME");
}

Expected<void> choose_target(const std::string& name) {
  if (name == "auto") return {};
  for (const simd::Target target :
       {simd::Target::Scalar, simd::Target::Sse4, simd::Target::Avx2, simd::Target::Avx512, simd::Target::Neon}) {
    if (simd::name_of(target) == name) return simd::select_target(target);
  }
  return fail(ErrorKind::Usage, "there is no SIMD target '" + name + "'");
}

Expected<std::pair<double, double>> parse_pair(const std::string& option, const std::string& text) {
  const std::size_t colon = text.find(':');
  std::pair<double, double> pair;
  if (colon == std::string::npos || !parse_double(std::string_view(text).substr(0, colon), pair.first) ||
      !parse_double(std::string_view(text).substr(colon + 1), pair.second)) {
    return fail(ErrorKind::Usage, option + " is '" + text + "'", "two numbers with a colon between them are expected");
  }
  return pair;
}

Expected<TrainSettings> TrainingArguments::resolved() const {
  TrainSettings s = settings;
  const OptimizerSettings defaults = default_optimizer(s.optimizer.kind);
  if (s.mode == TrainMode::Fast) {
    s.fast.step = learning_rate.value_or(s.fast.step);
    s.fast.regularisation = weight_decay.value_or(s.fast.regularisation);
  } else {
    s.optimizer.learning_rate = learning_rate.value_or(s.optimizer.learning_rate);
  }
  s.optimizer.weight_decay =
      s.mode == TrainMode::Fast ? defaults.weight_decay : weight_decay.value_or(defaults.weight_decay);
  s.optimizer.eps = eps.value_or(defaults.eps);
  if (!betas.empty()) {
    const auto pair = parse_pair("--betas", betas);
    if (!pair) return tl::make_unexpected(pair.error());
    s.optimizer.beta1 = pair->first;
    s.optimizer.beta2 = pair->second;
  }
  if (!y_range.empty()) {
    const auto pair = parse_pair("--y-range", y_range);
    if (!pair) return tl::make_unexpected(pair.error());
    s.range_mode = RangeMode::Given;
    s.range_low = static_cast<float>(pair->first);
    s.range_high = static_cast<float>(pair->second);
  }
  if (auto valid = validate(s); !valid) return tl::make_unexpected(valid.error());
  return s;
}

void add_training_options(CLI::App& command, TrainingArguments& a) {
  TrainSettings& s = a.settings;
  add_choice<TrainMode>(command, "--mode", s.mode, choices_of(train_modes),
                        "exact (default): minibatches with PyTorch's semantics; fast: alternating least squares, for "
                        "large sets (dot and dot-bias)");
  add_choice<ModelKind>(command, "--model", s.model, choices_of(model_kinds),
                        "dot, dot-bias (default) or dot-onehot (dot through one-hot Linear layers)");
  command.add_option("--factors", s.factors, "Length of a row (default: 50)");
  command.add_option("--y-range", a.y_range,
                     "Range of predictions LO:HI (default: 0 to the highest rating + 0.5; none for dot)");
  command.add_option("--epochs", s.epochs, "Passes over the ratings (default: 5)");
  command.add_option("--batch-size", s.batch_size, "Ratings in a batch (default: 64)");
  add_choice<OptimizerKind>(command, "--optimizer", s.optimizer.kind, choices_of(optimizer_kinds),
                            "sgd, adagrad, adam, adamw (default) or sparse-adam");
  command.add_option("--lr", a.learning_rate,
                     "Learning rate (default: 0.005); in mode fast the share of a whole step (default: 1)");
  command.add_option("--momentum", s.optimizer.momentum, "SGD's momentum (default: 0)");
  command.add_option("--betas", a.betas, "Betas A:B of the Adam family (default: 0.9:0.99)");
  command.add_option("--eps", a.eps, "Eps (default: 1e-5 for the Adam family, 1e-10 for adagrad)");
  command.add_option(
      "--weight-decay", a.weight_decay,
      "Weight decay (default: 0.1 for adamw, 0 for the others); in mode fast in units of what the ratings "
      "suggest (default: 1)");
  add_choice<ScheduleKind>(command, "--schedule", s.schedule, choices_of(schedule_kinds),
                           "constant or one-cycle (default)");
  command.add_option("--valid", s.valid_share, "Share of the ratings to validate on (default: 0.2)");
}

}  // namespace rowlight::cli
