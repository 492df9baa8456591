// The text formats of factors: Spark's JSON lines, LIBMF's model and word2vec's text.

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/io/factor_rows.h"
#include "core/io/values.h"

namespace rowlight::io {

namespace {

/// Gives an error of a row its place.
tl::unexpected<Error> placed(const FactorLines& lines, Error error) {
  error.file = lines.path();
  error.line = lines.number();
  return tl::make_unexpected(std::move(error));
}

/// Walks over a line and tells how far it came: the parser says where JSON is wrong, but not where a value stood.
class Walker {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Walker(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Walker& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Walker operator++(int) {
    Walker before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Walker& a, const Walker& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

/// Takes {"id":1,"features":[...]} apart while it is parsed. Further keys may hold single values; nothing may nest.
class RowHandler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  std::string id;
  std::vector<float> values;
  bool has_id = false;
  bool has_values = false;
  std::string error;
  std::optional<std::size_t> error_at;  // in the line, where the parser itself says so

  void begin() {
    values.clear();
    has_id = has_values = false;
    place_ = Place::Start;
    error.clear();
    error_at.reset();
  }

  bool start_object(std::size_t) {
    if (place_ != Place::Start) return reject("an object stands within the row");
    place_ = Place::Keys;
    return true;
  }
  bool key(string_t& name) {
    place_ = name == "id" ? Place::Id : name == "features" ? Place::Features : Place::Other;
    if ((place_ == Place::Id && has_id) || (place_ == Place::Features && has_values)) {
      return reject("the row has " + io::quoted(name) + " twice");
    }
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ != Place::Features) return reject("a list stands where a row has none");
    place_ = Place::Values;
    has_values = true;
    return true;
  }
  bool end_array() {
    place_ = Place::Keys;
    return true;
  }
  bool end_object() { return true; }

  bool number_unsigned(number_unsigned_t number) {
    return place_ == Place::Id ? take_id(std::to_string(number)) : take(static_cast<double>(number));
  }
  bool number_integer(number_integer_t number) {
    return place_ == Place::Id ? take_id(std::to_string(number)) : take(static_cast<double>(number));
  }
  bool number_float(number_float_t number, const string_t& text) {
    return place_ == Place::Id ? take_id(text) : take(number);
  }
  bool string(string_t& text) {
    if (place_ == Place::Id) return take_id(text);
    return other("a text stands in place of a factor");
  }
  bool null() { return other("null stands in place of a factor"); }
  bool boolean(bool) { return other("true or false stands in place of a factor"); }
  bool binary(binary_t&) { return reject("binary data stands in the row"); }

  bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception& exception) {
    constexpr int out_of_range = 406;
    if (exception.id == out_of_range) return reject(io::quoted(token) + " is too large");
    error_at = position > 0 ? position - 1 : 0;
    return reject("the line is not JSON here");
  }

 private:
  enum class Place { Start, Keys, Id, Features, Values, Other };

  bool take_id(std::string text) {
    id = std::move(text);
    has_id = true;
    place_ = Place::Keys;
    return true;
  }
  bool take(double number) {
    if (place_ != Place::Values) return other("a number stands where the list of factors belongs");
    const auto value = narrowed(number);
    if (!value) return reject("the number is too large for a factor");
    values.push_back(*value);
    return true;
  }
  /// A value of a key that does not matter, or one that is wrong where it stands.
  bool other(const char* wrong) {
    if (place_ != Place::Other) return reject(place_ == Place::Id ? "the id is neither a number nor a text" : wrong);
    place_ = Place::Keys;
    return true;
  }
  bool reject(std::string text) {
    error = std::move(text);
    return false;
  }

  Place place_ = Place::Start;
};

/// Where the number or name begins that `at` is in or behind.
const char* start_of_word(std::string_view line, const char* at) {
  const auto in_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-';
  };
  while (at > line.data() && in_word(at[-1])) --at;
  return at;
}

/// Where the value begins that ends at `reached`, or one before it: what ends a number was read with it.
const char* start_of_value(std::string_view line, const char* reached) {
  if (reached == line.data()) return reached;
  if (reached[-1] != '"') {
    const char* start = start_of_word(line, reached);
    return start == reached ? start_of_word(line, reached - 1) : start;
  }
  const std::size_t quote =
      line.rfind('"', static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, reached - line.data() - 2)));
  return quote == std::string_view::npos ? reached - 1 : line.data() + quote;
}

