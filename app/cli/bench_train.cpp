#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/system.h"
#include "core/base/thread_pool.h"
#include "core/simd/kernels.h"
#include "core/train/trainer.h"

namespace rowlight::cli {

namespace {

struct TrainBench {
  OptimizerKind optimizer = OptimizerKind::AdamW;
  std::size_t batch = 64;
  std::size_t factors = 50;
  std::uint32_t users = 6040;
  std::uint32_t movies = 3706;
  std::size_t ratings = 1'000'000;
  std::uint64_t batches = 0;  ///< of a run; 0: an epoch
  int runs = 5;
};

/// Users, movies and stars drawn evenly: fewer rows repeat within a batch than in a real set.
RatingSetPtr drawn_ratings(const TrainBench& bench, std::uint64_t seed) {
  auto set = std::make_shared<RatingSet>();
  set->name = "drawn";
  set->scale = {1, 5};
  for (std::uint32_t i = 0; i < bench.users; ++i) set->user_ids.add(std::to_string(i));
  for (std::uint32_t i = 0; i < bench.movies; ++i) set->movie_ids.add(std::to_string(i));
  Random random(seed);
  set->users.reserve(bench.ratings);
  set->movies.reserve(bench.ratings);
  set->ratings.reserve(bench.ratings);
  for (std::size_t i = 0; i < bench.ratings; ++i) {
    set->users.push_back(static_cast<std::int32_t>(random.below(bench.users)));
    set->movies.push_back(static_cast<std::int32_t>(random.below(bench.movies)));
    set->ratings.push_back(static_cast<float>(1 + random.below(5)));
  }
  return set;
}

/// What a step cannot do without, reading and writing the numbers that it moves, by a plain loop: for comparison, and
/// no bound, since the trainer fetches rows ahead. Tables of the model's and its optimizer states' shapes, on as many
/// threads.
class MovedNumbers {
 public:
  MovedNumbers(const TrainBench& bench, const Trainer& trainer, unsigned threads) : bench_(bench), pool_(threads) {
    const std::size_t copies = 1 + trainer.optimizer().states().size() / trainer.model().parameters().size();
    for (std::size_t i = 0; i < copies; ++i) {
      tables_[0].emplace_back(bench.users, bench.factors);
      tables_[1].emplace_back(bench.movies, bench.factors);
    }
  }

  /// Ratings per second over `batches` batches of `ratings`.
  double ratings_per_second(const RatingSet& ratings, std::uint64_t batches) {
    const auto start = std::chrono::steady_clock::now();
    const bool all = bench_.optimizer == OptimizerKind::Adam || bench_.optimizer == OptimizerKind::AdamW;
    std::size_t at = 0;
    std::uint64_t moved = 0;
    for (std::uint64_t batch = 0; batch < batches; ++batch) {
      if (all) {
        move_all();
      } else {
        move_rows(ratings, at);
      }
      moved += std::min(bench_.batch, ratings.size() - at);
      at += bench_.batch;
      if (at >= ratings.size()) at = 0;
    }
    return static_cast<double>(moved) / seconds_since(start);
  }

 private:
  void move(float* row, std::size_t n) const {
    for (std::size_t k = 0; k < n; ++k) row[k] += nothing_;
  }

  void move_rows(const RatingSet& ratings, std::size_t begin) {
    const std::size_t end = std::min(ratings.size(), begin + bench_.batch);
    for (std::size_t i = begin; i < end; ++i) {
      const std::int32_t rows[2] = {ratings.users[i], ratings.movies[i]};
      for (const std::size_t side : {0U, 1U}) {
        for (Matrix& table : tables_[side]) {
          move(table.view().padded_row(static_cast<std::size_t>(rows[side])).data(), table.stride());
        }
      }
    }
  }

  void move_all() {
    constexpr std::size_t piece = 1U << 14;  // floats
    for (std::vector<Matrix>& side : tables_) {
      const std::size_t floats = side[0].view().flat().size();
      const auto work = [&](std::size_t i) {
        for (Matrix& table : side) move(table.data() + i * piece, std::min(piece, floats - i * piece));
      };
      pool_.parallel((floats + piece - 1) / piece, std::cref(work));
    }
  }

