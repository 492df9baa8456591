#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/error.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

/// fastai's collaborative-filtering models; the loss of each is the mean squared error over the batch.
enum class ModelKind {
  Dot,        ///< DotProduct: (users * movies).sum(dim=1)
  DotBias,    ///< DotProductBias: + user bias + movie bias
  DotOneHot,  ///< DotProduct through Linear layers without bias on one-hot inputs: the same numbers, slowly
};

/// Whether predictions pass through sigmoid_range(x, lo, hi) = sigmoid(x) * (hi - lo) + lo.
enum class RangeMode {
  Automatic,  ///< 0 to the highest rating + 0.5 for DotBias, none for the others
  None,
  Given,  ///< TrainSettings::y_range
};

enum class OptimizerKind { Sgd, Adagrad, Adam, AdamW, SparseAdam };

/// Adam, AdamW and SparseAdam: those with two moments and betas.
[[nodiscard]] constexpr bool has_betas(OptimizerKind kind) { return kind >= OptimizerKind::Adam; }

/// How a layer hands its gradient over: torch.nn.Embedding's `sparse`.
enum class GradientLayout { Dense, Sparse };

/// Constant, or fastai's one-cycle: see learning_rate_at().
enum class ScheduleKind { Constant, OneCycle };

/// PyTorch's optimizer options under PyTorch's names; the defaults are those of the command line.
struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::AdamW;
  double learning_rate = 5e-3;
  double momentum = 0;  ///< SGD
  double beta1 = 0.9;   ///< the Adam family
  double beta2 = 0.99;
  double eps = 1e-5;  ///< the Adam family and Adagrad
  double weight_decay = 0.1;
  friend bool operator==(const OptimizerSettings&, const OptimizerSettings&) = default;
};

/// The defaults that go with an optimizer: weight decay 0.1 for AdamW and 0 for the others; eps 1e-10 for Adagrad.
[[nodiscard]] OptimizerSettings default_optimizer(OptimizerKind kind);

/// Errors: Usage, for numbers out of range and for what torch refuses: Adam and AdamW with sparse gradients, SparseAdam
/// with dense ones, weight decay with sparse ones.
[[nodiscard]] Expected<void> validate(const OptimizerSettings& settings, GradientLayout layout);

/// Which trainer runs: PyTorch's minibatches to the letter (Trainer), or alternating least squares (FastTrainer).
enum class TrainMode { Exact, Fast };

/// What can be turned in mode fast; nothing has to be.
struct FastSettings {
  double step = 1;            ///< length of every step, as a share of the best: above 0, below 2
  double regularisation = 1;  ///< in units of what the ratings themselves suggest
  friend bool operator==(const FastSettings&, const FastSettings&) = default;
};

/// Everything that decides the outcome of a run, beside the ratings. Mode fast uses neither range, batch_size,
/// optimizer nor schedule.
struct TrainSettings {
  TrainMode mode = TrainMode::Exact;
  FastSettings fast;
  ModelKind model = ModelKind::DotBias;
  std::size_t factors = 50;
  RangeMode range_mode = RangeMode::Automatic;
  float range_low = 0;   ///< with RangeMode::Given
  float range_high = 0;  ///< with RangeMode::Given
  int epochs = 5;
  std::size_t batch_size = 64;  ///< the shorter last batch of an epoch is kept
  OptimizerSettings optimizer;
  ScheduleKind schedule = ScheduleKind::OneCycle;
  double valid_share = 0.2;
  std::uint64_t seed = 42;
  unsigned threads = 1;  ///< does not change any result
  friend bool operator==(const TrainSettings&, const TrainSettings&) = default;
};

/// Errors: Usage, with a sentence that names the option, its value and the values that are allowed.
[[nodiscard]] Expected<void> validate(const TrainSettings& settings);

/// Whether a run with the settings `now` starts over when it is given `next`: always, but where only `threads` or
/// `epochs` differ. A one-cycle run that is under way is planned for its epochs, and with another number of them its
/// rate would jump: it starts over too.
[[nodiscard]] bool starts_afresh(const TrainSettings& now, const TrainSettings& next, bool under_way);

/// The range that predictions are mapped to, after RangeMode::Automatic was resolved with the data's scale;
/// low == high means none.
[[nodiscard]] RatingScale resolve_range(const TrainSettings& settings, RatingScale data_scale);

/// All of a kind, and their names on the command line: "dot", "dot-bias", "dot-onehot"; "sgd", "adagrad", "adam",
/// "adamw", "sparse-adam"; "constant", "one-cycle"; "exact", "fast".
inline constexpr ModelKind model_kinds[] = {ModelKind::Dot, ModelKind::DotBias, ModelKind::DotOneHot};
inline constexpr OptimizerKind optimizer_kinds[] = {OptimizerKind::Sgd, OptimizerKind::Adagrad, OptimizerKind::Adam,
                                                    OptimizerKind::AdamW, OptimizerKind::SparseAdam};
inline constexpr ScheduleKind schedule_kinds[] = {ScheduleKind::Constant, ScheduleKind::OneCycle};
inline constexpr TrainMode train_modes[] = {TrainMode::Exact, TrainMode::Fast};
[[nodiscard]] std::string_view name_of(TrainMode mode);
[[nodiscard]] std::string_view name_of(ModelKind kind);
[[nodiscard]] std::string_view name_of(OptimizerKind kind);
[[nodiscard]] std::string_view name_of(ScheduleKind kind);

}  // namespace rowlight
