#include "core/ratings/row_lines.h"

#include <algorithm>
#include <string_view>

#include "core/base/stop.h"
#include "core/base/thread_pool.h"
#include "core/ratings/chunk_parser.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/parsed_chunk.h"
#include "core/ratings/rating_pipeline.h"

namespace rowlight {

Expected<std::uint64_t> line_of_row(const InputName& input, const Layout& layout, const ReadOptions& options,
                                    const DataBegin& begin, std::uint64_t row, const std::atomic<bool>* cancel) {
  auto source = ByteSource::open(input, options.encoding);
  if (!source) return tl::make_unexpected(source.error());
  ThreadPool alone(1);
  RatingPipeline pipeline(*source, alone, cancel);
  ChunkParser counting(layout, options, false);
  ChunkParser finding(layout, options, true);
  ParsedChunk chunk;
  std::uint64_t before_data = begin.bytes;  // that are still to come
  std::uint64_t lines = begin.lines;        // before the chunk
  bool unusable_block = false;
  while (true) {
    auto wave = pipeline.look();
    if (!wave) return tl::make_unexpected(wave.error());
    if (wave->empty()) break;
    std::string_view text = *wave;
    const std::uint64_t left_out = std::min<std::uint64_t>(before_data, text.size());
    before_data -= left_out;
    text.remove_prefix(static_cast<std::size_t>(left_out));
    while (!text.empty()) {
      if (is_set(cancel)) return loading_cancelled();
      const std::string_view piece = RatingPipeline::first_chunk(text);
      text.remove_prefix(piece.size());
      counting.parse(piece, chunk, unusable_block);
      if (row < chunk.rows) {
        finding.parse(piece, chunk, unusable_block);
        return lines + chunk.lines[static_cast<std::size_t>(row)];
      }
      row -= chunk.rows;
      lines += chunk.line_counts.lines;
      if (chunk.block_item) unusable_block = *chunk.block_item == RawIds::unusable;
    }
  }
  return tl::make_unexpected(Error{ErrorKind::Io, "the file changed while it was read",
                                   "try again when nothing writes to it", input.path, 0, 0});
}

}  // namespace rowlight
