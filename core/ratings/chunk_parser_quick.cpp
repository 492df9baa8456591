// Lines of plain numbers, read many at a time. What is not plain goes to parse_lines().
#include <algorithm>
#include <array>
#include <memory>

#include "core/ratings/chunk_parser.h"

namespace rowlight {
namespace {

using simd::CutFields;

constexpr std::size_t most_tenths = 1000;  // simd::read_tenths() stays below

// Where the line behind `lines` line ends begins.
std::size_t begin_behind(std::string_view text, std::size_t begin, std::size_t lines) {
  for (; lines > 0 && begin < text.size(); --lines) begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  return begin;
}

}  // namespace

void ChunkParser::mark_ends(std::string_view text) {
  const std::size_t words = text.size() / 64 + 2;
  if (mark_room_ < words) {
    marks_ = std::make_unique_for_overwrite<std::uint64_t[]>(2 * words);
    mark_room_ = words;
  }
  ends_ = {marks_.get(), marks_.get() + words};
  const simd::MarkedText marked = simd::mark_ends(text, delimiter_, ends_);
  out_->ascii = marked.ascii;
  lines_left_ = marked.lines;
}

// For the lines that are left; those read together end in room that no line needs.
void ChunkParser::make_room() { out_->reserve(lines_left_ + CutFields::most_lines, layout_.time.has_value()); }

void ChunkParser::parse_quickly(std::string_view text) {
  for (std::vector<std::uint32_t>& counts : tenths_) counts.resize(most_tenths);
  mark_ends(text);
  make_room();
  cut_.fields = layout_.field_count;
  cut_.width = static_cast<std::size_t>(width_);
  cut_.long_field = layout_.time.value_or(0);
  const bool simple = !missing_ && !with_lines_;
  std::size_t at_once = simple ? CutFields::most_lines : 0;
  for (std::size_t begin = 0; begin < text.size() && !out_->too_many_bad_lines;) {
    if (at_once > 0) {
      const std::size_t end = simd::cut_lines(text, ends_, begin, at_once, cut_);
      const std::size_t plain = take_plain();
      lines_left_ -= plain;
      const bool all = plain == at_once;
      begin = plain == cut_.lines ? end : begin_behind(text, begin, plain);
      // Where little is plain, little is tried.
      at_once = std::clamp<std::size_t>(2 * plain, 1, CutFields::most_lines);
      if (all || begin == text.size()) continue;
    }
    const std::size_t end = begin_behind(text, begin, 1);
    parse_lines(text.substr(begin, end - begin));
    begin = end;
    lines_left_ -= std::min<std::size_t>(lines_left_, 1);  // the last line may have no end
    make_room();
  }
  for (std::size_t t = 0; t < most_tenths; ++t) {
    const std::uint32_t count = tenths_[0][t] + tenths_[1][t];
    if (count > 0) out_->stats.add(static_cast<double>(t) / 10, count);
    tenths_[0][t] = tenths_[1][t] = 0;
  }
}

// Adds the rows of the lines that are cut, until the first odd one; returns their number. Pre: there is room.
std::size_t ChunkParser::take_plain() {
  ParsedChunk& out = *out_;
  const std::size_t row = out.rows;
  std::uint32_t* const users = out.users.values.data() + row;
  std::uint32_t* const items = out.items.values.data() + row;
  std::array<std::uint32_t, CutFields::most_lines> tenths;
  std::uint32_t largest_user = simd::read_ids(cut_, layout_.user, RawIds::first_text, users);
  std::uint32_t largest_item = simd::read_ids(cut_, layout_.item, RawIds::first_text, items);
  simd::read_tenths(cut_, layout_.rating, tenths.data(), out.ratings.data() + row);
  TimeStats times = out.time_stats;
  std::uint32_t odd = 0;
  if (layout_.time) {
    const simd::NumberRange range = simd::read_numbers(cut_, out.times.data() + row);
    times.add(range.min);
    times.add(range.max);
  }
  for (std::size_t i = 0; i < cut_.lines; ++i) odd |= cut_.odd[i];
  std::size_t plain = cut_.lines;
  if (odd != 0) {
    const auto is_odd = [](std::uint32_t mark) { return mark != 0; };
    plain = static_cast<std::size_t>(std::find_if(cut_.odd.begin(), cut_.odd.end(), is_odd) - cut_.odd.begin());
    largest_user = plain > 0 ? *std::max_element(users, users + plain) : 0;
    largest_item = plain > 0 ? *std::max_element(items, items + plain) : 0;
    times = out.time_stats;
    for (std::size_t i = 0; layout_.time && i < plain; ++i) times.add(out.times[row + i]);
  }
  if (plain == 0) return 0;
  // Two of each, since one that is counted again at once would be waited for.
  for (std::size_t i = 0; i < plain; ++i) ++tenths_[i % 2][tenths[i]];
  out.users.largest_number = std::max(out.users.largest_number, largest_user);
  out.items.largest_number = std::max(out.items.largest_number, largest_item);
  out.time_stats = times;
  out.line_counts.add(cut_.cr ? LineCounts{plain, 0, plain, 0} : LineCounts{plain, plain, 0, 0});
  out.rows += plain;
  return plain;
}

}  // namespace rowlight
