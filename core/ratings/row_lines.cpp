#include "core/ratings/row_lines.h"

#include <string_view>

#include "core/base/thread_pool.h"
#include "core/ratings/chunk_parser.h"
#include "core/ratings/lines.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/parsed_chunk.h"
#include "core/ratings/rating_pipeline.h"

namespace rowlight {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Expected<std::uint64_t> line_of_row(const InputName& input, const Layout& layout, const ReadOptions& options,
                                    std::uint64_t skipped, std::uint64_t row, const std::atomic<bool>* cancel) {
  auto source = ByteSource::open(input, options.encoding);
  if (!source) return tl::make_unexpected(source.error());
  ThreadPool alone(1);
  RatingPipeline pipeline(*source, alone, cancel);
  ChunkParser counting(layout, options, false);
  ChunkParser finding(layout, options, true);
  ParsedChunk chunk;
  LineScanner left_out;
  std::uint64_t lines = 0;  // of the chunks before
  bool unusable_block = false;
  for (bool first = true;; first = false) {
    auto wave = pipeline.look();
    if (!wave) return tl::make_unexpected(wave.error());
    if (wave->empty()) break;
    std::string_view text = *wave;
    if (first && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (left_out.lines() < skipped && !text.empty()) left_out.next(text);
    while (!text.empty()) {
      if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return loading_cancelled();
      const std::string_view piece = RatingPipeline::first_chunk(text);
      text.remove_prefix(piece.size());
      counting.parse(piece, chunk, unusable_block);
      if (row < chunk.rows) {
        finding.parse(piece, chunk, unusable_block);
        return skipped + lines + chunk.lines[static_cast<std::size_t>(row)];
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
