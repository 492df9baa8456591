#pragma once

#include <QObject>
#include <QString>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/ratings/reader.h"
#include "core/train/session.h"

namespace rowlight {

/// The one class that knows threads. It owns the engine's thread, in which a Session lives, and a second one that
/// reads a rating file; everything it says is said on the GUI thread. The GUI thread never waits for either, except
/// for their end in the destructor (at most one slice of training or one look of the reader at its cancel flag).
class EngineHost : public QObject {
  Q_OBJECT

 public:
  explicit EngineHost(QObject* parent = nullptr);
  ~EngineHost() override;

  /// Queues a command for the engine.
  void post(Command command);

  /// Reads `path` in the background and installs it when it is good; a load under way is cancelled first.
  void open(const QString& path, const ReadOptions& options = {});
  /// Makes the built-in sample in the background and installs it.
  void openSample();
  void cancelLoad();
  [[nodiscard]] bool loading() const { return loading_; }

 signals:
  /// The newest state of the engine, at most 60 times a second; states that the window is too slow for are left out.
  void frameReady(rowlight::FramePtr frame);
  void loadStarted(const QString& path);
  void loadProgress(qulonglong bytesDone, qulonglong bytesTotal);
  /// The ratings are on their way into the engine.
  void loadFinished(const QString& path, const rowlight::LoadReport& report);
  /// Nothing has changed in the engine.
  void loadFailed(const QString& path, const rowlight::Error& error);

 private:
  void runEngine();
  bool applyCommands(std::unique_lock<std::mutex>& lock, Session& session);
  void offerFrame(FramePtr frame);
  void deliverFrame();
  void startLoad(const QString& path, std::function<Expected<LoadedRatings>(const LoadControl&)> read);
  void finishLoad(quint64 ticket, const QString& path, Expected<LoadedRatings> result);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Command> inbox_;
  bool stop_ = false;
  FramePtr slot_;  // the newest frame that the GUI thread has not taken yet
  std::thread engine_;

  // GUI thread only, but for the flag that the reader looks at.
  std::atomic<bool> cancelLoad_ = false;
  bool loading_ = false;
  quint64 loadTicket_ = 0;  // tells the results of a cancelled load from those of the present one
  std::thread loader_;
};

}  // namespace rowlight
