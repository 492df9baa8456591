#include "core/train/loss_curve.h"

#include <algorithm>

namespace rowlight {

void LossCurve::add(double loss) {
  if (points_.empty()) points_.reserve(max_points);  // at once, so that later batches allocate nothing
  ++batches_;
  average_ = smoothing * average_ + (1 - smoothing) * loss;
  weight_ = smoothing * weight_ + (1 - smoothing);
  const auto value = static_cast<float>(loss);
  if (points_.empty() || in_last_ == width_) {
    if (points_.size() == max_points) merge_neighbours();
    if (points_.empty() || in_last_ == width_) {
      points_.push_back({batches_, value, value, value, 0});
      in_last_ = 0;
    }
  }
  LossPoint& last = points_.back();
  last.batch = batches_;
  last.mean += (value - last.mean) / static_cast<float>(in_last_ + 1);
  last.low = std::min(last.low, value);
  last.high = std::max(last.high, value);
  last.smoothed = static_cast<float>(average_ / weight_);
  ++in_last_;
}

void LossCurve::merge_neighbours() {
  // max_points is even and all buckets are full here.
  for (std::size_t i = 0; i < points_.size() / 2; ++i) {
    const LossPoint& a = points_[2 * i];
    const LossPoint& b = points_[2 * i + 1];
    points_[i] = {b.batch, (a.mean + b.mean) / 2, std::min(a.low, b.low), std::max(a.high, b.high), b.smoothed};
  }
  points_.resize(points_.size() / 2);
  width_ *= 2;
  in_last_ = width_;
}

}  // namespace rowlight
