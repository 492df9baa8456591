#include "core/simd/factorization.h"

// Highway compiles the rest of this file once for each target, in a namespace of its own.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd/factorization.cpp"
#include <array>
#include <cassert>

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd/factorization_table.h"
#include "core/simd/kernel_table.h"
#include "core/simd/rows-inl.h"
#include "core/simd/target_tables.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // what Highway falls back to where there are no vectors

const FactorizationTable* Factorization() { return &scalar_factorization(); }

#else

namespace hn = hwy::HWY_NAMESPACE;
using F = hn::ScalableTag<float>;
using V = hn::Vec<F>;
using F4 = hn::FixedTag<float, 4>;
using V4 = hn::Vec<F4>;

constexpr std::size_t in_flight = 8;     // ratings of a block
constexpr std::size_t fetch_ahead = 16;  // ratings from a block to the one whose rows are fetched

constexpr std::size_t widest_row = 4096;  // floats; a wider one takes the plain loops
alignas(64) constexpr float zeros[widest_row] = {};

enum class Pass { Residual, Product, Square, Weighted };

/// The sum of the 128-bit parts.
template <class D, class Vector>
HWY_INLINE V4 SumOfParts(D, Vector v) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return SumOfParts(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// The sums of the lanes of four vectors.
HWY_INLINE V4 SumsOfLanes(V a, V b, V c, V e) {
  const F d;
  const hn::Repartition<std::uint64_t, F> pairs;
  const auto ab = hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  const auto ce = hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e)));
  return SumOfParts(d, hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)),
                               hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce))));
}

/// What a pass works on, and its sums so far.
struct Work {
  PassRows rows;
  const float* given;  // targets or weights
  const float* x;
  float offset;
  float* out;
  float* curvature;
};

HWY_INLINE void Fetch(const PassRows& rows, std::size_t t) {
  if (t >= rows.n) return;
  FetchRow(rows.table + static_cast<std::size_t>(rows.ids[t]) * rows.stride, rows.width);
}

/// The eight products dot(x, row[j]), four and four.
HWY_INLINE void Dots(const float* const* row, const float* x, std::size_t width, V4& low, V4& high) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  auto a = hn::Zero(d);
  V b = a;
  V c = a;
  V e = a;
  V f = a;
  V g = a;
  V h = a;
  V i = a;
  for (std::size_t k = 0; k < width; k += lanes) {
    const auto factors = hn::LoadU(d, x + k);
    a = hn::MulAdd(factors, hn::LoadU(d, row[0] + k), a);
    b = hn::MulAdd(factors, hn::LoadU(d, row[1] + k), b);
    c = hn::MulAdd(factors, hn::LoadU(d, row[2] + k), c);
    e = hn::MulAdd(factors, hn::LoadU(d, row[3] + k), e);
    f = hn::MulAdd(factors, hn::LoadU(d, row[4] + k), f);
    g = hn::MulAdd(factors, hn::LoadU(d, row[5] + k), g);
    h = hn::MulAdd(factors, hn::LoadU(d, row[6] + k), h);
    i = hn::MulAdd(factors, hn::LoadU(d, row[7] + k), i);
  }
  low = SumsOfLanes(a, b, c, e);
  high = SumsOfLanes(f, g, h, i);
}

