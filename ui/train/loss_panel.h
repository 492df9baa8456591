#pragma once

#include <QWidget>

#include <cstdint>
#include <memory>
#include <optional>

#include "ui/common/throttle.h"
#include "ui/common/workbench.h"
#include "ui/train/loss_series.h"

class QCategoryAxis;
class QChart;
class QCheckBox;
class QLabel;
class QLineSeries;
class QStackedWidget;

namespace rowlight {

class ElidedLabel;
class LossChartView;

/// The loss curve: raw and smoothed training loss, validation loss per epoch. Updated at most ten times a second,
/// and its cost does not grow with the run: the history is decimated to the columns of the chart.
class LossPanel : public QWidget {
  Q_OBJECT

 public:
  explicit LossPanel(Workbench* workbench, QWidget* parent = nullptr);
  ~LossPanel() override;

  [[nodiscard]] bool logScale() const;
  void setLogScale(bool on);

  /// Draws the present frame now, whatever the clock says.
  void refresh();

  /// What the cursor at that batch says; empty without a loss.
  [[nodiscard]] QString readingAt(double batch) const;

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  QWidget* makeHeader();
  void makeChart();
  void present(const Frame& frame);
  void updateChart();
  void fitAxes(const LossSeries& series, double last_batch, double total_batches);
  void applyTheme();
  void showReading(std::optional<double> batch);

  Workbench* workbench_;
  QStackedWidget* stack_ = nullptr;
  QLabel* empty_ = nullptr;
  ElidedLabel* line_ = nullptr;
  QCheckBox* log_ = nullptr;
  QChart* chart_ = nullptr;
  LossChartView* view_ = nullptr;
  QLineSeries* raw_ = nullptr;
  QLineSeries* smoothed_ = nullptr;
  QLineSeries* validation_ = nullptr;
  QCategoryAxis* batches_ = nullptr;
  QCategoryAxis* losses_ = nullptr;
  SteadyAxis steady_batches_{0.3};
  SteadyAxis steady_losses_;
  AxisTicks batch_ticks_;
  AxisTicks loss_ticks_;
  std::uint64_t run_ = 0;
  RunState state_ = RunState::Empty;
  std::shared_ptr<const LossHistory> shown_;
  std::optional<double> cursor_;
  Throttle throttle_;
};

}  // namespace rowlight
