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

}  // namespace

std::string_view trimmed(std::string_view field) {
  while (!field.empty() && is_blank_char(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_blank_char(field.back())) field.remove_suffix(1);
  return field;
}

bool FieldSplitter::at_delimiter(std::string_view text, std::size_t at) const {
  return text.substr(at).starts_with(separation_.text);
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
    if (text.substr(close, 2) != "\"\"") break;
    ++escapes;
    close += 2;
  }
  std::size_t after = close + 1;
  while (after < text.size() && text[after] == ' ' && !at_delimiter(text, after)) ++after;
  if (after < text.size() && !is_line_end(text[after]) && !at_delimiter(text, after)) return false;

  std::string_view content = text.substr(open + 1, close - open - 1);
  if (escapes > 0) {
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < content.size(); ++i) {
      plain += content[i];
      if (content[i] == '"') ++i;
    }
    content = plain;
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
