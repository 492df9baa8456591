// The formats by name, and the options that can be judged without a file.
#include "core/ratings/formats.h"

#include <algorithm>
#include <cmath>

#include "core/base/text.h"
#include "core/ratings/dialect.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {
namespace {

constexpr std::array format_rules{
    FormatRule{"movielens-100k", "\t", false, "user,item,rating,time"},
    FormatRule{"movielens-dat", "::", false, "user,item,rating,time"},
    FormatRule{"movielens-csv", ",", true, ""},
    FormatRule{"delimited", "", std::nullopt, ""},
    FormatRule{"whitespace", " ", std::nullopt, ""},
    FormatRule{"item-first", "", std::nullopt, "item,user,rating,time"},
    FormatRule{"netflix", ",", false, "", false},
    FormatRule{"matrix", "", std::nullopt, "", false},
    FormatRule{"arff", "", false, ""},
};

Expected<void> check_format(const ReadOptions& options) {
  const FormatRule* rule = find_format(*options.format);
  if (rule == nullptr) {
    std::string known;
    for (const FormatRule& each : format_rules) known += (known.empty() ? "" : ", ") + std::string(each.name);
    return fail(ErrorKind::Usage, "there is no format '" + printable(*options.format) + "'",
                "expected one of " + known);
  }
  if (options.columns && !rule->names_columns) {
    return fail(ErrorKind::Usage, "format " + *options.format + " has no columns that could be named",
                "leave one of the two away");
  }
  return {};
}

Expected<void> check_columns(const std::string& list) {
  const std::vector<std::string> names = split_list(list);
  const std::string hint = "expected user, item and rating, and perhaps time, in the file's order; '-' skips a column";
  for (const std::string& name : names) {
    if (name != "-" && std::find(rating_roles.begin(), rating_roles.end(), name) == rating_roles.end()) {
      return fail(ErrorKind::Usage, "'" + printable(name) + "' is not a column", hint);
    }
  }
  for (const std::string role : rating_roles) {
    const auto times = std::count(names.begin(), names.end(), role);
    if (times > 1 || (times == 0 && role != "time")) {
      return fail(ErrorKind::Usage,
                  "the columns '" + printable(list) + "' name " + role + (times > 1 ? " twice" : " nowhere"), hint);
    }
  }
  return {};
}

// With line ends as they are written in a program: nobody can see them in a message.
std::string written(const std::string& delimiter) {
  std::string text;
  for (const char c : delimiter) text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  return printable(text);
}

Expected<void> check_delimiter(const ReadOptions& options) {
  const std::string delimiter = literal_delimiter(*options.delimiter);
  if (delimiter.empty() || delimiter.size() > 8 ||
      delimiter.find_first_of("\r\n\"+-.0123456789") != std::string::npos) {
    return fail(ErrorKind::Usage, "'" + written(delimiter) + "' cannot be a delimiter",
                "expected one to eight characters without digits, signs, quotes and line ends");
  }
  const FormatRule* rule = options.format ? find_format(*options.format) : nullptr;
  if (rule != nullptr && !rule->delimiter.empty() && rule->delimiter != delimiter) {
    return fail(ErrorKind::Usage, "format " + *options.format + " has another delimiter than the one given",
                "leave one of the two away");
  }
  return {};
}

}  // namespace

const FormatRule* find_format(std::string_view name) {
  const auto* found =
      std::find_if(format_rules.begin(), format_rules.end(), [&](const FormatRule& rule) { return rule.name == name; });
  return found == format_rules.end() ? nullptr : found;
}

std::string literal_delimiter(const std::string& option) { return option == "\\t" ? "\t" : option; }

Separation separation_by(std::string_view delimiter) {
  const bool quotes = delimiter == "," || delimiter == ";" || delimiter == "\t";
  return {delimiter == " " ? Separation::Kind::Blanks : Separation::Kind::Text, std::string(delimiter), quotes};
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string of_first_lines(std::size_t count, std::size_t lines, std::string_view one, std::string_view many) {
  const std::string counted =
      count == 1 && lines == 1 ? "the only line" : grouped(count) + " of the first " + plural(lines, "line");
  return counted + ' ' + std::string(count == 1 ? one : many);
}

bool describes_ratings(const ReadOptions& options) {
  return options.format || options.columns || options.delimiter || options.header || options.skip_lines > 0;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  names.reserve(std::size(format_rules));
  for (const FormatRule& rule : format_rules) names.emplace_back(rule.name);
  return names;
}

Expected<void> check_options(const ReadOptions& options) {
  if (options.format) {
    if (auto ok = check_format(options); !ok) return ok;
  }
  if (options.delimiter) {
    if (auto ok = check_delimiter(options); !ok) return ok;
  }
  if (options.columns) {
    if (auto ok = check_columns(*options.columns); !ok) return ok;
  }
  constexpr std::array encodings{"utf-8", "latin-1", "utf-16"};
  if (options.encoding && std::find(encodings.begin(), encodings.end(), *options.encoding) == encodings.end()) {
    return fail(ErrorKind::Usage, "there is no encoding '" + printable(*options.encoding) + "'",
                "expected utf-8, latin-1 or utf-16");
  }
  if (options.scale) {
    const RatingScale scale = *options.scale;
    if (!std::isfinite(scale.low) || !std::isfinite(scale.high) || !(scale.low < scale.high)) {
      return fail(ErrorKind::Usage, "the scale does not go from a lower to a higher number",
                  "expected LOW:HIGH, as 1:5");
    }
  }
  if (options.missing && std::isnan(*options.missing)) {
    return fail(ErrorKind::Usage, "a missing rating cannot be declared as NaN", "expected a number, as 0");
  }
  return {};
}

}  // namespace rowlight
