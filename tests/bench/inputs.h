#pragma once

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/random.h"

namespace rowlight::bench {

/// (rows, cols) of numbers around zero, the same in every run.
inline Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  Random random(1, stream);
  Matrix matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = random.truncated_normal(0.1);
  }
  return matrix;
}

/// Row numbers below `rows`, drawn evenly.
inline std::vector<std::int32_t> random_rows(std::size_t count, std::size_t rows, std::uint64_t stream) {
  Random random(2, stream);
  std::vector<std::int32_t> ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(rows)));
  return ids;
}

}  // namespace rowlight::bench
