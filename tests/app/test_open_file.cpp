#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QTemporaryDir>
#include <QTest>

#include <optional>

#include "tests/support/main_window.h"
#include "tests/support/written_file.h"
#include "ui/common/elided_label.h"
#include "ui/common/message_strip.h"
#include "ui/data/file_doctor.h"
#include "ui/train/train_page.h"

using namespace rowlight;
using rowlight::test::WrittenFiles;
using test::await_ratings;
using test::forgetful;
using test::patience;
using test::started_now;

class TestOpenFile : public QObject {
  Q_OBJECT

 private slots:
  void init() { QSettings().clear(); }

  void aFolderIsLookedIntoWithOptions() {
    const QString folder = QFileInfo(home_.write_ratings(9)).path();
    MainWindow window({}, started_now(), forgetful);
    window.show();
    std::optional<MainWindow::Opening> asked;
    window.askForPath = [&](MainWindow::Opening what, const QString&) {
      asked = what;
      return folder;
    };
    window.findChild<QAction*>(QStringLiteral("actionOpenFolderWithOptions"))->trigger();
    QCOMPARE(asked, std::optional(MainWindow::Opening::Folder));
    auto* doctor = window.findChild<FileDoctor*>();
    QVERIFY(doctor != nullptr && doctor->isVisible());
    QCOMPARE(doctor->path(), folder);
    QVERIFY(QTest::qWaitFor([&] { return !doctor->reading(); }, patience));
    doctor->findChild<QPushButton*>(QStringLiteral("doctorOpen"))->click();
    QVERIFY(await_ratings(window));
    QCOMPARE(window.workbench().frame()->ratings->size(), std::size_t{9});
  }

  void aFolderIsOpenedByItsButton() {
    const QString folder = QFileInfo(home_.write_ratings(9)).path();
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.askForPath = [&](MainWindow::Opening what, const QString&) {
      return what == MainWindow::Opening::Folder ? folder : QString();
    };
    window.findChild<QPushButton*>(QStringLiteral("openFolderButton"))->click();
    QVERIFY(await_ratings(window));
    QCOMPARE(window.workbench().frame()->ratings->size(), std::size_t{9});
  }

