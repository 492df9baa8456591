#pragma once

#include <cstdint>
#include <unordered_map>

#include "core/train/frame.h"

namespace rowlight {

/// How strongly one row is marked at one moment, from 0 (not) to 1 (by the batch that the frame shows); in between
/// the mark is fading.
struct Glow {
  float looked_up = 0;  ///< solid outline; at 1 also an arrow and a bold label
  float moved = 0;      ///< dashed outline and a ring
  float recent = 0;     ///< bar at the left: looked up by a batch that went by too fast to be shown
  [[nodiscard]] bool any() const { return looked_up > 0 || moved > 0 || recent > 0; }
  /// Whether it looks different at another moment.
  [[nodiscard]] bool fading() const {
    return (looked_up > 0 && looked_up < 1) || (moved > 0 && moved < 1) || recent > 0;
  }
  friend bool operator==(const Glow&, const Glow&) = default;
};

/// Turns what frames say about rows into marks that fade by wall-clock time. Knows no widget and no clock: the
/// caller says what time it is, in milliseconds.
///
/// While training at full speed hundreds of batches pass between two frames. Then only the rows of the batch that
/// the frame shows are outlined, and those that were looked up in between get a fading bar; outlines fade only
/// after a batch that stood long enough to be seen.
class RowGlow {
 public:
  static constexpr std::int64_t fade_ms = 600;
  static constexpr std::int64_t seen_ms = 200;  ///< a batch that is shown for less leaves no fading outline

  /// With reduced motion nothing fades: outlines switch off at once, bars with the next frame.
  void setReducedMotion(bool reduced) { reduced_motion_ = reduced; }
  [[nodiscard]] bool reducedMotion() const { return reduced_motion_; }

  void update(const WatchedRows& rows, std::uint64_t run, std::uint64_t batch, std::int64_t now_ms);
  /// The mark of a table row.
  [[nodiscard]] Glow at(std::int32_t row, std::int64_t now_ms) const;
  /// Whether any mark is still fading.
  [[nodiscard]] bool fading(std::int64_t now_ms) const { return now_ms < last_fade_end_; }

 private:
  struct Entry {
    RowTouch touch = RowTouch::None;
    std::uint64_t last_lookup = 0;
    float Glow::*fading = nullptr;  // which mark, if any
    std::int64_t fade_start = 0;
  };
  /// What starts to fade when a row's state goes from `before` to `after`; null: nothing.
  [[nodiscard]] static float Glow::*fadingMark(const Entry& before, const Entry& after, bool seen);

  std::unordered_map<std::int32_t, Entry> entries_;  // of the watched rows
  std::uint64_t run_ = 0;
  std::uint64_t batch_ = 0;
  std::int64_t batch_since_ = 0;
  std::int64_t last_fade_end_ = 0;
  bool reduced_motion_ = false;
};

}  // namespace rowlight
