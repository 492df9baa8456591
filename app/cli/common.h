#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include "app/cli/choices.h"
#include "app/cli/training_options.h"
#include "core/base/error.h"
#include "core/io/factors.h"
#include "core/ratings/reader.h"

namespace rowlight::cli {

/// The options that every command has, and how a command reports its outcome.
struct Context {
  bool json = false;
  unsigned threads = 0;  ///< 0: all
  std::string target = "auto";
  std::uint64_t seed = 42;
  int exit_code = 0;

  /// Prints the error to standard error (and as JSON event when `json_event`) and sets the exit code.
  void report(const Error& error, bool json_event = false);
  /// `threads`, or the number of cores.
  [[nodiscard]] unsigned thread_count() const;
};

/// Adds --json, --threads, --target and --seed; returns the last.
CLI::Option* add_common_options(CLI::App& command, Context& context);

/// The text of inspect's options; resolved() turns them into ReadOptions.
struct ReadArguments {
  std::string path;
  ReadOptions options;
  std::string header;
  std::string scale;
  Duplicates duplicates = Duplicates::KeepLast;

  /// Errors: Usage.
  [[nodiscard]] Expected<ReadOptions> resolved() const;
};

/// Adds FILE and all options of `inspect`.
void add_read_options(CLI::App& command, ReadArguments& arguments);

/// Loads with progress on a terminal, and stops when the person interrupts.
[[nodiscard]] Expected<LoadedRatings> load(const ReadArguments& arguments, const Context& context);
/// The same for factors that were trained elsewhere.
[[nodiscard]] Expected<LoadedFactors> load_factors(const std::string& path, const FactorOptions& options);

/// Number for JSON: a non-finite one becomes "NaN", "Infinity" or "-Infinity", as JSON has none.
[[nodiscard]] nlohmann::ordered_json number(double value);

/// One line of JSON on standard output, flushed.
void print_line(const nlohmann::ordered_json& value);

/// Set by SIGINT and SIGTERM; long work looks at it and stops cleanly.
[[nodiscard]] const std::atomic<bool>& interrupted();
void handle_interrupts();

/// The upper one of two. Pre: not empty.
[[nodiscard]] double median(std::vector<double> values);

void add_bench(CLI::App& app, Context& context);
void add_bench_gather(CLI::App& bench, Context& context);
void add_bench_pca(CLI::App& bench, Context& context);
void add_bench_train(CLI::App& bench, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_lookup(CLI::App& app, Context& context);
void add_pca(CLI::App& app, Context& context);
void add_pytorch(CLI::App& app, Context& context);
void add_sample(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);

}  // namespace rowlight::cli
