#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowlight {

/// How the bytes of a text file become characters. Ordered: a file that needs more is the greater.
enum class Encoding { Ascii, Utf8, Latin1, Utf16 };

/// "ascii", "utf-8", "latin-1" or "utf-16".
[[nodiscard]] std::string encoding_name(Encoding encoding);

[[nodiscard]] bool is_ascii(std::string_view text);

/// Position of the first byte that is not part of strict UTF-8 (RFC 3629: no overlong forms, no surrogates), or npos.
[[nodiscard]] std::size_t invalid_utf8_at(std::string_view text);

/// Takes the byte order mark of UTF-8 away from the front of a file. Returns whether there was one.
bool take_utf8_mark(std::string_view& head);

/// Appends a code point as UTF-8. Pre: below 0x110000 and no surrogate.
void append_utf8(std::string& out, std::uint32_t code);

/// Every byte is the code point of the same number (ISO 8859-1). Never fails; different texts stay different.
[[nodiscard]] std::string latin1_to_utf8(std::string_view text);

/// Which byte of a UTF-16 unit comes first: the high one in big endian.
enum class ByteOrder { LittleEndian, BigEndian };

/// The order that the byte order mark at the start of a file says (two bytes), or nothing where there is none.
[[nodiscard]] std::optional<ByteOrder> utf16_mark(std::string_view head);

/// The order that UTF-16 without a mark most likely has: a text is rich in characters whose high byte is 0.
[[nodiscard]] ByteOrder likely_utf16_order(std::string_view head);

/// What becomes of a surrogate without its other half.
enum class LoneSurrogate {
  Replace,  ///< U+FFFD stands in its place
  Refuse,   ///< the text is no UTF-16
};

/// Appends `bytes` to `out` as UTF-8 and returns how many bytes that used up: a unit or a surrogate pair that is cut
/// off at the end is left for the next call, which gets it with what follows it. Returns nothing where a surrogate is
/// refused. A byte order mark is a character like others: take it away before.
[[nodiscard]] std::optional<std::size_t> utf16_to_utf8(std::string_view bytes, ByteOrder order, std::string& out,
                                                       LoneSurrogate lone);

/// The same for a whole text; a surrogate without its other half and what is cut off at the end become U+FFFD.
[[nodiscard]] std::string utf16_to_utf8(std::string_view bytes, ByteOrder order);

/// `text` for a message: valid UTF-8, a TAB as an arrow (U+2192), other control characters and foreign bytes as '?',
/// cut with "..." after about `max_bytes`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 40);

}  // namespace rowlight
