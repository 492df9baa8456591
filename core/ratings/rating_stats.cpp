#include "core/ratings/rating_stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "core/base/text.h"

namespace rowlight {
namespace {

constexpr double steps_per_unit = 10000;
constexpr double exact_integers = 16777216;  // 2^24: whole numbers below are exact in a float

}  // namespace

RatingStats::RatingStats() { seen_.fill(std::numeric_limits<float>::quiet_NaN()); }

void RatingStats::add(double rating, std::uint64_t count) {
  const auto narrow = static_cast<float>(rating);
  if (count_ == 0) first_ = narrow;
  count_ += count;
  min_ = std::min(min_, rating);
  max_ = std::max(max_, rating);
  sum_ += rating * static_cast<double>(count);
  zeros_ += rating == 0 ? count : 0;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(narrow);
  float& seen = seen_[(bits * 2654435761U) >> 24U];
  if (seen == narrow) return;
  seen = narrow;
  update_step(narrow);
}

void RatingStats::add(const RatingStats& later) {
  if (later.count_ == 0) return;
  if (count_ == 0) first_ = later.first_;
  count_ += later.count_;
  min_ = std::min(min_, later.min_);
  max_ = std::max(max_, later.max_);
  sum_ += later.sum_;
  zeros_ += later.zeros_;
  has_step_ = has_step_ && later.has_step_;
  // A step of both: it divides the steps of each and the way from one's first rating to the other's.
  divisor_ = std::gcd(divisor_, later.divisor_);
  update_step(static_cast<float>(later.first_));
}

void RatingStats::update_step(float rating) {
  if (!has_step_) return;
  const double distance = std::abs(rating - first_) * steps_per_unit;
  const double whole = std::round(distance);
  // A float carries about seven digits: the tolerance grows with the number.
  const double tolerance = 0.01 + 2e-7 * steps_per_unit * std::max(std::abs(first_), std::abs(double{rating}));
  if (std::abs(distance - whole) > tolerance || tolerance > 0.4 || whole > 1e15) {
    const auto is_whole = [](double x) { return std::abs(x) < exact_integers && x == std::round(x); };
    has_step_ = is_whole(rating) && is_whole(first_);
    if (!has_step_) return;
  }
  divisor_ = std::gcd(divisor_, static_cast<std::int64_t>(whole));
}

void RatingStats::finish(LoadReport& report) const {
  report.rating_min = min_;
  report.rating_max = max_;
  report.rating_mean = sum_ / static_cast<double>(count_);
  report.rating_step = has_step_ ? static_cast<double>(divisor_) / steps_per_unit : 0;
  if (min_ == 0 && zeros_ * 4 > count_ && max_ > 1) {
    const std::string sentence =
        grouped(zeros_) + " ratings are 0: if 0 means implicit feedback here, declare it as missing";
    report.notices.push_back(sentence);
    report.advice.push_back({sentence, "missing", "0"});
  }
  if (max_ > 100) report.notices.emplace_back("the ratings reach beyond 100: they look like counts");
}

}  // namespace rowlight
