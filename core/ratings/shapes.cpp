// The rating files that are not one rating a line from the first line on.
#include "core/ratings/shapes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"
#include "core/ratings/formats.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

constexpr double not_rated = 99;  // in a dense matrix
constexpr std::size_t least_matrix_items = 10;

tl::unexpected<Error> bad(std::uint64_t line, std::string what, std::string hint) {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), {}, line, 0});
}

bool is_number_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool mostly(std::size_t part, std::size_t all) { return part * 10 >= all * 9; }

// Whether `text` begins with `word`, which is in lower case, in any case; a longer word is another one.
bool starts_with_keyword(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  const bool same = std::equal(word.begin(), word.end(), text.begin(), [](char expected, char found) {
    return expected == (found >= 'A' && found <= 'Z' ? static_cast<char>(found - 'A' + 'a') : found);
  });
  return same && (text.size() == word.size() || text[word.size()] == ' ' || text[word.size()] == '\t');
}

struct NetflixCounts {
  std::size_t movies = 0;
  std::size_t ratings = 0;  // customer,rating,date
  std::size_t pairs = 0;    // customer,date or customer alone: what the prize asked to predict
};

NetflixCounts count_netflix_lines(std::span<const NumberedLine> lines) {
  NetflixCounts counts;
  FieldSplitter splitter(separation_by(","), true);
  for (const NumberedLine& line : lines) {
    if (is_netflix_movie(line.text)) {
      ++counts.movies;
      continue;
    }
    splitter.split(line.text);
    const auto fields = splitter.fields();
    if (!is_number_text(fields[0])) continue;
    if (fields.size() == 3 && parse_rating(fields[1], false) && parse_time(fields[2])) ++counts.ratings;
    const auto time = fields.size() == 2 ? parse_time(fields[1]) : std::nullopt;
    if (fields.size() == 1 || (time && time->date)) ++counts.pairs;
  }
  return counts;
}

// The name of an attribute: its second word, or what stands in quotes after the first.
std::string attribute_name(std::string_view line) {
  line.remove_prefix(std::min(line.size(), std::string_view("@attribute").size()));
  line = trimmed(line);
  if (line.empty()) return {};
  const char quote = line.front();
  if (quote == '\'' || quote == '"') return std::string(line.substr(1, line.find(quote, 1) - 1));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

// How well a separation suits a matrix, and what the first column says about it.
struct MatrixGuess {
  Separation separation;
  std::size_t fields = 0;
  std::size_t fitting = 0;    // lines of that many numbers
  std::size_t counting = 0;   // of these: lines whose first number is the number of ratings behind it
  std::size_t first_odd = 0;  // index of the first line that does not fit
};

MatrixGuess measure_matrix(std::span<const NumberedLine> lines, const Separation& separation) {
  MatrixGuess guess{separation};
  std::vector<std::string_view> texts;
  for (const NumberedLine& line : lines) texts.push_back(line.text);
  FieldSplitter splitter(separation, true);
  splitter.split(texts.empty() ? std::string_view() : texts[texts.size() / 2]);
  guess.fields = splitter.fields().size();
  if (guess.fields < least_matrix_items + 1) return guess;
  guess.first_odd = texts.size();
  const bool decimal_comma = separation.text != ",";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    splitter.split(texts[i]);
    const auto fields = splitter.fields();
    std::size_t numbers = 0;
    std::size_t rated = 0;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const auto value = parse_rating(fields[f], decimal_comma);
      numbers += value ? 1 : 0;
      rated += f > 0 && value && *value != not_rated ? 1 : 0;
    }
    if (fields.size() != guess.fields || numbers != fields.size()) {
      guess.first_odd = std::min(guess.first_odd, i);
      continue;
    }
    ++guess.fitting;
    guess.counting += parse_rating(fields[0], decimal_comma) == static_cast<double>(rated) ? 1 : 0;
  }
  return guess;
}

MatrixGuess guess_matrix(std::span<const NumberedLine> lines, const ReadOptions& options) {
  if (options.delimiter) return measure_matrix(lines, separation_by(literal_delimiter(*options.delimiter)));
  MatrixGuess best;
  for (const char* delimiter : {"\t", ";", ",", " "}) {
    const MatrixGuess guess = measure_matrix(lines, separation_by(delimiter));
    if (guess.fitting > best.fitting) best = guess;
  }
  return best;
}

Layout matrix_layout(const MatrixGuess& guess, std::size_t lines, const ReadOptions& options) {
  const bool given = options.format.has_value();
  const std::string items = std::to_string(guess.fields - 1);
  Layout layout;
  layout.format = "matrix";
  layout.shape = Shape::Matrix;
  layout.separation = guess.separation;
  layout.header = options.header.value_or(false);
  layout.field_count = guess.fields;
  layout.user = layout.item = 0;
  layout.rating = 1;
  layout.columns.assign(guess.fields, "rating");
  layout.columns.front() = "-";
  layout.evidence = {
      {"delimiter", separation_name(guess.separation),
       options.delimiter ? "it was given"
                         : of_first_lines(guess.fitting, lines) + ' ' + plural(guess.fields, "number")},
      {"header", layout.header ? "yes" : "no", options.header ? "it was given" : "the first line holds numbers"},
      {"columns", "a count, then one column for each of " + items + " items",
       given && guess.counting == 0 ? "the format was given"
                                    : of_first_lines(guess.counting, lines, "begins", "begin") +
                                          " with the number of values in the line that are not 99"},
      {"types", "ratings are numbers, and 99 is not rated",
       "every line is one user; a dense matrix marks gaps with 99"},
      {"format", "matrix", given ? "it was given" : "of delimiter, header and columns together"}};
  layout.notices.emplace_back(
      "a dense matrix: users are numbered by their lines and items by their columns, from 1, and 99 is not rated");
  return layout;
}

}  // namespace

