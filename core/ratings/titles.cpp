#include "core/ratings/titles.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "core/base/stop.h"
#include "core/base/text.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/container.h"
#include "core/ratings/dialect.h"
#include "core/ratings/fields.h"
#include "core/ratings/formats.h"
#include "core/ratings/lines.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {
namespace {

constexpr std::uint64_t max_title_bytes = std::uint64_t{256} << 20U;  // the largest known, of books, has 80 MB
constexpr std::size_t sample_lines = 256;

struct TitleRow {
  std::string id;
  std::string title;
  std::vector<std::int32_t> genres;
};

tl::unexpected<Error> bad_file(const InputName& input, std::string what, std::uint64_t line = 0) {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what),
                                   "expected titles: an id and a title in each line", input.path, line, 0});
}

// The file as UTF-8 text without a BOM.
Expected<std::string> read_text(const InputName& input, const ReadOptions& options, LoadReport& report,
                                const std::atomic<bool>* cancel) {
  auto text = read_whole_file(input, max_title_bytes, cancel);
  if (!text) return text;
  const bool wide = options.encoding == "utf-16" && text->substr(0, 1024).find('\0') != std::string::npos;
  if (wide) return utf16_to_utf8(*text, likely_utf16_order(std::string_view(*text).substr(0, 1024)));
  if (const auto foreign = foreign_container(*text)) return bad_file(input, "this is " + *foreign);
  std::string_view unmarked = *text;
  if (take_utf8_mark(unmarked)) text->erase(0, text->size() - unmarked.size());
  const std::size_t invalid = options.encoding == "latin-1" ? 0 : invalid_utf8_at(*text);
  if (is_ascii(*text) || invalid == std::string::npos) return text;
  if (options.encoding == "utf-8") {
    const auto line = static_cast<std::uint64_t>(
                          std::count(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(invalid), '\n')) +
                      1;
    return bad_file(input, "the text is not UTF-8", line);
  }
  if (!options.encoding) report.notices.push_back(input.file_name() + " is not UTF-8 and is read as latin-1");
  return latin1_to_utf8(*text);
}

constexpr std::size_t rows_between_looks = 4096;  // at the cancel flag

// Whether to stop before row `row`.
bool stops(const std::atomic<bool>* cancel, std::size_t row) { return row % rows_between_looks == 0 && is_set(cancel); }

// One title file: its layout, then its rows.
class TitleFile {
 public:
  TitleFile(InputName input, std::string text) : input_(std::move(input)), text_(std::move(text)) {}

  Expected<void> parse(const ReadOptions& options, LoadReport& report, const std::atomic<bool>* cancel);

  std::vector<TitleRow> rows;
  std::vector<std::string> genres;

 private:
  Expected<void> detect(LoadReport& report);
  [[nodiscard]] bool has_netflix_rows(std::span<const std::string_view> lines) const;
  Expected<void> detect_columns(std::span<const std::string_view> lines, LoadReport& report);
  std::size_t take_record(FieldSplitter& splitter, std::size_t at);
  void detect_flags(std::span<const std::string_view> lines);
  Expected<void> read_genre_names(const ReadOptions& options, LoadReport& report, const std::atomic<bool>* cancel);
  void add_row(std::span<const std::string_view> fields);
  std::int32_t genre_index(std::string_view name);
  void note_bad(std::uint64_t line, std::size_t fields);
  void report_bad(LoadReport& report) const;

  InputName input_;
  std::string text_;
  Separation separation_;
  bool header_ = false;
  bool netflix_ = false;                  // id, year and a title whose commas nothing quotes
  std::vector<std::string_view> fields_;  // of the record taken last
  std::size_t field_count_ = 0;
  std::size_t id_ = 0;
  std::size_t title_ = 1;
  std::size_t genre_column_ = std::string::npos;
  std::size_t flags_ = 0;  // the last fields of a u.item row: 1 where the movie has the genre
  std::unordered_map<std::string, std::int32_t> genre_numbers_;
  std::uint64_t bad_ = 0;
  std::string first_bad_;
};

