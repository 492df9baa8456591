#include "core/train/batch_step.h"

#include <algorithm>
#include <optional>

namespace rowlight {

BatchStep::BatchStep(DotModel& model, Optimizer& optimizer, TrainingOrder& order, ThreadPool& pool)
    : model_(model),
      optimizer_(optimizer),
      pool_(pool),
      drawn_(order, model.spec(), model.may_split() && optimizer.takes_pairs(), pool) {
  grad_predictions_.reserve(model.spec().batch_size);
}

void BatchStep::begin(std::size_t first, std::size_t size, const Rates& rates) {
  assert(done_);
  first_ = first;
  size_ = size;
  rates_ = rates;
  next_ = BatchStage::DrawBatch;
  done_ = false;
}

void BatchStep::run_stage(BatchCost* cost) {
  assert(!done_);
  switch (next_) {
    case BatchStage::DrawBatch: columns_ = drawn_.take(first_, size_); break;
    case BatchStage::LookUpUsers: model_.look_up(Table::Users, columns_.users, pool_, cost); break;
    case BatchStage::LookUpMovies: model_.look_up(Table::Movies, columns_.movies, pool_, cost); break;
    case BatchStage::DotProduct: model_.dot_product(pool_, cost); break;
    case BatchStage::AddBias: model_.add_bias(columns_.users, columns_.movies, cost); break;
    case BatchStage::SigmoidRange: model_.squash(); break;
    case BatchStage::Loss: compute_loss(); break;
    case BatchStage::LossGradient: compute_loss_gradient(); break;
    case BatchStage::RowGradients: model_.row_gradients(columns_.users, columns_.movies, pool_, cost); break;
    case BatchStage::OptimizerStep:
      expect_next();
      optimizer_.step(model_.parameters(), model_.gradients(), rates_, pool_, cost);
      done_ = true;
      return;
  }
  next_ = static_cast<BatchStage>(static_cast<int>(next_) + 1);
}

void BatchStep::run_to_loss() {
  assert(!done_);
  if (next_ == BatchStage::DrawBatch && !model_.spec().one_hot) {
    run_stage();
    model_.dot_product_in_place(columns_.users, columns_.movies, pool_);
    next_ = BatchStage::AddBias;
  }
  while (next_ <= BatchStage::Loss) run_stage();
}

void BatchStep::run_from_loss() {
  assert(!done_ && next_ == BatchStage::LossGradient);
  run_stage();
  const std::optional<PairSplit> split = drawn_.split();
  if (model_.looked_up(Table::Users).rows > 0 || !split) {
    while (!done_) run_stage();
    return;
  }
  expect_next();
  const simd::RatingPairs pairs = model_.row_gradients_but_pairs(*split, pool_);
  optimizer_.step_with_pairs(model_.parameters(), model_.gradients(), pairs, rates_, pool_);
  done_ = true;
}

/// Tells the optimizer whose rows the next batch looks up, when they are known and few enough to stay in the cache.
void BatchStep::expect_next() {
  constexpr std::size_t most = 256;
  if (size_ > most) return;
  const simd::RatingColumns next = drawn_.coming(size_);
  if (!next.users.empty()) optimizer_.expect(next.users, next.movies);
}

void BatchStep::compute_loss() {
  const auto predictions = model_.predictions();
  double sum = 0;
  for (std::size_t b = 0; b < predictions.size(); ++b) {
    const double error = predictions[b] - columns_.ratings[b];
    sum += error * error;
  }
  loss_ = sum / static_cast<double>(predictions.size());
}

void BatchStep::compute_loss_gradient() {
  // d mean((p - r)^2) / d p[b] = 2 (p[b] - r[b]) / batch
  const auto predictions = model_.predictions();
  const float factor = 2.0F / static_cast<float>(predictions.size());
  grad_predictions_.resize(predictions.size());
  for (std::size_t b = 0; b < predictions.size(); ++b)
    grad_predictions_[b] = factor * (predictions[b] - columns_.ratings[b]);
  model_.score_gradient(grad_predictions_);
}

}  // namespace rowlight
