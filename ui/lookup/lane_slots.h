#pragma once

#include <optional>
#include <vector>

#include "ui/lookup/lane_scene.h"

namespace rowlight {

/// A block before it has a place.
struct Spec {
  BlockKind kind{};
  AxisOf rows = AxisOf::One;
  AxisOf columns = AxisOf::One;
  const char* sign = "";
  bool labels = false;
};

/// A place that both lanes share, so that tables stand under tables.
struct Slot {
  std::optional<Spec> specs[lane_count];
};

/// The shown step; before the first one, that one.
[[nodiscard]] LookupStep stepOf(const LookupView& view);

/// The blocks of both lanes at the shown step, from left to right.
[[nodiscard]] std::vector<Slot> slotsOf(const LookupView& view);

}  // namespace rowlight
