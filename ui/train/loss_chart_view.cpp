#include "ui/train/loss_chart_view.h"

#include <QAbstractAxis>
#include <QChart>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QValueAxis>

#include <algorithm>

namespace rowlight {

LossChartView::LossChartView(QChart* chart, QWidget* parent) : QChartView(chart, parent) {
  // By Tab only: a click on the chart leaves the arrows to the window, where they step.
  setFocusPolicy(Qt::TabFocus);
  setMouseTracking(true);
  setFrameShape(QFrame::NoFrame);
  setBackgroundBrush(Qt::NoBrush);
  setRubberBand(QChartView::NoRubberBand);
}

double LossChartView::xOf(double batch) const { return chart()->mapToPosition({batch, 0}).x(); }

void LossChartView::moveTo(std::optional<double> batch) {
  if (batch) batch = std::clamp(*batch, 1.0, std::max(1.0, last_batch_));
  if (batch == cursor_) return;
  const auto strip = [this](std::optional<double> at) {
    if (!at) return;
    const QRectF plot = chart()->plotArea();
    viewport()->update(QRectF(xOf(*at) - 3, plot.top(), 6, plot.height()).toAlignedRect());
  };
  strip(cursor_);
  cursor_ = batch;
  strip(cursor_);
  emit cursorMoved(cursor_);
}

void LossChartView::mouseMoveEvent(QMouseEvent* event) {
  const QRectF plot = chart()->plotArea();
  if (plot.contains(event->position())) {
    moveTo(chart()->mapToValue(event->position()).x());
  } else {
    moveTo(std::nullopt);
  }
  event->accept();
}

void LossChartView::leaveEvent(QEvent* event) {
  QChartView::leaveEvent(event);
  moveTo(std::nullopt);
}

bool LossChartView::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const bool mine = key->key() == Qt::Key_Left || key->key() == Qt::Key_Right || key->key() == Qt::Key_Home ||
                      key->key() == Qt::Key_End;
    if (mine && !(key->modifiers() & ~(Qt::ShiftModifier | Qt::KeypadModifier))) {
      event->accept();
      return true;
    }
  }
  return QChartView::event(event);
}

void LossChartView::keyPressEvent(QKeyEvent* event) {
  const QRectF plot = chart()->plotArea();
  const double pixel = chart()->mapToValue({plot.left() + 1, 0}).x() - chart()->mapToValue({plot.left(), 0}).x();
  const double stride = std::max(1.0, pixel * 4);
  const double from = cursor_.value_or(last_batch_);
  switch (event->key()) {
    case Qt::Key_Left: moveTo(from - stride); break;
    case Qt::Key_Right: moveTo(from + stride); break;
    case Qt::Key_Home: moveTo(1); break;
    case Qt::Key_End: moveTo(last_batch_); break;
    default: QChartView::keyPressEvent(event); return;
  }
  event->accept();
}

void LossChartView::focusOutEvent(QFocusEvent* event) {
  QChartView::focusOutEvent(event);
  moveTo(std::nullopt);
  viewport()->update();
}

void LossChartView::focusInEvent(QFocusEvent* event) {
  QChartView::focusInEvent(event);
  viewport()->update();
}

void LossChartView::drawForeground(QPainter* painter, const QRectF& rect) {
  QChartView::drawForeground(painter, rect);
  painter->setRenderHint(QPainter::Antialiasing, false);
  const QRectF plot = chart()->plotArea();
  if (hasFocus()) {
    painter->setPen(QPen(palette().color(QPalette::Highlight), 2));
    painter->drawRect(plot);
  }
  if (!cursor_) return;
  painter->setPen(QPen(palette().color(QPalette::WindowText), 1));
  const double x = xOf(*cursor_);
  painter->drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
}

}  // namespace rowlight