/// out += sum of scale[j] * row[j] over eight rows, and their squares into the curvature.
template <bool squares>
HWY_INLINE void AddBlock(const float* const* row, const float* scale, std::size_t width, float* out, float* curvature) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  const auto s0 = hn::Set(d, scale[0]);
  const auto s1 = hn::Set(d, scale[1]);
  const auto s2 = hn::Set(d, scale[2]);
  const auto s3 = hn::Set(d, scale[3]);
  const auto s4 = hn::Set(d, scale[4]);
  const auto s5 = hn::Set(d, scale[5]);
  const auto s6 = hn::Set(d, scale[6]);
  const auto s7 = hn::Set(d, scale[7]);
  for (std::size_t k = 0; k < width; k += lanes) {
    const auto v0 = hn::LoadU(d, row[0] + k);
    const auto v1 = hn::LoadU(d, row[1] + k);
    const auto v2 = hn::LoadU(d, row[2] + k);
    const auto v3 = hn::LoadU(d, row[3] + k);
    auto even = hn::MulAdd(s0, v0, hn::LoadU(d, out + k));
    auto odd = hn::Mul(s1, v1);
    even = hn::MulAdd(s2, v2, even);
    odd = hn::MulAdd(s3, v3, odd);
    const auto v4 = hn::LoadU(d, row[4] + k);
    const auto v5 = hn::LoadU(d, row[5] + k);
    const auto v6 = hn::LoadU(d, row[6] + k);
    const auto v7 = hn::LoadU(d, row[7] + k);
    even = hn::MulAdd(s4, v4, even);
    odd = hn::MulAdd(s5, v5, odd);
    even = hn::MulAdd(s6, v6, even);
    odd = hn::MulAdd(s7, v7, odd);
    hn::StoreU(hn::Add(even, odd), d, out + k);
    if constexpr (squares) {
      even = hn::MulAdd(v0, v0, hn::LoadU(d, curvature + k));
      odd = hn::Mul(v1, v1);
      even = hn::MulAdd(v2, v2, even);
      odd = hn::MulAdd(v3, v3, odd);
      even = hn::MulAdd(v4, v4, even);
      odd = hn::MulAdd(v5, v5, odd);
      even = hn::MulAdd(v6, v6, even);
      odd = hn::MulAdd(v7, v7, odd);
      hn::StoreU(hn::Add(even, odd), d, curvature + k);
    }
  }
}

/// e or q of eight ratings.
template <Pass pass>
HWY_INLINE void Scales(const Work& w, const float* const* row, const float* given, V4& low, V4& high) {
  const F4 d4;
  const auto offset = hn::Set(d4, w.offset);
  Dots(row, w.x, w.rows.width, low, high);
  low = hn::Add(low, offset);
  high = hn::Add(high, offset);
  if constexpr (pass == Pass::Residual) {
    low = hn::Sub(hn::LoadU(d4, given), low);
    high = hn::Sub(hn::LoadU(d4, given + 4), high);
  }
}

/// The last ratings, too few for a block: rows of zeros fill it up.
template <Pass pass>
HWY_INLINE void AddRest(const Work& w, std::size_t first, PassSums& sums) {
  const F4 d4;
  const std::size_t n = w.rows.n - first;
  const float* row[in_flight];
  HWY_ALIGN float given[in_flight] = {};
  HWY_ALIGN float scale[in_flight] = {};
  for (std::size_t j = 0; j < in_flight; ++j) {
    row[j] = j < n ? w.rows.table + static_cast<std::size_t>(w.rows.ids[first + j]) * w.rows.stride : zeros;
    if (j < n && w.given != nullptr) given[j] = w.given[first + j];
  }
  if constexpr (pass == Pass::Weighted) {
    for (std::size_t j = 0; j < n; ++j) scale[j] = given[j];
  } else {
    V4 low;
    V4 high;
    Scales<pass>(w, row, given, low, high);
    hn::Store(low, d4, scale);
    hn::Store(high, d4, scale + 4);
    for (std::size_t j = 0; j < n; ++j) {
      sums.sum += scale[j];
      sums.squares += scale[j] * scale[j];
    }
    for (std::size_t j = n; j < in_flight; ++j) scale[j] = 0;
  }
  if constexpr (pass != Pass::Square) AddBlock<pass == Pass::Residual>(row, scale, w.rows.width, w.out, w.curvature);
}

