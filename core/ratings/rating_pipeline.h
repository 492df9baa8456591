#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/stop.h"
#include "core/base/thread_pool.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/chunk_parser.h"
#include "core/ratings/rating_assembler.h"

namespace rowlight {

/// Carries the text of a file through the parser to the assembler. Each thread takes what is there to do: putting a
/// parsed chunk where it belongs, or else reading the next one (unpacking it) and parsing it at once, while it is in
/// the thread's cache. Where chunks end depends on the text alone and they are assembled in its order, so the number of
/// threads changes nothing.
///
/// Memory: two waves of text while it is looked at (6 MB, later 3); then some chunks, two for each thread and two more,
/// each with its text, two bits for each byte of it and its ratings, 12 bytes each or 20 with times: 0.3 MB for lines
/// of 20 bytes, up to 2 MB for the densest matrix, more where a line is longer than a chunk.
class RatingPipeline {
 public:
  static constexpr std::size_t longest_line = std::size_t{1} << 20U;
  static constexpr std::size_t wave_bytes = std::size_t{2} << 20U;  ///< that are looked at together; above longest_line
  static constexpr std::size_t step_bytes = std::size_t{4} << 20U;  ///< that are parsed together
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
  [[nodiscard]] std::string_view refused() const { return waves_[1 - current_].lines; }

  // ... and then parsed.

  /// Makes the parsers. What was looked at last is parsed from the byte `from` on.
  void start(const Layout& layout, const ReadOptions& options, std::size_t from);
  /// Some step_bytes further; all of it has been assembled then. Returns whether there is more to do. Errors: as
  /// look(), with the line's number in the file; Cancelled; BadInput when there is not enough memory.
  [[nodiscard]] Expected<bool> step(RatingAssembler& assembler);

 private:
  struct Text {
    std::vector<char> buffer;
    std::string_view lines;  // whole ones
    std::string_view tail;   // the beginning of a line that ends in what is read next
  };
  struct Chunk {
    Text text;
    ChunkParser parser;
    ParsedChunk parsed;
    bool done = false;  // parsing it
  };
  enum class Column : std::uint8_t { Users, Items, Values };
  static constexpr std::size_t columns = 3;

  Expected<void> fill(Text& text, std::string_view carry, std::size_t bytes);
  Expected<bool> fill_next(Chunk& chunk);
  void work(RatingAssembler& assembler);
  void read_and_parse(std::unique_lock<std::mutex>& lock);
  void pass_on();
  [[nodiscard]] std::optional<Column> column_to_assemble() const;
  void assemble(Column column, RatingAssembler& assembler, std::unique_lock<std::mutex>& lock);
  template <class Task>
  void unlocked(std::unique_lock<std::mutex>& lock, const Task& task);
  [[nodiscard]] bool cancelled() const { return is_set(cancel_); }
  [[nodiscard]] bool may_read() const { return !reading_ && !read_enough_ && !free_.empty(); }
  [[nodiscard]] bool failed() const { return no_memory_ || cancelled(); }

  ByteSource& source_;
  ThreadPool& pool_;
  const std::atomic<bool>* cancel_;
  std::array<Text, 2> waves_;
  std::size_t current_ = 0;  // what was looked at last
  std::uint64_t text_bytes_ = 0;

  // Of the thread that reads.
  std::string_view looked_at_;  // lines that are still to be parsed
  std::vector<char> carry_;     // the beginning of the next line
  std::size_t step_read_ = 0;   // bytes, in this step

  std::mutex mutex_;  // for all that follows
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Chunk*> free_;                      // the one used last is the last, since it may still be in the cache
  std::vector<Chunk*> in_order_;                  // those that were read and are not assembled
  std::size_t passed_on_ = 0;                     // of them, from the front: parsed, and may be assembled
  std::array<std::size_t, columns> assembled_{};  // of them, from the front, in each column
  std::array<bool, columns> assembling_{};
  bool reading_ = false;
  bool read_enough_ = false;  // for this step, or there is no more
  bool no_memory_ = false;
  bool unusable_block_ = false;  // what was passed on ends below a Netflix line that names no movie
  Expected<void> filled_;
};

}  // namespace rowlight
