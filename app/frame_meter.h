#pragma once

#include <QApplication>
#include <QElapsedTimer>

#include <vector>

namespace rowlight {

/// The application, measuring itself: how long the GUI thread is busy between two moments in which it waits for
/// events. All that is done in one go counts as one, be it one paint or ten handlers.
class MeteredApplication : public QApplication {
 public:
  MeteredApplication(int& argc, char** argv);

  bool notify(QObject* receiver, QEvent* event) override;

  /// Forgets what was measured and starts to collect.
  void startMeasuring();
  /// Stops; busy times in milliseconds, in the order of events.
  [[nodiscard]] std::vector<double> stopMeasuring();

 private:
  void endBurst();

  int depth_ = 0;
  bool measuring_ = false;
  double burstMs_ = 0;
  QElapsedTimer timer_;
  std::vector<double> busyMs_;
};

}  // namespace rowlight
