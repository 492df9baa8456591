#include "core/ratings/dialect.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/base/text.h"
#include "core/ratings/columns.h"
#include "core/ratings/formats.h"
#include "core/ratings/lines.h"
#include "core/ratings/shapes.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

using Kind = Separation::Kind;
using Row = std::vector<std::string>;

bool is_number(const std::string& field) { return parse_time(field) || parse_rating(field, true); }

bool has_number(const Row& row) { return std::any_of(row.begin(), row.end(), is_number); }

std::size_t known_names(const Row& row) {
  return static_cast<std::size_t>(
      std::count_if(row.begin(), row.end(), [](const std::string& name) { return !role_of_column(name).empty(); }));
}

Row cut(const Separation& separation, std::string_view line) {
  FieldSplitter splitter(separation, true);
  splitter.split(line);
  return {splitter.fields().begin(), splitter.fields().end()};
}

// Nobody reads a list of a thousand names.
constexpr std::size_t most_listed = 40;

std::string and_more(std::size_t count) {
  return count > most_listed ? " and " + std::to_string(count - most_listed) + " more" : std::string();
}

// "user, item, -": names for people.
std::string listed(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names.first(std::min(most_listed, names.size()))) {
    text += (text.empty() ? "" : ", ") + printable(name);
  }
  return text + and_more(names.size());
}

// One detection of rows: the lines cut into fields, and the layout as far as it is decided.
class Detection {
 public:
  Detection(std::span<const NumberedLine> lines, const ReadOptions& options) : lines_(lines), options_(options) {
    for (const NumberedLine& line : lines) texts_.push_back(line.text);
    if (options_.format) rule_ = find_format(*options_.format);
  }

  Expected<Layout> run() {
    auto arff = open_arff();
    if (!arff) return tl::make_unexpected(arff.error());
    if (!arff_) {
      if (auto done = refuse_prose(); !done) return tl::make_unexpected(done.error());
    }
    return run_stages();
  }
  /// What a run() that failed had found.
  Findings findings() { return {std::move(layout_.evidence), std::move(layout_.notices), std::move(layout_.advice)}; }

 private:
  Expected<Layout> run_stages() {
    for (auto stage : {&Detection::delimiter, &Detection::header, &Detection::columns, &Detection::types}) {
      if (auto done = (this->*stage)(); !done) return tl::make_unexpected(done.error());
    }
    describe_columns();
    name_format();
    return std::move(layout_);
  }
  void note(std::string stage, std::string decision, std::string because) {
    layout_.evidence.push_back({std::move(stage), std::move(decision), std::move(because)});
  }
  tl::unexpected<Error> bad(std::string what, std::string hint) const {
    return tl::make_unexpected(
        Error{ErrorKind::BadInput, std::move(what), std::move(hint), {}, lines_.front().number, 0});
  }
  [[nodiscard]] std::span<const Row> data_rows() const {
    return std::span<const Row>(rows_).subspan(layout_.header ? 1 : 0);
  }
  [[nodiscard]] std::optional<std::string> given_delimiter() const {
    if (options_.delimiter) return literal_delimiter(*options_.delimiter);
    if (rule_ != nullptr && !rule_->delimiter.empty()) return std::string(rule_->delimiter);
    return std::nullopt;
  }

  Expected<void> open_arff();
  [[nodiscard]] SeparationGuess data_at_the_end() const;
  [[nodiscard]] std::size_t lines_of_prose() const;
  [[nodiscard]] std::vector<Row> rows_below(const Separation& separation, std::size_t line) const;
  Expected<void> refuse_prose();
  Expected<void> delimiter();
  Expected<void> header();
  Expected<void> columns();
  Expected<void> columns_from_list(std::string list, const std::string& because);
  Expected<void> columns_by_name();
  Expected<void> columns_by_position();
  Expected<void> types();
  void note_types(std::size_t numeric, std::size_t with_comma);
  void describe_columns();
  void name_format();

