#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// Kernels for reading rating files, chosen as those of kernels.h. Plain data, no errors: what does not fit is marked
/// as odd, for others to look at. Any thread.
namespace rowlight::simd {

/// Where the fields and the lines of a text end: a bit for each byte, the lowest bit of a word for the first of its 64.
struct EndBits {
  std::uint64_t* fields = nullptr;  ///< separators and line ends
  std::uint64_t* lines = nullptr;   ///< line ends alone
};

struct MarkedText {
  std::size_t lines = 0;  ///< line ends
  bool ascii = true;      ///< no byte of the text is above 127
};

/// Marks `separator` and '\n'. Pre: both of `ends` have text.size() / 64 + 2 words, which are all written.
MarkedText mark_ends(std::span<const char> text, char separator, EndBits ends);

/// Some lines, field by field, as their characters. What stands behind the last line, up to a multiple of 16, is odd.
struct CutFields {
  static constexpr std::size_t most_lines = 128;
  static constexpr std::size_t most_fields = 4;
  template <class T>
  using Column = std::array<T, most_lines>;

  std::size_t fields = most_fields;  ///< 3 or 4, given
  std::size_t width = 1;             ///< how often the separator stands between two fields: 1 or 2, given
  std::size_t long_field = 0;        ///< of which up to 16 characters are needed instead of 8, given

  std::size_t lines = 0;
  bool cr = false;                                        ///< they end with CR LF; with LF alone otherwise
  std::array<Column<std::uint64_t>, most_fields> last{};  ///< the last 8 bytes before a field's end, the first lowest
  Column<std::uint64_t> before_last{};                    ///< of the long field the 8 bytes before those
  std::array<Column<std::uint32_t>, most_fields> lengths{};
  Column<std::uint32_t> odd{};  ///< not zero: something in a field was odd
};

/// Cuts lines of a text whose ends are marked, from a line's beginning at `begin` on: at most `most`, up to the first
/// that has another number of fields, more than 56 bytes or no line end. Where the first one ends with CR LF, up to the
/// first that does not; the CR belongs to no field. Returns where the line behind them begins.
/// Pre: 16 bytes before the text can be read; begin <= text.size(); most <= CutFields::most_lines.
std::size_t cut_lines(std::span<const char> text, EndBits ends, std::size_t begin, std::size_t most, CutFields& out);

// Each of these reads one field of all lines; what cannot be read as it should makes odd[i] other than zero, and its
// value means nothing. Pre: the outputs have room for lines.lines elements and those up to a multiple of 16.

/// Numbers below `limit` of digits alone without a zero in front. Returns the largest where no line is odd.
/// Pre: 0 < limit <= 10^8.
std::uint32_t read_ids(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids);
/// Numbers of 1 to 16 digits in the long field. Returns the extremes where no line is odd.
struct NumberRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
NumberRange read_numbers(CutFields& lines, std::int64_t* numbers);
/// Numbers written "d", "dd" or "d.d", in tenths (below 1000, also where odd) and as the nearest float.
void read_tenths(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values);

/// What keep_marked() is made for.
template <class T>
concept Markable = std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> || std::same_as<T, float> ||
                   std::same_as<T, std::int64_t>;

/// Copies those of the 64 * marks.size() elements at `from` whose bit in `marks` is set (the lowest bit of a word is
/// the first of its elements) to `to` in their order; returns how many. Pre: `to` has room for 16 more than
/// those, and is `from` or before it, or overlaps nothing.
template <Markable T>
std::size_t keep_marked(const T* from, std::span<const std::uint64_t> marks, T* to);

}  // namespace rowlight::simd
