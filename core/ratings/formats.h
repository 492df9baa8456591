#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ratings/fields.h"

namespace rowlight {

/// The columns that a rating file can have, under the names that options and reports use.
inline constexpr std::array rating_roles{"user", "item", "rating", "time"};

/// What the name of a format says about its layout.
struct FormatRule {
  std::string_view name;
  std::string_view delimiter;  ///< empty: open
  std::optional<bool> header;
  std::string_view columns;   ///< empty: open; a time at the end may be absent
  bool names_columns = true;  ///< false where columns cannot be named: the shape says what stands where
};

/// The rule of that name, or nullptr.
[[nodiscard]] const FormatRule* find_format(std::string_view name);

/// The delimiter that an option means: "\t" may be written as backslash and t.
[[nodiscard]] std::string literal_delimiter(const std::string& option);

/// The separation of a delimiter that was given: a blank is any white space, and quotes count where they are used.
[[nodiscard]] Separation separation_by(std::string_view delimiter);

/// "user, item" -> {"user", "item"}.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

/// How many of the first lines of a file: "3 of the first 64 lines have", "1 of the first 64 lines has"; "the only line
/// has" where there is one. `one` and `many`: the verb.
[[nodiscard]] std::string of_first_lines(std::size_t count, std::size_t lines, std::string_view one = "has",
                                         std::string_view many = "have");

}  // namespace rowlight
