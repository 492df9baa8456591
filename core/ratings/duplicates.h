#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/reader.h"

namespace rowlight {

struct DuplicateCounts {
  std::uint64_t duplicates = 0;       ///< rows whose pair stood before
  std::uint64_t conflicts = 0;        ///< duplicates with another rating than the row of that pair before
  std::optional<std::int32_t> first;  ///< the first such row, in the order of the file
};

/// Finds the rows of `set` whose (user, movie) pair stood before and deals with them as `how` says: the rows that go
/// are taken out of all columns, the others keep their order. With Mean the last row stays, with the mean rating.
/// With Fail and KeepAll nothing is changed. `beside`, if there is one, is called once on some thread of the pool,
/// while others work: it must not throw, nor touch the columns of `set`. O(ratings) on all threads of the pool, which
/// changes no result; memory: 6 bytes a rating, and for each thread some megabytes, a bit a rating and 4 bytes a movie
/// (32 MB for all threads, if that is more than one needs). Errors: Cancelled; BadInput when there is not enough
/// memory. `set` is then of no use, and `beside` perhaps not called.
[[nodiscard]] Expected<DuplicateCounts> settle_duplicates(RatingSet& set, Duplicates how, ThreadPool& pool,
                                                          const std::atomic<bool>* cancel,
                                                          const std::function<void()>& beside = {});

}  // namespace rowlight
