#include "app/engine_host.h"

#include <chrono>
#include <memory>
#include <utility>

#include "core/io/factors.h"
#include "core/ratings/sample.h"

namespace rowlight {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto slice = 8ms;            // of training between two looks at the inbox
constexpr auto frame_interval = 16ms;  // at most 60 frames a second

/// Turns a play speed in units a second into a budget: as many units as are due since the play began.
class Pacer {
 public:
  /// A play begins: what was due before is not made up for.
  void restart() { rate_ = 0; }
  /// How many units may run now; 0: wait until next_due().
  std::uint64_t due(double units_per_second, Clock::time_point now) {
    if (units_per_second != rate_ || now - last_asked_ > 1s) {  // another speed, or a pause in between
      rate_ = units_per_second;
      start_ = now;
      done_ = 0;
    }
    last_asked_ = now;
    const double target = std::chrono::duration<double>(now - start_).count() * rate_ + 1;
    return target > static_cast<double>(done_) ? static_cast<std::uint64_t>(target) - done_ : 0;
  }
  /// Units that were completed; one that was cut short stays due until it is.
  void ran(std::uint64_t units) { done_ += units; }
  [[nodiscard]] Clock::time_point next_due() const {
    const std::chrono::duration<double> after(static_cast<double>(done_) / rate_);
    return start_ + std::chrono::duration_cast<Clock::duration>(after);
  }

 private:
  double rate_ = 0;
  std::uint64_t done_ = 0;
  Clock::time_point start_;
  Clock::time_point last_asked_;
};

/// `found` is what a load that failed had found until then; null: nothing is known.
Inspection inspectionOf(const QString& path, const ReadOptions& options, Expected<LoadedRatings> result,
                        std::shared_ptr<const LoadReport> found) {
  if (result) {
    return {path, options, std::make_shared<const LoadReport>(std::move(result->report)), {}, std::move(result->set)};
  }
  if (!found) found = std::make_shared<const LoadReport>();
  return {path, options, std::move(found), std::move(result.error()), nullptr};
}

}  // namespace

EngineHost::EngineHost(QObject* parent) : QObject(parent) {
  engine_ = std::thread([this] { runEngine(); });
}

EngineHost::~EngineHost() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  for (const Loader& loader : loaders_) *loader.cancel = true;
  wake_.notify_all();
  engine_.join();
  for (Loader& loader : loaders_) loader.thread.join();
}

void EngineHost::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(command));
  }
  wake_.notify_all();
}

EngineHost::Applied EngineHost::applyCommands(std::unique_lock<std::mutex>& lock, Session& session) {
  const std::deque<Command> commands = std::exchange(inbox_, {});
  lock.unlock();
  Applied applied;
  for (const Command& command : commands) {
    session.apply(command);
    applied.any = true;
    applied.play = applied.play || std::holds_alternative<Play>(command);
  }
  return applied;
}

void EngineHost::runEngine() {
  Session session;
  Pacer pacer;
  bool playing = false;
  bool frame_owed = true;  // something changed since the last frame
  Clock::time_point last_frame;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (const Applied applied = applyCommands(lock, session); applied.any) {
      if (applied.play) pacer.restart();
      frame_owed = true;
      playing = session.advance({0us, 0});
    }
    auto now = Clock::now();
    Clock::time_point next = Clock::time_point::max();  // when there is something to do again
    if (playing) {
      const double speed = session.units_per_second();
      const std::uint64_t due = speed > 0 ? pacer.due(speed, now) : UINT64_MAX;
      if (due > 0) {
        const std::uint64_t before = session.units_done();
        playing = session.advance({slice, due});
        pacer.ran(session.units_done() - before);
        frame_owed = true;
        now = Clock::now();
      }
      next = speed > 0 ? pacer.next_due() : now;
    }
    lock.lock();
    // A frame is made when the window took the last one; the end of a play is never left out.
    if (frame_owed && !slot_ && (!playing || now - last_frame >= frame_interval)) {
      lock.unlock();
      FramePtr frame = session.frame();
      last_frame = now;
      frame_owed = false;
      offerFrame(std::move(frame));
      lock.lock();
    } else if (frame_owed && !slot_) {
      next = std::min(next, last_frame + frame_interval);
    }
    const auto awake = [this, &frame_owed] { return stop_ || !inbox_.empty() || (frame_owed && !slot_); };
    if (!inbox_.empty() || next <= now) continue;
    if (next == Clock::time_point::max()) {
      wake_.wait(lock, awake);
    } else {
      wake_.wait_until(lock, next, [this] { return stop_ || !inbox_.empty(); });
    }
  }
}

void EngineHost::offerFrame(FramePtr frame) {
  {
    const std::lock_guard lock(mutex_);
    slot_ = std::move(frame);
  }
  QMetaObject::invokeMethod(this, &EngineHost::deliverFrame, Qt::QueuedConnection);
}

void EngineHost::deliverFrame() {
  FramePtr frame;
  {
    const std::lock_guard lock(mutex_);
    frame = std::exchange(slot_, nullptr);
  }
  wake_.notify_all();
  if (frame) emit frameReady(std::move(frame));
}

void EngineHost::open(const QString& path, const ReadOptions& options) {
  startLoad(path, options, [file = path.toStdString(), options](const LoadControl& control) {
    return readFile(file, options, control);
  });
}

