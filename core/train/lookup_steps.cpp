// The 18 steps of a pass: what each runs, on which buffers.

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/layers/linear.h"
#include "core/layers/one_hot.h"
#include "core/train/lookup_pass_state.h"

namespace rowlight {

namespace {

/// Multiply-adds of one piece of a matrix product: some milliseconds.
constexpr std::size_t products_per_piece = std::size_t{1} << 24;

/// Rows of a table (N, dim) times `batch` that make one piece.
std::size_t rows_per_piece(std::size_t batch, std::size_t dim) {
  return std::max<std::size_t>(1, products_per_piece / std::max<std::size_t>(1, batch * dim));
}

std::vector<std::int32_t> distinct(std::vector<std::int32_t> rows) {
  std::ranges::sort(rows);
  rows.erase(std::ranges::unique(rows).begin(), rows.end());
  return rows;
}

/// A coalesced gradient as the optimizer takes it.
RowGradient by_rows(const SparseGradient& gradient, std::size_t table_rows) {
  RowGradient rows(table_rows, gradient.values.cols(), std::max<std::size_t>(1, gradient.indices.size()));
  std::vector<std::int32_t> ids;
  ids.reserve(gradient.indices.size());
  for (const std::int64_t index : gradient.indices) ids.push_back(static_cast<std::int32_t>(index));
  rows.assign_slots(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::ranges::copy(gradient.values.row(i), rows.values().row(i).begin());
  }
  return rows;
}

}  // namespace

void LookupPass::State::begin() {
  computed = 0;
  cursor = 0;
  for (int i = 0; i < lookup_step_count; ++i) {
    trace[static_cast<std::size_t>(i)] = {};
    trace[static_cast<std::size_t>(i)].step = static_cast<LookupStep>(i + 1);
  }
  if (!follows()) {
    indices = setup().indices;
    if (has_bags() && !is_max()) shares = bag_shares(bags, bag_options(), weight().rows);
    touched = distinct(bags.rows);
  }
  one_hot = plain_output = plain_one_hot = output = one_hot_output = {};
  grad_output = one_hot_grad = dense_grad = bag_output = {};
  sparse = coalesced = {};
  max_rows.clear();
  position_bias.clear();
  grad_bias.clear();
  grad_sample_weights.clear();
  shrunk_first.clear();
  shrunk_next.clear();
  moved.clear();
  undo.clear();
  optimizer_before.reset();
  rows_moved = rows_moved_only = 0;
  plain_verdict = verdict = {};
  for (StepTrace& step : trace) step.sentence = sentence_of(step.step, *this);
}

Expected<bool> LookupPass::State::advance() {
  if (computed == lookup_step_count) {
    begin();
    ++pass;
    return true;
  }
  const auto step = static_cast<LookupStep>(computed + 1);
  const Expected<bool> done = run(step);
  if (!done || !*done) return done;
  // Work that is the same for both algorithms, done once.
  const bool shared = step == LookupStep::Loss || step == LookupStep::LossGradient ||
                      (step == LookupStep::BiasGradient && adds_vector());
  if (shared && verdict.one_hot_possible) at(step).one_hot = at(step).lookup;
  cursor = 0;
  ++computed;
  at(step).ran = true;
  at(step).sentence = sentence_of(step, *this);
  return true;
}

Expected<bool> LookupPass::State::run(LookupStep step) {
  const auto whole = [](const Expected<void>& result) -> Expected<bool> {
    if (!result) return tl::make_unexpected(result.error());
    return true;
  };
  switch (step) {
    case LookupStep::Indices: return draw();
    case LookupStep::OneHot: encode(); break;
    case LookupStep::Matmul: return multiply();
    case LookupStep::LookUp: return whole(look_up_rows());
    case LookupStep::Compare:
      plain_verdict = verdict = compare(plain_output.view(), plain_one_hot.view(), weight(), *this);
      break;
    case LookupStep::Layout: break;
    case LookupStep::Bias: add_the_bias(); break;
    case LookupStep::Loss: return whole(compute_loss());
    case LookupStep::LossGradient: return whole(output_gradient());
    case LookupStep::DenseGradient: return multiply_backward();
    case LookupStep::ScatterAdd: return whole(add_gradients());
    case LookupStep::SparseGradient: make_sparse(); break;
    case LookupStep::Padding:
    case LookupStep::ScaleByFrequency: break;  // part of what ScatterAdd and SparseGradient did
    case LookupStep::BiasGradient: sum_bias_gradient(); break;
    case LookupStep::OptimizerStep: return whole(step_optimizer());
    case LookupStep::MaxNorm: shrink_for_next(); break;
    case LookupStep::Bag: reduce(); break;
  }
  return true;
}

template <class Counts>
Expected<void> LookupPass::State::run_stages(BatchStage last, BatchCost& cost, Counts counts) {
  while (!trainer->step().has_run(last) || trainer->step().done()) {
    const BatchStage next = trainer->step().done() ? BatchStage::DrawBatch : trainer->step().next_stage();
    if (auto ran = trainer->advance_stage(counts(next) ? &cost : nullptr); !ran) return ran;
    if (next == last) break;
  }
  return {};
}

Expected<bool> LookupPass::State::draw() {
  if (!follows()) return true;
  // What somebody else began is finished first: its rest, and the validation at an epoch's end, a piece at a time.
  if (!trainer->between_batches() && !trainer->at_batch_start()) {
    if (auto ran = trainer->advance(); !ran) return tl::make_unexpected(ran.error());
    return false;
  }
  if (trainer->finished()) {
    return fail_at("source", ErrorKind::Usage, "the training has done all its epochs",
                   "raise the number of epochs, reset, or choose a batch of your own");
  }
  BatchCost cost;
  if (auto ran = run_stages(BatchStage::DrawBatch, cost, [](BatchStage) { return false; }); !ran) {
    return tl::make_unexpected(ran.error());
  }
  const auto rows = table == Table::Users ? trainer->step().users() : trainer->step().movies();
  indices.assign(rows.begin(), rows.end());
  bags.rows.assign(rows.begin(), rows.end());
  bags.begin.resize(rows.size() + 1);
  std::iota(bags.begin.begin(), bags.begin.end(), std::size_t{0});
  touched = distinct(bags.rows);
  return true;
}

void LookupPass::State::encode() {
  StepTrace& step = at(LookupStep::OneHot);
  Cost& lookup = step.lookup.emplace();
  const std::uint64_t index_bytes = indices.size() * sizeof(std::int64_t);
  lookup.bytes_written += index_bytes;
  lookup.bytes_allocated += index_bytes;
  step.rows_touched = touched.size();
  if (setup().options.max_norm && !follows()) {
    keep(LookupStep::OneHot, touched);
    const Stopwatch watch(lookup);
    shrunk_first = renormalize(own[0].value.view(), bags.rows, *setup().options.max_norm, setup().options.norm_type,
                               Counted{lookup});
  }
  const std::uint64_t bytes = std::uint64_t{outputs()} * weight().rows * sizeof(float);
  if (is_max()) {
    verdict.one_hot_possible = false;
    verdict.why_not = "The largest of several rows is no sum of products: mode max has no matrix product.";
  } else if (bytes > one_hot_limit) {
    verdict.one_hot_possible = false;
    verdict.why_not = "The one-hot matrix of " + std::to_string(outputs()) + " x " + std::to_string(weight().rows) +
                      " would take " + std::to_string(bytes >> 20U) + " MB; it is not made.";
  }
  plain_verdict = verdict;
  if (!verdict.one_hot_possible) return;
  Cost& cost = step.one_hot.emplace();
  const Stopwatch watch(cost);
  one_hot = Matrix(outputs(), weight().rows);
  if (has_bags()) {
    multi_hot(bags, shares, one_hot.view(), Counted{cost});
  } else {
    rowlight::one_hot(bags.rows, one_hot.view(), Counted{cost});
  }
}

bool LookupPass::State::multiply() {
  if (!verdict.one_hot_possible) return true;
  StepTrace& step = at(LookupStep::Matmul);
  if (cursor == 0) {
    step.one_hot.emplace();
    plain_one_hot = Matrix(outputs(), weight().cols);
    step.one_hot->bytes_allocated += std::uint64_t{outputs()} * weight().cols * sizeof(float);
  }
  const std::size_t end = std::min(weight().rows, cursor + rows_per_piece(outputs(), weight().cols));
  const Stopwatch watch(*step.one_hot);
  one_hot_matmul(one_hot.view(), weight(), cursor, end, plain_one_hot.view(), Counted{*step.one_hot});
  cursor = end;
  return cursor == weight().rows;
}

Expected<void> LookupPass::State::look_up_rows() {
  StepTrace& step = at(LookupStep::LookUp);
  Cost& cost = step.lookup.emplace();
  step.rows_touched = touched.size();
  plain_output = Matrix(outputs(), weight().cols);
  cost.bytes_allocated += std::uint64_t{outputs()} * weight().cols * sizeof(float);
  const Stopwatch watch(cost);
  if (has_bags()) {
    bag_forward(weight(), bags, bag_options(), plain_output.view(), &max_rows, Counted{cost});
    return {};
  }
  if (!follows() || trainer->model().spec().one_hot) {
    look_up(weight(), bags.rows, plain_output.view(), Counted{cost});
    if (!follows()) return {};
  }
  BatchCost stages;
  const auto ran = run_stages(BatchStage::LookUpMovies, stages, [](BatchStage) { return true; });
  if (!ran || trainer->model().spec().one_hot) return ran;
  cost += stages.factors[index_of(table)];
  const ConstMatrixView rows = trainer->model().looked_up(table);
  std::ranges::copy(rows.flat(), plain_output.view().flat().begin());
  return {};
}

void LookupPass::State::add_the_bias() {
  output = plain_output;
  one_hot_output = plain_one_hot;
  StepTrace& step = at(LookupStep::Bias);
  if (adds_vector()) {
    Cost& cost = step.lookup.emplace();
    {
      const Stopwatch watch(cost);
      add_bias(output.view(), input.bias, Counted{cost});
    }
    if (verdict.one_hot_possible) {
      Cost& other = step.one_hot.emplace();
      const Stopwatch watch(other);
      add_bias(one_hot_output.view(), input.bias, Counted{other});
    }
    verdict = compare(output.view(), one_hot_output.view(), weight(), *this);
    return;
  }
  const Matrix* model_bias = follows() ? trainer->model().bias(table) : nullptr;
  if (setup().bias != BiasKind::PerRow && !model_bias) return;
  Cost& cost = step.lookup.emplace();
  const Stopwatch watch(cost);
  for (const std::int32_t row : bags.rows) {
    const auto r = static_cast<std::size_t>(row);
    position_bias.push_back(model_bias ? (*model_bias)(r, 0) : input.bias[r]);
  }
  cost.bytes_read += bags.rows.size() * sizeof(float);
  cost.bytes_written += bags.rows.size() * sizeof(float);
}

Expected<void> LookupPass::State::compute_loss() {
  StepTrace& step = at(LookupStep::Loss);
  Cost& cost = step.lookup.emplace();
  const Stopwatch watch(cost);
  if (follows()) {
    BatchCost stages;
    const auto ran = run_stages(BatchStage::Loss, stages, [](BatchStage) { return true; });
    cost += stages.rest;
    loss = trainer->step().loss();
    return ran;
  }
  // The simplest loss whose gradient is G: the sum of output times G, and of the biases per row.
  double sum = 0;
  for (std::size_t b = 0; b < outputs(); ++b) {
    for (std::size_t k = 0; k < weight().cols; ++k) {
      sum += double{output(b, k)} * (input.grad_output ? (*input.grad_output)(b, k) : 1.0F);
    }
  }
  const std::uint64_t products = std::uint64_t{outputs()} * weight().cols;
  cost.multiplies += products;
  cost.adds += products - std::min<std::uint64_t>(products, 1) + position_bias.size();
  cost.bytes_read += 2 * products * sizeof(float);
  for (const float bias : position_bias) sum += bias;
  loss = sum;
  return {};
}

Expected<void> LookupPass::State::output_gradient() {
  StepTrace& step = at(LookupStep::LossGradient);
  Cost& cost = step.lookup.emplace();
  grad_output = Matrix(outputs(), weight().cols);
  const std::uint64_t numbers = std::uint64_t{outputs()} * weight().cols;
  cost.bytes_written += numbers * sizeof(float);
  cost.bytes_allocated += numbers * sizeof(float);
  const Stopwatch watch(cost);
  if (follows()) {
    BatchCost stages;
    const auto ran = run_stages(BatchStage::LossGradient, stages, [](BatchStage) { return false; });
    if (!ran) return ran;
    const ConstMatrixView other = trainer->model().looked_up(table == Table::Users ? Table::Movies : Table::Users);
    const auto scores = trainer->model().score_gradients();
    for (std::size_t b = 0; b < outputs(); ++b) {
      const float g = scores[b];
      std::ranges::transform(other.row(b), grad_output.row(b).begin(), [g](float x) { return g * x; });
    }
    cost.multiplies += numbers;
    cost.bytes_read += numbers * sizeof(float);
  } else if (input.grad_output) {
    grad_output = *input.grad_output;
  } else {
    for (std::size_t b = 0; b < outputs(); ++b) std::ranges::fill(grad_output.row(b), 1.0F);
  }
  return {};
}

bool LookupPass::State::multiply_backward() {
  if (!verdict.one_hot_possible) return true;
  StepTrace& step = at(LookupStep::DenseGradient);
  if (cursor == 0) {
    step.one_hot.emplace();
    one_hot_grad = Matrix(weight().rows, weight().cols);
  }
  const std::size_t end = std::min(weight().rows, cursor + rows_per_piece(outputs(), weight().cols));
  const Stopwatch watch(*step.one_hot);
  one_hot_matmul_backward(one_hot.view(), grad_output.view(), cursor, end, one_hot_grad.view(), Counted{*step.one_hot});
  cursor = end;
  return cursor == weight().rows;
}

Expected<void> LookupPass::State::add_gradients() {
  StepTrace& step = at(LookupStep::ScatterAdd);
  if (has_bags() && setup().bag->mode == BagMode::Sum && !bags.weights.empty()) {
    grad_sample_weights =
        rowlight::per_sample_weight_gradient(grad_output.view(), weight(), bags, bag_options(), Uncounted{});
  }
  if (setup().options.freeze) return {};  // the weights of a bag's samples still have a gradient
  Cost& cost = step.lookup.emplace();
  step.rows_touched = touched.size();
  dense_grad = Matrix(weight().rows, weight().cols);
  cost.bytes_allocated += std::uint64_t{weight().rows} * weight().cols * sizeof(float);
  {
    const Stopwatch watch(cost);
    zero_fill(dense_grad.view(), Counted{cost});
    if (has_bags()) {
      bag_scatter_add(grad_output.view(), bags, bag_options(), max_rows, dense_grad.view(), Counted{cost});
    } else {
      scatter_add(grad_output.view(), bags.rows, setup().options, dense_grad.view(), Counted{cost});
    }
  }
  if (!follows()) return {};
  BatchCost stages;
  const auto ran = run_stages(BatchStage::RowGradients, stages, [](BatchStage) { return false; });
  if (!ran) return ran;
  // The optimizer takes the model's own sums, so these are shown: they may round differently from those of G.
  const TableGradient& gradient = trainer->model().gradients()[index_of(table)];
  if (gradient.by_rows) {
    const auto rows = gradient.by_rows->touched_rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::ranges::copy(gradient.by_rows->values().row(i), dense_grad.row(static_cast<std::size_t>(rows[i])).begin());
    }
  } else {
    std::ranges::copy(gradient.dense.flat(), dense_grad.view().flat().begin());
  }
  return {};
}

