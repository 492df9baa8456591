#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/matrix.h"

namespace rowlight::simd {

/// Sums over the ratings of one pass, with e (residual_pass) or q (the others) as that pass says.
struct PassSums {
  float sum = 0;      ///< of e or q
  float squares = 0;  ///< of e * e or q * q
};

// Passes over the ratings of one row, for least squares by conjugate gradients: the ratings name rows v[t] =
// table[ids[t]] of the other table. Several ratings are in flight and the rows to come are fetched ahead. Pre, for all:
// 0 <= ids[t] < table.rows; the vectors have padded_stride(table.cols) floats, which is at most table.stride (columns
// behind table.cols may be in use: they are left out); outputs overlap nothing. No allocation, no failure, safe from
// several threads on outputs that do not overlap. Results of one target do not depend on alignment, but on how the
// ratings are split into calls: callers split them by size alone.

/// e[t] = targets[t] - offset - dot(x, v[t]); gradient += sum of e[t] * v[t]; curvature += sum of v[t]^2.
PassSums residual_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> targets,
                       std::span<const float> x, float offset, std::span<float> gradient, std::span<float> curvature);

/// q[t] = offset + dot(x, v[t]); product += sum of q[t] * v[t].
PassSums product_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> x, float offset,
                      std::span<float> product);

/// q[t] = offset + dot(x, v[t]); only the sums.
PassSums square_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> x, float offset);

/// out += sum of weights[t] * v[t].
void weighted_pass(ConstMatrixView table, std::span<const std::int32_t> ids, std::span<const float> weights,
                   std::span<float> out);

inline constexpr std::size_t few_codes = 16;  ///< as many are looked up faster
inline constexpr std::size_t most_codes = 256;

/// Ratings as they are kept, 4 bytes each: ids[t] = entries[t] >> 8, values[t] = codes[entries[t] & 255] -
/// bias[ids[t]], the latter without an empty `bias`. Bit-exact on every target. Pre: as many ids and values as entries;
/// codes has as many numbers as few_codes or most_codes and every code stands for one.
void unpack_ratings(std::span<const std::uint32_t> entries, std::span<const float> codes, std::span<const float> bias,
                    std::span<std::int32_t> ids, std::span<float> values);

}  // namespace rowlight::simd
