#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTest>

#include <memory>
#include <optional>

#include "tests/support/doctor.h"
#include "ui/common/palette.h"
#include "ui/data/guess_values.h"
#include "ui/data/report_tabs.h"

using namespace rowlight;
using test::Doctor;
using test::failureOf;
using test::file;
using test::inspectionOf;
using test::plainReport;

class TestFileDoctor : public QObject {
  Q_OBJECT

 private slots:
  void examiningAsksForTheFileAtOnce() {
    Doctor doctor;
    doctor.dialog.examine(file);
    QCOMPARE(doctor.requests, 1);
    QVERIFY(doctor.dialog.isVisible() && doctor.dialog.reading() && !doctor.canOpen());
    QVERIFY(doctor.dialog.windowTitle().contains(QStringLiteral("ratings.csv")));
    doctor.dialog.showInspection(inspectionOf(plainReport()));
    QVERIFY(!doctor.dialog.reading() && doctor.canOpen());
    QCOMPARE(doctor.text("doctorVerdict"),
             QStringLiteral("100,000 ratings of 1,682 items by 943 users, 1 to 5, mean 3.53."));
    const QString counts = doctor.text("doctorCounts");
    for (const char* part : {"100,003 lines", "1.98 MB", "2 left out", "10, 4 of them", "99,990 ratings stay"}) {
      QVERIFY2(counts.contains(QLatin1String(part)), qPrintable(counts));
    }
  }

  void whatWasDetectedStandsInTheFieldsAndWhyUnderThem() {
    Doctor doctor;
    doctor.read();
    QCOMPARE(doctor.find<QComboBox>("guessDelimiter")->currentText(), QStringLiteral("auto (TAB)"));
    QCOMPARE(doctor.find<QComboBox>("guessFormat")->currentText(), QStringLiteral("auto (delimited)"));
    QCOMPARE(doctor.find<QComboBox>("guessHeader")->currentText(), QStringLiteral("auto (no)"));
    QCOMPARE(doctor.find<QLineEdit>("guessColumns")->placeholderText(), QStringLiteral("auto (user,item,rating)"));
    QCOMPARE(doctor.find<QLineEdit>("guessScale")->placeholderText(), QStringLiteral("auto (1 to 5)"));
    QCOMPARE(doctor.text("guessDelimiterEvidence"), QStringLiteral("256 lines of the first 256 have 3 fields."));
    QVERIFY(doctor.text("guessDuplicatesEvidence").contains(QStringLiteral("10")));
    QVERIFY(!doctor.find<QLabel>("guessEncodingEvidence")->isVisible());
    QCOMPARE(doctor.requests, 1);  // showing what was found is no change
  }

  void eachFieldAsksWithItsOption_data() {
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("input");
    QTest::addColumn<QString>("option");
    QTest::addColumn<QString>("value");
    const auto row = [](const char* field, const char* input, const char* option, const char* value) {
      QTest::newRow(option) << QString::fromLatin1(field) << QString::fromLatin1(input) << QString::fromLatin1(option)
                            << QString::fromLatin1(value);
    };
    row("guessFormat", "movielens-dat", "format", "movielens-dat");
    row("guessColumns", "item,user,rating", "columns", "item,user,rating");
    row("guessHeader", "yes, it names the columns", "header", "yes");
    row("guessSkipLines", "3", "skip-lines", "3");
    row("guessEncoding", "latin-1", "encoding", "latin-1");
    row("guessScale", "0.5 to 5", "scale", "0.5:5");
    row("guessMissing", "0", "missing", "0");
    row("guessDuplicates", "take the mean", "duplicates", "mean");
    row("guessItems", "/titles.csv", "items", "/titles.csv");
    row("guessMaxBadLines", "5,000", "max-bad-lines", "5000");
    row("guessDelimiter", "white space", "delimiter", " ");
  }
  void eachFieldAsksWithItsOption() {
    QFETCH(QString, field);
    QFETCH(QString, input);
    QFETCH(QString, option);
    QFETCH(QString, value);
    Doctor doctor;
    doctor.read();
    auto* editor = doctor.dialog.findChild<QWidget*>(field);
    QVERIFY(editor);
    QVERIFY(!editor->accessibleName().isEmpty() && !editor->toolTip().isEmpty());
    if (auto* combo = qobject_cast<QComboBox*>(editor)) {
      QVERIFY(combo->findText(input) >= 0);
      combo->setCurrentIndex(combo->findText(input));
    } else if (auto* spin = qobject_cast<QSpinBox*>(editor)) {
      spin->setValue(input.toInt());
    } else {
      doctor.type(qPrintable(field), qPrintable(input));
    }
    QVERIFY(!doctor.canOpen());  // what was read is not what the fields say
    QVERIFY(doctor.awaitRequest(1));
    for (const Guess guess : all_guesses) {
      QCOMPARE(valueOf(guess, doctor.asked), optionOf(guess) == option ? value : QString());
    }
  }

