#include "ui/common/message_strip.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "ui/common/icons.h"
#include "ui/common/palette.h"

namespace rowlight {

MessageStrip::MessageStrip(QWidget* parent) : QFrame(parent) {
  setObjectName(QStringLiteral("messageStrip"));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(16, 8, 8, 8);
  layout->setSpacing(8);
  icon_ = new QLabel(this);
  icon_->setObjectName(QStringLiteral("messageIcon"));
  text_ = new QLabel(this);
  text_->setObjectName(QStringLiteral("messageText"));
  text_->setTextFormat(Qt::PlainText);
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  action_ = new QPushButton(this);
  action_->setObjectName(QStringLiteral("messageAction"));
  action_->setAutoDefault(false);
  action_->hide();
  close_ = new QToolButton(this);
  close_->setObjectName(QStringLiteral("messageClose"));
  close_->setIcon(themedIcon(QStringLiteral("close")));
  close_->setAutoRaise(true);
  close_->setAccessibleName(tr("Dismiss the message"));
  close_->setToolTip(tr("Dismiss (Esc)"));
  layout->addWidget(icon_, 0, Qt::AlignVCenter);
  layout->addWidget(text_, 1);
  layout->addWidget(action_, 0, Qt::AlignTop);
  layout->addWidget(close_, 0, Qt::AlignTop);
  connect(action_, &QPushButton::clicked, this, &MessageStrip::actionRequested);
  connect(close_, &QToolButton::clicked, this, &MessageStrip::dismiss);
  hide();
}

QString MessageStrip::message() const { return text_->text(); }

void MessageStrip::showMessage(Kind kind, const QString& sentence, const QString& action) {
  if (!isHidden() && kind == kind_ && sentence == text_->text() && action == action_->text()) return;
  kind_ = kind;
  text_->setText(sentence);
  action_->setText(action);
  action_->setHidden(action.isEmpty());
  setAccessibleName(kind == Kind::Error ? tr("Error: %1").arg(sentence) : sentence);
  renewIcon();
  show();
  update();
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

/// A label keeps a pixmap, in the colours of the theme and the density of the screen it was made for.
void MessageStrip::renewIcon() {
  const int side = fontMetrics().height();
  icon_->setPixmap(themedIcon(kind_ == Kind::Error ? QStringLiteral("warning") : QStringLiteral("info"))
                       .pixmap(QSize(side, side), devicePixelRatioF()));
}

void MessageStrip::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && !isHidden()) renewIcon();
}

void MessageStrip::dismiss() {
  if (isHidden()) return;
  hide();
  emit dismissed();
}

void MessageStrip::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) {
    dismiss();
  } else {
    QFrame::keyPressEvent(event);
  }
}

void MessageStrip::paintEvent(QPaintEvent*) {
  // The edge and the icon tell an error from a note, the tint only helps: text stays at the window's contrast.
  QPainter painter(this);
  const bool dark = themeOf(palette()) == Theme::Dark;
  const QColor edge = kind_ == Kind::Information ? palette().color(QPalette::Highlight)
                      : dark                     ? QColor(0xF0A35C)
                                                 : QColor(0xB35806);
  QColor tint = edge;
  tint.setAlpha(28);
  painter.fillRect(rect(), tint);
  painter.fillRect(0, 0, 4, height(), edge);
}

}  // namespace rowlight
