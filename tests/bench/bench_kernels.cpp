// The kernels of core/simd: rows or floats a second. Arguments: rows of the table, then factors.

#include <algorithm>

#include <benchmark/benchmark.h>

#include "core/simd/kernels.h"
#include "tests/bench/inputs.h"

using namespace rowlight;
using namespace rowlight::bench;

namespace {

constexpr std::size_t batch = 4096;
constexpr std::size_t bag = 32;  // rows that one output row sums

std::size_t argument(const benchmark::State& state, int which) { return static_cast<std::size_t>(state.range(which)); }

/// Each looked-up row counts once, rows x factors x 4 bytes.
void count_rows(benchmark::State& state, std::size_t rows, std::size_t factors) {
  const auto done = static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(rows);
  state.SetItemsProcessed(done);
  state.SetBytesProcessed(done * static_cast<std::int64_t>(factors * sizeof(float)));
}

void tables(benchmark::internal::Benchmark* benchmark) {
  // In the cache, beside it and far outside.
  for (const int rows : {1'000, 30'000, 1'000'000}) benchmark->Args({rows, 50});
  benchmark->Args({30'000, 128});
}

void gather(benchmark::State& state) {
  const Matrix table = random_matrix(argument(state, 0), argument(state, 1), 1);
  const auto ids = random_rows(batch, table.rows(), 1);
  Matrix out(batch, table.cols());
  for (auto _ : state) {
    simd::gather_rows(table.view(), ids, out.view());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_rows(state, batch, table.cols());
}
BENCHMARK(gather)->Apply(tables);

void bag_sum(benchmark::State& state) {
  const Matrix table = random_matrix(argument(state, 0), argument(state, 1), 1);
  const auto ids = random_rows(batch, table.rows(), 1);
  std::vector<std::size_t> begin(batch / bag + 1);
  for (std::size_t b = 0; b < begin.size(); ++b) begin[b] = b * bag;
  Matrix out(batch / bag, table.cols());
  for (auto _ : state) {
    simd::sum_bags(table.view(), {ids, begin, {}}, out.view());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_rows(state, batch, table.cols());
}
BENCHMARK(bag_sum)->Apply(tables);

void dot(benchmark::State& state) {
  const Matrix a = random_matrix(batch, argument(state, 0), 1);
  const Matrix b = random_matrix(batch, argument(state, 0), 2);
  std::vector<float> out(batch);
  for (auto _ : state) {
    simd::dot_rows(a.view(), b.view(), out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_rows(state, 2 * batch, a.cols());
}
BENCHMARK(dot)->Arg(50)->Arg(128);

void scatter(benchmark::State& state) {
  const Matrix rows = random_matrix(batch, argument(state, 1), 1);
  const auto ids = random_rows(batch, argument(state, 0), 1);
  const std::vector<float> scale(batch, 0.5F);
  Matrix out(argument(state, 0), rows.cols());
  for (auto _ : state) {
    simd::scatter_add_scaled(scale, rows.view(), ids, out.view());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_rows(state, batch, rows.cols());
}
BENCHMARK(scatter)->Apply(tables);

constexpr std::size_t floats = std::size_t{1} << 20U;

template <class Step>
void optimizer_floats(benchmark::State& state, const Step& step) {
  for (auto _ : state) {
    step();
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(floats));
}

void step_sgd(benchmark::State& state) {
  std::vector<float> p(floats, 0.1F);
  std::vector<float> velocity(floats, 0.0F);
  const std::vector<float> grad(floats, 1e-6F);
  optimizer_floats(state, [&] { simd::sgd({1e-3F, 0.9F, 0.0F}, p, velocity, grad); });
}
BENCHMARK(step_sgd);

void step_adam(benchmark::State& state) {
  std::vector<float> p(floats, 0.1F);
  std::vector<float> m(floats, 0.0F);
  std::vector<float> v(floats, 0.0F);
  const std::vector<float> grad(floats, 1e-3F);
  simd::AdamStep numbers;
  numbers.beta1 = 0.9F;
  numbers.one_minus_beta1 = 0.1F;
  numbers.beta2 = 0.99F;
  numbers.one_minus_beta2 = 0.01F;
  numbers.step_size = 1e-6F;
  numbers.eps = 1e-5F;
  optimizer_floats(state, [&] { simd::adam(numbers, p, m, v, grad); });
}
BENCHMARK(step_adam);

void step_adagrad(benchmark::State& state) {
  std::vector<float> p(floats, 0.1F);
  std::vector<float> sum(floats, 0.0F);
  const std::vector<float> grad(floats, 1e-3F);
  optimizer_floats(state, [&] { simd::adagrad({1e-6F, 0.0F, 1e-10F}, p, sum, grad); });
}
BENCHMARK(step_adagrad);

}  // namespace
