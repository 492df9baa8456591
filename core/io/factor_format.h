#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rowlight {

/// How much of a file factor_format_of() wants to see, in bytes; less is enough for most files.
inline constexpr std::size_t factor_head_bytes = std::size_t{64} * 1024;

/// Whether the first bytes of a file are those of factors (embedding tables) rather than of ratings: "spark-factors",
/// "libmf-model", "word2vec", "npy" or "safetensors". Looks at the bytes alone, never at a name. No failure; cost: one
/// pass over `head`. A file that it names may still be damaged further on.
[[nodiscard]] std::optional<std::string> factor_format_of(std::string_view head);

/// The same for the file at `path`, or for a folder of part files as Spark writes them. Nothing also where the path
/// cannot be read: whoever opens it then says why.
[[nodiscard]] std::optional<std::string> factor_format_at(const std::string& path);

/// Whether factor_format_of() can say this.
[[nodiscard]] bool is_factor_format(std::string_view name);

}  // namespace rowlight
