#include "core/ratings/reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>

#include "core/io/factor_format.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/container.h"
#include "core/ratings/dialect.h"
#include "core/ratings/duplicates.h"
#include "core/ratings/lines.h"
#include "core/ratings/row_parser.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/titles.h"

namespace rowlight {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_line_bytes = std::size_t{1} << 20U;
constexpr std::size_t sample_lines = 256;
constexpr std::size_t sample_bytes = std::size_t{256} * 1024;
constexpr std::uint64_t tolerated_bad_lines = 100;  // and 1 % of the lines
constexpr std::size_t most_bad_lines = 1'000'000;   // bounds the memory that a hostile file can take
constexpr std::size_t max_ratings = std::numeric_limits<std::int32_t>::max() - chunk_bytes;

struct Input {
  std::string file;
  std::string name;  // of the data set
};

// The last part of a path, also of "folder/" and ".".
std::string name_of(const fs::path& path) {
  std::error_code code;
  const fs::path full = fs::absolute(path, code).lexically_normal();
  return (full.has_filename() ? full : full.parent_path()).filename().string();
}

// The rating file that `path` means: itself, or the one in that directory.
Expected<Input> resolve(const std::string& path) {
  constexpr std::array names{"u.data", "ratings.csv", "ratings.dat", "ratings.txt"};
  std::error_code code;
  if (!fs::is_directory(path, code)) return Input{path, name_of(path)};
  std::string looked_for;
  for (const char* name : names) {
    const fs::path file = fs::path(path) / name;
    if (fs::is_regular_file(file, code)) return Input{file.string(), name_of(path)};
    looked_for += (looked_for.empty() ? "" : ", ") + std::string(name);
  }
  return tl::make_unexpected(
      Error{ErrorKind::Io, "there are no ratings in this directory", "looked for " + looked_for, path, 0, 0});
}

std::string short_number(float value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

// One load: the stages in order, each of which fills its part of the set and of the report.
class Load {
 public:
  Load(const ReadOptions& options, const LoadControl& control) : options_(options), control_(control) {}

  Expected<LoadedRatings> run(const std::string& path);

 private:
  tl::unexpected<Error> bad(std::string what, std::string hint, std::uint64_t line = 0, std::uint64_t column = 0) {
    return tl::make_unexpected(
        Error{ErrorKind::BadInput, std::move(what), std::move(hint), report_.file, line, column});
  }
  tl::unexpected<Error> placed(Error error) {
    if (error.file.empty()) error.file = report_.file;
    return tl::make_unexpected(std::move(error));
  }
  [[nodiscard]] bool cancelled() const {
    return control_.cancel != nullptr && control_.cancel->load(std::memory_order_relaxed);
  }

  Expected<void> read_rows(ByteSource& source);
  Expected<void> begin(std::string_view text, const ByteSource& source);
  Expected<void> detect(std::string_view text, const ByteSource& source);
  Expected<void> watch_encoding(std::string_view text);
  Expected<void> take_lines(std::string_view text, const ByteSource& source);
  Expected<void> check_bad_lines(std::uint64_t lines_possible);
  tl::unexpected<Error> too_many_bad_lines();
  Expected<void> finish_rows();
  Expected<void> settle_encoding();
  Expected<void> duplicates();
  Expected<void> titles();
  void scale();

  const ReadOptions& options_;
  const LoadControl& control_;
  std::shared_ptr<RatingSet> set_ = std::make_shared<RatingSet>();
  LoadReport report_;
  Layout layout_;
  std::optional<RowParser> parser_;
  LineScanner lines_;
  Encoding encoding_ = Encoding::Ascii;
  std::uint64_t leading_blank_lines_ = 0;  // before the first line that could be looked at
  bool header_pending_ = false;
  bool started_ = false;
};

Expected<LoadedRatings> Load::run(const std::string& path) {
  const auto start = Clock::now();
  if (auto ok = check_options(options_); !ok) return tl::make_unexpected(ok.error());
  auto input = resolve(path);
  if (!input) return tl::make_unexpected(input.error());
  report_.file = input->file;
  set_->name = input->name;
  auto source = ByteSource::open(input->file);
  if (!source) return tl::make_unexpected(source.error());
  report_.bytes = source->size();

  if (auto done = read_rows(*source); !done) return placed(done.error());
  if (auto done = finish_rows(); !done) return placed(done.error());
  if (auto done = duplicates(); !done) return placed(done.error());
  scale();
  if (auto done = titles(); !done) return placed(done.error());
  if (cancelled()) return fail(ErrorKind::Cancelled, "loading was cancelled");
  report_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return LoadedRatings{std::move(set_), std::move(report_)};
}

// Reads the file chunk by chunk; what follows the last line end of a chunk waits for the next one.
Expected<void> Load::read_rows(ByteSource& source) {
  if (source.size() == 0) return bad("the file is empty", "expected ratings: user, item and rating in each line");
  std::vector<char> buffer(max_line_bytes + chunk_bytes);
  std::size_t waiting = 0;
  while (!source.at_end()) {
    if (cancelled()) return fail(ErrorKind::Cancelled, "loading was cancelled");
    auto got = source.read(std::span(buffer).subspan(waiting, chunk_bytes));
    if (!got) return tl::make_unexpected(got.error());
    std::string_view text(buffer.data(), waiting + *got);
    if (!std::exchange(started_, true)) {
      if (auto done = begin(text, source); !done) return done;
      if (report_.encoding == "utf-8") text.remove_prefix(3);
    }
    const std::size_t usable = source.at_end() ? text.size() : complete_lines(text);
    if (text.size() - usable > max_line_bytes) {
      return bad("the line is longer than " + std::to_string(max_line_bytes) + " bytes",
                 "expected user, item and rating in each line", lines_.lines() + 1, 0);
    }
    if (auto done = take_lines(text.substr(0, usable), source); !done) return done;
    waiting = text.size() - usable;
    std::memmove(buffer.data(), text.data() + usable, waiting);
    if (control_.on_progress) control_.on_progress(source.done(), source.size());
  }
  return {};
}

// The container stage, and the byte order mark.
Expected<void> Load::begin(std::string_view text, const ByteSource& source) {
  if (const auto factors = factor_format_of(text)) {
    return bad("these are factors (" + *factors + "), not ratings",
               "there is nothing to train on; look at them in the window, or with `rowlight-cli pca`");
  }
  if (const auto foreign = foreign_container(text)) {
    return bad("this is " + *foreign, "expected a text file of ratings: user, item and rating in each line");
  }
  report_.evidence.push_back(
      {"container", "plain text", "the first bytes are those of no archive, image or other binary format"});
  if (text.starts_with("\xEF\xBB\xBF")) {
    report_.encoding = "utf-8";
    encoding_ = Encoding::Utf8;
    if (source.size() == 3) return bad("the file is empty", "expected ratings: user, item and rating in each line");
  }
  return {};
}

// The stages delimiter to types, on the first lines that are there to be read. Leaves parser_ empty where `text`
// has no such line and more text follows. Pre: `text` consists of whole lines.
Expected<void> Load::detect(std::string_view text, const ByteSource& source) {
  const std::size_t prefix = complete_lines(text.substr(0, std::min(text.size(), sample_bytes)));
  const std::string_view front = prefix > 0 ? text.substr(0, prefix) : text;
  std::vector<std::string_view> sample;
  std::uint64_t first_line = 0;
  LineScanner scanner;
  for (const std::string_view part : {front, text}) {
    if (!sample.empty()) break;  // the whole text is only asked where its front is blank or skipped
    scanner = {};
    scanner.scan(part, [&](std::string_view line) {
      const std::uint64_t number = lines_.lines() + scanner.lines();
      if (number <= options_.skip_lines || is_blank(line) || sample.size() >= sample_lines) return;
      if (sample.empty()) first_line = number;
      sample.push_back(line);
    });
  }
  if (sample.empty()) {
    if (!source.at_end()) return {};
    return bad(options_.skip_lines > 0 ? "nothing follows the skipped lines" : "the file holds only blank lines",
               "expected ratings: user, item and rating in each line");
  }
  auto layout = detect_layout(sample, first_line, options_);
  if (!layout) return tl::make_unexpected(layout.error());
  layout_ = std::move(*layout);
  header_pending_ = layout_.header;
  parser_.emplace(layout_, options_, *set_);

  // Reserving by the length of the first lines saves the copies of a growing vector; unused pages cost nothing.
  std::size_t sampled_bytes = 0;
  for (const std::string_view line : sample) sampled_bytes += line.size() + 1;
  const std::uint64_t rows = source.size() / sampled_bytes * sample.size();
  const auto expected = static_cast<std::size_t>(rows + rows / 8 + 1024);
  set_->users.reserve(expected);
  set_->movies.reserve(expected);
  set_->ratings.reserve(expected);
  if (layout_.time) set_->times.reserve(expected);
  return {};
}

// Pre: `text` consists of whole lines, so that no character is cut in two.
Expected<void> Load::watch_encoding(std::string_view text) {
  if (encoding_ == Encoding::Latin1 || is_ascii(text)) return {};
  const std::size_t invalid = options_.encoding == "latin-1" ? 0 : invalid_utf8_at(text);
  if (invalid == std::string_view::npos) {
    encoding_ = Encoding::Utf8;
    return {};
  }
  const std::string_view before = text.substr(0, invalid);
  LineScanner scanner;
  scanner.scan(before, [](std::string_view) {});
  const bool at_start = before.empty() || before.back() == '\n' || before.back() == '\r';
  const std::uint64_t line = lines_.lines() + scanner.lines() + (at_start ? 1 : 0);
  const std::size_t line_start = before.find_last_of("\r\n") + 1;  // npos + 1 == 0
  if (options_.encoding == "utf-8") {
    return bad("the text is not UTF-8", "give another encoding", line, invalid - line_start + 1);
  }
  encoding_ = Encoding::Latin1;
  if (!options_.encoding) {
    report_.notices.push_back("line " + std::to_string(line) + " is not UTF-8: the file is read as latin-1");
  }
  return {};
}

Expected<void> Load::take_lines(std::string_view text, const ByteSource& source) {
  if (text.empty()) return {};
  if (auto done = watch_encoding(text); !done) return done;
  if (!parser_) {
    if (auto done = detect(text, source); !done) return done;
  }
  lines_.scan(text, [&](std::string_view line) {
    const std::uint64_t number = lines_.lines();
    if (number <= options_.skip_lines) return;
    if (!parser_) {  // nothing but blank lines so far
      ++leading_blank_lines_;
      return;
    }
    if (header_pending_ && !is_blank(line)) {
      header_pending_ = false;
      return;
    }
    parser_->add_line(line, number);
  });
  if (!parser_) return {};
  if (set_->size() > max_ratings) return bad("there are more than two thousand million ratings", "expected fewer");
  // Every byte still to come could be a line: only what cannot become tolerable any more stops the load early.
  return check_bad_lines(lines_.lines() + source.size() - source.done());
}

Expected<void> Load::check_bad_lines(std::uint64_t lines_possible) {
  const std::uint64_t count = parser_->bad_lines().size();
  const bool beyond_limit = options_.max_bad_lines ? count > *options_.max_bad_lines
                                                   : count > tolerated_bad_lines && count * 100 > lines_possible;
  if (beyond_limit || count > most_bad_lines) return too_many_bad_lines();
  return {};
}

tl::unexpected<Error> Load::too_many_bad_lines() {
  const std::vector<BadLine>& all = parser_->bad_lines();
  const BadLine& first = all.front();
  const std::size_t cut = first.reason.rfind("; ");
  return bad(std::to_string(all.size()) + " of the first " + std::to_string(lines_.lines()) +
                 " lines do not fit, first of all: " + first.reason.substr(0, cut),
             first.reason.substr(cut + 2), first.line, first.column);
}

Expected<void> Load::finish_rows() {
  if (auto done = check_bad_lines(lines_.lines()); !done) return done;
  if (set_->size() == 0) {
    if (!parser_->bad_lines().empty()) return too_many_bad_lines();
    return bad("no line holds a rating", "expected user, item and rating in each line");
  }
  report_.format = layout_.format;
  report_.line_ending = lines_.line_ending();
  report_.delimiter = layout_.separation.text;
  report_.header = layout_.header;
  report_.columns = layout_.columns;
  report_.lines = lines_.lines();
  report_.ratings = set_->size();
  report_.users = set_->user_count();
  report_.items = set_->movie_count();
  report_.blank_lines = leading_blank_lines_ + parser_->blank_lines();
  report_.bad_lines = std::move(parser_->bad_lines());
  if (auto done = settle_encoding(); !done) return done;
  report_.evidence.push_back(
      {"line ending", report_.line_ending, "counted over all " + std::to_string(report_.lines) + " lines"});
  report_.evidence.insert(report_.evidence.end(), layout_.evidence.begin(), layout_.evidence.end());
  report_.notices.insert(report_.notices.end(), layout_.notices.begin(), layout_.notices.end());
  if (!report_.bad_lines.empty()) {
    report_.notices.push_back("lines that do not fit and are left out: " + std::to_string(report_.bad_lines.size()));
  }
  parser_->finish(report_);
  return {};
}

// Unfinished when `cancel` says to stop.
Vocabulary decoded(const Vocabulary& ids, const std::atomic<bool>* cancel) {
  constexpr std::size_t between_looks = 65536;
  Vocabulary out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % between_looks == 0 && cancel != nullptr && cancel->load(std::memory_order_relaxed)) break;
    out.add(latin1_to_utf8(ids.id(static_cast<std::int32_t>(i))));
  }
  return out;
}

