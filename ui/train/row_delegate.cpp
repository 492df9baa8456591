#include "ui/train/row_delegate.h"

#include <QFontMetricsF>
#include <QPainter>

#include "ui/common/heat_map.h"
#include "ui/common/typography.h"
#include "ui/train/table_view.h"

namespace rowlight {

namespace {

constexpr int padding = 8;

// drawText(point) skips the layout that drawText(rect) does, which is most of the cost of a short text.
qreal baselineIn(const QRect& cell, const QFont& font) {
  const QFontMetricsF metrics(font);
  return cell.top() + (cell.height() - metrics.height()) / 2 + metrics.ascent();
}

}  // namespace

RowDelegate::RowDelegate(TableView* view) : QStyledItemDelegate(view), view_(view) { refresh(); }

void RowDelegate::refresh() {
  label_font_ = textFont(TextSize::Normal);
  bold_font_ = label_font_;
  bold_font_.setBold(true);
  number_font_ = numberFont(TextSize::Normal);
  cell_font_ = numberFont(TextSize::Small);
  elided_.clear();
}

void RowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const bool selected = option.state.testFlag(QStyle::State_Selected);
  if (selected) painter->fillRect(option.rect, option.palette.highlight());
  const QColor text = option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
  const QColor secondary = option.palette.color(selected ? QPalette::HighlightedText : QPalette::PlaceholderText);
  const int table_row = view_->tableModel()->tableRow(index.row());
  switch (index.column()) {
    case TableModel::Label: paintLabel(*painter, option.rect, text, table_row); break;
    case TableModel::Factors: paintFactors(*painter, option.rect, secondary, table_row); break;
    default: paintNumber(*painter, option.rect, text, index); break;
  }
}

void RowDelegate::paintLabel(QPainter& painter, const QRect& cell, const QColor& color, int tableRow) const {
  const int width = cell.width() - gutter - padding;
  if (width != elided_width_ || elided_.size() > 4096) {
    elided_.clear();
    elided_width_ = width;
  }
  const bool bold = view_->glow(tableRow).looked_up >= 1;
  const QFont& font = bold ? bold_font_ : label_font_;
  const quint64 key = static_cast<quint64>(tableRow) * 2 + (bold ? 1 : 0);
  auto found = elided_.constFind(key);
  if (found == elided_.constEnd()) {
    const QString label = view_->tableModel()->label(tableRow);
    found = elided_.insert(key, QFontMetricsF(font).elidedText(label, Qt::ElideMiddle, width));
  }
  painter.setFont(font);
  painter.setPen(color);
  painter.drawText(QPointF(cell.left() + gutter, baselineIn(cell, font)), *found);
}

void RowDelegate::paintNumber(QPainter& painter, const QRect& cell, const QColor& color,
                              const QModelIndex& index) const {
  const QString text = index.data(Qt::DisplayRole).toString();
  painter.setFont(number_font_);
  painter.setPen(color);
  const qreal x = cell.right() - padding - QFontMetricsF(number_font_).horizontalAdvance(text);
  painter.drawText(QPointF(x, baselineIn(cell, number_font_)), text);
}

void RowDelegate::paintFactors(QPainter& painter, const QRect& cell, const QColor& secondary, int tableRow) const {
  const TableModel& model = *view_->tableModel();
  const int place = model.watchedIndex(tableRow);
  if (place < 0 || place >= view_->heatMap().height()) {
    painter.setFont(label_font_);
    painter.setPen(secondary);
    painter.drawText(QPointF(cell.left() + padding, baselineIn(cell, label_font_)), QStringLiteral("…"));
    return;
  }
  painter.setFont(cell_font_);
  paintHeatStrip(painter, TableView::stripRect(cell), view_->heatMap(), place, model.factors(tableRow),
                 view_->domain());
}

}  // namespace rowlight
