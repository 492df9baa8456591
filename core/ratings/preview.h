#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/ratings/dialect.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/reader.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {

/// The first ratings of `text`, each with its line, `lines_before` of which stand before it. Texts and times are still
/// those of the file. Pre: whole lines; ChunkParser::bytes_before bytes before `text` can be read.
[[nodiscard]] std::vector<PreviewRow> preview_of(std::string_view text, const Layout& layout,
                                                 const ReadOptions& options, std::uint64_t lines_before);

/// Makes report.preview readable once the encoding, the unit of the times and the titles are known. Once, at the end.
void finish_preview(LoadReport& report, const RatingSet& set, Encoding encoding);

}  // namespace rowlight
