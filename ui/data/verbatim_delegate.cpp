#include "ui/data/verbatim_delegate.h"

#include <QApplication>
#include <QPainter>
#include <QTextLayout>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

/// In fonts of equal widths the arrow is too small to be seen from afar.
QFont arrowFont() { return textFont(TextSize::Normal); }

/// By how much the arrows make the text wider.
int moreForArrows(const QString& text, const QFontMetrics& metrics) {
  const int more = QFontMetrics(arrowFont()).horizontalAdvance(tab_arrow) - metrics.horizontalAdvance(tab_arrow);
  return static_cast<int>(text.count(tab_arrow)) * more;
}

}  // namespace

QSize VerbatimDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem cell = option;
  initStyleOption(&cell, index);
  const QSize size = QStyledItemDelegate::sizeHint(option, index);
  return {size.width() + moreForArrows(cell.text, cell.fontMetrics), size.height()};
}

void VerbatimDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem cell = option;
  initStyleOption(&cell, index);
  const QWidget* widget = option.widget;
  QStyle* style = widget ? widget->style() : QApplication::style();
  QRect room = style->subElementRect(QStyle::SE_ItemViewItemText, &cell, widget);
  const int margin = style->pixelMetric(QStyle::PM_FocusFrameHMargin, &cell, widget) + 1;
  room.adjust(margin, 0, -margin, 0);
  const int width = room.width() - moreForArrows(cell.text, cell.fontMetrics);
  const QString text = cell.fontMetrics.elidedText(cell.text, cell.textElideMode, width);
  cell.text.clear();
  style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, widget);

  // As the style colours the cell's background.
  const QPalette::ColorGroup group = !cell.state.testFlag(QStyle::State_Enabled)  ? QPalette::Disabled
                                     : !cell.state.testFlag(QStyle::State_Active) ? QPalette::Inactive
                                                                                  : QPalette::Active;
  const bool selected = cell.state.testFlag(QStyle::State_Selected);
  QTextLayout::FormatRange arrow{0, 1, {}};
  arrow.format.setFont(arrowFont());
  if (!selected) arrow.format.setForeground(cell.palette.brush(group, QPalette::PlaceholderText));
  QList<QTextLayout::FormatRange> arrows;
  for (qsizetype i = text.indexOf(tab_arrow); i >= 0; i = text.indexOf(tab_arrow, i + 1)) {
    arrow.start = static_cast<int>(i);
    arrows << arrow;
  }
  QTextLayout layout(text, cell.font);
  layout.setFormats(arrows);
  layout.beginLayout();
  const QTextLine line = layout.createLine();
  layout.endLayout();
  if (!line.isValid()) return;
  painter->save();
  painter->setClipRect(room);
  painter->setPen(cell.palette.color(group, selected ? QPalette::HighlightedText : QPalette::Text));
  layout.draw(painter, QPointF(room.left(), room.top() + (room.height() - line.height()) / 2));
  painter->restore();
}

}  // namespace rowlight
