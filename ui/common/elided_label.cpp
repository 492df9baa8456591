#include "ui/common/elided_label.h"

#include <QFontMetrics>
#include <QPainter>
#include <QStyle>

namespace rowlight {

ElidedLabel::ElidedLabel(Qt::TextElideMode mode, QWidget* parent) : QFrame(parent), mode_(mode) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ElidedLabel::setText(const QString& text) {
  if (text == text_) return;
  text_ = text;
  setAccessibleName(text_);
  setToolTip(fits() ? QString() : text_);
  updateGeometry();
  update();
}

QSize ElidedLabel::sizeHint() const {
  const QFontMetrics metrics(font());
  return {metrics.horizontalAdvance(text_) + 2, metrics.height()};
}

QSize ElidedLabel::minimumSizeHint() const {
  const QFontMetrics metrics(font());
  return {std::min(metrics.horizontalAdvance(text_) + 2, metrics.averageCharWidth() * 8), metrics.height()};
}

bool ElidedLabel::fits() const { return QFontMetrics(font()).horizontalAdvance(text_) <= width(); }

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QString shown = QFontMetrics(font()).elidedText(text_, mode_, width());
  style()->drawItemText(&painter, rect(), Qt::AlignLeft | Qt::AlignVCenter, palette(), isEnabled(), shown,
                        foregroundRole());
}

void ElidedLabel::resizeEvent(QResizeEvent* event) {
  QFrame::resizeEvent(event);
  setToolTip(fits() ? QString() : text_);
}

}  // namespace rowlight
