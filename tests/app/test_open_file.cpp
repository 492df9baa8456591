#include <QAction>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>

#include <optional>

#include "tests/support/main_window.h"
#include "ui/common/message_strip.h"
#include "ui/data/file_doctor.h"
#include "ui/train/train_page.h"

using namespace rowlight;
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

 private:
  test::OwnHome home_;
};

QTEST_MAIN(TestOpenFile)
#include "test_open_file.moc"
