#include "core/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>

#include "core/base/clock.h"
#include "core/base/system.h"
#include "core/train/run_file.h"

namespace rowlight {

namespace {

/// How often each row occurs in `column` but at the positions left out.
std::shared_ptr<const RowCounts> count_rows(std::span<const std::int32_t> column,
                                            std::span<const std::int32_t> left_out, std::size_t rows) {
  auto counts = std::make_shared<RowCounts>(rows, 0U);
  for (const std::int32_t row : column) ++(*counts)[static_cast<std::size_t>(row)];
  for (const std::int32_t position : left_out) {
    --(*counts)[static_cast<std::size_t>(column[static_cast<std::size_t>(position)])];
  }
  return counts;
}

/// Which ratings train and which validate when the person gave the order: the ones in it train, the rest validate.
Expected<Split> split_by_order(std::size_t count, const std::vector<std::int64_t>& order, int epochs) {
  std::vector<bool> trains(count, false);
  Split split;
  for (const std::int64_t position : order) {
    if (position < 0 || static_cast<std::uint64_t>(position) >= count) {
      return fail(ErrorKind::BadInput, "the order holds position " + std::to_string(position),
                  "positions must be from 0 to " + std::to_string(count) + " - 1, the number of ratings loaded");
    }
    auto seen = trains[static_cast<std::size_t>(position)];
    if (!seen) split.training.push_back(static_cast<std::int32_t>(position));
    seen = true;
  }
  const std::size_t distinct = split.training.size();
  if (order.size() != distinct && order.size() != distinct * static_cast<std::size_t>(epochs)) {
    return fail(
        ErrorKind::BadInput,
        "the order has " + std::to_string(order.size()) + " positions for " + std::to_string(distinct) +
            " different ratings",
        "it must hold every training rating once, or once for each of the " + std::to_string(epochs) + " epochs");
  }
  // Each epoch holds each of them once: `epoch_of` is the last epoch in which a rating was met.
  std::vector<std::size_t> epoch_of(count, 0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::size_t& last = epoch_of[static_cast<std::size_t>(order[i])];
    const std::size_t epoch = i / distinct + 1;
    if (last == epoch) {
      return fail(ErrorKind::BadInput,
                  "the order holds position " + std::to_string(order[i]) + " twice in epoch " + std::to_string(epoch),
                  "it must hold every training rating once in each epoch");
    }
    last = epoch;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!trains[i]) split.validation.push_back(static_cast<std::int32_t>(i));
  }
  return split;
}

/// What the tables, their optimizer states and gradients, and the looked-up rows of a batch take, in bytes.
std::uint64_t bytes_needed(const DotModelSpec& spec, const OptimizerSettings& optimizer) {
  const bool one_moment = optimizer.kind == OptimizerKind::Adagrad || optimizer.momentum > 0;
  const std::uint64_t states = has_betas(optimizer.kind) ? 2 : one_moment ? 1 : 0;
  const std::uint64_t batch = spec.batch_size;
  std::uint64_t rows = 2 * batch;
  std::uint64_t others = 0;  // floats beside the rows of `factors`
  for (const std::uint64_t table : {spec.users, spec.movies}) {
    rows += (1 + states) * table + (spec.one_hot ? batch + table : std::min(table, batch));
    if (spec.one_hot) others += batch * padded_stride(table);
  }
  return (rows * padded_stride(spec.factors) + others) * sizeof(float);
}

tl::unexpected<Error> no_memory(std::uint64_t bytes) {
  constexpr std::uint64_t megabyte = 1'000'000;
  return fail(ErrorKind::Usage,
              "the model takes " + std::to_string(bytes / megabyte + 1) + " MB, more memory than there is",
              "choose fewer factors, a smaller batch or fewer ratings");
}

}  // namespace

struct Trainer::Prepared {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  Split split;
  double valid_share = 0;  // that was drawn
  std::shared_ptr<const RowCounts> counts[2];
  DotModelSpec spec;

  /// The training ratings in their order; they are used up.
  TrainingOrder order(const RatingSet& ratings, std::vector<std::int64_t> given, std::uint64_t seed) {
    if (given.empty()) return {ratings, std::move(split.training), valid_share, seed};
    return {ratings, std::move(given), split.training.size()};
  }
};

