#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "core/analysis/lookup_cost.h"

namespace rowlight {

/// What the Session keeps for the Cost page: the measurement under way, and what was measured last. Used by the
/// Session's thread.
class CostDesk {
 public:
  /// Begins a measurement, in place of one under way, for which training may have paused: so it has for this one too.
  /// Pre: validate(options).
  void start(const CostOptions& options, bool pauses_training);
  /// Ends the one under way, if any; what is measured stays.
  void stop();
  /// Works for about `time`. Returns whether there is more to measure. Pre: under_way().
  bool advance(std::chrono::microseconds time);

  [[nodiscard]] bool under_way() const { return measurement_ != nullptr; }
  /// Null until a measurement was asked for.
  [[nodiscard]] std::shared_ptr<const CostView> view() const { return view_; }

 private:
  void publish();

  std::unique_ptr<LookupCost> measurement_;  // while one is under way
  std::uint64_t version_ = 0;                // of what view_ shows
  bool paused_training_ = false;
  std::shared_ptr<const CostView> view_;
};

}  // namespace rowlight
