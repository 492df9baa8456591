#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/error.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/dialect.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// Where the ratings begin in a file's text, as UTF-8 and unpacked.
struct DataBegin {
  std::uint64_t bytes = 0;  ///< before them, a byte order mark too
  std::uint64_t lines = 0;  ///< before them
};

/// The line, from 1, of the rating number `row` (from 0) of a file that was read by `layout` and `options` before, from
/// `begin` on. Reads the file again up to there, which saves a load the line of every rating.
/// Cost: one pass on one thread; memory: some megabytes. `cancel` may be null.
/// Errors: Cancelled; those of ByteSource; Io where the file has no such row any more.
[[nodiscard]] Expected<std::uint64_t> line_of_row(const InputName& input, const Layout& layout,
                                                  const ReadOptions& options, const DataBegin& begin, std::uint64_t row,
                                                  const std::atomic<bool>* cancel);

}  // namespace rowlight
