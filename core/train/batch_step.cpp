#include "core/train/batch_step.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace rowlight {

namespace {

bool takes_apart(const DotModel& model, const Optimizer& optimizer) {
  return model.may_split() && optimizer.takes_pairs();
}

/// Threads share a batch out by columns: each finds the rows' numbers in its own cache, where it wrote them last. That
/// pays where there is more to move than the rows themselves, and enough of it to wait for each other twice a batch:
/// measured, see tests/bench/README.md.
std::size_t parts_of(const DotModel& model, const Optimizer& optimizer, const ThreadPool& pool) {
  constexpr std::size_t least_floats = 12'288;  // of a batch's users; the movies' are as many
  const DotModelSpec& spec = model.spec();
  const std::size_t states = optimizer.states_per_parameter();
  const std::size_t floats = spec.batch_size * padded_stride(spec.factors) * (1 + states);
  const bool shared = takes_apart(model, optimizer) && states > 0 && pool.threads() > 1 && floats >= least_floats;
  return shared ? model.part_count() : 1;
}

}  // namespace

BatchStep::BatchStep(DotModel& model, Optimizer& optimizer, TrainingOrder& order, ThreadPool& pool)
    : model_(model),
      optimizer_(optimizer),
      pool_(pool),
      parts_(parts_of(model, optimizer, pool)),
      drawn_(order, model.spec(), {takes_apart(model, optimizer), parts_ > 1}, pool) {
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
    case BatchStage::DotProduct:
      model_.dot_product(pool_, cost);
      drawn_.draw_ahead();
      break;
    case BatchStage::AddBias: model_.add_bias(columns_.users, columns_.movies, cost); break;
    case BatchStage::SigmoidRange: model_.squash(); break;
    case BatchStage::Loss: compute_loss(); break;
    case BatchStage::LossGradient: compute_loss_gradient(); break;
    case BatchStage::RowGradients: model_.row_gradients(columns_.users, columns_.movies, pool_, cost); break;
    case BatchStage::OptimizerStep:
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
    if (parts_ == 1) {
      model_.dot_product_in_place(columns_.users, columns_.movies, pool_);
    } else {
      const auto dots = [this](std::size_t part) { model_.dot_product_of_part(columns_.users, columns_.movies, part); };
      pool_.parallel_fixed(parts_, std::cref(dots));
      model_.sum_dot_parts(size_);
    }
    next_ = BatchStage::AddBias;
    drawn_.draw_ahead();
  }
  while (next_ <= BatchStage::Loss) run_stage();
}

void BatchStep::run_from_loss() {
  assert(!done_ && next_ == BatchStage::LossGradient);
  run_stage();
  const bool in_stages = model_.looked_up(Table::Users).rows > 0;
  const std::optional<PairSplit> split = in_stages ? std::nullopt : drawn_.split();
  if (!split) {
    while (!done_) run_stage();
    return;
  }
  const simd::RatingPairs pairs = model_.row_gradients_but_pairs(*split);
  const simd::RatingPairs next = coming();
  optimizer_.begin_step(rates_);
  // Nothing here depends on another part: the gradient of a column is the same column of other rows.
  const auto step = [&](std::size_t part) {
    const Columns columns = parts_ == 1 ? Columns{0, model_.spec().factors} : model_.part(part);
    model_.sum_factor_gradients(columns);
    optimizer_.step_factors(model_.parameters(), model_.gradients(), pairs, columns, next);
    for (std::size_t bias = 2; bias < model_.parameters().size(); ++bias) {
      if (bias % parts_ == part) optimizer_.step_bias(model_.parameters(), model_.gradients(), pairs, bias);
    }
  };
  pool_.parallel_fixed(parts_, std::cref(step));
  done_ = true;
}

/// Those of the next batch, when they are known and few enough for their rows to stay in the cache.
simd::RatingPairs BatchStep::coming() const {
  constexpr std::size_t most = 256;
  if (size_ > most) return {};
  const simd::RatingColumns next = drawn_.coming(size_);
  return {next.users, next.movies, {}};
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
