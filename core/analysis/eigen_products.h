#pragma once

#include <cstddef>
#include <cstdint>

#include "core/simd/kernels.h"

namespace rowlight {

/// Eigen's products and sums for one SIMD target. The same Eigen code is compiled once for each target, so that the
/// opponent of a lookup kernel has the same vectors as the kernel. All matrices are row-major, strides in floats; no
/// failure; blocks may be allocated inside. `add`: out += the product, else out = the product.
struct EigenProducts {
  /// out (m, n) <- a (m, k) . b (k, n), or aT . b where `a_transposed` and a is stored (k, m).
  struct Dense {
    const float* a = nullptr;
    std::size_t a_stride = 0;
    bool a_transposed = false;
    const float* b = nullptr;
    std::size_t b_stride = 0;
    float* out = nullptr;
    std::size_t out_stride = 0;
    std::size_t m = 0;
    std::size_t k = 0;
    std::size_t n = 0;
    bool add = false;
  };
  void (*dense)(const Dense& product);

  /// One-hot rows in compressed form: row b of x (batch, N) has values[b] at column ids[b], and starts[b] == b.
  struct Sparse {
    const std::int32_t* starts = nullptr;  ///< batch + 1
    const std::int32_t* ids = nullptr;     ///< batch
    const float* values = nullptr;         ///< batch
    std::size_t batch = 0;
    std::size_t rows = 0;  ///< N
    const float* b = nullptr;
    float* out = nullptr;
    std::size_t stride = 0;  ///< of b and out
    std::size_t n = 0;       ///< columns of b and out
  };
  void (*sparse)(const Sparse& product);                 ///< out (batch, n) = x . b (N, n)
  void (*sparse_transposed_add)(const Sparse& product);  ///< out (N, n) += xT . b (batch, n)

  float (*sum)(const float* numbers, std::size_t count);
};

/// Pre: `target` is among supported_targets().
[[nodiscard]] const EigenProducts& eigen_products(simd::Target target);

}  // namespace rowlight
