#pragma once

#include <memory>
#include <string>

#include "core/ratings/byte_stream.h"

namespace rowlight {

/// What is packed in a gzip archive, or in several end to end, as gzip allows. `path`: the file, for messages.
[[nodiscard]] std::unique_ptr<ByteStream> unpack_gzip(std::unique_ptr<ByteStream> packed, std::string path);

}  // namespace rowlight
