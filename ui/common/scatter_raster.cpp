#include "ui/common/scatter_raster.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/stop.h"
#include "ui/common/pieces.h"

namespace rowlight {

namespace {

constexpr int stamp_count = category_count + 1;  // the last is "other"
constexpr double largest_radius = 30;            // device pixels: a line of a sprite is at most 64 wide
constexpr int longest_side = 32767;              // device pixels: places are kept in 16 bits

int stampOf(int slot) { return slot >= 0 && slot < category_count ? slot : category_count; }

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

/// Premultiplied pixels, two channels at a time. An opaque `top` stays as it is.
QRgb over(QRgb top, QRgb bottom) {
  const auto rest = static_cast<std::uint32_t>(255 - qAlpha(top));
  std::uint32_t rb = (bottom & 0xFF00FF) * rest;
  rb = ((rb + ((rb >> 8) & 0xFF00FF) + 0x800080) >> 8) & 0xFF00FF;
  std::uint32_t ag = ((bottom >> 8) & 0xFF00FF) * rest;
  ag = (ag + ((ag >> 8) & 0xFF00FF) + 0x800080) & 0xFF00FF00;
  return top + (rb | ag);
}

// Bits of a line, one a pixel; there is a spare word behind the last.
constexpr unsigned word_bits = 64;
std::size_t wordsALine(int width) { return static_cast<std::size_t>(width) / word_bits + 2; }
std::uint64_t lowest(unsigned count) {
  return count >= word_bits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}
std::uint64_t bitsAt(const std::uint64_t* line, unsigned from, unsigned count) {
  const unsigned shift = from % word_bits;
  std::uint64_t bits = line[from / word_bits] >> shift;
  if (shift != 0) bits |= line[from / word_bits + 1] << (word_bits - shift);
  return bits & lowest(count);
}
void setBits(std::uint64_t* line, unsigned from, std::uint64_t bits) {
  const unsigned shift = from % word_bits;
  line[from / word_bits] |= bits << shift;
  if (shift != 0) line[from / word_bits + 1] |= bits >> (word_bits - shift);
}

}  // namespace

struct ScatterRaster::View {
  double scale_x, scale_y;    // data -> device pixels
  double origin_x, origin_y;  // of the left top of a sprite whose point is (0, 0)
  int width, height;
  std::uint8_t layer_of[stamp_count];
};

void ScatterRaster::makeSprites(const ScatterStyle& style) {
  if (phases_ != 0 && style == style_) return;
  style_ = style;
  radius_ = std::min(style.radius * style.device_pixel_ratio, largest_radius);
  // Drawn beforehand at several sub-pixel positions, so that moving dots do not jump.
  phases_ = style.device_pixel_ratio < 1.5 ? 4 : 2;
  side_ = static_cast<int>(std::ceil(2 * radius_)) + 2;
  sprites_.clear();
  runs_.clear();
  for (int stamp = 0; stamp < stamp_count; ++stamp) {
    const int slot = stamp == category_count ? GenreColors::other : stamp;
    QColor fill = categoryColor(slot);
    QColor casing = categoryCasing(slot, style.theme);
    if (style.emphasis != ScatterStyle::all_slots && style.emphasis != slot) {
      fill.setAlphaF(0.18F);
      casing.setAlphaF(0.1F);
    }
    for (int py = 0; py < phases_; ++py) {
      for (int px = 0; px < phases_; ++px) addSprite(px, py, fill, casing);
    }
  }
}

void ScatterRaster::addSprite(int px, int py, const QColor& fill, const QColor& casing) {
  // The casing takes a device pixel or a quarter of the radius, whichever is more.
  const double inner = radius_ - std::max(1.0, radius_ * 0.25);
  const double cx = side_ / 2.0 + (px + 0.5) / phases_ - 0.5;
  const double cy = side_ / 2.0 + (py + 0.5) / phases_ - 0.5;
  const auto runOf = [](std::span<const QRgb> line) {
    const auto position = [&](auto first, auto wanted) {
      return static_cast<int>(std::find_if(first, line.end(), wanted) - line.begin());
    };
    const auto visible = [](QRgb pixel) { return qAlpha(pixel) > 0; };
    const auto opaque = [](QRgb pixel) { return qAlpha(pixel) == 255; };
    const int begin = position(line.begin(), visible);
    const int end = position(line.begin() + begin, [&](QRgb pixel) { return !visible(pixel); });
    const int opaque_begin = std::min(end, position(line.begin() + begin, opaque));
    const int opaque_end = position(line.begin() + opaque_begin, [&](QRgb pixel) { return !opaque(pixel); });
    return Run{begin, opaque_begin, std::min(end, opaque_end), end};
  };
  for (int y = 0; y < side_; ++y) {
    const std::size_t start = sprites_.size();
    for (int x = 0; x < side_; ++x) {
      const double distance = std::hypot(x + 0.5 - cx, y + 0.5 - cy);
      const double covered = std::clamp(radius_ - distance + 0.5, 0.0, 1.0);
      const double filled = std::clamp(inner - distance + 0.5, 0.0, 1.0);
      sprites_.push_back(covered > 0 ? premultiplied(fill, filled, casing, covered - filled) : 0);
    }
    runs_.push_back(runOf(std::span(sprites_).subspan(start)));
  }
}

void ScatterRaster::place(const View& view, std::span<const ScatterPoint> points, std::size_t chunk) {
  std::uint32_t* counts = counts_.data() + chunk * bands_ * layers;
  const std::size_t end = std::min(points.size(), (chunk + 1) * chunk_points);
  const auto phases = static_cast<unsigned>(phases_);
  for (std::size_t i = chunk * chunk_points; i < end; ++i) {
    const ScatterPoint& point = points[i];
    Placed& placed = placed_[i];
    placed.layer = layers;
    const double left = view.origin_x + point.x * view.scale_x;
    const double top = view.origin_y + point.y * view.scale_y;
    // Also false for what is no number.
    if (!(left > -side_ && left < view.width && top > -side_ && top < view.height)) continue;
    const int x = static_cast<int>(left + side_) - side_;  // rounded down: the sum is not negative
    const int y = static_cast<int>(top + side_) - side_;
    const auto phase = [&](double part) {
      return std::min(static_cast<unsigned>(part * static_cast<double>(phases)), phases - 1);
    };
    const auto stamp = static_cast<unsigned>(stampOf(point.slot));
    const unsigned sprite = (stamp * phases + phase(std::max(0.0, top - y))) * phases + phase(std::max(0.0, left - x));
    placed = {static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), static_cast<std::uint8_t>(sprite),
              view.layer_of[stamp]};
    const int last = std::min(y + side_, view.height) - 1;
    for (int b = std::max(y, 0) / band_lines; b <= last / band_lines; ++b) {
      ++counts[static_cast<std::size_t>(b) * layers + placed.layer];
    }
  }
}

