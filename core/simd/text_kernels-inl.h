// Kernels for reading rating files. Highway compiles this file once for each target, in a namespace of its own, as part
// of kernels.cpp.
#if defined(ROWLIGHT_CORE_SIMD_TEXT_KERNELS) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#undef ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#else
#define ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "core/simd/kernel_table.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The lanes of `from` whose bits are set in `marks`, packed to the front of `to`; what stands behind them there is
/// overwritten. Returns how many there are.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE std::size_t PackMarked(D d, hn::VFromD<D> from, std::uint64_t marks, T* to) {
  marks &= (std::uint64_t{1} << hn::Lanes(d)) - 1;
  hn::StoreU(hn::CompressBits(from, reinterpret_cast<const std::uint8_t*>(&marks)), d, to);
  return hwy::PopCount(marks);
}

inline MarkedText MarkEnds(const char* text, std::size_t n, char separator, EndBits ends) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto between = hn::Set(d, static_cast<std::uint8_t>(separator));
  const auto line_end = hn::Set(d, static_cast<std::uint8_t>('\n'));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  auto seen = hn::Zero(d);
  std::size_t lines = 0;
  const std::size_t whole = n / 64;
  for (std::size_t word = 0; word < whole; ++word) {
    std::uint64_t fields = 0;
    std::uint64_t line_ends = 0;
    for (std::size_t at = 0; at < 64; at += lanes) {
      const auto part = hn::LoadU(d, bytes + word * 64 + at);
      const auto ends_line = hn::Eq(part, line_end);
      seen = hn::Or(seen, part);
      std::uint64_t bits = 0;  // StoreMaskBits writes lanes / 8 bytes, the first lane into the lowest bit
      hn::StoreMaskBits(d, hn::Or(hn::Eq(part, between), ends_line), reinterpret_cast<std::uint8_t*>(&bits));
      fields |= bits << at;
      bits = 0;
      hn::StoreMaskBits(d, ends_line, reinterpret_cast<std::uint8_t*>(&bits));
      line_ends |= bits << at;
    }
    ends.fields[word] = fields;
    ends.lines[word] = line_ends;
    lines += hwy::PopCount(line_ends);
  }
  MarkedText rest =
      scalar_kernels().mark_ends(text + whole * 64, n % 64, separator, {ends.fields + whole, ends.lines + whole});
  rest.lines += lines;
  rest.ascii = rest.ascii && hn::AllTrue(d, hn::Lt(seen, hn::Set(d, std::uint8_t{128})));
  return rest;
}

/// The bits from `at` on, of which the lowest 57 are there.
HWY_INLINE std::uint64_t BitsFrom(const std::uint64_t* bits, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(bits) + at / 8, sizeof(word));
  return word >> (at % 8);
}

