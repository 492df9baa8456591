#include "core/ratings/row_parser.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/ratings/lines.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

constexpr std::size_t max_direct_id = std::size_t{1} << 22;
constexpr std::size_t max_id_bytes = 1024;
constexpr double steps_per_unit = 10000;
// Seconds reach this number in the year 5138, milliseconds did in 1973.
constexpr std::int64_t first_millisecond_time = 100'000'000'000;

// The number that `id` writes in the one plain way, or npos.
std::size_t direct_number(std::string_view id) {
  if (id.empty() || id.size() > 7 || (id.front() == '0' && id.size() > 1)) return std::string_view::npos;
  std::size_t number = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return std::string_view::npos;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  return number < max_direct_id ? number : std::string_view::npos;
}

}  // namespace

std::int32_t IdMapper::index_of(std::string_view id) {
  const std::size_t number = direct_number(id);
  if (number == std::string_view::npos) return vocabulary_.add(id);
  if (number >= by_number_.size()) by_number_.resize(std::max<std::size_t>(4096, std::bit_ceil(number + 1)), -1);
  std::int32_t& index = by_number_[number];
  if (index < 0) index = vocabulary_.add(id);
  return index;
}

RowParser::RowParser(const Layout& layout, const ReadOptions& options, RatingSet& set)
    : layout_(layout),
      set_(set),
      splitter_(layout.separation, true),
      users_(set.user_ids),
      movies_(set.movie_ids),
      missing_(options.missing),
      decimal_comma_(layout.separation.text != "," && layout.separation.kind != Separation::Kind::Mixed),
      keep_lines_(options.duplicates == Duplicates::Fail) {
  seen_.fill(std::numeric_limits<float>::quiet_NaN());
}

void RowParser::bad(std::uint64_t number, std::size_t field, std::string reason) {
  const std::uint64_t column = field < splitter_.fields().size() ? splitter_.offset(field) + 1 : 0;
  bad_lines_.push_back({number, column, std::move(reason)});
}

bool RowParser::usable_id(std::string_view id, std::uint64_t number, std::size_t field, const char* whose) {
  const bool control = std::any_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (!id.empty() && !control && id.size() <= max_id_bytes) return true;
  const std::string name = std::string("the ") + whose + " id";
  if (id.empty()) {
    bad(number, field, name + " is empty; expected an id");
  } else if (control) {
    bad(number, field, name + " '" + printable(id) + "' holds control characters; expected text");
  } else {
    bad(number, field, name + " has " + std::to_string(id.size()) + " bytes; expected at most 1024");
  }
  return false;
}

bool RowParser::take_time(std::string_view field, std::uint64_t number) {
  const auto time = parse_time(field);
  if (!time) {
    bad(number, *layout_.time, "'" + printable(field) + "' is not a time; expected a whole number or a date");
    return false;
  }
  dates_ += time->date ? 1 : 0;
  time_min_ = std::min(time_min_, time->value);
  time_max_ = std::max(time_max_, time->value);
  set_.times.push_back(time->value);
  return true;
}

void RowParser::add_line(std::string_view line, std::uint64_t number) {
  if (is_blank(line)) {
    ++blank_lines_;
    return;
  }
  splitter_.split(line);
  const auto fields = splitter_.fields();
  if (splitter_.open_quote()) {
    bad(number, 0, "a quote is opened and not closed in this line; expected \"...\"");
    return;
  }
  if (fields.size() != layout_.field_count) {
    bad(number, std::min(fields.size(), layout_.field_count) - (fields.size() > layout_.field_count ? 0 : 1),
        std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields") + "; expected " +
            std::to_string(layout_.field_count));
    return;
  }
  const std::string_view user = fields[layout_.user];
  const std::string_view item = fields[layout_.item];
  const auto rating = parse_rating(fields[layout_.rating], decimal_comma_);
  if (!usable_id(user, number, layout_.user, "user") || !usable_id(item, number, layout_.item, "item")) return;
  if (!rating) {
    bad(number, layout_.rating,
        "'" + printable(fields[layout_.rating]) + "' is not a rating; expected a finite number");
    return;
  }
  if (missing_ && static_cast<float>(*rating) == *missing_) {
    ++not_rated_;
    return;
  }
  if (layout_.time && !take_time(fields[*layout_.time], number)) return;
  set_.users.push_back(users_.index_of(user));
  set_.movies.push_back(movies_.index_of(item));
  set_.ratings.push_back(static_cast<float>(*rating));
  if (keep_lines_) lines_.push_back(number);
  count_rating(*rating);
}

std::uint64_t RowParser::line_of(std::int32_t row) const { return lines_[static_cast<std::size_t>(row)]; }

void RowParser::count_rating(double rating) {
  min_ = std::min(min_, rating);
  max_ = std::max(max_, rating);
  sum_ += rating;
  zeros_ += rating == 0 ? 1 : 0;
  const auto narrow = static_cast<float>(rating);
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(narrow);
  float& seen = seen_[(bits * 2654435761U) >> 24U];
  if (seen == narrow) return;
  seen = narrow;
  update_step(narrow);
}

void RowParser::update_step(float rating) {
  if (set_.size() == 1) first_ = rating;
  if (!has_step_) return;
  const double distance = std::abs(rating - first_) * steps_per_unit;
  const double whole = std::round(distance);
  // A float carries about seven digits: the tolerance grows with the number.
  const double tolerance = 0.01 + 2e-7 * steps_per_unit * std::max(std::abs(first_), std::abs(double{rating}));
  if (std::abs(distance - whole) > tolerance || tolerance > 0.4 || whole > 1e15) {
    // Whole numbers are exact in a float as long as they are below 2^24; above that the scale is left open.
    has_step_ = std::abs(rating) < 16777216.0F && rating == std::round(rating) && first_ == std::round(first_);
    if (!has_step_) return;
  }
  divisor_ = std::gcd(divisor_, static_cast<std::int64_t>(whole));
}

void RowParser::finish(LoadReport& report) {
  const auto count = static_cast<double>(set_.size());
  report.rating_min = min_;
  report.rating_max = max_;
  report.rating_mean = sum_ / count;
  report.rating_step = has_step_ ? static_cast<double>(divisor_) / steps_per_unit : 0;
  if (not_rated_ > 0) {
    report.notices.push_back(std::to_string(not_rated_) +
                             " rows hold the value declared as not rated and are left out");
  }
  if (min_ == 0 && static_cast<double>(zeros_) * 4 > count && max_ > 1) {
    report.notices.push_back(std::to_string(zeros_) +
                             " ratings are 0: if 0 means implicit feedback here, declare it as missing");
  }
  if (max_ > 100) report.notices.emplace_back("the ratings reach beyond 100: they look like counts");
  if (layout_.time) finish_times(report);
}

void RowParser::finish_times(LoadReport& report) {
  const bool milliseconds = dates_ == 0 && time_min_ >= first_millisecond_time;
  if (milliseconds) {
    for (std::int64_t& time : set_.times) time /= 1000;
    time_min_ /= 1000;
    time_max_ /= 1000;
  }
  report.timestamps = milliseconds ? "ms" : dates_ > 0 ? "date" : "s";
  report.time_min = time_min_;
  report.time_max = time_max_;
}

}  // namespace rowlight
