// Kernels for reading rating files. Highway compiles this file once for each target, in a namespace of its own, as part
// of kernels.cpp.
#if defined(ROWLIGHT_CORE_SIMD_TEXT_KERNELS) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#undef ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#else
#define ROWLIGHT_CORE_SIMD_TEXT_KERNELS
#endif

#include <array>
#include <cstring>

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

inline FoundSeparators FindSeparators(const char* text, std::size_t n, char separator, std::uint32_t* marks) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const hn::CappedTag<std::uint32_t, 16> d32;
  const std::size_t lanes = hn::Lanes(d);
  const auto between = hn::Set(d, static_cast<std::uint8_t>(separator));
  const auto end = hn::Set(d, static_cast<std::uint8_t>('\n'));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  const auto steps = hn::Iota(d32, 0);
  auto seen = hn::Zero(d);
  std::uint32_t* next = marks;
  const std::size_t whole = n / 64 * 64;
  for (std::size_t block = 0; block < whole; block += 64) {
    std::uint64_t separators = 0;
    std::uint64_t ends = 0;
    for (std::size_t at = 0; at < 64; at += lanes) {
      const auto part = hn::LoadU(d, bytes + block + at);
      seen = hn::Or(seen, part);
      std::uint64_t bits = 0;  // StoreMaskBits writes lanes / 8 bytes, the first lane into the lowest bit
      hn::StoreMaskBits(d, hn::Eq(part, between), reinterpret_cast<std::uint8_t*>(&bits));
      separators |= bits << at;
      bits = 0;
      hn::StoreMaskBits(d, hn::Eq(part, end), reinterpret_cast<std::uint8_t*>(&bits));
      ends |= bits << at;
    }
    for (std::size_t at = 0; at < 64; at += hn::Lanes(d32)) {
      const std::uint64_t line_ends = ends >> at;
      const auto flagged = hn::LoadMaskBits(d32, reinterpret_cast<const std::uint8_t*>(&line_ends));
      const auto positions = hn::Add(steps, hn::Set(d32, static_cast<std::uint32_t>(block + at)));
      const auto flags = hn::IfThenElseZero(flagged, hn::Set(d32, line_end_mark));
      next += PackMarked(d32, hn::Or(positions, flags), (separators | ends) >> at, next);
    }
  }
  FoundSeparators found{static_cast<std::size_t>(next - marks),
                        hn::AllTrue(d, hn::Lt(seen, hn::Set(d, std::uint8_t{128})))};
  for (std::size_t i = whole; i < n; ++i) {
    const auto position = static_cast<std::uint32_t>(i);
    if (text[i] == '\n') {
      marks[found.count++] = position | line_end_mark;
    } else if (text[i] == separator) {
      marks[found.count++] = position;
    }
    found.ascii = found.ascii && bytes[i] < 128;
  }
  return found;
}

#if HWY_TARGET == HWY_SCALAR  // its vectors have one lane of one type

inline void CutLines(const std::uint32_t* marks, std::size_t n, std::size_t width, std::uint32_t begin,
                     CutFields& out) {
  scalar_kernels().cut_lines(marks, n, width, begin, out);
}
inline void IdsBefore(const char* text, const FieldPlaces& places, std::uint32_t limit, std::uint32_t* ids,
                      std::uint32_t* odd) {
  scalar_kernels().ids_before(text, places, limit, ids, odd);
}
inline void NumbersBefore(const char* text, const FieldPlaces& places, std::int64_t* numbers, std::uint32_t* odd) {
  scalar_kernels().numbers_before(text, places, numbers, odd);
}
inline void TenthsBefore(const char* text, const FieldPlaces& places, std::uint32_t* tenths, float* values,
                         std::uint32_t* odd) {
  scalar_kernels().tenths_before(text, places, tenths, values, odd);
}

#else

inline void CutLines(const std::uint32_t* marks, std::size_t n, std::size_t width, std::uint32_t begin,
                     CutFields& out) {
  const hn::CappedTag<std::uint32_t, 16> d;
  using V = hn::VFromD<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  const auto flag = hn::Set(d, line_end_mark);
  const auto step = hn::Set(d, static_cast<std::uint32_t>(width));
  std::array<std::uint32_t, CutFields::most_lines + 1> begins;
  begins[0] = begin;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    V m0;
    V m1;
    V m2;
    V end;
    if (out.fields == 4) {
      hn::LoadInterleaved4(d, marks + i * 4, m0, m1, m2, end);
    } else {
      hn::LoadInterleaved3(d, marks + i * 3, m0, m1, end);
      m2 = m1;
    }
    const auto flags = hn::Or(hn::Or(hn::Or(m0, m1), m2), hn::Xor(end, flag));
    hn::StoreU(hn::ShiftRight<31>(flags), d, out.odd.data() + i);
    end = hn::AndNot(flag, end);
    hn::StoreU(hn::Add(end, hn::Set(d, 1)), d, begins.data() + i + 1);
    auto from = hn::LoadU(d, begins.data() + i);
    const auto store = [&](std::size_t field, V at) {
      at = hn::AndNot(flag, at);
      hn::StoreU(at, d, out.ends[field].data() + i);
      hn::StoreU(hn::IfThenElseZero(hn::Gt(at, from), hn::Sub(at, from)), d, out.lengths[field].data() + i);
      from = hn::Add(at, step);
    };
    store(0, m0);
    store(1, m1);
    if (out.fields == 4) store(2, m2);
    store(out.fields - 1, end);
  }
  if (i == n) return;
  CutFields rest;
  rest.fields = out.fields;
  scalar_kernels().cut_lines(marks + i * out.fields, n - i, width, begins[i], rest);
  for (std::size_t k = 0; i + k < n; ++k) {
    out.odd[i + k] = rest.odd[k];
    for (std::size_t field = 0; field < out.fields; ++field) {
      out.ends[field][i + k] = rest.ends[field][k];
      out.lengths[field][i + k] = rest.lengths[field][k];
    }
  }
}

