#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "core/train/command.h"
#include "core/train/frame.h"

namespace rowlight {

class FastTrainer;
class Trainer;

/// How much work Session::advance() may do. Work ends on batch boundaries (stage boundaries when stepping by
/// operation), so the clock never changes a result.
struct Budget {
  std::chrono::microseconds time = std::chrono::microseconds::max();
  std::uint64_t units = UINT64_MAX;  ///< of the unit that is being played; a unit cut by `time` goes on next time
};

/// The engine behind the window, the command line and the tests: data, parameters, settings and the run. Synchronous
/// and deterministic; used by one thread at a time.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Takes a command at once. A command that cannot be taken changes nothing; the next frame's `error` says why.
  void apply(const Command& command);

  /// Trains within the budget if playing or stepping; measures costs within its time if that was asked for. Returns
  /// whether there is more to do without a new command.
  bool advance(const Budget& budget);

  /// A state of what is being looked at. Cost: the watched rows + at most one PCA of the projected table; while
  /// playing, PCA is done at most so often that it takes a fortieth of the time, and the last one is shared.
  [[nodiscard]] FramePtr frame();

  /// Units that were completed so far, over all runs: what a paced play counts. A unit that a budget of time cut counts
  /// when it ends.
  [[nodiscard]] std::uint64_t units_done() const;

  /// The play speed asked for, in units a second; 0: as fast as it goes, as when measuring. For whoever owns the clock.
  [[nodiscard]] double units_per_second() const;

  /// The run itself, for saving and for clients without a window; null when Empty, and when the other one runs. Valid
  /// until the next apply().
  [[nodiscard]] const Trainer* trainer() const;
  [[nodiscard]] const FastTrainer* fast_trainer() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowlight
