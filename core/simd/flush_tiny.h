#pragma once

#include <cstdint>

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#define ROWLIGHT_FLUSHES_TINY 1
#else
#define ROWLIGHT_FLUSHES_TINY 0
#endif

namespace rowlight::simd {

/// While one lives, its thread takes numbers below the normal ones (1.2e-38) for zeros. A moment of an optimizer that
/// no gradient feeds shrinks in every batch until it gets there, and x86 processors compute with such numbers up to a
/// hundred times more slowly; others do not, and there this does nothing.
class FlushTiny {
 public:
  explicit FlushTiny([[maybe_unused]] bool flush) {
#if ROWLIGHT_FLUSHES_TINY
    constexpr std::uint32_t results_and_operands = 0x8040;  // FTZ and DAZ of MXCSR
    before_ = _mm_getcsr();
    if (flush) _mm_setcsr(before_ | results_and_operands);
#endif
  }
  ~FlushTiny() {
#if ROWLIGHT_FLUSHES_TINY
    _mm_setcsr(before_);
#endif
  }
  FlushTiny(const FlushTiny&) = delete;
  FlushTiny& operator=(const FlushTiny&) = delete;

 private:
  std::uint32_t before_ = 0;
};

/// Adam's eps from which on the root of the least normal number, 1e-19, stands beside it for any smaller one.
inline constexpr float tiny_eps = 1e-11F;

}  // namespace rowlight::simd
