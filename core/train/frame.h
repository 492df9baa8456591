#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/analysis/lookup_cost.h"
#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/ratings/rating_set.h"
#include "core/train/batch_stage.h"
#include "core/train/command.h"
#include "core/train/live_tables.h"
#include "core/train/lookup_view.h"
#include "core/train/settings.h"

namespace rowlight {

enum class RunState {
  Empty,     ///< no ratings yet
  Paused,    ///< ready to play or step
  Playing,   ///< training, or inside a requested step
  Finished,  ///< all epochs are done
  Diverged,  ///< the loss stopped being finite; Frame::error says where
  ViewOnly,  ///< factors that were trained elsewhere: there are no ratings to train on
};

/// Factors that were trained elsewhere, as RunState::ViewOnly shows them.
struct ViewedFactors {
  std::string format;    ///< as factor_format_of() says
  std::size_t width[2];  ///< numbers in a row, by index_of(Table); 0: there is no such table
  bool bias[2];          ///< whether its rows have a bias each
  std::string missing;   ///< why one of the tables is empty, one sentence; "" where both are there
};

/// What the current batch did to a row.
enum class RowTouch : std::uint8_t {
  None,
  MovedOnly,  ///< not looked up, yet its values changed: momentum, decaying moments or weight decay
  LookedUp,
};

/// The true values of the rows that a view shows; the columns are parallel to `rows`.
struct WatchedRows {
  std::vector<std::int32_t> rows;
  Matrix factors;                          ///< (rows.size(), factors)
  std::vector<float> bias;                 ///< empty for a model without biases
  std::vector<RowTouch> touch;             ///< by the batch in Frame::batch
  std::vector<std::uint64_t> last_lookup;  ///< number (from 1) of the last batch that looked the row up; 0: none
  float standard_deviation = 0;            ///< of the whole table's factors, for the colour scale
};

/// The batch that is being computed, or the last one: at most `shown_batch_rows` of its rows.
struct BatchView {
  static constexpr std::size_t shown_batch_rows = 256;
  std::uint64_t number = 0;  ///< from 1 over the whole run
  std::size_t size = 0;      ///< ratings in the batch; the columns below hold the first of them
  std::vector<std::int32_t> users;
  std::vector<std::int32_t> movies;
  std::vector<float> ratings;
  /// Sums of the products, with the biases once they are added; empty until DotProduct is done.
  std::vector<float> scores;
  std::vector<float> predictions;  ///< empty until the stage that computes them is done
  std::vector<float> errors;       ///< prediction - rating; empty like `predictions`
  std::optional<double> loss;      ///< mean squared error, once computed
};

/// One bucket of consecutive batches of the loss curve.
struct LossPoint {
  std::uint64_t batch = 0;  ///< number (from 1) of the bucket's last batch
  float mean = 0;           ///< mean of the raw losses in the bucket
  float low = 0;
  float high = 0;
  float smoothed = 0;  ///< exponentially weighted mean (0.98 a batch, bias-corrected) at the bucket's end
};

/// The result of one epoch.
struct EpochResult {
  int epoch = 0;                     ///< from 1
  std::uint64_t batch = 0;           ///< batches done at its end, over the whole run
  double train_loss = 0;             ///< mean over the epoch's ratings
  std::optional<double> valid_loss;  ///< mean squared error; absent without validation ratings
  double seconds = 0;                ///< without validation
  double ratings_per_second = 0;
};

/// A decimated history: its length grows neither with the number of batches nor with that of epochs.
struct LossHistory {
  static constexpr std::size_t most_epochs = 500;
  std::vector<LossPoint> training;  ///< at most 2000 buckets
  /// At most `most_epochs`: the first, the last, and between them each or every second, fourth, eighth, ...
  std::vector<EpochResult> epochs;
};

/// Rows of a table in two dimensions, by PCA with aligned axes (core/analysis/pca.h).
struct Projection {
  Table table = Table::Movies;
  Matrix coordinates;                         ///< (table rows, 2)
  std::array<double, 2> variance_share = {};  ///< of the axes shown
  std::uint64_t batch = 0;                    ///< batches done when it was computed
};

struct Progress {
  int epoch = 0;          ///< epochs done
  std::size_t batch = 0;  ///< batches done in the current epoch
  std::size_t batches_per_epoch = 0;
  std::uint64_t batches_done = 0;  ///< over the whole run
  BatchStage next_stage{};         ///< the operation that the next step by operation will do
  double learning_rate = 0;        ///< of the batch in Frame::batch
  double ratings_per_second = 0;   ///< over the last second of playing; 0 when never played
  double train_seconds = 0;        ///< spent in batches since the run was made or resumed
};

/// Everything that is being looked at, as one immutable state; dropping one is harmless. Its cost follows the
/// window, not the tables. Shared between threads as shared_ptr<const Frame>.
struct Frame {
  std::uint64_t sequence = 0;  ///< rises by one with each frame of a session
  std::uint64_t run = 0;       ///< rises whenever training starts afresh; rows and points of two runs do not compare
  RunState state = RunState::Empty;
  RatingSetPtr ratings;  ///< null when Empty; when ViewOnly it holds no ratings and names the rows
  TrainSettings settings;
  RatingScale range;  ///< of the predictions; low == high: unlimited
  std::uint64_t parameter_count = 0;
  std::size_t training_ratings = 0;
  std::size_t validation_ratings = 0;
  std::string_view simd_target;  ///< static text: "avx2"
  Progress progress;
  WatchedRows users;
  WatchedRows movies;
  std::shared_ptr<const RowCounts> user_counts;
  std::shared_ptr<const RowCounts> movie_counts;
  std::shared_ptr<const ViewedFactors> viewed;   ///< null unless ViewOnly
  std::shared_ptr<const BatchView> batch;        ///< null before the first batch
  std::shared_ptr<const LossHistory> loss;       ///< never null
  std::shared_ptr<const Projection> projection;  ///< null when none is asked for or there is no table
  std::shared_ptr<const CostView> cost;          ///< null until a measurement was asked for
  std::shared_ptr<const LookupView> lookup;      ///< null while the Lookup page is not shown
  std::optional<Error> error;  ///< the last refused command, or the divergence; gone with the next command
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace rowlight
