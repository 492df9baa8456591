#pragma once

#include <cstdint>
#include <vector>

#include "core/train/frame.h"

namespace rowlight {

/// The loss of every batch, kept in at most `max_points` buckets: when they are full, neighbours merge and buckets
/// grow twice as wide. Adding costs O(1) amortised, memory does not grow.
class LossCurve {
 public:
  static constexpr std::size_t max_points = 2000;
  static constexpr double smoothing = 0.98;  // fastai's Recorder

  LossCurve() = default;
  /// The curve of a run that goes on after `batches` batches, of which the losses are not known.
  explicit LossCurve(std::uint64_t batches) : batches_(batches) {}

  void add(double loss);
  /// Batches of the run, those before the curve's start included.
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  /// The buckets, the last one perhaps not full yet.
  [[nodiscard]] const std::vector<LossPoint>& points() const { return points_; }

 private:
  void merge_neighbours();

  std::vector<LossPoint> points_;
  std::uint64_t batches_ = 0;
  std::uint64_t width_ = 1;    // batches in a full bucket
  std::uint64_t in_last_ = 0;  // batches in the last bucket
  double average_ = 0;
  double weight_ = 0;  // of the observations in average_: 1 - smoothing^batches
};

}  // namespace rowlight
