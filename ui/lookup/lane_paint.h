#pragma once

#include <QFont>
#include <QPalette>
#include <QString>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "ui/lookup/lane_scene.h"

class QPainter;

namespace rowlight {

/// Everything beside the view that decides how the lanes look. A value.
struct LaneLook {
  QPalette palette;
  QFont text;
  QFont small;
  QFont numbers;
  float weight_domain = 1;                     ///< ends of the colour scale of weights and outputs
  float gradient_domain = 1;                   ///< and of gradients
  int label_letters = 18;                      ///< room for the names of table rows
  std::vector<CellRef> lit;                    ///< sources of what is pointed at
  int focus_output = 0;                        ///< the output whose products step 3 shows
  std::optional<std::pair<int, int>> current;  ///< table cell that the keyboard is on
  qreal motion = 1;                            ///< how far what is copied or added has travelled; 1: arrived
  std::array<QString, lane_count> captions;
};

/// Sizes for layOut() that belong to the fonts and colour scales of a look.
[[nodiscard]] LaneMetrics metricsOf(const LaneLook& look);

/// Draws the lanes. Pure. Cost: the cells in sight.
void paintLanes(QPainter& painter, const LookupView& view, const LaneScene& scene, const LaneLook& look);

/// Which domain of a look a block is coloured by.
[[nodiscard]] bool isGradient(BlockKind kind);

}  // namespace rowlight