/// In each lane the sizeof(lane) characters that end `back` before its end, the first one in the lowest byte.
template <class D>
HWY_INLINE hn::VFromD<D> WordsBefore(D d, const char* text, const std::uint32_t* ends, std::uint32_t back) {
  HWY_ALIGN std::array<hn::TFromD<D>, 64 / sizeof(hn::TFromD<D>)> words;
  constexpr std::size_t size = sizeof(words[0]);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) std::memcpy(&words[i], text + ends[i] - back - size, size);
  return hn::Load(d, words.data());
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

template <class D, class M>
HWY_INLINE void NoteOdd(D d, M mask, std::uint32_t* odd) {
  const hn::Rebind<std::uint32_t, D> d32;
  const auto marks = hn::TruncateTo(d32, hn::ShiftRight<63>(hn::VecFromMask(d, mask)));
  hn::StoreU(hn::Or(marks, hn::LoadU(d32, odd)), d32, odd);
}

inline void IdsBefore(const char* text, const FieldPlaces& places, std::uint32_t limit, std::uint32_t* ids,
                      std::uint32_t* odd) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const hn::Rebind<std::uint32_t, decltype(d)> d32;
  const auto one = hn::Set(d, 1);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= places.count; i += hn::Lanes(d)) {
    const auto lengths = hn::PromoteTo(d, hn::LoadU(d32, places.lengths + i));
    const EightDigits read(d, WordsBefore(d, text, places.ends + i, 0), hn::Min(lengths, hn::Set(d, 8)));
    const auto wrong_length = hn::Gt(hn::Sub(lengths, one), hn::Set(d, 7));  // also 0
    const auto padded = hn::And(hn::Gt(lengths, one), hn::Eq(read.first, hn::Zero(d)));
    const auto large = hn::Gt(read.number, hn::Set(d, limit - 1));
    NoteOdd(d, hn::Or(hn::Or(wrong_length, padded), hn::Or(large, hn::Ne(read.bad, hn::Zero(d)))), odd + i);
    hn::StoreU(hn::TruncateTo(d32, read.number), d32, ids + i);
  }
  if (i < places.count) scalar_kernels().ids_before(text, places.from(i), limit, ids + i, odd + i);
}

inline void NumbersBefore(const char* text, const FieldPlaces& places, std::int64_t* numbers, std::uint32_t* odd) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const hn::Rebind<std::uint32_t, decltype(d)> d32;
  const hn::Repartition<std::uint32_t, decltype(d)> lanes32;
  const auto eight = hn::Set(d, 8);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= places.count; i += hn::Lanes(d)) {
    const auto lengths = hn::PromoteTo(d, hn::LoadU(d32, places.lengths + i));
    const auto some = hn::Min(lengths, eight);
    const EightDigits low(d, WordsBefore(d, text, places.ends + i, 0), some);
    const EightDigits high(d, WordsBefore(d, text, places.ends + i, 8), hn::Min(hn::Sub(lengths, some), eight));
    const auto wrong_length = hn::Gt(hn::Sub(lengths, hn::Set(d, 1)), hn::Set(d, 15));  // also 0
    NoteOdd(d, hn::Or(wrong_length, hn::Ne(hn::Or(low.bad, high.bad), hn::Zero(d))), odd + i);
    const auto millions = hn::MulEven(hn::BitCast(lanes32, high.number), hn::Set(lanes32, 100'000'000));
    hn::StoreU(hn::Add(millions, low.number), d, reinterpret_cast<std::uint64_t*>(numbers + i));
  }
  if (i < places.count) scalar_kernels().numbers_before(text, places.from(i), numbers + i, odd + i);
}

inline void TenthsBefore(const char* text, const FieldPlaces& places, std::uint32_t* tenths, float* values,
                         std::uint32_t* odd) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const hn::RebindToFloat<decltype(d)> df;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Repartition<std::uint8_t, decltype(d)> d8;
  const auto byte = hn::Set(d, 0xFF);
  const auto ten = hn::Set(d, 10);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= places.count; i += hn::Lanes(d)) {
    const auto lengths = hn::LoadU(d, places.lengths + i);
    const auto characters = hn::BitCast(d8, WordsBefore(d, text, places.ends + i, 0));
    const auto digits = hn::BitCast(d, hn::Xor(characters, hn::Set(d8, '0')));
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
    hn::StoreU(hn::Or(hn::LoadU(d, odd + i), hn::ShiftRight<31>(hn::VecFromMask(d, bad))), d, odd + i);
    const auto known = hn::IfThenZeroElse(bad, value);
    hn::StoreU(known, d, tenths + i);
    hn::StoreU(hn::Div(hn::ConvertTo(df, hn::BitCast(di, known)), hn::Set(df, 10.0F)), df, values + i);
  }
  if (i < places.count) scalar_kernels().tenths_before(text, places.from(i), tenths + i, values + i, odd + i);
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
