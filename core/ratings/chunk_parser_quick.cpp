// Lines of plain numbers, read from a map of their separators. What is not plain goes to parse_lines().
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

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

// One more, for what is no such rating.
constexpr std::array<float, most_tenths + 1> rating_of_tenths = [] {
  std::array<float, most_tenths + 1> ratings{};
  for (std::size_t t = 0; t < most_tenths; ++t) ratings[t] = static_cast<float>(static_cast<double>(t) / 10);
  return ratings;
}();

/// Where a field stands in the text.
struct Field {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

constexpr std::size_t most_lines_at_once = 128;

/// Consecutive lines that have the right number of fields. Each column is read in a loop of its own, which keeps the
/// processor busier than a loop over lines: what is odd about a line is noted and asked for at the end.
template <int fields, int width>
class PlainLines {
 public:
  static constexpr int marks_a_line = (fields - 1) * width + 1;

  /// Takes up to `most` lines from `begin` on, whose separators stand at marks[0] ..., as far as they have the right
  /// number of fields and a line end.
  PlainLines(const char* text, std::uint32_t begin, const std::uint32_t* marks, std::uint32_t size, std::size_t most)
      : text_(text) {
    for (; count_ < most; ++count_, marks += marks_a_line) {
      const std::uint32_t end = marks[marks_a_line - 1];
      if (end >= size || text[end] != '\n') return;
      for (int i = 0; i + 1 < fields; ++i) {
        const std::uint32_t at = marks[i * width];
        if (text[at] == '\n' || (width == 2 && (marks[i * width + 1] != at + 1 || text[at + 1] != text[at]))) return;
        fields_[static_cast<std::size_t>(i)][count_] = {begin, at};
        begin = at + width;
      }
      const std::uint32_t cr = text[end - 1] == '\r' ? 1 : 0;
      crlf_[count_] = static_cast<std::uint8_t>(cr);
      odd_[count_] = 0;
      fields_[fields - 1][count_] = {begin, end - cr};
      begin = end + 1;
    }
  }

  void read_ids(std::size_t field, std::uint32_t* ids) {
    for (std::size_t i = 0; i < count_; ++i) {
      const auto [begin, end] = fields_[field][i];
      const std::size_t length = end - begin;
      std::uint64_t odd = length - 1 < 7 ? 0 : 1;  // also for 0
      const std::uint64_t number = digits_before(text_ + end, odd == 0 ? length : 1, odd);
      odd |= (text_[begin] == '0' && length > 1) || number >= RawIds::first_text ? 1U : 0U;
      odd_[i] |= odd;
      ids[i] = static_cast<std::uint32_t>(number);
    }
  }

  void read_ratings(std::size_t field, float* ratings) {
    for (std::size_t i = 0; i < count_; ++i) {
      const auto [begin, end] = fields_[field][i];
      const std::size_t tenths = tenths_of(text_ + begin, end - begin);
      odd_[i] |= tenths == most_tenths ? 1U : 0U;
      tenths_[i] = static_cast<std::uint16_t>(tenths);
      ratings[i] = rating_of_tenths[tenths];
    }
  }

  void read_times(std::size_t field, std::int64_t* times) {
    constexpr std::uint64_t eight_digits = 100'000'000;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto [begin, end] = fields_[field][i];
      const std::size_t length = end - begin;
      const char* const last = text_ + end;
      std::uint64_t time = 0;
      if (length - 9 < 8) {
        time = digits_before(last - 8, length - 8, odd_[i]) * eight_digits + digits_before(last, 8, odd_[i]);
      } else if (length - 1 < 8) {
        time = digits_before(last, length, odd_[i]);
      } else {
        odd_[i] = 1;
      }
      times[i] = static_cast<std::int64_t>(time);
    }
  }

  /// Lines until the first with something odd.
  [[nodiscard]] std::size_t plain() const {
    std::size_t i = 0;
    while (i < count_ && odd_[i] == 0) ++i;
    return i;
  }
  [[nodiscard]] std::uint64_t crlf(std::size_t lines) const {
    return std::accumulate(crlf_.begin(), crlf_.begin() + static_cast<std::ptrdiff_t>(lines), std::uint64_t{0});
  }
  void count_ratings(std::size_t lines, std::uint32_t* counts) const {
    for (std::size_t i = 0; i < lines; ++i) ++counts[tenths_[i]];
  }

 private:
  const char* text_;
  std::size_t count_ = 0;
  std::array<std::array<Field, most_lines_at_once>, fields> fields_;
  std::array<std::uint64_t, most_lines_at_once> odd_;
  std::array<std::uint8_t, most_lines_at_once> crlf_;
  std::array<std::uint16_t, most_lines_at_once> tenths_;
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

// Some lines after the other: `fields` of them, `width` marks between two. What is not plain goes to parse_lines().
template <int fields, int width>
void ChunkParser::walk(std::string_view text) {
  using Lines = PlainLines<fields, width>;
  const auto size = static_cast<std::uint32_t>(text.size());
  const std::uint32_t* mark = separators_.get();
  const std::uint32_t* const last = mark + separator_count_;
  const bool simple = !missing_ && !with_lines_;
  std::size_t at_once = most_lines_at_once;
  for (std::uint32_t begin = 0; begin < size;) {
    const std::size_t tried = simple ? at_once : 0;
    Lines lines(text.data(), begin, mark, size, tried);
    const std::size_t plain = take_plain(lines);
    if (plain > 0) {
      mark += plain * Lines::marks_a_line;
      begin = mark[-1] + 1;
    }
    // Where little is plain, little is tried.
    at_once = std::clamp<std::size_t>(2 * plain, 1, most_lines_at_once);
    if ((plain == tried && tried > 0) || begin >= size) continue;
    // To the end of the next line.
    while (*mark < size && text[*mark] != '\n') ++mark;
    const std::uint32_t after = std::min(*mark + 1, size);
    if (*mark < size) ++mark;
    parse_lines(text.substr(begin, after - begin));
    if (out_->too_many_bad_lines) return;
    out_->reserve(static_cast<std::size_t>(last - mark) + 1, fields == 4);
    begin = after;
  }
}

// Adds the rows of the lines until the first odd one; returns their number. Pre: there is room.
template <class Lines>
std::size_t ChunkParser::take_plain(Lines& lines) {
  ParsedChunk& out = *out_;
  const std::size_t row = out.rows;
  std::uint32_t* const users = out.users.values.data() + row;
  std::uint32_t* const items = out.items.values.data() + row;
  lines.read_ids(layout_.user, users);
  lines.read_ids(layout_.item, items);
  lines.read_ratings(layout_.rating, out.ratings.data() + row);
  if (layout_.time) lines.read_times(*layout_.time, out.times.data() + row);
  const std::size_t plain = lines.plain();
  lines.count_ratings(plain, tenths_.data());
  for (std::size_t i = 0; i < plain; ++i) {
    out.users.largest_number = std::max(out.users.largest_number, users[i]);
    out.items.largest_number = std::max(out.items.largest_number, items[i]);
  }
  if (layout_.time) {
    for (std::size_t i = 0; i < plain; ++i) out.time_stats.add(out.times[row + i]);
  }
  const std::uint64_t crlf = lines.crlf(plain);
  out.line_counts.add({plain, plain - crlf, crlf, 0});
  out.rows += plain;
  return plain;
}

}  // namespace rowlight
