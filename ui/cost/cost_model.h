#pragma once

#include <QAbstractTableModel>
#include <QModelIndexList>

#include <memory>

#include "core/analysis/lookup_cost.h"

namespace rowlight {

/// The numbers of a measurement for one pass, a line for each table size and target.
class CostModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    Rows,
    Target,
    Lookup,
    LookupDense,
    OneHot,
    SparseOneHot,
    Factor,
    Limit,
    OneHotBytes,
    TableBytes,
    Columns
  };

  using QAbstractTableModel::QAbstractTableModel;

  /// Takes a new state of the measurement; null: none.
  void setView(std::shared_ptr<const CostView> view, CostPass pass);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  /// The selected lines, or all when there are none, as tab-separated text with a header; times in seconds.
  [[nodiscard]] QString copyText(const QModelIndexList& selected) const;

 private:
  [[nodiscard]] QString text(const CostPoint& point, int column) const;
  [[nodiscard]] QString plainNumber(const CostPoint& point, int column) const;
  [[nodiscard]] QString reason(const CostPoint& point, int column) const;

  std::shared_ptr<const CostView> view_;
  CostPass pass_ = CostPass::Forward;
};

}  // namespace rowlight
