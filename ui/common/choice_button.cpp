#include "ui/common/choice_button.h"

#include <QFontMetrics>
#include <QPainter>

namespace rowlight {
namespace {

constexpr int padding = 12;
constexpr int icon_gap = 6;

}  // namespace

ChoiceButton::ChoiceButton(const QString& text, QWidget* parent) : QPushButton(text, parent) {
  setCheckable(true);
  setAutoDefault(false);
  setAttribute(Qt::WA_Hover);
}

QSize ChoiceButton::sizeHint() const {
  const QFontMetrics metrics(font());
  const int icon_width = icon().isNull() ? 0 : iconSize().width() + icon_gap;
  return {metrics.size(Qt::TextShowMnemonic, text()).width() + icon_width + 2 * padding, metrics.height() + 10};
}

void ChoiceButton::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QPalette::ColorGroup group = isEnabled() ? QPalette::Active : QPalette::Disabled;
  const QColor text_color = palette().color(group, isChecked() ? QPalette::HighlightedText : QPalette::ButtonText);
  painter.fillRect(rect(), palette().color(group, isChecked() ? QPalette::Highlight : QPalette::Button));
  if (!isChecked() && (underMouse() || isDown())) {
    QColor tint = text_color;
    tint.setAlpha(isDown() ? 50 : 25);
    painter.fillRect(rect(), tint);
  }
  painter.setPen(palette().color(group, QPalette::Mid));
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
  QRect inside = rect().adjusted(padding, 0, -padding, 0);
  if (!icon().isNull()) {
    // The icon's own colour is that of text on a button; on the highlight it takes the text's.
    QPixmap pixmap = icon().pixmap(iconSize(), devicePixelRatioF());
    QPainter tinting(&pixmap);
    tinting.setCompositionMode(QPainter::CompositionMode_SourceIn);
    tinting.fillRect(QRect(QPoint(0, 0), iconSize()), text_color);
    tinting.end();
    painter.drawPixmap(inside.left(), (height() - iconSize().height()) / 2, pixmap);
    inside.setLeft(inside.left() + iconSize().width() + icon_gap);
  }
  painter.setPen(text_color);
  painter.drawText(inside, Qt::AlignCenter | Qt::TextShowMnemonic, text());
  if (hasFocus()) {
    painter.setPen(QPen(text_color, 2));
    painter.drawRect(rect().adjusted(3, 3, -3, -3));
  }
}

}  // namespace rowlight
