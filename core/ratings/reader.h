#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

/// What to do with a (user, movie) pair that occurs more than once.
enum class Duplicates { KeepLast, KeepFirst, Mean, KeepAll, Fail };

/// What the person knows better than the detection. Everything that is not set is detected.
struct ReadOptions {
  std::string items_file;                ///< titles; empty: look beside the ratings file
  std::optional<std::string> format;     ///< one of format_names()
  std::optional<std::string> delimiter;  ///< the literal text: ",", "\t", "::", ...
  std::optional<std::string> columns;    ///< "user,item,rating,time" in the file's order, "-" skips one
  std::optional<bool> header;
  std::uint64_t skip_lines = 0;         ///< prose before the data
  std::optional<std::string> encoding;  ///< "utf-8", "latin-1" or "utf-16"
  std::optional<RatingScale> scale;
  std::optional<float> missing;  ///< this rating means "not rated"
  Duplicates duplicates = Duplicates::KeepLast;
  std::optional<std::uint64_t> max_bad_lines;  ///< default: fail above 100 that are also above 1 %
};

/// Whether the options say how ratings stand in the lines: the person knows then that the file holds ratings, though it
/// may begin like one of factors.
[[nodiscard]] bool describes_ratings(const ReadOptions& options);

/// One line that does not fit. Line and column count from 1; 0 where unknown.
struct BadLine {
  std::uint64_t line = 0;
  std::uint64_t column = 0;
  std::string reason;  ///< "'abc' is not a rating; expected a number"
};

/// One stage of the detection, for the file doctor.
struct Evidence {
  std::string stage;     ///< container, encoding, line ending, delimiter, header, columns, types, scale
  std::string decision;  ///< "TAB"
  std::string because;   ///< "every one of the first 64 lines has 4 fields"
};

/// One of the first ratings as it was understood, for the file doctor.
struct PreviewRow {
  std::uint64_t line = 0;
  std::string text;  ///< the line itself, printable, cut with "..." after about 200 bytes
  std::string user;
  std::string item;
  float rating = 0;
  std::optional<std::int64_t> time;  ///< in seconds since 1970
  std::string title;                 ///< of the item, or ""
};

/// Something that the person may want to change, with the option that does it.
struct Advice {
  std::string sentence;  ///< "57,519 ratings are 0: if that means implicit feedback here, declare 0 as missing"
  std::string option;    ///< of `rowlight-cli inspect`, without the dashes: "missing"; "" where none would help
  std::string value;     ///< "0"
};

/// What loading found: the keys of `rowlight-cli inspect` (CLI contract), in the same order.
struct LoadReport {
  static constexpr std::size_t preview_rows = 20;
  static constexpr std::size_t most_bad_lines = 10'000;  ///< in `bad_lines`; bounds what a hostile file can take

  std::string file;       ///< the path that holds the ratings; of an archive the archive
  std::string member;     ///< the rating file in a .zip; "" elsewhere
  std::string container;  ///< plain | gzip | zip
  std::string format;
  std::string encoding;     ///< ascii | utf-8 | latin-1 | utf-16
  std::string line_ending;  ///< lf | crlf | cr | mixed
  std::string delimiter;
  bool header = false;
  std::vector<std::string> columns;
  std::uint64_t lines = 0;    ///< all lines of the file
  std::uint64_t ratings = 0;  ///< read, before duplicates were dealt with
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  double rating_min = 0;
  double rating_max = 0;
  double rating_mean = 0;
  double rating_step = 0;           ///< the largest step of which all ratings are multiples above the minimum; 0: none
  std::string timestamps = "none";  ///< s | ms | date | none
  std::optional<std::int64_t> time_min;  ///< in seconds since 1970
  std::optional<std::int64_t> time_max;
  std::uint64_t duplicates = 0;  ///< rows whose pair stood before
  std::uint64_t conflicts = 0;   ///< duplicates with another rating than the row of that pair before
  std::uint64_t blank_lines = 0;
  std::uint64_t loaded = 0;
  std::uint64_t bad_line_count = 0;  ///< all of them
  std::vector<BadLine> bad_lines;    ///< the first most_bad_lines
  std::uint64_t titles = 0;          ///< rows of the title file
  std::uint64_t items_without_title = 0;
  std::uint64_t titles_without_rating = 0;
  std::vector<std::string> notices;
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::vector<Evidence> evidence;
  std::vector<PreviewRow> preview;  ///< at most preview_rows
  std::vector<Advice> advice;
};

struct LoadedRatings {
  std::shared_ptr<const RatingSet> set;
  LoadReport report;
};

/// How the caller follows and stops a load. All may be empty. `on_progress` is called on the loading thread, with bytes
/// of the file on disk.
struct LoadControl {
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> on_progress;
  const std::atomic<bool>* cancel = nullptr;
  unsigned threads = 0;                 ///< 0: all cores. Changes no result.
  LoadReport* failed_report = nullptr;  ///< where a load that fails leaves what it had found until then
};

/// Reads a rating file, and the titles that stand beside it, in stages: container, encoding, line ending,
/// delimiter, header, columns, values, duplicates, titles. Synchronous; call it off the GUI thread.
/// Errors: Io when the path is missing, is a directory without ratings or cannot be read; BadInput with file, line
/// and column when the content is not ratings (empty, binary, header only, too many bad lines); Cancelled.
[[nodiscard]] Expected<LoadedRatings> read_ratings(const std::string& path, const ReadOptions& options = {},
                                                   const LoadControl& control = {});

/// Every value of ReadOptions::format and LoadReport::format.
[[nodiscard]] std::vector<std::string> format_names();

}  // namespace rowlight
