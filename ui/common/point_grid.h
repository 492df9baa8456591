#pragma once

#include <QPointF>

#include <cstdint>
#include <span>
#include <vector>

#include "ui/common/scatter.h"

namespace rowlight {

/// Finds the point under the mouse: points sorted into the cells of a uniform grid over the data, so that it holds for
/// every zoom. Immutable once built; any thread. Cost: two passes to build, 12 bytes a point; a query looks at the
/// points near the position only.
class PointGrid {
 public:
  PointGrid() = default;
  /// Points that are not finite are in no cell.
  explicit PointGrid(std::span<const ScatterPoint> points);

  /// Index of the point nearest to `position` within `reach`, both in the pixels of `transform`, or -1: what a search
  /// of all points finds. Of several equally near ones the last. Pre: the scale is positive.
  [[nodiscard]] int nearest(const PlotTransform& transform, QPointF position, double reach) const;

 private:
  struct Member {
    float x, y;
    std::uint32_t point;
  };
  /// Cells of one axis; what lies outside counts to the cells at its ends.
  struct Axis {
    double low = 0;
    double cells_per_unit = 0;
    int cells = 1;
    [[nodiscard]] int cellOf(double at) const;
  };
  [[nodiscard]] static Axis axisOf(std::vector<float> sample, int cells);

  Axis across_;
  Axis up_;
  std::vector<std::uint32_t> starts_;  // (cells + 1) into members_
  std::vector<Member> members_;        // by cell, ascending within one
};

/// What PointGrid::nearest() finds, by looking at all points: for a few milliseconds more a million of them.
[[nodiscard]] int nearestOfAll(std::span<const ScatterPoint> points, const PlotTransform& transform, QPointF position,
                               double reach);

}  // namespace rowlight
