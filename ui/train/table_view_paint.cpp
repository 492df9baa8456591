// How a TableView paints its marks: apart from how it behaves (table_view.cpp).

#include <QPaintEvent>
#include <QPainter>

#include <algorithm>

#include "ui/common/typography.h"
#include "ui/train/row_delegate.h"
#include "ui/train/table_view.h"

namespace rowlight {

namespace {

QColor faded(QColor color, float strength) {
  color.setAlphaF(strength);
  return color;
}

void paintOutline(QPainter& painter, const QRect& rect, const QColor& color) {
  // Four filled bars: two logical pixels at every scale, without the stroker.
  painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), 2), color);
  painter.fillRect(QRect(rect.left(), rect.bottom() - 1, rect.width(), 2), color);
  painter.fillRect(QRect(rect.left(), rect.top() + 2, 2, rect.height() - 4), color);
  painter.fillRect(QRect(rect.right() - 1, rect.top() + 2, 2, rect.height() - 4), color);
}

void paintDashes(QPainter& painter, const QRect& rect, const QColor& color) {
  painter.setBrush(Qt::NoBrush);
  QPen pen(color, 1.5);
  pen.setDashPattern({4, 3});
  painter.setPen(pen);
  painter.drawRect(QRectF(rect).adjusted(1, 1, -1, -1));
}

}  // namespace

void TableView::paintEvent(QPaintEvent* event) {
  paint_time_ = clock_.elapsed();
  QTableView::paintEvent(event);
  if (model_->rowCount() == 0) {
    paintEmptyState();
    return;
  }
  QPainter painter(viewport());
  painter.setClipRegion(event->region());
  paintMarks(painter);
}

void TableView::paintEmptyState() {
  QPainter painter(viewport());
  painter.setFont(textFont(TextSize::Normal));
  painter.setPen(palette().color(QPalette::PlaceholderText));
  const QString what = model_->table() == Table::Users ? tr("Here each user will be one row of numbers.")
                                                       : tr("Here each movie will be one row of numbers.");
  painter.drawText(viewport()->rect().adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap,
                   what + QLatin1Char('\n') + tr("Open a rating file, or drop one on the window."));
}

void TableView::paintMarks(QPainter& painter) {
  painter.setRenderHint(QPainter::Antialiasing, true);
  const auto [first, last] = visibleRows();
  const int width = viewport()->width();
  const auto rowRect = [&](int r) { return QRect(0, rowViewportPosition(r), width, rowHeight(r)); };
  const QColor moved = movedColor(theme_);
  // One dashed outline around a block of rows that moved together: with decay every row moves in every batch, and
  // an outline around each would hide the table behind lines.
  for (int r = first; r <= last; ++r) {
    const float strength = glow(model_->tableRow(r)).moved;
    if (strength <= 0) continue;
    int end = r;
    while (end < last && glow(model_->tableRow(end + 1)).moved == strength) ++end;
    QRect block = rowRect(r).united(rowRect(end));
    // A block that goes on beyond the visible rows has no edge there.
    if (r == first && r > 0) block.setTop(block.top() - 8);
    if (end == last && end + 1 < model_->rowCount()) block.setBottom(block.bottom() + 8);
    paintDashes(painter, block, faded(moved, strength));
    r = end;
  }
  for (int r = first; r <= last; ++r) {
    const Glow mark = glow(model_->tableRow(r));
    if (mark.any()) paintMark(painter, rowRect(r), mark);
  }
}

void TableView::paintMark(QPainter& painter, const QRect& row, const Glow& mark) {
  const bool selected = selectionModel()->isRowSelected(rowAt(row.center().y()));
  const QColor text = palette().color(selected ? QPalette::HighlightedText : QPalette::Text);
  const QColor outline = palette().color(QPalette::Text);
  const QPointF center(RowDelegate::gutter / 2.0 + 1, row.center().y() + 0.5);
  if (mark.recent > 0)
    painter.fillRect(QRect(row.left(), row.top() + 2, 5, row.height() - 4), faded(text, mark.recent));
  if (mark.moved > 0) {
    const QColor ring = selected ? text : movedColor(theme_);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(faded(ring, mark.moved), 1.6));
    painter.drawEllipse(center, 3.5, 3.5);
  }
  if (mark.looked_up <= 0) return;
  paintOutline(painter, row, faded(outline, mark.looked_up));
  if (mark.looked_up < 1) return;
  painter.setPen(Qt::NoPen);
  painter.setBrush(text);
  painter.drawPolygon(QPolygonF({center + QPointF(-5, -5), center + QPointF(5, 0), center + QPointF(-5, 5)}));
}

}  // namespace rowlight