Expected<void> TitleFile::detect(LoadReport& report) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text_.size() && lines.size() < sample_lines;) {
    const std::size_t end = std::min(text_.find_first_of("\r\n", at), text_.size());
    const auto line = std::string_view(text_).substr(at, end - at);
    if (!is_blank(line)) lines.push_back(line);
    at = end + 1;
  }
  if (lines.empty()) return bad_file(input_, "the file is empty");
  netflix_ = has_netflix_rows(lines);
  if (!netflix_) return detect_columns(lines, report);
  separation_ = {Separation::Kind::Text, ",", true};
  field_count_ = 3;
  title_ = 2;
  report.evidence.push_back(
      {"titles", input_.file_name(), "the lines are an id, a year and a title, and commas in titles are not quoted"});
  return {};
}

// "8,2004,What the #$*! Do We Know!?" or "4388,NULL,Ancient Civilizations: Rome and Pompeii": what follows the second
// comma is the title, with all its commas.
bool TitleFile::has_netflix_rows(std::span<const std::string_view> lines) const {
  constexpr std::string_view digits = "0123456789";
  const auto fits = [&](std::string_view line) {
    const std::size_t comma = line.find(',');
    if (comma == 0 || comma == std::string_view::npos || line.find_first_not_of(digits) != comma) return false;
    const std::string_view rest = line.substr(comma + 1);
    const std::string_view year = rest.substr(0, rest.find(','));
    return year.size() < rest.size() &&
           (year == "NULL" || (year.size() == 4 && year.find_first_not_of(digits) == std::string_view::npos));
  };
  const auto fitting = static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), fits));
  return fitting * 10 > lines.size() * 9;
}

Expected<void> TitleFile::detect_columns(std::span<const std::string_view> lines, LoadReport& report) {
  const SeparationGuess guess = guess_separation(lines, 2);
  if (guess.fitting * 2 < lines.size() || guess.separation.kind != Separation::Kind::Text) {
    return bad_file(input_, "the lines do not fall into columns");
  }
  separation_ = guess.separation;
  field_count_ = guess.field_count;

  FieldSplitter splitter(separation_, true);
  splitter.split(lines.front());
  const auto names = splitter.fields();
  for (std::size_t i = names.size(); i-- > 0;) {  // backwards: the first column of a role counts
    const std::string_view role = role_of_column(names[i]);
    if (role == "title") {
      header_ = true;
      title_ = i;
    }
    if (role == "item" && !is_vague_name(names[i])) id_ = i;
    if (role == "genres") genre_column_ = i;
  }
  // A header may name more columns than the lines have; id and title are asked for row by row.
  if (genre_column_ >= field_count_) genre_column_ = std::string::npos;
  if (!header_) {
    id_ = 0;
    title_ = 1;
    genre_column_ = field_count_ == 3 ? 2 : std::string::npos;
    if (separation_.text == "|") detect_flags(lines);
  }
  report.evidence.push_back({"titles", input_.file_name(),
                             of_first_lines(guess.fitting, lines.size()) + ' ' + plural(field_count_, "field") +
                                 " where " + separation_name(separation_) + " separates them"});
  return {};
}

// u.item: id, title, two dates and a URL, and then one flag for each genre.
void TitleFile::detect_flags(std::span<const std::string_view> lines) {
  constexpr std::size_t fields_before_flags = 5;
  if (field_count_ <= fields_before_flags) return;
  FieldSplitter splitter(separation_, true);
  for (const std::string_view line : lines) {
    splitter.split(line);
    const auto fields = splitter.fields();
    if (fields.size() != field_count_) continue;
    const auto flags = fields.subspan(fields_before_flags);
    if (!std::all_of(flags.begin(), flags.end(), [](std::string_view f) { return f == "0" || f == "1"; })) return;
  }
  flags_ = field_count_ - fields_before_flags;
}

// Fills `genres` from the u.genre beside the file: one "name|number" a line, in the order of the flags.
Expected<void> TitleFile::read_genre_names(const ReadOptions& options, LoadReport& report,
                                           const std::atomic<bool>* cancel) {
  const InputName names = beside(input_, "u.genre");
  if (!exists(names)) {
    report.notices.push_back("there is no u.genre beside " + input_.file_name() + ": the genres have no names");
    flags_ = 0;
    return {};
  }
  auto text = read_text(names, options, report, cancel);
  if (!text) return tl::make_unexpected(text.error());
  LineScanner().scan(*text, [&](std::string_view line) {
    if (!is_blank(line)) genres.emplace_back(trimmed(line.substr(0, line.find('|'))));
  });
  if (genres.size() > flags_) {
    report.notices.push_back("u.genre names " + std::to_string(genres.size()) + " genres and " + input_.file_name() +
                             " has " + std::to_string(flags_) + " flags: the genres are left out");
    genres.clear();
  }
  flags_ = genres.size();
  return {};
}