  TrainBench bench_;
  ThreadPool pool_;
  std::vector<Matrix> tables_[2];
  volatile float given_ = 0;
  float nothing_ = given_;  // the compiler does not know that it adds nothing
};

struct Speeds {
  std::vector<double> ratings_per_second;
  std::vector<double> plain_loop;
};

Expected<Speeds> measure(const TrainBench& bench, Trainer& trainer, unsigned threads) {
  const std::uint64_t batches = bench.batches > 0 ? bench.batches : trainer.batches_per_epoch();
  MovedNumbers moved(bench, trainer, threads);
  Speeds speeds;
  for (int run = 0; run <= bench.runs; ++run) {  // the first one is not counted
    if (interrupted()) return fail(ErrorKind::Cancelled, "interrupted");
    const std::uint64_t before = trainer.trained_ratings();
    const std::uint64_t end =
        trainer.loss_curve().batches() + (run == 0 ? std::min<std::uint64_t>(batches, 200) : batches);
    const auto start = std::chrono::steady_clock::now();
    while (trainer.loss_curve().batches() < end) {
      if (interrupted()) return fail(ErrorKind::Cancelled, "interrupted");
      if (auto done = trainer.advance(); !done) return tl::make_unexpected(done.error());
    }
    const double seconds = seconds_since(start);
    if (run == 0) continue;
    const auto trained = static_cast<double>(trainer.trained_ratings() - before);
    speeds.ratings_per_second.push_back(trained / seconds);
    const std::uint64_t some = std::min<std::uint64_t>(batches, 1000);
    speeds.plain_loop.push_back(moved.ratings_per_second(*trainer.ratings(), some));
  }
  return speeds;
}

Expected<void> bench_train(const TrainBench& bench, const Context& context) {
  constexpr double tables = 2 * 3;  // with two states each, for the trainer and for the plain loop
  constexpr double id_bytes = 64;
  const double rows = static_cast<double>(bench.users) + static_cast<double>(bench.movies);
  const double memory = rows * (static_cast<double>(padded_stride(bench.factors) * sizeof(float)) * tables + id_bytes) +
                        static_cast<double>(bench.ratings) * 20;
  if (memory > 0.9 * static_cast<double>(memory_limit_bytes())) {
    return fail(ErrorKind::Usage, "the ratings and tables need more memory than there is",
                "take fewer ratings, users, movies or factors");
  }
  constexpr int most_epochs = 100'000;
  const std::uint64_t per_epoch = (bench.ratings + bench.batch - 1) / bench.batch;
  const std::uint64_t of_run = bench.batches > 0 ? bench.batches : per_epoch;
  if (of_run > per_epoch * most_epochs / static_cast<std::uint64_t>(bench.runs + 1)) {
    return fail(ErrorKind::Usage, "so many batches are more than " + std::to_string(most_epochs) + " epochs",
                "take fewer batches or runs, or more ratings");
  }
  TrainerInput input;
  input.ratings = drawn_ratings(bench, context.seed);
  input.settings.optimizer = default_optimizer(bench.optimizer);
  input.settings.batch_size = bench.batch;
  input.settings.factors = bench.factors;
  input.settings.seed = context.seed;
  input.settings.threads = context.thread_count();
  input.settings.schedule = ScheduleKind::Constant;
  input.settings.valid_share = 0;
  input.settings.epochs = most_epochs;
  auto trainer = Trainer::create(std::move(input));
  if (!trainer) return tl::make_unexpected(trainer.error());
  const auto speeds = measure(bench, **trainer, context.thread_count());
  if (!speeds) return tl::make_unexpected(speeds.error());
  const auto [slowest, fastest] = std::ranges::minmax(speeds->ratings_per_second);
  const std::string target(simd::name_of(simd::current_target()));
  if (context.json) {
    print_line({{"optimizer", std::string(name_of(bench.optimizer))},
                {"batch", bench.batch},
                {"factors", bench.factors},
                {"users", bench.users},
                {"movies", bench.movies},
                {"ratings", bench.ratings},
                {"batches", bench.batches > 0 ? bench.batches : (*trainer)->batches_per_epoch()},
                {"threads", context.thread_count()},
                {"target", target},
                {"runs", bench.runs},
                {"last_loss", number((*trainer)->step().loss())},
                {"ratings_per_second", number(median(speeds->ratings_per_second))},
                {"fastest", number(fastest)},
                {"slowest", number(slowest)},
                {"plain_loop", number(median(speeds->plain_loop))}});
    return {};
  }
  constexpr double million = 1e6;
  std::printf("%u users, %u movies, %zu factors, %s, batches of %zu, %u thread%s, %s; M ratings/s, medians of %d\n",
              bench.users, bench.movies, bench.factors, std::string(name_of(bench.optimizer)).c_str(), bench.batch,
              context.thread_count(), context.thread_count() == 1 ? "" : "s", target.c_str(), bench.runs);
  std::printf("trained %.3f (%.3f to %.3f), a plain loop that only reads and writes what moves %.3f\n",
              median(speeds->ratings_per_second) / million, slowest / million, fastest / million,
              median(speeds->plain_loop) / million);
  return {};
}

}  // namespace

void add_bench_train(CLI::App& bench, Context& context) {
  CLI::App* command =
      bench.add_subcommand("train",
                           "Minibatches of dot-bias on ratings that are drawn, and how fast what moves can be "
                           "read and written");
  auto arguments = std::make_shared<TrainBench>();
  add_common_options(*command, context);
  std::vector<std::pair<std::string, OptimizerKind>> kinds;
  for (const OptimizerKind kind : optimizer_kinds) kinds.emplace_back(name_of(kind), kind);
  add_choice(*command, "--optimizer", arguments->optimizer, kinds,
             "sgd, adagrad, adam, adamw (default) or sparse-adam");
  constexpr int most_rows = 100'000'000;
  command->add_option("--batch", arguments->batch, "Ratings in a batch (default: 64)")->check(CLI::Range(1, 1 << 20));
  command->add_option("--factors", arguments->factors, "Floats in a row (default: 50)")->check(CLI::Range(1, 4096));
  command->add_option("--users", arguments->users, "Rows of the users' table (default: 6040)")
      ->check(CLI::Range(1, most_rows));
  command->add_option("--movies", arguments->movies, "Rows of the movies' table (default: 3706)")
      ->check(CLI::Range(1, most_rows));
  command->add_option("--ratings", arguments->ratings, "Ratings in the set (default: 1000000)")
      ->check(CLI::Range(1, 1'000'000'000));
  command->add_option("--batches", arguments->batches, "Batches of a run (default: those of an epoch)")
      ->check(a_count());
  command->add_option("--runs", arguments->runs, "Runs, after a short one that is not counted (default: 5)")
      ->check(CLI::Range(1, 1000));
  command->callback([arguments, &context] {
    if (const auto done = bench_train(*arguments, context); !done) context.report(done.error());
  });
}

}  // namespace rowlight::cli
