#include "core/ratings/chunk_parser.h"

#include <algorithm>

#include "core/ratings/text_encoding.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

using Kind = Separation::Kind;

constexpr std::size_t max_id_bytes = 1024;
constexpr double not_rated_in_a_matrix = 99;
constexpr std::size_t most_matrix_columns = 1U << 20U;

}  // namespace

ChunkParser::ChunkParser(const Layout& layout, const ReadOptions& options, bool with_lines, bool quick)
    : layout_(layout),
      splitter_(layout.separation, true),
      missing_(options.missing),
      most_bad_lines_(options.max_bad_lines),
      encoding_(options.encoding.value_or("")),
      decimal_comma_(layout.separation.text != "," && layout.separation.kind != Kind::Mixed),
      with_lines_(with_lines) {
  const std::string& text = layout.separation.text;
  const bool all_known = layout.field_count == (layout.time ? 4U : 3U);  // an ignored column may hold anything
  if (!quick || !all_known || layout.shape != Shape::Rows || layout.separation.kind == Kind::Mixed) return;
  if (text.size() == 1 || text == "::") {
    delimiter_ = text.front();
    width_ = static_cast<int>(text.size());
  }
}

void ChunkParser::parse(std::string_view text, ParsedChunk& out, bool unusable_block) {
  out.clear();
  out_ = &out;
  block_item_ = unusable_block ? RawIds::unusable : RawIds::carried;
  if (delimiter_ != 0) {
    parse_quickly(text);
  } else {
    out.ascii = is_ascii(text);
    parse_lines(text);
  }
  if (!out.ascii) watch_encoding(text);
}

void ChunkParser::watch_encoding(std::string_view text) {
  const std::size_t at = encoding_ == "latin-1" ? 0 : invalid_utf8_at(text);
  if (at == std::string_view::npos) return;
  const std::string_view before = text.substr(0, at);
  const bool at_start = before.empty() || before.back() == '\n' || before.back() == '\r';
  const std::size_t line_start = before.find_last_of("\r\n") + 1;  // npos + 1 == 0
  out_->foreign = ForeignBytes{count_lines(before).lines + (at_start ? 1 : 0), at - line_start + 1};
}

void ChunkParser::parse_lines(std::string_view text) {
  LineScanner scanner;
  const LineCounts before = out_->line_counts;
  while (!text.empty() && !out_->too_many_bad_lines) {
    const std::string_view line = scanner.next(text);
    out_->line_counts = before;
    out_->line_counts.add(scanner.counts());
    add_line(line);
  }
}

void ChunkParser::bad_at(std::uint64_t column, std::string reason) {
  ++out_->bad_line_count;
  out_->too_many_bad_lines = most_bad_lines_ && out_->bad_line_count > *most_bad_lines_;
  if (out_->bad_lines.size() == LoadReport::most_bad_lines) return;
  out_->bad_lines.push_back({out_->line_counts.lines, column, std::move(reason)});
}

void ChunkParser::add_line(std::string_view line) {
  if (is_blank(line)) {
    ++out_->blank_lines;
    return;
  }
  if (!layout_.comment.empty() && trimmed(line).starts_with(layout_.comment)) return;
  switch (layout_.shape) {
    case Shape::Rows:
      if (take_fields(line)) add_row_line();
      return;
    case Shape::Netflix: add_block_line(line); return;
    case Shape::Matrix:
      ++out_->data_lines;
      if (take_fields(line)) add_matrix_line();
      return;
  }
}

// Cuts the line into as many fields as the layout has, or says why not.
bool ChunkParser::take_fields(std::string_view line) {
  splitter_.split(line);
  const std::size_t count = splitter_.fields().size();
  if (splitter_.open_quote()) {
    bad(0, "a quote is opened and not closed in this line; expected \"...\"");
    return false;
  }
  if (count == layout_.field_count) return true;
  std::string reason =
      std::to_string(count) + (count == 1 ? " field" : " fields") + "; expected " + std::to_string(layout_.field_count);
  if (count == 0) {  // separators alone
    bad_at(1, std::move(reason));
  } else {
    bad(count > layout_.field_count ? layout_.field_count : count - 1, std::move(reason));
  }
  return false;
}

bool ChunkParser::usable_id(std::string_view id, std::uint64_t column, const char* whose) {
  const bool control = std::any_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (!id.empty() && !control && id.size() <= max_id_bytes) return true;
  const std::string name = std::string("the ") + whose + " id";
  if (id.empty()) {
    bad_at(column, name + " is empty; expected an id");
  } else if (control) {
    bad_at(column, name + " '" + printable(id) + "' holds control characters; expected text");
  } else {
    bad_at(column, name + " has " + std::to_string(id.size()) + " bytes; expected at most 1024");
  }
  return false;
}

