#include "core/io/factor_format.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "core/io/factor_parts.h"
#include "core/io/factor_rows.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {

namespace {

/// Cuts the next line off `text`. `whole` becomes false where it runs into the end of what there is.
std::string_view take_line(std::string_view& text, bool& whole) {
  const std::size_t end = text.find('\n');
  whole = end != std::string_view::npos;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(whole ? end + 1 : text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_safetensors(std::string_view head) {
  constexpr std::uint64_t longest_header = 100'000'000;
  std::uint64_t length = 0;
  if (head.size() <= sizeof length) return false;
  std::memcpy(&length, head.data(), sizeof length);
  return length >= 2 && length <= longest_header && head[sizeof length] == '{';
}

/// A line that begins as an object and has the list "features" in it.
bool is_spark(std::string_view line) {
  if (!line.starts_with('{')) return false;
  constexpr std::string_view key = "\"features\"";
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return false;
  line.remove_prefix(at + key.size());
  for (const char wanted : {':', '['}) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(wanted)) return false;
    line.remove_prefix(1);
  }
  return true;
}

/// The lines f (not in old versions), m, n and k of the header, each a name and a whole number.
bool is_libmf(std::string_view head) {
  bool whole = true;
  for (const char* name : {"f", "m", "n", "k"}) {
    std::string_view rest = head;
    std::string_view line = take_line(rest, whole);
    if (io::take_word(line) != name) {
      if (*name == 'f') continue;
      return false;
    }
    if (!whole || !io::count_of(io::take_word(line)) || !io::take_word(line).empty()) return false;
    head = rest;
  }
  return true;
}

/// Two whole numbers, then a line of a word and as many numbers as the second says. `cut`: more follows than `head`.
bool is_word2vec(std::string_view head, bool cut) {
  bool whole = true;
  std::string_view first = take_line(head, whole);
  const auto rows = io::count_of(io::take_word(first));
  const auto factors = io::count_of(io::take_word(first));
  if (!whole || !rows || !factors || *rows == 0 || *factors == 0 || !io::take_word(first).empty()) return false;
  std::string_view line = take_line(head, whole);
  whole = whole || !cut;
  std::size_t words = 0;
  std::size_t numbers = 0;  // at the end of the line
  for (std::string_view word = io::take_word(line); !word.empty(); word = io::take_word(line)) {
    if (!whole && line.empty()) break;  // it may be a part of a number
    numbers = words > 0 && io::factor_of(word) ? numbers + 1 : 0;
    ++words;
  }
  const auto wanted = static_cast<std::size_t>(*factors);
  return whole ? words > wanted && numbers >= wanted : words > 1 && numbers + 1 == words;
}

}  // namespace

std::optional<std::string> factor_format_of(std::string_view head) {
  if (head.starts_with("\x93NUMPY")) return "npy";
  if (is_safetensors(head)) return "safetensors";
  const bool cut = head.size() >= factor_head_bytes;
  head = head.substr(0, factor_head_bytes);
  take_utf8_mark(head);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  bool whole = true;
  std::string_view rest = head;
  if (is_spark(take_line(rest, whole))) return "spark-factors";
  if (is_libmf(head)) return "libmf-model";
  if (is_word2vec(head, cut)) return "word2vec";
  return std::nullopt;
}

bool is_factor_format(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"spark-factors", "libmf-model", "word2vec", "npy", "safetensors"};
  return std::ranges::find(names, name) != names.end();
}

std::optional<std::string> factor_format_at(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    const io::FactorParts parts = io::factor_parts_of(path);
    return parts.empty() ? std::nullopt : std::optional<std::string>("spark-factors");
  }
  const auto head = io::head_of(path);
  return head ? factor_format_of(*head) : std::nullopt;
}

}  // namespace rowlight
