#include "ui/common/scatter.h"

#include <algorithm>
#include <cmath>

namespace rowlight {

namespace {

constexpr double smallest_dot = 2.75;  // a coloured core of three and a half pixels: seen from the back row

bool isFinite(const ScatterPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

}  // namespace

PlotTransform PlotTransform::fit(const QRectF& data, const QRectF& area) {
  PlotTransform transform;
  transform.scale = std::min(std::max(1.0, area.width()) / data.width(), std::max(1.0, area.height()) / data.height());
  const QPointF center = data.center();
  transform.origin = {area.center().x() - center.x() * transform.scale,
                      area.center().y() + center.y() * transform.scale};
  return transform;
}

PlotTransform PlotTransform::zoomed(double factor, QPointF fixed) const {
  return {scale * factor, fixed + (origin - fixed) * factor};
}

double scatterRadius(std::size_t points, QSize area) {
  const double each = static_cast<double>(std::max(1, area.width())) * std::max(1, area.height()) /
                      std::max<double>(1, static_cast<double>(points));
  return std::clamp(std::sqrt(each) * 0.32, smallest_dot, 5.0);
}

StableBounds::Reach StableBounds::reachOf(std::span<const ScatterPoint> points) {
  Reach reach = {0, 0, 0, 0};
  for (const ScatterPoint& point : points) {
    if (!isFinite(point)) continue;
    const double x = static_cast<double>(point.x);
    const double y = static_cast<double>(point.y);
    reach = {std::max(reach[0], -x), std::max(reach[1], x), std::max(reach[2], -y), std::max(reach[3], y)};
  }
  return reach;
}

bool StableBounds::update(const Reach& needed) {
  const double largest = *std::max_element(needed.begin(), needed.end());
  if (!(largest > 0)) return false;
  bool changed = false;
  for (std::size_t i = 0; i < 4; ++i) {
    const double wanted = std::max(needed[i], 0.2 * largest);  // the origin never lies at the rim
    if (!fresh_ && wanted <= ends_[i] && wanted >= 0.6 * ends_[i]) continue;
    const double step = std::pow(1.25, std::ceil(std::log(wanted * 1.05) / std::log(1.25)));
    changed = changed || step != ends_[i];
    ends_[i] = step;
  }
  fresh_ = false;
  return changed;
}

QRectF StableBounds::rect() const { return {-ends_[0], -ends_[2], ends_[0] + ends_[1], ends_[2] + ends_[3]}; }

}  // namespace rowlight
