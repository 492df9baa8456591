// How a TableView paints its marks: apart from how it behaves (table_view.cpp).

#include <QPaintEvent>
#include <QPainter>
#include <QVarLengthArray>

#include <algorithm>

#include "ui/common/typography.h"
#include "ui/train/row_delegate.h"
#include "ui/train/table_view.h"

namespace rowlight {

namespace {

constexpr int sign_size = 12;

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

// Dashes as rectangles, for the stroker takes longer than everything else in the table. They start at multiples of
// the period in the picture, so that they stay where they are when only some rows are painted.
void paintDashes(QPainter& painter, const QRect& rect, const QColor& color) {
  constexpr int period = 8;
  constexpr int dash = 5;
  constexpr int thickness = 2;
  QVarLengthArray<QRect, 512> dashes;
  for (int x = rect.left(); x < rect.right(); x += period) {
    const int length = std::min(dash, rect.right() + 1 - x);
    dashes.append(QRect(x, rect.top(), length, thickness));
    dashes.append(QRect(x, rect.bottom() + 1 - thickness, length, thickness));
  }
  for (int y = rect.top(); y < rect.bottom(); y += period) {
    const int length = std::min(dash, rect.bottom() + 1 - y);
    dashes.append(QRect(rect.left(), y, thickness, length));
    dashes.append(QRect(rect.right() + 1 - thickness, y, thickness, length));
  }
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawRects(dashes.constData(), static_cast<int>(dashes.size()));
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
  paintMarks(painter, event->region().boundingRect());
}

void TableView::paintEmptyState() {
  QPainter painter(viewport());
  painter.setFont(textFont(TextSize::Normal));
  painter.setPen(palette().color(QPalette::PlaceholderText));
  QString text = (model_->table() == Table::Users ? tr("Here each user will be one row of numbers.")
                                                  : tr("Here each movie will be one row of numbers.")) +
                 QLatin1Char('\n') + tr("Open a rating file, or drop one on the window.");
  if (const FramePtr& frame = workbench_->frame(); frame && frame->viewed) {
    text = tr("%1.").arg(QString::fromStdString(frame->viewed->missing));
  }
  painter.drawText(viewport()->rect().adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap, text);
}

void TableView::paintMarks(QPainter& painter, const QRect& exposed) {
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
    if (block.intersects(exposed)) paintDashes(painter, block, faded(moved, strength));
    r = end;
  }
  for (int r = first; r <= last; ++r) {
    const QRect row = rowRect(r);
    if (!row.intersects(exposed)) continue;
    const Glow mark = glow(model_->tableRow(r));
    if (mark.any()) paintMark(painter, r, row, mark);
  }
}

const QPixmap& TableView::sign(bool arrow, bool selected) {
  QPixmap& pixmap = signs_[(arrow ? 2U : 0U) + (selected ? 1U : 0U)];
  const qreal ratio = devicePixelRatioF();
  if (!pixmap.isNull() && pixmap.devicePixelRatio() == ratio) return pixmap;
  pixmap = QPixmap(QSize(sign_size, sign_size) * ratio);
  pixmap.setDevicePixelRatio(ratio);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor text = palette().color(selected ? QPalette::HighlightedText : QPalette::Text);
  const QPointF center(sign_size / 2.0, sign_size / 2.0);
  if (arrow) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(text);
    painter.drawPolygon(QPolygonF({center + QPointF(-5, -5), center + QPointF(5, 0), center + QPointF(-5, 5)}));
  } else {
    painter.setPen(QPen(selected ? text : movedColor(theme_), 1.6));
    painter.drawEllipse(center, 3.5, 3.5);
  }
  return pixmap;
}

void TableView::paintMark(QPainter& painter, int viewRow, const QRect& row, const Glow& mark) {
  const bool selected = selectionModel()->isRowSelected(viewRow);
  if (mark.recent > 0) {
    // Quieter than an outline: at full speed nearly every row has one.
    const QColor tint = palette().color(selected ? QPalette::HighlightedText : QPalette::PlaceholderText);
    painter.fillRect(QRect(row.left() + 2, row.top() + 3, 4, row.height() - 6), faded(tint, 0.9F * mark.recent));
  }
  const QPointF place(RowDelegate::gutter / 2.0 + 2 - sign_size / 2.0, row.top() + (row.height() - sign_size) / 2.0);
  if (mark.moved > 0) {
    painter.setOpacity(static_cast<qreal>(mark.moved));
    painter.drawPixmap(place, sign(false, selected));
    painter.setOpacity(1);
  }
  if (mark.looked_up <= 0) return;
  paintOutline(painter, row, faded(palette().color(QPalette::Text), mark.looked_up));
  if (mark.looked_up >= 1) painter.drawPixmap(place, sign(true, selected));
}

}  // namespace rowlight
