#include "ui/lookup/step_strip.h"

#include <QFontMetrics>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int first_backward = static_cast<int>(LookupStep::LossGradient);
constexpr int pass_gap = 16;  // between forward and backward
constexpr int spacing = 2;

QString stepName(int step) {
  const std::string_view name = name_of(static_cast<LookupStep>(step));
  return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
}

}  // namespace

StepStrip::StepStrip(QWidget* parent) : QAbstractSlider(parent) {
  setObjectName(QStringLiteral("stepStrip"));
  setAccessibleName(tr("Step of the pass"));
  setOrientation(Qt::Horizontal);
  setRange(0, lookup_step_count);
  setPageStep(first_backward - 1);
  setFocusPolicy(Qt::TabFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  connect(this, &QAbstractSlider::valueChanged, this, [this](int step) {
    update();
    if (!following_) emit seekRequested(step);
  });
}

void StepStrip::setView(std::shared_ptr<const LookupView> view) {
  view_ = std::move(view);
  if (!isSliderDown()) {
    following_ = true;
    setValue(view_ ? view_->shown_step : 0);
    following_ = false;
  }
  const QString what = value() == 0 ? tr("before the first step") : stepName(value());
  setAccessibleDescription(tr("step %1 of %2: %3").arg(value()).arg(lookup_step_count).arg(what));
  update();
}

QRect StepStrip::stepRect(int step) const {
  const double each = (width() - pass_gap) / static_cast<double>(lookup_step_count);
  const int shift = step >= first_backward ? pass_gap : 0;
  const int left = static_cast<int>((step - 1) * each) + shift;
  const int right = static_cast<int>(step * each) + shift;
  const int caption = QFontMetrics(textFont(TextSize::Small)).height();
  return {left, caption, right - left - spacing, height() - caption};
}

int StepStrip::stepAt(QPoint point) const {
  for (int step = 1; step <= lookup_step_count; ++step) {
    const QRect rect = stepRect(step);
    if (point.x() >= rect.left() && point.x() <= rect.right() + spacing) return step;
  }
  return 0;
}

QSize StepStrip::sizeHint() const {
  const QFontMetrics metrics(numberFont(TextSize::Normal));
  return {metrics.averageCharWidth() * lookup_step_count * 5,
          metrics.height() + 6 + QFontMetrics(textFont(TextSize::Small)).height()};
}

QSize StepStrip::minimumSizeHint() const {
  const QFontMetrics metrics(numberFont(TextSize::Normal));
  return {metrics.horizontalAdvance(QStringLiteral("00")) * lookup_step_count + pass_gap, sizeHint().height()};
}

bool StepStrip::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int step = stepAt(help->pos());
    if (step > 0) QToolTip::showText(help->globalPos(), QStringLiteral("%1. %2").arg(step).arg(stepName(step)), this);
    return true;
  }
  return QAbstractSlider::event(event);
}

void StepStrip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setFont(textFont(TextSize::Small));
  painter.setPen(palette().color(QPalette::PlaceholderText));
  const int caption = stepRect(1).top();
  painter.drawText(QRect(0, 0, stepRect(first_backward).left(), caption), Qt::AlignLeft | Qt::AlignVCenter,
                   tr("forward"));
  painter.drawText(QRect(stepRect(first_backward).left(), 0, width(), caption), Qt::AlignLeft | Qt::AlignVCenter,
                   tr("backward"));
  const int computed = view_ ? view_->computed_step : 0;
  for (int step = 1; step <= lookup_step_count; ++step) {
    const QRect rect = stepRect(step);
    const bool now = step == value();
    const auto ground = now ? QPalette::Highlight : step < value() ? QPalette::Midlight : QPalette::Base;
    painter.fillRect(rect, palette().color(ground));
    painter.setPen(palette().color(step <= computed ? QPalette::Dark : QPalette::Mid));
    painter.drawRect(rect.adjusted(0, 0, -1, -1));
    QFont font = numberFont(TextSize::Normal);
    font.setBold(now);
    painter.setFont(font);
    painter.setPen(palette().color(now                ? QPalette::HighlightedText
                                   : step <= computed ? QPalette::WindowText
                                                      : QPalette::PlaceholderText));
    painter.drawText(rect, Qt::AlignCenter, QString::number(step));
  }
  if (hasFocus()) {
    painter.setPen(QPen(palette().color(QPalette::WindowText), 2));
    painter.drawRect(rect().adjusted(1, caption - 1, -1, -1));
  }
}

void StepStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  setSliderDown(true);
  if (const int step = stepAt(event->pos())) setValue(step);
}

void StepStrip::mouseMoveEvent(QMouseEvent* event) {
  if (!isSliderDown()) return;
  if (const int step = stepAt(event->pos())) setValue(step);
}

void StepStrip::mouseReleaseEvent(QMouseEvent*) { setSliderDown(false); }

}  // namespace rowlight