template <std::size_t fields, std::size_t width>
HWY_INLINE std::size_t CutLinesOf(const char* text, EndBits ends, std::size_t begin, std::size_t most, CutFields& out) {
  constexpr std::size_t longest = 56;
  std::array<std::size_t, fields> stops;  // of the fields, in the line
  bool cr = false;
  std::size_t line = 0;
  for (; line < most; ++line) {
    std::uint64_t bits = BitsFrom(ends.fields, begin);
    const auto end = static_cast<std::size_t>(std::countr_zero(BitsFrom(ends.lines, begin)));
    std::size_t torn = 0;
    for (std::size_t field = 0; field + 1 < fields; ++field) {
      stops[field] = static_cast<std::size_t>(std::countr_zero(bits));
      bits &= bits - 1;
      if constexpr (width == 1) continue;
      torn |= (stops[field] + 1) ^ static_cast<std::size_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
    const auto last = static_cast<std::size_t>(std::countr_zero(bits));
    if (last != end || end > longest || torn != 0) break;
    const char* const characters = text + begin;
    const bool has_cr = characters[static_cast<std::ptrdiff_t>(end) - 1] == '\r';
    if (line == 0) cr = has_cr;
    if (cr && !has_cr) break;
    stops[fields - 1] = end - (cr ? 1 : 0);
    std::size_t from = 0;
    for (std::size_t field = 0; field < fields; ++field) {
      std::memcpy(&out.last[field][line], characters + stops[field] - 8, 8);
      out.lengths[field][line] = static_cast<std::uint32_t>(stops[field] - from);
      from = stops[field] + width;
    }
    std::memcpy(&out.before_last[line], characters + stops[out.long_field] - 16, 8);
    begin += end + 1;
  }
  out.lines = line;
  out.cr = cr;
  const std::size_t room = std::min(CutFields::most_lines, (line + 15) / 16 * 16);
  std::fill_n(out.odd.data(), line, 0);
  std::fill(out.odd.data() + line, out.odd.data() + room, 1);
  return begin;
}

#if HWY_TARGET == HWY_SCALAR  // its vectors have one lane of one type

inline std::size_t CutLines(const char* text, std::size_t n, EndBits ends, std::size_t begin, std::size_t most,
                            CutFields& out) {
  return scalar_kernels().cut_lines(text, n, ends, begin, most, out);
}
inline std::uint32_t ReadIds(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids) {
  return scalar_kernels().read_ids(lines, field, limit, ids);
}
inline NumberRange ReadNumbers(CutFields& lines, std::int64_t* numbers) {
  return scalar_kernels().read_numbers(lines, numbers);
}
inline void ReadTenths(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values) {
  scalar_kernels().read_tenths(lines, field, tenths, values);
}

#else

inline std::size_t CutLines(const char* text, std::size_t /*n*/, EndBits ends, std::size_t begin, std::size_t most,
                            CutFields& out) {
  if (out.fields == 4) {
    return out.width == 1 ? CutLinesOf<4, 1>(text, ends, begin, most, out)
                          : CutLinesOf<4, 2>(text, ends, begin, most, out);
  }
  return out.width == 1 ? CutLinesOf<3, 1>(text, ends, begin, most, out)
                        : CutLinesOf<3, 2>(text, ends, begin, most, out);
}

/// Reads the last `lengths` of the eight characters in each lane as a decimal number, 0 where there is none.
template <class D>
struct EightDigits {
  using V = hn::VFromD<D>;
  V number;
  V bad;    ///< not zero: one of them is no digit
  V first;  ///< the value of the first digit

  /// Pre: lengths up to 8. The arithmetic is the known one: digits to pairs, fours and eights in the lanes of a word.
  HWY_INLINE EightDigits(D d, V characters, V lengths) {
    const hn::Repartition<std::uint8_t, D> d8;
    const hn::Repartition<std::uint16_t, D> d16;
    const hn::Repartition<std::uint32_t, D> d32;
    const auto none = hn::Eq(lengths, hn::Zero(d));
    const auto unused = hn::IfThenZeroElse(none, hn::ShiftLeft<3>(hn::Sub(hn::Set(d, 8), lengths)));
    const auto values = hn::BitCast(d, hn::Xor(hn::BitCast(d8, characters), hn::Set(d8, '0')));  // '0': 0x30
    const auto lowest = hn::IfThenZeroElse(none, hn::Shr(values, unused));
    first = hn::And(lowest, hn::Set(d, 0xFF));
    const auto digits = hn::Shl(lowest, unused);
    // Of a digit the value is below 10; of all else the highest bit is set, as it is or with 0x76 more.
    const auto bytes = hn::BitCast(d8, digits);
    bad = hn::BitCast(d, hn::And(hn::Or(bytes, hn::Add(bytes, hn::Set(d8, 0x76))), hn::Set(d8, 0x80)));
    const auto ones = hn::BitCast(d16, digits);
    const auto pairs = hn::Add(hn::Mul(hn::And(ones, hn::Set(d16, 0xFF)), hn::Set(d16, 10)), hn::ShiftRight<8>(ones));
    const auto twos = hn::BitCast(d32, pairs);
    const auto fours =
        hn::Add(hn::Mul(hn::And(twos, hn::Set(d32, 0xFFFF)), hn::Set(d32, 100)), hn::ShiftRight<16>(twos));
    number = hn::Add(hn::MulEven(fours, hn::Set(d32, 10000)), hn::ShiftRight<32>(hn::BitCast(d, fours)));
  }
};

/// Marks the lines of `mask` as odd too. Returns for each of them whether it is odd now.
template <class D, class M>
HWY_INLINE hn::Mask<D> NoteOdd(D d, M mask, std::uint32_t* odd) {
  const hn::Rebind<std::uint32_t, D> d32;
  const auto now = hn::TruncateTo(d32, hn::ShiftRight<63>(hn::VecFromMask(d, mask)));
  const auto all = hn::Or(now, hn::LoadU(d32, odd));
  hn::StoreU(all, d32, odd);
  return hn::Ne(hn::PromoteTo(d, all), hn::Zero(d));
}

inline std::uint32_t ReadIds(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const hn::Rebind<std::uint32_t, decltype(d)> d32;
  const auto one = hn::Set(d, 1);
  auto largest = hn::Zero(d);
  for (std::size_t i = 0; i < lines.lines; i += hn::Lanes(d)) {
    const auto lengths = hn::PromoteTo(d, hn::LoadU(d32, lines.lengths[field].data() + i));
    const EightDigits read(d, hn::LoadU(d, lines.last[field].data() + i), hn::Min(lengths, hn::Set(d, 8)));
    const auto wrong_length = hn::Gt(hn::Sub(lengths, one), hn::Set(d, 7));  // also 0
    const auto padded = hn::And(hn::Gt(lengths, one), hn::Eq(read.first, hn::Zero(d)));
    const auto large = hn::Gt(read.number, hn::Set(d, limit - 1));
    const auto bad = hn::Or(hn::Or(wrong_length, padded), hn::Or(large, hn::Ne(read.bad, hn::Zero(d))));
    const auto odd = NoteOdd(d, bad, lines.odd.data() + i);
    largest = hn::Max(largest, hn::IfThenZeroElse(odd, read.number));
    hn::StoreU(hn::TruncateTo(d32, read.number), d32, ids + i);
  }
  return static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(d, largest)));
}