template <Pass pass, bool fetches>
HWY_INLINE PassSums Run(const Work& w) {
  const F4 d4;
  auto sums = hn::Zero(d4);
  auto squares = hn::Zero(d4);
  std::size_t t = 0;
  for (; t + in_flight <= w.rows.n; t += in_flight) {
    const float* row[in_flight];
    for (std::size_t j = 0; j < in_flight; ++j) {
      row[j] = w.rows.table + static_cast<std::size_t>(w.rows.ids[t + j]) * w.rows.stride;
      if constexpr (fetches) Fetch(w.rows, t + j + fetch_ahead);
    }
    HWY_ALIGN float scale[in_flight];
    const float* scales = scale;
    if constexpr (pass == Pass::Weighted) {
      scales = w.given + t;
    } else {
      V4 low;
      V4 high;
      Scales<pass>(w, row, pass == Pass::Residual ? w.given + t : nullptr, low, high);
      sums = hn::Add(sums, hn::Add(low, high));
      squares = hn::MulAdd(low, low, hn::MulAdd(high, high, squares));
      hn::Store(low, d4, scale);
      hn::Store(high, d4, scale + 4);
    }
    if constexpr (pass != Pass::Square) {
      AddBlock<pass == Pass::Residual>(row, scales, w.rows.width, w.out, w.curvature);
    }
  }
  PassSums total{hn::GetLane(hn::SumOfLanes(d4, sums)), hn::GetLane(hn::SumOfLanes(d4, squares))};
  if (t < w.rows.n) AddRest<pass>(w, t, total);
  return total;
}

/// The rows of one pass are still in the cache in the next one, unless there are many.
HWY_INLINE bool MustFetch(const PassRows& rows) {
  constexpr std::size_t cached = 1U << 17;  // floats: half a megabyte
  return rows.n * rows.width > cached;
}

HWY_INLINE bool Suits(const PassRows& rows) { return rows.width % hn::Lanes(F()) == 0 && rows.width <= widest_row; }

PassSums ResidualPass(const PassRows& rows, const float* targets, const float* x, float offset, float* gradient,
                      float* curvature) {
  if (!Suits(rows)) return scalar_factorization().residual_pass(rows, targets, x, offset, gradient, curvature);
  return Run<Pass::Residual, true>({rows, targets, x, offset, gradient, curvature});
}

PassSums ProductPass(const PassRows& rows, const float* x, float offset, float* product) {
  if (!Suits(rows)) return scalar_factorization().product_pass(rows, x, offset, product);
  const Work work{rows, nullptr, x, offset, product, nullptr};
  return MustFetch(rows) ? Run<Pass::Product, true>(work) : Run<Pass::Product, false>(work);
}

PassSums SquarePass(const PassRows& rows, const float* x, float offset) {
  if (!Suits(rows)) return scalar_factorization().square_pass(rows, x, offset);
  const Work work{rows, nullptr, x, offset, nullptr, nullptr};
  return MustFetch(rows) ? Run<Pass::Square, true>(work) : Run<Pass::Square, false>(work);
}

void WeightedPass(const PassRows& rows, const float* weights, float* out) {
  if (!Suits(rows)) return scalar_factorization().weighted_pass(rows, weights, out);
  Run<Pass::Weighted, true>({rows, weights, nullptr, 0, out, nullptr});
}

constexpr bool few_fit = 2 * hn::MaxLanes(F()) >= few_codes;  // into two registers

/// Codes below few_codes: from registers, where a gather would take twice as long.
template <class Codes>
HWY_INLINE V FewValues(const float* codes, Codes which) {
  const F d;
  const hn::RebindToSigned<F> di;
  constexpr std::size_t lanes = hn::MaxLanes(F());
  static_assert(lanes <= few_codes);
  const auto last = hn::Set(di, static_cast<std::int32_t>(lanes - 1));
  const auto lane = hn::IndicesFromVec(d, hn::And(which, last));
  const auto low = hn::TableLookupLanes(hn::LoadU(d, codes), lane);
  if constexpr (lanes == few_codes) {
    return low;
  } else {
    const auto high = hn::TableLookupLanes(hn::LoadU(d, codes + lanes), lane);
    return hn::IfThenElse(hn::RebindMask(d, hn::Gt(which, last)), high, low);
  }
}