Expected<std::unique_ptr<Trainer>> Trainer::create(TrainerInput input) {
  assert(input.ratings);
  if (auto valid = validate(input.settings); !valid) return tl::make_unexpected(valid.error());
  const TrainSettings& settings = input.settings;
  const RatingSet& ratings = *input.ratings;
  Prepared prepared;
  if (!input.order.empty()) {
    auto split = split_by_order(ratings.size(), input.order, settings.epochs);
    if (!split) return tl::make_unexpected(split.error());
    prepared.split = std::move(*split);
  } else {
    prepared.valid_share = input.test ? 0.0 : settings.valid_share;
    prepared.split = split_randomly(ratings.size(), prepared.valid_share, settings.seed);
  }
  if (prepared.split.training.empty()) {
    return fail(ErrorKind::Usage, "no ratings are left to train on", "load more ratings or lower the validation share");
  }
  prepared.counts[0] = count_rows(ratings.users, prepared.split.validation, ratings.user_count());
  prepared.counts[1] = count_rows(ratings.movies, prepared.split.validation, ratings.movie_count());
  if (input.test || settings.valid_share == 0) prepared.split.validation.clear();
  prepared.spec = {ratings.user_count(),
                   ratings.movie_count(),
                   settings.factors,
                   settings.model == ModelKind::DotBias,
                   settings.model == ModelKind::DotOneHot,
                   resolve_range(settings, ratings.scale),
                   std::min(settings.batch_size, prepared.split.training.size())};
  const std::uint64_t bytes = bytes_needed(prepared.spec, settings.optimizer);
  if (bytes > memory_limit_bytes()) return no_memory(bytes);
  const TensorFile* initial = input.initial;
  const auto start = prepared.start;
  std::unique_ptr<Trainer> trainer;
  try {
    trainer.reset(new Trainer(std::move(input), std::move(prepared)));
  } catch (const std::bad_alloc&) {
    return no_memory(bytes);
  }
  if (initial != nullptr) {
    if (auto loaded = load_tables(trainer->model_, *initial); !loaded) return tl::make_unexpected(loaded.error());
  }
  zero_unseen_rows(trainer->model_, *trainer->counts_[0], *trainer->counts_[1]);
  trainer->prepare_seconds_ = seconds_since(start);
  return trainer;
}

Trainer::Trainer(TrainerInput&& input, Prepared&& prepared)
    : ratings_(std::move(input.ratings)),
      settings_(input.settings),
      order_(prepared.order(*ratings_, std::move(input.order), settings_.seed)),
      counts_{std::move(prepared.counts[0]), std::move(prepared.counts[1])},
      last_lookups_{std::vector<std::uint64_t>(prepared.spec.users, 0),
                    std::vector<std::uint64_t>(prepared.spec.movies, 0)},
      pool_(settings_.threads),
      model_(prepared.spec, settings_.seed),
      optimizer_(settings_.optimizer, model_.parameters()),
      step_(model_, optimizer_, order_, pool_) {
  epochs_.reserve(static_cast<std::size_t>(std::min(settings_.epochs, epochs_without_allocation)));
  if (input.test) {
    validation_ = Validation(std::move(input.test), *ratings_, *counts_[0], *counts_[1]);
  } else {
    validation_ = Validation(ratings_, std::move(prepared.split.validation), *counts_[0], *counts_[1]);
  }
}

std::size_t Trainer::batches_per_epoch() const {
  return (order_.size() + settings_.batch_size - 1) / settings_.batch_size;
}

std::uint64_t Trainer::batches_done() const {
  return static_cast<std::uint64_t>(epoch_) * batches_per_epoch() + batch_;
}

std::uint64_t Trainer::batch_number() const { return step_.done() ? batches_done() : batches_done() + 1; }

const std::vector<std::uint64_t>& Trainer::last_lookups(Table table) const { return last_lookups_[index_of(table)]; }

std::shared_ptr<const RowCounts> Trainer::counts(Table table) const { return counts_[index_of(table)]; }

/// Notes that batch `number` of the run looked these rows up.
void Trainer::note_lookups(std::uint64_t number, std::span<const std::int32_t> users,
                           std::span<const std::int32_t> movies) {
  for (const std::int32_t row : users) last_lookups_[0][static_cast<std::size_t>(row)] = number;
  for (const std::int32_t row : movies) last_lookups_[1][static_cast<std::size_t>(row)] = number;
}

