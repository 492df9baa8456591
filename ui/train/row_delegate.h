#pragma once

#include <QFont>
#include <QHash>
#include <QStaticText>
#include <QStyledItemDelegate>

#include "ui/common/heat_map.h"

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
  struct Label {
    QStaticText plain;
    QStaticText bold;
  };

  void paintLabel(QPainter& painter, const QRect& cell, int tableRow) const;
  void paintCount(QPainter& painter, const QRect& cell, const QModelIndex& index) const;
  void paintBias(QPainter& painter, const QRect& cell, int tableRow) const;
  void paintFactors(QPainter& painter, const QRect& cell, int tableRow) const;
  [[nodiscard]] Label layOut(int tableRow, int width) const;

  TableView* view_;
  QFont label_font_;
  QFont bold_font_;
  QFont number_font_;
  // Laying out texts is most of the cost of painting them; labels stay the same from frame to frame.
  mutable QHash<int, Label> labels_;  // by table row
  mutable int label_width_ = 0;
  mutable NumberTexts bias_texts_;
  mutable NumberTexts cell_texts_;
};

}  // namespace rowlight
