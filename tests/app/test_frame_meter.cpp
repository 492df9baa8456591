#include <QTest>
#include <QThread>
#include <QTimer>

#include <algorithm>

#include "app/frame_meter.h"

using namespace rowlight;

namespace {

/// Busy for a while in the thread that it lives in, once for each event.
class Busy : public QObject {
 public:
  bool event(QEvent* event) override {
    if (event->type() == QEvent::User) QThread::msleep(80);
    return QObject::event(event);
  }
};

double longest(const std::vector<double>& busy_ms) {
  return busy_ms.empty() ? 0 : *std::max_element(busy_ms.begin(), busy_ms.end());
}

}  // namespace

class TestFrameMeter : public QObject {
  Q_OBJECT

  static MeteredApplication& application() { return *static_cast<MeteredApplication*>(QCoreApplication::instance()); }

 private slots:
  void theGuiThreadIsMeasured() {
    Busy busy;
    application().startMeasuring();
    QCoreApplication::postEvent(&busy, new QEvent(QEvent::User));
    QTest::qWait(150);
    QVERIFY(longest(application().stopMeasuring()) >= 75);
  }

  void otherThreadsAreNot() {
    QThread thread;
    Busy busy;
    busy.moveToThread(&thread);
    thread.start();
    application().startMeasuring();
    for (int i = 0; i < 3; ++i) QCoreApplication::postEvent(&busy, new QEvent(QEvent::User));
    QTest::qWait(400);
    const double most = longest(application().stopMeasuring());
    thread.quit();
    thread.wait();
    QVERIFY2(most < 75, qPrintable(QString::number(most)));
  }
};

int main(int argc, char** argv) {
  MeteredApplication application(argc, argv);
  TestFrameMeter test;
  return QTest::qExec(&test, argc, argv);
}

#include "test_frame_meter.moc"
