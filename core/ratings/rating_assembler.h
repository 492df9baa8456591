#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ratings/dialect.h"
#include "core/ratings/parsed_chunk.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// Puts parsed chunks together, in their order: columns and vocabularies of a RatingSet and what the report counts.
/// add_users(), add_items() and add_values() touch different parts, so three threads can work on the same chunk; each
/// of them has to see every chunk once and in order.
class RatingAssembler {
 public:
  RatingAssembler(const Layout& layout, RatingSet& set) : layout_(layout), set_(set) {}

  /// Makes room for so many ratings. It saves the copies of a growing vector; what is never used costs no memory.
  void reserve(std::size_t ratings);
  /// Lines in front of the first chunk.
  void skip_lines(const LineCounts& counts, std::uint64_t blank_lines);

  void add_users(ParsedChunk& chunk);
  void add_items(ParsedChunk& chunk);
  void add_values(ParsedChunk& chunk);

  [[nodiscard]] const LineCounts& lines() const { return lines_; }
  [[nodiscard]] std::uint64_t bad_line_count() const { return bad_line_count_; }
  [[nodiscard]] std::vector<BadLine>& bad_lines() { return bad_lines_; }  ///< the first LoadReport::most_bad_lines
  [[nodiscard]] bool ascii() const { return ascii_; }
  [[nodiscard]] const std::optional<ForeignBytes>& foreign() const { return foreign_; }  ///< line from 1 in the file

  /// Fills the rating_* and time* parts of the report, blank_lines and its notices, and brings the times to seconds.
  /// Once, at the end. Pre: there are ratings.
  void finish(LoadReport& report);

 private:
  /// Raw values of one column to indices, through an array for the numbers.
  struct Mapper {
    std::vector<std::int32_t> by_number;  // -1: not seen; at most 16 MB
    std::vector<std::int32_t> by_text;    // of one chunk
    std::string carried_id;               // what RawIds::carried stands for ...
    std::optional<std::int32_t> carried;  // ... once a rating has needed it
    std::uint64_t base = 0;               // is added to numbers
  };
  void map(const ParsedChunk& chunk, RawIds& ids, Mapper& mapper, Vocabulary& vocabulary,
           std::vector<std::int32_t>& column);
  static std::int32_t index_of(std::uint32_t value, const RawIds& ids, Mapper& mapper, Vocabulary& vocabulary);
  void add_times(ParsedChunk& chunk);
  void finish_times(LoadReport& report);

  const Layout& layout_;
  RatingSet& set_;
  Mapper users_;
  Mapper items_;

  LineCounts lines_;
  std::uint64_t blank_lines_ = 0;
  std::uint64_t not_rated_ = 0;
  RatingStats stats_;
  TimeStats time_stats_;
  std::optional<bool> milliseconds_;  // whether the times are, once there are some
  std::uint64_t unlike_times_ = 0;    // that look like the other unit
  std::uint64_t bad_line_count_ = 0;
  std::vector<BadLine> bad_lines_;
  bool ascii_ = true;
  std::optional<ForeignBytes> foreign_;
};

}  // namespace rowlight
