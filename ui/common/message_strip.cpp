#include "ui/common/message_strip.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>

#include "ui/common/palette.h"

namespace rowlight {

namespace {
constexpr int grid = 8;
}

MessageStrip::MessageStrip(QWidget* parent)
    : QFrame(parent),
      mark_(new QLabel(this)),
      text_(new QLabel(this)),
      progress_(new QProgressBar(this)),
      cancel_(new QPushButton(tr("Cancel"), this)),
      close_(new QToolButton(this)) {
  setObjectName(QStringLiteral("messageStrip"));
  setAccessibleName(tr("Message"));
  setAutoFillBackground(true);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(2 * grid, grid, grid, grid);
  row->setSpacing(grid);
  QFont bold = mark_->font();
  bold.setBold(true);
  mark_->setFont(bold);
  text_->setWordWrap(true);
  text_->setObjectName(QStringLiteral("messageText"));
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  progress_->setFixedWidth(20 * grid);
  progress_->setTextVisible(false);
  progress_->setAccessibleName(tr("Bytes read"));
  cancel_->setObjectName(QStringLiteral("cancelLoad"));
  cancel_->setToolTip(tr("Stop reading the file (Ctrl+.)"));
  close_->setObjectName(QStringLiteral("closeMessage"));
  close_->setText(QStringLiteral("×"));
  close_->setAutoRaise(true);
  close_->setAccessibleName(tr("Close the message"));
  close_->setToolTip(tr("Close the message (Esc)"));
  row->addWidget(mark_, 0, Qt::AlignTop);
  row->addWidget(text_, 1);
  row->addWidget(progress_);
  row->addWidget(cancel_);
  row->addWidget(close_, 0, Qt::AlignTop);
  connect(cancel_, &QPushButton::clicked, this, &MessageStrip::cancelClicked);
  connect(close_, &QToolButton::clicked, this, &MessageStrip::clear);
  hide();
}

void MessageStrip::showMessage(Kind kind, const QString& sentence) {
  error_ = kind == Kind::Error;
  mark_->setText(error_ ? QStringLiteral("!") : QStringLiteral("i"));
  text_->setText(sentence);
  progress_->hide();
  cancel_->hide();
  close_->show();
  mark_->show();
  tint();
  show();
  setAccessibleDescription(sentence);
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

void MessageStrip::showProgress(const QString& text, quint64 done, quint64 total) {
  constexpr int steps = 1000;
  error_ = false;
  text_->setText(text);
  progress_->setRange(0, total == 0 ? 0 : steps);
  if (total != 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total);
    progress_->setValue(static_cast<int>(steps * share));
  }
  mark_->hide();
  close_->hide();
  progress_->show();
  cancel_->show();
  tint();
  show();
}

void MessageStrip::clear() {
  text_->clear();
  hide();
}

QString MessageStrip::text() const { return isHidden() ? QString() : text_->text(); }

void MessageStrip::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape && close_->isVisible()) {
    clear();
  } else {
    QFrame::keyPressEvent(event);
  }
}

void MessageStrip::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::ApplicationPaletteChange) tint();
}

void MessageStrip::tint() {
  // The orange end of the palette's scale for an error, a plain panel for the rest; text keeps its contrast because
  // the tint is faint, and "!" and "i" say the same without colour.
  const QPalette ground = themePalette(themeOf(palette()));
  QPalette own = ground;
  if (error_) {
    constexpr double strength = 0.18;
    const QColor base = ground.color(QPalette::Window);
    const QColor orange(0xB3, 0x58, 0x06);
    const auto mix = [](int a, int b) { return static_cast<int>(a + (b - a) * strength); };
    own.setColor(QPalette::Window, QColor(mix(base.red(), orange.red()), mix(base.green(), orange.green()),
                                          mix(base.blue(), orange.blue())));
  } else {
    own.setColor(QPalette::Window, ground.color(QPalette::AlternateBase));
  }
  setPalette(own);
}

}  // namespace rowlight
