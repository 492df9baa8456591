#include "core/ratings/preview.h"

#include <algorithm>
#include <string>

#include "core/ratings/chunk_parser.h"
#include "core/ratings/lines.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

constexpr std::size_t most_text_bytes = 200;
// More than printable() can show of it: so it sees whether there is more, and never the character that is cut in two.
constexpr std::size_t most_raw_bytes = most_text_bytes + 8;

}  // namespace

std::vector<PreviewRow> preview_of(std::string_view text, const Layout& layout, const ReadOptions& options,
                                   std::uint64_t lines_before) {
  constexpr std::size_t most_lines = 4 * LoadReport::preview_rows;
  ChunkParser parser(layout, options, true, false);
  ParsedChunk chunk;
  LineScanner scanner;
  std::string_view rest = text;
  std::vector<std::string_view> lines;
  while (!rest.empty() && lines.size() < most_lines) lines.push_back(scanner.next(rest));
  parser.parse(text.substr(0, text.size() - rest.size()), chunk);
  std::vector<PreviewRow> rows;
  for (std::size_t row = 0; row < std::min(chunk.rows, LoadReport::preview_rows); ++row) {
    PreviewRow& preview = rows.emplace_back();
    preview.line = lines_before + chunk.lines[row];
    preview.text = lines[chunk.lines[row] - 1].substr(0, most_raw_bytes);
    preview.user = chunk.users.text_of(chunk.users.values[row]);
    preview.item = chunk.items.text_of(chunk.items.values[row]);
    preview.rating = chunk.ratings[row];
    if (layout.time) preview.time = chunk.times[row];
  }
  return rows;
}

void finish_preview(LoadReport& report, const RatingSet& set, Encoding encoding) {
  for (PreviewRow& row : report.preview) {
    if (encoding == Encoding::Latin1) {
      for (std::string* text : {&row.text, &row.user, &row.item}) *text = latin1_to_utf8(*text);
    }
    row.text = printable(row.text, most_text_bytes);
    if (row.time >= first_millisecond_time && report.timestamps == "ms") row.time = *row.time / 1000;
    const auto movie = set.movie_ids.find(row.item);
    if (movie && !set.movie_info.empty()) row.title = set.movie_info[static_cast<std::size_t>(*movie)].title;
  }
}

}  // namespace rowlight
