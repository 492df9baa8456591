#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rowlight {

/// How the bytes of a text file become characters. Ordered: a file that needs more is the greater.
enum class Encoding { Ascii, Utf8, Latin1 };

/// "ascii", "utf-8" or "latin-1".
[[nodiscard]] std::string encoding_name(Encoding encoding);

[[nodiscard]] bool is_ascii(std::string_view text);

/// Position of the first byte that is not part of strict UTF-8 (RFC 3629: no overlong forms, no surrogates), or npos.
[[nodiscard]] std::size_t invalid_utf8_at(std::string_view text);

/// Every byte is the code point of the same number (ISO 8859-1). Never fails; different texts stay different.
[[nodiscard]] std::string latin1_to_utf8(std::string_view text);

/// `text` for a message: valid UTF-8, control characters and foreign bytes replaced by '?', cut with "..." after
/// about `max_bytes`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 40);

}  // namespace rowlight
