// Any lines with any options are a layout that keeps its promises, or an error with a sentence.

#include <algorithm>
#include <vector>

#include "core/ratings/chunk_parser.h"
#include "core/ratings/dialect.h"
#include "core/ratings/lines.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

namespace {

// The options that two bytes choose.
ReadOptions options_of(std::uint8_t a, std::uint8_t b) {
  ReadOptions options;
  const std::vector<std::string> formats = format_names();
  const std::vector<const char*> delimiters{",", "\t", "::", ";", "|", " ", ":", "\\t", "x"};
  const std::vector<const char*> columns{"user,item,rating", "item,user,rating,time", "-,rating,user,item",
                                         "time,-,user,item,rating"};
  if (a % 4 == 1) options.format = formats[(a >> 2U) % formats.size()];
  if (a % 4 == 2) options.delimiter = delimiters[(a >> 2U) % delimiters.size()];
  if (b % 4 == 1) options.columns = columns[(b >> 2U) % columns.size()];
  if (b % 4 == 2) options.header = (b >> 2U) % 2 == 0;
  if (b % 4 == 3) options.skip_lines = (b >> 2U) % 8;
  return options;
}

void check(const Layout& layout) {
  require(layout.field_count >= 3, "there is room for user, item and rating");
  require(layout.columns.size() == layout.field_count, "every field has a column");
  require(layout.rating < layout.field_count, "the rating is a field");
  require(!layout.time || *layout.time < layout.field_count, "the time is a field");
  require(layout.user < layout.field_count && layout.item < layout.field_count, "ids are fields");
  require(!layout.format.empty() && !layout.separation.text.empty(), "format and delimiter have names");
  const auto named = [&](const char* role) { return std::count(layout.columns.begin(), layout.columns.end(), role); };
  if (layout.shape == Shape::Rows) {
    require(named("user") == 1 && named("item") == 1 && named("rating") == 1 && named("time") <= 1,
            "columns are unique");
    require(layout.columns[layout.user] == "user" && layout.columns[layout.item] == "item", "ids are where they are");
    require(layout.columns[layout.rating] == "rating", "the rating is where it is");
  }
  for (const Evidence& evidence : layout.evidence) {
    require(!evidence.stage.empty() && !evidence.decision.empty() && !evidence.because.empty(), "evidence is told");
    require(evidence.decision.size() + evidence.because.size() < 10000, "evidence is short");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ReadOptions options = options_of(data[0], data[1]);
  if (!check_options(options)) return 0;
  const std::string text =
      std::string(ChunkParser::bytes_before, '\n') + std::string(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string_view all = std::string_view(text).substr(ChunkParser::bytes_before);
  std::vector<std::string_view> lines;
  LineScanner().scan(all, [&](std::string_view line) { lines.push_back(line); });
  if (std::all_of(lines.begin(), lines.end(), is_blank)) return 0;
  const std::uint64_t first_line = 1 + options.skip_lines;
  const auto layout = detect_layout(lines, first_line, options);
  if (!layout) {
    require(!layout.error().what.empty() && layout.error().message().size() < 10000, "an error says what was found");
    require(layout.error().line < first_line + lines.size(), "an error is in the text");
    return 0;
  }
  check(*layout);
  require(layout->first_data_line <= first_line + lines.size(), "the data begins in the text");
  // The parser can follow it. Netflix' first line names a movie; a piece of such a file need not.
  ParsedChunk chunk;
  ChunkParser(*layout, options, true).parse(all, chunk);
  require(chunk.rows == chunk.stats.count() && chunk.lines.size() == chunk.rows, "rows are counted");
  return 0;
}
