#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "core/ratings/reader.h"
#include "tests/fuzz/scratch_file.h"

namespace rowlight::test {

/// Reads `bytes` as a rating file: they are an error with a sentence, or what is loaded is consistent.
inline void read_any(const char* name, std::string_view bytes, const ReadOptions& options) {
  const ScratchFile file(name, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  LoadControl control;
  LoadReport failed;
  control.threads = 1;
  control.failed_report = &failed;
  const auto loaded = read_ratings(file.path(), options, control);
  if (!loaded) {
    require(!loaded.error().what.empty(), "an error says what was found");
    require(loaded.error().message().find('\n') == std::string::npos, "an error is one line");
    return;
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
}

}  // namespace rowlight::test
