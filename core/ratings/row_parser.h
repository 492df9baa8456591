#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ratings/dialect.h"
#include "core/ratings/rating_set.h"
#include "core/ratings/reader.h"

namespace rowlight {

/// Ids to indices through a Vocabulary, with an array in front of it for small plain numbers, which most files use.
class IdMapper {
 public:
  explicit IdMapper(Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  /// The index of `id`, added when new. "7" and "07" are different ids.
  std::int32_t index_of(std::string_view id);

 private:
  Vocabulary& vocabulary_;
  std::vector<std::int32_t> by_number_;  // -1: not seen; at most 16 MB
};

/// The stage that turns lines into ratings. Fills the columns and vocabularies of `set` and counts what the report
/// needs. Ids keep the bytes of the file. Not synchronised.
class RowParser {
 public:
  RowParser(const Layout& layout, const ReadOptions& options, RatingSet& set);
  RowParser(const RowParser&) = delete;
  RowParser& operator=(const RowParser&) = delete;

  void add_line(std::string_view line, std::uint64_t number);

  [[nodiscard]] std::vector<BadLine>& bad_lines() { return bad_lines_; }
  [[nodiscard]] std::uint64_t blank_lines() const { return blank_lines_; }
  [[nodiscard]] std::uint64_t not_rated() const { return not_rated_; }
  /// The row that came from a line, for messages: the line of row `row`. Pre: options ask for Duplicates::Fail.
  [[nodiscard]] std::uint64_t line_of(std::int32_t row) const;

  /// Fills the rating_* and time* parts of the report and brings the times to seconds. Call once, at the end.
  void finish(LoadReport& report);

 private:
  void bad(std::uint64_t number, std::size_t field, std::string reason);
  [[nodiscard]] bool take_time(std::string_view field, std::uint64_t number);
  [[nodiscard]] bool usable_id(std::string_view id, std::uint64_t number, std::size_t field, const char* whose);
  void count_rating(double rating);
  void update_step(float rating);
  void finish_times(LoadReport& report);

  const Layout& layout_;
  RatingSet& set_;
  FieldSplitter splitter_;
  IdMapper users_;
  IdMapper movies_;
  std::optional<float> missing_;
  bool decimal_comma_;
  bool keep_lines_;

  std::vector<BadLine> bad_lines_;
  std::uint64_t blank_lines_ = 0;
  std::uint64_t not_rated_ = 0;
  std::vector<std::uint64_t> lines_;  // of each row, only when keep_lines_

  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
  std::uint64_t zeros_ = 0;

  // The step: the greatest common divisor of all distances from the first rating, in ten-thousandths.
  std::array<float, 256> seen_;  // ratings counted already, by a hash of their bits
  double first_ = 0;
  std::int64_t divisor_ = 0;
  bool has_step_ = true;

  std::int64_t time_min_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t time_max_ = std::numeric_limits<std::int64_t>::min();
  std::uint64_t dates_ = 0;
};

}  // namespace rowlight
