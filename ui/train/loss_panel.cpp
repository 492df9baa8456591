#include "ui/train/loss_panel.h"

#include <QCategoryAxis>
#include <QChart>
#include <QCheckBox>
#include <QEvent>
#include <QFontMetrics>
#include <QGraphicsLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLegend>
#include <QLineSeries>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"
#include "ui/train/loss_chart_view.h"

namespace rowlight {
namespace {

constexpr int update_ms = 100;
constexpr qsizetype most_markers = 100;  // beyond, the dots of the epochs would hide their line

void setTicks(QCategoryAxis* axis, const AxisTicks& ticks) {
  for (const QString& label : axis->categoriesLabels()) axis->remove(label);
  // A category ends at its label; the first one has to begin below every label that is to be seen.
  axis->setStartValue(ticks.low - (ticks.high - ticks.low));
  for (std::size_t i = 0; i < ticks.at.size(); ++i) axis->append(ticks.labels[i], ticks.at[i]);
  axis->setRange(ticks.low, ticks.high);
}

/// What stands in the chart's place before the first batch.
QString emptyText(bool viewOnly) {
  if (viewOnly) return LossPanel::tr("These factors were trained elsewhere:\nthere are no ratings here to train on.");
  return LossPanel::tr("Here the loss of every batch will be a point.\nPress Space to play, or Right for one step.");
}

}  // namespace

LossPanel::LossPanel(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), throttle_(update_ms, [this] { updateChart(); }) {
  setObjectName(QStringLiteral("lossPanel"));
  setAccessibleName(tr("Loss"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setSpacing(4);
  layout->addWidget(makeHeader());
  line_ = new ElidedLabel(Qt::ElideRight, this);
  line_->setObjectName(QStringLiteral("lossLine"));
  line_->setFont(numberFont(TextSize::Small));
  line_->setForegroundRole(QPalette::PlaceholderText);
  layout->addWidget(line_);
  makeChart();
  stack_ = new QStackedWidget(this);
  empty_ = new QLabel(emptyText(false), this);
  empty_->setObjectName(QStringLiteral("lossEmpty"));
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  stack_->addWidget(empty_);
  stack_->addWidget(view_);
  layout->addWidget(stack_, 1);

  connect(log_, &QCheckBox::toggled, this, [this] {
    steady_losses_.reset();
    refresh();
  });
  connect(view_, &LossChartView::cursorMoved, this, &LossPanel::showReading);
  connect(workbench_, &Workbench::presented, this, &LossPanel::present);
  showReading(std::nullopt);
  applyTheme();
  refresh();
}

LossPanel::~LossPanel() = default;

QWidget* LossPanel::makeHeader() {
  auto* header = new QWidget(this);
  auto* layout = new QHBoxLayout(header);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* title = new QLabel(tr("Loss"), header);
  title->setFont(textFont(TextSize::Large));
  log_ = new QCheckBox(tr("&Log scale"), header);
  log_->setObjectName(QStringLiteral("lossLogScale"));
  log_->setToolTip(tr("Equal distances for equal factors: shows small improvements late in a run (Alt+L)"));
  layout->addWidget(title);
  layout->addStretch(1);
  layout->addWidget(log_);
  return header;
}

void LossPanel::makeChart() {
  chart_ = new QChart;
  chart_->setAnimationOptions(QChart::NoAnimation);
  chart_->setBackgroundVisible(false);
  chart_->setMargins(QMargins(0, 0, QFontMetrics(numberFont(TextSize::Small)).averageCharWidth() * 4, 0));
  chart_->layout()->setContentsMargins(0, 0, 0, 0);
  raw_ = new QLineSeries;
  raw_->setName(tr("each batch"));
  smoothed_ = new QLineSeries;
  smoothed_->setName(tr("smoothed"));
  validation_ = new QLineSeries;
  validation_->setName(tr("validation"));
  validation_->setPointsVisible(true);
  batches_ = new QCategoryAxis;
  losses_ = new QCategoryAxis;
  batches_->setTitleText(tr("batch"));
  losses_->setTitleText(tr("MSE"));
  chart_->addAxis(batches_, Qt::AlignBottom);
  chart_->addAxis(losses_, Qt::AlignLeft);
  for (QCategoryAxis* axis : {batches_, losses_}) {
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setTruncateLabels(false);
  }
  for (QLineSeries* series : {raw_, smoothed_, validation_}) {
    chart_->addSeries(series);
    series->attachAxis(batches_);
    series->attachAxis(losses_);
  }
  chart_->legend()->setAlignment(Qt::AlignTop);
  chart_->legend()->setMarkerShape(QLegend::MarkerShapeFromSeries);
  view_ = new LossChartView(chart_, this);
  view_->setObjectName(QStringLiteral("lossChart"));
  view_->setAccessibleName(tr("Loss chart; the arrow keys read its values"));
}

void LossPanel::applyTheme() {
  const bool dark = themeOf(palette()) == Theme::Dark;
  const QColor strong = dark ? QColor(0x78B4E6) : QColor(0x2166AC);
  const QColor pale = dark ? QColor(0x3F5F7C) : QColor(0xA9C4E0);
  const QColor other = dark ? QColor(0xF0A35C) : QColor(0xB35806);
  raw_->setPen(QPen(pale, 1));
  raw_->setMarkerSize(2.5);
  smoothed_->setPen(QPen(strong, 2.5));
  smoothed_->setMarkerSize(4);
  QPen dashed(other, 2, Qt::CustomDashLine);
  dashed.setDashPattern({4, 3});
  validation_->setPen(dashed);
  validation_->setColor(other);
  validation_->setPen(dashed);
  validation_->setMarkerSize(5);
  const QColor text = palette().color(QPalette::WindowText);
  const QColor quiet = palette().color(QPalette::PlaceholderText);
  QColor grid = quiet;
  grid.setAlpha(60);
  for (QCategoryAxis* axis : {batches_, losses_}) {
    axis->setLabelsFont(numberFont(TextSize::Small));
    axis->setTitleFont(textFont(TextSize::Small));
    axis->setLabelsBrush(quiet);
    axis->setTitleBrush(quiet);
    axis->setLinePen(QPen(quiet, 1));
    axis->setGridLinePen(QPen(grid, 1));
  }
  chart_->legend()->setLabelBrush(text);
  chart_->legend()->setFont(textFont(TextSize::Small));
}

bool LossPanel::logScale() const { return log_->isChecked(); }
void LossPanel::setLogScale(bool on) { log_->setChecked(on); }

void LossPanel::present(const Frame& frame) {
  const bool stopped = frame.state != state_ && frame.state != RunState::Playing;
  state_ = frame.state;
  if (stopped || frame.run != run_) {
    throttle_.flush();
  } else if (frame.loss != shown_) {
    throttle_.request();
  }
}

void LossPanel::refresh() {
  shown_ = nullptr;
  throttle_.flush();
}

void LossPanel::updateChart() {
  if (!workbench_->frame()) return;
  const Frame& frame = *workbench_->frame();
  if (frame.run != run_) {
    run_ = frame.run;
    steady_batches_.reset();
    steady_losses_.reset();
    shown_ = nullptr;
  }
  const bool empty = !frame.loss || frame.loss->training.empty();
  stack_->setCurrentIndex(empty ? 0 : 1);
  empty_->setText(emptyText(frame.viewed != nullptr));
  if (empty || !isVisible() || frame.loss == shown_) return;
  shown_ = frame.loss;
  const LossSeries series = lossSeries(*shown_, logScale());
  constexpr qsizetype dotted_points = 40;  // up to here each batch is a dot: a line of one point cannot be seen
  const bool dotted = series.raw.size() <= dotted_points;
  raw_->setPointsVisible(dotted);
  smoothed_->setPointsVisible(series.smoothed.size() == 1);
  const auto last = static_cast<double>(shown_->training.back().batch);
  const double total =
      static_cast<double>(frame.settings.epochs) * static_cast<double>(frame.progress.batches_per_epoch);
  fitAxes(series, last, total);
  raw_->replace(series.raw);
  smoothed_->replace(series.smoothed);
  validation_->setPointsVisible(series.validation.size() <= most_markers);
  validation_->replace(series.validation);
  view_->setLastBatch(last);
  if (dotted) view_->viewport()->update();  // Qt Charts leaves parts of dots standing that stick out of the plot
  if (cursor_) showReading(cursor_);
}

void LossPanel::fitAxes(const LossSeries& series, double last_batch, double total_batches) {
  steady_batches_.fit(0, std::max(10.0, last_batch));
  // A run does not go beyond its last batch: no empty space to the right of it.
  double high = steady_batches_.high();
  if (total_batches >= last_batch && total_batches > 0) high = std::min(high, std::max(10.0, total_batches));
  // No more labels than there is room for: Qt would leave some out, at uneven distances.
  const QRectF plot = chart_->plotArea();
  const QFontMetrics metrics(losses_->labelsFont());
  const auto room = [](double length, int label) { return std::clamp(static_cast<int>(length / label), 2, 8); };
  const int across = room(plot.width(), metrics.horizontalAdvance(QStringLiteral("1,000,000")) * 3 / 2);
  const int upwards = room(plot.height(), metrics.height() * 2);
  AxisTicks batch_ticks = linearTicks(0, high, std::max(1.0, niceStep(high, across)));
  if (series.low <= series.high) steady_losses_.fit(series.low, series.high);
  const double low_loss = steady_losses_.low();
  const double high_loss = steady_losses_.high();
  AxisTicks loss_ticks = logScale() ? logTicks(low_loss, high_loss)
                                    : linearTicks(low_loss, high_loss, niceStep(high_loss - low_loss, upwards));
  batch_ticks.high *= 1.01;  // room for the marker of the last epoch
  if (batch_ticks != batch_ticks_) setTicks(batches_, batch_ticks_ = std::move(batch_ticks));
  if (loss_ticks != loss_ticks_) setTicks(losses_, loss_ticks_ = std::move(loss_ticks));
}

QString LossPanel::readingAt(double batch) const {
  if (!shown_) return {};
  const LossReading reading = readLoss(*shown_, batch);
  if (!reading.point) return {};
  QString text = tr("batch %1: loss %2, smoothed %3")
                     .arg(formatCount(reading.point->batch), formatFixed(reading.point->mean, 4),
                          formatFixed(reading.point->smoothed, 4));
  if (reading.epoch) {
    text +=
        tr("; validation %1 after epoch %2").arg(formatFixed(*reading.epoch->valid_loss, 4)).arg(reading.epoch->epoch);
  }
  return text;
}

void LossPanel::showReading(std::optional<double> batch) {
  cursor_ = batch;
  const QString reading = batch ? readingAt(*batch) : QString();
  line_->setText(reading.isEmpty() ? tr("mean squared error of the predictions; point at the chart to read a value")
                                   : reading);
}

void LossPanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyTheme();
}

void LossPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refresh();
}

}  // namespace rowlight
