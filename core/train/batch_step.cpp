#include "core/train/batch_step.h"

#include <algorithm>
#include <functional>

namespace rowlight {

BatchStep::BatchStep(DotModel& model, Optimizer& optimizer, ThreadPool& pool)
    : model_(model), optimizer_(optimizer), pool_(pool) {
  constexpr std::size_t drawn_together = 1U << 13;
  const std::size_t batch = model.spec().batch_size;
  const std::size_t most = std::max<std::size_t>(drawn_together / batch, 1) * batch;
  drawn_users_.resize(most);
  drawn_movies_.resize(most);
  drawn_ratings_.resize(most);
  grad_predictions_.reserve(batch);
}

void BatchStep::begin(const TrainingOrder& order, std::size_t first, std::size_t size, const Rates& rates) {
  assert(done_ && size > 0 && first + size <= order.size() && size <= model_.spec().batch_size);
  if (order_ != &order) discard_drawn();
  order_ = &order;
  first_ = first;
  size_ = size;
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
    draw();
    model_.dot_product_in_place(users_, movies_, pool_);
    next_ = BatchStage::AddBias;
  }
  while (next_ <= BatchStage::Loss) run_stage();
}

void BatchStep::run_from_loss() {
  assert(!done_ && next_ == BatchStage::LossGradient);
  run_stage();
  if (model_.looked_up(Table::Users).rows > 0 || !model_.has_pairs() || !optimizer_.takes_pairs(rates_)) {
    while (!done_) run_stage();
    return;
  }
  expect_next();
  const simd::RatingPairs pairs = model_.row_gradients_but_pairs(users_, movies_, pool_);
  optimizer_.step_with_pairs(model_.parameters(), model_.gradients(), pairs, rates_, pool_);
  done_ = true;
}

void BatchStep::draw() {
  if (first_ < drawn_first_ || first_ + size_ > drawn_first_ + drawn_) {
    drawn_first_ = first_;
    drawn_ = std::min(order_->size() - first_, drawn_users_.size());
    constexpr std::size_t piece_size = 1U << 11;
    const auto piece = [&](std::size_t i) {
      const std::size_t begin = i * piece_size;
      const std::size_t count = std::min(piece_size, drawn_ - begin);
      order_->draw(drawn_first_ + begin, std::span(drawn_users_).subspan(begin, count),
                   std::span(drawn_movies_).subspan(begin, count), std::span(drawn_ratings_).subspan(begin, count));
    };
    pool_.parallel((drawn_ + piece_size - 1) / piece_size, std::cref(piece));
  }
  const std::size_t at = first_ - drawn_first_;
  users_ = std::span(drawn_users_).subspan(at, size_);
  movies_ = std::span(drawn_movies_).subspan(at, size_);
  ratings_ = std::span(drawn_ratings_).subspan(at, size_);
}

/// Tells the optimizer whose rows the next batch looks up, when they are known and few enough to stay in the cache.
void BatchStep::expect_next() {
  constexpr std::size_t most = 256;
  const std::size_t end = first_ + size_ - drawn_first_;
  const std::size_t n = std::min(size_, drawn_ - end);
  if (size_ > most || n == 0) return;
  optimizer_.expect(std::span(drawn_users_).subspan(end, n), std::span(drawn_movies_).subspan(end, n));
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
