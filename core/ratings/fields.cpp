#include "core/ratings/fields.h"

#include <algorithm>

namespace rowlight {
namespace {

// Bounds the time that a file full of unmatched quotes can take.
constexpr std::size_t max_quoted_bytes = 65536;

bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_blank_char(char c) { return c == ' ' || c == '\t'; }

std::size_t after_line_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  return at + (text.substr(at, 2) == "\r\n" ? 2 : 1);
}

// Takes away the quote or the backslash that stands before each quote.
std::string without_escapes(std::string_view content) {
  std::string plain;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const bool pair = content.substr(i, 2) == "\"\"";
    const bool backslash = content.substr(i, 2) == "\\\"" && content.substr(i, 3) != "\\\"\"";
    if (pair || backslash) ++i;
    plain += content[i];
  }
  return plain;
}

}  // namespace

std::string_view trimmed(std::string_view field) {
  while (!field.empty() && is_blank_char(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_blank_char(field.back())) field.remove_suffix(1);
  return field;
}

bool FieldSplitter::at_delimiter(std::string_view text, std::size_t at) const {
  return text.substr(at).starts_with(separation_.text);
}

bool FieldSplitter::ends_field(std::string_view text, std::size_t at) const {
  return at >= text.size() || is_line_end(text[at]) || at_delimiter(text, at);
}

// Reads the quoted field whose quote stands at `at` (blanks before it allowed) and moves `at` behind it.
bool FieldSplitter::take_quoted(std::string_view text, std::size_t& at) {
  std::size_t open = at;
  while (open < text.size() && text[open] == ' ') ++open;
  if (open >= text.size() || text[open] != '"') return false;
  const std::string_view limited = text.substr(0, std::min(text.size(), open + max_quoted_bytes));
  std::size_t escapes = 0;
  std::size_t close = open + 1;
  while (true) {
    close = limited.find('"', close);
    if (close == std::string_view::npos) {
      open_quote_ = true;
      return false;
    }
    const bool pair = text.substr(close, 2) == "\"\"";
    const bool backslash = close > open + 1 && text[close - 1] == '\\';
    const std::size_t skipped = pair && !(backslash && ends_field(text, close + 2)) ? 2
                                : backslash && !ends_field(text, close + 1)         ? 1
                                                                                    : 0;
    if (skipped == 0) break;
    ++escapes;
    close += skipped;
  }
  std::size_t after = close + 1;
  while (after < text.size() && text[after] == ' ' && !at_delimiter(text, after)) ++after;
  if (!ends_field(text, after)) return false;

  std::string_view content = text.substr(open + 1, close - open - 1);
  if (escapes > 0) {
    content = unescaped_.emplace_back(without_escapes(content));
  }
  offsets_.push_back(open);
  fields_.push_back(content);
  at = after;
  return true;
}

std::size_t FieldSplitter::split(std::string_view text, std::size_t begin) {
  fields_.clear();
  offsets_.clear();
  open_quote_ = false;
  if (separation_.kind != Separation::Kind::Text) return split_runs(text, begin);

  if (!unescaped_.empty()) unescaped_.clear();
  const char first = separation_.text.front();
  const bool one_char = separation_.text.size() == 1;
  std::size_t at = begin;
  while (true) {
    if (!(separation_.quotes && take_quoted(text, at))) {
      const std::size_t start = at;
      while (at < text.size() && !is_line_end(text[at]) &&
             (text[at] != first || !(one_char || at_delimiter(text, at)))) {
        ++at;
      }
      std::string_view field = text.substr(start, at - start);
      if (trim_) field = trimmed(field);
      offsets_.push_back(static_cast<std::size_t>(field.data() - text.data()));
      fields_.push_back(field);
    }
    if (at >= text.size() || is_line_end(text[at])) break;
    at += separation_.text.size();
  }
  for (std::size_t& offset : offsets_) offset -= begin;
  return after_line_end(text, at);
}

std::size_t FieldSplitter::split_runs(std::string_view text, std::size_t begin) {
  const bool commas = separation_.kind == Separation::Kind::Mixed;
  const auto separates = [commas](char c) { return is_blank_char(c) || (commas && c == ','); };
  std::size_t at = begin;
  while (true) {
    while (at < text.size() && separates(text[at])) ++at;
    if (at >= text.size() || is_line_end(text[at])) break;
    const std::size_t start = at;
    while (at < text.size() && !is_line_end(text[at]) && !separates(text[at])) ++at;
    offsets_.push_back(start - begin);
    fields_.push_back(text.substr(start, at - start));
  }
  return after_line_end(text, at);
}

}  // namespace rowlight
