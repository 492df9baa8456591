#include "core/ratings/reader.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/stop.h"
#include "core/base/system.h"
#include "core/base/text.h"
#include "core/io/factor_format.h"
#include "core/ratings/byte_source.h"
#include "core/ratings/container.h"
#include "core/ratings/dialect.h"
#include "core/ratings/duplicates.h"
#include "core/ratings/formats.h"
#include "core/ratings/lines.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/preview.h"
#include "core/ratings/rating_pipeline.h"
#include "core/ratings/row_lines.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/titles.h"

namespace rowlight {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t sample_lines = 256;
constexpr std::size_t sample_bytes = std::size_t{256} * 1024;
constexpr std::uint64_t tolerated_bad_lines = 100;  // and 1 % of the lines
constexpr std::size_t max_ratings = std::numeric_limits<std::int32_t>::max() - RatingPipeline::step_bytes;
constexpr std::uint64_t bytes_a_rating = 24;
constexpr std::uint64_t small_file_bytes = std::uint64_t{1} << 20U;
constexpr const char* expected_lines = "expected user, item and rating in each line";

// One load: the stages in order, each of which fills its part of the set and of the report.
class Load {
 public:
  Load(const ReadOptions& options, const LoadControl& control) : options_(options), control_(control) {}

  Expected<LoadedRatings> run(const std::string& path);
  /// What had been found when run() failed.
  [[nodiscard]] LoadReport failed_report();

 private:
  tl::unexpected<Error> bad(std::string what, std::string hint, std::uint64_t line = 0, std::uint64_t column = 0) {
    return tl::make_unexpected(
        Error{ErrorKind::BadInput, std::move(what), std::move(hint), report_.file, line, column});
  }
  tl::unexpected<Error> placed(Error error) {
    if (error.file.empty()) error.file = report_.file;
    return tl::make_unexpected(std::move(error));
  }
  [[nodiscard]] bool cancelled() const { return is_set(control_.cancel); }

  Expected<void> read_rows(ByteSource& source);
  Expected<std::string_view> begin(std::string_view text, const ByteSource& source);
  Expected<std::size_t> detect(std::string_view text, const ByteSource& source);
  void keep(const Findings& found, std::string_view text, const LineCounts& lines);
  template <class Found>
  void take_over(const Found& found) {
    report_.evidence.insert(report_.evidence.end(), found.evidence.begin(), found.evidence.end());
    report_.notices.insert(report_.notices.end(), found.notices.begin(), found.notices.end());
    report_.advice.insert(report_.advice.end(), found.advice.begin(), found.advice.end());
  }
  Expected<void> reserve(const ByteSource& source, double bytes_a_row);
  Expected<void> check_step(const ByteSource& source);
  Expected<void> check_encoding();
  Expected<void> check_bad_lines(std::uint64_t lines_possible);
  void take_bad_lines();  // into the report
  tl::unexpected<Error> too_many_bad_lines();
  Expected<void> finish_rows();
  Expected<void> settle_encoding();
  Expected<void> duplicates_and_titles();
  Expected<void> titles();
  void report_layout();
  void scale();

