#include "core/train/lookup_pass.h"

#include <algorithm>
#include <numeric>

#include "core/base/system.h"
#include "core/train/lookup_pass_state.h"

namespace rowlight {

namespace {

Expected<void> check_bias(const LookupInput& input) {
  const std::size_t n = input.bias.size();
  switch (input.setup.bias) {
    case BiasKind::None: return {};
    case BiasKind::Shared:
    case BiasKind::Linear:
      if (n == input.weight.cols()) return {};
      return fail_at("bias", ErrorKind::BadInput, "the bias has " + std::to_string(n) + " numbers",
                     "a shared bias has one for each of the " + std::to_string(input.weight.cols()) + " columns");
    case BiasKind::PerRow:
      if (n == input.weight.rows()) return {};
      return fail_at("bias", ErrorKind::BadInput, "the bias has " + std::to_string(n) + " numbers",
                     "a bias per row has one for each of the " + std::to_string(input.weight.rows()) + " rows");
  }
  return {};
}

}  // namespace

LookupPass::LookupPass(std::unique_ptr<State> state) : state_(std::move(state)) {}
LookupPass::~LookupPass() = default;

Expected<void> LookupPass::check_size(std::size_t rows, std::size_t dim) {
  // The table, both gradients, what the optimizer step changes, and the optimizer's state before and after.
  constexpr double tables = 8;
  const double needed = tables * static_cast<double>(rows) * static_cast<double>(padded_stride(dim)) * sizeof(float);
  const auto limit = static_cast<double>(memory_limit_bytes());
  if (needed <= limit && rows <= INT32_MAX) return {};
  return fail_at("weight", ErrorKind::Usage,
                 "a table of " + std::to_string(rows) + " x " + std::to_string(dim) + " is too large to step through",
                 "a pass needs memory for eight such tables; choose a smaller one");
}

Expected<std::unique_ptr<LookupPass>> LookupPass::create(LookupInput input, std::uint64_t one_hot_limit) {
  if (auto fits = check_size(input.weight.rows(), input.weight.cols()); !fits) {
    return tl::make_unexpected(fits.error());
  }
  const LookupSetup& setup = input.setup;
  auto state = std::make_unique<State>();
  state->one_hot_limit = one_hot_limit;
  const std::size_t rows = input.weight.rows();
  const BagSetup single;
  const BagSetup& bag = setup.bag ? *setup.bag : single;
  if (setup.bag) {
    auto bags = make_bags(setup.indices, bag.offsets, bag.per_sample_weights,
                          {setup.options, bag.mode, bag.include_last_offset}, rows);
    if (!bags) return tl::make_unexpected(bags.error());
    state->bags = std::move(*bags);
  } else {
    if (auto valid = validate(setup.options, rows); !valid) return tl::make_unexpected(valid.error());
    auto checked = checked_rows(setup.indices, rows);
    if (!checked) return tl::make_unexpected(checked.error());
    state->bags.rows = std::move(*checked);
    state->bags.begin.resize(state->bags.rows.size() + 1);
    std::iota(state->bags.begin.begin(), state->bags.begin.end(), std::size_t{0});
  }
  if (auto valid = check_bias(input); !valid) return tl::make_unexpected(valid.error());
  const GradientLayout layout = setup.options.sparse ? GradientLayout::Sparse : GradientLayout::Dense;
  if (auto valid = validate(setup.optimizer, layout); !valid) {
    Error error = valid.error();
    error.field = "optimizer";
    return tl::make_unexpected(error);
  }
  const std::size_t outputs = setup.bag ? state->bags.count() : state->bags.rows.size();
  if (input.grad_output && (input.grad_output->rows() != outputs || input.grad_output->cols() != input.weight.cols())) {
    return fail_at(
        "grad", ErrorKind::BadInput,
        "the gradient is " + std::to_string(input.grad_output->rows()) + " x " +
            std::to_string(input.grad_output->cols()),
        "it must have the output's shape, " + std::to_string(outputs) + " x " + std::to_string(input.weight.cols()));
  }
  state->own.push_back({"weight", Table::Users, std::move(input.weight)});
  state->input = std::move(input);
  state->optimizer.emplace(state->setup().optimizer, state->own);
  state->begin();
  return std::unique_ptr<LookupPass>(new LookupPass(std::move(state)));
}

Expected<std::unique_ptr<LookupPass>> LookupPass::follow(Trainer& trainer, const LookupSetup& setup,
                                                         std::uint64_t one_hot_limit) {
  assert(setup.follows_training());
  const auto refuse = [](std::string field) {
    const std::string what = "the training's own batches have no " + field;
    return fail_at(std::move(field), ErrorKind::Usage, what, "choose a batch of your own, on a copy of the table");
  };
  const EmbeddingOptions& o = setup.options;
  if (o.padding_idx) return refuse("padding_idx");
  if (o.max_norm) return refuse("max_norm");
  if (o.scale_grad_by_freq) return refuse("scale_grad_by_freq");
  if (o.sparse) return refuse("sparse");
  if (o.freeze) return refuse("freeze");
  if (setup.bag) return refuse("bag");
  if (setup.bias != BiasKind::None) return refuse("bias");
  const Matrix& table = trainer.model().factors(setup.source == LookupSource::Users ? Table::Users : Table::Movies);
  if (auto fits = check_size(table.rows(), table.cols()); !fits) return tl::make_unexpected(fits.error());
  auto state = std::make_unique<State>();
  state->one_hot_limit = one_hot_limit;
  state->trainer = &trainer;
  state->table = setup.source == LookupSource::Users ? Table::Users : Table::Movies;
  state->input.setup = setup;
  state->begin();
  return std::unique_ptr<LookupPass>(new LookupPass(std::move(state)));
}

void LookupPass::State::Undo::take_back(MatrixView weight) const {
  if (all) {
    std::ranges::copy(values.view().flat(), weight.flat().begin());
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(values.row(i), weight.row(static_cast<std::size_t>(rows[i])).begin());
  }
}

const LookupSetup& LookupPass::setup() const { return state_->setup(); }
int LookupPass::computed() const { return state_->computed; }
std::uint64_t LookupPass::pass() const { return state_->pass; }
Expected<bool> LookupPass::advance() { return state_->advance(); }

Expected<void> LookupPass::run_step() {
  while (true) {
    const Expected<bool> done = advance();
    if (!done) return tl::make_unexpected(done.error());
    if (*done) return {};
  }
}

Expected<void> LookupPass::set_weight(std::size_t row, std::size_t column, float value) {
  State& s = *state_;
  assert(!s.follows());
  if (row >= s.weight().rows || column >= s.weight().cols) {
    return fail_at("weight", ErrorKind::Usage,
                   "there is no weight in row " + std::to_string(row) + ", column " + std::to_string(column),
                   "the table is " + std::to_string(s.weight().rows) + " x " + std::to_string(s.weight().cols));
  }
  restart();
  s.own[0].value(row, column) = value;
  return {};
}

void LookupPass::restart() {
  State& s = *state_;
  if (!s.follows()) {
    for (auto saved = s.undo.rbegin(); saved != s.undo.rend(); ++saved) saved->take_back(s.own[0].value.view());
    if (s.optimizer_before) s.optimizer = std::move(s.optimizer_before);
  }
  s.begin();
}

void LookupPass::take_optimizer(const LookupPass& from) {
  const State& other = *from.state_;
  const std::optional<Optimizer>& optimizer = other.optimizer_before ? other.optimizer_before : other.optimizer;
  const ConstMatrixView weight = state_->weight();
  const bool fits = optimizer && !state_->follows() && other.setup().optimizer == setup().optimizer &&
                    other.weight().rows == weight.rows && other.weight().cols == weight.cols;
  if (fits) state_->optimizer = optimizer;
}

LookupInput LookupPass::as_input() const {
  const State& s = *state_;
  LookupInput input;
  input.setup = s.setup();
  input.setup.indices = s.indices;
  input.weight = weight_after(0);
  input.bias = s.input.bias;
  input.name_of_row = s.input.name_of_row;
  if (!s.follows()) {
    input.grad_output = s.input.grad_output;
  } else if (!s.grad_output.empty()) {
    input.grad_output = s.grad_output;
  }
  return input;
}

ConstMatrixView LookupPass::weight() const { return state_->weight(); }
std::span<const StepTrace> LookupPass::trace() const { return state_->trace; }
const Verdict& LookupPass::verdict() const { return state_->verdict; }
ConstMatrixView LookupPass::output() const {
  return state_->computed >= static_cast<int>(LookupStep::Bias) ? state_->output.view() : state_->plain_output.view();
}
ConstMatrixView LookupPass::one_hot_output() const {
  return state_->computed >= static_cast<int>(LookupStep::Bias) ? state_->one_hot_output.view()
                                                                : state_->plain_one_hot.view();
}
ConstMatrixView LookupPass::dense_gradient() const { return state_->dense_grad.view(); }
ConstMatrixView LookupPass::one_hot_gradient() const { return state_->one_hot_grad.view(); }
const SparseGradient& LookupPass::sparse() const { return state_->sparse; }
const SparseGradient& LookupPass::coalesced() const { return state_->coalesced; }
std::span<const float> LookupPass::bias_gradient() const { return state_->grad_bias; }
std::span<const float> LookupPass::per_sample_weight_gradient() const { return state_->grad_sample_weights; }

Matrix LookupPass::weight_after(int step) const {
  const State& s = *state_;
  Matrix copy = copy_of(s.weight());
  for (auto saved = s.undo.rbegin(); saved != s.undo.rend() && static_cast<int>(saved->step) > step; ++saved) {
    saved->take_back(copy.view());
  }
  return copy;
}

}  // namespace rowlight
