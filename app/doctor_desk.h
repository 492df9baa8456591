#pragma once

#include <QByteArray>
#include <QObject>
#include <QString>

#include "core/ratings/reader.h"

class QWidget;

namespace rowlight {

class EngineHost;
class FileDoctor;

/// Where the file doctor meets the engine: has the files read that it looks into, and opens what the person takes.
/// GUI thread.
class DoctorDesk : public QObject {
  Q_OBJECT

 public:
  /// The dialog stands over `window`. Both must outlive this object.
  DoctorDesk(EngineHost* engine, QWidget* window);

  /// Opens the dialog on a file or folder.
  void examine(const QString& path, const ReadOptions& options = {});
  /// Opens it on the report of the file that is open. Pre: EngineHost::opened().
  void showOpened();
  /// Opens it on the file of the last load, whether it failed or not. Pre: there was one.
  void showLast();

  /// The dialog's sizes, for the settings file.
  [[nodiscard]] QByteArray saveState() const;
  void restoreState(const QByteArray& state) { state_ = state; }

 private:
  FileDoctor& doctor();

  EngineHost* engine_;
  QWidget* window_;
  FileDoctor* doctor_ = nullptr;  // made when it is first wanted; belongs to the window
  QString last_;                  // the file of the last load that came to an end
  bool failed_ = false;           // it failed
  ReadOptions lastOptions_;       // then: how it was to be read
  QByteArray state_;
};

}  // namespace rowlight