std::int32_t TitleFile::genre_index(std::string_view name) {
  const auto [entry, added] = genre_numbers_.try_emplace(std::string(name), static_cast<std::int32_t>(genres.size()));
  if (added) genres.emplace_back(name);
  return entry->second;
}

void TitleFile::add_row(std::span<const std::string_view> fields) {
  TitleRow& row = rows.emplace_back();
  row.id = trimmed(fields[id_]);
  row.title = fields[title_];
  for (std::size_t g = 0; g < flags_; ++g) {
    if (fields[field_count_ - flags_ + g] == "1") row.genres.push_back(static_cast<std::int32_t>(g));
  }
  if (genre_column_ == std::string::npos) return;
  std::string_view list = trimmed(fields[genre_column_]);
  while (!list.empty()) {
    const std::size_t bar = list.find('|');
    const std::string_view name = trimmed(list.substr(0, bar));
    if (!name.empty() && name != "(no genres listed)") row.genres.push_back(genre_index(name));
    list = bar == std::string_view::npos ? std::string_view() : list.substr(bar + 1);
  }
}

void TitleFile::note_bad(std::uint64_t line, std::size_t fields) {
  if (bad_++ > 0) return;
  first_bad_ = "line " + std::to_string(line) + " has " + std::to_string(fields) +
               (fields == 1 ? " field" : " fields") + ", expected " + std::to_string(field_count_);
}

void TitleFile::report_bad(LoadReport& report) const {
  if (bad_ == 0) return;
  report.notices.push_back(input_.file_name() + ": " + std::to_string(bad_) + " rows do not fit and are left out; " +
                           first_bad_);
}

// Fills fields_ with the record that begins at `at` and returns the position after it.
std::size_t TitleFile::take_record(FieldSplitter& splitter, std::size_t at) {
  const std::size_t next = splitter.split(text_, at);
  fields_.assign(splitter.fields().begin(), splitter.fields().end());
  if (!netflix_ || (fields_.size() <= field_count_ && !splitter.open_quote())) return next;
  const std::size_t end = std::min(text_.find_first_of("\r\n", at), text_.size());
  const std::string_view line = std::string_view(text_).substr(at, end - at);
  const std::size_t first = line.find(',');
  const std::size_t second = first == std::string_view::npos ? first : line.find(',', first + 1);
  if (second == std::string_view::npos) return next;
  fields_ = {line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  return std::min(end + (std::string_view(text_).substr(end, 2) == "\r\n" ? 2 : 1), text_.size());
}

Expected<void> TitleFile::parse(const ReadOptions& options, LoadReport& report, const std::atomic<bool>* cancel) {
  if (auto done = detect(report); !done) return done;
  if (flags_ > 0) {
    if (auto done = read_genre_names(options, report, cancel); !done) return done;
  }
  const std::size_t needed = std::max(id_, title_) + 1;
  FieldSplitter splitter(separation_, false);
  bool header = header_;
  std::uint64_t line = 1;
  std::size_t records = 0;
  for (std::size_t at = 0; at < text_.size();) {
    if (stops(cancel, records++)) return loading_cancelled();
    const std::size_t begin = at;
    at = take_record(splitter, at);
    const std::span<const std::string_view> fields(fields_);
    const bool blank = fields.size() == 1 && is_blank(fields[0]);
    if (!blank && !std::exchange(header, false)) {
      if (fields.size() == field_count_ && fields.size() >= needed && !trimmed(fields[id_]).empty()) {
        add_row(fields);
      } else {
        note_bad(line, fields.size());
      }
    }
    const std::string_view record = std::string_view(text_).substr(begin, at - begin);
    const auto ends = std::count(record.begin(), record.end(), '\n');
    line += ends > 0 ? static_cast<std::uint64_t>(ends) : 1;
  }
  if (rows.empty()) return bad_file(input_, "the file holds no titles");
  report_bad(report);
  return {};
}

// Says which rows of the title file are strange: an id given twice, one title under several ids.
void report_repetitions(const std::string& name, const std::vector<TitleRow>& rows, LoadReport& report) {
  std::unordered_map<std::string_view, const TitleRow*> by_id;
  std::unordered_set<std::string_view> titles;
  std::unordered_set<std::string_view> repeated_titles;
  std::uint64_t repeated_ids = 0;
  const TitleRow* example = nullptr;
  for (const TitleRow& row : rows) {
    if (!by_id.emplace(row.id, &row).second) {
      ++repeated_ids;
      if (example == nullptr) example = &row;
    } else if (!row.title.empty() && !titles.insert(row.title).second) {
      repeated_titles.insert(row.title);
    }
  }
  if (repeated_ids > 0) {
    report.notices.push_back(name + ": rows whose id stands there already: " + std::to_string(repeated_ids) +
                             " (for example id " + printable(example->id) + "); the first row of an id counts");
  }
  if (!repeated_titles.empty()) {
    report.notices.push_back(
        name + ": titles that stand for more than one id: " + std::to_string(repeated_titles.size()) +
        " (for example " + printable(*std::min_element(repeated_titles.begin(), repeated_titles.end()), 80) + ")");
  }
}

}  // namespace

