#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

inline constexpr std::uint64_t sample_seed = 7;

/// The built-in data set: some 300 well-known films (title, year and genres are facts) and about 600 viewers
/// whose ratings are synthetic: drawn from planted genre tastes, half stars from 0.5 to 5. The same seed gives the
/// same set on every platform. Takes some 20 ms.
[[nodiscard]] RatingSetPtr make_sample(std::uint64_t seed = sample_seed);

/// Writes `set` as ratings.csv and movies.csv in the shape of MovieLens latest into `directory`, which is created
/// when missing. Errors: Io.
[[nodiscard]] Expected<void> write_movielens_csv(const RatingSet& set, const std::string& directory);

}  // namespace rowlight
