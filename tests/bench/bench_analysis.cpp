// PCA to two components, as the Train page asks for it. Arguments: rows, factors.

#include <benchmark/benchmark.h>

#include "core/analysis/pca.h"
#include "tests/bench/inputs.h"

using namespace rowlight;

namespace {

void principal_components(benchmark::State& state) {
  const Matrix rows =
      bench::random_matrix(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)), 1);
  for (auto _ : state) {
    auto found = pca(rows.view());
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(principal_components)->Args({1'682, 50})->Args({60'000, 50})->Args({60'000, 128});

}  // namespace
