#include "ui/common/heat_map.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace rowlight {

namespace {

constexpr QChar minus_sign(0x2212);

// Hatching tells these cells from coloured ones without relying on the hue.
void hatchCell(QPainter& painter, const QRectF& cell) {
  painter.save();
  painter.setClipRect(cell, Qt::IntersectClip);
  painter.setPen(QPen(Qt::white, 1));
  for (qreal x = cell.left() - cell.height(); x < cell.right(); x += 4) {
    painter.drawLine(QPointF(x, cell.bottom()), QPointF(x + cell.height(), cell.top()));
  }
  painter.restore();
}

void paintTexts(QPainter& painter, const QRect& rect, const QImage& heat_map, int row, std::span<const float> values,
                float domain) {
  const QFontMetricsF metrics(painter.font());
  const int cells = static_cast<int>(values.size());
  const int decimals = heatDecimals(domain);
  const qreal cell_width = static_cast<qreal>(rect.width()) / cells;
  const qreal widest = metrics.horizontalAdvance(valueText(-domain, decimals));
  if (cell_width < std::max(min_heat_text_width, widest + 4)) return;
  const qreal right_margin = (cell_width - widest) / 2;
  const qreal baseline = rect.center().y() + 0.5 + metrics.capHeight() / 2;
  for (int c = 0; c < cells; ++c) {
    const QString text = valueText(values[static_cast<std::size_t>(c)], decimals);
    const QRectF cell = heatCellRect(rect, cells, c);
    const qreal x = cell.right() - right_margin - metrics.horizontalAdvance(text);
    painter.setPen(textColorOn(QColor(heat_map.pixel(c, row))));
    painter.drawText(QPointF(std::max(x, cell.left() + 2), baseline), text);
  }
}

}  // namespace

QImage renderHeatMap(ConstMatrixView rows, float domain, Theme theme) {
  assert(domain > 0);
  QImage image(static_cast<int>(rows.cols), static_cast<int>(rows.rows), QImage::Format_RGB32);
  const DivergingTable& table = divergingTable(theme);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    auto* pixel = reinterpret_cast<QRgb*>(image.scanLine(static_cast<int>(r)));
    for (const float value : rows.row(r)) *pixel++ = table[divergingIndex(value, domain)];
  }
  return image;
}

void paintHeatStrip(QPainter& painter, const QRect& rect, const QImage& heat_map, int row,
                    std::span<const float> values, float domain) {
  if (values.empty() || rect.isEmpty()) return;
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter.drawImage(QRectF(rect), heat_map, QRectF(0, row, heat_map.width(), 1));
  const int cells = static_cast<int>(values.size());
  for (int c = 0; c < cells; ++c) {
    if (!std::isfinite(values[static_cast<std::size_t>(c)])) hatchCell(painter, heatCellRect(rect, cells, c));
  }
  if (rect.width() >= min_heat_text_width * cells) paintTexts(painter, rect, heat_map, row, values, domain);
}

int heatCellAt(const QRect& rect, int cells, int x) {
  if (cells <= 0 || x < rect.left() || x > rect.right()) return -1;
  const qreal position = (x - rect.left() + 0.5) / rect.width();
  return std::min(static_cast<int>(position * cells), cells - 1);
}

QRectF heatCellRect(const QRect& rect, int cells, int cell) {
  const qreal width = static_cast<qreal>(rect.width()) / cells;
  return {rect.left() + cell * width, static_cast<qreal>(rect.top()), width, static_cast<qreal>(rect.height())};
}

int heatDecimals(float domain) {
  if (domain > 50) return 0;
  if (domain > 5) return 1;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(domain * 0.9999F))), 2, 6);
}

QString valueText(float value, int decimals) {
  if (std::isnan(value)) return QStringLiteral("NaN");
  if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
  QString text = QString::number(static_cast<double>(std::abs(value)), 'f', decimals);
  // A value that rounds to zero has no sign: "−0.00" would only irritate.
  const bool zero = std::none_of(text.begin(), text.end(), [](QChar c) { return c >= u'1' && c <= u'9'; });
  if (value < 0 && !zero) text.prepend(minus_sign);
  return text;
}

}  // namespace rowlight