  void aDelimiterMayBeTyped() {
    Doctor doctor;
    doctor.read();
    auto* edit = doctor.find<QComboBox>("guessDelimiter")->lineEdit();
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, QStringLiteral("~"));
    QVERIFY(doctor.awaitRequest(1));
    QCOMPARE(doctor.asked.delimiter, std::optional<std::string>("~"));
    edit->selectAll();
    QTest::keyClicks(edit, QStringLiteral("tab"));
    QVERIFY(doctor.awaitRequest(2));
    QCOMPARE(doctor.asked.delimiter, std::optional<std::string>("\t"));
    edit->selectAll();
    QTest::keyClick(edit, Qt::Key_Delete);
    QVERIFY(doctor.awaitRequest(3));
    QVERIFY(!doctor.asked.delimiter);
  }

  void typingIsReadWhenItRests() {
    Doctor doctor;
    doctor.read();
    doctor.type("guessColumns", "user,item,rating");
    QCOMPARE(doctor.requests, 1);
    QVERIFY(doctor.awaitRequest(1));
    QTest::qWait(300);
    QCOMPARE(doctor.requests, 2);
    // Enter does not wait.
    doctor.type("guessColumns", "item,user,rating");
    QTest::keyClick(doctor.find<QLineEdit>("guessColumns"), Qt::Key_Return);
    QCOMPARE(doctor.requests, 3);
    QVERIFY(!doctor.opened);
  }

  void aChangeWhileReadingCancelsIt() {
    Doctor doctor;
    doctor.dialog.examine(file);
    doctor.find<QSpinBox>("guessSkipLines")->setValue(3);
    QCOMPARE(doctor.cancels, 1);
    QVERIFY(doctor.awaitRequest(1));
    QCOMPARE(doctor.asked.skip_lines, std::uint64_t{3});
    QCOMPARE(doctor.cancels, 1);
  }

  void whatIsNoValueIsSaidAtItsFieldAndNotAskedFor() {
    Doctor doctor;
    doctor.read();
    doctor.type("guessScale", "five");
    auto* problem = doctor.find<QLabel>("guessScaleProblem");
    QVERIFY(problem->isVisible() && problem->text().contains(QStringLiteral("1:5")));
    QTest::qWait(300);
    QCOMPARE(doctor.requests, 1);
    QVERIFY(!doctor.canOpen());
    doctor.type("guessScale", "1:5");
    QVERIFY(!problem->isVisible());
    QVERIFY(doctor.awaitRequest(1));
    QCOMPARE(doctor.asked.scale->high, 5.0F);
  }

  void aRefusedOptionIsSaidAtItsField_data() {
    QTest::addColumn<QString>("named");
    QTest::addColumn<QString>("label");
    QTest::newRow("named") << QStringLiteral("skip_lines") << QStringLiteral("guessSkipLinesProblem");
    QTest::newRow("refused alone") << QString() << QStringLiteral("guessColumnsProblem");
  }
  void aRefusedOptionIsSaidAtItsField() {
    QFETCH(QString, named);
    QFETCH(QString, label);
    Doctor doctor;
    doctor.read();
    ReadOptions options;
    options.columns = "user,item";
    options.encoding = "latin-1";
    doctor.dialog.examine(file, options);
    Error error{ErrorKind::Usage, "the option does not go", "give another", {}, 0, 0};
    error.field = named.toStdString();
    doctor.dialog.showInspection(failureOf(error, {}, options));
    QVERIFY(doctor.dialog.findChild<QLabel*>(label)->isVisible());
    int shown = 0;
    for (const QLabel* problem : doctor.dialog.findChildren<QLabel*>()) {
      shown += problem->objectName().endsWith(QStringLiteral("Problem")) && problem->isVisible() ? 1 : 0;
    }
    QCOMPARE(shown, 1);
    QVERIFY(!doctor.canOpen());
    QVERIFY(doctor.text("doctorVerdict").contains(QStringLiteral("Correct the field")));
  }

  void aRefusedOptionLeavesWhatIsKnownOfTheFile() {
    Doctor doctor;
    doctor.read();
    doctor.type("guessColumns", "user,item");
    QVERIFY(doctor.awaitRequest(1));
    doctor.dialog.showInspection(
        failureOf({ErrorKind::Usage, "rating is named nowhere", "name it", {}, 0, 0}, {}, doctor.asked));
    QVERIFY(doctor.find<QLabel>("guessColumnsProblem")->isVisible());
    QCOMPARE(doctor.find<QTableView>("previewTable")->model()->rowCount(), 2);
    QCOMPARE(doctor.find<QComboBox>("guessDelimiter")->currentText(), QStringLiteral("auto (TAB)"));
    QVERIFY(!doctor.canOpen());
  }

  void anErrorOfTheFileIsInTheVerdictAndWithTheProblems() {
    Doctor doctor;
    doctor.dialog.examine(file);
    LoadReport until;
    until.delimiter = ",";
    until.encoding = "ascii";
    until.bad_line_count = plainReport().bad_line_count;
    until.bad_lines = plainReport().bad_lines;
    doctor.dialog.showInspection(failureOf(
        {ErrorKind::BadInput, "'abc' is not a rating", "expected a number", file.toStdString(), 1200, 7}, until));
    const QString sentence = QStringLiteral("Line 1,200, column 7: 'abc' is not a rating: expected a number.");
    QCOMPARE(doctor.text("doctorVerdict"), sentence);
    QVERIFY(doctor.text("problemStopped").contains(sentence));
    QVERIFY(doctor.text("doctorCounts").contains(QStringLiteral("delimiter ,")));
    QCOMPARE(doctor.find<QTabWidget>("reportTabs")->currentIndex(), static_cast<int>(ReportTabs::Problems));
    QVERIFY(!doctor.canOpen());
    // Once it reads well the preview is what one wants to see.
    doctor.find<QSpinBox>("guessSkipLines")->setValue(1);
    QVERIFY(doctor.awaitRequest(1));
    doctor.dialog.showInspection(inspectionOf(plainReport(), doctor.asked));
    QCOMPARE(doctor.find<QTabWidget>("reportTabs")->currentIndex(), static_cast<int>(ReportTabs::Preview));
    QVERIFY(doctor.canOpen());
  }

  void progressIsInBytesAndCancelStopsTheReading() {
    Doctor doctor;
    doctor.dialog.examine(file);
    doctor.dialog.showProgress(1'500'000, 6'000'000);
    auto* bar = doctor.find<QProgressBar>("doctorProgress");
    QVERIFY(QTest::qWaitFor([&] { return bar->isVisible(); }, 2000));
    QCOMPARE(bar->value(), 250);
    QCOMPARE(bar->format(), QStringLiteral("1.50 MB of 6.00 MB"));
    doctor.find<QPushButton>("doctorCancel")->click();
    QCOMPARE(doctor.cancels, 1);
    QVERIFY(!bar->isVisible() && doctor.dialog.isVisible() && !doctor.canOpen());
    QVERIFY(doctor.text("doctorVerdict").contains(QStringLiteral("cancelled")));
  }

  void escapeStopsTheReadingAndThenCloses() {
    Doctor doctor;
    doctor.dialog.examine(file);
    QTest::keyClick(&doctor.dialog, Qt::Key_Escape);
    QCOMPARE(doctor.cancels, 1);
    QVERIFY(doctor.dialog.isVisible());
    QTest::keyClick(&doctor.dialog, Qt::Key_Escape);
    QVERIFY(!doctor.dialog.isVisible());
    QCOMPARE(doctor.cancels, 1);
  }

  void closingWhileReadingJustWorks() {
    Doctor doctor;
    doctor.dialog.examine(file);
    doctor.dialog.close();
    QVERIFY(!doctor.dialog.isVisible());
    QCOMPARE(doctor.cancels, 1);
    doctor.dialog.examine(file);
    doctor.find<QPushButton>("doctorClose")->click();
    QVERIFY(!doctor.dialog.isVisible());
    QCOMPARE(doctor.cancels, 2);
  }

  void enterOpensWhatWasRead() {
    Doctor doctor;
    doctor.read();
    QTest::keyClick(doctor.find<QComboBox>("guessFormat"), Qt::Key_Return);
    QVERIFY(doctor.opened && doctor.opened->ratings);
    QCOMPARE(doctor.opened->path, file);
    QVERIFY(doctor.dialog.isVisible());  // the run may be kept: who listens closes it
  }

  void ratingsOfOtherOptionsAreLetGo() {
    Doctor doctor;
    doctor.dialog.examine(file);
    Inspection inspection = inspectionOf(plainReport());
    const std::weak_ptr<const RatingSet> ratings = inspection.ratings;
    doctor.dialog.showInspection(inspection);
    inspection = {};
    QVERIFY(!ratings.expired());
    doctor.find<QSpinBox>("guessSkipLines")->setValue(2);
    QVERIFY(ratings.expired());
  }

  void whatIsOpenIsNotReadAgain() {
    Doctor doctor;
    ReadOptions options;
    options.skip_lines = 3;
    Inspection inspection = inspectionOf(plainReport(), options);
    inspection.ratings = nullptr;
    doctor.dialog.showOpened(inspection);
    QVERIFY(doctor.dialog.isVisible() && !doctor.canOpen());
    QTest::qWait(300);
    QCOMPARE(doctor.requests, 0);
    QCOMPARE(doctor.find<QSpinBox>("guessSkipLines")->value(), 3);
    QVERIFY(doctor.text("doctorVerdict").startsWith(QStringLiteral("100,000 ratings")));
    QCOMPARE(doctor.find<QTabWidget>("reportTabs")->currentIndex(), static_cast<int>(ReportTabs::Problems));
    doctor.find<QSpinBox>("guessSkipLines")->setValue(2);
    QVERIFY(doctor.awaitRequest(0));
  }

  void tabWalksFromTheGuessesOverTheReportToTheButtons() {
    Doctor doctor;
    doctor.read();
    QVERIFY(QTest::qWaitForWindowActive(&doctor.dialog));
    doctor.find<QComboBox>("guessFormat")->setFocus();
    QStringList met;
    for (int i = 0; i < 24 && met.count(QStringLiteral("guessFormat")) < 1; ++i) {
      QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
      met << QApplication::focusWidget()->objectName();
    }
    QStringList expected{"guessDelimiter", "guessColumns",     "guessHeader",      "guessSkipLines",
                         "guessEncoding",  "guessScale",       "guessMissing",     "guessDuplicates",
                         "guessItems",     "guessItemsChoose", "guessMaxBadLines", "qt_tabwidget_tabbar",
                         "previewTable",   "doctorOpen",       "doctorClose",      "guessFormat"};
    QCOMPARE(met, expected);
  }

  void sizesAreRemembered() {
    Doctor doctor;
    doctor.dialog.resize(777, 555);
    const QByteArray state = doctor.dialog.saveState();
    Doctor other;
    QVERIFY(other.dialog.restoreState(state));
    QCOMPARE(other.dialog.size(), QSize(777, 555));
    QVERIFY(!other.dialog.restoreState("nonsense"));
  }

  void aSmallScreenCutsNothing() {
    // 1920 x 1080 at 300 %, less a title bar.
    Doctor doctor;
    doctor.dialog.examine(file);
    doctor.dialog.showInspection(
        failureOf({ErrorKind::BadInput, std::string(300, 'x') + " is not a rating", "expected a number", {}, 1200, 7}));
    const QSize least = doctor.dialog.minimumSizeHint();
    QVERIFY2(least.width() <= 640 && least.height() <= 330,
             qPrintable(QStringLiteral("%1 x %2").arg(least.width()).arg(least.height())));
  }

  void theDarkThemeColoursTheVerdict() {
    Doctor doctor;
    doctor.dialog.setPalette(themePalette(Theme::Dark));
    doctor.dialog.examine(file);
    doctor.dialog.showInspection(failureOf({ErrorKind::BadInput, "the file is empty", "", {}, 0, 0}));
    const QLabel* verdict = doctor.find<QLabel>("doctorVerdict");
    QCOMPARE(verdict->palette().color(QPalette::WindowText), warningColor(Theme::Dark));
  }
};

QTEST_MAIN(TestFileDoctor)
#include "test_file_doctor.moc"
