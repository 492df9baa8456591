#pragma once

#include <vector>

#include "core/train/lookup_pass.h"

namespace rowlight {

/// What one whole pass computed. Arrays that the pass does not have are empty: the one-hot ones where that algorithm is
/// not possible, gradients of a frozen table, a bias gradient without a bias.
struct LookupResults {
  Matrix output;                ///< (outputs, D), with a shared bias
  Matrix one_hot_output;        ///< (outputs, D), likewise
  Matrix weight_after_forward;  ///< (N, D): after max_norm
  Matrix weight_after_step;     ///< (N, D): after the optimizer's step
  Matrix grad;                  ///< (N, D): of the lookup algorithm, also with `sparse`
  Matrix one_hot_grad;          ///< (N, D): one-hotT . G, which knows no padding and no scaling by frequency
  SparseGradient sparse_grad;   ///< with `sparse`
  SparseGradient coalesced;     ///< with `sparse`
  std::vector<float> grad_bias;
  std::vector<float> grad_per_sample_weights;
};

/// Runs all steps of a pass that has not begun. Errors: as LookupPass::advance().
[[nodiscard]] Expected<LookupResults> run_whole(LookupPass& pass);

}  // namespace rowlight
