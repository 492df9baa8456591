#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QFile>
#include <QLineEdit>
#include <QPushButton>
#include <QScreen>
#include <QSettings>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QStyle>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/main_window.h"
#include "tests/support/written_file.h"
#include "ui/common/elided_label.h"
#include "ui/common/message_strip.h"
#include "ui/cost/cost_page.h"
#include "ui/data/file_doctor.h"
#include "ui/train/train_page.h"

using namespace rowlight;
using rowlight::test::WrittenFiles;

namespace {

constexpr int patience = 20000;  // ms

QElapsedTimer startedNow() {
  QElapsedTimer timer;
  timer.start();
  return timer;
}

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

  static constexpr auto forgetful = MainWindow::Memory::None;

  static bool awaitRatings(MainWindow& window) {
    return QTest::qWaitFor([&] { return window.workbench().frame() && window.workbench().frame()->ratings; }, patience);
  }

 private slots:
  void initTestCase() {
    // The person's own settings stay untouched.
    QVERIFY(home_.isValid());
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, home_.path());
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home_.path());
  }

  void theFirstWindowFitsTheScreen() {
    MainWindow window({}, startedNow(), MainWindow::Memory::Keep);
    const QSize room = window.screen()->availableSize();
    QVERIFY(window.width() < room.width());
    QVERIFY(window.height() <= room.height() - window.style()->pixelMetric(QStyle::PM_TitleBarHeight));
  }

  void aLowScreenCutsNothing() {
    // 1920 x 1080 at 300 %, less a title bar.
    MainWindow window({}, startedNow(), forgetful);
    const QSize least = window.minimumSizeHint();
    QVERIFY2(least.width() <= 640 && least.height() <= 340,
             qPrintable(QStringLiteral("%1 x %2").arg(least.width()).arg(least.height())));
  }

  void motionCanBeReduced() {
    MainWindow window({}, startedNow(), forgetful);
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
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(awaitRatings(window));
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
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
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
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    window.openSample();
    QVERIFY(awaitRatings(window));
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
    MainWindow window({}, startedNow(), forgetful);
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

  void aFileThatIsNoneIsRefusedAndTheRunGoesOn() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("picture.csv"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("\x89PNG\r\n\x1a\n", 8);
    file.close();
    MainWindow window({}, startedNow(), forgetful);
    window.askToDiscard = [](const QString&) { return true; };
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    const RatingSetPtr before = window.workbench().frame()->ratings;
    window.open(path);
    QVERIFY(QTest::qWaitFor([&] { return window.lastErrorExitCode() != 0; }, patience));
    QCOMPARE(window.lastErrorExitCode(), 3);
    auto* strip = window.findChild<TrainPage*>()->messages();
    QVERIFY(strip != nullptr && strip->isVisible());
    QVERIFY2(strip->message().contains(QStringLiteral("PNG")), qPrintable(strip->message()));
    QCOMPARE(window.workbench().frame()->ratings, before);
    QCOMPARE(window.workbench().frame()->progress.epoch, 1);
  }

  void factorsTrainedElsewhereAreReadOnly() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("model.txt"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("f 0\nm 0\nn 3\nk 2\nb 3.5\nq0 T 1 2 \nq1 T 3 -4 \nq2 T 0.5 1 \n");
    file.close();
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.open(path);
    QVERIFY(awaitRatings(window));
    QCOMPARE(window.workbench().frame()->state, RunState::ViewOnly);
    const QString sentence = QStringLiteral("3 × 2 factors from model.txt, read only");
    QCOMPARE(window.findChild<ElidedLabel*>(QStringLiteral("statusData"))->text(), sentence);
    const QString summary = window.findChild<ElidedLabel*>(QStringLiteral("trainSummary"))->text();
    QVERIFY2(summary.startsWith(sentence), qPrintable(summary));
    auto* play = window.findChild<QAction*>(QStringLiteral("actionPlay"));
    QVERIFY(!play->isEnabled());
    QVERIFY2(play->toolTip().contains(QStringLiteral("trained elsewhere")), qPrintable(play->toolTip()));
    auto* users = window.findChild<ElidedLabel*>(QStringLiteral("userPanelExplanation"));
    QCOMPARE(users->text(), QStringLiteral("model.txt holds no user table"));
    QCOMPARE(window.lastErrorExitCode(), 0);

    // The Lookup page has the one table there is, with a batch of one's own.
    window.showPage(Page::Lookup);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->lookup != nullptr; }, patience));
    auto* source = window.findChild<QComboBox*>(QStringLiteral("lookupSource"));
    auto* model = qobject_cast<QStandardItemModel*>(source->model());
    QVERIFY(!model->item(1)->isEnabled() && model->item(2)->isEnabled());
    source->setCurrentIndex(2);
    emit source->activated(2);
    const auto onMovies = [&] { return window.workbench().frame()->lookup->setup.source == LookupSource::Movies; };
    QVERIFY(QTest::qWaitFor(onMovies, patience));
    QVERIFY(!window.workbench().frame()->lookup->setup.follows_training());
    QVERIFY(play->isEnabled());

    // Ratings make it a run again.
    window.openSample();
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->state == RunState::Paused; }, patience));
    window.showPage(Page::Train);
    QVERIFY(QTest::qWaitFor([&] { return play->toolTip().contains(QStringLiteral("Train on")); }, patience));
  }

  void theFileDoctorLeavesTheRunAloneUntilItOpens() {
    WrittenFiles files;
    QByteArray rows("A file of ratings\n");
    for (int i = 0; i < 150; ++i) rows += "not a rating\n";
    rows += "1,1,5\n1,2,3\n2,1,4\n2,3,2\n";
    const QString path = QString::fromStdString(files.write(QStringLiteral("prose.csv"), rows));
    MainWindow window({}, startedNow(), forgetful);
    bool answer = false;
    int questions = 0;
    window.askToDiscard = [&](const QString&) {
      ++questions;
      return answer;
    };
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    const RatingSetPtr before = window.workbench().frame()->ratings;
    window.open(path);
    QVERIFY(QTest::qWaitFor([&] { return window.lastErrorExitCode() == 3; }, patience));
    // From the message to the dialog, which finds the same.
    auto* strip = window.findChild<TrainPage*>()->messages();
    auto* action = strip->findChild<QPushButton*>(QStringLiteral("messageAction"));
    QVERIFY(action != nullptr && action->isVisible());
    action->click();
    auto* doctor = window.findChild<FileDoctor*>();
    QVERIFY(doctor != nullptr && doctor->isVisible());
    QCOMPARE(doctor->path(), path);
    auto* open = doctor->findChild<QPushButton*>(QStringLiteral("doctorOpen"));
    QVERIFY(QTest::qWaitFor([&] { return !doctor->reading(); }, patience));
    QVERIFY(!open->isEnabled());
    doctor->findChild<QSpinBox*>(QStringLiteral("guessSkipLines"))->setValue(151);
    QVERIFY(QTest::qWaitFor([&] { return open->isEnabled(); }, patience));
    QCOMPARE(window.workbench().frame()->ratings, before);
    QCOMPARE(window.workbench().frame()->progress.epoch, 1);
    // A no to the question leaves the run, and the dialog with what it read.
    open->click();
    QCOMPARE(questions, 1);
    QVERIFY(doctor->isVisible() && open->isEnabled());
    QCOMPARE(window.workbench().frame()->ratings, before);
    answer = true;
    open->click();
    QVERIFY(!doctor->isVisible());
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->ratings->size() == 4; }, patience));
    // The report of the file that is open now is at hand, with the options that it was read with.
    auto* report = window.findChild<QAction*>(QStringLiteral("actionFileReport"));
    QVERIFY(report->isEnabled());
    report->trigger();
    QVERIFY(doctor->isVisible() && !open->isEnabled());
    QCOMPARE(doctor->findChild<QSpinBox*>(QStringLiteral("guessSkipLines"))->value(), 151);
    QTest::keyClick(doctor, Qt::Key_Escape);
    QVERIFY(!doctor->isVisible());
  }

  void theSampleHasNoFileReport() {
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    QVERIFY(!window.findChild<QAction*>(QStringLiteral("actionFileReport"))->isEnabled());
    QCOMPARE(window.findChild<QAction*>(QStringLiteral("actionOpenWithOptions"))->shortcut(),
             QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_O));
  }

  void trainedStateIsNotThrownAwayUnasked() {
    MainWindow window({}, startedNow(), forgetful);
    int questions = 0;
    window.askToDiscard = [&](const QString&) {
      ++questions;
      return false;
    };
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    window.workbench().send(Step{StepUnit::Batch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.batches_done == 1; }, patience));
    const RatingSetPtr sample = window.workbench().frame()->ratings;
    // A file that cannot be read takes nothing away, so there is nothing to ask.
    window.open(QStringLiteral("/nowhere/ratings.csv"));
    QVERIFY(QTest::qWaitFor([&] { return window.lastErrorExitCode() == 4; }, patience));
    QCOMPARE(questions, 0);
    window.open(writeRatings());
    QVERIFY(QTest::qWaitFor([&] { return questions == 1; }, patience));
    QTest::qWait(100);
    QCOMPARE(window.workbench().frame()->ratings, sample);
    QCOMPARE(window.workbench().frame()->progress.batches_done, std::uint64_t{1});
  }

  void whatIsTrainedWhileAFileLoadsIsAskedAboutToo() {
    MainWindow window({}, startedNow(), forgetful);
    int questions = 0;
    window.askToDiscard = [&](const QString&) {
      ++questions;
      return true;
    };
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    // Nothing is trained when the file is opened; by the time it is read a batch is.
    window.open(writeRatings(2'000'000));
    window.workbench().send(Step{StepUnit::Batch});
    QVERIFY(QTest::qWaitFor([&] { return !window.workbench().frame()->ratings->synthetic; }, patience));
    QCOMPARE(questions, 1);
  }

  void cancellingTheFirstLoadGivesTheSample() {
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    auto* page = window.findChild<TrainPage*>();
    window.open(writeRatings(2'000'000));
    emit page->loadCancelled();
    QVERIFY(awaitRatings(window));
    QVERIFY(window.workbench().frame()->ratings->synthetic);
    QCOMPARE(window.lastErrorExitCode(), 0);
  }

  void homeAndClosingAskForTheRunOfAFile() {
    MainWindow window({}, startedNow(), forgetful);
    int questions = 0;
    bool answer = false;
    window.askToDiscard = [&](const QString&) {
      ++questions;
      return answer;
    };
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.open(writeRatings());
    QVERIFY(awaitRatings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    QTest::keyClick(&window, Qt::Key_Home);
    QCOMPARE(questions, 1);
    QVERIFY(!window.close());
    QCOMPARE(questions, 2);
    QTest::qWait(50);
    QCOMPARE(window.workbench().frame()->progress.epoch, 1);
    answer = true;
    QTest::keyClick(&window, Qt::Key_Home);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 0; }, patience));
    QCOMPARE(questions, 3);
    QVERIFY(window.close());  // nothing is trained now
    QCOMPARE(questions, 3);
  }

  void homeDoesNotAskInADemonstration() {
    MainWindow window({}, startedNow(), forgetful);
    int questions = 0;
    window.askToDiscard = [&](const QString&) {
      ++questions;
      return true;
    };
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(awaitRatings(window));
    window.workbench().send(Step{StepUnit::Epoch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 1; }, patience));
    QTest::keyClick(&window, Qt::Key_Home);
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.epoch == 0; }, patience));
    QCOMPARE(questions, 0);
    QVERIFY(window.close());
    QCOMPARE(questions, 0);
  }

  void aBadFileOnTheCommandLineStillGivesAWindowWithTheSample() {
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.open(QStringLiteral("/nowhere/ratings.csv"));
    QVERIFY(awaitRatings(window));
    QCOMPARE(window.lastErrorExitCode(), 4);
    QVERIFY(window.workbench().frame()->ratings->synthetic);
  }

  void measuringIsCancelledByItsKey() {
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.openSample();
    QVERIFY(awaitRatings(window));
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
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.workbench().send(MeasureCost{window.findChild<CostPage*>()->options()});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame() && window.workbench().frame()->cost; }, patience));
    QVERIFY(window.close());
  }

  void closesWhileItTrainsAndLoads() {
    MainWindow window({}, startedNow(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(awaitRatings(window));
    window.workbench().send(Play{});
    window.openSample();
    QVERIFY(window.close());
  }

  void pageAndThemeComeBack() {
    {
      MainWindow window({}, startedNow(), MainWindow::Memory::Keep);
      window.show();
      window.showPage(Page::Explore);
      window.chooseTheme(QStringLiteral("dark"));
      window.close();
    }
    MainWindow window({}, startedNow(), MainWindow::Memory::Keep);
    QCOMPARE(window.page(), Page::Explore);
    QCOMPARE(themeOf(QApplication::palette()), Theme::Dark);
  }

 private:
  /// A rating file of `lines` lines; returns its path.
  QString writeRatings(int lines = 3) {
    const QString path = home_.filePath(QStringLiteral("ratings-%1.csv").arg(lines));
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return {};
    for (int i = 0; i < lines; ++i) {
      file.write(QByteArray::number(i % 997) + ',' + QByteArray::number(i) + ",4\n");
    }
    return path;
  }

  QTemporaryDir home_;
};

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
