// The optimizers' formulas over a stretch of floats. Highway compiles this file once for each target, in a namespace of
// its own, as part of the files with kernels.
#if defined(ROWLIGHT_CORE_SIMD_OPTIMIZER_STEPS) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWLIGHT_CORE_SIMD_OPTIMIZER_STEPS
#undef ROWLIGHT_CORE_SIMD_OPTIMIZER_STEPS
#else
#define ROWLIGHT_CORE_SIMD_OPTIMIZER_STEPS
#endif

#include <limits>

#include <hwy/highway.h>

#include "core/simd/flush_tiny.h"
#include "core/simd/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

// All take whole vectors: `n` is a multiple of their lanes. The numbers of a step come as a copy, which no store can
// change, so that they stay in registers over many calls.

template <bool has_velocity, bool has_grad, bool has_decay>
HWY_INLINE void SgdSpan(const SgdStep step, std::size_t n, float* p, float* velocity, const float* grad) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const auto rate = hn::Set(d, step.learning_rate);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto weight = hn::LoadU(d, p + i);
    auto g = hn::Zero(d);
    if constexpr (has_grad) g = hn::LoadU(d, grad + i);
    if constexpr (has_decay) g = hn::MulAdd(hn::Set(d, step.weight_decay), weight, g);  // without: 0 x Inf is NaN
    if constexpr (has_velocity) {
      g = hn::MulAdd(hn::Set(d, step.momentum), hn::LoadU(d, velocity + i), g);
      hn::StoreU(g, d, velocity + i);
    }
    hn::StoreU(hn::NegMulAdd(rate, g, weight), d, p + i);
  }
}

#if HWY_TARGET <= HWY_AVX3
#define ROWLIGHT_ADAM_BY_NEWTON 1
#else
#define ROWLIGHT_ADAM_BY_NEWTON 0
#endif

/// first / (sqrt(second) * correction + eps). With 512-bit vectors the unit for divisions and roots is half as wide, so
/// there it is approximations to 14 bits, each with a step of Newton's method, to some units in the last place. As for
/// the exact operations, an infinite second gives 0 and NaN stays NaN. Pre: eps >= tiny_eps.
template <class D, class V>
HWY_INLINE V AdamQuotient([[maybe_unused]] D d, V first, V second, V correction, V eps) {
  namespace hn = hwy::HWY_NAMESPACE;
#if ROWLIGHT_ADAM_BY_NEWTON
  const auto most = hn::Set(d, std::numeric_limits<float>::max());
  const auto bounded = hn::Min(hn::Max(second, hn::Set(d, std::numeric_limits<float>::min())), most);
  const auto inverse_root = hn::ApproximateReciprocalSqrt(bounded);
  auto root = hn::Mul(bounded, inverse_root);
  root = hn::MulAdd(hn::Mul(hn::Set(d, 0.5F), inverse_root), hn::NegMulAdd(root, root, bounded), root);
  const auto divisor = hn::MulAdd(root, correction, eps);
  auto inverse = hn::ApproximateReciprocal(divisor);
  inverse = hn::MulAdd(inverse, hn::NegMulAdd(divisor, inverse, hn::Set(d, 1.0F)), inverse);
  return hn::Mul(first, hn::IfThenElse(hn::Le(second, most), inverse, hn::ApproximateReciprocal(second)));
#else
  return hn::Div(first, hn::MulAdd(hn::Sqrt(second), correction, eps));
#endif
}

/// An AdamStep's numbers, each in all lanes.
struct AdamNumbers {
  using D = hwy::HWY_NAMESPACE::ScalableTag<float>;
  using V = hwy::HWY_NAMESPACE::Vec<D>;
  V beta1, beta2, rest1, rest2, decay, l2, size, correction, eps;
  bool roots_count;

  HWY_INLINE explicit AdamNumbers(const AdamStep& step)
      : beta1(All(step.beta1)),
        beta2(All(step.beta2)),
        rest1(All(step.one_minus_beta1)),
        rest2(All(step.one_minus_beta2)),
        decay(All(step.decay)),
        l2(All(step.weight_decay)),
        size(All(step.step_size)),
        correction(All(step.bias_correction)),
        eps(All(step.eps)),
        roots_count(ROWLIGHT_ADAM_BY_NEWTON && step.eps < tiny_eps) {}

 private:
  static HWY_INLINE V All(float x) { return hwy::HWY_NAMESPACE::Set(D(), x); }
};

