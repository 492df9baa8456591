#include "ui/common/heat_map.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "ui/common/format.h"

namespace rowlight {

namespace {

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

// Stretching by hand and blitting takes a quarter of the time of drawing a scaled image.
QImage stretchedRow(const QImage& heat_map, int row, QSize size, qreal ratio) {
  const int width = static_cast<int>(std::lround(size.width() * ratio));
  const int height = static_cast<int>(std::lround(size.height() * ratio));
  QImage image(width, height, QImage::Format_RGB32);
  const auto* cells = reinterpret_cast<const QRgb*>(heat_map.constScanLine(row));
  auto* first = reinterpret_cast<QRgb*>(image.scanLine(0));
  for (int c = 0, x = 0; c < heat_map.width(); ++c) {
    const int end = static_cast<int>(std::lround(static_cast<qreal>(c + 1) * width / heat_map.width()));
    std::fill(first + x, first + end, cells[c]);
    x = end;
  }
  for (int y = 1; y < height; ++y)
    std::memcpy(image.scanLine(y), first, static_cast<std::size_t>(width) * sizeof(QRgb));
  image.setDevicePixelRatio(ratio);
  return image;
}

void paintTexts(QPainter& painter, const QRect& rect, const QImage& heat_map, int row, std::span<const float> values,
                float domain, NumberTexts& texts) {
  const int cells = static_cast<int>(values.size());
  const qreal cell_width = static_cast<qreal>(rect.width()) / cells;
  const qreal widest = QFontMetricsF(texts.font()).horizontalAdvance(valueText(-domain, texts.decimals()));
  if (cell_width < std::max(min_heat_text_width, widest + 4)) return;
  const qreal right_margin = (cell_width - widest) / 2;
  const qreal middle = rect.top() + rect.height() / 2.0;
  painter.setFont(texts.font());
  const auto* colors = reinterpret_cast<const QRgb*>(heat_map.constScanLine(row));
  QRgb last_color = 0;  // setting a pen is not free, and neighbours mostly agree
  for (int c = 0; c < cells; ++c) {
    if (c == 0 || colors[c] != last_color) painter.setPen(textColorOn(QColor(colors[c])));
    last_color = colors[c];
    texts.draw(painter, heatCellRect(rect, cells, c).right() - right_margin, middle,
               values[static_cast<std::size_t>(c)]);
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

NumberTexts::NumberTexts(const QFont& font, int decimals) : font_(font), decimals_(decimals) {
  const QFontMetricsF metrics(font_);
  baseline_ = metrics.ascent() - metrics.capHeight() / 2;
}

void NumberTexts::draw(QPainter& painter, qreal right, qreal middle, float value) {
  constexpr qsizetype most = 4096;
  const double scaled = static_cast<double>(value) * std::pow(10.0, decimals_);
  if (!std::isfinite(value) || std::abs(scaled) > 1e15) {  // rare: not worth keeping
    const QString text = valueText(value, decimals_);
    const QFontMetricsF metrics(font_);
    painter.drawText(QPointF(right - metrics.horizontalAdvance(text), middle + metrics.capHeight() / 2), text);
    return;
  }
  const qint64 key = std::llround(scaled);
  auto found = laid_.find(key);
  if (found == laid_.end()) {
    if (laid_.size() >= most) laid_.clear();
    Laid laid;
    const QString text = valueText(value, decimals_);
    laid.text.setTextFormat(Qt::PlainText);
    laid.text.setText(text);
    laid.text.prepare({}, font_);
    laid.width = QFontMetricsF(font_).horizontalAdvance(text);
    found = laid_.insert(key, laid);
  }
  painter.drawStaticText(QPointF(right - found->width, middle - baseline_), found->text);
}

void paintHeatStrip(QPainter& painter, const QRect& rect, const QImage& heat_map, int row,
                    std::span<const float> values, float domain, NumberTexts* texts) {
  if (values.empty() || rect.isEmpty()) return;
  const int cells = static_cast<int>(values.size());
  painter.drawImage(rect.topLeft(), stretchedRow(heat_map, row, rect.size(), painter.device()->devicePixelRatio()));
  for (int c = 0; c < cells; ++c) {
    if (!std::isfinite(values[static_cast<std::size_t>(c)])) hatchCell(painter, heatCellRect(rect, cells, c));
  }
  if (texts != nullptr && rect.width() >= min_heat_text_width * cells) {
    paintTexts(painter, rect, heat_map, row, values, domain, *texts);
  }
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
  return withMinus(QString::number(static_cast<double>(std::abs(value)), 'f', decimals), static_cast<double>(value));
}

}  // namespace rowlight
