#include "core/ratings/dialect.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/ratings/text_encoding.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

using Kind = Separation::Kind;

constexpr std::array roles{"user", "item", "rating", "time"};

// What the name of a format says about its layout.
struct FormatRule {
  std::string_view name;
  std::string_view delimiter;  // empty: open
  std::optional<bool> header;
  std::string_view columns;  // empty: open
};
constexpr std::array format_rules{
    FormatRule{"movielens-100k", "\t", false, "user,item,rating,time"},
    FormatRule{"movielens-dat", "::", false, "user,item,rating,time"},
    FormatRule{"movielens-csv", ",", true, ""},
    FormatRule{"delimited", "", std::nullopt, ""},
    FormatRule{"whitespace", " ", std::nullopt, ""},
};

const FormatRule* find_format(std::string_view name) {
  const auto* found =
      std::find_if(format_rules.begin(), format_rules.end(), [&](const FormatRule& rule) { return rule.name == name; });
  return found == format_rules.end() ? nullptr : found;
}

std::string literal_delimiter(const std::string& option) { return option == "\\t" ? "\t" : option; }

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = list.find(',');
    parts.emplace_back(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

// One detection: the lines cut into fields, and the layout as far as it is decided.
class Detection {
 public:
  Detection(std::span<const std::string_view> lines, std::uint64_t first_line, const ReadOptions& options)
      : lines_(lines), first_line_(first_line), options_(options) {}

  Expected<Layout> run() {
    for (auto stage : {&Detection::delimiter, &Detection::header, &Detection::columns, &Detection::types}) {
      if (auto done = (this->*stage)(); !done) return tl::make_unexpected(done.error());
    }
    name_format();
    return std::move(layout_);
  }

 private:
  void note(std::string stage, std::string decision, std::string because) {
    layout_.evidence.push_back({std::move(stage), std::move(decision), std::move(because)});
  }
  tl::unexpected<Error> bad(std::string what, std::string hint) const {
    return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), {}, first_line_, 0});
  }
  [[nodiscard]] std::span<const std::vector<std::string>> data_rows() const {
    const std::span<const std::vector<std::string>> all(rows_);
    return all.subspan(layout_.header ? 1 : 0);
  }

  Expected<void> delimiter();
  Expected<void> header();
  Expected<void> columns();
  Expected<void> columns_from_list(const std::string& list, const std::string& because);
  Expected<void> columns_by_position();
  Expected<void> types();
  void describe_columns();
  void name_format();

  std::span<const std::string_view> lines_;
  std::uint64_t first_line_;
  const ReadOptions& options_;
  Layout layout_;
  std::vector<std::vector<std::string>> rows_;  // every line cut into fields
  bool by_position_ = false;                    // nothing names the columns
};

Expected<void> Detection::delimiter() {
  std::optional<std::string> given = options_.delimiter;
  if (given) given = literal_delimiter(*given);
  if (!given && options_.format && !find_format(*options_.format)->delimiter.empty()) {
    given = find_format(*options_.format)->delimiter;
  }
  if (given) {
    const bool blanks = *given == " ";
    const bool quotes = *given == "," || *given == ";" || *given == "\t";
    layout_.separation = {blanks ? Kind::Blanks : Kind::Text, *given, quotes};
    note("delimiter", separation_name(layout_.separation), "it was given");
  } else {
    const SeparationGuess guess = guess_separation(lines_, 3);
    if (guess.fitting * 2 < lines_.size() || guess.fitting == 0) {
      return bad("the lines do not fall into three or more columns: '" + printable(lines_.front()) + "'",
                 "expected user, item and rating in each line, separated by TAB, comma, ';', '::', '|' or blanks");
    }
    layout_.separation = guess.separation;
    note("delimiter", separation_name(guess.separation),
         plural(guess.fitting, "line") + " of the first " + std::to_string(lines_.size()) + " have " +
             plural(guess.field_count, "field"));
    if (guess.separation.kind == Kind::Mixed) {
      layout_.notices.emplace_back("commas, blanks and TABs all separate columns here: read as white space");
    }
  }
  FieldSplitter splitter(layout_.separation, true);
  for (const std::string_view line : lines_) {
    splitter.split(line);
    rows_.emplace_back(splitter.fields().begin(), splitter.fields().end());
  }
  return {};
}

Expected<void> Detection::header() {
  const auto is_number = [](const std::string& field) { return parse_time(field) || parse_rating(field, true); };
  const std::vector<std::string>& first = rows_.front();
  const auto known = static_cast<std::size_t>(
      std::count_if(first.begin(), first.end(), [](const std::string& f) { return !role_of_column(f).empty(); }));
  const bool numbers_in_first = std::any_of(first.begin(), first.end(), is_number);
  // Prose above the data is no header: a header has as many names as the lines below have fields.
  const bool numbers_below = std::any_of(rows_.begin() + 1, rows_.end(), [&](const auto& row) {
    return row.size() == first.size() && std::any_of(row.begin(), row.end(), is_number);
  });
  std::string because;
  std::optional<bool> given = options_.header;
  if (!given && options_.format) given = find_format(*options_.format)->header;
  if (given) {
    layout_.header = *given;
    because = "it was given";
  } else if (numbers_in_first) {
    because = "the first line holds numbers";
  } else if (known > 0) {
    layout_.header = true;
    because = "the first line names " + plural(known, "known column");
  } else if (numbers_below) {
    layout_.header = true;
    because = "the first line holds no number and the lines below do";
  } else {
    because = "the first line is like the others";
  }
  note("header", layout_.header ? "yes" : "no", because);
  if (layout_.header && rows_.size() == 1) {
    return bad("the file has a header and no line below it", "expected one rating in each line below the header");
  }
  return {};
}

