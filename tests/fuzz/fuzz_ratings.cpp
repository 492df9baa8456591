// Any bytes are ratings or an error with a sentence; what is loaded is consistent.

#include <cmath>

#include "core/ratings/reader.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses how repeated pairs are dealt with, so that all ways are walked.
  ReadOptions options;
  options.duplicates = static_cast<Duplicates>(data[0] % 5);
  const test::ScratchFile file("ratings", data + 1, size - 1);
  const auto loaded = read_ratings(file.path(), options);
  if (!loaded) {
    require(!loaded.error().what.empty(), "an error says what was found");
    return 0;
  }
  const RatingSet& set = *loaded->set;
  require(set.size() > 0, "a set that loads is not empty");
  require(set.users.size() == set.size() && set.movies.size() == set.size(), "columns have one length");
  require(set.times.empty() || set.times.size() == set.size(), "times are there for all or for none");
  for (std::size_t i = 0; i < set.size(); ++i) {
    require(set.users[i] >= 0 && static_cast<std::size_t>(set.users[i]) < set.user_count(), "users are in their list");
    require(set.movies[i] >= 0 && static_cast<std::size_t>(set.movies[i]) < set.movie_count(),
            "movies are in their list");
    require(std::isfinite(set.ratings[i]), "ratings are finite");
  }
  require(loaded->report.loaded == set.size(), "the report counts what is there");
  return 0;
}
