#include "core/ratings/text_encoding.h"

#include <cstdint>
#include <cstring>

namespace rowlight {
namespace {

// Length of the UTF-8 sequence at the front of `text`, or 0 where there is none. Table 3-7 of the Unicode standard.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !continues(1)) return 0;
  if (lead < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && at(1) < 0x90;
  const bool beyond = lead == 0xF4 && at(1) > 0x8F;
  return overlong || beyond || !continues(3) ? 0 : 4;
}

constexpr std::uint32_t replacement = 0xFFFD;

}  // namespace

std::string encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::Ascii: return "ascii";
    case Encoding::Utf8: return "utf-8";
    case Encoding::Latin1: return "latin-1";
    case Encoding::Utf16: return "utf-16";
  }
  return {};
}

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
  return (seen & 0x8080808080808080U) == 0;
}

std::size_t invalid_utf8_at(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

bool take_utf8_mark(std::string_view& head) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (!head.starts_with(mark)) return false;
  head.remove_prefix(mark.size());
  return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto add_tail = [&](unsigned shift) { add(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0U | (code >> 6U));
    add_tail(0);
  } else if (code < 0x10000) {
    add(0xE0U | (code >> 12U));
    add_tail(6);
    add_tail(0);
  } else {
    add(0xF0U | (code >> 18U));
    add_tail(12);
    add_tail(6);
    add_tail(0);
  }
}

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0U | (byte >> 6U));
      out += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return out;
}

std::optional<ByteOrder> utf16_mark(std::string_view head) {
  if (head.starts_with("\xFF\xFE")) return ByteOrder::LittleEndian;
  if (head.starts_with("\xFE\xFF")) return ByteOrder::BigEndian;
  return std::nullopt;
}

ByteOrder likely_utf16_order(std::string_view head) {
  if (const auto mark = utf16_mark(head)) return *mark;
  std::size_t zeros[2] = {0, 0};  // at even and at odd places
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  return zeros[0] > zeros[1] ? ByteOrder::BigEndian : ByteOrder::LittleEndian;
}

std::optional<std::size_t> utf16_to_utf8(std::string_view bytes, ByteOrder order, std::string& out,
                                         LoneSurrogate lone) {
  const std::size_t high = order == ByteOrder::BigEndian ? 0 : 1;
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    return (std::uint32_t{static_cast<unsigned char>(bytes[at + high])} << 8U) |
           static_cast<unsigned char>(bytes[at + 1 - high]);
  };
  std::size_t at = 0;
  while (at + 2 <= bytes.size()) {
    std::uint32_t code = unit(at);
    std::size_t used = 2;
    if (code >= 0xD800 && code < 0xE000) {
      const bool first = code < 0xDC00;
      if (first && at + 4 > bytes.size()) break;
      const std::uint32_t second = first ? unit(at + 2) : 0;
      if (second >= 0xDC00 && second < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10U) + (second - 0xDC00);
        used = 4;
      } else if (lone == LoneSurrogate::Refuse) {
        return std::nullopt;
      } else {
        code = replacement;
      }
    }
    append_utf8(out, code);
    at += used;
  }
  return at;
}

std::string utf16_to_utf8(std::string_view bytes, ByteOrder order) {
  std::string out;
  out.reserve(bytes.size() / 2 + bytes.size() / 16);
  const auto used = utf16_to_utf8(bytes, order, out, LoneSurrogate::Replace);
  if (used < bytes.size()) append_utf8(out, replacement);
  return out;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= max_bytes) return out + "...";
    const std::size_t length = sequence_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\t') {
      append_utf8(out, 0x2192);
      ++i;
    } else if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += '?';
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace rowlight
