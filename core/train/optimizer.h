#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/thread_pool.h"
#include "core/layers/cost.h"
#include "core/model/dot_model.h"
#include "core/simd/kernels.h"
#include "core/simd/training.h"
#include "core/train/schedule.h"
#include "core/train/settings.h"

namespace rowlight {

/// One optimizer over all parameters of a model, with PyTorch's formulas (torch.optim). A gradient by rows acts like a
/// dense one with zeros elsewhere: weight decay, momentum and moments also move rows that the batch did not look up.
/// SparseAdam takes gradients by rows only and touches no other row.
class Optimizer {
 public:
  /// Pre: validate() accepts the settings.
  Optimizer(const OptimizerSettings& settings, const std::vector<Parameter>& parameters);

  /// One step. Pre: parameters and gradients are parallel and those of the constructor. Cost: the Adam family but
  /// SparseAdam, and any other with momentum or decay, pass once over every table; the rest over the rows of a gradient
  /// by rows. Same bits for any pool. With `cost` the work is counted, and done by one thread.
  void step(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients, const Rates& rates,
            ThreadPool& pool, BatchCost* cost = nullptr);

  /// Whether a step moves no row but those of the batch, and by their gradient alone.
  [[nodiscard]] bool takes_pairs() const;
  /// Numbers beside each number of a parameter.
  [[nodiscard]] std::size_t states_per_parameter() const { return states_per_parameter_; }

  // The same where the gradients leave out ratings whose user and movie occur once in the batch, of
  // DotModel::row_gradients_but_pairs(): the bits of a step on all of them, when begin_step() is followed by
  // step_factors() of all columns and step_bias() of all other parameters, in any order and on any threads.
  // Pre: takes_pairs(); the rates are rates_at()'s; as above.
  void begin_step(const Rates& rates);
  /// Moves some columns of the users' and movies' factors. `coming` are ratings whose rows the next step will likely
  /// move; they are brought near. Pre: columns as for BasicMatrixView::columns(); their gradients are summed.
  void step_factors(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                    const simd::RatingPairs& pairs, Columns columns, const simd::RatingPairs& coming);
  /// Moves all rows of a bias. Pre: `parameter` is one, 2 or more.
  void step_bias(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                 const simd::RatingPairs& pairs, std::size_t parameter);

  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  /// One state tensor: "exp_avg" and "exp_avg_sq" (Adam family), "sum" (Adagrad) or "momentum_buffer" (SGD) of a
  /// parameter.
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
  void step_touched_rows(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients, ThreadPool& pool,
                         BatchCost* cost);
  /// Row rows[i], some columns of it, by row i of `grad`, which has those.
  void update_rows(std::size_t parameter, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
                   Columns columns);
  void update_piece(const Piece& piece, std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                    BatchCost* cost);
  [[nodiscard]] MatrixView state(std::size_t parameter, std::size_t which);
  /// Floats [first, first + p.size()) of a parameter's storage; no `grad` counts as zeros.
  void update_floats(std::size_t parameter, std::size_t first, std::span<float> p, std::span<const float> grad);
  /// What update_floats() does to `numbers` numbers.
  void count(std::uint64_t numbers, bool has_grad, Cost& cost) const;
  void set_numbers(const Rates& rates);
  [[nodiscard]] bool moves_untouched_rows(const Rates& rates) const;

  OptimizerSettings settings_;
  std::uint64_t steps_ = 0;
  simd::SgdStep sgd_;          // of the running step
  simd::AdamStep adam_;        // of the running step
  simd::AdagradStep adagrad_;  // of the running step
  std::vector<State> states_;  // states_per_parameter_ for each parameter, in the parameters' order
  std::size_t states_per_parameter_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::vector<float>> dense_bias_grads_;  // by parameter; all zeros between steps
};

}  // namespace rowlight
