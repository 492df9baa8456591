#include "ui/cost/log_log_chart.h"

#include <QCategoryAxis>
#include <QChart>
#include <QEvent>
#include <QFontMetrics>
#include <QGraphicsLayout>
#include <QLegendMarker>
#include <QLineSeries>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr double mark_size = 11;

/// Labels at powers of ten, no closer than there is room for.
void fitAxis(QCategoryAxis* axis, double low, double high, int most, const LogLogChart::Text& text) {
  for (const QString& label : axis->categoriesLabels()) axis->remove(label);
  const int first = static_cast<int>(std::ceil(low - 1e-6));
  const int last = static_cast<int>(std::floor(high + 1e-6));
  const int every = std::max(1, (last - first + most) / std::max(1, most));
  axis->setStartValue(low - 10);  // a category ends at its label
  for (int power = first; power <= last; ++power) {
    if ((power - first) % every == 0) axis->append(text(std::pow(10.0, power)), power);
  }
  axis->setRange(low, high);
}

}  // namespace

LogLogChart::LogLogChart(const QString& xTitle, Text xText, Text yText, QWidget* parent)
    : QChartView(parent), xText_(std::move(xText)), yText_(std::move(yText)) {
  setFocusPolicy(Qt::NoFocus);  // its numbers stand in the table, which the keyboard reaches
  setFrameShape(QFrame::NoFrame);
  setBackgroundBrush(Qt::NoBrush);
  setRenderHint(QPainter::Antialiasing);
  setMinimumSize(fontMetrics().averageCharWidth() * 30, fontMetrics().height() * 9);
  QChart* plot = chart();
  plot->setAnimationOptions(QChart::NoAnimation);
  plot->setBackgroundVisible(false);
  plot->setMargins(QMargins(0, 0, fontMetrics().averageCharWidth() * 3, 0));
  plot->layout()->setContentsMargins(0, 0, 0, 0);
  x_ = new QCategoryAxis;
  y_ = new QCategoryAxis;
  x_->setTitleText(xTitle);
  plot->addAxis(x_, Qt::AlignBottom);
  plot->addAxis(y_, Qt::AlignLeft);
  for (QCategoryAxis* axis : {x_, y_}) {
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setTruncateLabels(false);
  }
  plot->legend()->setAlignment(Qt::AlignTop);
  plot->legend()->setMarkerShape(QLegend::MarkerShapeFromSeries);
  applyTheme();
}

void LogLogChart::setSeries(std::vector<LogLogSeries> series, double xLow, double xHigh) {
  chart()->removeAllSeries();
  shown_ = std::move(series);
  xLow_ = xLow;
  xHigh_ = xHigh;
  for (const LogLogSeries& one : shown_) add(one);
  fitAxes();
}

void LogLogChart::add(const LogLogSeries& series) {
  QList<QPointF> points;
  for (const QPointF& point : series.points) points.append({std::log10(point.x()), std::log10(point.y())});
  auto* line = new QLineSeries;
  line->setName(series.name);
  QPen pen(series.color, series.width, series.line, Qt::RoundCap, Qt::RoundJoin);
  line->setPen(pen);
  line->append(points);
  chart()->addSeries(line);
  line->attachAxis(x_);
  line->attachAxis(y_);
  if (!series.marks) return;
  auto* marks = new QScatterSeries;
  marks->setName(series.name);
  marks->setMarkerShape(series.mark);
  marks->setMarkerSize(mark_size);
  marks->setColor(series.color);
  marks->setBorderColor(series.casing);
  marks->append(points);
  chart()->addSeries(marks);
  marks->attachAxis(x_);
  marks->attachAxis(y_);
  connect(marks, &QScatterSeries::hovered, this, [this, name = series.name](const QPointF& at, bool inside) {
    if (!inside) return QToolTip::hideText();
    QToolTip::showText(QCursor::pos(),
                       tr("%1: %2 at %3 rows")
                           .arg(name, yText_(std::pow(10.0, at.y())), xText_(std::round(std::pow(10.0, at.x())))),
                       this);
  });
  // One entry a series: the mark, which has the colour too.
  for (QLegendMarker* marker : chart()->legend()->markers(line)) marker->setVisible(false);
}

void LogLogChart::fitAxes() {
  double low = INFINITY;
  double high = -INFINITY;
  for (const LogLogSeries& series : shown_) {
    for (const QPointF& point : series.points) {
      low = std::min(low, std::log10(point.y()));
      high = std::max(high, std::log10(point.y()));
    }
  }
  if (low > high) {
    low = 0;
    high = 1;
  }
  const QFontMetrics metrics(numberFont(TextSize::Small));
  const QSizeF plot = chart()->plotArea().size();
  const auto room = [](double length, int label) { return std::max(2, static_cast<int>(length / label)); };
  const double beside = 0.12 * std::max(0.1, std::log10(xHigh_ / xLow_)) / 5;
  fitAxis(x_, std::log10(xLow_) - beside, std::log10(xHigh_) + beside,
          room(plot.width(), metrics.horizontalAdvance(QStringLiteral("1,000,000")) * 3 / 2), xText_);
  fitAxis(y_, std::floor(low), std::ceil(high + 1e-9), room(plot.height(), metrics.height() * 2), yText_);
}

void LogLogChart::applyTheme() {
  const QColor quiet = palette().color(QPalette::PlaceholderText);
  QColor grid = quiet;
  grid.setAlpha(60);
  for (QCategoryAxis* axis : {x_, y_}) {
    axis->setLabelsFont(numberFont(TextSize::Small));
    axis->setTitleFont(textFont(TextSize::Small));
    axis->setLabelsBrush(quiet);
    axis->setTitleBrush(quiet);
    axis->setLinePen(QPen(quiet, 1));
    axis->setGridLinePen(QPen(grid, 1));
  }
  chart()->legend()->setLabelBrush(palette().color(QPalette::WindowText));
  chart()->legend()->setFont(textFont(TextSize::Normal));
}

void LogLogChart::changeEvent(QEvent* event) {
  QChartView::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyTheme();
}

void LogLogChart::resizeEvent(QResizeEvent* event) {
  QChartView::resizeEvent(event);
  if (x_ != nullptr) fitAxes();
}

}  // namespace rowlight
