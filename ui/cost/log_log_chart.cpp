#include "ui/cost/log_log_chart.h"

#include <QCategoryAxis>
#include <QChart>
#include <QChartView>
#include <QEvent>
#include <QFontMetrics>
#include <QGraphicsLayout>
#include <QLegend>
#include <QLineSeries>
#include <QScatterSeries>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr double mark_size = 11;

/// A power of ten needs no decimals: "10.0 ms" -> "10 ms".
QString tickText(QString text) {
  for (const char* decimals : {".00 ", ".0 "}) text.replace(QLatin1String(decimals), QStringLiteral(" "));
  return text;
}

/// Labels at powers of ten, no closer than there is room for.
void fitAxis(QCategoryAxis* axis, double low, double high, int most, const LogLogChart::Text& text) {
  for (const QString& label : axis->categoriesLabels()) axis->remove(label);
  const int first = static_cast<int>(std::ceil(low - 1e-6));
  const int last = static_cast<int>(std::floor(high + 1e-6));
  const int every = std::max(1, (last - first + most) / std::max(1, most));
  axis->setStartValue(low - 10);  // a category ends at its label
  for (int power = first; power <= last; ++power) {
    if ((power - first) % every == 0) axis->append(tickText(text(std::pow(10.0, power))), power);
  }
  axis->setRange(low, high);
}

}  // namespace

LogLogChart::LogLogChart(const QString& xTitle, Text xText, Text yText, QWidget* parent)
    : QWidget(parent), xText_(std::move(xText)), yText_(std::move(yText)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  legend_ = new ChartLegend(this);
  chart_ = new QChart;
  view_ = new QChartView(chart_, this);
  view_->setFocusPolicy(Qt::NoFocus);  // the numbers stand in a table, which the keyboard reaches
  view_->setFrameShape(QFrame::NoFrame);
  view_->setBackgroundBrush(Qt::NoBrush);
  view_->setRenderHint(QPainter::Antialiasing);
  view_->setMinimumSize(fontMetrics().averageCharWidth() * 30, fontMetrics().height() * 8);
  view_->installEventFilter(this);
  layout->addWidget(legend_);
  layout->addWidget(view_, 1);
  chart_->setAnimationOptions(QChart::NoAnimation);
  chart_->setBackgroundVisible(false);
  // Room for the halves of the outermost labels.
  chart_->setMargins(QMargins(0, fontMetrics().height() / 2, fontMetrics().averageCharWidth() * 5, 0));
  chart_->layout()->setContentsMargins(0, 0, 0, 0);
  chart_->legend()->hide();
  x_ = new QCategoryAxis;
  y_ = new QCategoryAxis;
  x_->setTitleText(xTitle);
  chart_->addAxis(x_, Qt::AlignBottom);
  chart_->addAxis(y_, Qt::AlignLeft);
  for (QCategoryAxis* axis : {x_, y_}) {
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setTruncateLabels(false);
  }
  applyTheme();
}

void LogLogChart::setSeries(std::vector<LogLogSeries> series, double xLow, double xHigh) {
  chart_->removeAllSeries();
  shown_ = std::move(series);
  xLow_ = xLow;
  xHigh_ = xHigh;
  for (const LogLogSeries& one : shown_) add(one);
  legend_->setEntries({shown_.begin(), shown_.end()});
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
  chart_->addSeries(line);
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
  chart_->addSeries(marks);
  marks->attachAxis(x_);
  marks->attachAxis(y_);
  connect(marks, &QScatterSeries::hovered, this, [this, name = series.name](const QPointF& at, bool inside) {
    if (!inside) return QToolTip::hideText();
    QToolTip::showText(
        QCursor::pos(),
        tr("%1: %2 at %3 rows").arg(name, yText_(std::pow(10.0, at.y())), xText_(std::round(std::pow(10.0, at.x())))),
        this);
  });
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
  const QSizeF plot = chart_->plotArea().size();
  const auto room = [](double length, int label) { return std::max(2, static_cast<int>(length / label)); };
  const double beside = 0.12 * std::max(0.1, std::log10(xHigh_ / xLow_)) / 5;
  fitAxis(x_, std::log10(xLow_) - beside, std::log10(xHigh_) + beside,
          room(plot.width(), metrics.horizontalAdvance(QStringLiteral("1,000,000")) * 3 / 2), xText_);
  fitAxis(y_, std::floor(low), std::ceil(high + 0.1), room(plot.height(), metrics.height() * 2), yText_);
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
}

void LogLogChart::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (chart_ != nullptr && (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)) {
    applyTheme();
  }
}

bool LogLogChart::eventFilter(QObject* watched, QEvent* event) {
  const bool handled = QWidget::eventFilter(watched, event);
  if (watched == view_ && event->type() == QEvent::Resize) {
    // After the view has taken its new size.
    QMetaObject::invokeMethod(this, &LogLogChart::fitAxes, Qt::QueuedConnection);
  }
  return handled;
}

}  // namespace rowlight
