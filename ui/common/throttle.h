#pragma once

#include <QObject>
#include <QTimer>

#include <functional>
#include <utility>

namespace rowlight {

/// Runs an update at once, but never more often than every `interval_ms`: what is asked for in between is done
/// once, at the end of the interval. For views that are dear to paint and that nobody reads 60 times a second.
class Throttle {
 public:
  Throttle(int interval_ms, std::function<void()> update) : update_(std::move(update)) {
    timer_.setSingleShot(true);
    timer_.setInterval(interval_ms);
    QObject::connect(&timer_, &QTimer::timeout, [this] {
      if (pending_) flush();
    });
  }

  void request() {
    if (timer_.isActive()) {
      pending_ = true;
    } else {
      flush();
    }
  }

  /// Updates now, whatever the clock says: for the last state before a pause.
  void flush() {
    pending_ = false;
    timer_.start();
    update_();
  }

 private:
  QTimer timer_;
  std::function<void()> update_;
  bool pending_ = false;
};

}  // namespace rowlight