void LookupPass::State::make_sparse() {
  if (is_max() || setup().options.freeze) return;
  StepTrace& step = at(LookupStep::SparseGradient);
  Cost& cost = step.lookup.emplace();
  step.rows_touched = touched.size();
  {
    const Stopwatch watch(cost);
    sparse = has_bags() ? bag_sparse_gradient(grad_output.view(), bags, bag_options(), weight().rows, Counted{cost})
                        : sparse_gradient(grad_output.view(), bags.rows, padding(), Counted{cost});
  }
  Cost& summing = step.coalesce.emplace();
  const Stopwatch watch(summing);
  coalesced = coalesce(sparse, Counted{summing});
}

void LookupPass::State::sum_bias_gradient() {
  StepTrace& step = at(LookupStep::BiasGradient);
  const bool per_row = !position_bias.empty();
  if (!adds_vector() && !per_row) return;
  Cost& cost = step.lookup.emplace();
  {
    const Stopwatch watch(cost);
    if (adds_vector()) {
      grad_bias = rowlight::bias_gradient(grad_output.view(), Counted{cost});
    } else {
      // One number for each row: the gradient of a score goes to the bias that was added to it.
      grad_bias.assign(weight().rows, 0.0F);
      for (std::size_t p = 0; p < bags.rows.size(); ++p) {
        grad_bias[static_cast<std::size_t>(bags.rows[p])] += follows() ? trainer->model().score_gradients()[p] : 1.0F;
      }
      cost.adds += bags.rows.size();
    }
  }
}

