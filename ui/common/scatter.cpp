#include "ui/common/scatter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rowlight {

namespace {

constexpr double smallest_dot = 2.75;            // a coloured core of three and a half pixels: seen from the back row
constexpr int stamp_count = category_count + 1;  // the last is "other"
int slotIndex(std::int8_t slot) { return slot >= 0 && slot < category_count ? slot : category_count; }

/// Two colours that cover a pixel side by side, premultiplied. Pre: the coverages sum up to at most 1.
QRgb premultiplied(const QColor& a, double a_coverage, const QColor& b, double b_coverage) {
  const double a_alpha = a_coverage * a.alphaF();
  const double b_alpha = b_coverage * b.alphaF();
  const auto channel = [&](int of_a, int of_b) {
    return static_cast<int>(std::lround(of_a * a_alpha + of_b * b_alpha));
  };
  return qRgba(channel(a.red(), b.red()), channel(a.green(), b.green()), channel(a.blue(), b.blue()),
               channel(255, 255));
}

// dst = src over dst for premultiplied pixels, two channels at a time.
QRgb over(QRgb src, QRgb dst) {
  const auto rest = static_cast<std::uint32_t>(255 - qAlpha(src));
  std::uint32_t rb = (dst & 0xFF00FF) * rest;
  rb = ((rb + ((rb >> 8) & 0xFF00FF) + 0x800080) >> 8) & 0xFF00FF;
  std::uint32_t ag = ((dst >> 8) & 0xFF00FF) * rest;
  ag = (ag + ((ag >> 8) & 0xFF00FF) + 0x800080) & 0xFF00FF00;
  return src + (rb | ag);
}

/// A dot in one colour, drawn beforehand at several sub-pixel positions so that moving dots do not jump.
class Stamp {
 public:
  Stamp(int slot, double radius, const ScatterStyle& style)
      : phases_(style.device_pixel_ratio < 1.5 ? 4 : 2), side_(static_cast<int>(std::ceil(2 * radius)) + 2) {
    QColor fill = categoryColor(slot);
    QColor casing = categoryCasing(slot, style.theme);
    if (style.emphasis != ScatterStyle::all_slots && style.emphasis != slot) {
      fill.setAlphaF(0.18F);
      casing.setAlphaF(0.1F);
    }
    pixels_.reserve(static_cast<std::size_t>(phases_ * phases_ * side_ * side_));
    for (int py = 0; py < phases_; ++py) {
      for (int px = 0; px < phases_; ++px) addSprite(px, py, radius, fill, casing);
    }
  }

  /// (x, y): the centre in device pixels. Pre: near the picture, so that it fits an int.
  void draw(QRgb* picture, int width, int height, double x, double y) const {
    const double left = x - side_ / 2.0 + 0.5;
    const double top = y - side_ / 2.0 + 0.5;
    const int x0 = static_cast<int>(std::floor(left));
    const int y0 = static_cast<int>(std::floor(top));
    const int phase = static_cast<int>((top - y0) * phases_) * phases_ + static_cast<int>((left - x0) * phases_);
    const int to_y = std::min(side_, height - y0);
    const bool inside = x0 >= 0 && x0 + side_ <= width;
    for (int sy = std::max(0, -y0); sy < to_y; ++sy) {
      const auto line = static_cast<std::size_t>(phase * side_ + sy);
      const Run run = inside ? runs_[line] : runs_[line].clipped(-x0, width - x0);
      QRgb* out = picture + static_cast<std::ptrdiff_t>(y0 + sy) * width + x0;
      const QRgb* in = pixels_.data() + line * static_cast<std::size_t>(side_);
      for (int sx = run.begin; sx < run.opaque_begin; ++sx) out[sx] = over(in[sx], out[sx]);
      for (int sx = run.opaque_begin; sx < run.opaque_end; ++sx) out[sx] = in[sx];
      for (int sx = run.opaque_end; sx < run.end; ++sx) out[sx] = over(in[sx], out[sx]);
    }
  }

