// Kernels that read rows in the order of a list: gather, and the sums of bags. Highway compiles this file once for each
// target, in a namespace of its own, as part of kernels.cpp.
#if defined(ROWLIGHT_CORE_SIMD_LOOKUP_KERNELS) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_LOOKUP_KERNELS
#undef ROWLIGHT_CORE_SIMD_LOOKUP_KERNELS
#else
#define ROWLIGHT_CORE_SIMD_LOOKUP_KERNELS
#endif

#include <algorithm>
#include <cstring>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "core/simd/kernel_table.h"
#include "core/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Line = hn::CappedTag<float, line>;
using VLine = hn::VFromD<Line>;

HWY_INLINE const float* RowOf(const float* table, std::size_t stride, std::int32_t id) {
  return table + static_cast<std::size_t>(id) * stride;
}

/// Rows from the one that is read to one that is fetched: so many bytes, but no more than `most` rows.
HWY_INLINE std::size_t RowsAhead(std::size_t stride, std::size_t bytes, std::size_t most) {
  return std::clamp<std::size_t>(bytes / (stride * sizeof(float)), 1, most);
}

/// Streaming writes whole cache lines or is slower than not streaming.
HWY_INLINE bool CanStream(const float* out, std::size_t stride) {
  return stride % line == 0 && reinterpret_cast<std::uintptr_t>(out) % (line * sizeof(float)) == 0;
}

template <bool stream>
HWY_INLINE void CopyRow(const float* from, std::size_t stride, float* to) {
  const Line d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t k = 0;
  for (; k + line <= stride; k += line) {
    for (std::size_t v = 0; v < line; v += lanes) {
      const auto part = hn::LoadU(d, from + k + v);
      if constexpr (stream) {
        hn::Stream(part, d, to + k + v);
      } else {
        hn::StoreU(part, d, to + k + v);
      }
    }
  }
  for (; k + lanes <= stride; k += lanes) hn::StoreU(hn::LoadU(d, from + k), d, to + k);
  for (; k < stride; ++k) std::memcpy(to + k, from + k, sizeof(float));  // keeps NaN payloads on x87 too
}

/// Beside the rows that will be read, the lines that will be written are fetched: stores that miss the cache wait one
/// for the other, and take as long as the reads.
template <bool fetch, bool fetch_out, bool stream>
HWY_INLINE void Gather(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out) {
  const std::size_t ahead = RowsAhead(stride, 4096, 8);
  const std::size_t out_ahead = RowsAhead(stride, 2048, 4);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (fetch) FetchRow(RowOf(table, stride, ids[std::min(i + ahead, n - 1)]), stride);
    if constexpr (fetch_out) {
      const float* to = out + std::min(i + out_ahead, n - 1) * stride;
      for (std::size_t k = 0; k < stride; k += line) hwy::Prefetch(to + k);
    }
    CopyRow<stream>(RowOf(table, stride, ids[i]), stride, out + i * stride);
  }
  if constexpr (stream) hwy::FlushStream();
}

template <bool fetch>
HWY_INLINE void GatherTo(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out,
                         bool stream) {
  constexpr std::size_t first_level_cache = 32768 / sizeof(float);
  if (stream && CanStream(out, stride)) {
    Gather<fetch, false, true>(table, stride, ids, n, out);
  } else if (n * stride > first_level_cache) {
    Gather<fetch, true, false>(table, stride, ids, n, out);
  } else {
    Gather<fetch, false, false>(table, stride, ids, n, out);
  }
}

inline void GatherRows(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out,
                       LookupWay way) {
  if (n == 0 || stride == 0) return;
  if (way.fetch) {
    GatherTo<true>(table, stride, ids, n, out, way.stream);
  } else {
    GatherTo<false>(table, stride, ids, n, out, way.stream);
  }
}

/// Bags of rows that are summed.
struct BagInput {
  const float* table;
  std::size_t stride;
  const std::int32_t* ids;
  const float* scale;
  const std::size_t* begin;
  std::size_t last;   // of ids that may be read
  std::size_t ahead;  // rows from the one that is added to the one that is fetched

  [[nodiscard]] HWY_INLINE const float* row(std::size_t i) const { return RowOf(table, stride, ids[i]); }
  [[nodiscard]] HWY_INLINE const float* coming(std::size_t i) const { return row(std::min(i + ahead, last)); }
};

