#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "app/cli/lookup_options.h"
#include "core/io/npy.h"
#include "core/train/lookup_results.h"

namespace rowlight::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_numbers = 4096;  // of an array in JSON

struct Arguments {
  LookupArguments lookup;
  std::string save;
};

/// What a pass has to show.
struct Outcome {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::size_t positions = 0;
  std::size_t outputs = 0;
  bool sparse = false;
  LookupResults results;
  Verdict verdict;
  std::vector<StepTrace> trace;
};

Json to_json(const Matrix& matrix) {
  if (matrix.rows() * matrix.cols() > most_numbers) return nullptr;
  Json rows = Json::array();
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    Json row = Json::array();
    for (const float x : matrix.row(r)) row.push_back(number(x));
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The same for an array that is null where the pass has none.
Json array_or_null(const Matrix& matrix, bool exists) { return exists ? to_json(matrix) : Json(nullptr); }

Json vector_or_null(const std::vector<float>& values) {
  if (values.empty() || values.size() > most_numbers) return nullptr;
  Json array = Json::array();
  for (const float x : values) array.push_back(number(x));
  return array;
}

Json to_json(const std::optional<Cost>& cost) {
  if (!cost) return nullptr;
  return {{"multiplies", cost->multiplies},
          {"multiplies_by_zero", cost->multiplies_by_zero},
          {"adds", cost->adds},
          {"bytes_read", cost->bytes_read},
          {"bytes_written", cost->bytes_written},
          {"bytes_allocated", cost->bytes_allocated},
          {"seconds", cost->seconds}};
}

Json to_json(const StepTrace& step) {
  Json json = {
      {"number", static_cast<int>(step.step)}, {"name", name_of(step.step)},     {"sentence", step.sentence},
      {"rows_touched", step.rows_touched},     {"lookup", to_json(step.lookup)}, {"one_hot", to_json(step.one_hot)}};
  if (step.step == LookupStep::SparseGradient) json["coalesce"] = to_json(step.coalesce);
  return json;
}

Json to_json(const Outcome& o) {
  const bool possible = o.verdict.one_hot_possible;
  const bool has_grad = o.results.grad.rows() == o.rows && !o.results.grad.empty();
  const bool has_sparse = o.sparse && has_grad;
  const bool indices_fit = o.results.sparse_grad.indices.size() <= most_numbers;
  Json steps = Json::array();
  for (const StepTrace& step : o.trace) steps.push_back(to_json(step));
  Json shapes = {{"weight", {o.rows, o.dim}},
                 {"indices", {o.positions}},
                 {"one_hot", possible ? Json{o.outputs, o.rows} : Json(nullptr)},
                 {"output", {o.outputs, o.dim}},
                 {"grad", has_grad && !o.sparse ? Json{o.rows, o.dim} : Json(nullptr)},
                 {"grad_values", has_sparse ? Json{o.results.sparse_grad.values.rows(), o.dim} : Json(nullptr)}};
  return {{"shapes", std::move(shapes)},
          {"output", to_json(o.results.output)},
          {"onehot_output", array_or_null(o.results.one_hot_output, possible)},
          {"equal_bits", o.verdict.compared ? Json(o.verdict.equal_bits) : Json(nullptr)},
          {"max_abs_diff", o.verdict.compared ? number(o.verdict.max_abs_diff) : Json(nullptr)},
          {"verdict", possible ? o.verdict.reason : o.verdict.why_not},
          {"grad", array_or_null(o.results.grad, has_grad && !o.sparse)},
          {"grad_indices", has_sparse && indices_fit ? Json(o.results.sparse_grad.indices) : Json(nullptr)},
          {"grad_values", array_or_null(o.results.sparse_grad.values, has_sparse)},
          {"grad_bias", vector_or_null(o.results.grad_bias)},
          {"grad_per_sample_weights", vector_or_null(o.results.grad_per_sample_weights)},
          {"weight_after", to_json(o.results.weight_after_forward)},
          {"weight_after_step", to_json(o.results.weight_after_step)},
          {"steps", std::move(steps)}};
}

/// 5382400 as 5,382,400.
std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

/// One line of the table of costs. Nothing to do is a blank.
std::vector<std::string> cells_of(const std::optional<Cost>& cost) {
  if (!cost) return {"", "", "", "", ""};
  return {grouped(cost->multiplies), grouped(cost->multiplies_by_zero), grouped(cost->adds), grouped(cost->bytes_read),
          grouped(cost->bytes_written)};
}

void print_costs(const std::vector<StepTrace>& trace) {
  const std::vector<std::string> titles = {"multiplies", "by zero", "adds", "bytes read", "written"};
  std::size_t widths[2][5] = {};
  std::size_t name_width = 0;
  for (const StepTrace& step : trace) {
    name_width = std::max(name_width, name_of(step.step).size());
    for (const int side : {0, 1}) {
      const auto cells = cells_of(side == 0 ? step.lookup : step.one_hot);
      for (std::size_t c = 0; c < cells.size(); ++c) {
        widths[side][c] = std::max({widths[side][c], cells[c].size(), titles[c].size()});
      }
    }
  }
  const auto print = [&](const std::string& left, const std::vector<std::string>& lookup,
                         const std::vector<std::string>& one_hot) {
    std::string line = left + std::string(name_width + 4 - left.size(), ' ');
    for (const int side : {0, 1}) {
      line += " |";
      for (std::size_t c = 0; c < titles.size(); ++c) {
        const std::string& cell = (side == 0 ? lookup : one_hot)[c];
        line += std::string(widths[side][c] + 1 - cell.size(), ' ') + cell;
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  };
  std::size_t lookup_width = 0;
  for (const std::size_t width : widths[0]) lookup_width += width + 1;
  std::cout << std::string(name_width + 4, ' ') << " | lookup" << std::string(lookup_width - 7, ' ') << " | one-hot\n";
  print("", titles, titles);
  for (const StepTrace& step : trace) {
    const int shown = static_cast<int>(step.step);
    print((shown < 10 ? " " : "") + std::to_string(shown) + "  " + std::string(name_of(step.step)),
          cells_of(step.lookup), cells_of(step.one_hot));
  }
}

void print_text(const Outcome& o) {
  std::cout << "A table of " << o.rows << " x " << o.dim << ", " << o.positions << " indices, an output of "
            << o.outputs << " x " << o.dim << ".\n\n";
  print_costs(o.trace);
  std::cout << "\nBytes are the least traffic. A blank: this algorithm has nothing to do in this step.\n\n";
  for (const StepTrace& step : o.trace) {
    std::printf("%2d  %s\n", static_cast<int>(step.step), step.sentence.c_str());
    std::fflush(stdout);
  }
  std::cout << '\n' << (o.verdict.one_hot_possible ? o.verdict.reason : o.verdict.why_not) << '\n';
}

/// Writes every array that the pass has. Errors: Io.
Expected<void> save(const Outcome& o, const std::string& folder) {
  const std::filesystem::path path(folder);
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (!std::filesystem::is_directory(path, failed)) {
    return fail(ErrorKind::Io, "the folder " + folder + " cannot be made", "--save needs a folder that can be written");
  }
  const LookupResults& r = o.results;
  const bool has_grad = !r.grad.empty();
  Expected<void> result;
  const auto file = [&path](const char* name) { return (path / (std::string(name) + ".npy")).string(); };
  const auto matrix = [&](const char* name, const Matrix& values, bool exists) {
    if (result && exists) result = write_npy(file(name), values.view());
  };
  const auto vector = [&](const char* name, const std::vector<float>& values) {
    if (result && !values.empty()) result = write_npy(file(name), std::span<const float>(values));
  };
  matrix("output", r.output, true);
  matrix("onehot_output", r.one_hot_output, o.verdict.one_hot_possible);
  matrix("grad", r.grad, has_grad && !o.sparse);
  if (result && o.sparse && has_grad) {
    result = write_npy(file("grad_indices"), std::span<const std::int64_t>(r.sparse_grad.indices));
  }
  matrix("grad_values", r.sparse_grad.values, o.sparse && has_grad);
  vector("grad_bias", r.grad_bias);
  vector("grad_per_sample_weights", r.grad_per_sample_weights);
  matrix("weight_after", r.weight_after_forward, true);
  matrix("weight_after_step", r.weight_after_step, true);
  return result;
}

Expected<Outcome> outcome_of(const Arguments& arguments, std::uint64_t seed) {
  auto input = read_lookup(arguments.lookup, seed);
  if (!input) return tl::make_unexpected(input.error());
  Outcome outcome;
  outcome.rows = input->weight.rows();
  outcome.dim = input->weight.cols();
  outcome.positions = input->setup.indices.size();
  outcome.sparse = input->setup.options.sparse;
  const auto pass = LookupPass::create(std::move(*input));
  if (!pass) return tl::make_unexpected(with_file(pass.error(), arguments.lookup));
  auto results = run_whole(**pass);
  if (!results) return tl::make_unexpected(results.error());
  outcome.results = std::move(*results);
  outcome.outputs = outcome.results.output.rows();
  outcome.verdict = (*pass)->verdict();
  outcome.trace.assign((*pass)->trace().begin(), (*pass)->trace().end());
  return outcome;
}

Expected<void> run(const Arguments& arguments, const Context& context) {
  const auto outcome = outcome_of(arguments, context.seed);
  if (!outcome) return tl::make_unexpected(outcome.error());
  if (!arguments.save.empty()) {
    if (auto saved = save(*outcome, arguments.save); !saved) return saved;
  }
  if (context.json) {
    print_line(to_json(*outcome));
  } else {
    print_text(*outcome);
  }
  return {};
}

}  // namespace

void add_lookup(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("lookup", "One forward and backward pass of an embedding, by lookup and by one-hot product");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, context)->description("Seed of a table that is drawn (default: 42)");
  add_lookup_options(*command, arguments->lookup);
  command->add_option("--save", arguments->save, "Write every array as .npy into this folder; made when missing");
  command->footer(
      "Without --weight and --rows the table is the toy of the Lookup page, and the indices are 2,5,2,0.\n"
      "With --json an array is null where the pass has none, and where it has more than " +
      std::to_string(most_numbers) +
      " numbers; --save writes those too. weight_after is the table after max_norm, weight_after_step after the "
      "optimizer's step.");
  command->callback([arguments, &context] {
    if (const auto done = run(*arguments, context); !done) context.report(done.error());
  });
}

}  // namespace rowlight::cli
