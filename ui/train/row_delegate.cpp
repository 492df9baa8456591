#include "ui/train/row_delegate.h"

#include <QFontMetricsF>
#include <QPainter>

#include <utility>

#include "ui/common/typography.h"
#include "ui/train/table_view.h"

namespace rowlight {

namespace {

constexpr int padding = 8;

QString unknown() { return QStringLiteral("…"); }

}  // namespace

RowDelegate::RowDelegate(TableView* view) : QStyledItemDelegate(view), view_(view) { refresh(); }

void RowDelegate::refresh() {
  label_font_ = textFont(TextSize::Normal);
  bold_font_ = label_font_;
  bold_font_.setBold(true);
  number_font_ = numberFont(TextSize::Normal);
  bias_texts_ = NumberTexts(number_font_, TableModel::bias_decimals);
  cell_texts_ = NumberTexts();
  labels_.clear();
}

void RowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const bool selected = option.state.testFlag(QStyle::State_Selected);
  if (selected) painter->fillRect(option.rect, option.palette.highlight());
  painter->setPen(option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
  const int table_row = view_->tableModel()->tableRow(index.row());
  switch (index.column()) {
    case TableModel::Label: paintLabel(*painter, option.rect, table_row); break;
    case TableModel::Count: paintCount(*painter, option.rect, index); break;
    case TableModel::Bias: paintBias(*painter, option.rect, table_row); break;
    default: paintFactors(*painter, option.rect, table_row); break;
  }
}

RowDelegate::Label RowDelegate::layOut(int tableRow, int width) const {
  // Elided for the bold font in both cases, so that the text does not change when the row is lit.
  const QString text =
      QFontMetricsF(bold_font_).elidedText(view_->tableModel()->label(tableRow), Qt::ElideMiddle, width);
  Label label;
  for (auto [target, font] : {std::pair(&label.plain, &label_font_), std::pair(&label.bold, &bold_font_)}) {
    target->setTextFormat(Qt::PlainText);
    target->setText(text);
    target->prepare({}, *font);
  }
  return label;
}

void RowDelegate::paintLabel(QPainter& painter, const QRect& cell, int tableRow) const {
  const int width = cell.width() - gutter - padding;
  if (width != label_width_ || labels_.size() > 4096) {
    labels_.clear();
    label_width_ = width;
  }
  auto found = labels_.find(tableRow);
  if (found == labels_.end()) found = labels_.insert(tableRow, layOut(tableRow, width));
  const bool bold = view_->glow(tableRow).looked_up >= 1;
  const QFont& font = bold ? bold_font_ : label_font_;
  painter.setFont(font);
  const qreal top = cell.top() + (cell.height() - QFontMetricsF(font).height()) / 2;
  painter.drawStaticText(QPointF(cell.left() + gutter, top), bold ? found->bold : found->plain);
}

void RowDelegate::paintCount(QPainter& painter, const QRect& cell, const QModelIndex& index) const {
  const QString text = index.data(Qt::DisplayRole).toString();
  const QFontMetricsF metrics(number_font_);
  painter.setFont(number_font_);
  // drawText(point) skips the layout in a rectangle, which is most of the cost of a short text.
  painter.drawText(QPointF(cell.right() - padding - metrics.horizontalAdvance(text),
                           cell.top() + (cell.height() + metrics.capHeight()) / 2),
                   text);
}

void RowDelegate::paintBias(QPainter& painter, const QRect& cell, int tableRow) const {
  painter.setFont(number_font_);
  const qreal middle = cell.top() + cell.height() / 2.0;
  if (const auto bias = view_->tableModel()->bias(tableRow)) {
    bias_texts_.draw(painter, cell.right() - padding, middle, *bias);
  } else {
    painter.drawText(cell.adjusted(0, 0, -padding, 0), Qt::AlignRight | Qt::AlignVCenter, unknown());
  }
}

void RowDelegate::paintFactors(QPainter& painter, const QRect& cell, int tableRow) const {
  const TableModel& model = *view_->tableModel();
  const int place = model.watchedIndex(tableRow);
  if (place < 0 || place >= view_->heatMap().height()) {
    painter.setFont(label_font_);
    painter.drawText(cell.adjusted(padding, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, unknown());
    return;
  }
  const int decimals = heatDecimals(view_->domain());
  if (cell_texts_.decimals() != decimals) cell_texts_ = NumberTexts(numberFont(TextSize::Small), decimals);
  paintHeatStrip(painter, TableView::stripRect(cell), view_->heatMap(), place, model.factors(tableRow), view_->domain(),
                 &cell_texts_);
}

}  // namespace rowlight
