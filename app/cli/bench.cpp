#include <algorithm>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/analysis/lookup_cost.h"
#include "core/base/system.h"
#include "core/simd/kernels.h"

namespace rowlight::cli {

namespace {

using nlohmann::ordered_json;

constexpr CostAlgorithm algorithms[] = {CostAlgorithm::Lookup, CostAlgorithm::OneHot, CostAlgorithm::SparseOneHot,
                                        CostAlgorithm::LookupDenseGradient};
constexpr CostPass passes[] = {CostPass::Forward, CostPass::Backward, CostPass::Optimizer};

ordered_json point_json(const CostView& view, const CostPoint& point) {
  ordered_json json{{"rows", point.rows}};
  ordered_json repetitions;
  ordered_json not_measured = ordered_json::array();
  for (const CostAlgorithm algorithm : algorithms) {
    const std::string name(name_of(algorithm));
    double difference = 0;
    for (const CostPass pass : passes) {
      const CostValue& value = point.value(algorithm, pass);
      const std::string pass_name(name_of(pass));
      json[name][pass_name] = value.measured() ? number(value.seconds) : ordered_json();
      repetitions[name][pass_name] = value.repetitions;
      difference = std::max(difference, value.max_abs_diff);
      if (!value.measured()) {
        not_measured.push_back({{"what", name + " " + pass_name}, {"reason", value.why_not}});
      }
    }
    json[name]["max_abs_diff"] = number(difference);
  }
  const CostBytes bytes = cost_bytes(point.rows, view.options.dim, view.options.batch);
  json["bytes"] = {{"table", bytes.table},
                   {"gradient", bytes.table},
                   {"one_hot", bytes.one_hot},
                   {"sparse_one_hot", bytes.sparse_one_hot},
                   {"sparse_gradient", bytes.sparse_gradient},
                   {"indices", bytes.indices}};
  json["limit"] = ordered_json::object();
  for (const CostPass pass : passes) {
    json["limit"][std::string(name_of(pass))] = number(memory_limit_seconds(view, point.rows, pass));
  }
  json["repetitions"] = std::move(repetitions);
  json["not_measured"] = std::move(not_measured);
  return json;
}

void print_json(const CostView& view) {
  ordered_json points = ordered_json::array();
  for (const CostPoint& point : view.points) points.push_back(point_json(view, point));
  print_line({{"dim", view.options.dim},
              {"batch", view.options.batch},
              {"unit", "seconds"},
              {"target", std::string(simd::name_of(view.options.targets.front()))},
              {"threads", 1},
              {"read_bandwidth", number(view.read_bandwidth)},
              {"write_bandwidth", number(view.write_bandwidth)},
              {"copy_bandwidth", number(view.copy_bandwidth)},
              {"memory_limit", view.options.memory_limit},
              {"points", std::move(points)}});
}

void print_text(const CostView& view) {
  constexpr double micro = 1e6;
  constexpr double giga = 1e9;
  std::printf("%zu rows of %zu floats a batch, %s, one thread; microseconds, medians\n", view.options.batch,
              view.options.dim, std::string(simd::name_of(view.options.targets.front())).c_str());
  std::printf("memory: read %.1f, write %.1f, copy %.1f GB/s\n\n", view.read_bandwidth / giga,
              view.write_bandwidth / giga, view.copy_bandwidth / giga);
  std::printf("%10s  %-22s %14s %14s %14s\n", "rows", "", "forward", "backward", "optimizer");
  for (const CostPoint& point : view.points) {
    for (const CostAlgorithm algorithm : algorithms) {
      std::printf("%10zu  %-22s", point.rows, std::string(name_of(algorithm)).c_str());
      for (const CostPass pass : passes) {
        const CostValue& value = point.value(algorithm, pass);
        if (value.measured()) {
          std::printf(" %14.3f", value.seconds * micro);
        } else {
          std::printf(" %14s", "-");
        }
      }
      std::printf("\n");
      const CostValue& first = point.value(algorithm, CostPass::Backward);
      if (!first.measured()) std::printf("%12s%s\n", "", first.why_not.c_str());
    }
  }
}

Expected<void> lookup_vs_onehot(const CostOptions& options, const Context& context) {
  if (auto valid = validate(options); !valid) return valid;
  LookupCost cost(options);
  const bool show = stderr_is_terminal();
  constexpr std::chrono::milliseconds between_looks{20};
  while (cost.advance(between_looks)) {
    if (interrupted()) {
      cost.cancel();
      return fail(ErrorKind::Cancelled, "interrupted");
    }
    const CostView& view = cost.result();
    if (show) std::fprintf(stderr, "\rmeasuring: %zu of %zu values", view.values_done, view.values_total);
  }
  if (show) std::fputs("\r\033[K", stderr);
  if (context.json) {
    print_json(cost.result());
  } else {
    print_text(cost.result());
  }
  return {};
}

void add_lookup_vs_onehot(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "lookup-vs-onehot", "A lookup against the one-hot products that compute the same, forward, backward, optimizer");
  auto options = std::make_shared<CostOptions>();
  options->longest_run = std::chrono::minutes(1);
  options->time_per_value = std::chrono::milliseconds(200);
  add_common_options(*command, context);
  command->add_option("--rows", options->rows, "Rows of the table, or several numbers with commas between them")
      ->delimiter(',')
      ->required();
  command->add_option("--dim", options->dim, "Floats in a row (default: 50)");
  command->add_option("--batch", options->batch, "Rows looked up at once (default: 64)");
  command->callback([options, &context] {
    options->seed = context.seed;
    if (const auto done = lookup_vs_onehot(*options, context); !done) context.report(done.error());
  });
}

/// The median of `runs` loads; all of them are told, the first one apart: it may have to wait for the disk.
Expected<void> bench_load(const ReadArguments& arguments, int runs, const Context& context) {
  std::vector<double> seconds;
  LoadReport report;
  for (int run = 0; run <= runs; ++run) {
    const auto loaded = load(arguments, context);
    if (!loaded) return tl::make_unexpected(loaded.error());
    report = loaded->report;
    seconds.push_back(report.seconds);
  }
  const double first = seconds.front();
  seconds.erase(seconds.begin());
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const auto bytes = static_cast<double>(report.bytes);
  const auto ratings = static_cast<double>(report.ratings);
  const std::uint64_t memory = peak_memory_bytes();
  if (context.json) {
    print_line({{"file", report.file},
                {"bytes", report.bytes},
                {"ratings", report.ratings},
                {"threads", context.thread_count()},
                {"target", std::string(simd::name_of(simd::current_target()))},
                {"runs", runs},
                {"first_seconds", number(first)},
                {"seconds", number(median)},
                {"fastest_seconds", number(seconds.front())},
                {"slowest_seconds", number(seconds.back())},
                {"bytes_per_second", number(bytes / median)},
                {"ratings_per_second", number(ratings / median)},
                {"peak_memory_bytes", memory},
                {"memory_per_rating", number(static_cast<double>(memory) / ratings)}});
    return {};
  }
  std::printf("%llu ratings, %.1f MB, %u threads, %s: median of %d loads %.3f s (%.3f to %.3f; the first %.3f)\n",
              static_cast<unsigned long long>(report.ratings), bytes / 1e6, context.thread_count(),
              std::string(simd::name_of(simd::current_target())).c_str(), runs, median, seconds.front(), seconds.back(),
              first);
  std::printf("%.2f GB/s, %.1f M ratings/s, peak memory %.1f MB\n", bytes / median / 1e9, ratings / median / 1e6,
              static_cast<double>(memory) / 1e6);
  return {};
}

void add_load(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand("load", "Reading a rating file, from opening it to the finished set");
  auto arguments = std::make_shared<ReadArguments>();
  auto runs = std::make_shared<int>(5);
  add_common_options(*command, context);
  add_read_options(*command, *arguments);
  command->add_option("--runs", *runs, "Loads, after one that is not counted (default: 5)")->check(CLI::Range(1, 1000));
  command->callback([arguments, runs, &context] {
    if (const auto done = bench_load(*arguments, *runs, context); !done) context.report(done.error());
  });
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  CLI::App* bench = app.add_subcommand("bench", "Measure the engine on this machine");
  bench->require_subcommand(1);
  add_lookup_vs_onehot(*bench, context);
  add_load(*bench, context);
  add_bench_gather(*bench, context);
  add_bench_pca(*bench, context);
  add_bench_train(*bench, context);
}

}  // namespace rowlight::cli
