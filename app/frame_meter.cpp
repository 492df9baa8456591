#include "app/frame_meter.h"

#include <QAbstractEventDispatcher>
#include <QThread>

#include <utility>

namespace rowlight {

namespace {
constexpr double nanosecondsPerMs = 1e6;
}

MeteredApplication::MeteredApplication(int& argc, char** argv) : QApplication(argc, argv) {
  connect(QAbstractEventDispatcher::instance(), &QAbstractEventDispatcher::aboutToBlock, this, [this] { endBurst(); });
}

bool MeteredApplication::notify(QObject* receiver, QEvent* event) {
  // Events of objects that live in other threads come here too, on those threads.
  if (QThread::currentThread() != thread()) return QApplication::notify(receiver, event);
  if (!measuring_ || depth_ > 0) return QApplication::notify(receiver, event);
  ++depth_;
  timer_.start();
  const bool handled = QApplication::notify(receiver, event);
  burstMs_ += static_cast<double>(timer_.nsecsElapsed()) / nanosecondsPerMs;
  --depth_;
  return handled;
}

void MeteredApplication::startMeasuring() {
  busyMs_.clear();
  burstMs_ = 0;
  measuring_ = true;
}

std::vector<double> MeteredApplication::stopMeasuring() {
  endBurst();
  measuring_ = false;
  return std::exchange(busyMs_, {});
}

void MeteredApplication::endBurst() {
  if (measuring_ && burstMs_ > 0) busyMs_.push_back(burstMs_);
  burstMs_ = 0;
}

}  // namespace rowlight
