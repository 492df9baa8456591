#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/stop.h"
#include "core/base/thread_pool.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/chunk_parser.h"
#include "core/ratings/rating_assembler.h"

namespace rowlight {

/// Carries the text of a file through the parser to the assembler, in waves of some megabytes: while one wave is parsed
/// in chunks, the next one is read (and unpacked) and the one before is assembled. Where chunks end depends on the text
/// alone, so the number of threads changes nothing.
///
/// Memory: two waves of text (6 MB) and of their ratings, 12 bytes each or 20 with times, which is about as much again
/// for lines of 20 bytes, up to 15 MB for the shortest lines and 36 MB for a matrix of digits; the chunks' ids that are
/// no plain numbers; and a map of separators for each of the 8 to 12 chunks of a wave, 1 MB of address space each, of
/// which 4 bytes a separator are used. Some 15 MB for the usual file.
class RatingPipeline {
 public:
  static constexpr std::size_t longest_line = std::size_t{1} << 20U;
  static constexpr std::size_t wave_bytes = std::size_t{1} << 20U;
  static constexpr std::size_t chunk_bytes = std::size_t{128} << 10U;

  /// The first of the chunks that `text`, whole lines and not empty, is parsed in.
  [[nodiscard]] static std::string_view first_chunk(std::string_view text);

  /// `source` and `pool` have to outlive it. `cancel` may be null.
  RatingPipeline(ByteSource& source, ThreadPool& pool, const std::atomic<bool>* cancel);

  // First the text is looked at, as often as it takes to find out what it is ...

  /// The next wave as whole lines, except for the last line of the text; empty at the end. It lives until the next
  /// call. Errors: of the source; BadInput for a line longer than longest_line, its number counted from the start of
  /// this wave.
  [[nodiscard]] Expected<std::string_view> look();

  /// Bytes of text that look() has read, with the beginning of the line that its wave leaves for the next one.
  [[nodiscard]] std::uint64_t text_bytes() const { return text_bytes_; }

  /// What look() had read when it failed for a line that is too long.
  [[nodiscard]] std::string_view refused() const { return waves_[1 - current_].text; }

  // ... and then parsed.

  /// Makes the parsers. What was looked at last is parsed from the byte `from` on.
  void start(const Layout& layout, const ReadOptions& options, std::size_t from);
  /// One wave further. Returns whether there is more to do. Errors: as look(), with the line's number in the file;
  /// Cancelled; BadInput when there is not enough memory.
  [[nodiscard]] Expected<bool> step(RatingAssembler& assembler);

 private:
  struct Wave {
    std::vector<char> buffer;
    std::string_view text;  // whole lines
    std::string_view tail;  // the beginning of a line that ends in the next wave
    std::vector<std::string_view> chunks;
    std::vector<ParsedChunk> parsed;  // as many as there were chunks in a wave, of which `used` hold something
    std::size_t used = 0;
  };

  Expected<void> fill(Wave& wave, std::string_view carry);
  static void cut(Wave& wave);
  void reject_unusable_blocks(Wave& wave);
  [[nodiscard]] bool cancelled() const { return is_set(cancel_); }

  ByteSource& source_;
  ThreadPool& pool_;
  const std::atomic<bool>* cancel_;
  std::array<Wave, 2> waves_;
  std::uint64_t text_bytes_ = 0;
  std::size_t current_ = 0;  // the wave that is parsed next; the other one is read and assembled meanwhile
  std::vector<ChunkParser> parsers_;
  const Layout* layout_ = nullptr;
  const ReadOptions* options_ = nullptr;
  bool unusable_block_ = false;  // the text that was parsed ends below a Netflix line that names no movie
};

}  // namespace rowlight