Expected<EngineHost::Loaded> EngineHost::readFile(const std::string& path, const ReadOptions& options,
                                                  const LoadControl& control) {
  if (describes_ratings(options) || !factor_format_at(path)) {
    auto ratings = read_ratings(path, options, control);
    if (!ratings) return tl::make_unexpected(std::move(ratings.error()));
    return Loaded{std::move(*ratings), nullptr};
  }
  auto factors = read_factors(path, {options.items_file}, {control.on_progress, control.cancel});
  if (!factors) return tl::make_unexpected(factors.error());
  LoadReport report;
  report.file = path;
  report.format = factors->report.format;
  report.users = factors->report.users;
  report.items = factors->report.items;
  report.titles = factors->report.titles;
  report.items_without_title = factors->report.items_without_title;
  report.notices = std::move(factors->report.notices);
  report.bytes = factors->report.bytes;
  report.seconds = factors->report.seconds;
  return Loaded{{nullptr, std::move(report)}, std::move(factors->factors)};
}

Expected<LoadedRatings> EngineHost::ratingsOf(Expected<Loaded> loaded) {
  if (!loaded) return tl::make_unexpected(std::move(loaded.error()));
  return std::move(loaded->ratings);
}

void EngineHost::openSample() {
  startLoad({}, {}, [](const LoadControl&) -> Expected<Loaded> { return Loaded{{make_sample(), {}}, nullptr}; });
}

void EngineHost::cancelLoad() {
  if (loadCancel_) *loadCancel_ = true;
}

EngineHost::CancelFlag EngineHost::startReader(Read read, Progress progress, Done done) {
  // One that has said that it ended is gone in no time; the others are joined by a later reader or the destructor.
  std::erase_if(loaders_, [](Loader& loader) {
    if (!*loader.ended) return false;
    loader.thread.join();
    return true;
  });
  Loader& loader = loaders_.emplace_back();
  loader.cancel = std::make_shared<std::atomic<bool>>(false);
  loader.ended = std::make_shared<std::atomic<bool>>(false);
  loader.thread = std::thread([this, read = std::move(read), progress = std::move(progress), done = std::move(done),
                               cancel = loader.cancel, ended = loader.ended, threads = loadThreads] {
    LoadControl control;
    control.cancel = cancel.get();
    control.threads = threads;
    control.on_progress = [this, &progress, last = Clock::time_point()](std::uint64_t bytes,
                                                                        std::uint64_t total) mutable {
      if (Clock::now() - last < 50ms) return;
      last = Clock::now();
      QMetaObject::invokeMethod(
          this, [progress, bytes, total] { progress(bytes, total); }, Qt::QueuedConnection);
    };
    auto result = std::make_shared<Expected<Loaded>>(read(control));
    QMetaObject::invokeMethod(
        this, [done, result] { done(std::move(*result)); }, Qt::QueuedConnection);
    *ended = true;
  });
  return loader.cancel;
}

void EngineHost::startLoad(const QString& path, const ReadOptions& options, Read read) {
  cancelLoad();
  loading_ = true;
  const quint64 ticket = ++loadTicket_;
  emit loadStarted(path);
  loadCancel_ = startReader(
      std::move(read),
      [this, ticket](qulonglong bytes, qulonglong total) {
        if (ticket == loadTicket_ && loading_) emit loadProgress(bytes, total);
      },
      [this, ticket, path, options](Expected<Loaded> result) {
        const auto factors = result ? result->factors : nullptr;
        finishLoad(ticket, inspectionOf(path, options, ratingsOf(std::move(result)), {}), factors);
      });
}

void EngineHost::finishLoad(quint64 ticket, Inspection result, std::shared_ptr<const Factors> factors) {
  if (ticket != loadTicket_) return;
  loading_ = false;
  if (!result.error && mayInstall && !mayInstall(result.path)) {
    result.error = Error{ErrorKind::Cancelled, "the run was kept", {}, {}, 0, 0};
  }
  if (ticket != loadTicket_) return;  // another load was started while the question stood
  if (result.error) {
    emit loadFailed(result.path, *result.error, result.options);
    return;
  }
  if (factors) {
    post(InstallFactors{std::move(factors)});
    opened_.reset();  // there are no guesses about ratings to be corrected
  } else {
    post(InstallRatings{std::exchange(result.ratings, nullptr), {}, {}, {}, {}});
    opened_ = result.path.isEmpty() ? std::nullopt : std::optional(result);
  }
  emit loadFinished(result.path, *result.report);
}

void EngineHost::inspect(const QString& path, const ReadOptions& options) {
  cancelInspect();
  const quint64 ticket = inspectTicket_;
  auto found = std::make_shared<LoadReport>();
  inspectCancel_ = startReader(
      [file = path.toStdString(), options, found](const LoadControl& control) -> Expected<Loaded> {
        LoadControl own = control;
        own.failed_report = found.get();
        auto ratings = read_ratings(file, options, own);
        if (!ratings) return tl::make_unexpected(std::move(ratings.error()));
        return Loaded{std::move(*ratings), nullptr};
      },
      [this, ticket](qulonglong bytes, qulonglong total) {
        if (ticket == inspectTicket_) emit inspectProgress(bytes, total);
      },
      [this, ticket, path, options, found](Expected<Loaded> result) {
        if (ticket != inspectTicket_) return;
        emit inspected(inspectionOf(path, options, ratingsOf(std::move(result)), found));
      });
}

void EngineHost::cancelInspect() {
  ++inspectTicket_;  // nothing more is said about it
  if (inspectCancel_) *inspectCancel_ = true;
}

void EngineHost::install(const Inspection& inspection) {
  cancelLoad();
  finishLoad(++loadTicket_, inspection);
}

}  // namespace rowlight