void ScatterRaster::sortIntoBands(std::size_t chunk) {
  std::uint32_t* next = counts_.data() + chunk * bands_ * layers;
  const int last_band = static_cast<int>(bands_) - 1;
  const std::size_t end = std::min(placed_.size(), (chunk + 1) * chunk_points);
  for (std::size_t i = chunk * chunk_points; i < end; ++i) {
    const Placed& placed = placed_[i];
    if (placed.layer == layers) continue;
    const int last = std::min((placed.y + side_ - 1) / band_lines, last_band);
    for (int b = std::max<int>(placed.y, 0) / band_lines; b <= last; ++b) {
      sorted_[next[static_cast<std::size_t>(b) * layers + placed.layer]++] = placed;
    }
  }
}

void ScatterRaster::drawSprite(const Placed& placed, QRgb* pixels, int width, int first, int last,
                               std::uint64_t* opaque, std::size_t words) const {
  const auto line0 = static_cast<std::size_t>(placed.sprite) * static_cast<std::size_t>(side_);
  const int from = std::max<int>(placed.y, first);
  const int to = std::min<int>(placed.y + side_, last);
  for (int y = from; y < to; ++y) {
    const std::size_t line = line0 + static_cast<std::size_t>(y - placed.y);
    const Run& run = runs_[line];
    const int begin = std::max(run.begin, -placed.x);
    const int end = std::min(run.end, width - placed.x);
    if (begin >= end) continue;
    std::uint64_t* bits = opaque + static_cast<std::size_t>(y - first) * words;
    const auto at = static_cast<unsigned>(placed.x + begin);
    const auto count = static_cast<unsigned>(end - begin);
    if (bitsAt(bits, at, count) == lowest(count)) continue;  // hidden
    QRgb* out = pixels + static_cast<std::ptrdiff_t>(y) * width + placed.x;
    const QRgb* in = sprites_.data() + line * static_cast<std::size_t>(side_);
    for (int x = begin; x < end; ++x) out[x] = over(out[x], in[x]);
    // What a sprite's rim adds may fill a pixel as well, but hardly ever does.
    const int opaque_begin = std::max(begin, run.opaque_begin);
    const int opaque_end = std::min(end, run.opaque_end);
    if (opaque_begin < opaque_end) {
      setBits(bits, static_cast<unsigned>(placed.x + opaque_begin),
              lowest(static_cast<unsigned>(opaque_end - opaque_begin)));
    }
  }
}

