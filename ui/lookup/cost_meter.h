#pragma once

#include <QWidget>

#include "core/train/lookup_view.h"

class QLabel;
class QTableWidget;

namespace rowlight {

/// What both algorithms cost: in the shown step and in the pass so far, and whether their outputs agree.
class CostMeter : public QWidget {
  Q_OBJECT

 public:
  explicit CostMeter(QWidget* parent = nullptr);

  void setView(const LookupView& view);
  /// Without the rows of the pass so far.
  void setShort(bool is_short);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void makeTable();
  void fitTable();
  void showCost(int row, const std::optional<Cost>& cost, const QString& absent);
  void showVerdict(const LookupView& view);
  void copy() const;

  QTableWidget* table_ = nullptr;
  QLabel* answer_ = nullptr;
  QLabel* reason_ = nullptr;
};

}  // namespace rowlight
