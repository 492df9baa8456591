#include "core/train/session.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/io/factors.h"
#include "core/simd/kernels.h"
#include "core/train/cost_desk.h"
#include "core/train/fast_trainer.h"
#include "core/train/frame_builder.h"
#include "core/train/lookup_desk.h"
#include "core/train/rating_rate.h"
#include "core/train/run_file.h"
#include "core/train/trainer.h"

namespace rowlight {

namespace {
using Clock = std::chrono::steady_clock;
}  // namespace

struct Session::State {
  TrainSettings settings;
  InstallRatings source;  // what the run was started with, for Reset
  // What is looked at: a run of one of the trainers, or factors that were trained elsewhere. At most one is there.
  std::unique_ptr<Trainer> trainer;
  std::unique_ptr<FastTrainer> fast;
  std::shared_ptr<const Factors> viewed;
  FrameBuilder builder;
  LookupDesk desk;  // after both, whose tables its pass may use
  CostDesk cost;
  RunState run_state = RunState::Empty;
  StepUnit unit = StepUnit::Batch;
  bool single_step = false;
  std::optional<Play> interrupted;  // the training's play, while the Lookup page computes
  bool diverged = false;
  double units_per_second = 0;
  std::uint64_t units_done = 0;
  std::optional<Error> error;
  std::uint64_t sequence = 0;
  std::uint64_t run = 0;

  // At full speed a thousand batches pass between two frames, and remembering rows takes a tenth of a small one.
  bool skipped = false;          // the last batch began without it
  Clock::duration last_piece{};  // how long the last piece took

  RatingRate rate;

  /// Makes a run of `source` and `settings`. On an error everything stays as it was.
  bool start(const InstallRatings& from, const TrainSettings& with) {
    const TrainMode mode = from.resume ? mode_of_run(*from.resume) : with.mode;
    return mode == TrainMode::Fast ? start_with<FastTrainer>(from, with) : start_with<Trainer>(from, with);
  }

  template <class AnyTrainer>
  bool start_with(const InstallRatings& from, const TrainSettings& with) {
    TrainerInput input{from.ratings, with, from.test, from.order, from.initial.get()};
    auto created =
        from.resume ? AnyTrainer::resume(std::move(input), *from.resume, true) : AnyTrainer::create(std::move(input));
    if (!created) {
      error = created.error();
      return false;
    }
    settings = (*created)->settings();
    replace(std::move(*created));
    source = from;
    return true;
  }

  /// Puts a run or factors, not null, in the place of what there is.
  template <class Shown>
  void replace(Shown shown) {
    desk.attach({});
    trainer.reset();
    fast.reset();
    viewed.reset();
    if constexpr (std::is_same_v<Shown, std::unique_ptr<Trainer>>) trainer = std::move(shown);
    if constexpr (std::is_same_v<Shown, std::unique_ptr<FastTrainer>>) fast = std::move(shown);
    if constexpr (std::is_same_v<Shown, std::shared_ptr<const Factors>>) viewed = std::move(shown);
    desk.attach(tables(), trainer.get());
    diverged = false;
    single_step = false;
    interrupted.reset();
    error.reset();
    run_state = resting_state();
    rate = {};
    skipped = false;
    builder.start_run();
    ++run;
  }

  [[nodiscard]] bool has_run() const { return trainer || fast; }
  [[nodiscard]] bool run_finished() const { return fast ? fast->finished() : trainer->finished(); }

  [[nodiscard]] LiveTables tables() const {
    if (trainer) return tables_of(*trainer);
    if (fast) return tables_of(*fast);
    return viewed ? tables_of(*viewed) : LiveTables{};
  }

  /// Those of the run, which between its calls at most draw ahead; null: there is no run.
  [[nodiscard]] ThreadPool* run_threads() const {
    if (trainer) return &trainer->pool();
    return fast ? &fast->pool() : nullptr;
  }

  /// The error of a command that needs ratings.
  [[nodiscard]] static Error only_viewed() {
    return {ErrorKind::Usage,
            "these factors were trained elsewhere: there are no ratings here to train on",
            "open a rating file to train",
            {},
            0,
            0,
            {}};
  }

  void apply(const InstallRatings& command) { start(command, settings); }

  void apply(const InstallFactors& command) {
    source = {};
    replace(command.factors);
  }

