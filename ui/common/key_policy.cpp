#include "ui/common/key_policy.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractScrollArea>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QButtonGroup>
#include <QComboBox>
#include <QGroupBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTabBar>
#include <QTextEdit>

namespace rowlight {
namespace {

bool isArrow(int key) {
  return key == Qt::Key_Left || key == Qt::Key_Right || key == Qt::Key_Up || key == Qt::Key_Down;
}

bool isNavigation(int key) {
  return isArrow(key) || key == Qt::Key_Home || key == Qt::Key_End || key == Qt::Key_PageUp || key == Qt::Key_PageDown;
}

// Space, digits, letters: what types a character or searches a list.
bool isTyped(int key) { return key >= Qt::Key_Space && key <= Qt::Key_ydiaeresis; }

bool buttonUses(const QAbstractButton& button, int key) {
  if (key == Qt::Key_Space) return true;
  // Arrows walk inside a group of alternatives. On a single button they would only do what Tab does.
  const bool grouped = button.autoExclusive() || button.group() != nullptr;
  return grouped && isArrow(key);
}

}  // namespace

bool usesKey(const QWidget& focused, int key, Qt::KeyboardModifiers modifiers) {
  if (modifiers & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
  if (const auto* button = qobject_cast<const QAbstractButton*>(&focused)) return buttonUses(*button, key);
  if (const auto* box = qobject_cast<const QGroupBox*>(&focused)) return box->isCheckable() && key == Qt::Key_Space;
  if (qobject_cast<const QLineEdit*>(&focused) || qobject_cast<const QAbstractSpinBox*>(&focused) ||
      qobject_cast<const QTextEdit*>(&focused) || qobject_cast<const QPlainTextEdit*>(&focused) ||
      qobject_cast<const QComboBox*>(&focused) || qobject_cast<const QAbstractItemView*>(&focused)) {
    return isNavigation(key) || isTyped(key);
  }
  if (qobject_cast<const QTabBar*>(&focused)) return isNavigation(key) || key == Qt::Key_Space;
  if (qobject_cast<const QAbstractSlider*>(&focused) || qobject_cast<const QAbstractScrollArea*>(&focused)) {
    return isNavigation(key);
  }
  return false;
}

void KeyPolicy::install() {
  const QString name = QStringLiteral("rowlightKeyPolicy");
  if (qApp->findChild<KeyPolicy*>(name, Qt::FindDirectChildrenOnly)) return;
  auto* policy = new KeyPolicy(qApp);
  policy->setObjectName(name);
  qApp->installEventFilter(policy);
}

bool KeyPolicy::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride && watched == QApplication::focusWidget()) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (usesKey(*static_cast<QWidget*>(watched), key->key(), key->modifiers())) {
      event->accept();
      return true;
    }
  }
  return QObject::eventFilter(watched, event);
}

}  // namespace rowlight
