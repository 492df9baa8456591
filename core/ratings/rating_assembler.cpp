#include "core/ratings/rating_assembler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <span>

#include "core/base/system.h"
#include "core/base/text.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

constexpr std::size_t smallest_number_table = 4096;

template <class T>
void append(std::vector<T>& column, const T* values, std::size_t count) {
  if (column.capacity() - column.size() >= count) expect_writes(column.data() + column.size(), count * sizeof(T));
  column.insert(column.end(), values, values + count);
}

std::string_view text_of(std::uint64_t number, std::array<char, 20>& digits) {
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

}  // namespace

void RatingAssembler::reserve(std::size_t ratings) {
  set_.users.reserve(ratings);
  set_.movies.reserve(ratings);
  set_.ratings.reserve(ratings);
  if (layout_.time) set_.times.reserve(ratings);
}

void RatingAssembler::skip_lines(const LineCounts& counts, std::uint64_t blank_lines) {
  lines_.add(counts);
  blank_lines_ += blank_lines;
}

std::int32_t RatingAssembler::index_of(std::uint32_t value, const RawIds& ids, Mapper& mapper, Vocabulary& vocabulary) {
  if (value == RawIds::carried) {
    if (!mapper.carried) mapper.carried = vocabulary.add(mapper.carried_id);
    return *mapper.carried;
  }
  if (value >= RawIds::first_text) {
    std::int32_t& index = mapper.by_text[value - RawIds::first_text];
    if (index < 0) index = vocabulary.add(ids.texts.id(static_cast<std::int32_t>(value - RawIds::first_text)));
    return index;
  }
  std::array<char, 20> digits;
  const std::uint64_t number = value + mapper.base;
  if (number >= RawIds::first_text) return vocabulary.add(text_of(number, digits));
  std::int32_t& index = mapper.by_number[number];
  if (index < 0) index = vocabulary.add(text_of(number, digits));
  return index;
}

void RatingAssembler::map(const ParsedChunk& chunk, RawIds& ids, Mapper& mapper, Vocabulary& vocabulary,
                          std::vector<std::int32_t>& column) {
  mapper.by_text.assign(ids.texts.size(), -1);
  const std::uint64_t largest = std::min<std::uint64_t>(
      RawIds::first_text - 1, mapper.base + std::max<std::uint64_t>(ids.largest_number, chunk.data_lines));
  if (largest >= mapper.by_number.size()) {
    mapper.by_number.resize(std::max<std::size_t>(smallest_number_table, std::bit_ceil(largest + 1)), -1);
  }
  // In place, and then as one block: a vector that is resized would be written twice.
  const std::span<std::uint32_t> values(ids.values.data(), chunk.rows);
  const std::span<const std::int32_t> known(mapper.by_number);
  for (std::uint32_t& value : values) {
    const std::int32_t seen = mapper.base == 0 && value < known.size() ? known[value] : -1;
    value = static_cast<std::uint32_t>(seen >= 0 ? seen : index_of(value, ids, mapper, vocabulary));
  }
  static_assert(sizeof(std::uint32_t) == sizeof(std::int32_t));
  append(column, reinterpret_cast<const std::int32_t*>(values.data()), chunk.rows);
}

void RatingAssembler::add_users(ParsedChunk& chunk) {
  map(chunk, chunk.users, users_, set_.user_ids, set_.users);
  users_.base += chunk.data_lines;  // a matrix names its users by their lines
}

void RatingAssembler::add_items(ParsedChunk& chunk) {
  map(chunk, chunk.items, items_, set_.movie_ids, set_.movies);
  if (!chunk.block_item || *chunk.block_item == RawIds::unusable) return;
  // Not mapped before a rating asks for it: a movie without ratings is none of the items.
  items_.carried_id = chunk.items.text_of(*chunk.block_item);
  items_.carried.reset();
}

void RatingAssembler::add_values(ParsedChunk& chunk) {
  append(set_.ratings, chunk.ratings.data(), chunk.rows);
  if (layout_.time && chunk.rows > 0) add_times(chunk);
  bad_line_count_ += chunk.bad_line_count;
  for (BadLine& bad : chunk.bad_lines) {
    if (bad_lines_.size() == LoadReport::most_bad_lines) break;
    bad.line += lines_.lines;
    bad_lines_.push_back(std::move(bad));
  }
  if (chunk.foreign && !foreign_) {
    foreign_ = ForeignBytes{lines_.lines + chunk.foreign->line, chunk.foreign->column};
  }
  ascii_ = ascii_ && chunk.ascii;
  lines_.add(chunk.line_counts);
  blank_lines_ += chunk.blank_lines;
  not_rated_ += chunk.not_rated;
  stats_.add(chunk.stats);
}

void RatingAssembler::finish(LoadReport& report) {
  report.blank_lines = blank_lines_;
  stats_.finish(report);
  if (not_rated_ > 0) {
    report.notices.push_back(std::to_string(not_rated_) +
                             " rows hold the value declared as not rated and are left out");
  }
  if (layout_.time) finish_times(report);
}

// Most times of the first chunk decide the unit of those that could be milliseconds.
void RatingAssembler::add_times(ParsedChunk& chunk) {
  TimeStats& stats = chunk.time_stats;
  const std::span<std::int64_t> times(chunk.times.data(), chunk.rows);
  const auto large = [](std::int64_t time) { return time >= first_millisecond_time; };
  std::size_t many = 0;
  if (large(stats.max)) {
    many = large(stats.min) ? times.size() : static_cast<std::size_t>(std::count_if(times.begin(), times.end(), large));
  }
  if (!milliseconds_) milliseconds_ = stats.dates == 0 && many > times.size() - many;
  unlike_times_ += *milliseconds_ ? times.size() - many : many;
  if (*milliseconds_ && many > 0) {
    const std::uint64_t dates = stats.dates;
    stats = {};
    stats.dates = dates;
    for (std::int64_t& time : times) {
      if (large(time)) time /= 1000;
      stats.add(time);
    }
  }
  time_stats_.min = std::min(time_stats_.min, stats.min);
  time_stats_.max = std::max(time_stats_.max, stats.max);
  time_stats_.dates += stats.dates;
  set_.times.append(times);
}

void RatingAssembler::finish_times(LoadReport& report) {
  const bool milliseconds = milliseconds_.value_or(false);
  if (unlike_times_ > 0 && time_stats_.dates == 0) {
    report.notices.push_back(grouped(unlike_times_) + " of " + grouped(set_.times.size()) +
                             (milliseconds ? " times are too small for milliseconds, which the others are: they are "
                                             "read as seconds"
                                           : " times are as large as milliseconds: they are read as seconds, which the "
                                             "others are"));
  }
  report.timestamps = milliseconds ? "ms" : time_stats_.dates > 0 ? "date" : "s";
  report.time_min = time_stats_.min;
  report.time_max = time_stats_.max;
}

}  // namespace rowlight