/// One bag's sums of `lines` cache lines from column k on: they stay in registers while the rows pass by.
template <std::size_t lines, bool weighted, bool fetch>
HWY_INLINE void SumLines(const BagInput& in, std::size_t bag, std::size_t k, float* to, bool stream) {
  const Line d;
  constexpr std::size_t lanes = hn::MaxLanes(Line());
  constexpr std::size_t vectors = lines * line / lanes;
  VLine sums[vectors];
  for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::Zero(d);
  const std::size_t end = in.begin[bag + 1];
  for (std::size_t i = in.begin[bag]; i < end; ++i) {
    if constexpr (fetch) FetchRow(in.coming(i) + k, lines * line);
    const float* row = in.row(i) + k;
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto part = hn::LoadU(d, row + v * lanes);
      if constexpr (weighted) {
        sums[v] = hn::MulAdd(hn::Set(d, in.scale[i]), part, sums[v]);
      } else {
        sums[v] = hn::Add(sums[v], part);
      }
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    if (stream) {
      hn::Stream(sums[v], d, to + k + v * lanes);
    } else {
      hn::StoreU(sums[v], d, to + k + v * lanes);
    }
  }
}

/// Columns from k on, which make no whole cache line.
template <bool weighted, bool fetch>
HWY_INLINE void SumRest(const BagInput& in, std::size_t bag, std::size_t k, float* to) {
  const Line d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t begin = in.begin[bag];
  const std::size_t end = in.begin[bag + 1];
  for (; k + lanes <= in.stride; k += lanes) {
    auto sum = hn::Zero(d);
    for (std::size_t i = begin; i < end; ++i) {
      const auto part = hn::LoadU(d, in.row(i) + k);
      if constexpr (weighted) {
        sum = hn::MulAdd(hn::Set(d, in.scale[i]), part, sum);
      } else {
        sum = hn::Add(sum, part);
      }
    }
    hn::StoreU(sum, d, to + k);
  }
  for (; k < in.stride; ++k) {
    float sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if constexpr (fetch) hwy::Prefetch(in.coming(i) + k);
      sum += (weighted ? in.scale[i] : 1.0F) * in.row(i)[k];
    }
    to[k] = sum;
  }
}

constexpr std::size_t block_lines = std::max<std::size_t>(1, 8 * hn::MaxLanes(Line()) / line);  // eight sums at once

/// All bags; `rest` cache lines remain of a row after the whole blocks.
template <std::size_t rest, bool weighted, bool fetch>
HWY_INLINE void SumAllBags(const BagInput& in, std::size_t n, float* out, bool stream) {
  constexpr std::size_t block = block_lines * line;
  for (std::size_t b = 0; b < n; ++b) {
    float* to = out + b * in.stride;
    std::size_t k = 0;
    for (; k + block <= in.stride; k += block) SumLines<block_lines, weighted, fetch>(in, b, k, to, stream);
    if constexpr (rest > 0) {
      SumLines<rest, weighted, fetch>(in, b, k, to, stream);
      k += rest * line;
    }
    if (k < in.stride) SumRest<weighted, fetch>(in, b, k, to);
  }
}

template <std::size_t rest, bool weighted, bool fetch>
HWY_INLINE void SumBagsOf(const BagInput& in, std::size_t n, float* out, bool stream) {
  if (in.stride / line % block_lines == rest) {
    SumAllBags<rest, weighted, fetch>(in, n, out, stream);
  } else if constexpr (rest + 1 < block_lines) {
    SumBagsOf<rest + 1, weighted, fetch>(in, n, out, stream);
  }
}

inline void SumBags(const float* table, std::size_t stride, const std::int32_t* ids, const float* scale,
                    const std::size_t* begin, std::size_t n, float* out, LookupWay way) {
  if (n == 0 || stride == 0) return;
  const std::size_t last = std::max<std::size_t>(begin[n], 1) - 1;  // empty bags read nothing
  const BagInput in{table, stride, ids, scale, begin, last, RowsAhead(stride, 4096, 16)};
  const bool stream = way.stream && CanStream(out, stride);
  if (scale != nullptr) {
    way.fetch ? SumBagsOf<0, true, true>(in, n, out, stream) : SumBagsOf<0, true, false>(in, n, out, stream);
  } else {
    way.fetch ? SumBagsOf<0, false, true>(in, n, out, stream) : SumBagsOf<0, false, false>(in, n, out, stream);
  }
  if (stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#endif  // ROWLIGHT_CORE_SIMD_LOOKUP_KERNELS