/// Notes for every row which of the first `batches` batches of `epoch` looked it up last.
void Trainer::mark_lookups(int epoch, std::size_t batches) {
  order_.begin(epoch, epoch + 1 == settings_.epochs);
  const std::size_t batch_size = std::min(settings_.batch_size, order_.size());
  std::vector<std::int32_t> users(batch_size);
  std::vector<std::int32_t> movies(batch_size);
  std::vector<float> ratings(batch_size);
  for (std::size_t batch = 0; batch < batches; ++batch) {
    const std::size_t first = batch * batch_size;
    const std::size_t n = std::min(batch_size, order_.size() - first);
    order_.draw(first, std::span(users).first(n), std::span(movies).first(n), std::span(ratings).first(n));
    const std::uint64_t number = static_cast<std::uint64_t>(epoch) * batches_per_epoch() + batch + 1;
    note_lookups(number, std::span(users).first(n), std::span(movies).first(n));
  }
}

void Trainer::begin_batch() {
  assert(!finished() && !validating_);
  if (batch_ == 0) {
    step_.discard_drawn();
    order_.begin(epoch_, epoch_ + 1 == settings_.epochs);
    epoch_loss_sum_ = 0;
    epoch_seconds_ = 0;
    epoch_ratings_ = 0;
  }
  const std::size_t begin = batch_ * settings_.batch_size;
  const std::size_t size = std::min(settings_.batch_size, order_.size() - begin);
  const std::uint64_t total = static_cast<std::uint64_t>(settings_.epochs) * batches_per_epoch();
  step_.begin(begin, size, rates_at(settings_, batch_number(), total));
}

Expected<void> Trainer::advance_stage(BatchCost* cost) { return run_stages(1, cost); }

Expected<void> Trainer::advance() { return run_stages(batch_stage_count); }

Expected<void> Trainer::run_stages(int most, BatchCost* cost) {
  if (validating_) return validate_chunk();
  const auto start = std::chrono::steady_clock::now();
  if (step_.done()) begin_batch();
  const bool all = most == batch_stage_count;
  if (all && !step_.has_run(BatchStage::Loss)) step_.run_to_loss();
  for (; most > 0 && !step_.done(); --most) {
    // The stage after a loss that is not finite would spoil every table; the run stays here for a look.
    if (step_.has_run(BatchStage::Loss) && !std::isfinite(step_.loss())) return tl::make_unexpected(batch_divergence());
    if (all && step_.next_stage() == BatchStage::LossGradient) {
      step_.run_from_loss();
    } else {
      step_.run_stage(cost);
    }
  }
  if (step_.done()) note_lookups(batches_done() + 1, step_.users(), step_.movies());  // it is not counted yet
  const double seconds = seconds_since(start);
  batch_seconds_ += seconds;
  epoch_seconds_ += seconds;
  if (step_.done()) return finish_batch();
  return {};
}

Error Trainer::batch_divergence() const {
  return divergence("the loss is not a finite number in epoch " + std::to_string(epoch_ + 1) + ", batch " +
                    std::to_string(batch_ + 1));
}

Error Trainer::divergence(const std::string& where) const {
  return {ErrorKind::Diverged, where, "training stopped there; try a lower learning rate", {}, 0, 0};
}

Expected<void> Trainer::finish_batch() {
  ++batch_;
  epoch_loss_sum_ += step_.loss() * static_cast<double>(step_.size());
  epoch_ratings_ += step_.size();
  trained_ratings_ += step_.size();
  curve_.add(step_.loss());
  if (batch_ < batches_per_epoch()) return {};
  validating_ = true;
  validation_.begin();
  return validation_.size() == 0 ? finish_epoch({}) : Expected<void>{};
}

Expected<void> Trainer::validate_chunk() {
  if (validation_.size() == 0) return finish_epoch({});  // only after that said that the tables are spoilt
  if (!validation_.advance(model_, pool_)) return {};
  // The last batch may have spoilt the tables after its own loss was taken.
  if (!std::isfinite(validation_.loss())) {
    return tl::make_unexpected(
        divergence("the validation loss is not a finite number after epoch " + std::to_string(epoch_ + 1)));
  }
  return finish_epoch(validation_.loss());
}

Expected<void> Trainer::finish_epoch(std::optional<double> valid_loss) {
  // The last batch may have spoilt rows that neither a later batch nor the validation looks up.
  for (const Parameter& parameter : model_.parameters()) {
    if (all_finite(parameter.value.view().flat())) continue;
    return tl::make_unexpected(
        divergence(parameter.name + " holds a number that is not finite after epoch " + std::to_string(epoch_ + 1)));
  }
  validating_ = false;
  ++epoch_;
  batch_ = 0;
  epochs_.push_back({epoch_, batches_done(), epoch_loss_sum_ / static_cast<double>(order_.size()), valid_loss,
                     epoch_seconds_, epoch_seconds_ > 0 ? static_cast<double>(epoch_ratings_) / epoch_seconds_ : 0});
  return {};
}

}  // namespace rowlight
