#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.h"

namespace rowlight {

/// What belongs to one rating beside each other.
struct PackedRating {
  std::int32_t user;
  std::int32_t movie;
  float rating;
};

/// A uniform shuffle of many ratings into other memory, some at a time. Each goes to a bucket that is drawn evenly, and
/// buckets that fit into a cache are then shuffled for themselves (Rao 1961, Sandelius 1962), so that no place in
/// memory is met by chance but those of one bucket. The result depends on the random numbers and on nothing else. No
/// allocation after construction. Used by one thread at a time.
class BucketShuffle {
 public:
  /// For `size` ratings. Buckets have at most `bucket_size` in the mean, as long as 65,536 of them suffice. Pre:
  /// neither is 0; size < 2^32.
  explicit BucketShuffle(std::size_t size, std::size_t bucket_size = 1U << 13);

  /// Begins anew.
  void begin(const Random& random);
  /// Goes on by `places` of the result or some more: done() when those of all calls add up to the size. Pre: begun;
  /// `from` and `to` are of that size, do not overlap, and are the same in all calls.
  void go_on(std::size_t places, std::span<const PackedRating> from, std::span<PackedRating> to);
  [[nodiscard]] bool done() const { return pass_ == Pass::Done; }

 private:
  enum class Pass { Count, Deal, Shuffle, Done };
  /// The buckets of the ratings [at_, at_ + n), in order, to `each`.
  template <class Each>
  void draw_buckets(std::size_t n, const Each& each);
  void count(std::size_t n);
  void deal(std::size_t n, std::span<const PackedRating> from, std::span<PackedRating> to);
  void shuffle(std::size_t n, std::span<PackedRating> to);

  std::size_t size_;
  std::uint32_t last_bucket_;        // their number, a power of two, less one
  std::vector<std::uint32_t> ends_;  // by bucket: ratings counted, then where the next is dealt, at last its end
  Pass pass_ = Pass::Done;
  std::size_t at_ = 0;  // ratings done in this pass
  Random start_{0};     // both counting and dealing draw from here
  Random random_{0};
  std::uint64_t bits_ = 0;  // drawn, for the next buckets
  std::size_t bucket_ = 0;  // that is shuffled
  std::size_t left_ = 0;    // places of it
};

}  // namespace rowlight
