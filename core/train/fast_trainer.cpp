#include "core/train/fast_trainer.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <iterator>
#include <new>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/system.h"
#include "core/train/run_file.h"

namespace rowlight {

namespace {

constexpr std::uint64_t start_stream = 200;  // of the seed, see Random: random signs

constexpr std::size_t start_columns = 32;  // factors of the first epoch
// Ratings of a row that the start looks at: enough for directions, and a row of a million costs no more.
constexpr std::size_t start_user_ratings = 96;
constexpr std::size_t start_movie_ratings = 768;
constexpr int first_iterations = 3;
constexpr int iterations = 2;
constexpr double start_share = 0.5;  // of what the biases leave that factors may explain at first

std::shared_ptr<const RowCounts> counts_of(const RatingLists& lists, Table table) {
  auto counts = std::make_shared<RowCounts>(lists.rows(table));
  for (std::size_t row = 0; row < counts->size(); ++row) {
    (*counts)[row] = static_cast<std::uint32_t>(lists.count(table, row));
  }
  return counts;
}

/// Tables, and ratings twice over: bytes.
std::uint64_t bytes_needed(const DotModelSpec& spec, std::size_t ratings) {
  constexpr std::uint64_t of_rating = 8;
  return std::uint64_t{spec.users + spec.movies} * padded_stride(spec.factors) * sizeof(float) + ratings * of_rating;
}

/// One sign for each float of the columns from `from` on.
void draw_signs(MatrixView table, std::size_t from, float size, Random random) {
  std::uint64_t bits = 0;
  unsigned left = 0;
  for (std::size_t row = 0; row < table.rows; ++row) {
    for (std::size_t column = from; column < table.cols; ++column) {
      if (left == 0) {
        bits = random.next();
        left = 64;
      }
      table.data[row * table.stride + column] = (bits & 1U) != 0 ? size : -size;
      bits >>= 1U;
      --left;
    }
  }
}

MatrixView first_columns(MatrixView table, std::size_t columns) {
  table.cols = columns;
  return table;
}

}  // namespace

struct FastTrainer::Prepared {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::vector<std::int32_t> validation;
  std::vector<bool> left_out;
  DotModelSpec spec;
};

std::span<const FastTrainer::Stage> FastTrainer::stages(bool first) {
  using enum Stage;
  static constexpr Stage all[] = {GuessMovieBias, GuessUserBias,                               //
                                  ProjectUsers,   WhitenUsers,   ProjectMovies, WhitenMovies,  //
                                  ProjectUsers,   WhitenUsers,   ProjectMovies, WhitenMovies,  //
                                  ProjectUsers,   WhitenUsers,   FirstMovies,   Learn,         //
                                  SolveUsers,     SolveMovies,   Learn};
  constexpr std::size_t usual = 3;
  return first ? std::span<const Stage>(all) : std::span<const Stage>(all).last(usual);
}

std::optional<Table> FastTrainer::table_of(Stage stage) {
  switch (stage) {
    case Stage::GuessUserBias:
    case Stage::ProjectUsers:
    case Stage::SolveUsers: return Table::Users;
    case Stage::GuessMovieBias:
    case Stage::ProjectMovies:
    case Stage::FirstMovies:
    case Stage::SolveMovies: return Table::Movies;
    case Stage::WhitenUsers:
    case Stage::WhitenMovies:
    case Stage::Learn: break;
  }
  return std::nullopt;
}

std::size_t FastTrainer::parts_of(Stage stage) const {
  const auto table = table_of(stage);
  return table ? solver_.parts(*table).size() : 1;
}

std::size_t FastTrainer::batches_per_epoch() const {
  return parts_of(Stage::SolveUsers) + parts_of(Stage::SolveMovies);
}

std::uint64_t FastTrainer::batches_done() const {
  return static_cast<std::uint64_t>(epoch_) * batches_per_epoch() + batch_;
}

Expected<std::unique_ptr<FastTrainer>> FastTrainer::create(TrainerInput input) {
  assert(input.ratings && input.settings.mode == TrainMode::Fast);
  if (auto valid = validate(input.settings); !valid) return tl::make_unexpected(valid.error());
  if (!input.order.empty()) {
    return fail(ErrorKind::Usage, "an order of the ratings is given in mode fast",
                "it trains all ratings of a row at once; leave the order out, or use mode exact");
  }
  const TrainSettings& settings = input.settings;
  const RatingSet& ratings = *input.ratings;
  Prepared prepared;
  prepared.spec = {ratings.user_count(),
                   ratings.movie_count(),
                   settings.factors,
                   settings.model == ModelKind::DotBias,
                   false,
                   {},
                   1};
  const std::uint64_t bytes = bytes_needed(prepared.spec, ratings.size());
  const auto no_memory = [bytes] {
    constexpr std::uint64_t megabyte = 1'000'000;
    return fail(ErrorKind::Usage,
                "the model takes " + std::to_string(bytes / megabyte + 1) + " MB, more memory than there is",
                "choose fewer factors or fewer ratings");
  };
  if (bytes > memory_limit_bytes()) return no_memory();
  const TensorFile* initial = input.initial;
  const auto start = prepared.start;
  try {
    if (!input.test && settings.valid_share > 0) {
      prepared.validation = split_randomly(ratings.size(), settings.valid_share, settings.seed).validation;
      prepared.left_out.assign(ratings.size(), false);
      for (const std::int32_t position : prepared.validation) {
        prepared.left_out[static_cast<std::size_t>(position)] = true;
      }
    }
    if (prepared.validation.size() == ratings.size()) {
      return fail(ErrorKind::Usage, "no ratings are left to train on",
                  "load more ratings or lower the validation share");
    }
    RatingSetPtr test = input.test;
    std::vector<std::int32_t> validation = std::move(prepared.validation);
    std::unique_ptr<FastTrainer> trainer(new FastTrainer(std::move(input), std::move(prepared)));
    if (initial != nullptr) {
      if (auto begun = trainer->begin_from(*initial); !begun) return tl::make_unexpected(begun.error());
    }
    trainer->prepare_seconds_ = seconds_since(start);
    trainer->prepare_validation(std::move(test), std::move(validation));
    return trainer;
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

FastTrainer::FastTrainer(TrainerInput&& input, Prepared&& prepared)
    : ratings_(std::move(input.ratings)),
      settings_(input.settings),
      pool_(settings_.threads),
      lists_(*ratings_, prepared.left_out, pool_),
      counts_{counts_of(lists_, Table::Users), counts_of(lists_, Table::Movies)},
      model_(prepared.spec),
      solver_(lists_, padded_stride(settings_.factors), pool_) {
  epochs_.reserve(static_cast<std::size_t>(std::min(settings_.epochs, epochs_without_allocation)));
}

void FastTrainer::prepare_validation(RatingSetPtr test, std::vector<std::int32_t> positions) {
  validation_ = test ? Validation(std::move(test), *ratings_, *counts_[0], *counts_[1])
                     : Validation(ratings_, std::move(positions), *counts_[0], *counts_[1]);
}

/// Tables of another run are where this one begins: what they leave unexplained is the noise.
Expected<void> FastTrainer::begin_from(const TensorFile& file) {
  if (auto loaded = load_tables(model_, file); !loaded) return loaded;
  zero_unseen_rows(model_, *counts_[0], *counts_[1]);
  from_nothing_ = false;
  double squares[2] = {0, 0};
  for (const Table table : {Table::Users, Table::Movies}) {
    for (const float x : model_.factors(table).view().flat()) squares[index_of(table)] += double{x} * x;
    squares[index_of(table)] /= static_cast<double>(lists_.rows_with_ratings(table) * settings_.factors);
  }
  prior_ = FactorPrior(settings_.factors, std::sqrt(squares[0] * squares[1]), 1, 1);
  prior_.fill(Table::Users, centre(Table::Users), settings_.fast.regularisation, ridge_);
  SolveSums sums;
  for (const RowSolver::Part& part : solver_.parts(Table::Users)) {
    sums.squares += solver_.solve(Table::Users, part, tables(), ridge_, {0, 1, SIZE_MAX}).squares;
  }
  const double loss = sums.squares / static_cast<double>(lists_.size());
  prior_ = FactorPrior(settings_.factors, std::sqrt(squares[0] * squares[1]), loss, loss);
  return {};
}

FactorTables FastTrainer::tables() {
  auto& parameters = model_.parameters();
  FactorTables tables;
  for (const std::size_t side : {0U, 1U}) {
    tables.factors[side] = first_columns(parameters[side].value.view(), prior_.columns());
    if (biased()) tables.bias[side] = parameters[2 + side].value.view().flat();
  }
  return tables;
}

double FastTrainer::centre(Table table) const {
  const bool users = lists_.rows_with_one_rating(Table::Users) <= lists_.rows_with_one_rating(Table::Movies);
  return users == (table == Table::Users) ? lists_.mean() : 0;
}

std::span<float> FastTrainer::start_bias(Table table) {
  if (biased()) return model_.parameters()[2 + index_of(table)].value.view().flat();
  return start_biases_[index_of(table)];
}

Expected<void> FastTrainer::advance() {
  if (validating_) {
    if (!validation_.advance(model_, pool_)) return {};
    return finish_epoch(validation_.loss());
  }
  const auto start = std::chrono::steady_clock::now();
  const std::span<const Stage> order = stages(starts());
  if (between_epochs()) epoch_seconds_ = 0;
  if (part_ == 0) begin_stage(order[stage_]);
  run_part(order[stage_], part_);
  if (++part_ == parts_of(order[stage_])) {
    part_ = 0;
    ++stage_;
  }
  const double seconds = seconds_since(start);
  batch_seconds_ += seconds;
  epoch_seconds_ += seconds;
  return stage_ < order.size() ? Expected<void>{} : end_stages();
}

void FastTrainer::begin_stage(Stage stage) {
  const auto table = table_of(stage);
  switch (stage) {
    case Stage::GuessMovieBias:
      if (!biased()) {
        for (const std::size_t side : {0U, 1U}) start_biases_[side].assign(counts_[side]->size(), 0.0F);
      }
      std::ranges::fill(start_bias(Table::Users), static_cast<float>(centre(Table::Users)));
      break;
    case Stage::ProjectUsers:
      if (prior_.columns() == 0) draw_start();
      zero_unseen_rows(model_, *counts_[0], *counts_[1]);
      break;
    case Stage::FirstMovies: begin_first_movies(); break;
    case Stage::SolveUsers:
      if (prior_.columns() < settings_.factors && !starts()) {
        const std::size_t before = prior_.columns();
        prior_.grow(settings_.factors);
        draw_signs(tables().factors[1], before, static_cast<float>(std::sqrt(prior_.variances().back())),
                   Random(settings_.seed, start_stream + 1));
        zero_unseen_rows(model_, *counts_[0], *counts_[1]);
      }
      break;
    default: break;
  }
  if (table && (stage == Stage::FirstMovies || stage == Stage::SolveUsers || stage == Stage::SolveMovies)) {
    sums_[index_of(*table)] = {};
    prior_.fill(*table, centre(*table), settings_.fast.regularisation, ridge_);
  }
  if (stage == Stage::ProjectUsers) sums_[0] = {};
}

/// Random signs in the movies' first columns, of rows without ratings too.
void FastTrainer::draw_start() {
  const std::size_t columns = std::min(start_columns, settings_.factors);
  prior_ = FactorPrior(columns, 1, 1, 1);
  draw_signs(tables().factors[1], 0, 1.0F, Random(settings_.seed, start_stream));
}

/// The users' directions are found; what is solved first is the movies' rows. Without biases the last column stands for
/// them: u = s + a/s and v = s + b/s give s^2 + a + b, and a little more.
void FastTrainer::begin_first_movies() {
  const double noise = bias_loss_;
  const std::size_t columns = prior_.columns();
  const double variance = std::sqrt(noise / static_cast<double>(columns));
  prior_ = FactorPrior(columns, variance, noise, start_share * noise);
  FactorTables all = tables();
  for (std::size_t row = 0; row < all.factors[1].rows; ++row) std::ranges::fill(all.factors[1].row(row), 0.0F);
  if (biased()) return;
  const double mean = lists_.mean();
  const auto root = static_cast<float>(std::sqrt(std::abs(mean)));
  if (root > 0) {
    const float sign = mean < 0 ? -1.0F : 1.0F;
    for (std::size_t row = 0; row < all.factors[0].rows; ++row) {
      if ((*counts_[0])[row] == 0) continue;
      const float deviation = start_biases_[0][row] - static_cast<float>(centre(Table::Users));
      all.factors[0](row, columns - 1) = root + sign * deviation / root;
    }
    prior_.set_variance(columns - 1, std::max(variance, std::abs(mean)));
  }
  for (std::vector<float>& biases : start_biases_) biases = {};
}

void FastTrainer::run_part(Stage stage, std::size_t part) {
  const auto table = table_of(stage);
  FactorTables all = tables();
  const double variance = std::sqrt(1.0 / static_cast<double>(std::max<std::size_t>(prior_.columns(), 1)));
  switch (stage) {
    case Stage::GuessMovieBias:
      solver_.guess_bias(Table::Movies, solver_.parts(Table::Movies)[part], static_cast<float>(centre(Table::Movies)),
                         start_bias(Table::Movies), start_bias(Table::Users), start_movie_ratings);
      break;
    case Stage::GuessUserBias:
      solver_.guess_bias(Table::Users, solver_.parts(Table::Users)[part], static_cast<float>(centre(Table::Users)),
                         start_bias(Table::Users), start_bias(Table::Movies), SIZE_MAX);
      break;
    case Stage::ProjectUsers:
    case Stage::ProjectMovies: {
      const std::size_t own = index_of(*table);
      const SolveSums sums =
          solver_.project(*table, solver_.parts(*table)[part], all.factors[own], all.factors[1 - own],
                          start_bias(*table), start_bias(*table == Table::Users ? Table::Movies : Table::Users),
                          *table == Table::Users ? start_user_ratings : start_movie_ratings);
      sums_[own] += sums;
      break;
    }
    case Stage::WhitenUsers:
      bias_loss_ = sums_[0].squares / static_cast<double>(std::max<std::uint64_t>(sums_[0].ratings, 1));
      whiten(all.factors[0], std::sqrt(bias_loss_) * variance, pool_);
      break;
    case Stage::WhitenMovies: whiten(all.factors[1], std::sqrt(bias_loss_) * variance, pool_); break;
    case Stage::FirstMovies:
    case Stage::SolveUsers:
    case Stage::SolveMovies: solve(*table, part); break;
    case Stage::Learn: learn(stage_ + 1 < stages(starts()).size()); break;
  }
}

void FastTrainer::solve(Table table, std::size_t part) {
  const bool first = starts() && stages(true)[stage_] == Stage::FirstMovies;
  const SolveOptions options{first ? first_iterations : iterations, static_cast<float>(settings_.fast.step),
                             first ? start_movie_ratings : SIZE_MAX};
  const SolveSums sums = solver_.solve(table, solver_.parts(table)[part], tables(), ridge_, options);
  SolveSums& total = sums_[index_of(table)];
  total += sums;
  if (first) return;
  ++batch_;
  trained_halves_ += sums.ratings;
  // Rows without ratings at the end of a table may make a part.
  const SolveSums& shown = sums.ratings > 0 ? sums : total;
  curve_.add(shown.squares / static_cast<double>(std::max<std::uint64_t>(shown.ratings, 1)));
}

void FastTrainer::learn(bool first) {
  if (first) sums_[0] = {};
  prior_.update(tables(), lists_, sums_, {centre(Table::Users), centre(Table::Movies)}, pool_);
  if (first && biased()) prior_.limit(start_share, bias_loss_);
}

Expected<void> FastTrainer::end_stages() {
  for (const Parameter& parameter : model_.parameters()) {
    if (all_finite(parameter.value.view().flat())) continue;
    return tl::make_unexpected(
        divergence(parameter.name + " holds a number that is not finite after epoch " + std::to_string(epoch_ + 1)));
  }
  if (validation_.size() == 0) return finish_epoch({});
  validating_ = true;
  validation_.begin();
  return {};
}

Error FastTrainer::divergence(const std::string& where) const {
  return {ErrorKind::Diverged, where, "training stopped there; try a lower learning rate", {}, 0, 0};
}

Expected<void> FastTrainer::finish_epoch(std::optional<double> valid_loss) {
  validating_ = false;
  const double loss = sums_[1].squares / static_cast<double>(lists_.size());
  if (!std::isfinite(loss) || (valid_loss && !std::isfinite(*valid_loss))) {
    return tl::make_unexpected(divergence("the loss is not a finite number after epoch " + std::to_string(epoch_ + 1)));
  }
  ++epoch_;
  batch_ = 0;
  stage_ = 0;
  epochs_.push_back({epoch_, batches_done(), loss, valid_loss, epoch_seconds_,
                     epoch_seconds_ > 0 ? static_cast<double>(lists_.size()) / epoch_seconds_ : 0});
  return {};
}

}  // namespace rowlight
