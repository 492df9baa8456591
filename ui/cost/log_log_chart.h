#pragma once

#include <QChartView>
#include <QColor>
#include <QPointF>
#include <QScatterSeries>
#include <QString>

#include <functional>
#include <vector>

class QCategoryAxis;

namespace rowlight {

/// A line with marks on a LogLogChart. Told apart by colour, mark and line style at once.
struct LogLogSeries {
  QString name;
  QColor color;   ///< of the line and the filling of the marks
  QColor casing;  ///< rim of the marks
  QScatterSeries::MarkerShape mark = QScatterSeries::MarkerShapeCircle;
  bool marks = true;  ///< without them: a limit, drawn as a dashed line
  Qt::PenStyle line = Qt::SolidLine;
  double width = 2;
  std::vector<QPointF> points;  ///< true values, above 0
};

/// A chart with logarithmic axes, labelled at the powers of ten. It shows values only; hovering reads a mark.
class LogLogChart : public QChartView {
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
  void resizeEvent(QResizeEvent* event) override;

 private:
  void add(const LogLogSeries& series);
  void applyTheme();
  void fitAxes();

  Text xText_;
  Text yText_;
  std::vector<LogLogSeries> shown_;
  double xLow_ = 1;
  double xHigh_ = 10;
  QCategoryAxis* x_ = nullptr;
  QCategoryAxis* y_ = nullptr;
};

}  // namespace rowlight
