// Factors in binary tables: .npy and .safetensors.

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "core/base/row_index.h"
#include "core/io/factor_rows.h"
#include "core/io/npy.h"
#include "core/io/safetensors.h"
#include "core/io/values.h"

namespace rowlight::io {

namespace {

/// How libraries name the tables of a state_dict.
struct StateNames {
  const char* factors;
  const char* bias;
  bool linear = false;  ///< the weight of a Linear layer: (factors, rows)
};
constexpr std::array<StateNames, 3> user_names{{{"user_factors.weight", "user_bias.weight"},
                                                {"user_linear.weight", "", true},
                                                {"u_weight.weight", "u_bias.weight"}}};  // fastai's collab_learner
constexpr std::array<StateNames, 3> movie_names{{{"movie_factors.weight", "movie_bias.weight"},
                                                 {"movie_linear.weight", "", true},
                                                 {"i_weight.weight", "i_bias.weight"}}};

Error in_file(Error error, const std::string& path) {
  error.file = path;
  return error;
}

Expected<void> check_values(const std::string& path, const std::string& name, const Matrix& table) {
  if (table.empty()) return bad_input(path, name + " is empty", "at least one row of factors is needed");
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const auto row = table.row(r);
    const auto odd = std::ranges::find_if(row, [](float x) { return !std::isfinite(x); });
    if (odd == row.end()) continue;
    return bad_input(path, name + " holds a number that is not finite, in row " + std::to_string(r) + ", factor " +
                               std::to_string(odd - row.begin()));
  }
  return {};
}

/// "0", "1", ...: rows that have no other name.
Vocabulary numbered(std::size_t rows) {
  Vocabulary ids;
  for (std::size_t r = 0; r < rows; ++r) ids.add(std::to_string(r));
  return ids;
}

/// The ids that a saved run holds for a table, each ended by a line feed; nothing where they do not fit the rows.
std::optional<Vocabulary> saved_ids(const TensorFile& file, const std::string& name, std::size_t rows) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return std::nullopt;
  const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&found->second.values);
  if (bytes == nullptr) return std::nullopt;
  std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  Vocabulary ids;
  while (!text.empty() && ids.size() <= rows) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::size_t before = ids.size();
    ids.add(text.substr(0, end));
    if (ids.size() == before) return std::nullopt;  // twice
    text.remove_prefix(end + 1);
  }
  if (!text.empty() || ids.size() != rows) return std::nullopt;
  return ids;
}

/// Takes the tensor out of `file`, so that it is never held twice for longer than the copy.
Expected<Matrix> take_matrix(const std::string& path, TensorFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  if (found != file.tensors.end() && found->second.shape.size() == 2) {
    const auto& shape = found->second.shape;
    if (auto fits = check_memory(shape[0], shape[1]); !fits) return tl::make_unexpected(in_file(fits.error(), path));
  }
  auto matrix = matrix_of(file, name);
  if (!matrix) return tl::make_unexpected(in_file(matrix.error(), path));
  file.tensors.erase(name);
  if (auto valid = check_values(path, "the tensor " + io::quoted(name), *matrix); !valid) {
    return tl::make_unexpected(valid.error());
  }
  return matrix;
}

bool is_float_table(const Tensor& tensor) {
  const bool floats = std::holds_alternative<std::vector<float>>(tensor.values);
  return floats && tensor.shape.size() == 2 && tensor.shape[0] > 0 && tensor.shape[1] > 0;
}

/// Fills a table from the state_dict names that a library gives it. Returns whether there was one.
Expected<bool> take_by_state_name(const std::string& path, TensorFile& file, std::span<const StateNames> names,
                                  FactorTable& into) {
  for (const StateNames& name : names) {
    if (!file.tensors.contains(name.factors)) continue;
    auto values = take_matrix(path, file, name.factors);
    if (!values) return tl::make_unexpected(values.error());
    into.values = name.linear ? transposed(values->view()) : std::move(*values);
    if (*name.bias == '\0' || !file.tensors.contains(name.bias)) return true;
    auto bias = take_matrix(path, file, name.bias);
    if (!bias) return tl::make_unexpected(bias.error());
    if (bias->cols() != 1 || bias->rows() != into.values.rows()) {
      return bad_input(path,
                       "the tensor " + io::quoted(name.bias) + " is " + std::to_string(bias->rows()) + " x " +
                           std::to_string(bias->cols()),
                       "one bias for each of the " + std::to_string(into.values.rows()) + " rows is needed");
    }
    into.bias = std::move(*bias);
    return true;
  }
  return false;
}

