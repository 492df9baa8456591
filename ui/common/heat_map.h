#pragma once

#include <QImage>
#include <QRect>
#include <QString>

#include <span>

#include "core/base/matrix.h"
#include "ui/common/palette.h"

class QPainter;

namespace rowlight {

/// One pixel a cell in the diverging palette; the view scales it up without smoothing. Format_RGB32. Values that
/// are not finite get divergingTable()[0]. Pre: domain > 0. Pure; cost: one table look-up a cell.
[[nodiscard]] QImage renderHeatMap(ConstMatrixView rows, float domain, Theme theme);

/// Draws row `row` of a heat map into `rect`: cells of equal width (to the device pixel) with crisp edges. Where
/// the painter's font fits (cells from min_heat_text_width on), each cell shows its value in fixed decimals; values
/// that are not finite are hatched at every width. The font should have tabular digits.
/// Pre: values.size() == heat_map.width(), row < heat_map.height().
void paintHeatStrip(QPainter& painter, const QRect& rect, const QImage& heat_map, int row,
                    std::span<const float> values, float domain);

/// From this width of a cell on its value is written into it.
inline constexpr qreal min_heat_text_width = 38;

/// The cell of a strip of `cells` cells under x, or -1 outside.
[[nodiscard]] int heatCellAt(const QRect& rect, int cells, int x);
/// The rectangle of a cell within its strip.
[[nodiscard]] QRectF heatCellRect(const QRect& rect, int cells, int cell);

/// How many decimals tell cells of a scale with this domain apart: the same for all cells, so that nothing jumps.
[[nodiscard]] int heatDecimals(float domain);
/// A value with fixed decimals and a true minus sign, or "NaN", "∞", "−∞".
[[nodiscard]] QString valueText(float value, int decimals);

}  // namespace rowlight
