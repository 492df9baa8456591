#include "core/train/lookup_results.h"

#include <cassert>

namespace rowlight {

Expected<LookupResults> run_whole(LookupPass& pass) {
  assert(pass.computed() == 0);
  LookupResults results;
  while (pass.computed() < lookup_step_count) {
    if (auto done = pass.run_step(); !done) return tl::make_unexpected(done.error());
    // The steps after it may shrink rows for the next forward pass.
    if (pass.computed() == static_cast<int>(LookupStep::OptimizerStep)) {
      results.weight_after_step = copy_of(pass.weight());
      results.weight_after_forward = pass.weight_after_forward();
    }
  }
  results.output = copy_of(pass.output());
  results.one_hot_output = copy_of(pass.one_hot_output());
  results.grad = copy_of(pass.dense_gradient());
  results.one_hot_grad = copy_of(pass.one_hot_gradient());
  if (pass.setup().options.sparse) {
    results.sparse_grad = pass.sparse();
    results.coalesced = pass.coalesced();
  }
  results.grad_bias.assign(pass.bias_gradient().begin(), pass.bias_gradient().end());
  const auto grad_weights = pass.per_sample_weight_gradient();
  results.grad_per_sample_weights.assign(grad_weights.begin(), grad_weights.end());
  return results;
}

}  // namespace rowlight
