#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ratings/dialect.h"
#include "core/ratings/fields.h"
#include "core/ratings/parsed_chunk.h"
#include "core/ratings/reader.h"
#include "core/simd/text_kernels.h"

namespace rowlight {

/// Turns lines into ratings. Lines of plain numbers between plain separators, as nearly all files have, are cut where
/// a bit for each byte says and read many at a time; any line with something else in it is read field by field, by the
/// same rules. Both ways give the same. Ids keep the bytes of the file. One thread at a time.
class ChunkParser {
 public:
  /// Bytes before a text that parse() may look at (and ignores).
  static constexpr std::size_t bytes_before = 16;

  /// `with_lines`: fill ParsedChunk::lines. `quick`: false reads every line field by field, for tests.
  ChunkParser(const Layout& layout, const ReadOptions& options, bool with_lines, bool quick = true);

  /// Replaces what `out` holds by the ratings of `text`. No allocation once the buffers are large enough, but for bad
  /// lines and for ids that are not plain numbers.
  /// `unusable_block`: `text` begins below a Netflix line that names no movie.
  /// Pre: whole lines, below 2 GB; bytes_before bytes before it can be read.
  void parse(std::string_view text, ParsedChunk& out, bool unusable_block = false);

 private:
  // chunk_parser_quick.cpp
  void parse_quickly(std::string_view text);
  void mark_ends(std::string_view text);
  void make_room();
  std::size_t take_plain();

  void watch_encoding(std::string_view text);
  void parse_lines(std::string_view text);
  void add_line(std::string_view line);
  void add_row_line();
  void add_block_line(std::string_view line);
  void add_matrix_line();
  bool take_fields(std::string_view line);
  bool take_rating(std::size_t field, double& rating);
  bool take_time(std::size_t field, std::int64_t& time);
  bool usable_id(std::string_view id, std::uint64_t column, const char* whose);
  void add_rating(std::uint32_t user, std::uint32_t item, double rating, std::int64_t time);
  [[nodiscard]] std::uint64_t column_of(std::size_t field) const { return splitter_.offset(field) + 1; }
  void bad(std::size_t field, std::string reason) { bad_at(column_of(field), std::move(reason)); }
  void bad_at(std::uint64_t column, std::string reason);

  const Layout& layout_;
  FieldSplitter splitter_;
  std::optional<float> missing_;
  std::optional<std::uint64_t> most_bad_lines_;
  std::string encoding_;
  bool decimal_comma_;
  bool with_lines_;
  char delimiter_ = 0;  // the first character of the separator that parse_quickly() goes by; 0: it is of no use
  int width_ = 1;       // and how often it stands there
  ParsedChunk* out_ = nullptr;
  std::uint32_t block_item_ = RawIds::carried;
  std::vector<double> line_ratings_;  // of a matrix

  std::unique_ptr<std::uint64_t[]> marks_;  // what ends_ points to
  std::size_t mark_room_ = 0;               // words for each half
  simd::EndBits ends_;                      // of fields and lines
  std::size_t lines_left_ = 0;              // line ends that are still to come
  simd::CutFields cut_;
  std::array<std::vector<std::uint32_t>, 2> tenths_;  // how often each rating of tenths was read, in two parts
};

}  // namespace rowlight