bool says(const std::string& name, std::string_view word) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(name.begin(), name.end(), word.begin(), word.end(), same) != name.end();
}

/// The largest table whose name satisfies `wanted`; the first by name of several. Empty: none.
template <class Wanted>
std::string largest_table(const TensorFile& file, Wanted wanted) {
  std::string best;
  std::size_t most = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (!is_float_table(tensor) || !wanted(name)) continue;
    const std::size_t values = tensor.shape[0] * tensor.shape[1];
    if (values > most) best = name;
    most = std::max(most, values);
  }
  return best;
}

/// Names that no library here is known for: by what they say, else by size. Says what was chosen.
Expected<void> take_by_guess(const std::string& path, TensorFile& file, FactorContent& content) {
  std::size_t tables = 0;
  for (const auto& [name, tensor] : file.tensors) tables += is_float_table(tensor) ? 1 : 0;
  const auto is_user = [](const std::string& name) { return says(name, "user"); };
  const auto is_item = [](const std::string& name) { return says(name, "movie") || says(name, "item"); };
  std::string chosen[2] = {largest_table(file, is_user), largest_table(file, is_item)};
  if (chosen[0].empty() && chosen[1].empty()) {
    content.untold = true;
    chosen[1] = largest_table(file, [](const std::string&) { return true; });
  }
  if (chosen[0].empty() && chosen[1].empty()) {
    return bad_input(path, "none of the " + std::to_string(file.tensors.size()) + " tensors is a table of floats",
                     "a tensor with two dimensions is needed, such as movie_factors.weight");
  }
  for (const Table table : {Table::Users, Table::Movies}) {
    const std::string& name = chosen[index_of(table)];
    if (name.empty()) continue;
    auto values = take_matrix(path, file, name);
    if (!values) return tl::make_unexpected(values.error());
    content.tables[index_of(table)].values = std::move(*values);
    content.notices.push_back("of the " + std::to_string(tables) + " tables in the file, " + io::quoted(name) +
                              (table == Table::Users ? " is shown as the users'" : " is shown as the movies'"));
  }
  return {};
}

}  // namespace

Expected<FactorContent> read_npy_factors(const std::string& path, const ReadControl& control) {
  auto matrix = read_npy(path, control);
  if (!matrix) return tl::make_unexpected(matrix.error());
  if (auto valid = check_values(path, "the array", *matrix); !valid) return tl::make_unexpected(valid.error());
  FactorContent content;
  content.untold = true;
  content.tables[1].ids = numbered(matrix->rows());
  content.tables[1].values = std::move(*matrix);
  return content;
}

Expected<FactorContent> read_tensor_factors(const std::string& path, const ReadControl& control) {
  auto file = read_safetensors(path, control);
  if (!file) return tl::make_unexpected(file.error());
  FactorContent content;
  auto users = take_by_state_name(path, *file, user_names, content.tables[0]);
  if (!users) return tl::make_unexpected(users.error());
  auto movies = take_by_state_name(path, *file, movie_names, content.tables[1]);
  if (!movies) return tl::make_unexpected(movies.error());
  if (!*users && !*movies) {
    if (auto guessed = take_by_guess(path, *file, content); !guessed) return tl::make_unexpected(guessed.error());
  }
  for (const Table table : {Table::Users, Table::Movies}) {
    FactorTable& of = content.tables[index_of(table)];
    if (of.values.empty()) continue;
    const std::string vocabulary = table == Table::Users ? "vocabulary.users" : "vocabulary.movies";
    auto ids = saved_ids(*file, vocabulary, of.values.rows());
    if (!ids && file->tensors.contains(vocabulary)) {
      content.notices.push_back("the ids in " + vocabulary + " do not fit the table: its rows are numbered");
    }
    of.ids = ids ? std::move(*ids) : numbered(of.values.rows());
  }
  return content;
}

}  // namespace rowlight::io
