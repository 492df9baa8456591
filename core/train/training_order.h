#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/ratings/rating_set.h"
#include "core/simd/training.h"

namespace rowlight {

/// The ratings that a run trains on, and the order in which an epoch takes them: by seed and epoch alone, or one that
/// was given.
///
/// Ratings lie at random places of their columns. Of a few million a second copy is kept, with what belongs to a rating
/// beside each other, so that to draw one misses the caches once and not three times, and the next epoch's order may be
/// made ahead. Of more there is one array of positions and nothing else: it is split anew when a later epoch begins,
/// which takes as long as to shuffle it.
class TrainingOrder {
 public:
  /// Pre: `training` is that of split_randomly(ratings.size(), valid_share, seed), not empty; `ratings` stays as it is
  /// while this lives. Ratings up to `most_packed` are packed.
  TrainingOrder(const RatingSet& ratings, std::vector<std::int32_t> training, double valid_share, std::uint64_t seed,
                std::size_t most_packed = 1U << 22);
  /// Positions that were given: `size` of one epoch, or as many for each. Pre: they are inside; `ratings` as above.
  TrainingOrder(const RatingSet& ratings, std::vector<std::int64_t> given, std::size_t size);

  /// Ratings of an epoch.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Puts them into the order of `epoch`, counted from 0. To be called before the first draw(). After the `last` epoch
  /// nothing is made ahead.
  void begin(int epoch, bool last = false);
  /// Goes on with what the begin() of the next epoch will need, by `places` of its order (the first call numbers all of
  /// them); does nothing when there is nothing to do. Safe beside draw(), not beside begin(); by one thread at a time.
  void shuffle_ahead(std::size_t places);
  /// Those from place `first` of the epoch on. Pre: equal sizes; first + users.size() <= size(). Safe from several
  /// threads on outputs that do not overlap.
  void draw(std::size_t first, std::span<std::int32_t> users, std::span<std::int32_t> movies,
            std::span<float> ratings) const;

 private:
  [[nodiscard]] Random random_of(int epoch) const;
  void begin_packed(int epoch);
  void go_on_ahead(std::size_t places);

  simd::RatingColumns columns_;
  std::size_t size_;
  double valid_share_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<std::int64_t> given_;
  std::vector<simd::PackedRating> packed_;  // as the split has them, or none
  std::vector<std::int32_t> order_;         // of the epoch: places in packed_, or else in columns_
  bool as_split_ = false;                   // order_ is not yet shuffled
  // Of packed ratings, the order of the epoch that may come next, as far as it was made ahead.
  struct Ahead {
    int epoch = 0;
    bool wanted = true;
    std::vector<std::int32_t> order;  // empty: not begun
    std::size_t left = 0;             // places to shuffle
    Random random{0};
  };
  Ahead ahead_;
};

}  // namespace rowlight
