#pragma once

#include <QColor>
#include <QScatterSeries>
#include <QString>
#include <QWidget>

#include <vector>

namespace rowlight {

/// How a line and its marks look in a chart: told apart by colour, mark and line style at once.
struct SeriesLook {
  QString name;
  QColor color;   ///< of the line and the filling of the marks
  QColor casing;  ///< rim of the marks
  QScatterSeries::MarkerShape mark = QScatterSeries::MarkerShapeCircle;
  bool marks = true;
  Qt::PenStyle line = Qt::SolidLine;
  double width = 2;
};

/// Says which line is which, with a piece of the line and its mark beside the name. Wraps where the chart is narrow
/// (a QLegend would cut the names off).
class ChartLegend : public QWidget {
  Q_OBJECT

 public:
  explicit ChartLegend(QWidget* parent = nullptr);

  void setEntries(std::vector<SeriesLook> entries);

  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;
  [[nodiscard]] bool hasHeightForWidth() const override { return true; }
  [[nodiscard]] int heightForWidth(int width) const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  [[nodiscard]] int widthOf(const SeriesLook& entry) const;
  [[nodiscard]] int lineHeight() const;
  /// Where each entry goes in a legend of that width.
  [[nodiscard]] std::vector<QRect> places(int width) const;

  std::vector<SeriesLook> entries_;
};

}  // namespace rowlight
