// Lines of plain numbers, read from a map of their separators. What is not plain goes to parse_lines().
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>

#include "core/ratings/chunk_parser.h"
#include "core/simd/kernels.h"

namespace rowlight {
namespace {

constexpr std::size_t bytes_at_once = 8;
constexpr std::size_t spare_separators = 64;  // half of them of the text's end, so that no look goes beyond
constexpr std::size_t most_tenths = 1000;     // "99.9" has 999

// The `length` (1 to 8) characters before `end` as the digits of eight, zeros in front; not zero in `odd` where one is
// no digit. The arithmetic is the known one: pairs, then fours, then eights, each by a multiplication in the lanes of
// a word. Pre: bytes_at_once bytes before `end` can be read.
inline std::uint64_t digits_before(const char* end, std::size_t length, std::uint64_t& odd) {
  static_assert(std::endian::native == std::endian::little, "the first character has to be the lowest byte");
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t zeros = ones * '0';
  std::uint64_t word = 0;
  std::memcpy(&word, end - bytes_at_once, bytes_at_once);
  const unsigned unused = static_cast<unsigned>(bytes_at_once - length) * 8;
  word = (word ^ zeros) >> unused << unused;  // '0' to '9' are 0x30 to 0x39
  // Of a digit the value is below 10; nothing else survives both tests.
  odd |= (word | (word + ones * 0x76)) & (ones * 0x80);
  word = word * 10 + (word >> 8U);
  constexpr std::uint64_t lanes = 0x000000FF000000FFU;
  return ((word & lanes) * (100 + (1000000ULL << 32U)) + ((word >> 16U) & lanes) * (1 + (10000ULL << 32U))) >> 32U;
}

// One rating of digits "d", "dd" or "d.d" in tenths, or most_tenths.
inline std::size_t tenths_of(const char* begin, std::size_t length) {
  const auto digit = [&](std::size_t i) { return static_cast<unsigned>(begin[i] - '0'); };
  if (length == 3) {
    const bool plain = digit(0) < 10 && begin[1] == '.' && digit(2) < 10;
    return plain ? digit(0) * 10 + digit(2) : most_tenths;
  }
  if (length == 1 && digit(0) < 10) return digit(0) * 10;
  if (length == 2 && digit(0) < 10 && digit(1) < 10) return digit(0) * 100 + digit(1) * 10;
  return most_tenths;
}

constexpr std::array<float, most_tenths> rating_of_tenths = [] {
  std::array<float, most_tenths> ratings{};
  for (std::size_t t = 0; t < most_tenths; ++t) ratings[t] = static_cast<float>(static_cast<double>(t) / 10);
  return ratings;
}();

/// The rows of lines of plain numbers, with what they are counted by at hand; hand_over() gives that to the chunk.
class PlainRows {
 public:
  /// `item_first`: the items stand before the users.
  PlainRows(ParsedChunk& out, std::uint32_t* tenths, bool item_first)
      : out_(&out),
        first_ids_((item_first ? out.items : out.users).values.data()),
        second_ids_((item_first ? out.users : out.items).values.data()),
        ratings_(out.ratings.data()),
        times_(out.times.data()),
        tenths_(tenths),
        row_(out.rows),
        item_first_(item_first) {}

  /// Reads the line at `begin`, whose separators stand at marks[0] ..., and adds its row. Changes nothing and returns
  /// false where anything in the line is not plain.
  template <int fields, int width>
  bool take(const char* text, std::uint32_t begin, const std::uint32_t* marks, std::uint32_t size) {
    const std::uint32_t line_end = marks[(fields - 1) * width];
    if (line_end >= size || text[line_end] != '\n') return false;
    bool plain = true;
    for (int i = 0; i + 1 < fields; ++i) {
      plain = plain && text[marks[i * width]] != '\n';
      if (width == 2) plain = plain && marks[i * width + 1] == marks[i * width] + 1;
    }
    const bool cr = text[line_end - 1] == '\r';
    const std::uint32_t rating_begin = marks[width] + width;
    const std::uint32_t rating_end = fields == 4 ? marks[2 * width] : line_end - (cr ? 1 : 0);
    const std::size_t tenths = tenths_of(text + rating_begin, rating_end - rating_begin);
    if (!plain || tenths >= most_tenths) return false;

    std::uint64_t odd = 0;
    const std::uint64_t first = id_of(text + begin, marks[0] - begin, odd);
    const std::uint32_t second_begin = marks[0] + width;
    const std::uint64_t second = id_of(text + second_begin, marks[width] - second_begin, odd);
    std::uint64_t time = 0;
    if constexpr (fields == 4) {
      const std::uint32_t time_begin = marks[2 * width] + width;
      time = time_of(text + time_begin, line_end - (cr ? 1 : 0) - time_begin, odd);
    }
    if (odd != 0) return false;

    first_ids_[row_] = static_cast<std::uint32_t>(first);
    second_ids_[row_] = static_cast<std::uint32_t>(second);
    ratings_[row_] = rating_of_tenths[tenths];
    ++tenths_[tenths];
    largest_first_ = std::max(largest_first_, first);
    largest_second_ = std::max(largest_second_, second);
    if constexpr (fields == 4) {
      times_[row_] = static_cast<std::int64_t>(time);
      time_min_ = std::min(time_min_, time);
      time_max_ = std::max(time_max_, time);
    }
    ++row_;
    crlf_ += cr ? 1 : 0;
    return true;
  }

