#include "app/cli/lookup_options.h"

#include <charconv>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/choices.h"
#include "app/cli/training_options.h"
#include "core/io/npy.h"

namespace rowlight::cli {

namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// "2,5,2,0"; an empty text is an empty list. Errors: Usage, naming `option`.
Expected<std::vector<std::int64_t>> parse_integers(const std::string& option, const std::string& text) {
  std::vector<std::int64_t> values;
  if (without_blanks(text).empty()) return values;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view word = without_blanks(std::string_view(text).substr(begin, comma - begin));
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc() || end != word.data() + word.size()) {
      return fail(ErrorKind::Usage, option + " is '" + text + "'",
                  "whole numbers with commas between them are expected");
    }
    values.push_back(value);
    begin = comma + 1;
  }
  return values;
}

/// A vector: one row or one column.
Expected<std::vector<float>> read_vector(const std::string& path) {
  const auto matrix = read_npy(path);
  if (!matrix) return tl::make_unexpected(matrix.error());
  if (matrix->rows() > 1 && matrix->cols() > 1) {
    Error error{ErrorKind::BadInput,
                "the array is " + std::to_string(matrix->rows()) + " x " + std::to_string(matrix->cols()),
                "a vector is expected",
                path,
                0,
                0};
    return tl::make_unexpected(std::move(error));
  }
  std::vector<float> values;
  values.reserve(matrix->rows() * matrix->cols());
  for (std::size_t r = 0; r < matrix->rows(); ++r) {
    values.insert(values.end(), matrix->row(r).begin(), matrix->row(r).end());
  }
  return values;
}

Expected<void> read_weight(const LookupArguments& a, std::uint64_t seed, LookupInput& input) {
  if (!a.weight.empty()) {
    auto weight = read_npy(a.weight);
    if (!weight) return tl::make_unexpected(weight.error());
    input.weight = std::move(*weight);
    return {};
  }
  if (!a.rows) {
    LookupInput toy = toy_input(input.setup);
    input.weight = std::move(toy.weight);
    input.name_of_row = std::move(toy.name_of_row);
    return {};
  }
  constexpr std::int64_t most_rows = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t most_columns = 65536;
  const auto refuse = [](const char* option, std::int64_t value, std::int64_t most) {
    return fail(ErrorKind::Usage, std::string(option) + " is " + std::to_string(value),
                "it must be from 1 to " + std::to_string(most));
  };
  if (*a.rows < 1 || *a.rows > most_rows) return refuse("--rows", *a.rows, most_rows);
  if (*a.dim < 1 || *a.dim > most_columns) return refuse("--dim", *a.dim, most_columns);
  const auto rows = static_cast<std::size_t>(*a.rows);
  if (auto valid = validate(a.options, rows); !valid) return valid;
  if (auto fits = LookupPass::check_size(rows, static_cast<std::size_t>(*a.dim)); !fits) return fits;
  input.weight = make_embedding_weight(rows, static_cast<std::size_t>(*a.dim), a.options, Random(seed));
  return {};
}

/// The batch, and where its bags begin.
Expected<void> read_batch(const LookupArguments& a, LookupSetup& setup) {
  std::vector<std::size_t> shape;
  if (!a.indices_file.empty()) {
    auto indices = read_npy_integers(a.indices_file, &shape);
    if (!indices) return tl::make_unexpected(indices.error());
    setup.indices = std::move(*indices);
  } else if (a.indices) {
    auto indices = parse_integers("--indices", *a.indices);
    if (!indices) return tl::make_unexpected(indices.error());
    setup.indices = std::move(*indices);
  } else if (!a.weight.empty() || a.rows) {
    return fail(ErrorKind::Usage, "there is no --indices", "say which rows to look up, such as --indices 2,5,2,0");
  }
  if (!a.bag) return {};
  setup.bag.emplace();
  setup.bag->mode = *a.bag;
  setup.bag->include_last_offset = a.include_last_offset;
  if (a.offsets) {
    if (shape.size() == 2) {
      return fail(ErrorKind::Usage, "--offsets cannot be used with indices of two dimensions",
                  "each row of the array is a bag");
    }
    auto offsets = parse_integers("--offsets", *a.offsets);
    if (!offsets) return tl::make_unexpected(offsets.error());
    setup.bag->offsets = std::move(*offsets);
  } else if (shape.size() == 2) {
    setup.bag->offsets.clear();
    for (std::size_t i = 0; i < shape[0]; ++i) {
      setup.bag->offsets.push_back(static_cast<std::int64_t>(i * shape[1]));
    }
  }
  return {};
}

Expected<OptimizerSettings> optimizer_of(const LookupArguments& a) {
  OptimizerSettings settings = default_optimizer(a.optimizer);
  settings.learning_rate = a.learning_rate;
  settings.momentum = a.momentum;
  settings.eps = a.eps.value_or(settings.eps);
  settings.weight_decay = a.weight_decay.value_or(settings.weight_decay);
  if (!a.betas.empty()) {
    const auto pair = parse_pair("--betas", a.betas);
    if (!pair) return tl::make_unexpected(pair.error());
    settings.beta1 = pair->first;
    settings.beta2 = pair->second;
  }
  return settings;
}

}  // namespace

