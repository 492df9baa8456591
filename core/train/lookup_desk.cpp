#include "core/train/lookup_desk.h"

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/io/code_card.h"
#include "core/train/trainer.h"

namespace rowlight {

namespace {

Table table_of(LookupSource source) { return source == LookupSource::Users ? Table::Users : Table::Movies; }

/// A batch of one's own on a copy of a live table.
LookupInput copy_input(const LiveTables& tables, const LookupSetup& setup) {
  const Table table = table_of(setup.source);
  LookupInput input;
  input.setup = setup;
  input.weight = *tables.table(table);
  if (setup.bias == BiasKind::Shared || setup.bias == BiasKind::Linear) {
    constexpr double size = 0.1;
    Random random(tables.seed);
    for (std::size_t k = 0; k < input.weight.cols(); ++k) input.bias.push_back(random.truncated_normal(size));
  } else if (setup.bias == BiasKind::PerRow) {
    input.bias.assign(input.weight.rows(), 0.0F);
    if (const Matrix* bias = tables.bias[index_of(table)]) std::copy_n(bias->data(), bias->rows(), input.bias.begin());
  }
  input.name_of_row = [ratings = tables.ratings, table](std::int32_t row) { return row_name(*ratings, table, row); };
  return input;
}

/// How far a changed pass runs by itself: one that follows the training does not take its optimizer step.
int most_of(const LookupSetup& setup) {
  return setup.follows_training() ? static_cast<int>(LookupStep::BiasGradient) : lookup_step_count;
}

}  // namespace

LookupDesk::LookupDesk() { take(std::move(*make({}, {})), 0); }

Expected<std::unique_ptr<LookupPass>> LookupDesk::make(const LookupSetup& setup, std::optional<Matrix> weight) const {
  if (setup.source != LookupSource::Toy) {
    if (!tables_.ratings) {
      return fail_at("source", ErrorKind::Usage, "there is no live table yet",
                     "open a rating file or the sample first");
    }
    if (!tables_.table(table_of(setup.source))) {
      return fail_at("source", ErrorKind::Usage, "the file has no such table", "choose the other one");
    }
  }
  if (setup.follows_training()) {
    if (trainer_) return LookupPass::follow(*trainer_, setup);
    return fail_at("indices", ErrorKind::Usage, "the tables were trained elsewhere, so there is no batch to follow",
                   "choose a batch of your own");
  }
  if (setup.source != LookupSource::Toy && !weight) {
    const Matrix& table = *tables_.table(table_of(setup.source));
    if (auto fits = LookupPass::check_size(table.rows(), table.cols()); !fits) {
      return tl::make_unexpected(fits.error());
    }
  }
  LookupInput input = setup.source == LookupSource::Toy ? toy_input(setup) : copy_input(tables_, setup);
  if (weight) input.weight = std::move(*weight);
  return LookupPass::create(std::move(input));
}

void LookupDesk::take(std::unique_ptr<LookupPass> pass, int target) {
  pass_ = std::move(pass);
  shown_ = 0;
  target_ = target;
  next_pass_ = false;
  error_.reset();
  program_.reset();
}

void LookupDesk::attach(LiveTables tables, Trainer* trainer) {
  tables_ = std::move(tables);
  trainer_ = trainer;
  if (!tables_.ratings) {
    live_source_ = pass_->setup().source;
    // It knows the trainer that ends, and indices of one data set mean nothing in another.
    if (live_source_ != LookupSource::Toy) take(std::move(*make({}, {})), 0);
  } else if (live_source_ != LookupSource::Toy) {
    const Matrix* table = tables_.table(table_of(live_source_));
    const LookupSetup setup = trainer_ || !table ? live_setup(live_source_) : own_setup(live_source_, table->rows());
    if (auto pass = make(setup, {})) take(std::move(*pass), 0);  // else the toy stays: the table is absent or too large
  }
}

void LookupDesk::training_moved() {
  if (!pass_->setup().follows_training() || pass_->computed() == 0) return;
  pass_->restart();
  shown_ = target_ = 0;
  next_pass_ = false;
}

void LookupDesk::set_up(const SetUpLookup& command) {
  const LookupSetup& before = pass_->setup();
  const bool same_table =
      command.setup.source == before.source && !command.setup.follows_training() && !before.follows_training();
  std::optional<Matrix> weight;
  const int target = target_;
  if (same_table) weight = pass_->weight_after(0);
  auto made = make(command.setup, std::move(weight));
  if (!made) {
    error_ = made.error();
    return;
  }
  if (same_table) (*made)->take_optimizer(*pass_);
  if (before.follows_training() && trainer_) trainer_->restart_batch();  // the new pass, or the training, does it anew
  // Another view of the training takes no step of it: it shows the batch under way, or waits for the next.
  const bool steps_training = command.setup.follows_training() && !trainer_->at_batch_start();
  take(std::move(*made), steps_training ? 0 : std::min(target, most_of(command.setup)));
}

void LookupDesk::set_weight(const SetLookupWeight& command) {
  error_.reset();
  if (!pass_->setup().follows_training()) {
    if (auto set = pass_->set_weight(command.row, command.column, command.value); !set) {
      error_ = set.error();
      return;
    }
  } else {
    const ConstMatrixView weight = pass_->weight();
    if (command.row >= weight.rows || command.column >= weight.cols) {
      error_ = Error{ErrorKind::Usage, "there is no such weight", "choose one in the table", {}, 0, 0, "weight"};
      return;
    }
    if (!std::isfinite(command.value)) {
      error_ = Error{ErrorKind::Usage,
                     "a number that is not finite would spoil the training",
                     "choose a batch of your own: it works on a copy of the table",
                     {},
                     0,
                     0,
                     "weight"};
      return;
    }
    trainer_->restart_batch();
    if (!trainer_->at_batch_start()) target_ = 0;  // the batch has moved the table: the next one waits for a step
    trainer_->set_factor(table_of(pass_->setup().source), command.row, command.column, command.value);
    pass_->restart();
  }
  shown_ = 0;
  next_pass_ = false;
}

void LookupDesk::seek(int step) {
  error_.reset();
  target_ = std::clamp(step, 0, lookup_step_count);
  next_pass_ = false;
  if (target_ <= pass_->computed()) shown_ = target_;
}

void LookupDesk::step() {
  error_.reset();
  if (shown_ < lookup_step_count) {
    seek(shown_ + 1);
    return;
  }
  next_pass_ = true;
  target_ = 1;
}

bool LookupDesk::reset() {
  if (pass_->setup().follows_training()) return false;
  take(std::move(*make(pass_->setup(), {})), 0);
  return true;
}

bool LookupDesk::has_work() const { return next_pass_ || shown_ != target_; }

bool LookupDesk::advance() {
  if (!next_pass_ && target_ <= pass_->computed()) {
    shown_ = target_;
    return true;
  }
  const Expected<bool> done = pass_->advance();
  if (!done) {
    error_ = done.error();
    target_ = shown_ = pass_->computed();
    next_pass_ = false;
    return true;
  }
  if (!*done) return false;
  if (next_pass_) {
    next_pass_ = false;
    shown_ = 0;
    return false;
  }
  shown_ = pass_->computed();
  return true;
}

void LookupDesk::write_program() {
  error_.reset();
  program_.reset();
  if (pass_->setup().follows_training() && pass_->computed() == 0) {
    error_ =
        Error{ErrorKind::Usage, "there is no batch yet", "take the first step, then ask for its program", {}, 0, 0, {}};
    return;
  }
  const LookupInput input = pass_->as_input();
  LookupInput again = input;
  auto fresh = LookupPass::create(std::move(again));
  auto results = fresh ? run_whole(**fresh) : Expected<LookupResults>(tl::make_unexpected(fresh.error()));
  if (!results) {
    error_ = results.error();
    return;
  }
  program_ = std::make_shared<const std::string>(pytorch_program(input, *results));
}

std::shared_ptr<const LookupView> LookupDesk::view() const {
  if (!window_.shown) return nullptr;
  auto view = pass_->view(shown_, window_.first_row, window_.row_count);
  view->error = error_;
  view->program = program_;
  return view;
}

}  // namespace rowlight