Expected<void> LookupPass::State::step_optimizer() {
  StepTrace& step = at(LookupStep::OptimizerStep);
  if (setup().options.freeze) return {};
  keep_all(LookupStep::OptimizerStep);
  optimizer_before = optimizer;
  Cost& cost = step.lookup.emplace();
  BatchCost costs;
  {
    const Stopwatch watch(cost);
    if (follows()) {
      const auto ran = run_stages(BatchStage::OptimizerStep, costs, [](BatchStage) { return true; });
      if (!ran) return ran;
      cost += costs.factors[index_of(table)];
    } else {
      const OptimizerSettings& o = setup().optimizer;
      const Rates rates{o.learning_rate, has_betas(o.kind) ? o.beta1 : o.momentum};
      if (setup().options.sparse) {
        const RowGradient rows = by_rows(coalesced, weight().rows);
        const TableGradient gradient(rows);
        optimizer->step(own, {&gradient, 1}, rates, pool, &costs);
      } else {
        const TableGradient gradient(std::as_const(dense_grad).view());
        optimizer->step(own, {&gradient, 1}, rates, pool, &costs);
      }
      cost += costs.factors[0];
    }
  }
  mark_moved();
  step.rows_touched = rows_moved;
  return {};
}

void LookupPass::State::shrink_for_next() {
  if (!setup().options.max_norm || follows()) return;
  StepTrace& step = at(LookupStep::MaxNorm);
  keep(LookupStep::MaxNorm, touched);
  Cost& cost = step.lookup.emplace();
  const Stopwatch watch(cost);
  shrunk_next =
      renormalize(own[0].value.view(), bags.rows, *setup().options.max_norm, setup().options.norm_type, Counted{cost});
  step.rows_touched = shrunk_next.size();
}

