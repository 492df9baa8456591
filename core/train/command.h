#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "core/analysis/lookup_cost.h"
#include "core/ratings/rating_set.h"
#include "core/train/lookup_setup.h"
#include "core/train/settings.h"

namespace rowlight {

struct Factors;
struct TensorFile;

/// What one step of the transport bar means.
enum class StepUnit {
  Operation,  ///< one stage of a minibatch: look up, multiply, ... (core/train/batch_step.h)
  Batch,
  Epoch,
};

// A Command is a value; nothing else goes into the Session. Commands may be built on any thread.

/// Takes a new data set and starts afresh with the present settings. All but `ratings` may be left out.
struct InstallRatings {
  RatingSetPtr ratings;                       ///< pre: not null
  RatingSetPtr test;                          ///< validates on these instead of a share of `ratings`
  std::vector<std::int64_t> order;            ///< positions into `ratings`: one epoch's order, or one for each epoch
  std::shared_ptr<const TensorFile> initial;  ///< starts from these tables (state_dict names)
  std::shared_ptr<const TensorFile> resume;   ///< goes on with this saved run, under its own settings
};
/// Shows tables that were trained elsewhere, in place of the run there is. There are no ratings: Play, Step and Reset
/// of the training, and Configure, are refused until ratings are installed.
struct InstallFactors {
  std::shared_ptr<const Factors> factors;  ///< pre: not null
};
/// Takes new settings. Goes on where starts_afresh() says no; refused when validate() refuses.
struct Configure {
  TrainSettings settings;
};
/// Trains on until paused or finished, in steps of `unit`.
struct Play {
  StepUnit unit = StepUnit::Batch;
  double units_per_second = 0;  ///< 0: as fast as it goes
};
struct Pause {};
/// Goes on to the end of the current unit, then pauses.
struct Step {
  StepUnit unit = StepUnit::Batch;
};
/// Back to the first batch: same ratings, settings and seed, so the same numbers again.
struct Reset {};
/// What a table view shows: the rows of which a frame holds values, in the view's order.
struct Watch {
  Table table = Table::Users;
  std::vector<std::int32_t> rows;  ///< rows outside the table are left out of the frame
};
/// What the scatter plot shows.
struct Project {
  bool enabled = true;
  Table table = Table::Movies;
};
/// Measures lookup against one-hot products (core/analysis/lookup_cost.h). Training pauses, so that neither disturbs
/// the other's times; a measurement under way begins anew. Refused when validate() refuses.
struct MeasureCost {
  CostOptions options;
};
/// Ends the measurement; what is measured stays.
struct CancelCost {};

// The Lookup page. While it is shown, steps by operation (Step and Play with StepUnit::Operation) are steps of its
// pass, and Reset starts a pass that does not follow the training over with the table it began with.

/// Whether the Lookup page is shown, and which rows of its table.
struct ShowLookup {
  bool shown = true;
  std::size_t first_row = 0;
  std::size_t row_count = 0;
};
/// Takes another setup and runs to the step that was shown; one that is refused changes nothing, and
/// LookupView::error says why.
struct SetUpLookup {
  LookupSetup setup;
};
/// Sets one weight of the pass's table (of the live model when the pass follows the training), then runs to the step
/// that was shown.
struct SetLookupWeight {
  std::size_t row = 0;
  std::size_t column = 0;
  float value = 0;
};
/// Shows the pass as of a step, 0 (nothing yet) to 18, computing what has not been.
struct SeekLookup {
  int step = 0;
};
/// Asks for the PyTorch program of the pass: see LookupView::program.
struct WriteLookupProgram {};

using Command =
    std::variant<InstallRatings, InstallFactors, Configure, Play, Pause, Step, Reset, Watch, Project, ShowLookup,
                 SetUpLookup, SetLookupWeight, SeekLookup, WriteLookupProgram, MeasureCost, CancelCost>;

}  // namespace rowlight
