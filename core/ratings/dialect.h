#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/ratings/fields.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// How the ratings stand in the lines of a file.
enum class Shape {
  Rows,     ///< one rating a line
  Netflix,  ///< "MovieID:" lines, each above lines of customer, rating and date
  Matrix,   ///< one user a line: a count, and then that user's rating of every item; 99 is not rated
};

/// How the rows of a rating file are to be read: the outcome of the stages delimiter, header, columns and types.
struct Layout {
  std::string format;
  Shape shape = Shape::Rows;
  /// Lines before it (skipped ones, an ARFF header) are no ratings. The header line is not one of them: where
  /// `header` says so it is the first line from here on that is not blank.
  std::uint64_t first_data_line = 1;
  Separation separation;
  bool header = false;
  std::string comment;          ///< lines that begin with it, blanks aside, are no ratings: "%" in ARFF; else empty
  std::size_t field_count = 0;  ///< of every row; Netflix: of the lines below a movie
  std::size_t user = 0;         ///< positions in a row, below field_count; Matrix: unused
  std::size_t item = 0;         ///< Netflix, Matrix: unused
  std::size_t rating = 0;       ///< Matrix: of the first item's rating; all fields from there on are ratings
  std::optional<std::size_t> time;
  std::vector<std::string> columns;  ///< field_count names: user, item, rating, time, or "-"
  std::vector<Evidence> evidence;
  std::vector<std::string> notices;
  std::vector<Advice> advice;  ///< what the person may want to say about a guess
};

/// Checks what can be checked without a file. Errors: Usage.
[[nodiscard]] Expected<void> check_options(const ReadOptions& options);

/// What a detection that fails has found until then, and what may help.
struct Findings {
  std::vector<Evidence> evidence;
  std::vector<std::string> notices;
  std::vector<Advice> advice;
};

/// Decides the layout from the first lines of a file (a few hundred, without the skipped ones); what `options` says
/// is not asked. lines[i] is line `first_line` + i: blank ones belong among them, or first_data_line and the numbers
/// in errors are too small. Pre: one line is not blank. Where a person forgot --skip-lines the hint names it.
/// `failed` may be null. Errors: BadInput when the lines are no ratings; Usage when the options do not fit the lines.
[[nodiscard]] Expected<Layout> detect_layout(std::span<const std::string_view> lines, std::uint64_t first_line,
                                             const ReadOptions& options, Findings* failed = nullptr);

/// Adds LoadReport::timestamps, which all rows decide, to what the first lines said about the types.
void note_time_unit(std::string_view timestamps, std::vector<Evidence>& evidence);

/// A separation and how well it suits some lines.
struct SeparationGuess {
  Separation separation;
  std::size_t field_count = 0;  ///< the commonest number of fields, 0 where none is as large as asked for
  std::size_t fitting = 0;      ///< lines with that many fields
};

/// The separation that cuts the most lines into one and the same number (at least `min_fields`) of fields. `::` is
/// tried before `:`, exact delimiters before white space, white space before a mixture.
[[nodiscard]] SeparationGuess guess_separation(std::span<const std::string_view> lines, std::size_t min_fields);

/// What a column of this header name holds: user, item, rating, time, title, genres, or "" for anything else.
/// Case, blanks and punctuation do not matter: "User-ID", "userId" and "user_id" are users.
[[nodiscard]] std::string_view role_of_column(std::string_view header_name);

/// Whether a column of this name counts something (plays, listens) instead of rating it.
[[nodiscard]] bool is_name_of_counts(std::string_view header_name);

/// Whether a column of this name may hold what it says beside the one that has the role: artists beside songs, counts
/// beside ratings.
[[nodiscard]] bool is_vague_name(std::string_view header_name);

/// "TAB", "'::'", "white space": for people.
[[nodiscard]] std::string separation_name(const Separation& separation);

}  // namespace rowlight
