#pragma once

#include <QFont>
#include <QHash>
#include <QImage>
#include <QRect>
#include <QStaticText>
#include <QString>

#include <span>

#include "core/base/matrix.h"
#include "ui/common/palette.h"

class QPainter;

namespace rowlight {

/// One pixel a cell in the diverging palette; the view scales it up without smoothing. Format_RGB32. Values that
/// are not finite get divergingTable()[0]. Pre: domain > 0. Pure; cost: one table look-up a cell.
[[nodiscard]] QImage renderHeatMap(ConstMatrixView rows, float domain, Theme theme);

/// Numbers with fixed decimals, laid out once for each distinct value: laying out a text costs far more than
/// drawing it, and the cells of a table show few distinct values. GUI thread.
class NumberTexts {
 public:
  NumberTexts() = default;
  /// Pre: the font has tabular digits (numberFont()).
  NumberTexts(const QFont& font, int decimals);

  [[nodiscard]] const QFont& font() const { return font_; }
  [[nodiscard]] int decimals() const { return decimals_; }
  /// Draws the value with its right edge at `right` and its capital height centred on `middle`, in the painter's
  /// pen. Pre: the painter has font().
  void draw(QPainter& painter, qreal right, qreal middle, float value);

 private:
  struct Laid {
    QStaticText text;
    qreal width = 0;
  };
  QFont font_;
  int decimals_ = 0;
  qreal baseline_ = 0;  // from the top of a text to where its capitals' middle is
  QHash<qint64, Laid> laid_;
};

/// Draws row `row` of a heat map into `rect`: cells of equal width (to the device pixel) with crisp edges. With
/// `texts`, cells from min_heat_text_width on that are wide enough show their values; values that are not finite are
/// hatched at every width. Pre: values.size() == heat_map.width(), row < heat_map.height().
void paintHeatStrip(QPainter& painter, const QRect& rect, const QImage& heat_map, int row,
                    std::span<const float> values, float domain, NumberTexts* texts = nullptr);

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
