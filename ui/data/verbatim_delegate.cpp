#include "ui/data/verbatim_delegate.h"

#include <QApplication>
#include <QPainter>
#include <QTextLayout>

namespace rowlight {

void VerbatimDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem cell = option;
  initStyleOption(&cell, index);
  const QWidget* widget = option.widget;
  QStyle* style = widget ? widget->style() : QApplication::style();
  QRect room = style->subElementRect(QStyle::SE_ItemViewItemText, &cell, widget);
  const int margin = style->pixelMetric(QStyle::PM_FocusFrameHMargin, &cell, widget) + 1;
  room.adjust(margin, 0, -margin, 0);
  const QString text = cell.fontMetrics.elidedText(cell.text, cell.textElideMode, room.width());
  cell.text.clear();
  style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, widget);

  const bool selected = cell.state.testFlag(QStyle::State_Selected);
  QTextLayout::FormatRange dimmed{0, 1, {}};
  dimmed.format.setForeground(cell.palette.placeholderText());
  QList<QTextLayout::FormatRange> arrows;
  for (qsizetype i = text.indexOf(tab_arrow); i >= 0 && !selected; i = text.indexOf(tab_arrow, i + 1)) {
    dimmed.start = static_cast<int>(i);
    arrows << dimmed;
  }
  QTextLayout layout(text, cell.font);
  layout.setFormats(arrows);
  layout.beginLayout();
  const QTextLine line = layout.createLine();
  layout.endLayout();
  if (!line.isValid()) return;
  painter->save();
  painter->setClipRect(room);
  painter->setPen(cell.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
  layout.draw(painter, QPointF(room.left(), room.top() + (room.height() - line.height()) / 2));
  painter->restore();
}

}  // namespace rowlight
