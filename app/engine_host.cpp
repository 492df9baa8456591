#include "app/engine_host.h"

#include <chrono>
#include <memory>
#include <utility>

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

}  // namespace

EngineHost::EngineHost(QObject* parent) : QObject(parent) {
  engine_ = std::thread([this] { runEngine(); });
}

EngineHost::~EngineHost() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  cancelLoad_ = true;
  wake_.notify_all();
  engine_.join();
  if (loader_.joinable()) loader_.join();
}

void EngineHost::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(command));
  }
  wake_.notify_all();
}

bool EngineHost::applyCommands(std::unique_lock<std::mutex>& lock, Session& session) {
  const std::deque<Command> commands = std::exchange(inbox_, {});
  lock.unlock();
  for (const Command& command : commands) session.apply(command);
  return !commands.empty();
}

void EngineHost::runEngine() {
  Session session;
  Pacer pacer;
  bool playing = false;
  bool frame_owed = true;  // something changed since the last frame
  Clock::time_point last_frame;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (applyCommands(lock, session)) {
      frame_owed = true;
      playing = session.advance({0us, 0});
    }
    auto now = Clock::now();
    Clock::time_point next = Clock::time_point::max();  // when there is something to do again
    if (playing) {
      const double speed = session.units_per_second();
      const std::uint64_t due = speed > 0 ? pacer.due(speed, now) : UINT64_MAX;
      if (due > 0) {
        std::uint64_t units = 0;
        // Unit by unit at a set speed, so that a slow play and a fast one are counted alike.
        const auto end = now + slice;
        do {
          playing = session.advance(speed > 0 ? Budget{slice, 1} : Budget{slice});
          ++units;
        } while (playing && speed > 0 && units < due && Clock::now() < end);
        if (speed > 0) pacer.ran(units);
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
  startLoad(path, [file = path.toStdString(), options](const LoadControl& control) {
    return read_ratings(file, options, control);
  });
}

void EngineHost::openSample() {
  startLoad({}, [](const LoadControl&) -> Expected<LoadedRatings> { return LoadedRatings{make_sample(), {}}; });
}

void EngineHost::cancelLoad() { cancelLoad_ = true; }

void EngineHost::startLoad(const QString& path, std::function<Expected<LoadedRatings>(const LoadControl&)> read) {
  cancelLoad_ = true;
  if (loader_.joinable()) loader_.join();  // the reader looks at the flag every few milliseconds
  cancelLoad_ = false;
  loading_ = true;
  const quint64 ticket = ++loadTicket_;
  emit loadStarted(path);
  loader_ = std::thread([this, path, ticket, read = std::move(read)] {
    LoadControl control;
    control.cancel = &cancelLoad_;
    control.on_progress = [this, ticket, last = Clock::time_point()](std::uint64_t done, std::uint64_t total) mutable {
      if (Clock::now() - last < 50ms) return;
      last = Clock::now();
      QMetaObject::invokeMethod(
          this,
          [this, ticket, done, total] {
            if (ticket == loadTicket_ && loading_) emit loadProgress(done, total);
          },
          Qt::QueuedConnection);
    };
    auto result = std::make_shared<Expected<LoadedRatings>>(read(control));
    QMetaObject::invokeMethod(
        this, [this, ticket, path, result] { finishLoad(ticket, path, std::move(*result)); }, Qt::QueuedConnection);
  });
}

void EngineHost::finishLoad(quint64 ticket, const QString& path, Expected<LoadedRatings> result) {
  if (ticket != loadTicket_) return;
  loading_ = false;
  if (!result) {
    emit loadFailed(path, result.error());
    return;
  }
  post(InstallRatings{result->set, {}, {}, {}, {}});
  emit loadFinished(path, result->report);
}

}  // namespace rowlight
