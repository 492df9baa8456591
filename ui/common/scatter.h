#pragma once

#include <QImage>
#include <QPointF>
#include <QRectF>
#include <QSize>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ui/common/palette.h"

namespace rowlight {

struct ScatterPoint {
  float x = 0;
  float y = 0;
  std::int8_t slot = GenreColors::other;  ///< categoryColor() and categoryCasing()
};

/// Data -> logical pixels with the same scale on both axes, so that distances are true; y grows upwards.
struct PlotTransform {
  double scale = 1;  ///< logical pixels per data unit
  QPointF origin;    ///< where the data's (0, 0) lies

  [[nodiscard]] QPointF toPixel(double x, double y) const { return {origin.x() + x * scale, origin.y() - y * scale}; }
  [[nodiscard]] QPointF toData(QPointF pixel) const {
    return {(pixel.x() - origin.x()) / scale, (origin.y() - pixel.y()) / scale};
  }
  /// Shows all of `data` (x right, y up, so that top() < bottom() are low and high y) centred in `area`.
  [[nodiscard]] static PlotTransform fit(const QRectF& data, const QRectF& area);
  /// The same picture, `factor` times as large around a pixel that stays where it is.
  [[nodiscard]] PlotTransform zoomed(double factor, QPointF fixed) const;
  friend bool operator==(const PlotTransform&, const PlotTransform&) = default;
};

struct ScatterStyle {
  Theme theme = Theme::Light;
  double device_pixel_ratio = 1;
  double radius = 3.5;       ///< of a dot with its casing, in logical pixels
  int emphasis = all_slots;  ///< the one slot in full colour, the others faint
  static constexpr int all_slots = 100;
};

/// A radius that keeps `points` dots in `area` apart as far as that is possible; never too small for a projector.
[[nodiscard]] double scatterRadius(std::size_t points, QSize area);

/// Dots with casings on a transparent ground, "other" below the categories and emphasised ones on top. Points that
/// are not finite or outside are left out. Format_ARGB32_Premultiplied, of size * device_pixel_ratio. Pure.
/// Cost: dots are stamped from pre-drawn sprites; some 0.1 us a point at the smallest size.
[[nodiscard]] QImage renderScatter(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
                                   const ScatterStyle& style);

/// Finds the point under the mouse: points sorted into square cells of the picture. Cost: building is one pass,
/// a query looks at the points near the position only.
class PointGrid {
 public:
  PointGrid() = default;
  PointGrid(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size);

  /// Index of the point nearest to `position` within `reach` logical pixels, or -1; of two at the same place the
  /// one drawn later.
  [[nodiscard]] int nearest(QPointF position, double reach) const;

 private:
  static constexpr double cell = 16;
  [[nodiscard]] int column(double x) const;
  [[nodiscard]] int line(double y) const;

  int columns_ = 0;
  int lines_ = 0;
  std::vector<std::uint32_t> starts_;   // (cells + 1) into members_
  std::vector<std::uint32_t> members_;  // point indices, by cell, ascending within one
  std::vector<QPointF> pixels_;         // by point
};

/// The data rectangle that a picture shows: each of its four ends grows when a point leaves it and shrinks when the
/// points have clearly drawn back, always to a fixed series of values (a quarter larger each), so that the picture
/// does not breathe while training.
class StableBounds {
 public:
  /// Takes new points; returns whether the rectangle changed. Points that are not finite are ignored; without
  /// points nothing changes.
  bool update(std::span<const ScatterPoint> points);
  void reset() { fresh_ = true; }
  /// x right, y up: top() is the lowest y. Never empty, always around (0, 0).
  [[nodiscard]] QRectF rect() const;

 private:
  std::array<double, 4> ends_ = {1, 1, 1, 1};  // left, right, low, high; magnitudes
  bool fresh_ = true;
};

}  // namespace rowlight
