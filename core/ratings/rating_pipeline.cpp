#include "core/ratings/rating_pipeline.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <thread>
#include <utility>

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

// Reads so many bytes behind the line that `carry` begins.
Expected<void> RatingPipeline::fill(Text& text, std::string_view carry, std::size_t bytes) {
  constexpr std::size_t before = ChunkParser::bytes_before;
  const std::size_t wanted = before + carry.size() + bytes;
  if (text.buffer.size() < wanted) text.buffer.resize(wanted);
  char* const begin = text.buffer.data() + before;
  if (!carry.empty()) std::memmove(begin, carry.data(), carry.size());
  std::size_t got = 0;
  // In pieces, so that a cancelled load ends soon where the disk or the unpacking is slow.
  for (std::size_t piece = chunk_bytes; got < bytes && !source_.at_end();) {
    if (cancelled()) return loading_cancelled();
    auto count = source_.read({begin + carry.size() + got, std::min(piece, bytes - got)});
    if (!count) return tl::make_unexpected(count.error());
    got += *count;
  }
  const std::string_view all(begin, carry.size() + got);
  const std::size_t whole = source_.at_end() ? all.size() : complete_lines(all);
  text.lines = all.substr(0, whole);
  text.tail = all.substr(whole);
  const std::size_t too_long = long_line_at(all, longest_line);
  if (too_long == std::string_view::npos) return {};
  text.lines = all;
  Error error{ErrorKind::BadInput,
              "the line is longer than " + std::to_string(longest_line) + " bytes",
              "expected user, item and rating in each line",
              {},
              count_lines(all.substr(0, too_long)).lines + 1,
              0};
  return tl::make_unexpected(std::move(error));
}

Expected<std::string_view> RatingPipeline::look() {
  Text& before = waves_[current_];
  Text& next = waves_[1 - current_];
  if (auto done = fill(next, before.tail, wave_bytes); !done) return tl::make_unexpected(done.error());
  text_bytes_ += next.lines.size() + next.tail.size() - before.tail.size();
  current_ = 1 - current_;
  return next.lines;
}

void RatingPipeline::start(const Layout& layout, const ReadOptions& options, std::size_t from) {
  const Text& wave = waves_[current_];
  looked_at_ = wave.lines.substr(from);
  carry_.assign(wave.tail.begin(), wave.tail.end());
  waves_[1 - current_] = {};
  const std::size_t count = std::size_t{2} * pool_.threads() + 2;
  in_order_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    chunks_.push_back(std::make_unique<Chunk>(Chunk{{}, ChunkParser(layout, options, false), {}, false}));
    free_.push_back(chunks_.back().get());
  }
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

// The next lines of the text, or none where they are not whole yet. Returns whether there is more to read.
Expected<bool> RatingPipeline::fill_next(Chunk& chunk) {
  Text& text = chunk.text;
  if (!looked_at_.empty()) {
    const std::string_view first = first_chunk(looked_at_);
    text.buffer.resize(std::max(text.buffer.size(), ChunkParser::bytes_before + first.size()));
    std::memcpy(text.buffer.data() + ChunkParser::bytes_before, first.data(), first.size());
    text.lines = {text.buffer.data() + ChunkParser::bytes_before, first.size()};
    looked_at_.remove_prefix(first.size());
    step_read_ += first.size();
    if (looked_at_.empty()) waves_ = {};
    return !looked_at_.empty() || !carry_.empty() || !source_.at_end();
  }
  if (auto done = fill(text, {carry_.data(), carry_.size()}, chunk_bytes); !done) {
    return tl::make_unexpected(done.error());
  }
  carry_.assign(text.tail.begin(), text.tail.end());
  step_read_ += chunk_bytes;
  return !source_.at_end();
}

