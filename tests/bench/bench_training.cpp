// One batch of the trainer on a synthetic set: ratings a second, all stages and the optimizer included.

#include <memory>

#include <benchmark/benchmark.h>

#include "core/base/random.h"
#include "core/train/trainer.h"

using namespace rowlight;

namespace {

/// As many users, movies and ratings as MovieLens 100K has; the numbers themselves are drawn evenly.
RatingSetPtr synthetic_ratings() {
  constexpr std::uint32_t users = 943;
  constexpr std::uint32_t movies = 1682;
  constexpr std::size_t count = 100'000;
  auto set = std::make_shared<RatingSet>();
  set->name = "synthetic";
  set->scale = {1, 5};
  for (std::uint32_t i = 0; i < users; ++i) set->user_ids.add(std::to_string(i));
  for (std::uint32_t i = 0; i < movies; ++i) set->movie_ids.add(std::to_string(i));
  Random random(1);
  for (std::size_t i = 0; i < count; ++i) {
    set->users.push_back(static_cast<std::int32_t>(random.below(users)));
    set->movies.push_back(static_cast<std::int32_t>(random.below(movies)));
    set->ratings.push_back(static_cast<float>(1 + random.below(5)));
  }
  return set;
}

/// Arguments: OptimizerKind, batch size, threads.
void batch_step(benchmark::State& state) {
  static const RatingSetPtr ratings = synthetic_ratings();
  TrainerInput input;
  input.ratings = ratings;
  input.settings.optimizer = default_optimizer(static_cast<OptimizerKind>(state.range(0)));
  input.settings.batch_size = static_cast<std::size_t>(state.range(1));
  input.settings.threads = static_cast<unsigned>(state.range(2));
  input.settings.schedule = ScheduleKind::Constant;
  input.settings.valid_share = 0;
  input.settings.epochs = 100'000;
  auto trainer = Trainer::create(std::move(input));
  if (!trainer) {
    state.SkipWithError(trainer.error().message().c_str());
    return;
  }
  for (auto _ : state) {
    if (const auto done = (*trainer)->advance(); !done) {
      state.SkipWithError(done.error().message().c_str());
      return;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>((*trainer)->trained_ratings()));
}
BENCHMARK(batch_step)
    ->ArgNames({"optimizer", "batch", "threads"})
    ->ArgsProduct({{static_cast<int>(OptimizerKind::Sgd), static_cast<int>(OptimizerKind::AdamW)}, {64, 1024}, {1, 2}})
    ->UseRealTime();

}  // namespace
