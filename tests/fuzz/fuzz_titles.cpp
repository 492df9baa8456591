// Any bytes are titles or an error with a sentence; a title file never spoils the ratings that it is joined to.

#include "core/ratings/titles.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

namespace {

RatingSet small_set() {
  RatingSet set;
  for (const char* id : {"1", "2", "10", "tt0113277"}) set.movie_ids.add(id);
  return set;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const RatingSet untouched = small_set();
  RatingSet set = untouched;
  LoadReport report;
  const test::ScratchFile file("titles", data, size);
  const auto joined = join_titles({file.path(), {}}, {}, set, report, nullptr);
  require(set.movie_count() == untouched.movie_count(), "the movies stay");
  require(set.movie_info.empty() || set.movie_info.size() == set.movie_count(), "titles are there for all or for none");
  if (!joined) {
    require(!joined.error().what.empty(), "an error says what was found");
    require(set.movie_info.empty() && set.genres.empty(), "an error changes nothing");
  }
  for (const MovieInfo& movie : set.movie_info) {
    for (const std::int32_t genre : movie.genre_index) {
      require(genre >= 0 && static_cast<std::size_t>(genre) < set.genres.size(), "genres are in their list");
    }
  }
  return 0;
}