/// One vector of each table; `weight` is the one at `p`, `g` counts where has_grad.
template <bool has_grad, bool has_decay>
HWY_INLINE void AdamMove(const AdamNumbers& by, AdamNumbers::V weight, AdamNumbers::V g, float* p, float* m, float* v) {
  namespace hn = hwy::HWY_NAMESPACE;
  const AdamNumbers::D d;
  auto first = hn::Mul(by.beta1, hn::LoadU(d, m));
  auto second = hn::Mul(by.beta2, hn::LoadU(d, v));
  if constexpr (has_grad || has_decay) {
    if constexpr (!has_grad) g = hn::Zero(d);
    if constexpr (has_decay) g = hn::MulAdd(by.l2, weight, g);
    first = hn::MulAdd(by.rest1, g, first);
    second = hn::MulAdd(by.rest2, hn::Mul(g, g), second);
  }
  hn::StoreU(first, d, m);
  hn::StoreU(second, d, v);
  const auto quotient = by.roots_count ? hn::Div(first, hn::MulAdd(hn::Sqrt(second), by.correction, by.eps))
                                       : AdamQuotient(d, first, second, by.correction, by.eps);
  hn::StoreU(hn::NegMulAdd(by.size, quotient, hn::Mul(by.decay, weight)), d, p);
}

template <bool has_grad, bool has_decay>
HWY_INLINE void AdamSpan(const AdamStep step, std::size_t n, float* p, float* m, float* v, const float* grad) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const AdamNumbers by(step);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    auto g = hn::Zero(d);
    if constexpr (has_grad) g = hn::LoadU(d, grad + i);
    AdamMove<has_grad, has_decay>(by, hn::LoadU(d, p + i), g, p + i, m + i, v + i);
  }
}

/// As AdamMove(), by `rate` and `eps` in all lanes.
template <class V>
HWY_INLINE void AdagradMove(V rate, V eps, V weight, V g, float* p, float* sum) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const auto squares = hn::MulAdd(g, g, hn::LoadU(d, sum));
  hn::StoreU(squares, d, sum);
  hn::StoreU(hn::NegMulAdd(rate, hn::Div(g, hn::Add(hn::Sqrt(squares), eps)), weight), d, p);
}

template <bool has_grad, bool has_decay>
HWY_INLINE void AdagradSpan(const AdagradStep step, std::size_t n, float* p, float* sum, const float* grad) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const auto rate = hn::Set(d, step.learning_rate);
  const auto eps = hn::Set(d, step.eps);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto weight = hn::LoadU(d, p + i);
    auto g = hn::Zero(d);
    if constexpr (has_grad) g = hn::LoadU(d, grad + i);
    if constexpr (has_decay) g = hn::MulAdd(hn::Set(d, step.weight_decay), weight, g);
    AdagradMove(rate, eps, weight, g, p + i, sum + i);
  }
}

// The same for any of them: a null `velocity` or `grad` stands for none.

HWY_INLINE void SgdFloats(const SgdStep step, std::size_t n, float* p, float* velocity, const float* grad) {
  const bool decays = step.weight_decay != 0;
  if (velocity) {
    if (grad && decays) return SgdSpan<true, true, true>(step, n, p, velocity, grad);
    if (grad) return SgdSpan<true, true, false>(step, n, p, velocity, grad);
    if (decays) return SgdSpan<true, false, true>(step, n, p, velocity, grad);
    return SgdSpan<true, false, false>(step, n, p, velocity, grad);
  }
  if (grad && decays) return SgdSpan<false, true, true>(step, n, p, velocity, grad);
  if (grad) return SgdSpan<false, true, false>(step, n, p, velocity, grad);
  if (decays) return SgdSpan<false, false, true>(step, n, p, velocity, grad);
}

HWY_INLINE void AdamFloats(const AdamStep step, std::size_t n, float* p, float* m, float* v, const float* grad) {
  const bool decays = step.weight_decay != 0;
  if (grad && decays) return AdamSpan<true, true>(step, n, p, m, v, grad);
  if (grad) return AdamSpan<true, false>(step, n, p, m, v, grad);
  if (decays) return AdamSpan<false, true>(step, n, p, m, v, grad);
  return AdamSpan<false, false>(step, n, p, m, v, grad);
}

HWY_INLINE void AdagradFloats(const AdagradStep step, std::size_t n, float* p, float* sum, const float* grad) {
  const bool decays = step.weight_decay != 0;
  if (grad && decays) return AdagradSpan<true, true>(step, n, p, sum, grad);
  if (grad) return AdagradSpan<true, false>(step, n, p, sum, grad);
  if (decays) return AdagradSpan<false, true>(step, n, p, sum, grad);
  return AdagradSpan<false, false>(step, n, p, sum, grad);
}

#undef ROWLIGHT_ADAM_BY_NEWTON

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#endif  // ROWLIGHT_CORE_SIMD_OPTIMIZER_STEPS