void ScatterRaster::layOnGround(const QImage& ground, int first, int last, QRgb* pixels) {
  const int width = ground.width();
  for (int y = first; y < last; ++y) {
    QRgb* out = pixels + static_cast<std::ptrdiff_t>(y) * width;
    const QRgb* below = reinterpret_cast<const QRgb*>(ground.constScanLine(y));
    for (int x = 0; x < width; ++x) {
      if (out[x] == 0) {
        out[x] = below[x];
      } else if (qAlpha(out[x]) != 255) {
        out[x] = over(out[x], below[x]);
      }
    }
  }
}

void ScatterRaster::drawBand(QImage& into, QRgb* pixels, std::size_t band, const QImage* ground) {
  const int width = into.width();
  const int first = static_cast<int>(band) * band_lines;
  const int last = std::min(first + band_lines, into.height());
  std::fill(pixels + static_cast<std::ptrdiff_t>(first) * width, pixels + static_cast<std::ptrdiff_t>(last) * width, 0);
  const std::size_t words = wordsALine(width);
  std::uint64_t* const opaque = opaque_.data() + band * static_cast<std::size_t>(band_lines) * words;
  std::fill_n(opaque, static_cast<std::size_t>(band_lines) * words, 0);
  for (std::size_t layer = layers; layer-- > 0;) {
    const std::uint32_t begin = starts_[band * layers + layer];
    for (std::uint32_t i = starts_[band * layers + layer + 1]; i-- > begin;) {
      drawSprite(sorted_[i], pixels, width, first, last, opaque, words);
    }
  }
  if (ground != nullptr) layOnGround(*ground, first, last, pixels);
}

bool ScatterRaster::render(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
                           const ScatterStyle& style, QImage& into, const QImage* ground, ThreadPool* pool,
                           const std::atomic<bool>* stop) {
  const double ratio = style.device_pixel_ratio;
  const QSize device(static_cast<int>(std::lround(size.width() * ratio)),
                     static_cast<int>(std::lround(size.height() * ratio)));
  if (device.width() > longest_side || device.height() > longest_side) {
    into = QImage();
    return true;
  }
  if (ground != nullptr && (ground->size() != device || ground->format() != QImage::Format_RGB32)) ground = nullptr;
  const QImage::Format format = ground != nullptr ? QImage::Format_RGB32 : QImage::Format_ARGB32_Premultiplied;
  if (into.size() != device || !into.isDetached() || !into.reinterpretAsFormat(format)) into = QImage(device, format);
  if (into.isNull()) return true;
  makeSprites(style);

  View view;
  view.scale_x = transform.scale * ratio;
  view.scale_y = -view.scale_x;
  view.origin_x = transform.origin.x() * ratio - side_ / 2.0 + 0.5;
  view.origin_y = transform.origin.y() * ratio - side_ / 2.0 + 0.5;
  view.width = device.width();
  view.height = device.height();
  for (int stamp = 0; stamp < stamp_count; ++stamp) {
    const bool emphasised = style.emphasis != ScatterStyle::all_slots && stamp == stampOf(style.emphasis);
    view.layer_of[stamp] = static_cast<std::uint8_t>(emphasised ? 2 : stamp == category_count ? 0 : 1);
  }

  bands_ = static_cast<std::size_t>((device.height() + band_lines - 1) / band_lines);
  const std::size_t keys = bands_ * layers;
  const std::size_t chunks = (points.size() + chunk_points - 1) / chunk_points;
  placed_.resize(points.size());
  counts_.assign(chunks * keys, 0);
  eachPiece(pool, chunks, [&](std::size_t chunk) {
    if (!is_set(stop)) place(view, points, chunk);
  });
  if (is_set(stop)) return false;

  starts_.assign(keys + 1, 0);
  std::uint32_t total = 0;
  for (std::size_t key = 0; key < keys; ++key) {
    starts_[key] = total;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      const std::uint32_t count = std::exchange(counts_[chunk * keys + key], total);
      total += count;
    }
  }
  starts_[keys] = total;
  sorted_.resize(total);
  opaque_.resize(bands_ * static_cast<std::size_t>(band_lines) * wordsALine(device.width()));
  eachPiece(pool, chunks, [&](std::size_t chunk) {
    if (!is_set(stop)) sortIntoBands(chunk);
  });
  auto* pixels = reinterpret_cast<QRgb*>(into.bits());  // 32 bits a pixel: lines follow each other without gaps
  eachPiece(pool, bands_, [&](std::size_t band) {
    if (!is_set(stop)) drawBand(into, pixels, band, ground);
  });
  return !is_set(stop);
}

QImage renderScatter(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
                     const ScatterStyle& style, ThreadPool* pool) {
  QImage image;
  ScatterRaster().render(points, transform, size, style, image, nullptr, pool);
  return image;
}

}  // namespace rowlight
