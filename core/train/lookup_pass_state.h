#pragma once

#include <array>

#include "core/train/lookup_pass.h"
#include "core/train/trainer.h"

namespace rowlight {

/// What a LookupPass holds. Private to the lookup_pass*.cpp files.
struct LookupPass::State {
  /// Rows as they were before a step changed them.
  struct Undo {
    LookupStep step{};
    bool all = false;                // `values` holds every row
    std::vector<std::int32_t> rows;  // else these, ascending
    Matrix values;
    void take_back(MatrixView weight) const;
  };

  LookupInput input;           // its weight has moved to `own`
  Trainer* trainer = nullptr;  // of a pass that follows one
  Table table = Table::Movies;
  std::uint64_t one_hot_limit = 0;
  std::vector<Parameter> own;  // one: the table of a pass of its own
  std::optional<Optimizer> optimizer;
  std::optional<Optimizer> optimizer_before;  // as it was before this pass's step
  ThreadPool pool{1};

  // The batch.
  std::vector<std::int64_t> indices;
  Bags bags;  // rows, and one bag for each position where there are no bags
  std::vector<float> shares;
  std::vector<std::int32_t> touched;  // distinct rows, ascending

  // What the steps computed.
  std::uint64_t pass = 1;
  int computed = 0;
  std::size_t cursor = 0;  // table rows done of a step that is cut in pieces
  std::array<StepTrace, lookup_step_count> trace;
  Matrix one_hot;         // (outputs, N)
  Matrix plain_output;    // (outputs, D), before the bias
  Matrix plain_one_hot;   // (outputs, D)
  Matrix output;          // (outputs, D), with it
  Matrix one_hot_output;  // (outputs, D)
  MaxRows max_rows;
  std::vector<float> position_bias;
  Matrix grad_output;   // (outputs, D)
  Matrix one_hot_grad;  // (N, D)
  Matrix dense_grad;    // (N, D)
  SparseGradient sparse;
  SparseGradient coalesced;
  std::vector<float> grad_bias;
  std::vector<float> grad_sample_weights;
  Matrix bag_output;
  double loss = 0;
  Verdict plain_verdict;                   // without the bias
  Verdict verdict;                         // with it
  std::vector<std::int32_t> shrunk_first;  // by max_norm in this pass's forward
  std::vector<std::int32_t> shrunk_next;   // in the next one's
  std::size_t rows_moved = 0;
  std::size_t rows_moved_only = 0;
  std::vector<bool> moved;  // by row
  std::vector<Undo> undo;   // in the order of the steps

  [[nodiscard]] bool follows() const { return trainer != nullptr; }
  [[nodiscard]] const LookupSetup& setup() const { return input.setup; }
  [[nodiscard]] bool has_bags() const { return setup().bag.has_value(); }
  [[nodiscard]] bool is_max() const { return has_bags() && setup().bag->mode == BagMode::Max; }
  [[nodiscard]] ConstMatrixView weight() const {
    return follows() ? trainer->model().factors(table).view() : std::as_const(own[0].value).view();
  }
  [[nodiscard]] std::size_t outputs() const { return has_bags() ? bags.count() : bags.rows.size(); }
  [[nodiscard]] EmbeddingBagOptions bag_options() const {
    return {setup().options, setup().bag->mode, setup().bag->include_last_offset};
  }
  [[nodiscard]] std::optional<std::int32_t> padding() const { return padding_row(setup().options, weight().rows); }
  [[nodiscard]] bool adds_vector() const {
    return setup().bias == BiasKind::Shared || setup().bias == BiasKind::Linear;
  }
  [[nodiscard]] StepTrace& at(LookupStep step) { return trace[static_cast<std::size_t>(step) - 1]; }
  [[nodiscard]] const StepTrace& at(LookupStep step) const { return trace[static_cast<std::size_t>(step) - 1]; }

  /// Forgets what the steps computed and the batch of a followed trainer.
  void begin();
  /// Runs the next step or a piece of it.
  Expected<bool> advance();

 private:
  Expected<bool> run(LookupStep step);
  Expected<bool> draw();
  void encode();
  bool multiply();
  Expected<void> look_up_rows();
  void add_the_bias();
  Expected<void> compute_loss();
  Expected<void> output_gradient();
  bool multiply_backward();
  Expected<void> add_gradients();
  void make_sparse();
  void sum_bias_gradient();
  Expected<void> step_optimizer();
  void shrink_for_next();
  void reduce();
  void keep(LookupStep step, std::vector<std::int32_t> rows);
  void keep_all(LookupStep step);
  void mark_moved();
  /// Runs the trainer's stages up to and including `last`; those for which `counts` is true add to `cost`.
  template <class Counts>
  Expected<void> run_stages(BatchStage last, BatchCost& cost, Counts counts);
};

/// The sentence of a step: with the pass's numbers when it has run, general before.
[[nodiscard]] std::string sentence_of(LookupStep step, const LookupPass::State& pass);

/// Compares two outputs of one shape, (outputs, D).
[[nodiscard]] Verdict compare(ConstMatrixView lookup, ConstMatrixView one_hot, ConstMatrixView weight,
                              const LookupPass::State& pass);

}  // namespace rowlight
