#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ratings/dialect.h"

namespace rowlight {

/// A line of a file that is not blank, and its number, from 1.
struct NumberedLine {
  std::uint64_t number = 0;
  std::string_view text;
};

/// Whether a line says which movie the lines below it rate: "123:". Blanks around it do not matter.
[[nodiscard]] bool is_netflix_movie(std::string_view line);

/// The layout of the Netflix prize, or nothing where the lines have another shape. Asks options.format and
/// options.delimiter. Errors: BadInput for its lists of pairs without ratings, and where the format was given and
/// the lines have another.
[[nodiscard]] Expected<std::optional<Layout>> detect_netflix(std::span<const NumberedLine> lines,
                                                             const ReadOptions& options);

/// The layout of a dense matrix like Jester's, or nothing where the lines have another shape. Asks options.format,
/// options.delimiter and options.header. Errors: BadInput where the format was given and the lines have another.
[[nodiscard]] Expected<std::optional<Layout>> detect_matrix(std::span<const NumberedLine> lines,
                                                            const ReadOptions& options);

/// What stands above the rows of an ARFF file.
struct ArffHeader {
  std::vector<std::string> names;  ///< of the attributes, which are the columns
  std::size_t data = 0;            ///< index of the first line after @DATA
  std::uint64_t data_line = 0;     ///< number of the line after @DATA
};

/// The header of an ARFF file, or nothing where the lines are none. Errors: BadInput where it does not end, where
/// nothing follows and where the rows are sparse ones.
[[nodiscard]] Expected<std::optional<ArffHeader>> read_arff_header(std::span<const NumberedLine> lines);

}  // namespace rowlight
