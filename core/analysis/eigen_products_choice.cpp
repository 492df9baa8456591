#include "core/analysis/eigen_products.h"

namespace rowlight {

extern const EigenProducts eigen_products_scalar;
extern const EigenProducts eigen_products_baseline;  // what the compiler takes for granted: SSE2, NEON
#ifdef ROWLIGHT_X86_PRODUCTS
extern const EigenProducts eigen_products_sse4;
extern const EigenProducts eigen_products_avx2;
extern const EigenProducts eigen_products_avx512;
#endif

const EigenProducts& eigen_products(simd::Target target) {
  switch (target) {
    case simd::Target::Scalar: return eigen_products_scalar;
#ifdef ROWLIGHT_X86_PRODUCTS
    case simd::Target::Sse4: return eigen_products_sse4;
    case simd::Target::Avx2: return eigen_products_avx2;
    case simd::Target::Avx512: return eigen_products_avx512;
#else
    case simd::Target::Sse4:
    case simd::Target::Avx2:
    case simd::Target::Avx512:
#endif
    case simd::Target::Neon: break;
  }
  return eigen_products_baseline;
}

}  // namespace rowlight
