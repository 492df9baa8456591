#include "ui/train/row_glow.h"

#include <algorithm>
#include <utility>

namespace rowlight {

float Glow::*RowGlow::fadingMark(const Entry& before, const Entry& after, bool seen) {
  if (after.touch == RowTouch::LookedUp) return nullptr;
  const bool was_lit = before.touch == RowTouch::LookedUp;
  const bool missed = after.last_lookup > before.last_lookup;
  if (was_lit && seen && !missed) return &Glow::looked_up;
  if (was_lit || missed) return &Glow::recent;
  if (before.touch == RowTouch::MovedOnly && after.touch == RowTouch::None && seen) return &Glow::moved;
  return nullptr;
}

void RowGlow::update(const WatchedRows& rows, std::uint64_t run, std::uint64_t batch, std::int64_t now_ms) {
  if (run != run_) {
    entries_.clear();
    last_fade_end_ = 0;
  }
  const bool seen = now_ms - batch_since_ >= seen_ms;
  if (batch != batch_ || run != run_) batch_since_ = now_ms;
  batch_ = batch;
  run_ = run;

  std::unordered_map<std::int32_t, Entry> next;
  next.reserve(rows.rows.size());
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    Entry entry;
    entry.touch = rows.touch[i];
    entry.last_lookup = rows.last_lookup[i];
    if (const auto found = entries_.find(rows.rows[i]); found != entries_.end()) {
      const Entry& before = found->second;
      entry.fading = fadingMark(before, entry, seen);
      if (reduced_motion_ && entry.fading != &Glow::recent) entry.fading = nullptr;
      if (entry.fading != nullptr) {
        entry.fade_start = now_ms;
        if (!reduced_motion_) last_fade_end_ = now_ms + fade_ms;
      } else if (!reduced_motion_) {  // what fades already goes on
        entry.fading = before.fading;
        entry.fade_start = before.fade_start;
      }
    }
    next.emplace(rows.rows[i], entry);
  }
  entries_ = std::move(next);
}

Glow RowGlow::at(std::int32_t row, std::int64_t now_ms) const {
  const auto found = entries_.find(row);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  Glow glow;
  if (entry.fading != nullptr) {
    const float age = static_cast<float>(now_ms - entry.fade_start) / static_cast<float>(fade_ms);
    glow.*entry.fading = reduced_motion_ ? 1.0F : std::clamp(1.0F - age, 0.0F, 0.99F);
  }
  if (entry.touch == RowTouch::LookedUp) return {1, 0, 0};
  if (entry.touch == RowTouch::MovedOnly) glow.moved = 1;
  return glow;
}

}  // namespace rowlight
