#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/simd/training.h"

namespace rowlight {

/// A batch taken apart: first its pairs, the ratings whose user and whose movie occur in it once, then the others; both
/// in the batch's order.
struct PairSplit {
  std::span<const std::int32_t> places;  ///< in the batch
  std::span<const std::int32_t> users;   ///< of the rating at each place
  std::span<const std::int32_t> movies;
  std::size_t pairs = 0;  ///< how many are pairs
};

/// Takes batches apart. No allocation after construction. Used by one thread at a time.
class PairSplitter {
 public:
  static constexpr std::size_t most_ratings = UINT16_MAX;  ///< of a batch

  /// For tables of so many rows, and batches of up to `batch_size` ratings, which is at most `most_ratings`.
  PairSplitter(std::size_t users, std::size_t movies, std::size_t batch_size);

  /// Fills `places`, `users` and `movies` for a batch, and returns how many ratings are pairs. Pre: all of the batch's
  /// size; rows are inside.
  std::size_t split(const simd::RatingColumns& batch, std::span<std::int32_t> places, std::span<std::int32_t> users,
                    std::span<std::int32_t> movies);

 private:
  std::vector<std::uint16_t> occurrences_[2];  // of users and movies in the batch; zeros between batches
  std::vector<std::int32_t> others_;           // places; written one further than is kept, never beyond the batch
};

}  // namespace rowlight