Expected<void> Detection::columns() {
  std::vector<std::size_t> counts;
  for (const auto& row : data_rows()) counts.push_back(row.size());
  std::sort(counts.begin(), counts.end());
  std::size_t best = 0;
  for (std::size_t i = 0; i < counts.size();) {  // the commonest number of fields
    const auto run = static_cast<std::size_t>(std::upper_bound(counts.begin(), counts.end(), counts[i]) -
                                              counts.begin() - static_cast<std::ptrdiff_t>(i));
    if (run > best) {
      best = run;
      layout_.field_count = counts[i];
    }
    i += run;
  }
  layout_.columns.assign(layout_.field_count, "-");
  if (options_.columns) return columns_from_list(*options_.columns, "they were given");
  if (options_.format && !find_format(*options_.format)->columns.empty()) {
    return columns_from_list(std::string(find_format(*options_.format)->columns), "the format says so");
  }
  return columns_by_position();
}

Expected<void> Detection::columns_from_list(const std::string& list, const std::string& because) {
  const std::vector<std::string> names = split_list(list);
  if (names.size() > layout_.field_count) {
    return fail(ErrorKind::Usage,
                "the columns '" + list + "' are " + std::to_string(names.size()) + " and the lines have " +
                    plural(layout_.field_count, "field"),
                "name at most as many columns as the lines have, or give the delimiter");
  }
  std::copy(names.begin(), names.end(), layout_.columns.begin());
  note("columns", list, because);
  return {};
}

Expected<void> Detection::columns_by_position() {
  std::vector<std::string> named;
  std::string header_text;
  if (layout_.header) {
    for (const std::string& name : rows_.front()) {
      header_text += (header_text.empty() ? "" : ", ") + printable(name);
      const std::string_view role = role_of_column(name);
      const bool wanted = std::find(roles.begin(), roles.end(), role) != roles.end();
      const bool taken = std::find(named.begin(), named.end(), role) != named.end();
      named.emplace_back(wanted && !taken ? role : "-");
    }
  }
  const auto has = [&](const char* role) { return std::find(named.begin(), named.end(), role) != named.end(); };
  if (has("user") && has("item") && has("rating")) {
    const std::size_t names = named.size();
    named.resize(layout_.field_count, "-");
    if (!has("user") || !has("item") || !has("rating")) {
      return bad(
          "the header names " + plural(names, "column") + " and the lines have " + plural(layout_.field_count, "field"),
          "expected user, item and rating in each line");
    }
    layout_.columns = std::move(named);
    note("columns", "by name", "the header says " + header_text);
  } else if (has("user") || has("item") || has("rating")) {
    const char* absent = !has("rating") ? "rating" : !has("user") ? "user" : "item";
    return bad("the header names no " + std::string(absent) + " column (it says " + header_text + ")",
               "expected columns for user, item and rating; name them in order if they have other names");
  } else {
    if (layout_.field_count < 3) {
      return bad("the lines have " + plural(layout_.field_count, "field"), "expected user, item and rating");
    }
    std::copy(roles.begin(), roles.begin() + 3, layout_.columns.begin());
    const auto rows = data_rows();
    const auto with_time = std::count_if(rows.begin(), rows.end(), [&](const auto& row) {
      return row.size() == layout_.field_count && row.size() > 3 && parse_time(row[3]);
    });
    if (static_cast<std::size_t>(with_time) * 10 > rows.size() * 9) layout_.columns[3] = "time";
    by_position_ = true;
    note("columns", "by position", "no header names them");
    if (layout_.header)
      layout_.notices.push_back("the first line is read as a header of unknown names: " + header_text);
  }
  return {};
}