tl::unexpected<Error> spark_error(const FactorLines& lines, std::string_view line, const RowHandler& row,
                                  const char* reached) {
  constexpr const char* hint = R"(a row is {"id":1,"features":[0.5,-0.25]} in a line of its own)";
  if (!row.error_at) return lines.bad(line, start_of_value(line, reached), row.error, hint);
  const char* at = line.data() + std::min(*row.error_at, line.size());
  const char* word = start_of_word(line, at);
  for (const std::string_view name : {"NaN", "Infinity", "-Infinity"}) {
    if (!line.substr(static_cast<std::size_t>(word - line.data())).starts_with(name)) continue;
    return lines.bad(line, word, std::string(name) + " is not a finite number", "train again with a lower rate");
  }
  if (at == line.data() + line.size()) {
    return lines.bad(line, at, "the line ends within a row", "the file may be cut off");
  }
  return lines.bad(line, at, row.error, hint);
}

/// Reads a line of the LIBMF header, "m 943". Empty where the line is another.
std::string_view header_value(std::string_view line, std::string_view name) {
  if (take_word(line) != name) return {};
  const std::string_view value = take_word(line);
  return take_word(line).empty() ? value : std::string_view();
}

struct LibmfHeader {
  std::int32_t rows[2] = {};  // m and n
  std::int32_t factors = 0;
  std::string mean;
};

/// The five lines of the header (four in old versions, which have no f).
Expected<LibmfHeader> read_libmf_header(FactorLines& lines) {
  LibmfHeader header;
  auto line = lines.next();
  if (!line) return tl::make_unexpected(line.error());
  if (*line && !header_value(**line, "f").empty()) line = lines.next();
  for (const char* name : {"m", "n", "k", "b"}) {
    if (!line) return tl::make_unexpected(line.error());
    const std::string expected = std::string("the header has the lines f, m, n, k and b; '") + name + "' and a number";
    if (!*line) return lines.bad("the file ends within its header", expected + " were expected next");
    const std::string_view value = header_value(**line, name);
    const auto count = count_of(value);
    const bool is_mean = *name == 'b';
    if (is_mean ? !factor_of(value) : !count)
      return lines.bad(io::quoted(**line) + " is not a line of the header", expected);
    if (is_mean) {
      header.mean = value;
      break;
    }
    (*name == 'm' ? header.rows[0] : *name == 'n' ? header.rows[1] : header.factors) = *count;
    line = lines.next();
  }
  if (header.factors == 0) return lines.bad("the header announces rows without factors", "k is at least 1");
  return header;
}

/// One row, "p0 T 0.1 0.2 " or "p0 F 0 0 ". `values` is left empty for F.
Expected<void> parse_libmf_row(const FactorLines& lines, std::string_view line, const std::string& label,
                               std::size_t factors, std::vector<float>& values) {
  values.clear();
  std::string_view rest = line;
  const std::string_view name = take_word(rest);
  if (name != label)
    return lines.bad(line, name.data(), io::quoted(name) + " stands here", "the row " + label + " is next");
  const std::string_view mark = take_word(rest);
  if (mark == "F") return {};
  if (mark != "T")
    return lines.bad(line, mark.data(), io::quoted(mark) + " stands here", "T or F follows the row's name");
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    const auto value = factor_of(word);
    if (!value) return lines.bad(line, word.data(), io::quoted(word) + " is not a finite number");
    values.push_back(*value);
  }
  if (values.size() == factors) return {};
  return lines.bad("the row " + label + " has " + std::to_string(values.size()) + " factors",
                   "the header announces " + std::to_string(factors));
}

}  // namespace

Expected<void> read_spark(const std::string& path, const ReadControl& control, FactorRows& rows) {
  auto lines = FactorLines::open(path, control);
  if (!lines) return tl::make_unexpected(lines.error());
  RowHandler row;
  while (true) {
    const auto next = lines->next();
    if (!next) return tl::make_unexpected(next.error());
    if (!*next) return {};
    const std::string_view line = **next;
    const char* reached = line.data();
    row.begin();
    const Walker begin(line.data(), &reached);
    const Walker end(line.data() + line.size(), &reached);
    if (!nlohmann::json::sax_parse(begin, end, &row)) return spark_error(*lines, line, row, reached);
    if (!row.has_id || !row.has_values) {
      return lines->bad(std::string("the row has no \"") + (row.has_id ? "features" : "id") + '"',
                        R"(a row is {"id":1,"features":[0.5,-0.25]} in a line of its own)");
    }
    if (auto added = rows.add(row.id, row.values); !added) return placed(*lines, added.error());
  }
}

