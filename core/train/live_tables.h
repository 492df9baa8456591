#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/row_index.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

struct Factors;
class FastTrainer;
class Trainer;

/// Ratings per row in the training share, for every row of a table: made once per run and shared by its frames.
using RowCounts = std::vector<std::uint32_t>;

/// The tables that are being looked at, whoever owns them: a run that trains them, or a file of factors. A view that
/// lives as long as its owner; whatever only looks at tables takes this and need not know which it is.
struct LiveTables {
  RatingSetPtr ratings;  ///< names the rows; null: there are no tables at all
  const Matrix* factors[2] = {nullptr,
                              nullptr};        ///< (users or movies, factors) by index_of(Table); null: no such table
  const Matrix* bias[2] = {nullptr, nullptr};  ///< (users or movies, 1); null: none
  std::shared_ptr<const RowCounts> counts[2];  ///< null where nothing was trained
  std::uint64_t batch = 0;                     ///< batches done: the same number, the same tables
  std::uint64_t seed = 0;                      ///< of the run, for numbers that are drawn beside it

  [[nodiscard]] const Matrix* table(Table which) const { return factors[index_of(which)]; }
};

[[nodiscard]] LiveTables tables_of(const Trainer& trainer);
[[nodiscard]] LiveTables tables_of(const FastTrainer& trainer);
[[nodiscard]] LiveTables tables_of(const Factors& factors);

}  // namespace rowlight
