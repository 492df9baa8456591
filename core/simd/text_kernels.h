#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// Kernels for reading rating files, chosen as those of kernels.h. Plain data, no errors: what does not fit is marked
/// as odd, for others to look at. Any thread.
namespace rowlight::simd {

/// Set in a mark of find_separators() that stands for a line end.
inline constexpr std::uint32_t line_end_mark = std::uint32_t{1} << 31U;

struct FoundSeparators {
  std::size_t count = 0;
  bool ascii = true;  ///< no byte of the text is above 127
};

/// Where `separator` and '\n' stand in `text`, rising, into the front of `marks`: the position, and line_end_mark for a
/// '\n'; what stands behind them there may change. Pre: text.size() < 2^31; marks.size() >= text.size() + 64.
FoundSeparators find_separators(std::span<const char> text, char separator, std::span<std::uint32_t> marks);

/// Where the fields of some lines lie: field f of line i ends before ends[f][i] and is lengths[f][i] long.
struct CutFields {
  static constexpr std::size_t most_lines = 128;
  static constexpr std::size_t most_fields = 4;
  using Column = std::array<std::uint32_t, most_lines>;

  std::size_t fields = most_fields;  ///< 3 or 4
  std::array<Column, most_fields> ends;
  std::array<Column, most_fields> lengths;
  Column odd;  ///< not zero: the line has another number of fields, or something in a field was odd
};

/// Cuts lines into out.fields fields at marks of find_separators(), one for each field. The first line begins at
/// `begin`, a field `width` behind the end of the one before. Lines behind one that was cut as odd mean nothing, but
/// their fields lie in the text. Pre: marks.size() a multiple of out.fields, for at most most_lines lines.
void cut_lines(std::span<const std::uint32_t> marks, std::size_t width, std::uint32_t begin, CutFields& out);

/// One column of some lines.
struct FieldPlaces {
  const std::uint32_t* ends = nullptr;
  const std::uint32_t* lengths = nullptr;
  std::size_t count = 0;

  [[nodiscard]] FieldPlaces from(std::size_t i) const { return {ends + i, lengths + i, count - i}; }
};

// Each of these reads one field a line; what cannot be read as it should makes odd[i] other than zero, and its value
// means nothing. Pre: the 16 bytes before each end can be read; outputs and `odd` hold places.count elements.

/// Numbers below `limit` of digits alone without a zero in front. Pre: 0 < limit <= 10^8.
void ids_before(const char* text, const FieldPlaces& places, std::uint32_t limit, std::uint32_t* ids,
                std::uint32_t* odd);
/// Numbers of 1 to 16 digits.
void numbers_before(const char* text, const FieldPlaces& places, std::int64_t* numbers, std::uint32_t* odd);
/// Numbers written "d", "dd" or "d.d", in tenths (below 1000, also where odd) and as the nearest float.
void tenths_before(const char* text, const FieldPlaces& places, std::uint32_t* tenths, float* values,
                   std::uint32_t* odd);

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