Expected<FactorContent> read_libmf(const std::string& path, const ReadControl& control) {
  auto lines = FactorLines::open(path, control);
  if (!lines) return tl::make_unexpected(lines.error());
  const auto header = read_libmf_header(*lines);
  if (!header) return tl::make_unexpected(header.error());
  FactorContent content;
  std::vector<float> values;
  for (const std::size_t table : {0U, 1U}) {
    FactorRows rows;
    const std::int32_t count = header->rows[table];
    for (std::int32_t i = 0; i < count; ++i) {
      const std::string label = (table == 0 ? "p" : "q") + std::to_string(i);
      const auto line = lines->next();
      if (!line) return tl::make_unexpected(line.error());
      if (!*line) {
        return lines->bad("the file ends before the row " + label,
                          "the header announces " + std::to_string(count) + " rows; the file may be cut off");
      }
      const auto parsed = parse_libmf_row(*lines, **line, label, static_cast<std::size_t>(header->factors), values);
      if (!parsed) return tl::make_unexpected(parsed.error());
      if (values.empty()) {
        ++content.left_out;
        continue;
      }
      if (auto added = rows.add(std::to_string(i), values); !added) return placed(*lines, added.error());
    }
    if (auto moved = rows.move_into(content.tables[table]); !moved) return placed(*lines, moved.error());
  }
  const auto more = lines->next();
  if (!more) return tl::make_unexpected(more.error());
  if (*more) return lines->bad("lines follow the last row that the header announces");
  if (content.left_out > 0) {
    content.notices.push_back(std::to_string(content.left_out) +
                              " rows marked F, of ids that the training never saw, are left out");
  }
  content.notices.push_back("LIBMF predicts its mean rating b = " + header->mean + " where a row is left out");
  return content;
}

Expected<FactorContent> read_word2vec(const std::string& path, const ReadControl& control) {
  auto lines = FactorLines::open(path, control);
  if (!lines) return tl::make_unexpected(lines.error());
  const auto first = lines->next();
  if (!first) return tl::make_unexpected(first.error());
  std::string_view header = first->value_or(std::string_view());
  const auto count = count_of(take_word(header));
  const auto factors = count_of(take_word(header));
  if (!count || !factors || *factors == 0 || !take_word(header).empty()) {
    return lines->bad("the first line is not 'rows factors'", "two whole numbers were expected");
  }
  const auto width = static_cast<std::size_t>(*factors);
  FactorContent content;
  content.untold = true;
  FactorRows rows;
  std::vector<std::string_view> words;
  std::vector<float> values;
  while (true) {
    const auto next = lines->next();
    if (!next) return tl::make_unexpected(next.error());
    if (!*next) break;
    const std::string_view line = **next;
    words.clear();
    std::string_view rest = line;
    for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) words.push_back(word);
    if (words.size() <= width) {
      return lines->bad("the row has " + std::to_string(words.size() - 1) + " numbers after its word",
                        "the header announces " + std::to_string(width));
    }
    // Phrases hold blanks: what stands before the numbers is the word.
    const std::size_t first_value = words.size() - width;
    values.clear();
    for (std::size_t i = first_value; i < words.size(); ++i) {
      const auto value = factor_of(words[i]);
      if (!value) return lines->bad(line, words[i].data(), io::quoted(words[i]) + " is not a finite number");
      values.push_back(*value);
    }
    const std::string_view last = words[first_value - 1];
    const std::string_view id(words[0].data(), static_cast<std::size_t>(last.data() + last.size() - words[0].data()));
    if (auto added = rows.add(id, values); !added) return placed(*lines, added.error());
  }
  if (rows.rows() != static_cast<std::size_t>(*count)) {
    const bool fewer = rows.rows() < static_cast<std::size_t>(*count);
    return lines->bad(
        std::to_string(rows.rows()) + " rows follow the header, which announces " + std::to_string(*count),
        fewer ? "the file may be cut off" : "");
  }
  if (auto moved = rows.move_into(content.tables[1]); !moved) return placed(*lines, moved.error());
  return content;
}

}  // namespace rowlight::io
