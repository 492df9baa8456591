#include "app/cli/common.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/base/system.h"

namespace rowlight::cli {

namespace {

std::atomic<bool> interrupt_flag{false};

extern "C" void on_interrupt(int) { interrupt_flag = true; }

/// How a load reports its progress; nothing where standard error is no terminal.
std::function<void(std::uint64_t, std::uint64_t)> progress() {
  if (!stderr_is_terminal()) return {};
  return [](std::uint64_t done, std::uint64_t total) {
    constexpr double megabyte = 1e6;
    std::fprintf(stderr, "\rreading %.0f of %.0f MB", static_cast<double>(done) / megabyte,
                 static_cast<double>(total) / megabyte);
  };
}

void end_progress() {
  if (stderr_is_terminal()) std::fputs("\r\033[K", stderr);
}

}  // namespace

void Context::report(const Error& error, bool json_event) {
  if (json_event && json) {
    print_line({{"event", "error"}, {"message", error.message()}, {"exit_code", error.exit_code()}});
  }
  std::cerr << error.message() << '\n';
  exit_code = error.exit_code();
}

unsigned Context::thread_count() const {
  return threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}

CLI::Option* add_common_options(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "Print JSON to standard output");
  add_machine_options(command, context.threads, context.target, "all cores");
  return command.add_option("--seed", context.seed, "Seed of all random numbers (default: 42)");
}

void add_read_options(CLI::App& command, ReadArguments& arguments) {
  ReadOptions& o = arguments.options;
  command.add_option("FILE", arguments.path, "Rating file or folder")->required();
  command.add_option("--items", o.items_file, "File with titles (default: looked for beside the ratings)");
  command.add_option("--format", o.format, listed(format_names()) + " (default: found out)")
      ->check(one_of(format_names()))
      ->type_name("NAME");
  command.add_option("--delimiter", o.delimiter, "Text between fields, such as , or ::");
  command.add_option("--columns", o.columns, "Order of the columns, such as user,item,rating,time; - skips one");
  command.add_option("--header", arguments.header, "Whether the first line names the columns: yes or no")
      ->check(one_of({"yes", "no"}))
      ->type_name("NAME");
  command.add_option("--skip-lines", o.skip_lines, "Lines before the data")->check(a_count());
  command.add_option("--encoding", o.encoding, "utf-8, latin-1 or utf-16 (default: found out)")
      ->check(one_of({"utf-8", "latin-1", "utf-16"}))
      ->type_name("NAME");
  command.add_option("--scale", arguments.scale, "Lowest and highest rating, LO:HI");
  command.add_option("--missing", o.missing, "This rating means: not rated");
  add_choice<Duplicates>(command, "--duplicates", arguments.duplicates,
                         {{"last", Duplicates::KeepLast},
                          {"first", Duplicates::KeepFirst},
                          {"mean", Duplicates::Mean},
                          {"all", Duplicates::KeepAll},
                          {"error", Duplicates::Fail}},
                         "Which rating of a repeated pair counts: last (default), first, mean, all or error");
  command.add_option("--max-bad-lines", o.max_bad_lines, "Fail when more lines than this do not fit")->check(a_count());
}

Expected<ReadOptions> ReadArguments::resolved() const {
  ReadOptions result = options;
  if (!header.empty()) result.header = header == "yes";
  if (!scale.empty()) {
    const auto pair = parse_pair("--scale", scale);
    if (!pair) return tl::make_unexpected(pair.error());
    result.scale = RatingScale{static_cast<float>(pair->first), static_cast<float>(pair->second)};
  }
  result.duplicates = duplicates;
  return result;
}

Expected<LoadedRatings> load(const ReadArguments& arguments, const Context& context) {
  auto options = arguments.resolved();
  if (!options) return tl::make_unexpected(options.error());
  LoadControl control;
  control.cancel = &interrupted();
  control.on_progress = progress();
  control.threads = context.threads;
  auto loaded = read_ratings(arguments.path, *options, control);
  end_progress();
  return loaded;
}

Expected<LoadedFactors> load_factors(const std::string& path, const FactorOptions& options) {
  auto loaded = read_factors(path, options, {progress(), &interrupted()});
  end_progress();
  return loaded;
}

nlohmann::ordered_json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

void print_line(const nlohmann::ordered_json& value) {
  // Titles and paths may hold bytes that are not UTF-8; they are replaced rather than thrown over.
  std::cout << value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
}

const std::atomic<bool>& interrupted() { return interrupt_flag; }

void handle_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace rowlight::cli
