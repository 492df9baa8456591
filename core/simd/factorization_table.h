#pragma once

#include "core/simd/factorization.h"
#include "core/simd/kernels.h"

namespace rowlight::simd {

/// The ratings of a pass and the table that they name rows of, on raw pointers.
struct PassRows {
  const float* table = nullptr;
  std::size_t stride = 0;  ///< floats from row to row
  std::size_t width = 0;   ///< floats of a row that count
  const std::int32_t* ids = nullptr;
  std::size_t n = 0;
};

/// One implementation of every pass of factorization.h. Private to core/simd and its tests.
struct FactorizationTable {
  PassSums (*residual_pass)(const PassRows& rows, const float* targets, const float* x, float offset, float* gradient,
                            float* curvature);
  PassSums (*product_pass)(const PassRows& rows, const float* x, float offset, float* product);
  PassSums (*square_pass)(const PassRows& rows, const float* x, float offset);
  void (*weighted_pass)(const PassRows& rows, const float* weights, float* out);
  void (*unpack)(const std::uint32_t* entries, std::size_t n, std::span<const float> codes, const float* bias,
                 std::int32_t* ids, float* values);  // null bias: none
};

/// Plain loops that say what each pass means.
[[nodiscard]] const FactorizationTable& scalar_factorization();
/// The passes compiled for `target`. Pre: it is among supported_targets().
[[nodiscard]] const FactorizationTable& factorization_for(Target target);

}  // namespace rowlight::simd
