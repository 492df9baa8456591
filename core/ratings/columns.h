#pragma once

#include <span>
#include <string>
#include <vector>

namespace rowlight {

/// What the values themselves say about the order of columns that nothing names.
struct ColumnGuess {
  std::vector<std::string> columns;  ///< as Layout::columns
  std::string because;               ///< the evidence, half a sentence
  bool assumed = false;              ///< nothing tells users from items: the first column is taken for the user
};

/// Guesses from rows of `field_count` fields; rows of another length are not asked. The first `ignored` columns are
/// known to be none of these. Pre: field_count >= ignored + 3.
[[nodiscard]] ColumnGuess guess_columns(std::span<const std::vector<std::string>> rows, std::size_t field_count,
                                        std::size_t ignored = 0);

/// Whether `rows` are those of R's write.table: one name fewer in the first than fields in the others, each of which
/// begins with its own name, a number that rises from row to row. Pre: not empty.
[[nodiscard]] bool have_row_names(std::span<const std::vector<std::string>> rows);

/// What could be said with --columns, a blank before it, where a header names some roles and "-" stands for its other
/// names: the missing roles take the first free places. "" where there are too few of those, or very many names.
[[nodiscard]] std::string columns_like(std::vector<std::string> named, std::size_t field_count);

}  // namespace rowlight
