#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"

namespace rowlight {

/// Ratings per second over a sliding second of wall-clock time, without what leave_out() was told of: the validation,
/// as an EpochResult says of an epoch. All that happens between batches counts too. One thread at a time.
class RatingRate {
 public:
  /// A play begins: the time before it does not count.
  void restart() {
    start_ = Clock::now();
    ratings_ = 0;
    young_ = true;
  }

  void count(std::size_t ratings) {
    constexpr double window = 1.0;
    ratings_ += ratings;
    const double seconds = seconds_since(start_);
    if (seconds <= 0) return;
    // Until the first window is full its part so far is the best there is.
    if (young_ || seconds >= window) per_second_ = static_cast<double>(ratings_) / seconds;
    if (seconds < window) return;
    young_ = false;
    start_ = Clock::now();
    ratings_ = 0;
  }

  /// Time that was spent on something else than training.
  void leave_out(std::chrono::steady_clock::duration time) { start_ += time; }

  /// Of the last full second of playing; 0 when never played.
  [[nodiscard]] double per_second() const { return per_second_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_;
  std::uint64_t ratings_ = 0;
  double per_second_ = 0;
  bool young_ = true;  // the first window since the play began is not full
};

}  // namespace rowlight
