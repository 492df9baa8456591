#pragma once

#include <QObject>
#include <QString>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/ratings/reader.h"
#include "core/train/session.h"
#include "ui/data/inspection.h"

namespace rowlight {

/// The one class that knows threads, but for the one that draws dots (ScatterRenderer). It owns the engine's thread, in
/// which a Session lives, and one more for each rating file that is read; everything it says is said on the GUI thread.
/// The GUI thread waits for none of them but in the destructor, where they end soon: the engine after a slice of
/// training, a reader when it next looks at its cancel flag, both later on a slow disk or in a batch that takes long.
class EngineHost : public QObject {
  Q_OBJECT

 public:
  explicit EngineHost(QObject* parent = nullptr);
  ~EngineHost() override;

  /// Queues a command for the engine.
  void post(Command command);

  /// Reads `path` in the background and installs it when it is good and mayInstall() agrees: ratings to train on, or,
  /// where its content says so, factors to look at. A load under way is cancelled and ends by itself, unheard.
  void open(const QString& path, const ReadOptions& options = {});
  /// Makes the built-in sample in the background and installs it.
  void openSample();
  void cancelLoad();
  /// For files that are opened from now on; 0: all cores.
  unsigned loadThreads = 0;
  [[nodiscard]] bool loading() const { return loading_; }

  /// Reads `path` in the background and says in inspected() what it holds; installs nothing. A reading for another
  /// inspection that is under way is cancelled and ends unheard.
  void inspect(const QString& path, const ReadOptions& options);
  void cancelInspect();
  /// Installs what was read for an inspection as if it had just been loaded: asks mayInstall(), and ends in
  /// loadFinished or loadFailed. A load under way is cancelled. Pre: it has ratings.
  void install(const Inspection& inspection);
  /// How the file that was installed last was read, without its ratings; nothing for the sample.
  [[nodiscard]] const std::optional<Inspection>& opened() const { return opened_; }

  /// Asked on the GUI thread when a file was read, before the run there is gives way to it: false keeps the run, and
  /// the load counts as cancelled. The engine goes on meanwhile. Empty: always yes.
  std::function<bool(const QString& path)> mayInstall;

 signals:
  /// The newest state of the engine, at most 60 times a second; states that the window is too slow for are left out.
  void frameReady(rowlight::FramePtr frame);
  void loadStarted(const QString& path);
  void loadProgress(qulonglong bytesDone, qulonglong bytesTotal);
  /// The ratings or factors are on their way into the engine. For factors `report` has a format of theirs, notices and
  /// no ratings.
  void loadFinished(const QString& path, const rowlight::LoadReport& report);
  /// Nothing has changed in the engine. `options`: how the file was to be read.
  void loadFailed(const QString& path, const rowlight::Error& error, const rowlight::ReadOptions& options);
  void inspectProgress(qulonglong bytesDone, qulonglong bytesTotal);
  void inspected(const rowlight::Inspection& inspection);

 private:
  void runEngine();
  struct Applied {
    bool any = false;
    bool play = false;  // there was a Play among them
  };
  Applied applyCommands(std::unique_lock<std::mutex>& lock, Session& session);
  void offerFrame(FramePtr frame);
  void deliverFrame();
  struct Loaded {
    LoadedRatings ratings;                   ///< of factors the report alone
    std::shared_ptr<const Factors> factors;  ///< null for ratings
  };
  using Read = std::function<Expected<Loaded>(const LoadControl&)>;
  using CancelFlag = std::shared_ptr<std::atomic<bool>>;
  [[nodiscard]] static Expected<Loaded> readFile(const std::string& path, const ReadOptions& options,
                                                 const LoadControl& control);
  [[nodiscard]] static Expected<LoadedRatings> ratingsOf(Expected<Loaded> loaded);
  struct Loader {
    std::thread thread;
    CancelFlag cancel;                         // set on the GUI thread, looked at by the reader
    std::shared_ptr<std::atomic<bool>> ended;  // set by the reader at its very end
  };

  using Progress = std::function<void(qulonglong bytes_done, qulonglong bytes_total)>;
  using Done = std::function<void(Expected<Loaded> result)>;
  /// Runs `read` on a thread of its own; calls the other two on the GUI thread.
  CancelFlag startReader(Read read, Progress progress, Done done);
  void startLoad(const QString& path, const ReadOptions& options, Read read);
  void finishLoad(quint64 ticket, Inspection result, std::shared_ptr<const Factors> factors = nullptr);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Command> inbox_;
  bool stop_ = false;
  FramePtr slot_;  // the newest frame that the GUI thread has not taken yet
  std::thread engine_;

  // GUI thread only.
  bool loading_ = false;
  quint64 loadTicket_ = 0;     // tells the results of a cancelled load from those of the present one
  CancelFlag loadCancel_;      // of the present load
  quint64 inspectTicket_ = 0;  // likewise for inspections
  CancelFlag inspectCancel_;
  std::optional<Inspection> opened_;
  std::vector<Loader> loaders_;
};

}  // namespace rowlight
