#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include "app/main_window.h"

namespace rowlight::test {

inline constexpr int patience = 20000;  // ms
inline constexpr auto forgetful = MainWindow::Memory::None;

inline QElapsedTimer started_now() {
  QElapsedTimer timer;
  timer.start();
  return timer;
}

inline bool await_ratings(MainWindow& window) {
  return QTest::qWaitFor([&] { return window.workbench().frame() && window.workbench().frame()->ratings; }, patience);
}

/// Answers for the person whether what was trained may go, and counts how often it was asked.
struct DiscardAnswer {
  bool yes = false;
  int asked = 0;

  DiscardAnswer(MainWindow& window, bool answer) : yes(answer) {
    window.askToDiscard = [this](const QString&) {
      ++asked;
      return yes;
    };
  }
  DiscardAnswer(const DiscardAnswer&) = delete;
  DiscardAnswer& operator=(const DiscardAnswer&) = delete;
};

/// A folder for settings and files, so that the person's own stay untouched.
class OwnHome {
 public:
  OwnHome() {
    if (!dir_.isValid()) qFatal("no folder for settings");
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, dir_.path());
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_.path());
  }

  /// A rating file of `lines` lines, no pair of user and item twice; returns its path.
  [[nodiscard]] QString write_ratings(int lines = 3) const {
    const QString path = dir_.filePath(QStringLiteral("ratings-%1.csv").arg(lines));
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) qFatal("cannot write ratings");
    for (int i = 0; i < lines; ++i) {
      // Few items: the tables of a model for a million of them would take gigabytes.
      file.write(QByteArray::number(i % 997) + ',' + QByteArray::number(i % 20'011) + ",4\n");
    }
    return path;
  }
  [[nodiscard]] QString file_path(const QString& name) const { return dir_.filePath(name); }

 private:
  QTemporaryDir dir_;
};

}  // namespace rowlight::test
