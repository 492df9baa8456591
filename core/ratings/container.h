#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/ratings/byte_source.h"

namespace rowlight {

/// What a file is that is not a plain text of ratings, told from its first bytes and never from its name: "a PNG
/// image", "an xz archive", "an HTML page", "a binary file". Empty for what may be a text table.
/// Pre: `head` is the start of the file, some kilobytes where it has them.
[[nodiscard]] std::optional<std::string> foreign_container(std::string_view head);

/// The rating file that a path leads to.
struct ResolvedInput {
  InputName input;
  std::string name;     ///< of the data set: the last part of the path
  std::string because;  ///< why this file; "" where the path names it
  std::string notice;   ///< other files that may hold ratings too; "" where there are none
};

/// `path` itself, or where it is a folder or a zip archive the rating file in it: one of a known name, else the one
/// that reads like ratings, of several the one whose name says so or the one that takes the most bytes, packed where it
/// is packed. `cancel` may be null.
/// Errors: Io where there is no such path or a folder has no ratings; BadInput where an archive has none or is damaged;
/// Cancelled.
[[nodiscard]] Expected<ResolvedInput> resolve_input(const std::string& path, const std::atomic<bool>* cancel = nullptr);

}  // namespace rowlight
