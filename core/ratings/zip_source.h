#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/ratings/byte_stream.h"

namespace rowlight {

/// A zip archive that is open. Not synchronised.
struct OpenZip;

/// Errors: BadInput when it is no archive or a damaged one.
[[nodiscard]] Expected<std::shared_ptr<OpenZip>> open_zip(const std::string& path);

/// The names of the files, folders left out, in the archive's order.
/// Errors: BadInput when there are more than 100,000, or one names a place outside of the archive.
[[nodiscard]] Expected<std::vector<std::string>> list_zip(const OpenZip& archive);

/// What is packed in one of the files; the stream keeps the archive open.
/// Errors: BadInput when there is no such file or it is locked.
[[nodiscard]] Expected<std::unique_ptr<ByteStream>> unpack_member(std::shared_ptr<OpenZip> archive,
                                                                  const std::string& member);

}  // namespace rowlight
