#include <QAction>
#include <QApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QStyle>
#include <QTableView>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/main_window.h"
#include "ui/cost/cost_page.h"

using namespace rowlight;
using test::await_ratings;
using test::forgetful;
using test::patience;
using test::started_now;

namespace {

/// Share of the films whose genre's centre, among those of all first genres, is the nearest in the picture.
double shareNearOwnCentre(const Projection& projection, const RatingSet& set) {
  std::vector<double> x(set.genres.size(), 0);
  std::vector<double> y(set.genres.size(), 0);
  std::vector<int> count(set.genres.size(), 0);
  const auto genre = [&](std::size_t i) { return set.first_genre(MovieRow{static_cast<std::int32_t>(i)}); };
  for (std::size_t i = 0; i < set.movie_count(); ++i) {
    const auto g = static_cast<std::size_t>(genre(i));
    x[g] += projection.coordinates(i, 0);
    y[g] += projection.coordinates(i, 1);
    ++count[g];
  }
  int own = 0;
  for (std::size_t i = 0; i < set.movie_count(); ++i) {
    double best = INFINITY;
    std::size_t nearest = 0;
    for (std::size_t g = 0; g < count.size(); ++g) {
      if (count[g] == 0) continue;
      const double distance =
          std::hypot(projection.coordinates(i, 0) - x[g] / count[g], projection.coordinates(i, 1) - y[g] / count[g]);
      if (distance < best) {
        best = distance;
        nearest = g;
      }
    }
    own += nearest == static_cast<std::size_t>(genre(i)) ? 1 : 0;
  }
  return static_cast<double>(own) / static_cast<double>(set.movie_count());
}

}  // namespace

class TestMainWindow : public QObject {
  Q_OBJECT

 private slots:
  void theFirstWindowFitsTheScreen() {
    MainWindow window({}, started_now(), MainWindow::Memory::Keep);
    const QSize room = window.screen()->availableSize();
    QVERIFY(window.width() < room.width());
    QVERIFY(window.height() <= room.height() - window.style()->pixelMetric(QStyle::PM_TitleBarHeight));
  }

  void aLowScreenCutsNothing() {
    // 1920 x 1080 at 300 %, less a title bar.
    MainWindow window({}, started_now(), forgetful);
    const QSize least = window.minimumSizeHint();
    QVERIFY2(least.width() <= 640 && least.height() <= 340,
             qPrintable(QStringLiteral("%1 x %2").arg(least.width()).arg(least.height())));
  }

  void motionCanBeReduced() {
    MainWindow window({}, started_now(), forgetful);
    auto* action = window.findChild<QAction*>(QStringLiteral("actionReduceMotion"));
    QVERIFY(action);
    const auto moving = [&] {
      int count = 0;
      for (const QWidget* widget : window.findChildren<QWidget*>()) {
        const QVariant reduced = widget->property("reducedMotion");
        count += reduced.isValid() && !reduced.toBool() ? 1 : 0;
      }
      return count;
    };
    QCOMPARE(moving(), 3);  // both tables, and the lanes
    action->trigger();
    QCOMPARE(moving(), 0);
    action->trigger();
    QCOMPARE(moving(), 3);
  }

