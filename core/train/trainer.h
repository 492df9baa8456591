#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/train/batch_step.h"
#include "core/train/frame.h"
#include "core/train/loss_curve.h"
#include "core/train/training_order.h"
#include "core/train/validation.h"

namespace rowlight {

struct TensorFile;

/// What a run may be given beside its ratings and settings.
struct TrainerInput {
  RatingSetPtr ratings;  ///< not null
  TrainSettings settings;
  RatingSetPtr test;                    ///< validates on these instead of a share of `ratings`; may be null
  std::vector<std::int64_t> order;      ///< positions into `ratings`: one epoch's order or one for each epoch
  const TensorFile* initial = nullptr;  ///< start from these tables (state_dict names) instead of random ones
};

/// One training run: PyTorch's minibatch semantics to the letter, deterministic in (ratings, settings). The order of
/// epoch e depends on seed and e alone, so a run can be resumed anywhere without a random state. Used by one thread
/// at a time.
class Trainer {
 public:
  /// Errors: Usage when validate() refuses the settings, no rating is left to train on or memory is too small; BadInput
  /// when `order` or `initial` do not fit the ratings.
  [[nodiscard]] static Expected<std::unique_ptr<Trainer>> create(TrainerInput input);

  /// Runs one piece: the rest of the current batch, or a chunk of the validation that ends an epoch.
  /// Pre: !finished(). Errors: Diverged, once the loss of a batch or of the validation is not finite, or a table at the
  /// end of an epoch; the run stays there.
  Expected<void> advance();
  /// Runs one operation of the batch, or a chunk of the validation. Pre and errors as advance().
  /// With `cost` the work of the operation is counted.
  Expected<void> advance_stage(BatchCost* cost = nullptr);

  /// Goes back to the first operation of a batch that is under way.
  void restart_batch() { step_.restart(); }
  /// A batch has begun, and none of its operations has run.
  [[nodiscard]] bool at_batch_start() const { return !step_.done() && step_.next_stage() == BatchStage::DrawBatch; }
  /// Sets one factor. Pre: inside the table; no operation of the batch under way has run.
  void set_factor(Table table, std::size_t row, std::size_t column, float value) {
    model_.parameters()[index_of(table)].value(row, column) = value;
  }

  /// Changes the number of epochs of a run under way. Pre: validate() accepts it.
  void set_epochs(int epochs) { settings_.epochs = epochs; }

  [[nodiscard]] bool finished() const { return epoch_ >= settings_.epochs; }
  /// No batch and no validation is under way.
  [[nodiscard]] bool between_batches() const { return step_.done() && !validating_; }
  [[nodiscard]] bool between_epochs() const { return between_batches() && batch_ == 0; }

  [[nodiscard]] const RatingSetPtr& ratings() const { return ratings_; }
  [[nodiscard]] const TrainSettings& settings() const { return settings_; }
  [[nodiscard]] const DotModel& model() const { return model_; }
  [[nodiscard]] const BatchStep& step() const { return step_; }
  [[nodiscard]] const Optimizer& optimizer() const { return optimizer_; }
  /// The run's threads. While none of its calls is under way they do nothing, or draw the next ratings: finish() waits
  /// for that.
  [[nodiscard]] ThreadPool& pool() { return pool_; }
  [[nodiscard]] const LossCurve& loss_curve() const { return curve_; }
  [[nodiscard]] const std::vector<EpochResult>& epochs() const { return epochs_; }
  [[nodiscard]] std::size_t training_size() const { return order_.size(); }
  [[nodiscard]] std::size_t validation_size() const { return validation_.size(); }
  [[nodiscard]] std::size_t batches_per_epoch() const;
  [[nodiscard]] int epoch() const { return epoch_; }          ///< epochs done
  [[nodiscard]] std::size_t batch() const { return batch_; }  ///< batches done in this epoch
  [[nodiscard]] std::uint64_t batches_done() const;           ///< over the whole run
  /// Number (from 1) of the batch that is under way, or was the last; 0 before the first.
  [[nodiscard]] std::uint64_t batch_number() const;
  /// Number of the last batch that looked up each row; 0: none.
  [[nodiscard]] const std::vector<std::uint64_t>& last_lookups(Table table) const;
  /// Training ratings of each row.
  [[nodiscard]] std::shared_ptr<const RowCounts> counts(Table table) const;
  /// Distinct validation users and movies that training never sees; their rows count as zero.
  [[nodiscard]] std::uint64_t unseen_users() const { return validation_.unseen_users(); }
  [[nodiscard]] std::uint64_t unseen_movies() const { return validation_.unseen_movies(); }
  /// Time spent in batches and in making the run, without validation.
  [[nodiscard]] double train_seconds() const { return prepare_seconds_ + batch_seconds_; }
  [[nodiscard]] double batch_seconds() const { return batch_seconds_; }
  /// Ratings that the batches of batch_seconds() trained on: without those before resume().
  [[nodiscard]] std::uint64_t trained_ratings() const { return trained_ratings_; }

  /// The whole run as tensors: tables under their state_dict names, optimizer state, settings, vocabularies and the
  /// place in the run. Pre: between_batches().
  [[nodiscard]] TensorFile save() const;
  /// Goes on where save() was called, bit for bit. `input` gives the ratings; model and optimizer settings come from
  /// the file, `epochs` from `input.settings` when `keep_epochs` is false.
  /// Errors: BadInput when the file is not a saved run, or of other ratings.
  [[nodiscard]] static Expected<std::unique_ptr<Trainer>> resume(TrainerInput input, const TensorFile& file,
                                                                 bool keep_epochs);

 private:
  struct Prepared;  // what create() worked out before the members exist

  Trainer(TrainerInput&& input, Prepared&& prepared);

  /// The one way forward: up to `most` operations of the batch under way or the next, or a chunk of the validation.
  Expected<void> run_stages(int most, BatchCost* cost = nullptr);
  void begin_batch();
  [[nodiscard]] Expected<void> finish_batch();
  [[nodiscard]] Expected<void> validate_chunk();
  [[nodiscard]] Expected<void> finish_epoch(std::optional<double> valid_loss);
  void mark_lookups(int epoch, std::size_t batches);
  void note_lookups(std::uint64_t number, std::span<const std::int32_t> users, std::span<const std::int32_t> movies);
  [[nodiscard]] Error divergence(const std::string& where) const;
  [[nodiscard]] Error batch_divergence() const;

  RatingSetPtr ratings_;
  TrainSettings settings_;
  TrainingOrder order_;
  Validation validation_;
  std::shared_ptr<const RowCounts> counts_[2];
  std::vector<std::uint64_t> last_lookups_[2];

  ThreadPool pool_;
  DotModel model_;
  Optimizer optimizer_;
  BatchStep step_;  // ends before what its threads read: order_, pool_

  int epoch_ = 0;
  std::size_t batch_ = 0;
  double epoch_loss_sum_ = 0;  // of loss * batch size in the running epoch
  double epoch_seconds_ = 0;
  std::uint64_t epoch_ratings_ = 0;  // trained in epoch_seconds_
  bool validating_ = false;          // the epoch's batches are done, its end is not
  LossCurve curve_;
  std::vector<EpochResult> epochs_;
  double batch_seconds_ = 0;
  std::uint64_t trained_ratings_ = 0;
  double prepare_seconds_ = 0;
};

}  // namespace rowlight