Expected<LookupInput> read_lookup(const LookupArguments& a, std::uint64_t seed) {
  LookupInput input;
  input.setup.options = a.options;
  if (auto batch = read_batch(a, input.setup); !batch) return tl::make_unexpected(batch.error());
  const auto optimizer = optimizer_of(a);
  if (!optimizer) return tl::make_unexpected(optimizer.error());
  input.setup.optimizer = *optimizer;
  if (auto weight = read_weight(a, seed, input); !weight) return tl::make_unexpected(weight.error());
  const auto read = [](const std::string& path, std::vector<float>& into) -> Expected<void> {
    if (path.empty()) return {};
    auto values = read_vector(path);
    if (!values) return tl::make_unexpected(values.error());
    into = std::move(*values);
    return {};
  };
  if (!a.bias.empty()) input.setup.bias = a.bias_kind;
  if (auto bias = read(a.bias, input.bias); !bias) return tl::make_unexpected(bias.error());
  if (input.setup.bag) {
    auto weights = read(a.per_sample_weights, input.setup.bag->per_sample_weights);
    if (!weights) return tl::make_unexpected(weights.error());
  }
  if (!a.grad.empty()) {
    auto grad = read_npy(a.grad);
    if (!grad) return tl::make_unexpected(grad.error());
    input.grad_output = std::move(*grad);
  }
  return input;
}

Error with_file(Error error, const LookupArguments& a) {
  if (error.kind != ErrorKind::BadInput || !error.file.empty()) return error;
  const std::pair<const char*, const std::string*> files[] = {{"indices", &a.indices_file},
                                                              {"bias", &a.bias},
                                                              {"per_sample_weights", &a.per_sample_weights},
                                                              {"grad", &a.grad},
                                                              {"weight", &a.weight}};
  for (const auto& [field, file] : files) {
    if (error.field == field) error.file = *file;
  }
  return error;
}

void add_lookup_options(CLI::App& command, LookupArguments& a) {
  auto* weight = command.add_option("--weight", a.weight,
                                    "The table: .npy of shape (N, D) (default: the toy of the Lookup page, 6 x 3)");
  auto* rows = command.add_option("--rows", a.rows, "Make a table of N(0, 1) with this many rows")->excludes(weight);
  auto* dim = command.add_option("--dim", a.dim, "Length of the rows of that table")->excludes(weight)->needs(rows);
  rows->needs(dim);
  auto* indices = command.add_option("--indices", a.indices, "Rows to look up, such as 2,5,2,0");
  command.add_option("--indices-file", a.indices_file, "The same from a .npy file of int64; with --bag a row is a bag")
      ->excludes(indices);
  command.add_option("--grad", a.grad, "Gradient of the output: .npy of the output's shape (default: ones)");
  command.add_option("--padding-idx", a.options.padding_idx, "This row gets no gradient; negative counts from the end");
  command.add_option("--max-norm", a.options.max_norm, "Looked-up rows with a larger norm are shrunk to this one");
  command.add_option("--norm-type", a.options.norm_type, "The norm of --max-norm: 1, 2 (default), inf or another");
  command.add_flag("--scale-grad-by-freq", a.options.scale_grad_by_freq,
                   "Divide each contribution by how often its index occurs");
  command.add_flag("--sparse", a.options.sparse, "The gradient is (indices, values)");
  command.add_flag("--freeze", a.options.freeze, "The table gets no gradient");
  auto* bias = command.add_option("--bias", a.bias, "A bias beside the table: .npy of shape (D), or (N) for per-row");
  add_choice<BiasKind>(command, "--bias-kind", a.bias_kind,
                       {{"shared", BiasKind::Shared}, {"linear", BiasKind::Linear}, {"per-row", BiasKind::PerRow}},
                       "shared (default, one vector for all), linear (of a Linear layer) or per-row (fastai's)")
      ->needs(bias);
  const std::vector<std::pair<std::string, std::optional<BagMode>>> modes = {
      {"sum", BagMode::Sum}, {"mean", BagMode::Mean}, {"max", BagMode::Max}};
  auto* bag =
      add_choice<std::optional<BagMode>>(command, "--bag", a.bag, modes, "Reduce the rows to bags: sum, mean or max");
  auto* offsets = command.add_option("--offsets", a.offsets, "Where each bag begins in the indices (default: one bag)");
  offsets->needs(bag);
  command.add_flag("--include-last-offset", a.include_last_offset, "The last offset is the end of the last bag")
      ->needs(offsets);
  command.add_option("--per-sample-weights", a.per_sample_weights, ".npy with a weight for each index; with sum only")
      ->needs(bag);
  std::vector<std::pair<std::string, OptimizerKind>> optimizers;
  for (const OptimizerKind kind : optimizer_kinds) optimizers.emplace_back(name_of(kind), kind);
  add_choice<OptimizerKind>(command, "--optimizer", a.optimizer, optimizers,
                            "sgd (default), adagrad, adam, adamw or sparse-adam");
  command.add_option("--lr", a.learning_rate, "Learning rate (default: 0.1)");
  command.add_option("--momentum", a.momentum, "SGD's momentum (default: 0)");
  command.add_option("--betas", a.betas, "Betas A:B of the Adam family (default: 0.9:0.99)");
  command.add_option("--eps", a.eps, "Eps (default: 1e-5 for the Adam family, 1e-10 for adagrad)");
  command.add_option("--weight-decay", a.weight_decay, "Weight decay (default: 0.1 for adamw, 0 for the others)");
}

}  // namespace rowlight::cli
