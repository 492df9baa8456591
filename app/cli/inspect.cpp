#include <algorithm>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/base/text.h"
#include "core/ratings/report_json.h"

namespace rowlight::cli {

namespace {

void print_text(const LoadReport& r) {
  std::cout << r.file << ": " << r.format << ", " << r.encoding << ", " << r.line_ending << " line ends\n"
            << plural(r.ratings, "rating") << " of " << plural(r.items, "item") << " by " << plural(r.users, "user")
            << ", from " << r.rating_min << " to " << r.rating_max << ", mean " << r.rating_mean << '\n'
            << plural(r.titles, "title") << ", " << plural(r.items_without_title, "item") << " without one\n";
  if (r.duplicates != 0) {
    std::cout << plural(r.duplicates, "repeated pair") << " (" << grouped(r.conflicts) << " with another rating), "
              << plural(r.loaded, "rating") << " loaded\n";
  }
  for (const Evidence& e : r.evidence) std::cout << "  " << e.stage << ": " << e.decision << " (" << e.because << ")\n";
  for (const std::string& notice : r.notices) std::cout << "note: " << notice << '\n';
  for (const BadLine& bad : r.bad_lines) {
    std::cout << r.file << ':' << bad.line << ':' << bad.column << ": " << bad.reason << '\n';
  }
  if (r.bad_line_count > r.bad_lines.size()) {
    std::cout << "and " << plural(r.bad_line_count - r.bad_lines.size(), "more such line") << '\n';
  }
}

nlohmann::ordered_json to_json(const FactorReport& r) {
  const auto width = [](std::uint64_t factors) {
    return factors == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(factors);
  };
  return {{"file", r.file},
          {"format", r.format},
          {"bytes", r.bytes},
          {"rows", r.users + r.items},
          {"dim", std::max(r.user_factors, r.item_factors)},
          {"users", r.users},
          {"items", r.items},
          {"user_dim", width(r.user_factors)},
          {"item_dim", width(r.item_factors)},
          {"bias", r.bias},
          {"left_out", r.left_out},
          {"titles", r.titles},
          {"items_without_title", r.items_without_title},
          {"notices", r.notices},
          {"seconds", r.seconds}};
}

void print_text(const FactorReport& r) {
  std::cout << r.file << ": factors trained elsewhere (" << r.format << "), " << plural(r.bytes, "byte") << '\n';
  if (r.users > 0) std::cout << plural(r.users, "user") << " x " << plural(r.user_factors, "factor") << '\n';
  if (r.items > 0) std::cout << plural(r.items, "item") << " x " << plural(r.item_factors, "factor") << '\n';
  if (r.bias) std::cout << "with a bias for each row\n";
  if (r.titles > 0) {
    std::cout << plural(r.titles, "title") << ", " << plural(r.items_without_title, "item") << " without one\n";
  }
  for (const std::string& notice : r.notices) std::cout << "note: " << notice << '\n';
}

/// Reports what `load` reads.
template <class Load>
void inspect(const Load& load, Context& context) {
  const auto loaded = load();
  if (!loaded) return context.report(loaded.error());
  if (context.json) {
    print_line(to_json(loaded->report));
  } else {
    print_text(loaded->report);
  }
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("inspect", "Say what loading a file of ratings or factors would do");
  auto arguments = std::make_shared<ReadArguments>();
  add_common_options(*command, context);
  add_read_options(*command, *arguments);
  command->callback([arguments, &context] {
    const auto options = arguments->resolved();  // load() says what is wrong with them
    const bool ratings = !options || describes_ratings(*options);
    if (!ratings && factor_format_at(arguments->path)) {
      inspect([&] { return load_factors(arguments->path, {arguments->options.items_file}); }, context);
    } else {
      inspect([&] { return load(*arguments, context); }, context);
    }
  });
}

}  // namespace rowlight::cli