  std::span<const NumberedLine> lines_;
  std::vector<std::string_view> texts_;  // of lines_
  const ReadOptions& options_;
  const FormatRule* rule_ = nullptr;  // of the format that was given
  Layout layout_;
  std::vector<Row> rows_;  // every line cut into fields
  Row names_;              // of the columns, from a header line or from ARFF attributes
  bool arff_ = false;
  bool row_names_ = false;  // stand in the first column, and names_ begins with one for it
  bool assumed_ = false;    // nothing tells users from items
};

// Leaves the header of an ARFF file behind and keeps the names that it gives to the columns.
Expected<void> Detection::open_arff() {
  const bool given = options_.format == "arff";
  if ((options_.format && !given) || options_.header == true) return {};
  auto header = read_arff_header(lines_);
  if (!header) return tl::make_unexpected(header.error());
  if (!*header) {
    return given ? bad("the lines are no ARFF file", "expected @RELATION, @ATTRIBUTE and @DATA lines above the rows")
                 : Expected<void>();
  }
  arff_ = true;
  names_ = std::move((*header)->names);
  layout_.first_data_line = (*header)->data_line;
  layout_.comment = "%";
  lines_ = lines_.subspan((*header)->data);
  while (trimmed(lines_.front().text).starts_with('%')) lines_ = lines_.subspan(1);
  texts_.clear();
  for (const NumberedLine& line : lines_) {
    if (!trimmed(line.text).starts_with('%')) texts_.push_back(line.text);
  }
  return {};
}

// How the last lines are cut, which are data where any are: the separation and the number of fields, 0 where they
// are not alike.
SeparationGuess Detection::data_at_the_end() const {
  for (std::size_t size = std::max<std::size_t>(texts_.size() / 4, 2);; size = std::max<std::size_t>(size / 2, 2)) {
    const auto tail = std::span(texts_).last(std::min(texts_.size(), size));
    SeparationGuess guess = guess_separation(tail, 3);
    if (const auto given = given_delimiter())
      guess = {separation_by(*given), cut(separation_by(*given), tail[0]).size()};
    const auto alike = std::count_if(tail.begin(), tail.end(), [&](std::string_view line) {
      return cut(guess.separation, line).size() == guess.field_count;
    });
    if (static_cast<std::size_t>(alike) * 10 >= tail.size() * 9) return guess;
    if (size == 2) return {};
  }
}

std::vector<Row> Detection::rows_below(const Separation& separation, std::size_t line) const {
  std::vector<Row> rows;
  for (const std::string_view text : std::span(texts_).subspan(line)) rows.push_back(cut(separation, text));
  return rows;
}

// How many of the first lines are text above the data.
std::size_t Detection::lines_of_prose() const {
  if (guess_separation(texts_, 3).fitting == texts_.size()) return 0;
  const SeparationGuess data = data_at_the_end();
  std::size_t prose = 0;
  for (std::size_t i = 0; i + 1 < texts_.size() && data.field_count > 0; ++i) {
    const Row row = cut(data.separation, texts_[i]);
    const bool fits = row.size() == data.field_count;
    if (fits && has_number(row)) break;
    if (fits) continue;  // perhaps a header
    if (row.size() + 1 == data.field_count && have_row_names(rows_below(data.separation, i))) break;
    // A damaged row is no prose, nor is a header that names more columns than there are.
    const std::string_view text = trimmed(texts_[i]);
    const bool remark = text.find_first_of("#%=*-/") == 0;
    const Row words = cut({Kind::Mixed, " ", false}, text);
    const auto numbers = static_cast<std::size_t>(std::count_if(words.begin(), words.end(), is_number));
    const bool sentence = text.find(' ') != std::string_view::npos || row.size() == 1;
    if (numbers * 2 > words.size() || !(remark || (sentence && known_names(row) * 2 <= row.size()))) break;
    prose = i + 1;
  }
  return prose;
}

// Says how many lines to skip where text stands above the ratings and nobody said so.
Expected<void> Detection::refuse_prose() {
  if (options_.header == true) return {};
  const std::size_t prose = lines_of_prose();
  if (prose == 0 || !Detection(lines_.subspan(prose), options_).run_stages()) return {};
  const std::uint64_t skipped = lines_[prose].number - 1;
  const std::string where =
      "the ratings seem to begin in line " + std::to_string(skipped + 1) + ": skip the lines above";
  layout_.advice.push_back({where, "skip-lines", std::to_string(skipped)});
  return bad("text stands above the ratings: '" + printable(texts_.front()) + "'",
             where + " with --skip-lines " + std::to_string(skipped));
}

