#include "core/train/training_order.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/base/random.h"

namespace rowlight {

namespace {

constexpr std::uint64_t first_epoch_stream = 1'000'000;  // of the seed: see Random

simd::RatingColumns columns_of(const RatingSet& ratings) { return {ratings.users, ratings.movies, ratings.ratings}; }

}  // namespace

TrainingOrder::TrainingOrder(const RatingSet& ratings, std::vector<std::int32_t> training, double valid_share,
                             std::uint64_t seed, std::size_t most_packed)
    : columns_(columns_of(ratings)),
      size_(training.size()),
      valid_share_(valid_share),
      seed_(seed),
      order_(std::move(training)),
      as_split_(true) {
  if (size_ > most_packed) {
    order_.reserve(ratings.size());  // so that no epoch needs memory
    return;
  }
  packed_.reserve(size_);
  shuffled_ = std::make_unique_for_overwrite<PackedRating[]>(size_);
  ahead_.ratings = std::make_unique_for_overwrite<PackedRating[]>(size_);
  ahead_.shuffle = BucketShuffle(size_);
  for (const std::int32_t position : order_) {
    const auto i = static_cast<std::size_t>(position);
    packed_.push_back({columns_.users[i], columns_.movies[i], columns_.ratings[i]});
  }
  order_ = std::vector<std::int32_t>();  // ends its memory
  as_split_ = false;
}

TrainingOrder::TrainingOrder(const RatingSet& ratings, std::vector<std::int64_t> given, std::size_t size)
    : columns_(columns_of(ratings)), size_(size), given_(std::move(given)), order_(size) {
  assert(size_ > 0 && given_.size() % size_ == 0);
}

void TrainingOrder::begin(int epoch, bool last) {
  ahead_.wanted = !last;
  if (!given_.empty()) {
    const std::size_t begin = static_cast<std::size_t>(epoch) * size_ % given_.size();
    std::ranges::transform(std::span(given_).subspan(begin, size_), order_.begin(),
                           [](std::int64_t position) { return static_cast<std::int32_t>(position); });
    return;
  }
  if (!packed_.empty()) {
    begin_packed(epoch);
    return;
  }
  if (!std::exchange(as_split_, false)) {
    order_.resize(columns_.users.size());
    const std::size_t held_out = order_for_split(order_, valid_share_, seed_);
    order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(held_out));
  }
  random_of(epoch).shuffle(std::span(order_));
}

Random TrainingOrder::random_of(int epoch) const {
  return {seed_, first_epoch_stream + static_cast<std::uint64_t>(epoch)};
}

void TrainingOrder::begin_packed(int epoch) {
  if (!ahead_.begun || ahead_.epoch != epoch) {
    std::swap(shuffled_, ahead_.ratings);  // one memory serves while nobody shuffles ahead
    begin_ahead(epoch);
  }
  ahead_.shuffle.go_on(size_, packed_, {ahead_.ratings.get(), size_});
  assert(ahead_.shuffle.done());
  std::swap(shuffled_, ahead_.ratings);
  ahead_.begun = false;
  ahead_.epoch = epoch + 1;
}

void TrainingOrder::shuffle_ahead(std::size_t places) {
  if (packed_.empty() || !ahead_.wanted) return;
  if (!ahead_.begun) begin_ahead(ahead_.epoch);
  ahead_.shuffle.go_on(places, packed_, {ahead_.ratings.get(), size_});
}

void TrainingOrder::begin_ahead(int epoch) {
  ahead_.begun = true;
  ahead_.epoch = epoch;
  ahead_.shuffle.begin(random_of(epoch));
}

void TrainingOrder::draw(std::size_t first, std::span<std::int32_t> users, std::span<std::int32_t> movies,
                         std::span<float> ratings) const {
  const std::size_t n = users.size();
  if (packed_.empty()) {
    simd::draw_ratings(columns_, std::span(order_).subspan(first, n), users, movies, ratings);
    return;
  }
  assert(first + n <= size_);
  const PackedRating* const from = shuffled_.get() + first;
  for (std::size_t i = 0; i < n; ++i) {
    users[i] = from[i].user;
    movies[i] = from[i].movie;
    ratings[i] = from[i].rating;
  }
}

}  // namespace rowlight