// The encoding is only certain at the end of the file: ids were kept as bytes until here.
Expected<void> Load::settle_encoding() {
  const bool mark = report_.encoding == "utf-8";
  report_.encoding = encoding_name(encoding_);
  const char* because = encoding_ == Encoding::Ascii ? "no byte above 127" : "every line is valid UTF-8";
  if (encoding_ == Encoding::Latin1) {
    because = options_.encoding ? "it was given" : "some bytes are not UTF-8";
    set_->user_ids = decoded(set_->user_ids, control_.cancel);
    set_->movie_ids = decoded(set_->movie_ids, control_.cancel);
    if (cancelled()) return fail(ErrorKind::Cancelled, "loading was cancelled");
  } else if (mark) {
    because = "the file starts with a byte order mark";
  }
  report_.evidence.push_back({"encoding", report_.encoding, because});
  return {};
}

Expected<void> Load::duplicates() {
  auto counts = settle_duplicates(*set_, options_.duplicates, control_.cancel);
  if (!counts) return tl::make_unexpected(counts.error());
  report_.duplicates = counts->duplicates;
  report_.conflicts = counts->conflicts;
  report_.loaded = set_->size();
  if (counts->first && options_.duplicates == Duplicates::Fail) {
    const auto row = static_cast<std::size_t>(*counts->first);
    return bad("user '" + printable(set_->user_ids.id(set_->users[row])) + "' rates item '" +
                   printable(set_->movie_ids.id(set_->movies[row])) + "' again (" + std::to_string(counts->duplicates) +
                   " such rows)",
               "expected each pair once; choose which row to keep", parser_->line_of(*counts->first), 1);
  }
  return {};
}

