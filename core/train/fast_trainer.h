#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/train/factor_prior.h"
#include "core/train/frame.h"
#include "core/train/loss_curve.h"
#include "core/train/rating_lists.h"
#include "core/train/row_solver.h"
#include "core/train/trainer.h"
#include "core/train/validation.h"

namespace rowlight {

/// One training run in mode fast: alternating least squares on all users and then all movies (RowSolver), with the
/// ridge learnt from the ratings (FactorPrior). An epoch uses every rating twice, once for its user and once for its
/// movie. The model and its tables are DotModel's, without a range. The mean rating is part of the biases of one side:
/// of the side of which later ratings will name fewer rows that training never saw, since such a row contributes
/// nothing.
///
/// How a run begins, in its first epoch: biases from means; three steps of a power iteration on what the biases leave
/// (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53, 2011) from random signs, for at
/// most 32 factors; one least-squares solve of the movies. More factors join in the second epoch with small variances,
/// so they take up what the first ones leave.
///
/// Deterministic in (ratings, settings), whatever the number of threads or their timing. Used by one thread at a time.
class FastTrainer {
 public:
  /// Errors: Usage when validate() refuses the settings, an order is given, no rating is left to train on or memory is
  /// too small; BadInput when `initial` does not fit the ratings. Pre: settings.mode is Fast.
  [[nodiscard]] static Expected<std::unique_ptr<FastTrainer>> create(TrainerInput input);

  /// Runs one piece, some milliseconds: a part of the rows, or a chunk of the validation that ends an epoch.
  /// Pre: !finished(). Errors: Diverged, once a loss or a table at the end of an epoch is not finite.
  Expected<void> advance();

  /// Changes the number of epochs of a run under way. Pre: validate() accepts it.
  void set_epochs(int epochs) { settings_.epochs = epochs; }

  [[nodiscard]] bool finished() const { return epoch_ >= settings_.epochs; }
  /// No validation is under way.
  [[nodiscard]] bool between_parts() const { return !validating_; }
  [[nodiscard]] bool between_epochs() const { return !validating_ && stage_ == 0 && part_ == 0; }

  [[nodiscard]] const RatingSetPtr& ratings() const { return ratings_; }
  [[nodiscard]] const TrainSettings& settings() const { return settings_; }
  [[nodiscard]] const DotModel& model() const { return model_; }
  /// The run's threads, idle while none of its calls is under way.
  [[nodiscard]] ThreadPool& pool() { return pool_; }
  [[nodiscard]] const FactorPrior& prior() const { return prior_; }
  /// The mean squared error of the ratings of each batch's rows, just after they were solved.
  [[nodiscard]] const LossCurve& loss_curve() const { return curve_; }
  [[nodiscard]] const std::vector<EpochResult>& epochs() const { return epochs_; }
  [[nodiscard]] std::size_t training_size() const { return lists_.size(); }
  [[nodiscard]] std::size_t validation_size() const { return validation_.size(); }
  [[nodiscard]] int epoch() const { return epoch_; }  ///< epochs done
  // A batch is a part of the users' or the movies' rows that is solved together. What begins a run counts as none.
  [[nodiscard]] std::size_t batches_per_epoch() const;
  [[nodiscard]] std::size_t batch() const { return batch_; }  ///< batches done in this epoch
  [[nodiscard]] std::uint64_t batches_done() const;           ///< over the whole run
  /// Training ratings of each row.
  [[nodiscard]] std::shared_ptr<const RowCounts> counts(Table table) const { return counts_[index_of(table)]; }
  [[nodiscard]] std::uint64_t unseen_users() const { return validation_.unseen_users(); }
  [[nodiscard]] std::uint64_t unseen_movies() const { return validation_.unseen_movies(); }
  /// Time spent training and in making the run, without validation.
  [[nodiscard]] double train_seconds() const { return prepare_seconds_ + batch_seconds_; }
  [[nodiscard]] double batch_seconds() const { return batch_seconds_; }
  /// Ratings trained on, each once an epoch, half for its user and half for its movie: without those before resume().
  [[nodiscard]] std::uint64_t trained_ratings() const { return trained_halves_ / 2; }

  /// The whole run as tensors, as Trainer::save(). Pre: between_parts().
  [[nodiscard]] TensorFile save() const;
  /// Goes on where save() was called, bit for bit; else as Trainer::resume().
  [[nodiscard]] static Expected<std::unique_ptr<FastTrainer>> resume(TrainerInput input, const TensorFile& file,
                                                                     bool keep_epochs);

 private:
  struct Prepared;

  /// What an epoch is made of, in order. Stages of a table run in the solver's parts, the others in one.
  enum class Stage : std::uint8_t {
    GuessMovieBias,
    GuessUserBias,
    ProjectUsers,
    WhitenUsers,
    ProjectMovies,
    WhitenMovies,
    FirstMovies,
    SolveUsers,
    SolveMovies,
    Learn,
  };
  /// The stages of an epoch; those of the first one when `first`.
  [[nodiscard]] static std::span<const Stage> stages(bool first);
  [[nodiscard]] bool starts() const { return epoch_ == 0 && from_nothing_; }
  [[nodiscard]] std::size_t parts_of(Stage stage) const;
  [[nodiscard]] static std::optional<Table> table_of(Stage stage);

  FastTrainer(TrainerInput&& input, Prepared&& prepared);
  void prepare_validation(RatingSetPtr test, std::vector<std::int32_t> positions);
  [[nodiscard]] Expected<void> begin_from(const TensorFile& file);
  void begin_stage(Stage stage);
  void run_part(Stage stage, std::size_t part);
  void solve(Table table, std::size_t part);
  void end_part(Stage stage, std::size_t part);
  void draw_start();
  void begin_first_movies();
  void learn(bool first);
  [[nodiscard]] Expected<void> end_stages();
  [[nodiscard]] Expected<void> finish_epoch(std::optional<double> valid_loss);
  [[nodiscard]] Error divergence(const std::string& where) const;

  [[nodiscard]] FactorTables tables();
  /// What the biases of a side are around.
  [[nodiscard]] double centre(Table table) const;
  [[nodiscard]] bool biased() const { return model_.spec().bias; }
  [[nodiscard]] std::span<float> start_bias(Table table);
  [[nodiscard]] Expected<void> restore(const TensorFile& file);

  RatingSetPtr ratings_;
  TrainSettings settings_;
  ThreadPool pool_;
  RatingLists lists_;
  std::shared_ptr<const RowCounts> counts_[2];
  Validation validation_;
  DotModel model_;
  RowSolver solver_;
  FactorPrior prior_;
  RowRidge ridge_;
  bool from_nothing_ = true;            // not from given tables
  std::vector<float> start_biases_[2];  // of a model without biases, while it starts

  int epoch_ = 0;
  std::size_t stage_ = 0;  // of stages()
  std::size_t part_ = 0;   // of the stage
  std::size_t batch_ = 0;
  SolveSums sums_[2];     // of the last solve of each side
  double bias_loss_ = 0;  // what the biases alone leave
  double epoch_seconds_ = 0;
  bool validating_ = false;
  LossCurve curve_;
  std::vector<EpochResult> epochs_;
  double batch_seconds_ = 0;
  std::uint64_t trained_halves_ = 0;
  double prepare_seconds_ = 0;
};

}  // namespace rowlight
