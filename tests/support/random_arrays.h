#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace rowlight::test {

/// Normal numbers.
inline std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

/// Rows of a table that has so many.
inline std::vector<std::int32_t> random_ids(std::size_t n, std::uint32_t rows, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int32_t> ids(n);
  for (auto& id : ids) id = static_cast<std::int32_t>(random.below(rows));
  return ids;
}

}  // namespace rowlight::test
