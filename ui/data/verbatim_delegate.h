#pragma once

#include <QStyledItemDelegate>

namespace rowlight {

/// A TAB as a person sees it.
inline constexpr QChar tab_arrow(0x2192);

/// A line of a file as it stands there, with the arrows in the place of its TABs large and dimmed, so that they are
/// seen and do not read like a part of the text.
class VerbatimDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace rowlight
