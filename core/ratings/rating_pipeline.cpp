#include "core/ratings/rating_pipeline.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

#include "core/ratings/lines.h"
#include "core/ratings/load_errors.h"

namespace rowlight {
namespace {

// Where the first line begins that is longer than `most` bytes, its end not counted, or npos. Looks at some lines only:
// where each part of most + 1 bytes from a line's begin on has a line end, no line is too long. Pre: `text` begins with
// a line.
std::size_t long_line_at(std::string_view text, std::size_t most) {
  for (std::size_t begin = 0; text.size() - begin > most;) {
    const std::size_t end = text.substr(begin, most + 1).find_last_of("\r\n");
    if (end == std::string_view::npos) return begin;
    begin += end + 1;
  }
  return std::string_view::npos;
}

}  // namespace

RatingPipeline::RatingPipeline(ByteSource& source, ThreadPool& pool, const std::atomic<bool>* cancel)
    : source_(source), pool_(pool), cancel_(cancel) {}

// Reads the next wave behind the line that the one before has begun.
Expected<void> RatingPipeline::fill(Wave& wave, std::string_view carry) {
  constexpr std::size_t before = ChunkParser::bytes_before;
  const std::size_t wanted = before + longest_line + 1 + wave_bytes;  // the longest line and half of a CRLF
  if (wave.buffer.size() < wanted) wave.buffer.resize(wanted);
  char* const begin = wave.buffer.data() + before;
  if (!carry.empty()) std::memmove(begin, carry.data(), carry.size());
  std::size_t got = 0;
  // In pieces, so that a cancelled load ends soon where the disk or the unpacking is slow.
  for (std::size_t piece = chunk_bytes; got < wave_bytes && !source_.at_end();) {
    if (cancelled()) return loading_cancelled();
    auto count = source_.read({begin + carry.size() + got, std::min(piece, wave_bytes - got)});
    if (!count) return tl::make_unexpected(count.error());
    got += *count;
  }
  const std::string_view all(begin, carry.size() + got);
  const std::size_t whole = source_.at_end() ? all.size() : complete_lines(all);
  wave.text = all.substr(0, whole);
  wave.tail = all.substr(whole);
  const std::size_t too_long = long_line_at(all, longest_line);
  if (too_long == std::string_view::npos) return {};
  wave.text = all;
  Error error{ErrorKind::BadInput,
              "the line is longer than " + std::to_string(longest_line) + " bytes",
              "expected user, item and rating in each line",
              {},
              count_lines(all.substr(0, too_long)).lines + 1,
              0};
  return tl::make_unexpected(std::move(error));
}

Expected<std::string_view> RatingPipeline::look() {
  Wave& before = waves_[current_];
  Wave& next = waves_[1 - current_];
  if (auto done = fill(next, before.tail); !done) return tl::make_unexpected(done.error());
  text_bytes_ += next.text.size() + next.tail.size() - before.tail.size();
  current_ = 1 - current_;
  return next.text;
}

void RatingPipeline::start(const Layout& layout, const ReadOptions& options, std::size_t from) {
  layout_ = &layout;
  options_ = &options;
  waves_[current_].text.remove_prefix(from);
}

std::string_view RatingPipeline::first_chunk(std::string_view text) {
  if (text.size() <= chunk_bytes) return text;
  std::size_t length = complete_lines(text.substr(0, chunk_bytes));
  // One line longer than a chunk: up to its end, which is somewhere, but for the last line of the file.
  for (std::size_t more = chunk_bytes * 2; length == 0; more *= 2) {
    length = more < text.size() ? complete_lines(text.substr(0, more)) : text.size();
  }
  return text.substr(0, length);
}

void RatingPipeline::cut(Wave& wave) {
  wave.chunks.clear();
  for (std::string_view rest = wave.text; !rest.empty(); rest.remove_prefix(wave.chunks.back().size())) {
    wave.chunks.push_back(first_chunk(rest));
  }
}

// Under which line a chunk begins is known when those before it are parsed; seldom is it one that names no movie.
void RatingPipeline::reject_unusable_blocks(Wave& wave) {
  for (std::size_t i = 0; i < wave.used; ++i) {
    ParsedChunk& chunk = wave.parsed[i];
    if (unusable_block_ && chunk.continues_block()) parsers_[i].parse(wave.chunks[i], chunk, true);
    if (chunk.block_item) unusable_block_ = *chunk.block_item == RawIds::unusable;
  }
}

Expected<bool> RatingPipeline::step(RatingAssembler& assembler) {
  Wave& parsing = waves_[current_];
  Wave& other = waves_[1 - current_];  // its chunks are assembled, its buffer is filled
  const std::span<ParsedChunk> finished(other.parsed.data(), other.used);
  cut(parsing);
  const std::size_t count = parsing.chunks.size();
  if (parsing.parsed.size() < count) parsing.parsed.resize(count);
  while (parsers_.size() < count) parsers_.emplace_back(*layout_, *options_, false);

  Expected<void> filled;
  std::atomic<bool> no_memory{false};
  const std::array<std::function<void()>, 4> beside{
      [&] { filled = fill(other, parsing.tail); }, [&] { assembler.add_users(finished); },
      [&] { assembler.add_items(finished); }, [&] { assembler.add_values(finished); }};
  pool_.parallel(beside.size() + count, [&](std::size_t piece) {
    if (cancelled()) return;
    try {
      if (piece < beside.size()) {
        beside[piece]();
      } else {
        const std::size_t i = piece - beside.size();
        parsers_[i].parse(parsing.chunks[i], parsing.parsed[i]);
      }
    } catch (const std::bad_alloc&) {
      no_memory = true;
    }
  });
  if (cancelled()) return loading_cancelled();
  if (no_memory) return not_enough_memory();
  if (!filled) {
    Error error = filled.error();
    if (error.line > 0) error.line += assembler.lines().lines + count_lines(parsing.text).lines;
    return tl::make_unexpected(std::move(error));
  }
  parsing.used = count;
  reject_unusable_blocks(parsing);
  other.used = 0;
  current_ = 1 - current_;
  return count > 0 || !other.text.empty();
}

}  // namespace rowlight
