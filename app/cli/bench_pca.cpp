#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/analysis/pca_follower.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/thread_pool.h"
#include "core/simd/kernels.h"

namespace rowlight::cli {

namespace {

struct PcaBench {
  std::size_t rows = 0;
  std::size_t dim = 50;
  std::size_t components = 2;
  int runs = 11;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return seconds_since(start);
}

struct Times {
  std::vector<double> seconds;

  [[nodiscard]] double median() const { return seconds.empty() ? 0 : cli::median(seconds); }
};

/// Normal numbers whose spread falls from column to column, as that of trained factors along their axes does.
Matrix table_of(const PcaBench& bench, std::uint64_t seed) {
  Random random(seed);
  Matrix table(bench.rows, bench.dim);
  for (std::size_t r = 0; r < bench.rows; ++r) {
    for (std::size_t c = 0; c < bench.dim; ++c) {
      table(r, c) = static_cast<float>(random.normal() * (0.3 + 1.0 / static_cast<double>(1 + c)));
    }
  }
  return table;
}

/// What training may do between two frames: every number moves by about `step` of its size.
void move(Matrix& table, Random& random, float step) {
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const float factor = 1 + step * static_cast<float>(random.normal());
    for (float& x : table.row(r)) x *= factor;
    table(r, r % table.cols()) += step * static_cast<float>(random.normal());
  }
}

/// One read of the table by all threads, which no way to compute the axes can do without.
double read_once(const Matrix& table, ThreadPool& pool, std::vector<float>& sums) {
  constexpr std::size_t piece_rows = 2048;
  const std::size_t pieces = (table.rows() + piece_rows - 1) / piece_rows;
  constexpr std::size_t lanes = 64;
  sums.assign(pieces * lanes, 0);
  return seconds_of([&] {
    pool.parallel(pieces, [&](std::size_t piece) {
      const std::size_t first = piece * piece_rows * table.stride();
      const std::size_t end = std::min(table.rows(), (piece + 1) * piece_rows) * table.stride();
      float own[lanes] = {};
      std::size_t i = first;
      for (; i + lanes <= end; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) own[lane] += table.data()[i + lane];
      }
      for (; i < end; ++i) own[0] += table.data()[i];
      std::copy(own, own + lanes, sums.begin() + static_cast<std::ptrdiff_t>(piece * lanes));
    });
  });
}

Expected<void> bench_pca(const PcaBench& bench, const Context& context) {
  if (bench.rows == 0 || bench.dim == 0) return fail(ErrorKind::Usage, "the table has no numbers");
  Matrix table = table_of(bench, context.seed);
  Random random(context.seed + 1);
  ThreadPool pool(context.thread_count());
  const PcaOptions options{std::min(bench.components, bench.dim), true};
  PcaFollower follower;
  Times cold;
  Times warm;
  Times limit;
  std::vector<float> sums;
  std::vector<int> passes;
  std::optional<Error> error;
  const auto timed = [&](Times& times, const std::function<Expected<Pca>()>& work) {
    times.seconds.push_back(seconds_of([&] {
      if (const auto result = work(); !result) error = result.error();
    }));
  };
  constexpr float between_frames = 1e-3F;
  if (const auto first = follower.next(table.view(), options, &pool); !first) return tl::make_unexpected(first.error());
  for (int run = 0; run < bench.runs && !error; ++run) {
    if (interrupted()) return fail(ErrorKind::Cancelled, "interrupted");
    limit.seconds.push_back(read_once(table, pool, sums));
    timed(cold, [&] { return pca(table.view(), options, &pool); });
    move(table, random, between_frames);
    timed(warm, [&] { return follower.next(table.view(), options, &pool); });
    passes.push_back(follower.warm_passes());
  }
  if (error) return tl::make_unexpected(*error);
  const double bytes = static_cast<double>(table.bytes());
  const std::string target(simd::name_of(simd::current_target()));
  if (context.json) {
    print_line({{"rows", bench.rows},
                {"dim", bench.dim},
                {"components", options.components},
                {"threads", context.thread_count()},
                {"target", target},
                {"runs", bench.runs},
                {"unit", "seconds"},
                {"cold", number(cold.median())},
                {"warm", number(warm.median())},
                {"warm_passes", passes},
                {"fastest_cold", number(*std::min_element(cold.seconds.begin(), cold.seconds.end()))},
                {"fastest_warm", number(*std::min_element(warm.seconds.begin(), warm.seconds.end()))},
                {"limit", number(limit.median())},
                {"read_bandwidth", number(bytes / limit.median())}});
    return {};
  }
  constexpr double milli = 1e3;
  std::printf("%zu rows of %zu factors, %u thread%s, %s; milliseconds, medians of %d\n", bench.rows, bench.dim,
              context.thread_count(), context.thread_count() == 1 ? "" : "s", target.c_str(), bench.runs);
  std::printf("cold %.3f, warm %.3f, one read of the table %.3f\n", milli * cold.median(), milli * warm.median(),
              milli * limit.median());
  return {};
}

}  // namespace

void add_bench_pca(CLI::App& bench, Context& context) {
  CLI::App* command =
      bench.add_subcommand("pca", "Principal components of a table, anew and from those of the last frame");
  auto arguments = std::make_shared<PcaBench>();
  add_common_options(*command, context);
  command->add_option("--rows", arguments->rows, "Rows of the table")->required()->check(CLI::Range(1, 100'000'000));
  command->add_option("--dim", arguments->dim, "Floats in a row (default: 50)")->check(CLI::Range(1, 1024));
  command->add_option("--runs", arguments->runs, "Runs of each (default: 11)")->check(CLI::Range(1, 1000));
  command->callback([arguments, &context] {
    if (const auto done = bench_pca(*arguments, context); !done) context.report(done.error());
  });
}

}  // namespace rowlight::cli
