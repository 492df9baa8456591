#pragma once

#include <QList>
#include <QPointF>
#include <QString>

#include <span>
#include <vector>

#include "core/train/frame.h"

namespace rowlight {

// What the loss chart draws, as pure functions of the history.

/// The range of an axis and where its labels stand, in the axis' own coordinates (log10 on a log axis).
struct AxisTicks {
  double low = 0;
  double high = 1;
  std::vector<double> at;
  std::vector<QString> labels;
  friend bool operator==(const AxisTicks&, const AxisTicks&) = default;
};

/// An axis that moves in steps: it keeps its range while the data fits and fills enough of it, and goes to round
/// numbers when it has to move, so that a curve that grows does not shiver.
class SteadyAxis {
 public:
  /// When the axis has to move it leaves `headroom` above the data, as a share of the data's span.
  explicit SteadyAxis(double headroom = 0) : headroom_(headroom) {}

  /// Takes the data's range; returns whether the axis changed. Pre: low <= high, both finite.
  bool fit(double low, double high);
  /// The next fit() starts afresh.
  void reset() { fresh_ = true; }
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

 private:
  double low_ = 0;
  double high_ = 1;
  double headroom_;
  bool fresh_ = true;
};

/// 1, 2 or 5 times a power of ten: such that `span` holds at most `most` steps. Pre: span > 0.
[[nodiscard]] double niceStep(double span, int most);

/// Labels at every step of a linear axis.
[[nodiscard]] AxisTicks linearTicks(double low, double high, double step);
/// Labels at 1, 2, 5 (or at powers of ten only, over many decades) of an axis in log10.
[[nodiscard]] AxisTicks logTicks(double log_low, double log_high);

struct LossSeries {
  QList<QPointF> raw;  ///< mean of a bucket, or its low and high where it holds more than one batch
  QList<QPointF> smoothed;
  QList<QPointF> validation;  ///< one an epoch
  double low = 0;             ///< range for the axis: one point in fifty (the first batches) may lie above it
  double high = 0;
};

/// At most `columns` columns (two raw points each, one smoothed), in (batch, loss) or (batch, log10 loss)
/// coordinates. Losses that are not finite are left out. Cost: one pass and one partial sort of the history.
[[nodiscard]] LossSeries lossSeries(const LossHistory& history, bool log_scale, std::size_t columns = 300);

/// The history at a batch, for reading: the bucket that holds it and the nearest epoch with a validation loss.
struct LossReading {
  const LossPoint* point = nullptr;
  const EpochResult* epoch = nullptr;
};
[[nodiscard]] LossReading readLoss(const LossHistory& history, double batch);

}  // namespace rowlight
