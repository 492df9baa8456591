#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/model/dot_model.h"
#include "core/train/batch_stage.h"
#include "core/train/drawn_ratings.h"
#include "core/train/optimizer.h"
#include "core/train/training_order.h"

namespace rowlight {

/// One minibatch, cut into the operations of BatchStage. Running a batch is running its stages one after the other:
/// what the window shows between two stages is what the trainer computed. Owns the batch's columns and
/// gradients; works on a model, an optimizer and an order owned by the Trainer, which outlive it, as does the pool:
/// another of its threads may read the order ahead until the next discard_drawn(). No allocation after construction.
class BatchStep {
 public:
  BatchStep(DotModel& model, Optimizer& optimizer, TrainingOrder& order, ThreadPool& pool);

  /// Starts a batch of the `size` ratings from place `first` of the order on; some of those behind it are drawn ahead.
  /// Pre: no batch is under way; `first` is a multiple of spec().batch_size, and `size` is that or what is left of the
  /// order, not 0; the order was begun, and stays as it is until discard_drawn().
  void begin(std::size_t first, std::size_t size, const Rates& rates);
  /// To be called before the order changes; waits for what is drawn ahead. Pre: no batch is under way.
  void discard_drawn() {
    assert(done_);
    drawn_.discard();
  }

  [[nodiscard]] bool done() const { return done_; }
  /// The stage that run_stage() will run. Pre: !done().
  [[nodiscard]] BatchStage next_stage() const { return next_; }
  /// Runs one stage; with `cost` its work is counted. Pre: !done().
  void run_stage(BatchCost* cost = nullptr);
  /// Runs what has not run up to Loss. From the start of a batch it does not copy the looked-up rows but multiplies
  /// them where they stand: the same bits, but DotModel::looked_up() then has no rows. Pre: !done().
  void run_to_loss();

  /// Runs what follows Loss: the same bits, but where an optimizer moves the rows of a batch alone, gradients of rows
  /// that occur once are not kept: DotModel::gradients() has only the others. Pre: next_stage() is LossGradient.
  void run_from_loss();

  /// Goes back to the first stage of the batch under way: no stage but the last changes anything else.
  void restart() {
    if (!done_) next_ = BatchStage::DrawBatch;
  }

  // The batch under way or the last one. Columns are filled by DrawBatch, predictions by SigmoidRange, ...
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::int32_t> users() const { return columns_.users; }
  [[nodiscard]] std::span<const std::int32_t> movies() const { return columns_.movies; }
  [[nodiscard]] std::span<const float> ratings() const { return columns_.ratings; }
  [[nodiscard]] const Rates& rates() const { return rates_; }
  /// Whether `stage` has run for this batch.
  [[nodiscard]] bool has_run(BatchStage stage) const { return done_ || next_ > stage; }
  /// Mean squared error; pre: has_run(Loss).
  [[nodiscard]] double loss() const { return loss_; }

 private:
  [[nodiscard]] simd::RatingPairs coming() const;
  void compute_loss();
  void compute_loss_gradient();

  DotModel& model_;
  Optimizer& optimizer_;
  ThreadPool& pool_;
  std::size_t parts_;  // of the factors' columns, for threads; 1: one does them all

  std::size_t first_ = 0;  // place of the batch
  std::size_t size_ = 0;
  Rates rates_;
  bool done_ = true;
  BatchStage next_ = BatchStage::DrawBatch;
  DrawnRatings drawn_;
  simd::RatingColumns columns_;
  std::vector<float> grad_predictions_;
  double loss_ = 0;
};

}  // namespace rowlight
