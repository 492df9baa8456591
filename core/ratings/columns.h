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

/// Guesses from rows of `field_count` fields; rows of another length are not asked. Pre: field_count >= 3.
[[nodiscard]] ColumnGuess guess_columns(std::span<const std::vector<std::string>> rows, std::size_t field_count);

}  // namespace rowlight
