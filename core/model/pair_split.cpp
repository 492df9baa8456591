#include "core/model/pair_split.h"

#include <algorithm>
#include <cassert>

namespace rowlight {

PairSplitter::PairSplitter(std::size_t users, std::size_t movies, std::size_t batch_size)
    : occurrences_{std::vector<std::uint16_t>(users, 0), std::vector<std::uint16_t>(movies, 0)}, others_(batch_size) {
  assert(batch_size <= most_ratings);
}

std::size_t PairSplitter::split(const simd::RatingColumns& batch, std::span<std::int32_t> places,
                                std::span<std::int32_t> users, std::span<std::int32_t> movies) {
  const std::size_t n = batch.users.size();
  assert(n <= others_.size() && places.size() == n && users.size() == n && movies.size() == n);
  std::uint16_t* const of_user = occurrences_[0].data();
  std::uint16_t* const of_movie = occurrences_[1].data();
  for (std::size_t b = 0; b < n; ++b) {
    ++of_user[batch.users[b]];
    ++of_movie[batch.movies[b]];
  }
  std::size_t pairs = 0;
  std::size_t others = 0;
  for (std::size_t b = 0; b < n; ++b) {  // without a branch, which could not be foretold
    const bool pair = (of_user[batch.users[b]] | of_movie[batch.movies[b]]) == 1;
    places[pairs] = others_[others] = static_cast<std::int32_t>(b);
    pairs += pair ? 1 : 0;
    others += pair ? 0 : 1;
  }
  std::copy_n(others_.begin(), others, places.begin() + static_cast<std::ptrdiff_t>(pairs));
  for (std::size_t i = 0; i < n; ++i) {
    const auto b = static_cast<std::size_t>(places[i]);
    users[i] = batch.users[b];
    movies[i] = batch.movies[b];
    of_user[users[i]] = of_movie[movies[i]] = 0;
  }
  return pairs;
}

}  // namespace rowlight
