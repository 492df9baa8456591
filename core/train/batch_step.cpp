#include "core/train/batch_step.h"

#include "core/simd/training.h"

namespace rowlight {

BatchStep::BatchStep(DotModel& model, Optimizer& optimizer, ThreadPool& pool)
    : model_(model), optimizer_(optimizer), pool_(pool) {
  const std::size_t most = model.spec().batch_size;
  users_.reserve(most);
  movies_.reserve(most);
  ratings_.reserve(most);
  grad_predictions_.reserve(most);
}

void BatchStep::begin(const RatingSet& ratings, std::span<const std::int32_t> positions, const Rates& rates,
                      std::span<const std::int32_t> following) {
  assert(done_ && !positions.empty() && positions.size() <= model_.spec().batch_size);
  source_ = &ratings;
  positions_ = positions;
  following_ = following;
  rates_ = rates;
  next_ = BatchStage::DrawBatch;
  done_ = false;
}

void BatchStep::run_stage(BatchCost* cost) {
  assert(!done_);
  switch (next_) {
    case BatchStage::DrawBatch: draw(); break;
    case BatchStage::LookUpUsers: model_.look_up(Table::Users, users_, pool_, cost); break;
    case BatchStage::LookUpMovies: model_.look_up(Table::Movies, movies_, pool_, cost); break;
    case BatchStage::DotProduct: model_.dot_product(pool_, cost); break;
    case BatchStage::AddBias: model_.add_bias(users_, movies_, cost); break;
    case BatchStage::SigmoidRange: model_.squash(); break;
    case BatchStage::Loss: compute_loss(); break;
    case BatchStage::LossGradient: compute_loss_gradient(); break;
    case BatchStage::RowGradients: model_.row_gradients(users_, movies_, pool_, cost); break;
    case BatchStage::OptimizerStep:
      optimizer_.step(model_.parameters(), model_.gradients(), rates_, pool_, cost);
      done_ = true;
      return;
  }
  next_ = static_cast<BatchStage>(static_cast<int>(next_) + 1);
}

void BatchStep::draw() {
  users_.resize(positions_.size());
  movies_.resize(positions_.size());
  ratings_.resize(positions_.size());
  simd::draw_ratings({source_->users, source_->movies, source_->ratings}, positions_, following_, users_, movies_,
                     ratings_);
}

void BatchStep::compute_loss() {
  const auto predictions = model_.predictions();
  double sum = 0;
  for (std::size_t b = 0; b < predictions.size(); ++b) {
    const double error = predictions[b] - ratings_[b];
    sum += error * error;
  }
  loss_ = sum / static_cast<double>(predictions.size());
}

void BatchStep::compute_loss_gradient() {
  // d mean((p - r)^2) / d p[b] = 2 (p[b] - r[b]) / batch
  const auto predictions = model_.predictions();
  const float factor = 2.0F / static_cast<float>(predictions.size());
  grad_predictions_.resize(predictions.size());
  for (std::size_t b = 0; b < predictions.size(); ++b) grad_predictions_[b] = factor * (predictions[b] - ratings_[b]);
  model_.score_gradient(grad_predictions_);
}

}  // namespace rowlight
