#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rowlight {

/// What a file is that is not a plain text of ratings, told from its first bytes and never from its name: "a PNG
/// image", "a gzip archive", "an HTML page", "a binary file". Empty for what may be a text table.
/// Pre: `head` is the start of the file, some kilobytes where it has them.
[[nodiscard]] std::optional<std::string> foreign_container(std::string_view head);

}  // namespace rowlight
