#include "core/analysis/pca.h"

#include <chrono>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/io/npy.h"

namespace rowlight::cli {

namespace {

struct PcaArguments {
  std::string path;
  std::string table;  // empty: whichever there is
  std::size_t components = 2;
  bool no_center = false;
  std::string save;
};

/// The table that was asked for; without a wish the movies', or the only one there is.
Expected<std::shared_ptr<const Factors>> read_tables(const PcaArguments& arguments, Table& table) {
  auto loaded = load_factors(arguments.path, {});
  if (!loaded) return tl::make_unexpected(loaded.error());
  const Factors& factors = *loaded->factors;
  table = arguments.table == "user" ? Table::Users : Table::Movies;
  if (arguments.table.empty() && !factors.has(table)) table = Table::Users;
  if (!factors.has(table)) {
    return tl::make_unexpected(
        Error{ErrorKind::BadInput, factors.missing, "leave out --table", arguments.path, 0, 0, {}});
  }
  return std::move(loaded->factors);
}

nlohmann::ordered_json to_json(const Matrix& matrix) {
  auto rows = nlohmann::ordered_json::array();
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    auto row = nlohmann::ordered_json::array();
    for (const float x : matrix.row(r)) row.push_back(number(x));
    rows.push_back(std::move(row));
  }
  return rows;
}

Expected<void> run(const PcaArguments& arguments, const Context& context) {
  Table which = Table::Movies;
  const auto factors = read_tables(arguments, which);
  if (!factors) return tl::make_unexpected(factors.error());
  const Matrix* table = &(*factors)->tables[index_of(which)];
  const auto start = std::chrono::steady_clock::now();
  const auto result = pca(table->view(), {arguments.components, !arguments.no_center});
  if (!result) {
    Error error = result.error();
    error.file = arguments.path;
    return tl::make_unexpected(error);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!arguments.save.empty()) {
    if (auto written = write_npy(arguments.save, result->coordinates.view()); !written) return written;
  }
  if (context.json) {
    auto shares = nlohmann::ordered_json::array();
    for (const double share : result->explained_variance_ratio) shares.push_back(number(share));
    print_line({{"explained_variance_ratio", std::move(shares)},
                {"components", to_json(result->axes)},
                {"coordinates", to_json(result->coordinates)},
                {"seconds", seconds}});
    return {};
  }
  std::cout << table->rows() << " rows of " << table->cols() << " factors\n";
  constexpr double percent = 100;
  for (std::size_t i = 0; i < result->explained_variance_ratio.size(); ++i) {
    std::printf("component %zu: %5.1f %% of the variance\n", i + 1, percent * result->explained_variance_ratio[i]);
  }
  return {};
}

}  // namespace

void add_pca(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("pca", "Principal components of a table of factors");
  auto arguments = std::make_shared<PcaArguments>();
  add_common_options(*command, context);
  command
      ->add_option("FILE", arguments->path,
                   "Factors: a saved run, .safetensors, .npy, Spark ALS JSON lines, a LIBMF model or word2vec text")
      ->required();
  command->add_option("--table", arguments->table, "Which table: movie (default) or user")
      ->check(one_of({"movie", "user"}))
      ->type_name("NAME");
  command->add_option("--components", arguments->components, "Number of components (default: 2)");
  command->add_flag("--no-center", arguments->no_center, "Do not subtract the column means");
  command->add_option("--save", arguments->save, "Write the coordinates to this .npy file");
  command->callback([arguments, &context] {
    if (const auto done = run(*arguments, context); !done) context.report(done.error());
  });
}

}  // namespace rowlight::cli