 private:
  /// Which pixels of a line are there at all and which of these are opaque: most are, and only need copying.
  struct Run {
    int begin, opaque_begin, opaque_end, end;
    [[nodiscard]] Run clipped(int from, int to) const {
      const auto clip = [&](int x) { return std::clamp(x, std::max(from, 0), std::max({from, to, 0})); };
      return {clip(begin), clip(opaque_begin), clip(opaque_end), clip(end)};
    }
  };

  void addSprite(int px, int py, double radius, const QColor& fill, const QColor& casing) {
    // The casing takes a device pixel or a quarter of the radius, whichever is more.
    const double inner = radius - std::max(1.0, radius * 0.25);
    const double cx = side_ / 2.0 + (px + 0.5) / phases_ - 0.5;
    const double cy = side_ / 2.0 + (py + 0.5) / phases_ - 0.5;
    for (int y = 0; y < side_; ++y) {
      const std::size_t start = pixels_.size();
      for (int x = 0; x < side_; ++x) {
        const double dx = x + 0.5 - cx;
        const double dy = y + 0.5 - cy;
        const double distance = std::sqrt(dx * dx + dy * dy);
        const double covered = std::clamp(radius - distance + 0.5, 0.0, 1.0);
        const double filled = std::clamp(inner - distance + 0.5, 0.0, 1.0);
        pixels_.push_back(covered > 0 ? premultiplied(fill, filled, casing, covered - filled) : 0);
      }
      runs_.push_back(runOf(std::span(pixels_).subspan(start)));
    }
  }

  static Run runOf(std::span<const QRgb> line) {
    const auto position = [&](auto first, auto wanted) {
      return static_cast<int>(std::find_if(first, line.end(), wanted) - line.begin());
    };
    const auto visible = [](QRgb pixel) { return qAlpha(pixel) > 0; };
    const auto opaque = [](QRgb pixel) { return qAlpha(pixel) == 255; };
    const int begin = position(line.begin(), visible);
    const int end = position(line.begin() + begin, [&](QRgb pixel) { return !visible(pixel); });
    const int opaque_begin = std::min(end, position(line.begin() + begin, opaque));
    const int opaque_end = position(line.begin() + opaque_begin, [&](QRgb pixel) { return !opaque(pixel); });
    return {begin, opaque_begin, std::min(end, opaque_end), end};
  }

