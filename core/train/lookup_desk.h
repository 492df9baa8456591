#pragma once

#include <memory>
#include <optional>

#include "core/train/command.h"
#include "core/train/live_tables.h"
#include "core/train/lookup_pass.h"

namespace rowlight {

/// What the Session keeps for the Lookup page: the setup, the pass, and which of its steps is shown. Commands move a
/// target; advance() computes towards it. Used by the Session's thread.
class LookupDesk {
 public:
  LookupDesk();

  void show(const ShowLookup& command) { window_ = command; }
  [[nodiscard]] bool shown() const { return window_.shown; }

  /// There is another run. Passes on live tables begin anew. To be called with {} before the tables or the trainer of a
  /// pass end. `trainer` is null where nothing trains the tables.
  void attach(LiveTables tables, Trainer* trainer = nullptr);
  /// The training went on without the pass: one that follows it begins anew.
  void training_moved();

  void set_up(const SetUpLookup& command);
  void set_weight(const SetLookupWeight& command);
  void seek(int step);
  /// Writes the PyTorch program of the pass for view(). Cost: a whole pass.
  void write_program();
  /// One step on; after the last one the first of the next pass.
  void step();
  /// Begins anew with the table as it was at first. Returns false for a pass that follows the training, which is the
  /// training's to reset.
  bool reset();

  /// There is something to compute before the target can be shown.
  [[nodiscard]] bool has_work() const;
  /// The pass is the training's own next minibatch.
  [[nodiscard]] bool follows_training() const { return pass_->setup().follows_training(); }
  /// Computes a piece of some milliseconds towards the target. Pre: has_work(). Returns whether a step was done. A
  /// failure ends the work; view() says why.
  bool advance();
  /// Why the last piece of work failed or the last command was refused.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// The last step of a pass is shown.
  [[nodiscard]] bool at_end() const { return shown_ == lookup_step_count; }

  /// Null while the page is not shown.
  [[nodiscard]] std::shared_ptr<const LookupView> view() const;

 private:
  /// Makes the pass of a setup. `weight`: the table to go on with, if not the source's own.
  [[nodiscard]] Expected<std::unique_ptr<LookupPass>> make(const LookupSetup& setup,
                                                           std::optional<Matrix> weight) const;
  void take(std::unique_ptr<LookupPass> pass, int target);

  ShowLookup window_{false, 0, 0};
  LiveTables tables_;
  Trainer* trainer_ = nullptr;                    // what trains them, if anything does
  std::unique_ptr<LookupPass> pass_;              // never null
  LookupSource live_source_ = LookupSource::Toy;  // of the pass before the trainer was detached
  int shown_ = 0;
  int target_ = 0;
  bool next_pass_ = false;  // the target is in the pass after this one
  std::optional<Error> error_;
  std::shared_ptr<const std::string> program_;  // of the setup, until it changes
};

}  // namespace rowlight
