#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/analysis/lookup_cost.h"
#include "core/base/clock.h"

/// Timing a piece of work over and over. Private to lookup_cost*.cpp.
namespace rowlight::cost {

using Clock = std::chrono::steady_clock;

inline constexpr std::size_t fewest_samples = 3;
inline constexpr std::size_t most_samples = 201;
inline constexpr std::size_t most_inner_runs = 1000;
inline constexpr double shortest_sample = 20e-6;  // seconds; far above the clock's resolution

[[nodiscard]] inline double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Floats that are not touched until somebody fills them, so that a large buffer can be filled piece by piece.
class Storage {
 public:
  /// Errors: none; empty when the system gives no memory.
  static Storage allocate(std::size_t count) {
    Storage storage;
    storage.data_.reset(static_cast<float*>(::operator new(count * sizeof(float), alignment, std::nothrow)));
    storage.count_ = storage.data_ ? count : 0;
    return storage;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] float* data() const { return data_.get(); }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(float* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t count_ = 0;
};

[[nodiscard]] inline std::size_t pieces_of(std::size_t total, std::size_t piece) { return (total + piece - 1) / piece; }

/// Work that is measured: a run is its pieces one after the other.
struct Task {
  std::size_t pieces = 1;
  std::function<void(std::size_t run, std::size_t piece)> work;
  std::function<void(std::size_t run)> prepare;  ///< before a sample, not timed; may be empty
  bool changes_batch = true;                     ///< each run of a sample takes another batch
  std::function<double(std::size_t run)> check;  ///< largest difference after that run; may be empty
};

/// The repetitions of one Task.
class Timer {
 public:
  enum class Outcome { More, Done, TooLong };

  Timer(Task task, const CostOptions& options)
      : task_(std::move(task)), budget_(seconds(options.time_per_value)), longest_(seconds(options.longest_run)) {}

  /// One piece of a long run, or one sample of short ones.
  Outcome advance() {
    if (piece_ == 0 && task_.prepare) task_.prepare(run_);
    if (task_.pieces <= 2) {
      sample_short_runs();
    } else {
      const auto start = Clock::now();
      task_.work(run_, piece_);
      run_seconds_ += seconds_since(start);
      if (run_seconds_ > longest_) return Outcome::TooLong;
      if (++piece_ < task_.pieces) return Outcome::More;
      last_run_ = run_++;
      take(std::exchange(run_seconds_, 0));
      piece_ = 0;
    }
    const bool enough = spent_ >= budget_ && samples_.size() >= fewest_samples;
    return enough || samples_.size() >= most_samples ? Outcome::Done : Outcome::More;
  }

  [[nodiscard]] CostValue value() {
    CostValue value;
    const auto middle = samples_.begin() + static_cast<std::ptrdiff_t>(samples_.size() / 2);
    std::nth_element(samples_.begin(), middle, samples_.end());
    value.seconds = *middle;
    value.repetitions = samples_.size();
    if (task_.check) value.max_abs_diff = task_.check(last_run_);
    return value;
  }

 private:
  void sample_short_runs() {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < inner_; ++i) {
      last_run_ = task_.changes_batch ? run_ + i : run_;
      for (std::size_t piece = 0; piece < task_.pieces; ++piece) task_.work(last_run_, piece);
    }
    const double each = seconds_since(start) / static_cast<double>(inner_);
    run_ += inner_;
    spent_ += each * static_cast<double>(inner_ - 1);
    take(each);
  }

  /// The first run warms the caches up and says how many runs make a sample; it counts where it alone takes longer
  /// than there is time.
  void take(double each) {
    if (std::exchange(warm_, true) || each > budget_) {
      spent_ += each;
      samples_.push_back(each);
      return;
    }
    inner_ = static_cast<std::size_t>(
        std::clamp(std::ceil(shortest_sample / std::max(each, 1e-9)), 1.0, static_cast<double>(most_inner_runs)));
    if (task_.pieces > 2) inner_ = 1;
  }

  Task task_;
  double budget_;
  double longest_;
  std::vector<double> samples_;
  bool warm_ = false;
  std::size_t inner_ = 1;
  std::size_t run_ = 0;
  std::size_t last_run_ = 0;
  std::size_t piece_ = 0;
  double run_seconds_ = 0;
  double spent_ = 0;
};

}  // namespace rowlight::cost
