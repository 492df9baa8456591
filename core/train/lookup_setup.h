#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/layers/embedding_bag.h"
#include "core/train/settings.h"

namespace rowlight {

/// The bias that stands beside a table.
enum class BiasKind {
  None,
  Shared,  ///< one vector (dim), added to every looked-up row: an Embedding with a bias right after it
  Linear,  ///< the same numbers as the bias of the Linear layer
  PerRow,  ///< fastai's: Embedding(N, 1), one number looked up for each index and added to the score
};

/// Which table the Lookup page works on.
enum class LookupSource {
  Toy,     ///< 6 x 3, made for looking at
  Users,   ///< the live model's user table at its true size
  Movies,  ///< the live model's movie table
};

/// How a pass reduces rows to bags.
struct BagSetup {
  BagMode mode = BagMode::Mean;
  std::vector<std::int64_t> offsets = {0};
  bool include_last_offset = false;
  std::vector<float> per_sample_weights;  ///< empty: none
  friend bool operator==(const BagSetup&, const BagSetup&) = default;
};

/// Everything that the Lookup page lets a person choose. A value.
struct LookupSetup {
  LookupSource source = LookupSource::Toy;
  std::vector<std::int64_t> indices = {2, 5, 2, 0};  ///< empty with a live table: the training's own batches
  EmbeddingOptions options = {.padding_idx = 0};
  std::optional<BagSetup> bag;
  BiasKind bias = BiasKind::None;
  OptimizerSettings optimizer = {.kind = OptimizerKind::Sgd, .learning_rate = 0.1, .weight_decay = 0};
  friend bool operator==(const LookupSetup&, const LookupSetup&) = default;

  /// The pass is the training's own minibatch: same table, rows, gradient and optimizer step, and options that the
  /// model does not have are out of the question. Otherwise a live table is copied, and the copy is worked on.
  [[nodiscard]] bool follows_training() const { return source != LookupSource::Toy && indices.empty(); }
};

/// What follows the live training on `source`.
[[nodiscard]] inline LookupSetup live_setup(LookupSource source) {
  LookupSetup setup;
  setup.source = source;
  setup.indices.clear();
  setup.options = {};
  return setup;
}

/// A batch of one's own on a copy of `source`, whose table has `rows` rows. Pre: rows > 0.
[[nodiscard]] inline LookupSetup own_setup(LookupSource source, std::size_t rows) {
  LookupSetup setup = live_setup(source);
  setup.indices = LookupSetup{}.indices;
  for (std::int64_t& index : setup.indices) index %= static_cast<std::int64_t>(rows);
  return setup;
}

}  // namespace rowlight
