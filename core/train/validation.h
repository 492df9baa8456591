#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/model/dot_model.h"
#include "core/ratings/rating_set.h"
#include "core/train/live_tables.h"

namespace rowlight {

/// Ratings to validate on, and one validation in chunks. A row that training never sees counts as -1: it contributes
/// zero (DotModel::predict). The loss depends on the model alone, not on threads. The ratings are read where they are,
/// without a copy. Used by one thread at a time.
class Validation {
 public:
  Validation() = default;
  /// The ratings of the training set itself at `positions`. `counts`: training ratings of each row.
  Validation(RatingSetPtr ratings, std::vector<std::int32_t> positions, const RowCounts& user_counts,
             const RowCounts& movie_counts);
  /// Another set; rows are matched by id.
  Validation(RatingSetPtr test, const RatingSet& ratings, const RowCounts& user_counts, const RowCounts& movie_counts);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Distinct users and movies that training never sees.
  [[nodiscard]] std::uint64_t unseen_users() const { return unseen_users_; }
  [[nodiscard]] std::uint64_t unseen_movies() const { return unseen_movies_; }

  void begin();
  /// Validates a chunk, some 65,000 ratings. Returns whether all are done. Pre: size() > 0; begin() was called.
  bool advance(const DotModel& model, ThreadPool& pool);
  /// Mean squared error over all ratings. Pre: advance() returned true.
  [[nodiscard]] double loss() const { return sum_ / static_cast<double>(size_); }

 private:
  /// Their sum over ratings [first, first + n). Pre: n is not more than a piece.
  [[nodiscard]] double squared_errors(const DotModel& model, std::size_t first, std::size_t n) const;

  RatingSetPtr set_;
  std::size_t size_ = 0;
  std::vector<std::int32_t> positions_;  // into the set; empty: all of it
  std::vector<std::int32_t> rows_[2];    // of the model, for each user and movie of the set; -1: not in training
  std::uint64_t unseen_users_ = 0;
  std::uint64_t unseen_movies_ = 0;
  std::size_t done_ = 0;
  double sum_ = 0;
};

}  // namespace rowlight