bool is_netflix_movie(std::string_view line) {
  line = trimmed(line);
  return line.ends_with(':') && is_number_text(line.substr(0, line.size() - 1));
}

Expected<std::optional<Layout>> detect_netflix(std::span<const NumberedLine> lines, const ReadOptions& options) {
  const bool given = options.format == "netflix";
  const bool excluded = (options.format && !given) || options.columns || options.header == true ||
                        (options.delimiter && literal_delimiter(*options.delimiter) != ",");
  if (excluded) return std::nullopt;
  const std::uint64_t number = lines.front().number;
  if (!is_netflix_movie(lines.front().text)) {
    if (!given) return std::nullopt;
    return bad(number, "'" + printable(lines.front().text) + "' names no movie",
               "expected 'MovieID:' in a line of its own above lines of customer,rating,date");
  }
  const NetflixCounts counts = count_netflix_lines(lines);
  if (counts.ratings == 0 && mostly(counts.movies + counts.pairs, lines.size())) {
    return bad(
        number, "the lines below each 'MovieID:' hold customers without ratings",
        "this looks like the pairs of the Netflix prize whose ratings are to be predicted; open its training set");
  }
  if (counts.ratings == 0 || !mostly(counts.movies + counts.ratings, lines.size())) {
    if (!given) return std::nullopt;
    return bad(number, "the lines below '" + printable(lines.front().text) + "' are not customer,rating,date",
               "expected lines like 1488844,3,2005-09-06");
  }
  Layout layout;
  layout.format = "netflix";
  layout.shape = Shape::Netflix;
  layout.separation = {Separation::Kind::Text, ",", false};
  layout.field_count = 3;
  layout.user = 0;
  layout.rating = 1;
  layout.time = 2;
  layout.columns = {"user", "rating", "time"};
  layout.evidence = {{"delimiter", separation_name(layout.separation),
                      of_first_lines(counts.ratings, lines.size(), "holds", "hold") +
                          " a customer, a rating and a date between commas"},
                     {"header", "no", "the first line is a movie"},
                     {"columns", "user, rating, time below each movie",
                      of_first_lines(counts.movies, lines.size(), "names", "name") + " a movie, as '" +
                          printable(lines.front().text) + "' does: the lines below it are its ratings"},
                     {"types", "ids are whole numbers", "every rating of the first lines has them"},
                     {"format", "netflix", given ? "it was given" : "of delimiter, header and columns together"}};
  return layout;
}

Expected<std::optional<Layout>> detect_matrix(std::span<const NumberedLine> lines, const ReadOptions& options) {
  const bool given = options.format == "matrix";
  if ((options.format && !given) || options.columns) return std::nullopt;
  const auto rows = lines.subspan(options.header == true ? 1 : 0);
  const MatrixGuess guess = guess_matrix(rows, options);
  if (given && (guess.fitting == 0 || !mostly(guess.fitting, rows.size()))) {
    const std::uint64_t number = rows.empty() ? 0 : rows[std::min(guess.first_odd, rows.size() - 1)].number;
    return bad(number, "the lines are no matrix of ratings",
               "expected a count and then the same number (ten or more) of ratings in each line");
  }
  // Ten numbers a line alone would be many a table; that the first one counts the others is what makes it this one.
  const bool counted = guess.fitting > 0 && mostly(guess.fitting, rows.size()) && mostly(guess.counting, guess.fitting);
  if (!counted && !given) return std::nullopt;
  return matrix_layout(guess, rows.size(), options);
}

Expected<std::optional<ArffHeader>> read_arff_header(std::span<const NumberedLine> lines) {
  ArffHeader header;
  bool started = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view text = trimmed(lines[i].text);
    if (text.starts_with('%')) continue;
    if (starts_with_keyword(text, "@data") && started) {
      header.data = i + 1;
      header.data_line = lines[i].number + 1;
      break;
    }
    const bool attribute = starts_with_keyword(text, "@attribute");
    if (!attribute && !starts_with_keyword(text, "@relation")) {
      if (!started) return std::nullopt;
      return bad(lines[i].number, "'" + printable(text) + "' does not belong into the header of an ARFF file",
                 "expected @ATTRIBUTE lines and then @DATA");
    }
    started = true;
    if (attribute) header.names.push_back(attribute_name(text));
  }
  if (!started) return std::nullopt;
  if (header.data == 0)
    return bad(lines.back().number, "the ARFF header has no @DATA line", "expected it above the rows");
  const auto is_row = [](const NumberedLine& line) { return !trimmed(line.text).starts_with('%'); };
  const auto first = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(header.data), lines.end(), is_row);
  if (first == lines.end()) {
    return bad(header.data_line - 1, "the file has an ARFF header and no line below it",
               "expected one rating in each line below @DATA");
  }
  if (trimmed(first->text).starts_with('{')) {
    return bad(first->number, "this is a sparse ARFF file, whose rows are lists of column numbers and values",
               "save it as a plain ARFF file or as CSV: user, item and rating in each line");
  }
  return header;
}

}  // namespace rowlight
