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
/// zero (DotModel::predict). The loss depends on the model alone, not on threads. Used by one thread at a time.
class Validation {
 public:
  Validation() = default;
  /// The ratings of the training set itself at `positions`. `counts`: training ratings of each row.
  Validation(const RatingSet& ratings, std::span<const std::int32_t> positions, const RowCounts& user_counts,
             const RowCounts& movie_counts);
  /// Another set; rows are matched by id.
  Validation(const RatingSet& test, const RatingSet& ratings, const RowCounts& user_counts,
             const RowCounts& movie_counts);

  [[nodiscard]] std::size_t size() const { return ratings_.size(); }
  /// Distinct users and movies that training never sees.
  [[nodiscard]] std::uint64_t unseen_users() const { return unseen_users_; }
  [[nodiscard]] std::uint64_t unseen_movies() const { return unseen_movies_; }

  void begin();
  /// Validates a chunk, some 65,000 ratings. Returns whether all are done. Pre: size() > 0; begin() was called.
  bool advance(const DotModel& model, ThreadPool& pool);
  /// Mean squared error over all ratings. Pre: advance() returned true.
  [[nodiscard]] double loss() const { return sum_ / static_cast<double>(ratings_.size()); }

 private:
  std::vector<std::int32_t> users_;  // -1: not in training
  std::vector<std::int32_t> movies_;
  std::vector<float> ratings_;
  std::uint64_t unseen_users_ = 0;
  std::uint64_t unseen_movies_ = 0;
  std::size_t done_ = 0;
  double sum_ = 0;
};

}  // namespace rowlight
