#pragma once

#include <QObject>

class QWidget;

namespace rowlight {

/// Whether a widget that has the focus has a use of its own for the key right now: a button for Space, a field for
/// everything that can be typed, a table for Up, Down and the pages, and for Left and Right only where it can go
/// sideways. A click on a row must not take Space, Right and Home from the window: tables give up type-ahead and the
/// plain Home and End. Keys with Ctrl, Alt or Meta are never a widget's own here.
[[nodiscard]] bool usesKey(const QWidget& focused, int key, Qt::KeyboardModifiers modifiers);

/// Keeps single-key shortcuts (Space, the arrows, Home, 1-4) away from a focused widget that uses the key. Qt asks
/// the focused widget with a ShortcutOverride event before it fires a shortcut, but most widgets do not answer;
/// this filter answers for them. A widget of one's own that uses a key can accept ShortcutOverride itself.
class KeyPolicy : public QObject {
  Q_OBJECT

 public:
  /// Works for all windows of the application from now on. Calling it again does nothing.
  static void install();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  using QObject::QObject;
};

}  // namespace rowlight