  void theFirstMinute() {
    // No arguments, Space, and within five seconds the genres of the sample stand apart.
    MainWindow window({}, started_now(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(await_ratings(window));
    QCOMPARE(window.workbench().frame()->state, RunState::Paused);
    QTest::keyClick(&window, Qt::Key_Space);
    double share = 0;
    QVERIFY(QTest::qWaitFor(
        [&] {
          const Frame& frame = *window.workbench().frame();
          share = frame.projection ? shareNearOwnCentre(*frame.projection, *frame.ratings) : 0;
          return share > 0.9;
        },
        5000));
  }

  void spaceBelongsToTheFieldThatHasTheFocus() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
    auto* search = window.findChild<QLineEdit*>(QStringLiteral("userPanelSearch"));
    QVERIFY(search != nullptr);
    search->setFocus();
    QTest::keyClick(search, Qt::Key_Space);
    QTest::keyClick(search, Qt::Key_3);
    QTest::qWait(50);
    QCOMPARE(search->text(), QStringLiteral(" 3"));
    QCOMPARE(window.workbench().frame()->state, RunState::Paused);
    QCOMPARE(window.page(), Page::Train);
  }

  void theTransportKeysWorkAfterPointingAtARow() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    window.openSample();
    QVERIFY(await_ratings(window));
    auto* table = window.findChild<QTableView*>(QStringLiteral("movieTable"));
    QVERIFY(table != nullptr);
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, QPoint(60, 40));
    QVERIFY(table->hasFocus());
    QTest::keyClick(table, Qt::Key_Right);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.batches_done == 1; }, patience));
    QTest::keyClick(table, Qt::Key_Escape);
    QVERIFY(!table->hasFocus());
    QVERIFY(QApplication::focusWidget() != nullptr);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.batches_done == 2; }, patience));
  }

  void numberKeysChooseThePage() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QTest::keyClick(&window, Qt::Key_4);
    QCOMPARE(window.page(), Page::Cost);
    for (const Page page : {Page::Lookup, Page::Train, Page::Explore, Page::Train}) {
      window.showPage(page);
      QTest::qWait(20);  // what follows the change must not change it back
      QCOMPARE(window.page(), page);
    }
  }

  void homeAndClosingAskForTheRunOfAFile() {
    MainWindow window({}, started_now(), forgetful);
    test::DiscardAnswer discard(window, false);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.open(home_.write_ratings());
    QVERIFY(await_ratings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    QTest::keyClick(&window, Qt::Key_Home);
    QCOMPARE(discard.asked, 1);
    QVERIFY(!window.close());
    QCOMPARE(discard.asked, 2);
    QTest::qWait(50);
    QCOMPARE(window.workbench().frame()->progress.epoch, 1);
    discard.yes = true;
    QTest::keyClick(&window, Qt::Key_Home);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 0; }, patience));
    QCOMPARE(discard.asked, 3);
    QVERIFY(window.close());  // nothing is trained now
    QCOMPARE(discard.asked, 3);
  }

  void homeDoesNotAskInADemonstration() {
    MainWindow window({}, started_now(), forgetful);
    test::DiscardAnswer discard(window, true);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(await_ratings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    QTest::keyClick(&window, Qt::Key_Home);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 0; }, patience));
    QCOMPARE(discard.asked, 0);
    QVERIFY(window.close());
    QCOMPARE(discard.asked, 0);
  }

  void measuringIsCancelledByItsKey() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(await_ratings(window));
    window.showPage(Page::Cost);
    window.workbench().send(Play{StepUnit::Batch, 100});
    auto* measure = window.findChild<QPushButton*>(QStringLiteral("costMeasure"));
    QVERIFY(measure != nullptr);
    measure->click();
    const auto cost = [&] { return window.workbench().frame()->cost; };
    QVERIFY(QTest::qWaitFor([&] { return cost() && cost()->values_done > 0; }, patience));
    QVERIFY(cost()->paused_training);
    QCOMPARE(window.workbench().frame()->state, RunState::Paused);
    QTest::keyClick(&window, Qt::Key_Period, Qt::ControlModifier);
    QVERIFY(QTest::qWaitFor([&] { return cost()->cancelled; }, patience));
    QVERIFY(!cost()->running);
    QVERIFY(cost()->values_done < cost()->values_total);
  }

  void closesWhileItMeasures() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.workbench().send(MeasureCost{window.findChild<CostPage*>()->options()});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame() && window.workbench().frame()->cost; }, patience));
    QVERIFY(window.close());
  }

  void closesWhileItTrainsAndLoads() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
    window.workbench().send(Play{});
    window.openSample();
    QVERIFY(window.close());
  }

  void pageAndThemeComeBack() {
    {
      MainWindow window({}, started_now(), MainWindow::Memory::Keep);
      window.show();
      window.showPage(Page::Explore);
      window.chooseTheme(QStringLiteral("dark"));
      window.close();
    }
    MainWindow window({}, started_now(), MainWindow::Memory::Keep);
    QCOMPARE(window.page(), Page::Explore);
    QCOMPARE(themeOf(QApplication::palette()), Theme::Dark);
  }

 private:
  test::OwnHome home_;
};

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
