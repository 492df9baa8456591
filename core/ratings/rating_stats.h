#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "core/ratings/reader.h"

namespace rowlight {

/// What a report says about the ratings of a file, gathered piece by piece. The same pieces in the same order give the
/// same bits.
class RatingStats {
 public:
  RatingStats();
  /// Counts `count` ratings of this value. Pre: finite, fits a float; count > 0.
  void add(double rating, std::uint64_t count = 1);
  /// Takes over what `later` has counted behind this.
  void add(const RatingStats& later);
  void clear() { *this = RatingStats(); }

  /// Fills rating_min, rating_max, rating_mean and rating_step. Pre: something was counted.
  void finish(LoadReport& report) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  void update_step(float rating);

  std::uint64_t count_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
  std::uint64_t zeros_ = 0;

  // The step: the greatest common divisor of all distances from the first rating, in ten-thousandths.
  std::array<float, 256> seen_;  // ratings that were looked at already, by a hash of their bits
  double first_ = 0;
  std::int64_t divisor_ = 0;
  bool has_step_ = true;
};

}  // namespace rowlight
