#pragma once

#include <QWidget>

#include <memory>
#include <vector>

#include "ui/common/throttle.h"
#include "ui/common/workbench.h"

class QButtonGroup;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QSpinBox;
class QSplitter;
class QStackedWidget;
class QTableView;
class QTabWidget;

namespace rowlight {

class ChoiceButton;
class CostModel;
class ElidedLabel;
class LogLogChart;

/// The page that measures, live and on this machine, what a lookup costs and what one-hot products cost as the table
/// grows: time, memory, and the numbers. In a small window its panels become tabs.
class CostPage : public QWidget {
  Q_OBJECT

 public:
  explicit CostPage(Workbench* workbench, QWidget* parent = nullptr);

  /// What the fields ask for.
  [[nodiscard]] CostOptions options() const;

  [[nodiscard]] CostPass pass() const;
  void setPass(CostPass pass);
  /// The target whose times the chart shows.
  [[nodiscard]] simd::Target shownTarget() const { return shown_; }

 public slots:
  void measure();
  void cancel();

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  QWidget* makeFields();
  QWidget* makeSizes();
  QWidget* makeTargets();
  QWidget* makeButtons();
  void wrapFields();
  QWidget* makeSentences();
  QWidget* makeChoices();
  void makePanels();
  QWidget* makeTimePanel();
  QWidget* makeMemoryPanel();
  QWidget* makeNumbersPanel();
  QSpinBox* addCount(QHBoxLayout* row, const QString& caption, const char* name, const QString& tip, int value,
                     int most);
  void present(const Frame& frame);
  void follow(const CostOptions& options);
  void fillShownTargets();
  void update();
  void updateMemory();
  void copyNumbers();
  void arrange();

  Workbench* workbench_;
  std::shared_ptr<const CostView> view_;
  simd::Target shown_ = simd::Target::Scalar;
  QWidget* fields_ = nullptr;
  QWidget* sizes_ = nullptr;
  QWidget* targetBox_ = nullptr;
  QWidget* buttons_ = nullptr;
  bool wrapped_ = false;  // the targets have a line of their own
  QSpinBox* batch_ = nullptr;
  QSpinBox* dim_ = nullptr;
  QComboBox* largest_ = nullptr;
  std::vector<ChoiceButton*> targets_;  // parallel to simd::supported_targets()
  QPushButton* measure_ = nullptr;
  QPushButton* cancel_ = nullptr;
  QLabel* finding_ = nullptr;
  ElidedLabel* state_ = nullptr;
  QLabel* refusal_ = nullptr;
  QButtonGroup* passes_ = nullptr;
  QWidget* shownBox_ = nullptr;
  QButtonGroup* shownTargets_ = nullptr;
  ElidedLabel* explanation_ = nullptr;
  QStackedWidget* timeStack_ = nullptr;
  LogLogChart* time_ = nullptr;
  LogLogChart* memory_ = nullptr;
  CostModel* model_ = nullptr;
  QTableView* table_ = nullptr;
  QWidget* timePanel_ = nullptr;
  QWidget* memoryPanel_ = nullptr;
  QWidget* numbersPanel_ = nullptr;
  QStackedWidget* arrangement_ = nullptr;
  QSplitter* rows_ = nullptr;     // the charts over the numbers
  QSplitter* columns_ = nullptr;  // time | memory
  QTabWidget* tabs_ = nullptr;
  bool tabbed_ = false;
  Throttle throttle_;
};

}  // namespace rowlight
