#pragma once

#include <array>

#include "core/simd/training.h"

namespace rowlight::simd {

/// Rows that are summed: scale[b] times row b, or row ids[b] where there are ids.
struct ScaledRows {
  const float* scale = nullptr;
  const float* rows = nullptr;
  std::size_t stride = 0;
  std::size_t width = 0;              ///< floats of a row that are summed
  const std::int32_t* ids = nullptr;  ///< null: none
};

/// Rows that an optimizer moves: rows[i] by grad + i * stride.
struct MovedRows {
  const std::int32_t* rows = nullptr;
  std::size_t n = 0;
  std::size_t stride = 0;
  std::size_t width = 0;  ///< floats of a row that are moved
  const float* grad = nullptr;
};

/// Ratings whose user and movie occur once in a batch, by their rows of two tables and what scales a row to the
/// gradient of the other.
struct MovedPairs {
  const std::int32_t* users = nullptr;
  const std::int32_t* movies = nullptr;
  const float* scale = nullptr;
  std::size_t n = 0;
  std::size_t stride = 0;
  std::size_t width = 0;                       ///< floats of a row that are moved
  const std::int32_t* coming_users = nullptr;  ///< rows of the next step; null: none
  const std::int32_t* coming_movies = nullptr;
  std::size_t coming_count = 0;  ///< of each
};

/// Rows [first, last) of a table: row r is moved by grad + slot_of_row[r] * stride, or by nothing where that is
/// negative.
struct MovedStretch {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t stride = 0;
  const std::int32_t* slot_of_row = nullptr;
  const float* grad = nullptr;
};

using AdamFloatTables = std::array<float*, 3>;     ///< p, m, v
using AdagradFloatTables = std::array<float*, 2>;  ///< p, sum

/// One implementation of every kernel of training.h. Private to core/simd and its tests.
struct TrainingTable {
  void (*sigmoid_range)(const float* scores, std::size_t n, float low, float high, float* sigmoids,
                        float* predictions);  // null sigmoids: not wanted
  void (*sum_rows)(const ScaledRows& in, const std::int32_t* out_rows, std::size_t n, float* out);
  void (*sum_groups)(const ScaledRows& in, const std::uint32_t* begins, const std::int32_t* members, std::size_t first,
                     std::size_t last, float* out);
  void (*sgd_rows)(const SgdStep& step, const MovedRows& moved, float* p, float* velocity);  // null velocity: none
  void (*adam_rows)(const AdamStep& step, const MovedRows& moved, float* p, float* m, float* v);
  void (*adagrad_rows)(const AdagradStep& step, const MovedRows& moved, float* p, float* sum);
  void (*sgd_pairs)(const SgdStep& step, const MovedPairs& pairs, float* users, float* movies);
  void (*adam_pairs)(const AdamStep& step, const MovedPairs& pairs, const AdamFloatTables& users,
                     const AdamFloatTables& movies);
  void (*adagrad_pairs)(const AdagradStep& step, const MovedPairs& pairs, const AdagradFloatTables& users,
                        const AdagradFloatTables& movies);
  void (*adam_stretch)(const AdamStep& step, const MovedStretch& moved, float* p, float* m, float* v);
};

/// Plain loops that say what each kernel means.
[[nodiscard]] const TrainingTable& scalar_training();
/// The kernels compiled for `target`. Pre: it is among supported_targets().
[[nodiscard]] const TrainingTable& training_for(Target target);

}  // namespace rowlight::simd
