#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rowlight::test {

/// Ratings as the simplest reader that could be right reads them: line by line, field by field, with nothing of the
/// real one in it. For lines of user, item and rating (and a time in whole seconds) in that order below no header,
/// between delimiters of one or more characters; a comma, ';' and TAB know quotes, of which it gives up on those that
/// are more than a whole field in quotes.
struct PlainReader {
  struct Row {
    std::string user;
    std::string item;
    float rating = 0;
    std::int64_t time = 0;
  };
  std::vector<Row> rows;
  std::vector<std::uint64_t> bad_lines;
  std::uint64_t lines = 0;
  std::uint64_t blank_lines = 0;
  bool gives_up = false;  ///< something is in the text that it knows nothing of

  PlainReader(std::string_view text, std::string_view delimiter, std::size_t fields) {
    while (!text.empty()) {
      std::size_t end = 0;
      while (end < text.size() && text[end] != '\n' && text[end] != '\r') ++end;
      take(std::string(text.substr(0, end)), std::string(delimiter), fields);
      if (end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n') ++end;
      text.remove_prefix(end < text.size() ? end + 1 : end);
    }
  }

 private:
  static std::string trimmed(std::string field) {
    while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.pop_back();
    while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.erase(0, 1);
    return field;
  }
  static bool usable(const std::string& id) {
    for (const char c : id) {
      if (static_cast<unsigned char>(c) < ' ') return false;
    }
    return !id.empty() && id.size() <= 1024;
  }
  static std::optional<double> number(std::string text, bool decimal_comma) {
    if (decimal_comma && text.size() < 64) {
      if (const std::size_t comma = text.find(','); comma != std::string::npos) text[comma] = '.';
    }
    if (text.size() > 1 && text[0] == '+' && text[1] != '+' && text[1] != '-') text.erase(0, 1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || !(std::abs(value) <= 3.4028234663852886e38)) return std::nullopt;
    return value;
  }

  void take(const std::string& line, const std::string& delimiter, std::size_t count) {
    ++lines;
    if (trimmed(line).empty()) {
      ++blank_lines;
      return;
    }
    const bool blanks = delimiter == " ";
    const bool quotes = delimiter == "," || delimiter == ";" || delimiter == "\t";
    gives_up = gives_up || (quotes && line.find('"') != std::string::npos);
    std::vector<std::string> fields(1);
    for (std::size_t at = 0; at < line.size();) {
      const bool separates =
          blanks ? line[at] == ' ' || line[at] == '\t' : line.compare(at, delimiter.size(), delimiter) == 0;
      if (separates) {
        if (!blanks || !fields.back().empty()) fields.emplace_back();
        at += delimiter.size();
      } else {
        fields.back() += line[at++];
      }
    }
    if (blanks && fields.back().empty()) fields.pop_back();
    for (std::string& field : fields) field = trimmed(field);
    if (!add(fields, delimiter != ",", count)) bad_lines.push_back(lines);
  }
  bool add(const std::vector<std::string>& fields, bool decimal_comma, std::size_t count) {
    if (fields.size() != count || !usable(fields[0]) || !usable(fields[1])) return false;
    const auto rating = number(fields[2], decimal_comma);
    if (!rating) return false;
    std::int64_t time = 0;
    if (count > 3) {
      const std::string& text = fields[3];
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
      if (error != std::errc() || end != text.data() + text.size()) {
        // "1e9" and dates are for the real one alone.
        gives_up = gives_up || number(text, false).has_value() || text.find('-', 1) != std::string::npos;
        return false;
      }
    }
    rows.push_back({fields[0], fields[1], static_cast<float>(*rating), time});
    return true;
  }
};

}  // namespace rowlight::test
