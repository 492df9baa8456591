#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/thread_pool.h"
#include "core/model/dot_model.h"
#include "core/simd/kernels.h"
#include "core/train/schedule.h"
#include "core/train/settings.h"

namespace rowlight {

/// SGD or AdamW over all parameters of a model, with PyTorch's formulas (torch.optim.SGD, torch.optim.AdamW). The
/// gradients are stored by touched rows but act like dense ones: weight decay, momentum and moments also move rows
/// that the batch did not look up.
class Optimizer {
 public:
  Optimizer(const OptimizerSettings& settings, const std::vector<Parameter>& parameters);

  /// One step. Pre: parameters and gradients are parallel and those of the constructor. Cost: AdamW, and SGD with
  /// momentum or decay, pass once over every table; plain SGD over the touched rows. Same bits for any pool.
  void step(std::vector<Parameter>& parameters, std::span<const RowGradient> gradients, const Rates& rates,
            ThreadPool& pool);

  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  /// One state tensor: "exp_avg" and "exp_avg_sq" (AdamW) or "momentum_buffer" (SGD) of a parameter.
  struct State {
    const char* name;
    std::size_t parameter;  ///< position in the parameters
    Matrix value;           ///< shape of the parameter
  };
  /// For saving and resuming.
  [[nodiscard]] std::vector<State>& states() { return states_; }
  [[nodiscard]] const std::vector<State>& states() const { return states_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  /// What a table's update works on: rows [begin, end) of one parameter.
  struct Piece {
    std::size_t parameter;
    std::size_t begin;
    std::size_t end;
  };
  void update_piece(const Piece& piece, std::vector<Parameter>& parameters, std::span<const RowGradient> gradients);
  /// Floats [first, first + p.size()) of a parameter's storage; no `grad` counts as zeros.
  void update_floats(std::size_t parameter, std::size_t first, std::span<float> p, std::span<const float> grad);
  void set_numbers(const Rates& rates);
  [[nodiscard]] bool moves_untouched_rows(const Rates& rates) const;

  OptimizerSettings settings_;
  std::uint64_t steps_ = 0;
  simd::SgdStep sgd_;          // of the running step
  simd::AdamStep adam_;      // of the running step
  std::vector<State> states_;  // states_per_parameter_ for each parameter, in the parameters' order
  std::size_t states_per_parameter_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::vector<float>> dense_bias_grads_;  // by parameter; all zeros between steps
};

}  // namespace rowlight
