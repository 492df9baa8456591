#include "ui/common/point_grid.h"

#include <algorithm>
#include <cmath>

namespace rowlight {

namespace {

constexpr double points_per_cell = 16;
constexpr double most_cells = 128;  // of one axis: the lines of memory that building writes to stay in the cache
constexpr std::size_t sampled = 4096;

bool isFinite(const ScatterPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

}  // namespace

int PointGrid::Axis::cellOf(double at) const {
  return static_cast<int>(std::clamp((at - low) * cells_per_unit, 0.0, static_cast<double>(cells - 1)));
}

/// Over twice the range of nearly all points: a few that lie far away shall not make the cells of the others large.
PointGrid::Axis PointGrid::axisOf(std::vector<float> sample, int cells) {
  std::sort(sample.begin(), sample.end());
  const std::size_t rare = sample.size() / 100;
  const auto low = static_cast<double>(sample[rare]);
  const auto high = static_cast<double>(sample[sample.size() - 1 - rare]);
  const double width = 2 * (high - low);
  Axis axis;
  axis.low = low - width / 4;
  axis.cells_per_unit = width > 0 ? cells / width : 0;
  if (!std::isfinite(axis.cells_per_unit)) axis.cells_per_unit = 0;
  axis.cells = cells;
  return axis;
}

PointGrid::PointGrid(std::span<const ScatterPoint> points) {
  std::vector<float> xs;
  std::vector<float> ys;
  // Of every so many points; of all where that finds none.
  for (std::size_t step = std::max<std::size_t>(1, points.size() / sampled); xs.empty(); step = 1) {
    for (std::size_t i = 0; i < points.size(); i += step) {
      if (!isFinite(points[i])) continue;
      xs.push_back(points[i].x);
      ys.push_back(points[i].y);
    }
    if (step == 1) break;
  }
  if (xs.empty()) return;
  const double wanted = std::sqrt(static_cast<double>(points.size()) / points_per_cell);
  const int cells = static_cast<int>(std::clamp(wanted, 1.0, most_cells));
  across_ = axisOf(std::move(xs), cells);
  up_ = axisOf(std::move(ys), cells);

  const auto count = static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells);
  constexpr std::uint32_t nowhere = UINT32_MAX;
  std::vector<std::uint32_t> cell_of(points.size(), nowhere);
  starts_.assign(count + 1, 0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!isFinite(points[i])) continue;
    const int cell = up_.cellOf(points[i].y) * cells + across_.cellOf(points[i].x);
    cell_of[i] = static_cast<std::uint32_t>(cell);
    ++starts_[cell_of[i] + 1];
  }
  for (std::size_t c = 0; c < count; ++c) starts_[c + 1] += starts_[c];
  members_.resize(starts_.back());
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (cell_of[i] == nowhere) continue;
    members_[next[cell_of[i]]++] = {points[i].x, points[i].y, static_cast<std::uint32_t>(i)};
  }
}

int PointGrid::nearest(const PlotTransform& transform, QPointF position, double reach) const {
  if (members_.empty()) return -1;
  // A little more than the reach: pixels and data round differently.
  const double radius = (reach * (1 + 1e-6) + 1e-3) / transform.scale;
  const QPointF at = transform.toData(position);
  int best = -1;
  double best_square = reach * reach;
  for (int line = up_.cellOf(at.y() - radius); line <= up_.cellOf(at.y() + radius); ++line) {
    const auto first = static_cast<std::size_t>(line * across_.cells + across_.cellOf(at.x() - radius));
    const auto last = static_cast<std::size_t>(line * across_.cells + across_.cellOf(at.x() + radius));
    for (std::uint32_t m = starts_[first]; m < starts_[last + 1]; ++m) {  // the cells of a line follow each other
      const Member& member = members_[m];
      const QPointF offset = transform.toPixel(member.x, member.y) - position;
      const double square = QPointF::dotProduct(offset, offset);
      const int point = static_cast<int>(member.point);
      if (square < best_square || (square == best_square && point > best)) {
        best = point;
        best_square = square;
      }
    }
  }
  return best;
}

int nearestOfAll(std::span<const ScatterPoint> points, const PlotTransform& transform, QPointF position, double reach) {
  int best = -1;
  double best_square = reach * reach;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!isFinite(points[i])) continue;
    const QPointF offset = transform.toPixel(points[i].x, points[i].y) - position;
    const double square = QPointF::dotProduct(offset, offset);
    if (square > best_square) continue;
    best = static_cast<int>(i);
    best_square = square;
  }
  return best;
}

}  // namespace rowlight
