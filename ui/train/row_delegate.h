#pragma once

#include <QFont>
#include <QHash>
#include <QStyledItemDelegate>

namespace rowlight {

class TableView;

/// Paints the cells of a TableView: label, numbers, and the factors as one heat strip.
class RowDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  /// Width at the left of the label where the view draws a row's marks.
  static constexpr int gutter = 24;

  explicit RowDelegate(TableView* view);

  /// Takes fonts anew and forgets elided texts: after a change of font or rows.
  void refresh();
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  void paintLabel(QPainter& painter, const QRect& cell, const QColor& color, int tableRow) const;
  void paintNumber(QPainter& painter, const QRect& cell, const QColor& color, const QModelIndex& index) const;
  void paintFactors(QPainter& painter, const QRect& cell, const QColor& secondary, int tableRow) const;

  TableView* view_;
  QFont label_font_;
  QFont bold_font_;
  QFont number_font_;
  QFont cell_font_;
  // Eliding measures the text; a label stays the same from frame to frame.
  mutable QHash<quint64, QString> elided_;
  mutable int elided_width_ = 0;
};

}  // namespace rowlight