  void apply(const Configure& command) {
    if (auto valid = validate(command.settings); !valid) {
      error = valid.error();
      return;
    }
    if (viewed) {
      error = only_viewed();
      return;
    }
    if (!has_run()) {
      settings = command.settings;
      return;
    }
    const bool under_way = fast || trainer->batches_done() > 0 || !trainer->between_batches();
    if (!starts_afresh(settings, command.settings, under_way)) {
      // Threads do not change a result; they come into force with the next run.
      settings = command.settings;
      fast ? fast->set_epochs(settings.epochs) : trainer->set_epochs(settings.epochs);
      if (run_state == RunState::Finished && !run_finished()) run_state = RunState::Paused;
      if (run_state != RunState::Diverged && run_finished()) run_state = RunState::Finished;
      return;
    }
    InstallRatings fresh = source;
    fresh.resume.reset();
    start(fresh, command.settings);
  }

  bool can_train() {
    if (viewed) {
      error = only_viewed();
    } else if (!has_run()) {
      error = Error{ErrorKind::Usage, "there are no ratings to train on", "open a rating file first", {}, 0, 0};
    } else if (run_state == RunState::Finished) {
      error = Error{ErrorKind::Usage,
                    "all " + std::to_string(settings.epochs) + " epochs are done",
                    settings.schedule == ScheduleKind::Constant || fast
                        ? "reset to start over, or raise the number of epochs"
                        : "reset to start over",
                    {},
                    0,
                    0};
    } else if (run_state == RunState::Diverged) {
      error = Error{ErrorKind::Diverged, "training has diverged", "lower the learning rate and start over", {}, 0, 0};
    } else {
      return true;
    }
    return false;
  }

  void apply(const Play& command) {
    if (!steps_lookup(command.unit) && !can_train()) return;
    unit = command.unit;
    units_per_second = std::max(0.0, command.units_per_second);
    single_step = false;
    cost.stop();
    if (run_state != RunState::Playing) rate.restart();
    run_state = RunState::Playing;
  }

  void apply(const Pause&) {
    if (run_state == RunState::Playing) run_state = resting_state();
    single_step = false;
    interrupted.reset();
  }

  void apply(const Step& command) {
    if (steps_lookup(command.unit)) {
      desk.step();
      compute_lookup();
      return;
    }
    if (!can_train()) return;
    cost.stop();
    unit = command.unit;
    units_per_second = 0;
    single_step = true;
    rate.restart();
    run_state = RunState::Playing;
  }

  void apply(const Reset&) {
    if (desk.shown() && desk.reset()) {
      if (run_state == RunState::Playing) run_state = resting_state();
      return;
    }
    if (viewed) error = only_viewed();
    if (!has_run()) return;
    InstallRatings fresh = source;
    fresh.resume.reset();
    start(fresh, settings);
  }

  void apply(const Watch& command) { builder.watch(command); }
  void apply(const Project& command) { builder.project(command); }

  // The Lookup page. What has to be computed for it is computed by advance(), as a step is.
  void apply(const ShowLookup& command) {
    // An operation is another thing with the page and without it: a play by operations does not go on as the other.
    if (command.shown != desk.shown() && run_state == RunState::Playing && unit == StepUnit::Operation) {
      run_state = resting_state();
      single_step = false;
    }
    desk.show(command);
    compute_lookup();
  }
  void apply(const SetUpLookup& command) {
    desk.set_up(command);
    compute_lookup();
  }
  void apply(const SetLookupWeight& command) {
    desk.set_weight(command);
    compute_lookup();
  }
  void apply(const WriteLookupProgram&) { desk.write_program(); }
  void apply(const SeekLookup& command) {
    desk.seek(command.step);
    compute_lookup();
  }

  void compute_lookup() {
    if (!desk.shown() || !desk.has_work()) return;  // a hidden page waits
    cost.stop();
    if (run_state == RunState::Playing && !single_step && unit != StepUnit::Operation) {
      interrupted = Play{unit, units_per_second};
    }
    unit = StepUnit::Operation;
    units_per_second = 0;
    single_step = true;
    run_state = RunState::Playing;
  }

  /// What compute_lookup() began is done: a training that it interrupted goes on.
  void rest_after_lookup() {
    run_state = resting_state();
    single_step = false;
    const std::optional<Play> play = std::exchange(interrupted, std::nullopt);
    if (play && run_state == RunState::Paused) apply(*play);
  }

  [[nodiscard]] bool steps_lookup(StepUnit by) const { return by == StepUnit::Operation && desk.shown(); }