void Load::scale() {
  set_->scale = options_.scale.value_or(
      RatingScale{static_cast<float>(report_.rating_min), static_cast<float>(report_.rating_max)});
  if (options_.scale &&
      (report_.rating_min < double{set_->scale.low} || report_.rating_max > double{set_->scale.high})) {
    report_.notices.emplace_back("some ratings lie outside the given scale");
  }
  report_.evidence.push_back({"scale", short_number(set_->scale.low) + " to " + short_number(set_->scale.high),
                              options_.scale ? "it was given" : "the smallest and the largest rating"});
}

Expected<void> Load::titles() {
  const bool given = !options_.items_file.empty();
  const InputName ratings{report_.file, report_.member};
  const InputName input = given ? InputName{options_.items_file, {}} : find_titles_beside(ratings, report_.format);
  report_.items_without_title = set_->movie_count();
  if (input.path.empty()) return {};
  auto joined = join_titles(input, options_, *set_, report_, control_.cancel);
  if (joined) return {};
  if (given || joined.error().kind == ErrorKind::Cancelled) return joined;
  // Nobody asked for this file: that it cannot be read must not stand in the way of the ratings.
  report_.notices.push_back("no titles: " + printable(joined.error().message(), 300));
  return {};
}

}  // namespace

Expected<LoadedRatings> read_ratings(const std::string& path, const ReadOptions& options, const LoadControl& control) {
  return Load(options, control).run(path);
}

}  // namespace rowlight