  void theFirstFilterOfTheDialogShowsWhatCanBeOpened_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("filter");
    for (const char* name : {"u.data", "ratings.csv", "ratings.dat.gz", "ml-latest-small.zip", "BX-Book-Ratings.csv",
                             "r.arff", "all.tsv", "ua.base"}) {
      QTest::newRow(name) << QString::fromLatin1(name) << 1;
    }
    for (const char* name : {"words.vec", "model.txt", "factors.npy", "run.safetensors", "part-00000.json"}) {
      QTest::newRow(name) << QString::fromLatin1(name) << 2;
    }
  }
  void theFirstFilterOfTheDialogShowsWhatCanBeOpened() {
    QFETCH(QString, file);
    QFETCH(int, filter);
    QFileDialog dialog(nullptr, {}, {}, MainWindow::openFilters());
    const QStringList filters = dialog.nameFilters();
    QCOMPARE(filters.size(), 4);
    QVERIFY(filters.last().contains(QStringLiteral("(*)")));
    for (const int shown : {0, filter}) {
      const QString patterns = filters[shown].section(u'(', 1).chopped(1);
      QVERIFY2(QDir::match(patterns.split(u' '), file), qPrintable(patterns));
    }
  }

  void openRecentReadsTheFileAsItWasOpened() {
    const QString path = home_.write_ratings(9);
    MainWindow window({}, started_now(), MainWindow::Memory::Keep);
    window.show();
    ReadOptions options;
    options.skip_lines = 2;
    window.open(path, options);
    const auto size = [&] { return window.workbench().frame()->ratings->size(); };
    QVERIFY(await_ratings(window));
    QCOMPARE(size(), std::size_t{7});
    window.openSample();
    QVERIFY(QTest::qWaitFor([&] { return size() > 9; }, patience));
    auto* menu = window.findChild<QMenu*>(QStringLiteral("menuRecent"));
    emit menu->aboutToShow();
    QCOMPARE(menu->actions().size(), 1);
    QAction* recent = menu->actions().front();
    QCOMPARE(recent->text(), path + QStringLiteral(" (with options)"));
    QCOMPARE(recent->toolTip(), QStringLiteral("Skip lines: 2"));
    recent->trigger();
    QVERIFY(QTest::qWaitFor([&] { return size() == 7; }, patience));
  }

  void whatARecentFileFailedWithIsLookedInto() {
    MainWindow window({}, started_now(), MainWindow::Memory::Keep);
    window.show();
    ReadOptions options;
    options.skip_lines = 20;
    window.open(home_.write_ratings(9), options);
    QVERIFY(QTest::qWaitFor([&] { return window.lastErrorExitCode() == 3; }, patience));
    auto* strip = window.findChild<TrainPage*>()->messages();
    auto* look = strip->findChild<QPushButton*>(QStringLiteral("messageAction"));
    QVERIFY(look != nullptr && look->isVisible());
    look->click();
    auto* doctor = window.findChild<FileDoctor*>();
    QVERIFY(doctor != nullptr);
    QCOMPARE(doctor->findChild<QSpinBox*>(QStringLiteral("guessSkipLines"))->value(), 20);
  }

  void aFileThatIsNoneIsRefusedAndTheRunGoesOn() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("picture.csv"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("\x89PNG\r\n\x1a\n", 8);
    file.close();
    MainWindow window({}, started_now(), forgetful);
    window.askToDiscard = [](const QString&) { return true; };
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
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
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.open(path);
    QVERIFY(await_ratings(window));
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
    MainWindow window({}, started_now(), forgetful);
    test::DiscardAnswer discard(window, false);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
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
    QCOMPARE(discard.asked, 1);
    QVERIFY(doctor->isVisible() && open->isEnabled());
    QCOMPARE(window.workbench().frame()->ratings, before);
    discard.yes = true;
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
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
    QVERIFY(!window.findChild<QAction*>(QStringLiteral("actionFileReport"))->isEnabled());
    QCOMPARE(window.findChild<QAction*>(QStringLiteral("actionOpenWithOptions"))->shortcut(),
             QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_O));
  }

  void trainedStateIsNotThrownAwayUnasked() {
    MainWindow window({}, started_now(), forgetful);
    test::DiscardAnswer discard(window, false);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
    window.workbench().send(Step{StepUnit::Batch});
    QVERIFY(QTest::qWaitFor([&] { return window.workbench().frame()->progress.batches_done == 1; }, patience));
    const RatingSetPtr sample = window.workbench().frame()->ratings;
    // A file that cannot be read takes nothing away, so there is nothing to ask.
    window.open(QStringLiteral("/nowhere/ratings.csv"));
    QVERIFY(QTest::qWaitFor([&] { return window.lastErrorExitCode() == 4; }, patience));
    QCOMPARE(discard.asked, 0);
    window.open(home_.write_ratings());
    QVERIFY(QTest::qWaitFor([&] { return discard.asked == 1; }, patience));
    QTest::qWait(100);
    QCOMPARE(window.workbench().frame()->ratings, sample);
    QCOMPARE(window.workbench().frame()->progress.batches_done, std::uint64_t{1});
  }

  void whatIsTrainedWhileAFileLoadsIsAskedAboutToo() {
    MainWindow window({}, started_now(), forgetful);
    test::DiscardAnswer discard(window, true);
    window.show();
    window.openSample();
    QVERIFY(await_ratings(window));
    // Nothing is trained when the file is opened; by the time it is read a batch is.
    window.open(home_.write_ratings(2'000'000));
    window.workbench().send(Step{StepUnit::Batch});
    QVERIFY(QTest::qWaitFor([&] { return !window.workbench().frame()->ratings->synthetic; }, patience));
    QCOMPARE(discard.asked, 1);
  }

  void cancellingTheFirstLoadGivesTheSample() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    auto* page = window.findChild<TrainPage*>();
    window.open(home_.write_ratings(2'000'000));
    emit page->loadCancelled();
    QVERIFY(await_ratings(window));
    QVERIFY(window.workbench().frame()->ratings->synthetic);
    QCOMPARE(window.lastErrorExitCode(), 0);
  }

  void aBadFileOnTheCommandLineStillGivesAWindowWithTheSample() {
    MainWindow window({}, started_now(), forgetful);
    window.show();
    window.open(QStringLiteral("/nowhere/ratings.csv"));
    QVERIFY(await_ratings(window));
    QCOMPARE(window.lastErrorExitCode(), 4);
    QVERIFY(window.workbench().frame()->ratings->synthetic);
  }

 private:
  test::OwnHome home_;
};

QTEST_MAIN(TestOpenFile)
#include "test_open_file.moc"
