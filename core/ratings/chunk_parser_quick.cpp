// Lines of plain numbers, read from a map of their separators. What is not plain goes to parse_lines().
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

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

const std::array<float, most_tenths>& rating_of_tenths() {
  static const std::array<float, most_tenths> table = [] {
    std::array<float, most_tenths> ratings{};
    for (std::size_t t = 0; t < most_tenths; ++t) ratings[t] = static_cast<float>(static_cast<double>(t) / 10);
    return ratings;
  }();
  return table;
}

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
    layout_.field_count == 4 ? walk<4, 2>(text) : walk<3, 2>(text);
  } else {
    layout_.field_count == 4 ? walk<4, 1>(text) : walk<3, 1>(text);
  }
  for (std::size_t t = 0; t < most_tenths; ++t) {
    if (tenths_[t] > 0) out_->stats.add(static_cast<double>(t) / 10, tenths_[t]);
    tenths_[t] = 0;
  }
}

template <int fields, int width>
void ChunkParser::walk(std::string_view text) {
  constexpr int inner = (fields - 1) * width;  // marks of a line before that of its end
  const char* const data = text.data();
  const std::size_t user_at = layout_.user;
  const std::size_t item_at = layout_.item;
  const std::size_t rating_at = layout_.rating;
  const std::size_t time_at = layout_.time.value_or(rating_at);
  const std::array<float, most_tenths>& ratings = rating_of_tenths();
  ParsedChunk& out = *out_;
  const std::uint32_t* mark = separators_.get();
  const std::uint32_t* const last = mark + separator_count_;
  const auto size = static_cast<std::uint32_t>(text.size());
  const bool simple = !missing_ && !with_lines_;

  std::uint32_t begin = 0;
  std::uint32_t largest_user = 0;
  std::uint32_t largest_item = 0;
  std::int64_t time_min = out.time_stats.min;
  std::int64_t time_max = out.time_stats.max;
  std::uint64_t lf = 0;
  std::uint64_t crlf = 0;
  while (begin < size) {
    std::array<std::uint32_t, fields> from{begin};
    std::array<std::uint32_t, fields> to{};
    bool plain = simple && mark[inner] < size && data[mark[inner]] == '\n';
    for (int i = 0; i + 1 < fields; ++i) {
      const std::uint32_t at = mark[i * width];
      plain = plain && data[at] != '\n';
      if (width == 2) plain = plain && mark[i * width + 1] == at + 1;
      to[static_cast<std::size_t>(i)] = at;
      from[static_cast<std::size_t>(i) + 1] = at + width;
    }
    const std::uint32_t line_end = mark[inner];
    const bool cr = plain && data[line_end - 1] == '\r';
    to[fields - 1] = line_end - (cr ? 1 : 0);
    if (plain) {
      const std::size_t user_length = to[user_at] - from[user_at];
      const std::size_t item_length = to[item_at] - from[item_at];
      const std::size_t tenths = tenths_of(data + from[rating_at], to[rating_at] - from[rating_at]);
      std::uint64_t odd = 0;
      std::int64_t time = 0;
      // Up to seven digits, none of which is a zero in front of others.
      plain = user_length - 1 < 7 && item_length - 1 < 7 && tenths < most_tenths &&
              (data[from[user_at]] != '0' || user_length == 1) && (data[from[item_at]] != '0' || item_length == 1);
      if (plain) {
        const auto user = static_cast<std::uint32_t>(digits_before(data + to[user_at], user_length, odd));
        const auto item = static_cast<std::uint32_t>(digits_before(data + to[item_at], item_length, odd));
        if constexpr (fields == 4) {
          const std::size_t length = to[time_at] - from[time_at];
          const char* const end = data + to[time_at];
          if (length - 9 < 8) {
            constexpr std::int64_t eight_digits = 100'000'000;
            time = static_cast<std::int64_t>(digits_before(end - 8, length - 8, odd)) * eight_digits +
                   static_cast<std::int64_t>(digits_before(end, 8, odd));
          } else if (length - 1 < 8) {
            time = static_cast<std::int64_t>(digits_before(end, length, odd));
          } else {
            odd = 1;
          }
        }
        plain = odd == 0 && user < RawIds::first_text && item < RawIds::first_text;
        if (plain) {
          const std::size_t row = out.rows++;
          out.users.values[row] = user;
          out.items.values[row] = item;
          out.ratings[row] = ratings[tenths];
          ++tenths_[tenths];
          largest_user = std::max(largest_user, user);
          largest_item = std::max(largest_item, item);
          if constexpr (fields == 4) {
            out.times[row] = time;
            time_min = std::min(time_min, time);
            time_max = std::max(time_max, time);
          }
        }
      }
    }
    if (plain) {
      ++(cr ? crlf : lf);
      begin = line_end + 1;
      mark += inner + 1;
      continue;
    }
    // To the end of this line.
    while (*mark < size && data[*mark] != '\n') ++mark;
    const std::uint32_t after = std::min(*mark + 1, size);
    if (*mark < size) ++mark;
    out.line_counts.lines += lf + crlf;
    out.line_counts.lf += std::exchange(lf, 0);
    out.line_counts.crlf += std::exchange(crlf, 0);
    parse_lines(text.substr(begin, after - begin));
    if (out.too_many_bad_lines) break;
    out.reserve(static_cast<std::size_t>(last - mark) + 1, fields == 4);
    begin = after;
  }
  out.line_counts.lines += lf + crlf;
  out.line_counts.lf += lf;
  out.line_counts.crlf += crlf;
  out.time_stats.min = std::min(time_min, out.time_stats.min);
  out.time_stats.max = std::max(time_max, out.time_stats.max);
  out.users.largest_number = std::max(out.users.largest_number, largest_user);
  out.items.largest_number = std::max(out.items.largest_number, largest_item);
}

}  // namespace rowlight
