#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/layers/embedding_bag.h"
#include "core/ratings/rating_set.h"
#include "core/train/lookup_view.h"
#include "core/train/optimizer.h"

namespace rowlight {

class Trainer;

/// What the data calls a row: its raw id, and a title if it has one.
struct RowName {
  std::string id;
  std::string title;
};

[[nodiscard]] RowName row_name(const RatingSet& ratings, Table table, std::int32_t row);

/// What a pass of its own works on.
struct LookupInput {
  Matrix weight;                                         ///< (N, D)
  LookupSetup setup;                                     ///< its source is not looked at; indices are the batch
  std::vector<float> bias;                               ///< (D) for Shared and Linear, (N) for PerRow
  std::optional<Matrix> grad_output;                     ///< (outputs, D): G; absent: ones
  std::function<RowName(std::int32_t row)> name_of_row;  ///< what the data calls a row; empty: its index
};

/// One forward and backward pass of an embedding, by both algorithms: looking rows up, and multiplying one-hot
/// matrices, cut into the 18 steps of LookupStep. The engine behind the Lookup page and `rowlight-cli lookup`. Each
/// step runs the functions of core/layers, which count what they do; a pass that follows a Trainer runs the trainer's
/// own stages instead and looks at their buffers. After its last step a pass begins again, on the weights as they then
/// are. Used by one thread at a time.
class LookupPass {
 public:
  /// Bytes that the one-hot matrix may take; a larger one is not made, and the verdict says so.
  static constexpr std::uint64_t default_one_hot_limit = std::uint64_t{1} << 28;

  /// Errors: Usage and BadInput as validate() and make_bags() give them, and for a bias or gradient of the wrong shape;
  /// Error::field names the option.
  [[nodiscard]] static Expected<std::unique_ptr<LookupPass>> create(
      LookupInput input, std::uint64_t one_hot_limit = default_one_hot_limit);

  /// Whether memory suffices to step through a table of this size. Errors: Usage, at the field "weight".
  [[nodiscard]] static Expected<void> check_size(std::size_t rows, std::size_t dim);

  /// A pass that is the trainer's next minibatch, seen from one of its tables. Pre: setup.follows_training(); the
  /// trainer outlives the pass, and nobody else runs it between the pass's first step and its OptimizerStep. Errors:
  /// Usage for options, bags or biases of the layer, which the training does not have; and as check_size().
  [[nodiscard]] static Expected<std::unique_ptr<LookupPass>> follow(
      Trainer& trainer, const LookupSetup& setup, std::uint64_t one_hot_limit = default_one_hot_limit);
  ~LookupPass();
  LookupPass(const LookupPass&) = delete;
  LookupPass& operator=(const LookupPass&) = delete;

  [[nodiscard]] const LookupSetup& setup() const;

  /// Steps done in this pass: 0 to 18.
  [[nodiscard]] int computed() const;
  /// Runs the next step, or a piece of it that takes some milliseconds; with computed() == 18 the next pass begins.
  /// Returns whether the step is done. Errors: of a trainer that has finished or diverged; everything stays.
  [[nodiscard]] Expected<bool> advance();
  /// advance() until the step is done.
  [[nodiscard]] Expected<void> run_step();

  /// Takes back what the steps of this pass changed in the table and the optimizer, and begins it anew; a pass that
  /// follows the training takes nothing back, and begins with the trainer's next batch once its optimizer has stepped.
  void restart();

  /// Number of the pass, from 1.
  [[nodiscard]] std::uint64_t pass() const;

  /// Sets one weight of a pass of its own; a pass under way begins anew with it, with what its optimizer step did
  /// taken back. Pre: the setup does not follow the training. Errors: Usage for a place outside the table.
  [[nodiscard]] Expected<void> set_weight(std::size_t row, std::size_t column, float value);
  /// Goes on with the momentum and moments of another pass, whose optimizer has the same settings and whose table the
  /// same shape; as they were before that pass's own step. For another batch on the same table.
  void take_optimizer(const LookupPass& from);
  /// The input with which create() gives this very pass: the table as it was before its first step. Pre: of a pass that
  /// follows the training, the batch is drawn.
  [[nodiscard]] LookupInput as_input() const;
  /// The table as it now is.
  [[nodiscard]] ConstMatrixView weight() const;

  // What the steps computed; empty before.
  [[nodiscard]] std::span<const StepTrace> trace() const;
  [[nodiscard]] const Verdict& verdict() const;
  [[nodiscard]] ConstMatrixView output() const;          ///< (outputs, D), with the bias after that step
  [[nodiscard]] ConstMatrixView one_hot_output() const;  ///< likewise; empty where it is not possible
  [[nodiscard]] ConstMatrixView dense_gradient() const;  ///< (N, D), of the lookup algorithm
  [[nodiscard]] ConstMatrixView one_hot_gradient() const;
  [[nodiscard]] const SparseGradient& sparse() const;
  [[nodiscard]] const SparseGradient& coalesced() const;
  [[nodiscard]] std::span<const float> bias_gradient() const;
  [[nodiscard]] std::span<const float> per_sample_weight_gradient() const;
  /// The table as it was after step `step` of this pass, 0 to 18: a copy.
  [[nodiscard]] Matrix weight_after(int step) const;
  /// After max_norm of this pass's forward, before the optimizer step.
  [[nodiscard]] Matrix weight_after_forward() const { return weight_after(static_cast<int>(LookupStep::Bias)); }

  /// The pass as of step `shown` <= computed(), with the table rows [first_row, first_row + row_count).
  [[nodiscard]] std::shared_ptr<LookupView> view(int shown, std::size_t first_row, std::size_t row_count) const;

  struct State;  ///< private to the implementation

 private:
  explicit LookupPass(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The toy of the Lookup page: 6 x 3, with numbers and names made for looking at.
[[nodiscard]] LookupInput toy_input(const LookupSetup& setup);

}  // namespace rowlight
