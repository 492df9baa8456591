#pragma once

#include <QColor>
#include <QPalette>
#include <QString>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/ratings/rating_set.h"

class QApplication;

namespace rowlight {

// Every colour of the program. Pure functions and small values, GUI thread or any other; only applyTheme touches
// the application.

enum class Theme { Light, Dark };

/// Dark where the text is lighter than what it stands on (Qt 6.4 has no QStyleHints::colorScheme).
[[nodiscard]] Theme themeOf(const QPalette& palette);

/// The application's palette. PlaceholderText is the colour of secondary text (explanations, axes), Mid that of
/// hairlines; every pair of text and ground that the widgets use reaches 4.5:1.
[[nodiscard]] QPalette themePalette(Theme theme);

/// Installs the quiet Fusion style (8 px grid, flat headers) once and the theme's palette. Call it again to switch.
void applyTheme(QApplication& application, Theme theme);

/// WCAG 2.1 contrast ratio, 1 to 21; alpha is ignored.
[[nodiscard]] double contrastRatio(const QColor& a, const QColor& b);

/// The tint of rows that moved without being looked up; at least 3:1 on Base.
[[nodiscard]] QColor movedColor(Theme theme);

/// The text of what is wrong at a field: orange-brown, at least 4.5:1 on the window.
[[nodiscard]] QColor warningColor(Theme theme);

/// Black or white, whichever reads better on `ground`: always at least 4.5:1.
[[nodiscard]] QColor textColorOn(const QColor& ground);

/// The diverging palette as a table: entry 128 is zero, 1 is -domain, 255 is +domain, and entry 0 is the colour of
/// what is not a finite number. All opaque. Interpolated in Oklab (Ottosson, 2020), so that equal steps look equal.
using DivergingTable = std::array<QRgb, 256>;
[[nodiscard]] const DivergingTable& divergingTable(Theme theme);

/// Index into the table; values beyond the domain get its ends, NaN and infinities 0. Pre: domain > 0.
[[nodiscard]] inline std::size_t divergingIndex(float value, float domain) {
  if (!std::isfinite(value)) return 0;
  const float clamped = std::clamp(value / domain * 127.0F, -127.0F, 127.0F);
  return static_cast<std::size_t>(clamped + 128.5F);
}
[[nodiscard]] QRgb divergingColor(float value, float domain, Theme theme);

/// The ends of the colour scale: 2.5 standard deviations of a table, rounded up to 1, 2 or 5 times a power of ten.
/// It stays until the deviation has clearly left its step, so that colours do not flicker while training.
class ColorDomain {
 public:
  static constexpr float deviations = 2.5F;

  /// Takes the deviation of a new frame; returns whether the domain changed. A deviation that is not a positive
  /// number changes nothing.
  bool update(float standard_deviation);
  /// Forgets the past: the next update takes its step at once. For a new table or run.
  void reset() { fresh_ = true; }
  [[nodiscard]] float value() const { return value_; }

 private:
  float value_ = 1;
  bool fresh_ = true;
};

/// The smallest of 1, 2, 5 times a power of ten that is at least `value`. Pre: value > 0 and finite.
[[nodiscard]] double roundUp125(double value);

inline constexpr int category_count = 8;

/// A colour of the Okabe-Ito set for a slot in [0, category_count); the grey of "other" for any other slot.
[[nodiscard]] QColor categoryColor(int slot);

/// The rim of a mark in that colour: on a ground that the colour contrasts with by less than 3:1 a darker (light
/// theme) or lighter (dark theme) relative of it, so that rim and ground reach 3:1; else the colour of the ground,
/// which separates marks that overlap.
[[nodiscard]] QColor categoryCasing(int slot, Theme theme);

/// Which genre has which category colour. Eight genres that nearly every movie list knows have a slot of their own, the
/// same in every data set, and all others are "other". Where none of the eight is there (other lists, other names) the
/// eight most frequent first genres, counted over movies, get the slots in order of falling frequency (ties: the
/// smaller index). The same on every page because it depends only on the ratings. Cost: one pass over the movies, some
/// 20 ms of one thread for a million.
class GenreColors {
 public:
  static constexpr int other = -1;

  GenreColors() = default;
  explicit GenreColors(const RatingSet& ratings, ThreadPool* pool = nullptr);

  /// Slot of a genre (index into RatingSet::genres), or `other`.
  [[nodiscard]] int slotOfGenre(std::int32_t genre) const;
  /// Slot of a movie's first genre, or `other`. Pre: movie < movie count.
  [[nodiscard]] int slotOfMovie(MovieRow movie) const;

  struct Entry {
    int slot = other;
    QString name;  ///< of the genre; empty for "other"
    std::size_t movies = 0;
  };
  /// The slots in use, in order, then "other" if any movie is there.
  [[nodiscard]] const std::vector<Entry>& legend() const { return legend_; }

 private:
  std::vector<int> slot_of_genre_;
  std::vector<std::int8_t> slot_of_movie_;
  std::vector<Entry> legend_;
};

}  // namespace rowlight