InputName find_titles_beside(const InputName& ratings, const std::string& format) {
  struct TitleName {
    const char* name;
    std::string_view format;  // that it belongs to
  };
  std::vector<TitleName> names{{"u.item", "movielens-100k"},
                               {"movies.csv", "movielens-csv"},
                               {"movies.dat", "movielens-dat"},
                               {"books.csv", ""},
                               {"Books.csv", ""},
                               {"BX-Books.csv", ""},
                               {"BX_Books.csv", ""}};
  if (format == "netflix") {  // its movies are numbered from 1, as the items of many another file are
    for (const char* name : {"movie_titles.txt", "movie_titles.csv"}) names.push_back({name, "netflix"});
  }
  std::stable_partition(names.begin(), names.end(), [&](const TitleName& each) { return each.format == format; });
  std::optional<ZipFolder> folder;  // read once: its list may be long
  if (!ratings.member.empty()) {
    auto opened = ZipFolder::open(ratings.path);
    if (!opened) return {};
    folder = std::move(*opened);
  }
  for (const TitleName& each : names) {
    InputName input = beside(ratings, each.name);
    const bool there = folder ? folder->holds(input.member) : exists(input);
    if (there && !same_input(input, ratings)) return input;
  }
  return {};
}

Expected<void> join_titles(const InputName& input, const ReadOptions& options, RatingSet& set, LoadReport& report,
                           const std::atomic<bool>* cancel) {
  auto text = read_text(input, options, report, cancel);
  if (!text) return tl::make_unexpected(text.error());
  TitleFile file(input, std::move(*text));
  if (auto done = file.parse(options, report, cancel); !done) return done;

  std::vector<MovieInfo> info(set.movie_count());
  std::vector<bool> known(set.movie_count());
  std::unordered_set<std::string_view> unrated;
  std::size_t joined = 0;
  for (TitleRow& row : file.rows) {
    if (stops(cancel, joined++)) return loading_cancelled();
    const auto movie = set.movie_ids.find(row.id);
    if (!movie) {
      unrated.insert(row.id);
      continue;
    }
    const auto i = static_cast<std::size_t>(*movie);
    if (known[i]) continue;
    known[i] = true;
    info[i] = {row.title, row.genres};
  }
  report_repetitions(input.file_name(), file.rows, report);
  report.titles = file.rows.size();
  report.titles_without_rating = unrated.size();
  report.items_without_title = static_cast<std::uint64_t>(
      std::count_if(info.begin(), info.end(), [](const MovieInfo& movie) { return movie.title.empty(); }));
  if (report.items_without_title == set.movie_count()) {
    report.notices.push_back(input.file_name() + ": no id there is the id of a rated item; the titles are left out");
    return {};
  }
  if (report.items_without_title > 0) {
    report.notices.push_back("items without a title: " + std::to_string(report.items_without_title));
  }
  set.movie_info = std::move(info);
  set.genres = std::move(file.genres);
  return {};
}

}  // namespace rowlight
