#pragma once

#include <atomic>
#include <string>

#include "core/base/error.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// The title file that stands beside a rating file (u.item, movies.csv, movies.dat, books.csv, BX-Books.csv,
/// movie_titles.txt; the one that belongs to `format` first), in its folder or its archive; an empty path where there
/// is none.
[[nodiscard]] InputName find_titles_beside(const InputName& ratings, const std::string& format);

/// Reads the title file `input` and joins it to set.movie_ids by id: fills movie_info and genres of `set` and the
/// title counts, notices and evidence of `report`. What is wrong with single rows is a notice.
/// Errors: Io, BadInput where the file holds no titles at all, or Cancelled soon after `cancel` (which may be null)
/// says so; `set` is then unchanged.
[[nodiscard]] Expected<void> join_titles(const InputName& input, const ReadOptions& options, RatingSet& set,
                                         LoadReport& report, const std::atomic<bool>* cancel);

}  // namespace rowlight
