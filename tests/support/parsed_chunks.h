#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "core/ratings/chunk_parser.h"

namespace rowlight::test {

inline std::string id_text(const RawIds& ids, std::uint32_t value) {
  if (value == RawIds::carried) return "carried";
  if (value < RawIds::first_text) return std::to_string(value);
  return std::string(ids.texts.id(static_cast<std::int32_t>(value - RawIds::first_text)));
}

/// What stands in one chunk and not in the other, or "". Only the sums of the ratings may differ by rounding: they are
/// added in another order.
inline std::string difference(const ParsedChunk& a, const ParsedChunk& b, bool with_times) {
  if (a.rows != b.rows) return "rows: " + std::to_string(a.rows) + " and " + std::to_string(b.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    const std::string row = "row " + std::to_string(i) + ": ";
    if (a.users.values[i] != b.users.values[i]) return row + "the raw user";
    if (a.items.values[i] != b.items.values[i]) return row + "the raw item";
    if (id_text(a.users, a.users.values[i]) != id_text(b.users, b.users.values[i])) return row + "the user";
    if (id_text(a.items, a.items.values[i]) != id_text(b.items, b.items.values[i])) return row + "the item";
    if (a.ratings[i] != b.ratings[i]) return row + "the rating";
    if (with_times && a.times[i] != b.times[i]) return row + "the time";
  }
  if (a.users.largest_number != b.users.largest_number) return "the largest user";
  if (a.items.largest_number != b.items.largest_number) return "the largest item";
  if (a.lines != b.lines) return "the lines";
  const LineCounts& x = a.line_counts;
  const LineCounts& y = b.line_counts;
  if (x.lines != y.lines || x.lf != y.lf || x.crlf != y.crlf || x.cr != y.cr) return "the line counts";
  if (a.blank_lines != b.blank_lines || a.not_rated != b.not_rated) return "blank lines or rows not rated";
  if (a.ascii != b.ascii || a.foreign.has_value() != b.foreign.has_value()) return "the encoding";
  if (a.foreign && (a.foreign->line != b.foreign->line || a.foreign->column != b.foreign->column))
    return "foreign bytes";
  if (a.time_stats.min != b.time_stats.min || a.time_stats.max != b.time_stats.max ||
      a.time_stats.dates != b.time_stats.dates) {
    return "the times counted";
  }
  if (a.too_many_bad_lines != b.too_many_bad_lines || a.bad_line_count != b.bad_line_count) return "bad lines counted";
  if (a.bad_lines.size() != b.bad_lines.size()) return "bad lines";
  for (std::size_t i = 0; i < a.bad_lines.size(); ++i) {
    const BadLine& bad = a.bad_lines[i];
    if (bad.line != b.bad_lines[i].line || bad.column != b.bad_lines[i].column || bad.reason != b.bad_lines[i].reason) {
      return "bad line " + std::to_string(bad.line) + ": " + bad.reason + " and " + b.bad_lines[i].reason;
    }
  }
  if (a.stats.count() != b.stats.count()) return "the ratings counted";
  if (a.stats.count() == 0) return {};
  LoadReport p;
  LoadReport q;
  a.stats.finish(p);
  b.stats.finish(q);
  if (p.rating_min != q.rating_min || p.rating_max != q.rating_max) return "the smallest or largest rating";
  if (p.rating_step != q.rating_step) return "the step of the ratings";
  if (std::abs(p.rating_mean - q.rating_mean) > 1e-9 * (1 + std::abs(p.rating_mean))) return "the mean of the ratings";
  return {};
}

/// The difference between reading `text`, whole lines, quickly and field by field.
inline std::string difference_of_ways(std::string_view text, const Layout& layout, const ReadOptions& options,
                                      bool with_lines) {
  const std::string padded = std::string(ChunkParser::bytes_before, '7') + std::string(text);
  const std::string_view inside = std::string_view(padded).substr(ChunkParser::bytes_before);
  ChunkParser quick(layout, options, with_lines);
  ChunkParser plain(layout, options, with_lines, false);
  ParsedChunk a;
  ParsedChunk b;
  quick.parse(std::string_view("0123456789abcdef9\nx\n").substr(ChunkParser::bytes_before),
              a);  // must not matter below
  quick.parse(inside, a);
  plain.parse(inside, b);
  return difference(a, b, layout.time.has_value());
}

}  // namespace rowlight::test
