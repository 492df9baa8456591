#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/train/settings.h"

namespace CLI {
class App;
}

namespace rowlight::cli {

/// The text of the options that decide a run, shared by rowlight-cli train and rowlight; resolved() makes them one
/// value.
struct TrainingArguments {
  TrainSettings settings;
  std::string y_range;
  std::string betas;
  std::optional<double> learning_rate;
  std::optional<double> weight_decay;
  std::optional<double> eps;

  /// Fills in what depends on other options and checks all. Errors: Usage.
  [[nodiscard]] Expected<TrainSettings> resolved() const;
};

/// Adds --mode, --model, --factors, --y-range, --epochs, --batch-size, --optimizer, --lr, --momentum, --betas, --eps,
/// --weight-decay, --schedule and --valid. `arguments` must outlive the parsing.
void add_training_options(CLI::App& command, TrainingArguments& arguments);

/// Adds --threads (1 to 1024; 0 stays where it is not given: `default_threads` says what that means) and --target.
void add_machine_options(CLI::App& command, unsigned& threads, std::string& target, const std::string& default_threads);

/// Makes all kernels run on the SIMD target of that name; "auto" leaves the best one. Errors: Usage.
[[nodiscard]] Expected<void> choose_target(const std::string& name);

/// Two numbers "LO:HI". Errors: Usage, naming `option`.
[[nodiscard]] Expected<std::pair<double, double>> parse_pair(const std::string& option, const std::string& text);

}  // namespace rowlight::cli