  /// What the run is when nothing plays.
  [[nodiscard]] RunState resting_state() const {
    if (viewed) return RunState::ViewOnly;
    if (!has_run()) return RunState::Empty;
    if (diverged) return RunState::Diverged;
    return run_finished() ? RunState::Finished : RunState::Paused;
  }

  /// One piece of the lookup pass. Returns whether a unit, here a step, is done.
  bool run_lookup_piece() {
    if (!desk.has_work()) desk.step();
    if (desk.follows_training() && trainer && trainer->between_batches()) builder.before_batch(*trainer, to_remember());
    const bool done = desk.advance();
    if (desk.error()) {
      diverged = diverged || desk.error()->kind == ErrorKind::Diverged;
      if (diverged) error = desk.error();
      rest_after_lookup();
      return true;
    }
    if (single_step) {
      if (desk.has_work()) return false;  // further steps of a seek
      rest_after_lookup();
      return true;
    }
    if (done && desk.at_end()) run_state = resting_state();
    return done;
  }

  void apply(const MeasureCost& command) {
    if (auto valid = validate(command.options); !valid) {
      error = valid.error();
      return;
    }
    const bool training = run_state == RunState::Playing && !steps_lookup(unit);
    apply(Pause{});
    if (ThreadPool* const threads = run_threads()) threads->finish();  // nobody draws beside what is timed
    cost.start(command.options, training);
  }
  void apply(const CancelCost&) { cost.stop(); }

  /// All rows are remembered before a batch after which the run stands still, and before each of a slow play: then
  /// every row that one scrolls to can tell whether the batch moved it.
  FrameBuilder::Before to_remember() const {
    constexpr double most_bytes = 256e6;
    constexpr double most_bytes_per_second = 512e6;  // a few per cent of what memory gives
    double bytes = 0;
    for (const Parameter& parameter : trainer->model().parameters()) {
      bytes += static_cast<double>(parameter.value.bytes());
    }
    const bool ends_epoch = trainer->batch() + 1 == trainer->batches_per_epoch();
    bool wanted = ends_epoch && trainer->epoch() + 1 == settings.epochs;  // the last of the run
    if (single_step) wanted = wanted || unit != StepUnit::Epoch || ends_epoch;
    if (units_per_second > 0 && unit != StepUnit::Epoch) {
      wanted = wanted || bytes * units_per_second <= most_bytes_per_second;
    }
    return wanted && bytes <= most_bytes ? FrameBuilder::Before::AllRows : FrameBuilder::Before::WatchedRows;
  }

  void diverge(const Error& at) {
    error = at;
    run_state = RunState::Diverged;
    diverged = true;
    single_step = false;
  }

  /// The same in mode fast, where a piece is no less than a batch.
  bool run_fast_piece() {
    desk.training_moved();
    const std::uint64_t ratings_before = fast->trained_ratings();
    const bool validates = !fast->between_parts();
    const Clock::time_point start = Clock::now();
    const Expected<void> result = fast->advance();
    if (validates) rate.leave_out(Clock::now() - start);
    if (!result) {
      diverge(result.error());
      return true;
    }
    if (!validates) rate.count(fast->trained_ratings() - ratings_before);
    return unit == StepUnit::Epoch ? fast->between_epochs() : fast->between_parts();
  }