Expected<void> Detection::delimiter() {
  if (const auto given = given_delimiter()) {
    layout_.separation = separation_by(*given);
    note("delimiter", separation_name(layout_.separation), options_.delimiter ? "it was given" : "the format says so");
  } else if (arff_) {
    layout_.separation = separation_by(",");
    note("delimiter", separation_name(layout_.separation), "an ARFF file separates by commas");
  } else {
    const SeparationGuess guess = guess_separation(texts_, 3);
    if (guess.fitting * 2 < texts_.size() || guess.fitting == 0) {
      return bad("the lines do not fall into three or more columns: '" + printable(texts_.front()) + "'",
                 "expected user, item and rating in each line, separated by TAB, comma, ';', '::', '|' or blanks");
    }
    layout_.separation = guess.separation;
    note("delimiter", separation_name(guess.separation),
         of_first_lines(guess.fitting, texts_.size()) + ' ' + plural(guess.field_count, "field"));
    if (guess.separation.kind == Kind::Mixed) {
      layout_.notices.emplace_back("commas, blanks and TABs all separate columns here: read as white space");
    }
  }
  rows_ = rows_below(layout_.separation, 0);
  return {};
}

Expected<void> Detection::header() {
  const Row& first = rows_.front();
  const std::size_t known = known_names(first);
  // Prose above the data is no header: a header has as many names as the lines below have fields.
  const bool row_names = !has_number(first) && have_row_names(rows_);
  const bool numbers_below = row_names || std::any_of(rows_.begin() + 1, rows_.end(), [&](const Row& row) {
                               return row.size() == first.size() && has_number(row);
                             });
  std::string because;
  std::optional<bool> given = options_.header;
  if (!given && rule_ != nullptr) given = rule_->header;
  if (given) {
    layout_.header = *given;
    because = options_.header ? "it was given" : "the format says so";
  } else if (arff_) {
    because = "the names of the columns stand in @ATTRIBUTE lines";
  } else if (has_number(first)) {
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
  if (!layout_.header) return {};
  names_ = first;
  row_names_ = row_names && !options_.columns && (rule_ == nullptr || rule_->columns.empty());
  if (row_names_) names_.insert(names_.begin(), "row names");
  return {};
}

Expected<void> Detection::columns() {
  std::map<std::size_t, std::size_t> lines_with;
  for (const Row& row : data_rows()) ++lines_with[row.size()];
  layout_.field_count = std::max_element(lines_with.begin(), lines_with.end(), [](const auto& a, const auto& b) {
                          return a.second < b.second;
                        })->first;
  layout_.columns.assign(layout_.field_count, "-");
  if (options_.columns) return columns_from_list(*options_.columns, "they were given");
  if (rule_ != nullptr && !rule_->columns.empty()) {
    std::string list(rule_->columns);
    if (layout_.field_count == 3) list.erase(list.rfind(','));  // the time may be absent
    return columns_from_list(std::move(list), "the format says so");
  }
  const auto names_role = [](const std::string& name) {
    const std::string_view role = role_of_column(name);
    return std::find(rating_roles.begin(), rating_roles.end(), role) != rating_roles.end() && role != "time";
  };
  if (std::any_of(names_.begin(), names_.end(), names_role)) return columns_by_name();
  return columns_by_position();
}

Expected<void> Detection::columns_from_list(std::string list, const std::string& because) {
  const std::vector<std::string> names = split_list(list);
  if (names.size() > layout_.field_count) {
    return fail(ErrorKind::Usage,
                "the columns '" + list + "' are " + std::to_string(names.size()) + " and the lines have " +
                    plural(layout_.field_count, "field"),
                "name at most as many columns as the lines have, or give the delimiter");
  }
  std::copy(names.begin(), names.end(), layout_.columns.begin());
  note("columns", std::move(list), because);
  return {};
}

Expected<void> Detection::columns_by_name() {
  Row named(names_.size(), "-");
  const auto has = [&](const char* role) { return std::find(named.begin(), named.end(), role) != named.end(); };
  std::array<bool, rating_roles.size()> taken{};  // has() for each of very many names would take very long
  for (const bool vague : {false, true}) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto* const role = std::find(rating_roles.begin(), rating_roles.end(), role_of_column(names_[i]));
      if (role == rating_roles.end() || is_vague_name(names_[i]) != vague) continue;
      if (!std::exchange(taken[static_cast<std::size_t>(role - rating_roles.begin())], true)) named[i] = *role;
    }
  }
  for (const char* role : {"rating", "user", "item"}) {
    if (has(role)) continue;
    return bad("the header names no " + std::string(role) + " column (it says " + listed(names_) + ")",
               "expected columns for user, item and rating; if they have other names, name them in order with "
               "--columns" +
                   columns_like(named, layout_.field_count));
  }
  const std::size_t count = named.size();
  named.resize(layout_.field_count, "-");
  if (!has("user") || !has("item") || !has("rating")) {
    return bad(
        "the header names " + plural(count, "column") + " and the lines have " + plural(layout_.field_count, "field"),
        "expected user, item and rating in each line");
  }
  layout_.columns = std::move(named);
  note("columns", listed(layout_.columns), "the header says " + listed(names_));
  return {};
}