  int phases_;  // in each direction
  int side_;
  std::vector<QRgb> pixels_;  // premultiplied, (phases * phases, side, side)
  std::vector<Run> runs_;     // (phases * phases, side)
};

bool isFinite(const ScatterPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

}  // namespace

PlotTransform PlotTransform::fit(const QRectF& data, const QRectF& area) {
  PlotTransform transform;
  transform.scale = std::min(area.width() / data.width(), area.height() / data.height());
  const QPointF center = data.center();
  transform.origin = {area.center().x() - center.x() * transform.scale,
                      area.center().y() + center.y() * transform.scale};
  return transform;
}

PlotTransform PlotTransform::zoomed(double factor, QPointF fixed) const {
  return {scale * factor, fixed + (origin - fixed) * factor};
}

double scatterRadius(std::size_t points, QSize area) {
  const double each =
      static_cast<double>(area.width()) * area.height() / std::max<double>(1, static_cast<double>(points));
  return std::clamp(std::sqrt(each) * 0.32, smallest_dot, 5.0);
}

QImage renderScatter(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
                     const ScatterStyle& style) {
  const double ratio = style.device_pixel_ratio;
  const int width = static_cast<int>(std::lround(size.width() * ratio));
  const int height = static_cast<int>(std::lround(size.height() * ratio));
  QImage image(width, height, QImage::Format_ARGB32_Premultiplied);
  if (image.isNull()) return image;
  image.fill(Qt::transparent);
  auto* pixels = reinterpret_cast<QRgb*>(image.bits());  // 32 bits a pixel: rows follow each other without gaps
  const double radius = style.radius * ratio;

  std::vector<Stamp> stamps;
  stamps.reserve(stamp_count);
  for (int slot = 0; slot < stamp_count; ++slot) {
    stamps.emplace_back(slot == category_count ? GenreColors::other : slot, radius, style);
  }
  const auto drawIf = [&](auto wanted) {
    for (const ScatterPoint& point : points) {
      const int slot = slotIndex(point.slot);
      if (!wanted(slot) || !isFinite(point)) continue;
      const QPointF at = transform.toPixel(point.x, point.y) * ratio;
      if (at.x() < -radius || at.y() < -radius || at.x() > width + radius || at.y() > height + radius) continue;
      stamps[static_cast<std::size_t>(slot)].draw(pixels, width, height, at.x(), at.y());
    }
  };
  const int top = style.emphasis == ScatterStyle::all_slots ? ScatterStyle::all_slots
                                                            : slotIndex(static_cast<std::int8_t>(style.emphasis));
  drawIf([top](int slot) { return slot == category_count && slot != top; });
  drawIf([top](int slot) { return slot != category_count && slot != top; });
  if (top != ScatterStyle::all_slots) drawIf([top](int slot) { return slot == top; });
  image.setDevicePixelRatio(ratio);
  return image;
}

PointGrid::PointGrid(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size)
    : columns_(static_cast<int>(size.width() / cell) + 1), lines_(static_cast<int>(size.height() / cell) + 1) {
  const auto cells = static_cast<std::size_t>(columns_) * static_cast<std::size_t>(lines_);
  std::vector<std::int32_t> cell_of(points.size(), -1);
  starts_.assign(cells + 1, 0);
  pixels_.resize(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!isFinite(points[i])) continue;
    pixels_[i] = transform.toPixel(points[i].x, points[i].y);
    if (!QRectF(QPointF(), QSizeF(size)).contains(pixels_[i])) continue;
    cell_of[i] = line(pixels_[i].y()) * columns_ + column(pixels_[i].x());
    ++starts_[static_cast<std::size_t>(cell_of[i]) + 1];
  }
  for (std::size_t c = 0; c < cells; ++c) starts_[c + 1] += starts_[c];
  members_.resize(starts_.back());
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (cell_of[i] >= 0) members_[next[static_cast<std::size_t>(cell_of[i])]++] = static_cast<std::uint32_t>(i);
  }
}

int PointGrid::column(double x) const { return std::clamp(static_cast<int>(x / cell), 0, columns_ - 1); }
int PointGrid::line(double y) const { return std::clamp(static_cast<int>(y / cell), 0, lines_ - 1); }

int PointGrid::nearest(QPointF position, double reach) const {
  if (members_.empty()) return -1;
  int best = -1;
  double best_square = reach * reach;
  for (int l = line(position.y() - reach); l <= line(position.y() + reach); ++l) {
    for (int c = column(position.x() - reach); c <= column(position.x() + reach); ++c) {
      const auto at = static_cast<std::size_t>(l * columns_ + c);
      for (std::uint32_t m = starts_[at]; m < starts_[at + 1]; ++m) {
        const int point = static_cast<int>(members_[m]);
        const QPointF offset = pixels_[members_[m]] - position;
        const double square = QPointF::dotProduct(offset, offset);
        if (square < best_square || (square == best_square && point > best)) {
          best = point;
          best_square = square;
        }
      }
    }
  }
  return best;
}

bool StableBounds::update(std::span<const ScatterPoint> points) {
  std::array<double, 4> needed = {0, 0, 0, 0};
  for (const ScatterPoint& point : points) {
    if (!isFinite(point)) continue;
    const double x = static_cast<double>(point.x);
    const double y = static_cast<double>(point.y);
    needed = {std::max(needed[0], -x), std::max(needed[1], x), std::max(needed[2], -y), std::max(needed[3], y)};
  }
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