template <bool few>
HWY_INLINE std::size_t UnpackVectors(const std::uint32_t* entries, std::size_t n, const float* codes, const float* bias,
                                     std::int32_t* ids, float* values) {
  const F d;
  const hn::RebindToUnsigned<F> du;
  const hn::RebindToSigned<F> di;
  const std::size_t lanes = hn::Lanes(d);
  const auto code_mask = hn::Set(du, 255U);
  std::size_t t = 0;
  for (; t + lanes <= n; t += lanes) {
    const auto packed = hn::LoadU(du, entries + t);
    const auto id = hn::BitCast(di, hn::ShiftRight<8>(packed));
    const auto code = hn::BitCast(di, hn::And(packed, code_mask));
    V value;
    if constexpr (few) {
      value = FewValues(codes, code);
    } else {
      value = hn::GatherIndex(d, codes, code);
    }
    if (bias) value = hn::Sub(value, hn::GatherIndex(d, bias, id));
    hn::StoreU(id, di, ids + t);
    hn::StoreU(value, d, values + t);
  }
  return t;
}

void Unpack(const std::uint32_t* entries, std::size_t n, std::span<const float> codes, const float* bias,
            std::int32_t* ids, float* values) {
  const bool few = few_fit && codes.size() == few_codes;
  const std::size_t t = few ? UnpackVectors<few_fit>(entries, n, codes.data(), bias, ids, values)
                            : UnpackVectors<false>(entries, n, codes.data(), bias, ids, values);
  scalar_factorization().unpack(entries + t, n - t, codes, bias, ids + t, values + t);
}

const FactorizationTable* Factorization() {
  static constexpr FactorizationTable table{ResidualPass, ProductPass, SquarePass, WeightedPass, Unpack};
  return &table;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rowlight::simd {

HWY_EXPORT(Factorization);

namespace {

PassRows rows_of(ConstMatrixView table, std::span<const std::int32_t> ids) {
  assert(padded_stride(table.cols) <= table.stride);
  return {table.data, table.stride, padded_stride(table.cols), ids.data(), ids.size()};
}

const FactorizationTable& passes() { return factorization_for(current_target()); }

}  // namespace

const FactorizationTable& factorization_for(Target target) {
  static const auto tables =
      tables_by_target(HWY_TARGETS, scalar_factorization(), [] { return HWY_DYNAMIC_DISPATCH(Factorization)(); });
  return *tables[static_cast<std::size_t>(target)];
}

PassSums residual_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> targets,
                       std::span<const float> x, float offset, std::span<float> gradient, std::span<float> curvature) {
  const PassRows rows = rows_of(table, ids);
  assert(targets.size() == ids.size() && x.size() == rows.width);
  assert(gradient.size() == rows.width && curvature.size() == rows.width);
  return passes().residual_pass(rows, targets.data(), x.data(), offset, gradient.data(), curvature.data());
}

PassSums product_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> x, float offset,
                      std::span<float> product) {
  const PassRows rows = rows_of(table, ids);
  assert(x.size() == rows.width && product.size() == rows.width);
  return passes().product_pass(rows, x.data(), offset, product.data());
}

PassSums square_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> x, float offset) {
  const PassRows rows = rows_of(table, ids);
  assert(x.size() == rows.width);
  return passes().square_pass(rows, x.data(), offset);
}

void weighted_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> weights,
                   std::span<float> out) {
  const PassRows rows = rows_of(table, ids);
  assert(weights.size() == ids.size() && out.size() == rows.width);
  passes().weighted_pass(rows, weights.data(), out.data());
}

void unpack_ratings(std::span<const std::uint32_t> entries, std::span<const float> codes, std::span<const float> bias,
                    std::span<std::int32_t> ids, std::span<float> values) {
  assert((codes.size() == few_codes || codes.size() == most_codes) && ids.size() == entries.size() &&
         values.size() == entries.size());
  passes().unpack(entries.data(), entries.size(), codes, bias.empty() ? nullptr : bias.data(), ids.data(),
                  values.data());
}

}  // namespace rowlight::simd
#endif  // HWY_ONCE