  /// One piece of work. Returns whether it ended a unit. `shown`: whether a frame may follow before the next batch.
  bool run_piece(bool shown) {
    if (fast) return run_fast_piece();
    desk.training_moved();
    if (trainer->between_batches()) {
      // The validation that follows the last batch of an epoch can be interrupted for a frame.
      const bool ends_epoch = trainer->batch() + 1 == trainer->batches_per_epoch();
      skipped = !shown && !ends_epoch;
      skipped ? builder.skip_batch() : builder.before_batch(*trainer, to_remember());
    }
    const std::uint64_t batch_before = trainer->loss_curve().batches();
    const bool validates = !trainer->between_batches() && trainer->step().done();
    const Clock::time_point start = validates ? Clock::now() : Clock::time_point{};
    const Expected<void> result = unit == StepUnit::Operation ? trainer->advance_stage() : trainer->advance();
    if (validates) rate.leave_out(Clock::now() - start);
    if (!result) {
      diverge(result.error());
      return true;
    }
    if (trainer->loss_curve().batches() != batch_before) rate.count(trainer->step().size());
    switch (unit) {
      case StepUnit::Operation: return true;
      case StepUnit::Batch: return trainer->between_batches();
      case StepUnit::Epoch: return trainer->between_epochs();
    }
    return true;
  }
};

Session::Session() : state_(std::make_unique<State>()) {}
Session::~Session() = default;

void Session::apply(const Command& command) {
  // What a view shows is no action of the person: it leaves the last error standing.
  if (!std::holds_alternative<Watch>(command) && !std::holds_alternative<Project>(command) &&
      !std::holds_alternative<ShowLookup>(command) && state_->run_state != RunState::Diverged) {
    state_->error.reset();
  }
  std::visit([this](const auto& c) { state_->apply(c); }, command);
}

bool Session::advance(const Budget& budget) {
  State& s = *state_;
  if (s.cost.under_way()) return budget.units == 0 || s.cost.advance(budget.time);
  const bool timed = budget.time != std::chrono::microseconds::max();
  const auto end = timed ? Clock::now() + budget.time : Clock::time_point::max();
  // Where the clock alone ends the slice, short batches are remembered only at its end: one more is run for that.
  constexpr auto short_piece = std::chrono::microseconds(500);
  const bool may_skip =
      timed && budget.units == UINT64_MAX && s.unit != StepUnit::Operation && !s.single_step && s.units_per_second == 0;
  bool over = false;
  Clock::time_point begin = Clock::now();
  std::uint64_t units = 0;
  while (s.run_state == RunState::Playing && units < budget.units) {
    const bool lookup = s.steps_lookup(s.unit);
    if (lookup ? s.run_lookup_piece() : s.run_piece(over || !may_skip || s.last_piece > short_piece)) {
      ++units;
      ++s.units_done;
      if (!lookup && s.single_step && s.run_state == RunState::Playing) s.run_state = RunState::Paused;
      if (!lookup && s.run_finished()) s.run_state = RunState::Finished;
      if (s.run_state != RunState::Playing) s.single_step = false;
    }
    if (!timed) continue;
    const Clock::time_point now = Clock::now();
    s.last_piece = now - std::exchange(begin, now);
    if (now < end) continue;
    if (over || lookup || !s.skipped) break;
    over = true;
  }
  return s.run_state == RunState::Playing;
}

namespace {

/// What either trainer tells about its run.
template <class AnyTrainer>
void show_run(Frame& frame, const AnyTrainer& trainer) {
  frame.range = trainer.model().spec().range;
  frame.parameter_count = trainer.model().parameter_count();
  frame.training_ratings = trainer.training_size();
  frame.validation_ratings = trainer.validation_size();
  frame.progress.epoch = trainer.epoch();
  frame.progress.batch = trainer.batch();
  frame.progress.batches_per_epoch = trainer.batches_per_epoch();
  frame.progress.batches_done = trainer.batches_done();
  frame.progress.train_seconds = trainer.batch_seconds();
}

}  // namespace

FramePtr Session::frame() {
  State& s = *state_;
  auto frame = std::make_shared<Frame>();
  frame->sequence = ++s.sequence;
  frame->run = s.run;
  frame->state = s.run_state;
  frame->settings = s.settings;
  frame->error = s.error;
  frame->cost = s.cost.view();
  frame->lookup = s.desk.view();
  frame->simd_target = simd::name_of(simd::current_target());
  const LiveTables tables = s.tables();
  frame->ratings = tables.ratings;
  if (tables.ratings) s.builder.fill_tables(*frame, tables, s.run_state == RunState::Playing, s.run_threads());
  if (s.viewed) FrameBuilder::fill_viewed(*frame, *s.viewed);
  frame->progress.ratings_per_second = s.rate.per_second();
  if (s.fast) {
    show_run(*frame, *s.fast);
    frame->progress.learning_rate = s.settings.fast.step;
    s.builder.fill_loss(*frame, s.fast->loss_curve(), s.fast->epochs());
  } else if (s.trainer) {
    show_run(*frame, *s.trainer);
    const BatchStep& step = s.trainer->step();
    frame->progress.next_stage = step.done() ? BatchStage::DrawBatch : step.next_stage();
    frame->progress.learning_rate = step.rates().learning_rate;
    s.builder.fill_training(*frame, *s.trainer);
  } else {
    frame->loss = std::make_shared<LossHistory>();
  }
  return frame;
}

std::uint64_t Session::units_done() const { return state_->units_done; }

double Session::units_per_second() const { return state_->cost.under_way() ? 0 : state_->units_per_second; }

const Trainer* Session::trainer() const { return state_->trainer.get(); }

const FastTrainer* Session::fast_trainer() const { return state_->fast.get(); }

}  // namespace rowlight
