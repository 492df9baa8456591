#include "ui/cost/chart_legend.h"

#include <QFontMetrics>
#include <QPainter>
#include <QStringList>

#include <algorithm>
#include <utility>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int sample_width = 32;  // of the piece of line
constexpr int text_gap = 6;
constexpr int entry_gap = 16;
constexpr double half_mark = 5.5;

void paintMark(QPainter& painter, QScatterSeries::MarkerShape mark, QPointF at) {
  const QRectF box(at.x() - half_mark, at.y() - half_mark, 2 * half_mark, 2 * half_mark);
  switch (mark) {
    case QScatterSeries::MarkerShapeRectangle: painter.drawRect(box); break;
    case QScatterSeries::MarkerShapeRotatedRectangle:
      painter.drawPolygon(
          QPolygonF({{at.x(), box.top()}, {box.right(), at.y()}, {at.x(), box.bottom()}, {box.left(), at.y()}}));
      break;
    case QScatterSeries::MarkerShapeTriangle:
      painter.drawPolygon(QPolygonF({{at.x(), box.top()}, box.bottomRight(), box.bottomLeft()}));
      break;
    default: painter.drawEllipse(box); break;
  }
}

}  // namespace

ChartLegend::ChartLegend(QWidget* parent) : QWidget(parent) {
  setFont(textFont(TextSize::Normal));
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void ChartLegend::setEntries(std::vector<SeriesLook> entries) {
  entries_ = std::move(entries);
  QStringList names;
  for (const SeriesLook& entry : entries_) names << entry.name;
  setAccessibleName(tr("Legend: %1").arg(names.join(QStringLiteral(", "))));
  updateGeometry();
  update();
}

int ChartLegend::widthOf(const SeriesLook& entry) const {
  return sample_width + text_gap + fontMetrics().horizontalAdvance(entry.name);
}

int ChartLegend::lineHeight() const { return fontMetrics().height() + 4; }

std::vector<QRect> ChartLegend::places(int width) const {
  std::vector<QRect> out;
  int x = 0;
  int y = 0;
  for (const SeriesLook& entry : entries_) {
    const int wide = widthOf(entry);
    if (x > 0 && x + wide > width) {
      x = 0;
      y += lineHeight();
    }
    out.emplace_back(x, y, wide, lineHeight());
    x += wide + entry_gap;
  }
  return out;
}

QSize ChartLegend::sizeHint() const {
  int width = 0;
  for (const SeriesLook& entry : entries_) width += widthOf(entry) + entry_gap;
  return {width, lineHeight()};
}

QSize ChartLegend::minimumSizeHint() const {
  int width = 0;
  for (const SeriesLook& entry : entries_) width = std::max(width, widthOf(entry));
  return {width, lineHeight()};
}

int ChartLegend::heightForWidth(int width) const {
  const std::vector<QRect> all = places(width);
  return all.empty() ? lineHeight() : all.back().bottom() + 1;
}

void ChartLegend::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const std::vector<QRect> all = places(width());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const SeriesLook& entry = entries_[i];
    const QRect& place = all[i];
    const double y = place.center().y() + 0.5;
    painter.setPen(QPen(entry.color, entry.width, entry.line, Qt::FlatCap));
    painter.drawLine(QPointF(place.left(), y), QPointF(place.left() + sample_width, y));
    if (entry.marks) {
      painter.setPen(QPen(entry.casing, 1));
      painter.setBrush(entry.color);
      paintMark(painter, entry.mark, {place.left() + sample_width / 2.0, y});
    }
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(place.adjusted(sample_width + text_gap, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, entry.name);
  }
}

}  // namespace rowlight