Expected<void> Detection::types() {
  const auto find = [&](const char* role) {
    const auto at = std::find(layout_.columns.begin(), layout_.columns.end(), role);
    return static_cast<std::size_t>(at - layout_.columns.begin());
  };
  layout_.user = find("user");
  layout_.item = find("item");
  layout_.rating = find("rating");
  const std::size_t time = find("time");
  if (time < layout_.field_count) layout_.time = time;

  const bool decimal_comma = layout_.separation.text != "," && layout_.separation.kind != Kind::Mixed;
  const auto rows = data_rows();
  const std::string* odd = nullptr;
  std::size_t numeric = 0;
  for (const auto& row : rows) {
    if (row.size() <= layout_.rating) continue;
    if (parse_rating(row[layout_.rating], decimal_comma)) {
      ++numeric;
    } else if (odd == nullptr) {
      odd = &row[layout_.rating];
    }
  }
  if (numeric == 0) {
    const std::string found = odd == nullptr ? "nothing" : "'" + printable(*odd) + "'";
    return bad("column " + std::to_string(layout_.rating + 1) + " holds " + found + " and no rating",
               "expected a number there; name the columns in order if the rating stands elsewhere");
  }
  note("types", "ratings are numbers",
       plural(numeric, "line") + " of the first " + std::to_string(rows.size()) + " have a number in column " +
           std::to_string(layout_.rating + 1));
  describe_columns();
  return {};
}

void Detection::describe_columns() {
  std::string ignored;
  for (std::size_t i = 0; i < layout_.field_count; ++i) {
    if (layout_.columns[i] != "-") continue;
    const bool named = layout_.header && i < rows_.front().size();
    ignored += ignored.empty() ? "" : ", ";
    ignored += std::to_string(i + 1) + (named ? " (" + printable(rows_.front()[i]) + ")" : "");
  }
  if (!ignored.empty() && !options_.columns) layout_.notices.push_back("ignored columns: " + ignored);
}

void Detection::name_format() {
  const bool four = layout_.columns == std::vector<std::string>{"user", "item", "rating", "time"};
  const auto rows = data_rows();
  // MovieLens names users and items by numbers; in the older sets every time is in seconds since 1970.
  const bool integers =
      four && std::all_of(rows.begin(), rows.end(), [](const auto& row) {
        return row.size() != 4 || (!row[0].empty() && row[0].find_first_not_of("0123456789") == std::string::npos);
      });
  const std::vector<std::string>& first = rows_.front();
  if (options_.format) {
    layout_.format = *options_.format;
  } else if (layout_.separation.kind != Kind::Text) {
    layout_.format = "whitespace";
  } else if (layout_.header && layout_.separation.text == "," && four && first[0] == "userId" &&
             first[1] == "movieId") {
    layout_.format = "movielens-csv";
  } else if (!layout_.header && integers && layout_.separation.text == "\t") {
    layout_.format = "movielens-100k";
  } else if (!layout_.header && integers && layout_.separation.text == "::") {
    layout_.format = "movielens-dat";
  } else {
    layout_.format = "delimited";
  }
  note("format", layout_.format, "of delimiter, header and columns together");
  const bool plain = layout_.format == "delimited" || layout_.format == "whitespace";
  if (plain && by_position_) {
    layout_.notices.emplace_back("nothing says which column is the user: the first one is assumed to be it");
  }
}

Expected<void> check_columns(const std::string& list) {
  const std::vector<std::string> names = split_list(list);
  const std::string hint = "expected user, item and rating, and perhaps time, in the file's order; '-' skips a column";
  for (const std::string& name : names) {
    if (name != "-" && std::find(roles.begin(), roles.end(), name) == roles.end()) {
      return fail(ErrorKind::Usage, "'" + printable(name) + "' is not a column", hint);
    }
  }
  for (const std::string role : roles) {
    const auto times = std::count(names.begin(), names.end(), role);
    if (times > 1 || (times == 0 && role != "time")) {
      return fail(ErrorKind::Usage,
                  "the columns '" + printable(list) + "' name " + role + (times > 1 ? " twice" : " nowhere"), hint);
    }
  }
  return {};
}

Expected<void> check_delimiter(const ReadOptions& options) {
  const std::string delimiter = literal_delimiter(*options.delimiter);
  if (delimiter.empty() || delimiter.size() > 8 ||
      delimiter.find_first_of("\r\n\"+-.0123456789") != std::string::npos) {
    return fail(ErrorKind::Usage, "'" + printable(delimiter) + "' cannot be a delimiter",
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

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  names.reserve(std::size(format_rules));
  for (const FormatRule& rule : format_rules) names.emplace_back(rule.name);
  return names;
}

Expected<void> check_options(const ReadOptions& options) {
  if (options.format && find_format(*options.format) == nullptr) {
    std::string known;
    for (const FormatRule& rule : format_rules) known += (known.empty() ? "" : ", ") + std::string(rule.name);
    return fail(ErrorKind::Usage, "there is no format '" + printable(*options.format) + "'",
                "expected one of " + known);
  }
  if (options.delimiter) {
    if (auto ok = check_delimiter(options); !ok) return ok;
  }
  if (options.columns) {
    if (auto ok = check_columns(*options.columns); !ok) return ok;
  }
  if (options.encoding && *options.encoding != "utf-8" && *options.encoding != "latin-1") {
    return fail(ErrorKind::Usage, "there is no encoding '" + printable(*options.encoding) + "'",
                "expected utf-8 or latin-1");
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

Expected<Layout> detect_layout(std::span<const std::string_view> lines, std::uint64_t first_line,
                               const ReadOptions& options) {
  return Detection(lines, first_line, options).run();
}

}  // namespace rowlight
