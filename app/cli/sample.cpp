#include "core/ratings/sample.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"

namespace rowlight::cli {

void add_sample(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("sample", "Write the built-in sample as ratings.csv and movies.csv");
  auto directory = std::make_shared<std::string>();
  const auto* seed = add_common_options(*command, context)
                         ->description("Seed of the synthetic ratings (default: that of the program's own sample)");
  command->add_option("DIR", *directory, "Folder to write into; made when missing")->required();
  command->callback([directory, seed, &context] {
    const RatingSetPtr set = seed->count() > 0 ? make_sample(context.seed) : make_sample();
    if (const auto written = write_movielens_csv(*set, *directory); !written) return context.report(written.error());
    if (context.json) {
      print_line({{"directory", *directory},
                  {"ratings", set->size()},
                  {"users", set->user_count()},
                  {"items", set->movie_count()},
                  {"synthetic", true}});
    } else {
      std::cout << "wrote " << set->size() << " synthetic ratings of " << set->movie_count() << " films by "
                << set->user_count() << " viewers to " << *directory << '\n';
    }
  });
}

}  // namespace rowlight::cli
