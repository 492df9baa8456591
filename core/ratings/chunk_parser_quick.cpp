// Lines of plain numbers, read from a map of their separators. What is not plain goes to parse_lines().
#include <algorithm>
#include <array>
#include <memory>

#include "core/ratings/chunk_parser.h"
#include "core/simd/text_kernels.h"

namespace rowlight {
namespace {

constexpr std::size_t spare_marks = 64;
constexpr std::size_t most_tenths = 1000;  // simd::tenths_before() stays below
constexpr std::size_t most_lines_at_once = simd::CutFields::most_lines;

/// Consecutive lines that have the right number of fields. Each column is read on its own; what is odd about a line is
/// noted and asked for at the end.
template <std::size_t fields, std::size_t width>
class PlainLines {
 public:
  static constexpr std::size_t marks_a_line = (fields - 1) * width + 1;

  /// Takes `count` lines from `begin` on, whose separators stand at marks[0] ... . One with the wrong number of fields
  /// is odd, and so may be all behind it. Pre: so many marks.
  PlainLines(std::string_view text, std::uint32_t begin, const std::uint32_t* marks, std::size_t count)
      : text_(text.data()), count_(count) {
    fields_.fields = fields;
    if constexpr (width == 1) {
      simd::cut_lines({marks, count * fields}, width, begin, fields_);
    } else {
      cut_at_pairs(begin, marks);
    }
    if (count > 0) trim_cr();
  }

  void read_ids(std::size_t field, std::uint32_t* ids) {
    simd::ids_before(text_, places(field), RawIds::first_text, ids, fields_.odd.data());
  }
  void read_ratings(std::size_t field, float* ratings) {
    simd::tenths_before(text_, places(field), tenths_.data(), ratings, fields_.odd.data());
  }
  void read_times(std::size_t field, std::int64_t* times) {
    simd::numbers_before(text_, places(field), times, fields_.odd.data());
  }

  /// Lines until the first with something odd.
  [[nodiscard]] std::size_t plain() const {
    std::size_t i = 0;
    while (i < count_ && fields_.odd[i] == 0) ++i;
    return i;
  }
  /// Whether the plain lines end with CR LF; with LF alone otherwise.
  [[nodiscard]] bool crlf() const { return crlf_; }
  void count_ratings(std::size_t lines, std::uint32_t* counts) const {
    for (std::size_t i = 0; i < lines; ++i) ++counts[tenths_[i]];
  }

 private:
  [[nodiscard]] simd::FieldPlaces places(std::size_t field) const {
    return {fields_.ends[field].data(), fields_.lengths[field].data(), count_};
  }

  // A separator of two characters has two marks, of which the first is passed on.
  void cut_at_pairs(std::uint32_t begin, const std::uint32_t* marks) {
    std::array<std::uint32_t, fields * most_lines_at_once> firsts;
    std::array<std::uint32_t, most_lines_at_once> torn;
    for (std::size_t i = 0; i < count_; ++i, marks += marks_a_line) {
      torn[i] = 0;
      for (std::size_t field = 0; field < fields; ++field) firsts[i * fields + field] = marks[field * width];
      for (std::size_t field = 0; field + 1 < fields; ++field) {
        torn[i] |= marks[field * width + 1] ^ (marks[field * width] + 1);
      }
    }
    simd::cut_lines({firsts.data(), count_ * fields}, width, begin, fields_);
    for (std::size_t i = 0; i < count_; ++i) fields_.odd[i] |= torn[i];
  }

  // Lines that do not end as the first one does are odd: here, or because a CR is no digit.
  void trim_cr() {
    simd::CutFields::Column& lengths = fields_.lengths[fields - 1];
    simd::CutFields::Column& ends = fields_.ends[fields - 1];
    const auto has_cr = [&](std::size_t i) { return lengths[i] > 0 && text_[ends[i] - 1] == '\r'; };
    crlf_ = has_cr(0);
    if (!crlf_) return;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint32_t cr = has_cr(i) ? 1 : 0;
      fields_.odd[i] |= 1 - cr;
      ends[i] -= cr;
      lengths[i] -= cr;
    }
  }

  const char* text_;
  std::size_t count_;
  bool crlf_ = false;
  simd::CutFields fields_;
  simd::CutFields::Column tenths_;
};

}  // namespace

