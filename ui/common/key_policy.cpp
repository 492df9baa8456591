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
#include <QScrollBar>
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

// Space, digits, letters: what types a character.
bool isTyped(int key) { return key >= Qt::Key_Space && key <= Qt::Key_ydiaeresis; }

bool buttonUses(const QAbstractButton& button, int key) {
  if (key == Qt::Key_Space) return true;
  // Up and Down walk inside a group of alternatives, also where they stand side by side: Left and Right step. On a
  // single button the arrows would only do what Tab does.
  const bool grouped = button.autoExclusive() || button.group() != nullptr;
  return grouped && (key == Qt::Key_Up || key == Qt::Key_Down);
}

// Up, Down and the pages where there is something to scroll, Left and Right likewise.
bool scrollAreaUses(const QAbstractScrollArea& area, int key) {
  const auto scrolls = [](const QScrollBar* bar) { return bar->maximum() > bar->minimum(); };
  switch (key) {
    case Qt::Key_Left:
    case Qt::Key_Right: return scrolls(area.horizontalScrollBar());
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown: return scrolls(area.verticalScrollBar());
    default: return false;
  }
}

bool itemViewUses(const QAbstractItemView& view, int key) {
  // The list that a field pops up lives as long as it is open: all keys are its own.
  if (view.window()->windowType() == Qt::Popup) return isNavigation(key) || isTyped(key);
  switch (key) {
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown: return true;
    case Qt::Key_Left:
    case Qt::Key_Right:
      // Where whole rows are chosen there is no cell to go to.
      return scrollAreaUses(view, key) || view.selectionBehavior() != QAbstractItemView::SelectRows;
    default: return false;
  }
}

}  // namespace

bool usesKey(const QWidget& focused, int key, Qt::KeyboardModifiers modifiers) {
  if (modifiers & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
  if (const auto* button = qobject_cast<const QAbstractButton*>(&focused)) return buttonUses(*button, key);
  if (const auto* box = qobject_cast<const QGroupBox*>(&focused)) return box->isCheckable() && key == Qt::Key_Space;
  if (qobject_cast<const QLineEdit*>(&focused) || qobject_cast<const QAbstractSpinBox*>(&focused) ||
      qobject_cast<const QTextEdit*>(&focused) || qobject_cast<const QPlainTextEdit*>(&focused) ||
      qobject_cast<const QComboBox*>(&focused)) {
    return isNavigation(key) || isTyped(key);
  }
  if (qobject_cast<const QTabBar*>(&focused) || qobject_cast<const QAbstractSlider*>(&focused)) {
    return isNavigation(key);
  }
  if (const auto* view = qobject_cast<const QAbstractItemView*>(&focused)) return itemViewUses(*view, key);
  if (const auto* area = qobject_cast<const QAbstractScrollArea*>(&focused)) return scrollAreaUses(*area, key);
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
