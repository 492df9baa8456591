#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/matrix.h"
#include "core/simd/kernels.h"

namespace rowlight::simd {

// What a minibatch does to many rows at a time. All: no allocation, no failure, safe to call from several threads on
// outputs that do not overlap; shapes are preconditions. Results of one target do not depend on alignment or on how
// rows are split into calls; different targets may round differently. Views may be those of some columns, all of the
// same ones, but for adam_stretch(): what is done to a column depends on that column alone. They run on the target of
// the process, also in a thread that has a ThreadTarget.

/// Parallel columns of ratings.
struct RatingColumns {
  std::span<const std::int32_t> users;
  std::span<const std::int32_t> movies;
  std::span<const float> ratings;
};

/// users[b] = from.users[positions[b]], and so on. Ratings lie in their columns in any order, so those of the positions
/// to come are fetched ahead. Pre: equal sizes; positions are inside.
void draw_ratings(const RatingColumns& from, std::span<const std::int32_t> positions, std::span<std::int32_t> users,
                  std::span<std::int32_t> movies, std::span<float> ratings);

/// sigmoids[b] = 1 / (1 + exp(-scores[b])); predictions[b] = sigmoids[b] * (high - low) + low. NaN stays NaN. Error of
/// a sigmoid: at most 4e-7 of its value, and 1e-38. Pre: equal sizes, but `sigmoids` may be empty: not wanted.
/// `predictions` may be the same memory as `scores`.
void sigmoid_range(std::span<const float> scores, float low, float high, std::span<float> sigmoids,
                   std::span<float> predictions);

/// out[out_rows[b]] <- sum of scale[b] * rows[ids[b]] over the b with that output row, in rising order of b from zero;
/// no `ids`: of rows[b]. Pre: output rows are numbered by first appearance (out_rows[0] == 0, a new one is one more
/// than all before); equal strides; out overlaps nothing.
void sum_rows(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> ids,
              std::span<const std::int32_t> out_rows, MatrixView out);

/// The positions of a batch by slot: those of slot i are members[begins[i]] ... members[begins[i + 1] - 1], rising.
struct SlotGroups {
  std::span<const std::uint32_t> begins;  ///< one more than there are slots
  std::span<const std::int32_t> members;
};

/// The rows [first, last) of what sum_rows() gives, with the same bits. Pre: as there.
void sum_groups(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> ids,
                const SlotGroups& groups, std::size_t first, std::size_t last, MatrixView out);

// Steps of optimizers on rows of a table and of its states: row rows[i] moves by gradient row i, as by sgd(), adam() or
// adagrad() on its floats. Pre: `rows` are distinct and inside the tables; all tables have one stride. A column of
// scalars (stride 1) is taken some rows at a time. Where there are states, the next `rows` are fetched meanwhile.

/// `velocity` without data: none; then step.momentum must be 0.
void sgd_rows(const SgdStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
              MatrixView velocity);
void adam_rows(const AdamStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
               MatrixView m, MatrixView v);
void adagrad_rows(const AdagradStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
                  MatrixView sum);

/// Ratings of a batch: the rows of their users and movies, and the gradients of their scores.
struct RatingPairs {
  std::span<const std::int32_t> users;
  std::span<const std::int32_t> movies;
  std::span<const float> grad_scores;
};

/// A table and its optimizer states, of one stride.
struct AdamTables {
  MatrixView p;
  MatrixView m;
  MatrixView v;
};
struct AdagradTables {
  MatrixView p;
  MatrixView sum;
};

// The same steps in one pass over ratings whose user and whose movie occur once in a batch, so that the gradient of one
// row is the other as it was before, times that of the score: the bits of sum_rows() and the steps above, without the
// gradient in memory. Pre: users and movies are distinct each and inside the tables; one stride, of several floats;
// no momentum and no decay. `coming`, users and movies of the next step, are brought into the second-level cache
// meanwhile; without them it is the next `pairs` that are fetched.

void sgd_pairs(const SgdStep& step, const RatingPairs& pairs, MatrixView users, MatrixView movies,
               const RatingPairs& coming = {});
void adam_pairs(const AdamStep& step, const RatingPairs& pairs, const AdamTables& users, const AdamTables& movies,
                const RatingPairs& coming = {});
void adagrad_pairs(const AdagradStep& step, const RatingPairs& pairs, const AdagradTables& users,
                   const AdagradTables& movies, const RatingPairs& coming = {});

/// One pass over rows [first, last) of a table: row r moves by gradient row slot_of_row[r], or by zeros where
/// that is negative, as by adam(). Pre: one stride; slot_of_row.size() == p.rows.
void adam_stretch(const AdamStep& step, std::size_t first, std::size_t last, std::span<const std::int32_t> slot_of_row,
                  ConstMatrixView grad, MatrixView p, MatrixView m, MatrixView v);

}  // namespace rowlight::simd
