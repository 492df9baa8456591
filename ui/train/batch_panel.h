#pragma once

#include <QWidget>

#include <memory>

#include "ui/common/throttle.h"
#include "ui/common/workbench.h"

class QLabel;
class QTableView;

namespace rowlight {

class BatchModel;
class ElidedLabel;

/// The strip below the tables: the batch that is being computed, what it predicted, and the operation that comes
/// next. Exact whenever the run stands still; ten times a second while it plays.
class BatchPanel : public QWidget {
  Q_OBJECT

 public:
  explicit BatchPanel(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeFacts();
  void makeTable();
  [[nodiscard]] int factsHeight() const;
  void present(const Frame& frame);
  void showFrame();

  Workbench* workbench_;
  QWidget* facts_box_ = nullptr;
  BatchModel* model_ = nullptr;
  QTableView* table_ = nullptr;
  QLabel* title_ = nullptr;
  QLabel* facts_ = nullptr;
  QLabel* operation_ = nullptr;
  QLabel* sentence_ = nullptr;
  Throttle throttle_;
};

}  // namespace rowlight
