#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ratings/lines.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/rating_stats.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// Ids as the parser leaves them: numbers below `first_text` stand for the id that writes them plainly ("7", not "07"),
/// those from `first_text` on for texts[value - first_text]; `carried` for an id that an earlier chunk has said;
/// `unusable` for one that is none.
struct RawIds {
  static constexpr std::uint32_t first_text = 1U << 22U;
  static constexpr std::uint32_t carried = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t unusable = carried - 1;

  std::vector<std::uint32_t> values;  ///< as long as the chunk's capacity
  Vocabulary texts;
  std::uint32_t largest_number = 0;  ///< among the numbers that are ids

  /// The value that stands for `id`, which is added to `texts` where it is no plain number.
  std::uint32_t value_of(std::string_view id);
  /// The same for a number.
  std::uint32_t value_of(std::uint64_t number);
  /// The id that a value stands for. Pre: neither `carried` nor `unusable`.
  [[nodiscard]] std::string text_of(std::uint32_t value) const;
};

/// Times as they stand in the file.
struct TimeStats {
  std::int64_t min = std::numeric_limits<std::int64_t>::max();
  std::int64_t max = std::numeric_limits<std::int64_t>::min();
  std::uint64_t dates = 0;

  void add(std::int64_t time) {
    min = time < min ? time : min;
    max = time > max ? time : max;
  }
};

/// Where a text stops being UTF-8. Line and column count from 1, the line from the start of the chunk.
struct ForeignBytes {
  std::uint64_t line = 0;
  std::uint64_t column = 0;
};

/// What the parser makes of some whole lines. Its buffers are used again for the next ones.
struct ParsedChunk {
  std::size_t rows = 0;  ///< ratings; the columns may be longer
  RawIds users;
  RawIds items;
  std::vector<float> ratings;
  std::vector<std::int64_t> times;   ///< only where the layout has times
  std::vector<std::uint64_t> lines;  ///< of the rows, from 1 in this chunk; only where they were asked for

  LineCounts line_counts;
  RatingStats stats;
  TimeStats time_stats;
  std::uint64_t blank_lines = 0;
  std::uint64_t not_rated = 0;   ///< rows with the value that means so
  std::uint64_t data_lines = 0;  ///< Shape::Matrix: users
  /// Shape::Netflix: the raw item of the last block that began here, perhaps RawIds::unusable, which no row has.
  std::optional<std::uint32_t> block_item;
  std::uint64_t bad_line_count = 0;
  std::vector<BadLine> bad_lines;   ///< the first LoadReport::most_bad_lines of them; lines count from 1 in this chunk
  bool too_many_bad_lines = false;  ///< more than the option allows: the rest of the chunk was left
  bool ascii = true;
  std::optional<ForeignBytes> foreign;  ///< the first bytes that are not UTF-8

  void clear();
  /// Whether there are ratings of a block that began in an earlier chunk.
  [[nodiscard]] bool continues_block() const { return rows > 0 && items.values[0] == RawIds::carried; }
  /// Makes room for `more` rows behind those there are.
  void reserve(std::size_t more, bool with_times);
};

}  // namespace rowlight
