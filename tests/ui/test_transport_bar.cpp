#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QLabel>
#include <QSlider>
#include <QTest>
#include <QVBoxLayout>

#include "tests/support/shell_frames.h"
#include "ui/common/elided_label.h"
#include "ui/common/icons.h"
#include "ui/common/transport_bar.h"

using namespace rowlight;
using namespace rowlight::test;

class TestTransportBar : public QObject {
  Q_OBJECT

  struct Window : QWidget {
    Window() : bar(new TransportBar(&workbench)), sent(workbench) {
      (new QVBoxLayout(this))->addWidget(bar);
      setFocusPolicy(Qt::StrongFocus);
      resize(1100, 60);
      show();
      activateWindow();
      [[maybe_unused]] const bool active = QTest::qWaitForWindowActive(this);
      setFocus();
    }
    template <class T>
    T* find(const char* name) {
      return bar->findChild<T*>(QLatin1String(name));
    }
    void click(const char* name) { QTest::mouseClick(find<QAbstractButton>(name), Qt::LeftButton); }

    Workbench workbench;
    TransportBar* bar;
    SentCommands sent;
  };

 private slots:
  void keysSendCommands() {
    Window window;
    present(window.workbench, shellFrame());
    QTest::keyClick(&window, Qt::Key_Space);
    QVERIFY(window.sent.last<Play>());
    QCOMPARE(window.sent.last<Play>()->unit, StepUnit::Batch);
    QCOMPARE(window.sent.last<Play>()->units_per_second, 0.0);
    present(window.workbench, shellFrame(RunState::Playing));
    QTest::keyClick(&window, Qt::Key_Space);
    QVERIFY(window.sent.last<Pause>());
    QTest::keyClick(&window, Qt::Key_Right);
    QVERIFY(window.sent.last<Step>());
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Batch);
    QTest::keyClick(&window, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Epoch);
    QTest::keyClick(&window, Qt::Key_Home);
    QVERIFY(window.sent.last<Reset>());
    QCOMPARE(window.sent.all.size(), std::size_t{5});
  }

  void unitsAndSpeedHaveKeys() {
    Window window;
    present(window.workbench, shellFrame());
    QTest::keyClick(&window, Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(window.bar->unit(), StepUnit::Operation);
    QVERIFY(window.find<QAction>("actionUnitOperation")->isChecked());
    QVERIFY(window.find<QAbstractButton>("unit_operation")->toolTip().contains(QStringLiteral("Ctrl+1")));
    QTest::keyClick(&window, Qt::Key_3, Qt::ControlModifier);
    QCOMPARE(window.bar->unit(), StepUnit::Epoch);
    const int fastest = window.find<QSlider>("speedSlider")->value();
    QTest::keyClick(&window, Qt::Key_Down, Qt::ControlModifier);
    QVERIFY(window.find<QSlider>("speedSlider")->value() < fastest);
    QTest::keyClick(&window, Qt::Key_Up, Qt::ControlModifier);
    QCOMPARE(window.find<QSlider>("speedSlider")->value(), fastest);
    window.workbench.send(Play{StepUnit::Batch, 0});  // by somebody else
    QVERIFY(window.find<QAction>("actionUnitBatch")->isChecked());
  }

  void rightStepsWhileTheUnitsHaveTheFocus() {
    Window window;
    present(window.workbench, shellFrame());
    auto* speed = window.find<QSlider>("speedSlider");
    speed->setFocus();
    QTest::keyClick(speed, Qt::Key_Backtab);
    auto* batch = window.find<QAbstractButton>("unit_batch");
    QCOMPARE(QApplication::focusWidget(), batch);  // Tab enters the unit that is chosen
    QTest::keyClick(batch, Qt::Key_Up);
    auto* operation = window.find<QAbstractButton>("unit_operation");
    QCOMPARE(QApplication::focusWidget(), operation);
    QCOMPARE(window.bar->unit(), StepUnit::Operation);
    QTest::keyClick(operation, Qt::Key_Right);
    QVERIFY(window.sent.last<Step>());
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Operation);
    QCOMPARE(window.bar->unit(), StepUnit::Operation);
    QTest::keyClick(operation, Qt::Key_Tab);
    QCOMPARE(QApplication::focusWidget(), speed);
  }

  void clicksSendCommandsAndLeaveTheFocus() {
    Window window;
    present(window.workbench, shellFrame());
    window.click("unit_operation");
    QVERIFY(window.sent.all.empty());  // nothing plays
    window.click("buttonStep");
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Operation);
    window.click("buttonStepLarge");
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Batch);
    window.click("buttonReset");
    QVERIFY(window.sent.last<Reset>());
    window.click("buttonPlay");
    QCOMPARE(window.sent.last<Play>()->unit, StepUnit::Operation);
    QVERIFY(window.hasFocus());
  }

  void spaceOnAFocusedButtonPressesThatButton() {
    Window window;
    present(window.workbench, shellFrame());
    auto* reset = window.find<QAbstractButton>("buttonReset");
    reset->setFocus(Qt::TabFocusReason);
    QTest::keyClick(reset, Qt::Key_Space);
    QVERIFY(window.sent.last<Reset>());
    QCOMPARE(window.sent.all.size(), std::size_t{1});
  }

  void changingUnitOrSpeedWhilePlayingPlaysOn() {
    Window window;
    present(window.workbench, shellFrame());
    window.click("buttonPlay");
    present(window.workbench, shellFrame(RunState::Playing));
    window.click("unit_epoch");
    QCOMPARE(window.sent.last<Play>()->unit, StepUnit::Epoch);
    window.find<QSlider>("speedSlider")->setValue(0);
    QCOMPARE(window.sent.last<Play>()->units_per_second, 1.0);
    QCOMPARE(window.sent.all.size(), std::size_t{3});
  }

  void aRequestedStepIsNotTurnedIntoPlaying() {
    Window window;
    present(window.workbench, shellFrame());
    window.click("buttonStepLarge");
    present(window.workbench, shellFrame(RunState::Playing));
    window.find<QSlider>("speedSlider")->setValue(0);
    QCOMPARE(window.sent.all.size(), std::size_t{1});
  }

  void followsACommandOfSomebodyElse() {
    Window window;
    present(window.workbench, shellFrame());
    window.workbench.send(Play{StepUnit::Operation, 1});
    QCOMPARE(window.bar->unit(), StepUnit::Operation);
    QCOMPARE(window.bar->unitsPerSecond(), 1.0);
    QCOMPARE(window.find<QLabel>("speedText")->text(), QStringLiteral("1 operation/s"));
    QCOMPARE(window.sent.all.size(), std::size_t{1});
  }

  void whatCannotBeDoneIsDisabled_data() {
    QTest::addColumn<int>("state");
    QTest::addColumn<bool>("goes");
    QTest::addColumn<bool>("resets");
    QTest::newRow("empty") << static_cast<int>(RunState::Empty) << false << false;
    QTest::newRow("paused") << static_cast<int>(RunState::Paused) << true << true;
    QTest::newRow("playing") << static_cast<int>(RunState::Playing) << true << true;
    QTest::newRow("finished") << static_cast<int>(RunState::Finished) << false << true;
    QTest::newRow("diverged") << static_cast<int>(RunState::Diverged) << false << true;
  }
  void whatCannotBeDoneIsDisabled() {
    QFETCH(int, state);
    QFETCH(bool, goes);
    QFETCH(bool, resets);
    Window window;
    present(window.workbench, shellFrame(static_cast<RunState>(state)));
    QCOMPARE(window.find<QAction>("actionPlay")->isEnabled(), goes);
    QCOMPARE(window.find<QAction>("actionStep")->isEnabled(), goes);
    QCOMPARE(window.find<QAction>("actionStepLarge")->isEnabled(), goes);
    QCOMPARE(window.find<QAction>("actionReset")->isEnabled(), resets);
    QTest::keyClick(&window, Qt::Key_Right);
    QCOMPARE(window.sent.all.size(), goes ? std::size_t{1} : std::size_t{0});
  }

  void stepsBackOnTheLookupPageOnly() {
    Window window;
    present(window.workbench, shellFrame());
    QVERIFY(!window.find<QAction>("actionStepBack")->isEnabled());
    QTest::keyClick(&window, Qt::Key_Left);
    QVERIFY(window.sent.all.empty());
    Frame frame = shellFrame(RunState::Finished);
    auto lookup = std::make_shared<LookupView>();
    lookup->shown_step = 5;
    frame.lookup = lookup;
    present(window.workbench, frame);
    QTest::keyClick(&window, Qt::Key_Left);
    QCOMPARE(window.sent.last<SeekLookup>()->step, 4);
    // A pass on the toy goes on although the training is finished.
    window.click("unit_operation");
    QTest::keyClick(&window, Qt::Key_Right);
    QCOMPARE(window.sent.last<Step>()->unit, StepUnit::Operation);
  }

  void nothingToResetBeforeTheFirstBatch() {
    Window window;
    Frame frame = shellFrame();
    frame.progress.batches_done = 0;
    frame.batch = nullptr;
    present(window.workbench, frame);
    QVERIFY(!window.find<QAction>("actionReset")->isEnabled());
  }

  void speedsRiseFromOneToFull() {
    QCOMPARE(unitsPerSecondAt(0), 1.0);
    QCOMPARE(unitsPerSecondAt(speed_positions - 1), 1000.0);
    QCOMPARE(unitsPerSecondAt(speed_positions), 0.0);
    for (int i = 1; i < speed_positions; ++i) QVERIFY(unitsPerSecondAt(i) >= unitsPerSecondAt(i - 1));
    for (const double rate : {0.0, 1.0, 10.0, 100.0, 1000.0}) {
      QCOMPARE(unitsPerSecondAt(speedPositionOf(rate)), rate);
    }
  }

  void positionIsNotCutInASmallWindow() {
    Window window;
    window.resize(820, 60);
    present(window.workbench, shellFrame());
    QCoreApplication::processEvents();
    auto* position = window.find<ElidedLabel>("transportPosition");
    QCOMPARE(position->text(), QStringLiteral("epoch 2 of 5, batch 310 of 1,250"));
    QVERIFY(position->toolTip().isEmpty());  // set only when elided
  }

  void iconsAreDrawnInTheTextColour() {
    QPalette palette = qApp->palette();
    palette.setColor(QPalette::WindowText, QColor(200, 10, 20));
    qApp->setPalette(palette);
    const QImage image = themedIcon(QStringLiteral("play")).pixmap(32, 32).toImage();
    QCOMPARE(image.pixelColor(14, 16), QColor(200, 10, 20));
    QCOMPARE(image.pixelColor(0, 0).alpha(), 0);
  }
};

QTEST_MAIN(TestTransportBar)
#include "test_transport_bar.moc"
