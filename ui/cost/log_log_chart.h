#pragma once

#include <QPointF>
#include <QString>
#include <QWidget>

#include <functional>
#include <vector>

#include "ui/cost/chart_legend.h"

class QCategoryAxis;
class QChart;
class QChartView;

namespace rowlight {

/// A line on a LogLogChart; without marks it is a limit.
struct LogLogSeries : SeriesLook {
  std::vector<QPointF> points;  ///< true values, above 0
};

/// A chart with logarithmic axes, labelled at the powers of ten, under its legend. It shows values only; hovering
/// reads a mark.
class LogLogChart : public QWidget {
  Q_OBJECT

 public:
  using Text = std::function<QString(double)>;

  /// `xText` and `yText` write a value for labels and tool tips.
  LogLogChart(const QString& xTitle, Text xText, Text yText, QWidget* parent = nullptr);

  /// Shows these in place of what was there. `xLow` to `xHigh` is the range of the axis.
  void setSeries(std::vector<LogLogSeries> series, double xLow, double xHigh);
  [[nodiscard]] const std::vector<LogLogSeries>& series() const { return shown_; }

 protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void add(const LogLogSeries& series);
  void applyTheme();
  void fitAxes();

  Text xText_;
  Text yText_;
  std::vector<LogLogSeries> shown_;
  double xLow_ = 1;
  double xHigh_ = 10;
  ChartLegend* legend_ = nullptr;
  QChartView* view_ = nullptr;
  QChart* chart_ = nullptr;
  QCategoryAxis* x_ = nullptr;
  QCategoryAxis* y_ = nullptr;
};

}  // namespace rowlight
