#pragma once

#include <QObject>
#include <QString>

#include <functional>

#include "core/train/frame.h"

namespace rowlight {

/// Where the window meets the engine: frames come in, commands go out, both on the GUI thread. Widgets connect to
/// `presented` and call `send`; whoever owns the engine connects to `commandSent` and calls `present`. No widget
/// knows a thread.
class Workbench : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  /// The frame that is on the screen; null until the first one came.
  [[nodiscard]] const FramePtr& frame() const { return frame_; }

  void present(FramePtr frame) {
    frame_ = std::move(frame);
    emit presented(*frame_);
  }
  void send(const Command& command) {
    if (!maySend || maySend(command)) emit commandSent(command);
  }

  /// Asked before each command: false drops it. For the one question before trained state is thrown away.
  std::function<bool(const Command& command)> maySend;

  /// Selected movie row, shared by all views; -1: none. Selection stays in the UI.
  [[nodiscard]] MovieRow selectedMovie() const { return selectedMovie_; }
  void selectMovie(MovieRow row) {
    if (row == selectedMovie_) return;
    selectedMovie_ = row;
    emit movieSelected(row);
  }

  /// Asks for a file to be opened, as the Open button, a drop or a recent file does.
  void requestOpen(const QString& path) { emit openRequested(path); }

 signals:
  void presented(const rowlight::Frame& frame);
  void commandSent(const rowlight::Command& command);
  void movieSelected(rowlight::MovieRow row);
  void openRequested(const QString& path);

 private:
  FramePtr frame_;
  MovieRow selectedMovie_;
};

}  // namespace rowlight