bool ChunkParser::take_rating(std::size_t field, double& rating) {
  const std::string_view text = splitter_.fields()[field];
  const auto value = parse_rating(text, decimal_comma_);
  if (!value) {
    bad(field, "'" + printable(text) + "' is not a rating; expected a finite number");
    return false;
  }
  rating = *value;
  return true;
}

bool ChunkParser::take_time(std::size_t field, std::int64_t& time) {
  const std::string_view text = splitter_.fields()[field];
  const auto value = parse_time(text);
  if (!value) {
    bad(field, "'" + printable(text) + "' is not a time; expected a whole number or a date");
    return false;
  }
  out_->time_stats.dates += value->date ? 1 : 0;
  time = value->value;
  return true;
}

void ChunkParser::add_rating(std::uint32_t user, std::uint32_t item, double rating, std::int64_t time) {
  ParsedChunk& out = *out_;
  const std::size_t row = out.rows++;
  out.users.values[row] = user;
  out.items.values[row] = item;
  out.ratings[row] = static_cast<float>(rating);
  out.stats.add(rating);
  if (layout_.time) {
    out.times[row] = time;
    out.time_stats.add(time);
  }
  if (with_lines_) out.lines.push_back(out.line_counts.lines);
}

void ChunkParser::add_row_line() {
  const auto fields = splitter_.fields();
  const std::string_view user = fields[layout_.user];
  const std::string_view item = fields[layout_.item];
  double rating = 0;
  std::int64_t time = 0;
  if (!usable_id(user, column_of(layout_.user), "user") || !usable_id(item, column_of(layout_.item), "item")) return;
  if (!take_rating(layout_.rating, rating)) return;
  if (missing_ && static_cast<float>(rating) == *missing_) {
    ++out_->not_rated;
    return;
  }
  if (layout_.time && !take_time(*layout_.time, time)) return;
  out_->reserve(1, layout_.time.has_value());
  add_rating(out_->users.value_of(user), out_->items.value_of(item), rating, time);
}

// "MovieID:" or a rating of that movie.
void ChunkParser::add_block_line(std::string_view line) {
  const std::string_view text = trimmed(line);
  if (text.ends_with(':') && text.find(layout_.separation.text) == std::string_view::npos) {
    const std::string_view id = trimmed(text.substr(0, text.size() - 1));
    const auto column = static_cast<std::uint64_t>(id.data() - line.data()) + 1;
    block_item_ = usable_id(id, column, "item") ? out_->items.value_of(id) : RawIds::unusable;
    out_->block_item = block_item_;
    return;
  }
  if (!take_fields(line)) return;
  if (block_item_ == RawIds::unusable) {
    return bad(0, "the line above these ratings names no movie; expected 'MovieID:' there");
  }
  const std::string_view user = splitter_.fields()[layout_.user];
  double rating = 0;
  std::int64_t time = 0;
  if (!usable_id(user, column_of(layout_.user), "user") || !take_rating(layout_.rating, rating)) return;
  if (missing_ && static_cast<float>(rating) == *missing_) {
    ++out_->not_rated;
    return;
  }
  if (layout_.time && !take_time(*layout_.time, time)) return;
  out_->reserve(1, layout_.time.has_value());
  add_rating(out_->users.value_of(user), block_item_, rating, time);
}

// One user's ratings of all items; the first field counts them. The user is the line: see RatingAssembler.
void ChunkParser::add_matrix_line() {
  const std::size_t count = layout_.field_count;
  if (count > most_matrix_columns) return bad(0, "too many columns; expected at most a million");
  line_ratings_.resize(count);
  for (std::size_t field = 1; field < count; ++field) {
    if (!take_rating(field, line_ratings_[field])) return;
  }
  ParsedChunk& out = *out_;
  out.reserve(count, false);
  for (std::size_t field = 1; field < count; ++field) {
    const double rating = line_ratings_[field];
    if (rating == not_rated_in_a_matrix) continue;
    if (missing_ && static_cast<float>(rating) == *missing_) {
      ++out.not_rated;
      continue;
    }
    add_rating(static_cast<std::uint32_t>(out.data_lines), out.items.value_of(std::uint64_t{field}), rating, 0);
  }
}

}  // namespace rowlight