  const ReadOptions& options_;
  const LoadControl& control_;
  std::shared_ptr<RatingSet> set_ = std::make_shared<RatingSet>();
  LoadReport report_;
  std::optional<ThreadPool> pool_;
  Layout layout_;
  std::optional<RatingAssembler> assembler_;
  LineCounts skipped_;  // lines before the data
  std::uint64_t skipped_blank_ = 0;
  std::uint64_t looked_at_ = 0;   // bytes of text before and in the waves in which the data was looked for
  std::uint64_t data_begin_ = 0;  // of them before the data
  Encoding encoding_ = Encoding::Ascii;
  bool mark_ = false;  // a UTF-8 byte order mark
  bool utf16_ = false;
};

Expected<LoadedRatings> Load::run(const std::string& path) {
  const auto start = Clock::now();
  report_.file = path;
  if (auto ok = check_options(options_); !ok) return tl::make_unexpected(ok.error());
  auto resolved = resolve_input(path, control_.cancel);
  if (!resolved) return tl::make_unexpected(resolved.error());
  report_.file = resolved->input.path;
  report_.member = resolved->input.member;
  set_->name = resolved->name;
  if (!resolved->because.empty()) {
    report_.evidence.push_back({"container", resolved->input.file_name(), resolved->because});
  }
  if (!resolved->notice.empty()) report_.notices.push_back(resolved->notice);
  auto source = ByteSource::open(resolved->input, options_.encoding);
  if (!source) return tl::make_unexpected(source.error());
  report_.bytes = source->size();
  report_.container = source->container();
  utf16_ = source->was_utf16();
  // A small file is read before a thread has started.
  const bool small = source->size() < small_file_bytes && report_.container == "plain";
  pool_.emplace(small ? 1 : control_.threads != 0 ? control_.threads : std::thread::hardware_concurrency());

  if (auto done = read_rows(*source); !done) return placed(done.error());
  if (auto done = finish_rows(); !done) return placed(done.error());
  scale();
  if (auto done = duplicates_and_titles(); !done) return placed(done.error());
  finish_preview(report_, *set_, encoding_);
  if (cancelled()) return loading_cancelled();
  report_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return LoadedRatings{std::move(set_), std::move(report_)};
}

Expected<void> Load::read_rows(ByteSource& source) {
  RatingPipeline pipeline(source, *pool_, control_.cancel);
  std::uint64_t waves = 0;  // bytes of text
  for (bool first = true; !assembler_; first = false) {
    auto wave = pipeline.look();
    if (!wave) {
      Error error = wave.error();
      const bool long_line = error.line > 0;
      // What is no text has no lines: better to say what it is.
      auto text = long_line && first ? begin(pipeline.refused(), source) : std::string_view();
      if (!text) return tl::make_unexpected(text.error());
      error.line += long_line ? skipped_.lines : 0;
      return tl::make_unexpected(std::move(error));
    }
    std::string_view text = *wave;
    const std::size_t whole = text.size();
    const std::uint64_t before = std::exchange(waves, waves + whole);
    looked_at_ = pipeline.text_bytes();
    if (first) {
      auto begun = begin(text, source);
      if (!begun) return tl::make_unexpected(begun.error());
      text = *begun;
    } else if (text.empty()) {
      return bad(options_.skip_lines > 0 ? "nothing follows the skipped lines" : "the file holds only blank lines",
                 expected_lines);
    }
    auto data = detect(text, source);
    if (!data) return tl::make_unexpected(data.error());
    if (assembler_) {
      const std::size_t from = whole - text.size() + *data;
      data_begin_ = before + from;
      pipeline.start(layout_, options_, from);
    }
  }
  assembler_->skip_lines(skipped_, skipped_blank_);
  while (true) {
    auto more = pipeline.step(*assembler_);
    if (!more) return tl::make_unexpected(more.error());
    if (auto done = check_step(source); !done) return done;
    if (control_.on_progress) control_.on_progress(source.done(), source.size());
    if (!*more) return {};
  }
}

// The container stage, and the byte order mark, which it takes away.
Expected<std::string_view> Load::begin(std::string_view text, const ByteSource& source) {
  mark_ = take_utf8_mark(text);
  if (text.empty()) return bad("the file is empty", "expected ratings: user, item and rating in each line");
  const auto factors = describes_ratings(options_) ? std::nullopt : factor_format_of(text);
  if (factors) {
    return bad("these are factors (" + *factors + "), not ratings",
               "there is nothing to train on; look at them in the window, or with `rowlight-cli pca`");
  }
  if (const auto foreign = foreign_container(text)) {
    const bool plain = source.container() == "plain";
    return bad((plain ? "this is " : "what is packed in this archive is ") + *foreign,
               "expected a text file of ratings: user, item and rating in each line");
  }
  std::string_view container = source.container();
  report_.evidence.push_back({"container", container == "plain" ? "plain text" : std::string(container),
                              container == "plain"
                                  ? "the first bytes are those of no archive, image or other binary format"
                                  : "the first bytes are those of such an archive, and it unpacks to text"});
  if (mark_) encoding_ = Encoding::Utf8;
  return text;
}

// The stages delimiter to types, on the first lines that are there to be read. Returns where the data begins in `text`
// and makes the assembler; leaves it away where `text` has no such line. Pre: `text` consists of whole lines.
Expected<std::size_t> Load::detect(std::string_view text, const ByteSource& source) {
  std::vector<std::string_view> sample;
  std::uint64_t first_line = 0;
  std::size_t sample_end = 0;
  std::size_t rows = 0;  // of the sample; blank lines stand in it too, so that its lines can be counted
  LineScanner scanner;
  std::string_view rest = text;
  while (!rest.empty() && rows < sample_lines && (sample_end < sample_bytes || rows < 2)) {
    const std::string_view line = scanner.next(rest);
    const std::uint64_t number = skipped_.lines + scanner.lines();
    if (number <= options_.skip_lines || (sample.empty() && is_blank(line))) continue;
    if (sample.empty()) first_line = number;
    rows += is_blank(line) ? 0 : 1;
    sample.push_back(line);
    sample_end = text.size() - rest.size();
  }
  const auto skip = [&](const LineScanner& seen, std::uint64_t blank) {
    skipped_.add(seen.counts());
    skipped_blank_ += blank;
  };
  if (sample.empty()) {
    // The skipped lines are no blank ones, whatever is in them.
    const std::uint64_t end = skipped_.lines + scanner.lines();
    skip(scanner, end - std::min(end, std::max(skipped_.lines, options_.skip_lines)));
    return 0;
  }
  Findings found;
  auto layout = detect_layout(sample, first_line, options_, &found);
  if (!layout) {
    keep(found, text.substr(0, sample_end), scanner.counts());
    return tl::make_unexpected(layout.error());
  }
  layout_ = std::move(*layout);
  report_.format = layout_.format;
  report_.delimiter = layout_.separation.text;
  report_.header = layout_.header;
  report_.columns = layout_.columns;

  // Past what stands before the data: skipped lines, blank ones, prose, the header.
  const std::uint64_t data_line = std::max(first_line, layout_.first_data_line);
  LineScanner before;
  std::uint64_t blank = 0;
  bool header = layout_.header;
  rest = text;
  while (!rest.empty()) {
    const std::uint64_t number = skipped_.lines + before.lines() + 1;
    if (number >= data_line && !header) break;
    const std::string_view line = before.next(rest);
    if (number <= options_.skip_lines) continue;
    if (is_blank(line)) ++blank;
    if (number >= data_line && !is_blank(line)) header = false;
  }
  skip(before, blank);
  assembler_.emplace(layout_, *set_);
  report_.preview = preview_of(rest, layout_, options_, skipped_.lines);
  const double bytes_a_row = static_cast<double>(sample_end) / static_cast<double>(rows);
  if (auto done = reserve(source, bytes_a_row); !done) return tl::make_unexpected(done.error());
  return text.size() - rest.size();
}

// What is known of lines that are no ratings.
void Load::keep(const Findings& found, std::string_view text, const LineCounts& lines) {
  const Encoding encoding = is_ascii(text)                                    ? Encoding::Ascii
                            : invalid_utf8_at(text) == std::string_view::npos ? Encoding::Utf8
                                                                              : Encoding::Latin1;
  report_.encoding = utf16_ ? "utf-16" : encoding_name(encoding);
  report_.line_ending = lines.line_ending();
  report_.evidence.push_back({"encoding", report_.encoding, "the first lines say so"});
  report_.evidence.push_back({"line ending", report_.line_ending,
                              "counted over the first " + (lines.lines == 1 ? "line" : plural(lines.lines, "line"))});
  take_over(found);
}

// Room for as many ratings as the file may hold by its first lines: what it does not need costs no memory.
Expected<void> Load::reserve(const ByteSource& source, double bytes_a_row) {
  const double slack = report_.container == "plain" ? 1.2 : 1.6;  // an archive does not pack evenly
  const double packing = static_cast<double>(looked_at_) / std::max(1.0, static_cast<double>(source.done()));
  const double expected = static_cast<double>(source.size()) * packing / bytes_a_row;
  const double affordable = static_cast<double>(memory_limit_bytes()) / static_cast<double>(bytes_a_rating);
  if (report_.container == "plain" && layout_.shape == Shape::Rows && expected > affordable) {
    return bad("there are some " + grouped(static_cast<std::uint64_t>(expected)) +
                   " ratings in this file, for which this machine has not enough memory",
               "expected at most " + grouped(static_cast<std::uint64_t>(affordable)));
  }
  assembler_->reserve(static_cast<std::size_t>(std::min(expected * slack + 1024, affordable / 2)));
  return {};
}

Expected<void> Load::check_step(const ByteSource& source) {
  if (auto done = check_encoding(); !done) return done;
  if (set_->size() > max_ratings) return bad("there are more than two thousand million ratings", "expected fewer");
  const std::uint64_t used =
      set_->size() * bytes_a_rating + set_->user_ids.memory_bytes() + set_->movie_ids.memory_bytes();
  if (used > memory_limit_bytes()) {
    return bad("there is not enough memory for these ratings, of which " + grouped(set_->size()) + " were read",
               "expected fewer ratings, or a machine with more memory");
  }
  // Every byte still to come could be a line: only what cannot become tolerable any more stops the load early.
  const bool plain = report_.container == "plain";
  // Read and not yet put together is at most what was looked at together and the beginning of a line.
  const std::uint64_t to_come = source.size() - source.done() + 2 * RatingPipeline::wave_bytes;
  return check_bad_lines(plain ? assembler_->lines().lines + to_come : std::numeric_limits<std::uint64_t>::max());
}

Expected<void> Load::check_encoding() {
  if (encoding_ == Encoding::Latin1 || assembler_->ascii()) return {};
  const std::optional<ForeignBytes>& foreign = assembler_->foreign();
  if (!foreign) {
    encoding_ = Encoding::Utf8;
    return {};
  }
  if (options_.encoding == "utf-8") {
    return bad("the text is not UTF-8", "give another encoding", foreign->line, foreign->column);
  }
  encoding_ = Encoding::Latin1;
  if (!options_.encoding) {
    report_.notices.push_back("line " + std::to_string(foreign->line) + " is not UTF-8: the file is read as latin-1");
  }
  return {};
}

Expected<void> Load::check_bad_lines(std::uint64_t lines_possible) {
  const std::uint64_t count = assembler_->bad_line_count();
  const bool beyond_limit = options_.max_bad_lines ? count > *options_.max_bad_lines
                                                   : count > tolerated_bad_lines && count > lines_possible / 100;
  if (beyond_limit) return too_many_bad_lines();
  return {};
}

tl::unexpected<Error> Load::too_many_bad_lines() {
  const BadLine& first = assembler_->bad_lines().front();
  const std::size_t cut = first.reason.rfind("; ");
  auto error = bad(of_first_lines(assembler_->bad_line_count(), assembler_->lines().lines, "does", "do") + " not fit" +
                       (assembler_->bad_line_count() == 1 ? ": " : ", first of all: ") + first.reason.substr(0, cut),
                   first.reason.substr(cut + 2), first.line, first.column);
  take_bad_lines();
  return error;
}

void Load::take_bad_lines() {
  report_.bad_line_count = assembler_->bad_line_count();
  if (report_.bad_lines.empty()) report_.bad_lines = std::move(assembler_->bad_lines());
}

Expected<void> Load::finish_rows() {
  if (auto done = check_bad_lines(assembler_->lines().lines); !done) return done;
  if (set_->size() == 0) {
    if (!assembler_->bad_lines().empty()) return too_many_bad_lines();
    return bad("no line holds a rating", expected_lines);
  }
  report_.ratings = set_->size();
  report_.users = set_->user_count();
  report_.items = set_->movie_count();
  take_bad_lines();
  if (auto done = settle_encoding(); !done) return done;
  report_layout();
  if (!report_.bad_lines.empty()) {
    const bool all = report_.bad_line_count == report_.bad_lines.size();
    report_.notices.push_back("lines that do not fit and are left out: " + std::to_string(report_.bad_line_count) +
                              (all ? "" : ", of which the first " + grouped(report_.bad_lines.size()) + " are listed"));
  }
  assembler_->finish(report_);
  note_time_unit(report_.timestamps, report_.evidence);
  return {};
}

// What the stages from line ending to types have found.
void Load::report_layout() {
  report_.lines = assembler_->lines().lines;
  report_.line_ending = assembler_->lines().line_ending();
  report_.evidence.push_back(
      {"line ending", report_.line_ending,
       "counted over " + (report_.lines == 1 ? "the only line" : "all " + plural(report_.lines, "line"))});
  take_over(layout_);
}

LoadReport Load::failed_report() {
  if (assembler_ && report_.lines == 0) {
    report_.encoding = utf16_ ? "utf-16" : encoding_name(encoding_);
    report_.ratings = set_->size();
    take_bad_lines();
    report_layout();
  }
  finish_preview(report_, *set_, encoding_);
  return std::move(report_);
}

// Unfinished when `cancel` says to stop.
Vocabulary decoded(const Vocabulary& ids, const std::atomic<bool>* cancel) {
  constexpr std::size_t between_looks = 65536;
  Vocabulary out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % between_looks == 0 && is_set(cancel)) break;
    out.add(latin1_to_utf8(ids.id(static_cast<std::int32_t>(i))));
  }
  return out;
}