inline NumberRange ReadNumbers(CutFields& lines, std::int64_t* numbers) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::uint32_t, decltype(d)> d32;
  const hn::Repartition<std::uint32_t, decltype(d)> lanes32;
  const auto eight = hn::Set(d, 8);
  const auto none_low = hn::Set(di, std::numeric_limits<std::int64_t>::max());
  const auto none_high = hn::Set(di, std::numeric_limits<std::int64_t>::min());
  auto lowest = none_low;
  auto highest = none_high;
  for (std::size_t i = 0; i < lines.lines; i += hn::Lanes(d)) {
    const auto lengths = hn::PromoteTo(d, hn::LoadU(d32, lines.lengths[lines.long_field].data() + i));
    const auto some = hn::Min(lengths, eight);
    const EightDigits low(d, hn::LoadU(d, lines.last[lines.long_field].data() + i), some);
    const EightDigits high(d, hn::LoadU(d, lines.before_last.data() + i), hn::Min(hn::Sub(lengths, some), eight));
    const auto wrong_length = hn::Gt(hn::Sub(lengths, hn::Set(d, 1)), hn::Set(d, 15));  // also 0
    const auto bad = hn::Or(wrong_length, hn::Ne(hn::Or(low.bad, high.bad), hn::Zero(d)));
    const auto odd = hn::RebindMask(di, NoteOdd(d, bad, lines.odd.data() + i));
    const auto millions = hn::MulEven(hn::BitCast(lanes32, high.number), hn::Set(lanes32, 100'000'000));
    const auto number = hn::BitCast(di, hn::Add(millions, low.number));
    hn::StoreU(number, di, numbers + i);
    lowest = hn::Min(lowest, hn::IfThenElse(odd, none_low, number));
    highest = hn::Max(highest, hn::IfThenElse(odd, none_high, number));
  }
  return {hn::GetLane(hn::MinOfLanes(di, lowest)), hn::GetLane(hn::MaxOfLanes(di, highest))};
}

inline void ReadTenths(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const hn::RebindToFloat<decltype(d)> df;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Repartition<std::uint8_t, decltype(d)> d8;
  const auto byte = hn::Set(d, 0xFF);
  const auto ten = hn::Set(d, 10);
  for (std::size_t i = 0; i < lines.lines; i += hn::Lanes(d)) {
    const auto lengths = hn::LoadU(d, lines.lengths[field].data() + i);
    const auto* const words = reinterpret_cast<const std::uint32_t*>(lines.last[field].data() + i);
    // The last four characters: the upper halves.
    const auto ends = hn::ConcatOdd(d, hn::LoadU(d, words + hn::Lanes(d)), hn::LoadU(d, words));
    const auto digits = hn::BitCast(d, hn::Xor(hn::BitCast(d8, ends), hn::Set(d8, '0')));
    const auto last = hn::ShiftRight<24>(digits);
    const auto before = hn::And(hn::ShiftRight<16>(digits), byte);
    const auto with_point = hn::Eq(lengths, hn::Set(d, 3));
    const auto whole = hn::IfThenElse(with_point, hn::And(hn::ShiftRight<8>(digits), byte),
                                      hn::IfThenElseZero(hn::Eq(lengths, hn::Set(d, 2)), before));
    const auto number = hn::Add(hn::Mul(whole, ten), last);
    const auto value = hn::IfThenElse(with_point, number, hn::Mul(number, ten));
    const auto wrong_length = hn::Gt(hn::Sub(lengths, hn::Set(d, 1)), hn::Set(d, 2));  // also 0
    const auto no_digit = hn::Or(hn::Gt(last, hn::Set(d, 9)), hn::Gt(whole, hn::Set(d, 9)));
    const auto no_point = hn::And(with_point, hn::Ne(before, hn::Set(d, '.' ^ '0')));
    const auto bad = hn::Or(hn::Or(wrong_length, no_digit), no_point);
    std::uint32_t* const odd = lines.odd.data() + i;
    hn::StoreU(hn::Or(hn::LoadU(d, odd), hn::ShiftRight<31>(hn::VecFromMask(d, bad))), d, odd);
    const auto known = hn::IfThenZeroElse(bad, value);
    hn::StoreU(known, d, tenths + i);
    hn::StoreU(hn::Div(hn::ConvertTo(df, hn::BitCast(di, known)), hn::Set(df, 10.0F)), df, values + i);
  }
}

#endif

template <class T>
inline std::size_t KeepMarked(const T* from, const std::uint64_t* marks, std::size_t words, T* to) {
  const hn::CappedTag<T, 64 / sizeof(T)> d;
  T* next = to;
  constexpr std::size_t ahead = 4096 / sizeof(T);  // the processor itself looks no further than the page
  for (std::size_t word = 0; word < words; ++word, from += 64) {
    for (std::size_t at = 0; at < 64; at += 64 / sizeof(T)) hwy::Prefetch(from + ahead + at);
    for (std::size_t at = 0; at < 64; at += hn::Lanes(d)) {
      next += PackMarked(d, hn::LoadU(d, from + at), marks[word] >> at, next);
    }
  }
  return static_cast<std::size_t>(next - to);
}

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#endif
