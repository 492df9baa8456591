#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/fetch.h"

namespace rowlight {

/// Seeded random numbers that are the same on every platform and compiler (the standard library's distributions
/// are not). xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. 32 bytes of state, copyable: a
/// copy continues with the same numbers. Not synchronised.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  /// A stream of its own for one purpose, so that adding a draw here does not move the numbers drawn there.
  Random(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t next();                      ///< 64 uniform bits
  std::uint32_t below(std::uint32_t bound);  ///< uniform in [0, bound), unbiased; pre: bound > 0
  double uniform();                          ///< uniform in [0, 1), 53 bits
  double normal();                           ///< N(0, 1), Marsaglia's polar method
  /// N(0, std) with draws beyond two standard deviations drawn again: fastai's initialisation of embeddings.
  float truncated_normal(double std);

  /// Fisher and Yates: the last place is swapped with any, then the one before it. Pre: less than 2^32 values.
  template <class T>
  void shuffle(std::span<T> values) {
    shuffle_some(values, values.size());
  }

  /// The first steps of a shuffle: at least `places` of `values` get what they keep, the last ones. Returns those left,
  /// to go on with; a last one needs no step. The numbers are drawn some places ahead, so that values are near when
  /// they are swapped.
  template <class T>
  std::span<T> shuffle_some(std::span<T> values, std::size_t places) {
    constexpr std::size_t ahead = 64;
    std::uint32_t partners[ahead];
    std::size_t left = values.size();
    const std::size_t last = left - std::min(left, places);
    while (left > std::max<std::size_t>(last, 1)) {
      const std::size_t n = std::min(ahead, left - 1);
      for (std::size_t i = 0; i < n; ++i) {
        partners[i] = below(static_cast<std::uint32_t>(left - i));
        fetch(&values[partners[i]]);
      }
      for (std::size_t i = 0; i < n; ++i) std::swap(values[left - i - 1], values[partners[i]]);
      left -= n;
    }
    return values.first(left);
  }

 private:
  std::uint64_t state_[4];
};

inline std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

inline std::uint32_t Random::below(std::uint32_t bound) {
  // Lemire, "Fast random integer generation in an interval", 2019.
  std::uint64_t product = (next() >> 32) * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    const std::uint32_t threshold = (0U - bound) % bound;
    while (static_cast<std::uint32_t>(product) < threshold) product = (next() >> 32) * bound;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

}  // namespace rowlight