Expected<void> Detection::columns_by_position() {
  if (layout_.field_count < 3) {
    return bad("the lines have " + plural(layout_.field_count, "field"), "expected user, item and rating");
  }
  ColumnGuess guess = guess_columns(data_rows(), layout_.field_count, row_names_ ? 1 : 0);
  layout_.columns = std::move(guess.columns);
  assumed_ = guess.assumed;
  note("columns", listed(layout_.columns), std::move(guess.because));
  if (layout_.header) {
    layout_.notices.push_back("the first line is read as a header of unknown names: " + listed(names_));
    layout_.advice.push_back({layout_.notices.back() + "; say so if it is a rating", "header", "no"});
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
  const std::string* odd = nullptr;
  std::size_t numeric = 0;
  std::size_t with_comma = 0;
  for (const Row& row : data_rows()) {
    if (row.size() <= layout_.rating) continue;
    const std::string& field = row[layout_.rating];
    if (parse_rating(field, decimal_comma)) {
      ++numeric;
      with_comma += field.find(',') != std::string::npos ? 1 : 0;
    } else if (odd == nullptr) {
      odd = &field;
    }
  }
  if (numeric == 0) {
    const std::string found = odd == nullptr ? "nothing" : "'" + printable(*odd) + "'";
    return bad("column " + std::to_string(layout_.rating + 1) + " holds " + found + " and no rating",
               "expected a number there; if the rating stands elsewhere, name the columns in order with --columns");
  }
  note_types(numeric, with_comma);
  return {};
}

void Detection::note_types(std::size_t numeric, std::size_t with_comma) {
  const auto rows = data_rows();
  const auto all = [&](std::size_t column, auto&& test) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const Row& row) { return row.size() != layout_.field_count || test(row[column]); });
  };
  const auto ids = [&](std::size_t column) {
    const bool whole = all(column, [](const std::string& id) {
      return !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
    });
    return whole ? "whole numbers" : "text";
  };
  std::string decision = "user ids are " + std::string(ids(layout_.user)) + ", item ids are " + ids(layout_.item) +
                         ", ratings are numbers";
  if (with_comma > 0) decision += " with a decimal comma";
  note("types", std::move(decision),
       of_first_lines(numeric, rows.size()) + " a number in column " + std::to_string(layout_.rating + 1));
  if (with_comma > 0) layout_.notices.emplace_back("ratings are written with a decimal comma: 3,5 is read as 3.5");
}