void ChunkParser::find_marks(std::string_view text) {
  const std::size_t room = text.size() + spare_marks;
  if (mark_room_ < room) {
    // Zeroing it would cost memory: most of it is never used.
    marks_ = std::make_unique_for_overwrite<std::uint32_t[]>(room);
    mark_room_ = room;
  }
  const simd::FoundSeparators found = simd::find_separators(text, delimiter_, {marks_.get(), room});
  out_->ascii = found.ascii;
  mark_count_ = found.count;
  out_->reserve(found.count / static_cast<std::size_t>(width_) / (layout_.field_count - 1) + 1,
                layout_.time.has_value());
}

void ChunkParser::parse_quickly(std::string_view text) {
  tenths_.resize(most_tenths);
  find_marks(text);
  if (width_ == 2) {
    layout_.time ? walk<4, 2>(text) : walk<3, 2>(text);
  } else {
    layout_.time ? walk<4, 1>(text) : walk<3, 1>(text);
  }
  for (std::size_t t = 0; t < most_tenths; ++t) {
    if (tenths_[t] > 0) out_->stats.add(static_cast<double>(t) / 10, tenths_[t]);
    tenths_[t] = 0;
  }
}

// Some lines after the other: `fields` of them, `width` marks between two. What is not plain goes to parse_lines().
template <std::size_t fields, std::size_t width>
void ChunkParser::walk(std::string_view text) {
  using Lines = PlainLines<fields, width>;
  const auto size = static_cast<std::uint32_t>(text.size());
  const std::uint32_t* mark = marks_.get();
  const std::uint32_t* const last = mark + mark_count_;
  const bool simple = !missing_ && !with_lines_;
  std::size_t at_once = most_lines_at_once;
  for (std::uint32_t begin = 0; begin < size;) {
    const std::size_t whole = static_cast<std::size_t>(last - mark) / Lines::marks_a_line;
    const std::size_t tried = simple ? std::min(at_once, whole) : 0;
    Lines lines(text, begin, mark, tried);
    const std::size_t plain = take_plain(lines);
    if (plain > 0) {
      mark += plain * Lines::marks_a_line;
      begin = (mark[-1] & ~simd::line_end_mark) + 1;
    }
    // Where little is plain, little is tried.
    at_once = std::clamp<std::size_t>(2 * plain, 1, most_lines_at_once);
    if ((plain == tried && tried > 0) || begin >= size) continue;
    // To the end of the next line.
    while (mark < last && (*mark & simd::line_end_mark) == 0) ++mark;
    const std::uint32_t after = mark < last ? (*mark & ~simd::line_end_mark) + 1 : size;
    if (mark < last) ++mark;
    parse_lines(text.substr(begin, after - begin));
    if (out_->too_many_bad_lines) return;
    out_->reserve(static_cast<std::size_t>(last - mark) / Lines::marks_a_line + 1, fields == 4);
    begin = after;
  }
}

// Adds the rows of the lines until the first odd one; returns their number. Pre: there is room.
template <class Lines>
std::size_t ChunkParser::take_plain(Lines& lines) {
  ParsedChunk& out = *out_;
  const std::size_t row = out.rows;
  std::uint32_t* const users = out.users.values.data() + row;
  std::uint32_t* const items = out.items.values.data() + row;
  lines.read_ids(layout_.user, users);
  lines.read_ids(layout_.item, items);
  lines.read_ratings(layout_.rating, out.ratings.data() + row);
  if (layout_.time) lines.read_times(*layout_.time, out.times.data() + row);
  const std::size_t plain = lines.plain();
  lines.count_ratings(plain, tenths_.data());
  for (std::size_t i = 0; i < plain; ++i) {
    out.users.largest_number = std::max(out.users.largest_number, users[i]);
    out.items.largest_number = std::max(out.items.largest_number, items[i]);
  }
  if (layout_.time) {
    for (std::size_t i = 0; i < plain; ++i) out.time_stats.add(out.times[row + i]);
  }
  out.line_counts.add(lines.crlf() ? LineCounts{plain, 0, plain, 0} : LineCounts{plain, plain, 0, 0});
  out.rows += plain;
  return plain;
}

}  // namespace rowlight
