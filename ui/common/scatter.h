#pragma once

#include <QPointF>
#include <QRectF>
#include <QSize>

#include <array>
#include <cstdint>
#include <span>

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

/// A radius that keeps `points` dots in `area` apart as far as that is possible; never too small for a projector.
[[nodiscard]] double scatterRadius(std::size_t points, QSize area);

/// The data rectangle that a picture shows: each of its four ends grows when a point leaves it and shrinks when the
/// points have clearly drawn back, always to a fixed series of values (a quarter larger each), so that the picture
/// does not breathe while training.
class StableBounds {
 public:
  /// How far points reach to the left, right, bottom and top of (0, 0); at least 0.
  using Reach = std::array<double, 4>;
  /// Points that are not finite are ignored.
  [[nodiscard]] static Reach reachOf(std::span<const ScatterPoint> points);
  /// Takes the reach of new points; returns whether the rectangle changed. Without points nothing changes.
  bool update(const Reach& needed);
  void reset() { fresh_ = true; }
  /// x right, y up: top() is the lowest y. Never empty, always around (0, 0).
  [[nodiscard]] QRectF rect() const;

 private:
  Reach ends_ = {1, 1, 1, 1};
  bool fresh_ = true;
};

}  // namespace rowlight
