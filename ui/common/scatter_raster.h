#pragma once

#include <QImage>
#include <QSize>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "ui/common/palette.h"
#include "ui/common/scatter.h"

namespace rowlight {

struct ScatterStyle {
  Theme theme = Theme::Light;
  double device_pixel_ratio = 1;
  double radius = 3.5;       ///< of a dot with its casing, in logical pixels; at most 30 device pixels
  int emphasis = all_slots;  ///< the one slot in full colour, the others faint
  static constexpr int all_slots = 100;
  friend bool operator==(const ScatterStyle&, const ScatterStyle&) = default;
};

/// Draws points as dots with casings, "other" below the categories and emphasised ones on top, else later points above
/// earlier ones. Points that are not finite or outside are left out. Each dot is stamped from
/// a pre-drawn sprite, the topmost first, so that what it would hide need not be drawn.
///
/// The picture is cut into bands of lines; points are sorted into them in chunks, both by size alone, so the number of
/// threads changes no bit. An object keeps its memory from picture to picture. Threading: one thread at a time; knows
/// no widget. Cost: some 30 ns a point where most are hidden, up to 0.1 us where all can be seen; 14 bytes a point.
class ScatterRaster {
 public:
  /// Makes `into` the picture, in its present memory where the size fits and nobody shares it, of size *
  /// device_pixel_ratio: on `ground` where that has this size and Format_RGB32, which is then the picture's format too;
  /// else Format_ARGB32_Premultiplied, transparent where no dot is. Null where there is nothing of it, or where a side
  /// has more than 32,767 pixels. Returns false when it was stopped; `into` is then unfinished.
  bool render(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
              const ScatterStyle& style, QImage& into, const QImage* ground = nullptr, ThreadPool* pool = nullptr,
              const std::atomic<bool>* stop = nullptr);

 private:
  static constexpr int band_lines = 32;
  static constexpr std::size_t chunk_points = 1U << 15U;
  static constexpr std::size_t layers = 3;

  /// Which pixels of a sprite's line are there at all and which of these are opaque.
  struct Run {
    int begin, opaque_begin, opaque_end, end;
  };
  /// Where a point's sprite goes: left and top in device pixels.
  struct Placed {
    std::int16_t x, y;
    std::uint8_t sprite;  // stamp * phases^2 + phase
    std::uint8_t layer;   // `layers`: not to be seen
  };
  struct View;  // what place() needs of a picture

  void makeSprites(const ScatterStyle& style);
  void addSprite(int px, int py, const QColor& fill, const QColor& casing);
  void place(const View& view, std::span<const ScatterPoint> points, std::size_t chunk);
  void sortIntoBands(std::size_t chunk);
  void drawBand(QImage& into, QRgb* pixels, std::size_t band, const QImage* ground);
  static void layOnGround(const QImage& ground, int first, int last, QRgb* pixels);
  void drawSprite(const Placed& placed, QRgb* pixels, int width, int first, int last, std::uint64_t* opaque,
                  std::size_t words) const;

  // Sprites of the last style.
  ScatterStyle style_;
  double radius_ = 0;  // device pixels
  int phases_ = 0;     // sub-pixel positions in each direction; 0: no sprites yet
  int side_ = 0;
  std::vector<QRgb> sprites_;  // premultiplied, (stamps * phases^2, side, side)
  std::vector<Run> runs_;      // (stamps * phases^2, side)

  // Of the picture that is being made.
  std::size_t bands_ = 0;
  std::vector<Placed> placed_;         // by point
  std::vector<Placed> sorted_;         // by band, layer and point
  std::vector<std::uint32_t> counts_;  // (chunks, bands * layers); then where each chunk's go in sorted_
  std::vector<std::uint32_t> starts_;  // (bands * layers + 1) into sorted_
  std::vector<std::uint64_t> opaque_;  // (bands * lines of a band, words): a bit for each pixel that is covered
};

/// ScatterRaster for one picture.
[[nodiscard]] QImage renderScatter(std::span<const ScatterPoint> points, const PlotTransform& transform, QSize size,
                                   const ScatterStyle& style, ThreadPool* pool = nullptr);

}  // namespace rowlight