// The encoding is only certain at the end of the file: ids were kept as bytes until here.
Expected<void> Load::settle_encoding() {
  report_.encoding = utf16_ ? "utf-16" : encoding_name(encoding_);
  const char* because = encoding_ == Encoding::Ascii ? "no byte above 127" : "every line is valid UTF-8";
  if (utf16_) {
    because = options_.encoding ? "it was given" : "the file starts with its byte order mark";
  } else if (encoding_ == Encoding::Latin1) {
    because = options_.encoding ? "it was given" : "some bytes are not UTF-8";
    set_->user_ids = decoded(set_->user_ids, control_.cancel);
    set_->movie_ids = decoded(set_->movie_ids, control_.cancel);
    if (cancelled()) return loading_cancelled();
  } else if (mark_) {
    because = "the file starts with a byte order mark";
  }
  report_.evidence.push_back({"encoding", report_.encoding, because});
  return {};
}

// The titles need the ids of the movies alone, and take one thread. Where a repeated pair is an error they come after.
Expected<void> Load::duplicates_and_titles() {
  Expected<void> titled;
  bool no_memory = false;
  const std::function<void()> beside = [&] {
    try {
      titled = titles();
    } catch (const std::bad_alloc&) {
      no_memory = true;
    }
  };
  const bool fails = options_.duplicates == Duplicates::Fail;
  auto counts =
      settle_duplicates(*set_, options_.duplicates, *pool_, control_.cancel, fails ? std::function<void()>() : beside);
  if (!counts) return tl::make_unexpected(counts.error());
  if (no_memory) return not_enough_memory();
  report_.duplicates = counts->duplicates;
  report_.conflicts = counts->conflicts;
  report_.loaded = set_->size();
  if (counts->first && options_.duplicates == Duplicates::Fail) {
    const auto row = static_cast<std::size_t>(*counts->first);
    const InputName input{report_.file, report_.member};
    const auto line = line_of_row(input, layout_, options_, {data_begin_, skipped_.lines}, row, control_.cancel);
    if (!line) return tl::make_unexpected(line.error());
    return bad("user '" + printable(set_->user_ids.id(set_->users[row])) + "' rates item '" +
                   printable(set_->movie_ids.id(set_->movies[row])) + "' again (" +
                   plural(counts->duplicates, "such row") + ")",
               "expected each pair once; say what counts with --duplicates last, first or mean", *line, 1);
  }
  return fails ? titles() : titled;
}

void Load::scale() {
  set_->scale = options_.scale.value_or(
      RatingScale{static_cast<float>(report_.rating_min), static_cast<float>(report_.rating_max)});
  if (options_.scale &&
      (report_.rating_min < double{set_->scale.low} || report_.rating_max > double{set_->scale.high})) {
    report_.notices.emplace_back("some ratings lie outside the given scale");
  }
  report_.evidence.push_back({"scale", shortest(set_->scale.low) + " to " + shortest(set_->scale.high),
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
  Expected<LoadedRatings> loaded;
  const auto no_memory = [&] {
    Error error = not_enough_memory().value();
    error.file = path;
    loaded = tl::make_unexpected(std::move(error));
  };
  try {
    Load load(options, control);
    try {
      loaded = load.run(path);
    } catch (const std::bad_alloc&) {
      no_memory();
    }
    if (!loaded && control.failed_report != nullptr) *control.failed_report = load.failed_report();
  } catch (const std::bad_alloc&) {  // not even for the report: by now the ratings are gone
    no_memory();
  }
  return loaded;
}

}  // namespace rowlight
