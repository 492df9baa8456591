#include "ui/common/live_label.h"

#include <QAccessible>
#include <QEvent>
#include <QFontMetrics>

#include "ui/common/palette.h"

namespace rowlight {

LiveLabel::LiveLabel(int lines, QWidget* parent) : QLabel(parent), lines_(lines) {
  setTextFormat(Qt::PlainText);
  setWordWrap(true);
  setAlignment(Qt::AlignLeft | Qt::AlignTop);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void LiveLabel::say(const QString& sentence) {
  if (sentence == text()) return;
  setText(sentence);
  setToolTip(sentence);
  setAccessibleName(sentence);
  for (const QAccessible::Event kind : {QAccessible::NameChanged, QAccessible::Alert}) {
    QAccessibleEvent event(this, kind);
    QAccessible::updateAccessibility(&event);
  }
}

QSize LiveLabel::minimumSizeHint() const {
  const QFontMetrics metrics(font());
  return {metrics.averageCharWidth() * 20, metrics.lineSpacing() * lines_};
}

FieldProblem::FieldProblem(QWidget* field, QWidget* parent) : QLabel(parent), field_(field) {
  setObjectName(field->objectName() + QStringLiteral("Problem"));
  setTextFormat(Qt::PlainText);
  setWordWrap(true);
  takeColor();
  hide();
}

void FieldProblem::setProblem(const QString& sentence) {
  const bool news = !sentence.isEmpty() && sentence != text();
  setText(sentence);
  setVisible(!sentence.isEmpty());
  field_->setAccessibleDescription(sentence.isEmpty() ? field_->toolTip() : sentence);
  if (!news) return;
  setAccessibleName(sentence);
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

void FieldProblem::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) takeColor();
}

void FieldProblem::takeColor() {
  const QColor color = warningColor(themeOf(palette()));
  if (palette().color(QPalette::WindowText) == color) return;
  QPalette own = palette();
  own.setColor(QPalette::WindowText, color);
  setPalette(own);
}

}  // namespace rowlight
