#pragma once

#include <QAbstractTableModel>
#include <QStyledItemDelegate>

#include <memory>

#include "core/train/frame.h"

namespace rowlight {

/// The ratings of one batch as a table. Shares the batch, copies nothing.
class BatchModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { User, Movie, Rating, Score, Prediction, ErrorColumn, ColumnCount };
  /// float: the error as a share of the range that predictions can be off, in [-1, 1]; invalid without one.
  static constexpr int ErrorShareRole = Qt::UserRole + 1;

  using QAbstractTableModel::QAbstractTableModel;

  /// Pre: the batch belongs to the ratings; both may be null.
  void setBatch(RatingSetPtr ratings, std::shared_ptr<const BatchView> batch);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  /// The movie of a row, or no row.
  [[nodiscard]] MovieRow movieAt(int row) const;

 private:
  [[nodiscard]] QString text(std::size_t row, int column) const;
  [[nodiscard]] QVariant errorShare(std::size_t row) const;

  RatingSetPtr ratings_;
  std::shared_ptr<const BatchView> batch_;
  int rows_ = 0;
};

/// Draws an error as a bar from the middle of its cell, to the left where the prediction was too low and to the
/// right where it was too high, with the number beside it.
class ErrorDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace rowlight
