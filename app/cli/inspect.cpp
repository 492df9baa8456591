#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/ratings/report_json.h"

namespace rowlight::cli {

namespace {

void print_text(const LoadReport& r) {
  std::cout << r.file << ": " << r.format << ", " << r.encoding << ", " << r.line_ending << " line ends\n"
            << r.ratings << " ratings of " << r.items << " items by " << r.users << " users, from " << r.rating_min
            << " to " << r.rating_max << ", mean " << r.rating_mean << '\n'
            << r.titles << " titles, " << r.items_without_title << " items without one\n";
  if (r.duplicates != 0) {
    std::cout << r.duplicates << " repeated pairs (" << r.conflicts << " with another rating), " << r.loaded
              << " ratings loaded\n";
  }
  for (const Evidence& e : r.evidence) std::cout << "  " << e.stage << ": " << e.decision << " (" << e.because << ")\n";
  for (const std::string& notice : r.notices) std::cout << "note: " << notice << '\n';
  for (const BadLine& bad : r.bad_lines) {
    std::cout << r.file << ':' << bad.line << ':' << bad.column << ": " << bad.reason << '\n';
  }
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("inspect", "Say what loading a rating file would do");
  auto arguments = std::make_shared<ReadArguments>();
  add_common_options(*command, context);
  add_read_options(*command, *arguments);
  command->callback([arguments, &context] {
    const auto loaded = load(*arguments, context);
    if (!loaded) return context.report(loaded.error());
    if (context.json) {
      print_line(to_json(loaded->report));
    } else {
      print_text(loaded->report);
    }
  });
}

}  // namespace rowlight::cli
