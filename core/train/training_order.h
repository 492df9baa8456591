#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/ratings/rating_set.h"
#include "core/simd/training.h"
#include "core/train/bucket_shuffle.h"

namespace rowlight {

/// The ratings that a run trains on, and the order in which an epoch takes them: by seed and epoch alone, or one that
/// was given.
///
/// A few million are packed, with what belongs to a rating beside each other, and shuffled by buckets: one copy is as
/// they were split, one in the order of the epoch, so that to draw them is to read on, and in one the next epoch's
/// order may be made ahead (36 bytes a rating; memory that is not needed is not touched). Of more there is one array of
/// positions and nothing else, and they are drawn from random places of their columns; it is split anew when a later
/// epoch begins, which takes as long as to shuffle it.
class TrainingOrder {
 public:
  /// Pre: `training` is that of split_randomly(ratings.size(), valid_share, seed), not empty; `ratings` stays as it is
  /// while this lives. Up to `most_packed` ratings are packed: it is part of what defines the order.
  TrainingOrder(const RatingSet& ratings, std::vector<std::int32_t> training, double valid_share, std::uint64_t seed,
                std::size_t most_packed = 1U << 22);
  /// Positions that were given: `size` of one epoch, or as many for each. Pre: they are inside; `ratings` as above.
  TrainingOrder(const RatingSet& ratings, std::vector<std::int64_t> given, std::size_t size);

  /// Ratings of an epoch.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Puts them into the order of `epoch`, counted from 0. To be called before the first draw(). After the `last` epoch
  /// nothing is made ahead.
  void begin(int epoch, bool last = false);
  /// Goes on with what the begin() of the next epoch will need, by `places` of its order; does nothing when there is
  /// nothing to do. Safe beside draw(), not beside begin(); by one thread at a time.
  void shuffle_ahead(std::size_t places);
  /// Those from place `first` of the epoch on. Pre: equal sizes; first + users.size() <= size(). Safe from several
  /// threads on outputs that do not overlap.
  void draw(std::size_t first, std::span<std::int32_t> users, std::span<std::int32_t> movies,
            std::span<float> ratings) const;

 private:
  [[nodiscard]] Random random_of(int epoch) const;
  void begin_packed(int epoch);
  void begin_ahead(int epoch);

  simd::RatingColumns columns_;
  std::size_t size_;
  double valid_share_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<std::int64_t> given_;
  std::vector<PackedRating> packed_;          // as the split has them, or none
  std::unique_ptr<PackedRating[]> shuffled_;  // those of the epoch
  std::vector<std::int32_t> order_;           // of the epoch: places in columns_; none where ratings are packed
  bool as_split_ = false;                     // order_ is not yet shuffled
  // Of packed ratings, those of the epoch that may come next, as far as their order was made ahead.
  struct Ahead {
    int epoch = 0;
    bool wanted = true;
    bool begun = false;
    std::unique_ptr<PackedRating[]> ratings;
    BucketShuffle shuffle{1};
  };
  Ahead ahead_;
};

}  // namespace rowlight
