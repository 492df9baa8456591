#pragma once

#include <cstdint>
#include <span>
#include <utility>

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

  template <class T>
  void shuffle(std::span<T> values) {  // Fisher-Yates
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[below(static_cast<std::uint32_t>(i))]);
    }
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace rowlight
