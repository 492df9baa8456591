// What kernels that read rows in the order of a list share. Highway compiles this file once for each target, in a
// namespace of its own, as part of the files with kernels.
#if defined(ROWLIGHT_CORE_SIMD_ROWS) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_ROWS
#undef ROWLIGHT_CORE_SIMD_ROWS
#else
#define ROWLIGHT_CORE_SIMD_ROWS
#endif

#include <cstddef>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

constexpr std::size_t line = 16;  // floats of a cache line

/// A row's cache lines, the last one first: in rising order the processor would go on fetching behind the row.
HWY_INLINE void FetchRow(const float* row, std::size_t width) {
  for (std::size_t k = (width + line - 1) / line * line; k > 0; k -= line) hwy::Prefetch(row + k - line);
}

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#endif  // ROWLIGHT_CORE_SIMD_ROWS