void Detection::describe_columns() {
  std::string ignored;
  std::size_t count = 0;
  for (std::size_t i = 0; i < layout_.field_count; ++i) {
    if (layout_.columns[i] != "-" || ++count > most_listed) continue;
    ignored += ignored.empty() ? "" : ", ";
    ignored += std::to_string(i + 1) + (i < names_.size() ? " (" + printable(names_[i]) + ")" : "");
  }
  if (count > 0 && !options_.columns) layout_.notices.push_back("ignored columns: " + ignored + and_more(count));
  if (row_names_) {
    layout_.notices.emplace_back(
        "the lines have one field more than the header has names: their first column is read as names of the rows");
    std::string without;
    for (const std::string& column : std::span(layout_.columns).subspan(1))
      without += (without.empty() ? "" : ",") + column;
    layout_.advice.push_back({layout_.notices.back() + "; say so if it is data", "columns", std::move(without)});
  }
  if (!options_.columns && layout_.rating < names_.size() && is_name_of_counts(names_[layout_.rating])) {
    layout_.notices.push_back("column " + printable(names_[layout_.rating]) +
                              " seems to hold counts: they are read as ratings, on the scale of the counts");
  }
}

void Detection::name_format() {
  const bool triple = layout_.field_count >= 3 && layout_.columns[0] == "user" && layout_.columns[1] == "item";
  const bool four = layout_.columns == std::vector<std::string>{"user", "item", "rating", "time"};
  // MovieLens names users and items by numbers; in the older sets every time is in seconds since 1970.
  const auto is_number = [](const std::string& id) {
    return !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
  };
  const bool integers = four && std::all_of(data_rows().begin(), data_rows().end(), [&](const Row& row) {
                          return row.size() != 4 || (is_number(row[0]) && is_number(row[1]));
                        });
  if (options_.format) {
    layout_.format = *options_.format;
  } else if (arff_) {
    layout_.format = "arff";
  } else if (!layout_.header && !options_.columns && !triple) {
    layout_.format = "item-first";
  } else if (layout_.separation.kind != Kind::Text) {
    layout_.format = "whitespace";
  } else if (layout_.header && layout_.separation.text == "," && four && names_.size() >= 2 && names_[0] == "userId" &&
             names_[1] == "movieId") {
    layout_.format = "movielens-csv";
  } else if (!layout_.header && integers && layout_.separation.text == "\t") {
    layout_.format = "movielens-100k";
  } else if (!layout_.header && integers && layout_.separation.text == "::") {
    layout_.format = "movielens-dat";
  } else {
    layout_.format = "delimited";
  }
  note("format", layout_.format, options_.format ? "it was given" : "of delimiter, header and columns together");
  if (layout_.format.starts_with("movielens") || !assumed_) return;
  const std::string rest = layout_.time ? (*layout_.time < layout_.rating ? "time,rating" : "rating,time") : "rating";
  layout_.notices.emplace_back("nothing says which column is the user: the first one is assumed to be it");
  layout_.advice.push_back(
      {"the first column is assumed to be the user: if it is the item, say so", "columns", "item,user," + rest});
}

}  // namespace

Expected<Layout> detect_layout(std::span<const std::string_view> lines, std::uint64_t first_line,
                               const ReadOptions& options, Findings* failed) {
  std::vector<NumberedLine> numbered;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_blank(lines[i])) numbered.push_back({first_line + i, lines[i]});
  }
  Expected<Layout> found;
  auto netflix = detect_netflix(numbered, options);
  if (!netflix) return tl::make_unexpected(netflix.error());
  auto matrix = detect_matrix(numbered, options);
  if (!matrix) return tl::make_unexpected(matrix.error());
  if (*netflix) {
    found = std::move(**netflix);
  } else if (*matrix) {
    found = std::move(**matrix);
  } else {
    Detection detection(numbered, options);
    found = detection.run();
    if (!found && failed != nullptr) *failed = detection.findings();
  }
  if (found && found->first_data_line <= options.skip_lines) found->first_data_line = options.skip_lines + 1;
  return found;
}

void note_time_unit(std::string_view timestamps, std::vector<Evidence>& evidence) {
  for (Evidence& each : evidence) {
    if (each.stage != "types" || timestamps == "none") continue;
    each.decision += timestamps == "ms"     ? ", times are milliseconds"
                     : timestamps == "date" ? ", times are dates"
                                            : ", times are seconds";
  }
}

}  // namespace rowlight