void LookupPass::State::reduce() {
  if (has_bags()) {
    bag_output = plain_output;
    return;
  }
  // Without bags: what one bag of the whole batch would give, the mean of the rows that were copied, without padding.
  StepTrace& step = at(LookupStep::Bag);
  Cost& cost = step.lookup.emplace();
  Bags one;
  for (std::size_t b = 0; b < bags.rows.size(); ++b) {
    if (bags.rows[b] != padding()) one.rows.push_back(static_cast<std::int32_t>(b));
  }
  one.begin = {0, one.rows.size()};
  step.rows_touched = touched.size();
  bag_output = Matrix(1, weight().cols);
  const Stopwatch watch(cost);
  bag_forward(plain_output.view(), one, {{}, BagMode::Mean, false}, bag_output.view(), nullptr, Counted{cost});
}

void LookupPass::State::keep(LookupStep step, std::vector<std::int32_t> rows) {
  Undo saved{step, false, std::move(rows), {}};
  saved.values = Matrix(saved.rows.size(), weight().cols);
  for (std::size_t i = 0; i < saved.rows.size(); ++i) {
    std::ranges::copy(weight().row(static_cast<std::size_t>(saved.rows[i])), saved.values.row(i).begin());
  }
  undo.push_back(std::move(saved));
}

void LookupPass::State::keep_all(LookupStep step) { undo.push_back({step, true, {}, copy_of(weight())}); }

void LookupPass::State::mark_moved() {
  const Matrix& before = undo.back().values;
  moved.assign(weight().rows, false);
  rows_moved = rows_moved_only = 0;
  for (std::size_t r = 0; r < weight().rows; ++r) {
    if (std::memcmp(before.row(r).data(), weight().row(r).data(), before.row(r).size_bytes()) == 0) continue;
    moved[r] = true;
    ++rows_moved;
    if (!std::ranges::binary_search(touched, static_cast<std::int32_t>(r))) ++rows_moved_only;
  }
}

}  // namespace rowlight
