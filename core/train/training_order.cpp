#include "core/train/training_order.h"

#include <algorithm>
#include <cassert>
#include <numeric>
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
  ahead_.order.reserve(size_);  // memory that nobody touches before it is wanted
  for (const std::int32_t position : order_) {
    const auto i = static_cast<std::size_t>(position);
    packed_.push_back({columns_.users[i], columns_.movies[i], columns_.ratings[i]});
  }
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
  if (ahead_.order.empty() || ahead_.epoch != epoch) {
    std::swap(order_, ahead_.order);  // one memory serves while nobody shuffles ahead
    ahead_.order.clear();
    ahead_.epoch = epoch;
  }
  go_on_ahead(size_);
  std::swap(order_, ahead_.order);
  ahead_.order.clear();
  ahead_.epoch = epoch + 1;
}

void TrainingOrder::shuffle_ahead(std::size_t places) {
  if (!packed_.empty() && ahead_.wanted) go_on_ahead(places);
}

void TrainingOrder::go_on_ahead(std::size_t places) {
  if (ahead_.order.empty()) {
    ahead_.order.resize(size_);
    std::iota(ahead_.order.begin(), ahead_.order.end(), 0);
    ahead_.left = size_;
    ahead_.random = random_of(ahead_.epoch);
  }
  ahead_.left = ahead_.random.shuffle_some(std::span(ahead_.order).first(ahead_.left), places).size();
}

void TrainingOrder::draw(std::size_t first, std::span<std::int32_t> users, std::span<std::int32_t> movies,
                         std::span<float> ratings) const {
  const auto positions = std::span(order_).subspan(first, users.size());
  if (packed_.empty()) {
    simd::draw_ratings(columns_, positions, users, movies, ratings);
  } else {
    simd::draw_ratings(packed_, positions, users, movies, ratings);
  }
}

}  // namespace rowlight