// What one thread does of a step.
void RatingPipeline::work(RatingAssembler& assembler) {
  std::unique_lock lock(mutex_);
  constexpr int looks = 100;  // being woken takes longer than most waits
  for (int look = 0; !failed(); ++look) {
    if (const auto column = column_to_assemble()) {
      assemble(*column, assembler, lock);
      look = 0;
    } else if (may_read()) {
      read_and_parse(lock);
      look = 0;
    } else if (read_enough_ && !reading_ && in_order_.empty()) {
      break;
    } else if (look < looks) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    } else {
      changed_.wait(lock);
      look = 0;
    }
  }
  changed_.notify_all();
}

// Runs what may need memory.
template <class Task>
void RatingPipeline::unlocked(std::unique_lock<std::mutex>& lock, const Task& task) {
  lock.unlock();
  bool enough = true;
  try {
    task();
  } catch (const std::bad_alloc&) {
    enough = false;
  }
  lock.lock();
  no_memory_ = no_memory_ || !enough;
}

void RatingPipeline::read_and_parse(std::unique_lock<std::mutex>& lock) {
  Chunk& chunk = *free_.back();
  free_.pop_back();
  reading_ = true;
  Expected<bool> more = true;
  unlocked(lock, [&] { more = fill_next(chunk); });
  reading_ = false;
  if (!more) filled_ = tl::make_unexpected(std::move(more.error()));
  read_enough_ = !more || !*more || step_read_ >= step_bytes;
  if (!more || no_memory_ || chunk.text.lines.empty()) {
    free_.push_back(&chunk);
    return changed_.notify_all();
  }
  chunk.done = false;
  in_order_.push_back(&chunk);
  changed_.notify_all();
  unlocked(lock, [&] { chunk.parser.parse(chunk.text.lines, chunk.parsed); });
  chunk.done = true;
  pass_on();
  changed_.notify_all();
}

// Lets the chunks be assembled that are parsed, as those before them are. Under which line a chunk begins is only known
// here; seldom is it one that names no movie.
void RatingPipeline::pass_on() {
  for (; passed_on_ < in_order_.size() && in_order_[passed_on_]->done && !no_memory_; ++passed_on_) {
    Chunk& chunk = *in_order_[passed_on_];
    try {
      if (unusable_block_ && chunk.parsed.continues_block()) chunk.parser.parse(chunk.text.lines, chunk.parsed, true);
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
    if (chunk.parsed.block_item) unusable_block_ = *chunk.parsed.block_item == RawIds::unusable;
  }
}

std::optional<RatingPipeline::Column> RatingPipeline::column_to_assemble() const {
  for (const Column column : {Column::Users, Column::Items, Column::Values}) {
    const auto i = static_cast<std::size_t>(column);
    if (!assembling_[i] && assembled_[i] < passed_on_) return column;
  }
  return {};
}

void RatingPipeline::assemble(Column column, RatingAssembler& assembler, std::unique_lock<std::mutex>& lock) {
  const auto i = static_cast<std::size_t>(column);
  assembling_[i] = true;
  ParsedChunk& chunk = in_order_[assembled_[i]]->parsed;
  unlocked(lock, [&] {
    switch (column) {
      case Column::Users: assembler.add_users(chunk); break;
      case Column::Items: assembler.add_items(chunk); break;
      case Column::Values: assembler.add_values(chunk); break;
    }
  });
  assembling_[i] = false;
  ++assembled_[i];
  while (std::ranges::all_of(assembled_, [](std::size_t count) { return count > 0; })) {
    free_.push_back(in_order_.front());
    in_order_.erase(in_order_.begin());
    --passed_on_;
    for (std::size_t& count : assembled_) --count;
  }
  changed_.notify_all();
}

Expected<bool> RatingPipeline::step(RatingAssembler& assembler) {
  step_read_ = 0;
  read_enough_ = false;
  const std::function<void(std::size_t)> piece = [&](std::size_t) { work(assembler); };
  pool_.parallel(pool_.threads(), piece);
  if (cancelled()) return loading_cancelled();
  if (no_memory_) return not_enough_memory();
  if (!filled_) {
    Error error = filled_.error();
    if (error.line > 0) error.line += assembler.lines().lines;
    return tl::make_unexpected(std::move(error));
  }
  return step_read_ >= step_bytes;
}

}  // namespace rowlight
