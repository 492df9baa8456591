#pragma once

#include <QWidget>

#include "ui/common/workbench.h"

class QLineEdit;

namespace rowlight {

class ColorLegend;
class ElidedLabel;
class TableView;

/// One table of the Train page: heading, one line of explanation, search field, colour scale, and the rows.
class TablePanel : public QWidget {
  Q_OBJECT

 public:
  /// `workbench` must outlive the panel.
  TablePanel(Table table, Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] TableView* view() const { return view_; }
  void setReducedMotion(bool reduced);
  /// Puts the cursor into the search field.
  void focusSearch();

 private:
  void takeFrame();
  void findNext(bool fromCurrent);
  void showExplanation(const QString& text);

  Table table_;
  Workbench* workbench_;
  ElidedLabel* explanation_;
  QLineEdit* search_;
  ColorLegend* legend_;
  TableView* view_;
  QString summary_;
};

}  // namespace rowlight