  void hand_over() {
    const std::uint64_t lines = row_ - out_->rows;
    out_->rows = row_;
    out_->line_counts.add({lines, lines - crlf_, crlf_, 0});
    RawIds& first = item_first_ ? out_->items : out_->users;
    RawIds& second = item_first_ ? out_->users : out_->items;
    first.largest_number = std::max(first.largest_number, static_cast<std::uint32_t>(largest_first_));
    second.largest_number = std::max(second.largest_number, static_cast<std::uint32_t>(largest_second_));
    if (time_min_ > time_max_) return;
    out_->time_stats.add(static_cast<std::int64_t>(time_min_));
    out_->time_stats.add(static_cast<std::int64_t>(time_max_));
  }

 private:
  /// The number of an id that is written plainly and small enough; else `odd` is not zero.
  static std::uint64_t id_of(const char* begin, std::size_t length, std::uint64_t& odd) {
    if (length - 1 >= 7) {  // also 0
      odd = 1;
      return 0;
    }
    const std::uint64_t number = digits_before(begin + length, length, odd);
    odd |= (*begin == '0' && length > 1) || number >= RawIds::first_text ? 1U : 0U;
    return number;
  }
  static std::uint64_t time_of(const char* begin, std::size_t length, std::uint64_t& odd) {
    constexpr std::uint64_t eight_digits = 100'000'000;
    const char* const end = begin + length;
    if (length - 9 < 8) {
      return digits_before(end - 8, length - 8, odd) * eight_digits + digits_before(end, 8, odd);
    }
    if (length - 1 < 8) return digits_before(end, length, odd);
    odd = 1;
    return 0;
  }

  ParsedChunk* out_;
  std::uint32_t* first_ids_;
  std::uint32_t* second_ids_;
  float* ratings_;
  std::int64_t* times_;
  std::uint32_t* tenths_;
  std::size_t row_;
  bool item_first_;
  std::uint64_t largest_first_ = 0;
  std::uint64_t largest_second_ = 0;
  std::uint64_t time_min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t time_max_ = 0;
  std::uint64_t crlf_ = 0;
};

}  // namespace

void ChunkParser::find_separators(std::string_view text) {
  const std::size_t room = text.size() + spare_separators;
  if (separator_room_ < room) {
    // Zeroing it would cost memory: most of it is never used.
    separators_ = std::make_unique_for_overwrite<std::uint32_t[]>(room);
    separator_room_ = room;
  }
  const simd::FoundBytes found = simd::find_bytes(text, delimiter_, '\n', {separators_.get(), room});
  out_->ascii = found.ascii;
  separator_count_ = found.count;
  std::fill_n(separators_.get() + found.count, spare_separators / 2, static_cast<std::uint32_t>(text.size()));
  out_->reserve(found.count / static_cast<std::size_t>(width_) / (layout_.field_count - 1) + 1,
                layout_.time.has_value());
}

void ChunkParser::parse_quickly(std::string_view text) {
  tenths_.resize(most_tenths);
  find_separators(text);
  if (width_ == 2) {
    layout_.time ? walk<4, 2>(text) : walk<3, 2>(text);
  } else {
    layout_.time ? walk<4, 1>(text) : walk<3, 1>(text);
  }
  for (std::size_t t = 0; t < most_tenths; ++t) {
    if (tenths_[t] > 0) out_->stats.add(static_cast<double>(t) / 10, tenths_[t]);
    tenths_[t] = 0;
  }
}

// One line after the other: `fields` of them, `width` marks between two. What is not plain goes to parse_lines().
template <int fields, int width>
void ChunkParser::walk(std::string_view text) {
  constexpr int marks_a_line = (fields - 1) * width + 1;
  const auto size = static_cast<std::uint32_t>(text.size());
  const std::uint32_t* mark = separators_.get();
  const std::uint32_t* const last = mark + separator_count_;
  const bool simple = !missing_ && !with_lines_;
  PlainRows rows(*out_, tenths_.data(), layout_.user > layout_.item);
  for (std::uint32_t begin = 0; begin < size;) {
    if (simple && rows.take<fields, width>(text.data(), begin, mark, size)) {
      begin = mark[marks_a_line - 1] + 1;
      mark += marks_a_line;
      continue;
    }
    // To the end of this line.
    while (*mark < size && text[*mark] != '\n') ++mark;
    const std::uint32_t after = std::min(*mark + 1, size);
    if (*mark < size) ++mark;
    rows.hand_over();
    parse_lines(text.substr(begin, after - begin));
    if (out_->too_many_bad_lines) break;
    out_->reserve(static_cast<std::size_t>(last - mark) + 1, fields == 4);
    rows = PlainRows(*out_, tenths_.data(), layout_.user > layout_.item);
    begin = after;
  }
  rows.hand_over();
}

}  // namespace rowlight
