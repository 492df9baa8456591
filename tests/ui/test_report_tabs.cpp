#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QElapsedTimer>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QStandardItemModel>
#include <QTabWidget>
#include <QTableView>
#include <QTest>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "tests/support/doctor.h"
#include "ui/common/palette.h"
#include "ui/data/guess_values.h"
#include "ui/data/report_models.h"
#include "ui/data/report_tabs.h"
#include "ui/data/report_text.h"
#include "ui/data/verbatim_delegate.h"

using namespace rowlight;
using test::Doctor;
using test::failureOf;
using test::file;
using test::inspectionOf;
using test::plainReport;

namespace {

/// What the delegate paints.
QImage painted(const QString& text, const QPalette& palette, QStyle::State state) {
  QStandardItemModel model(1, 1);
  model.setItem(0, new QStandardItem(text));
  QImage image(80, 24, QImage::Format_RGB32);
  image.fill(palette.color(QPalette::Base));
  QPainter painter(&image);
  QStyleOptionViewItem option;
  option.rect = image.rect();
  option.palette = palette;
  option.state = state;
  VerbatimDelegate().paint(&painter, option, model.index(0, 0));
  painter.end();
  return image;
}

/// How far the pixel that stands out most is from the ground, when the delegate paints the text.
int strongestInk(const QString& text, const QPalette& palette) {
  const QImage image = painted(text, palette, QStyle::State_Enabled | QStyle::State_Active);
  const QColor ground = palette.color(QPalette::Base);
  int most = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      most = std::max(most, std::abs(qGray(image.pixel(x, y)) - qGray(ground.rgb())));
    }
  }
  return most;
}

}  // namespace

class TestReportTabs : public QObject {
  Q_OBJECT

 private slots:
  void optionsThatAHintNamesHaveTheirLabels() {
    QCOMPARE(errorSentence({ErrorKind::BadInput, "no rating", "name the columns in order with --columns", {}, 0, 0}),
             QStringLiteral("No rating: name the columns in order with “%1”.").arg(labelOf(Guess::Columns)));
    QCOMPARE(errorSentence({ErrorKind::BadInput, "a pair again", "skip it with --skip-lines or --columns 1", {}, 0, 0}),
             QStringLiteral("A pair again: skip it with “%1” or “%2” 1.")
                 .arg(labelOf(Guess::SkipLines), labelOf(Guess::Columns)));
  }

  void theOptionThatAHintNamesIsSetByAButton() {
    Doctor doctor;
    doctor.dialog.examine(file);
    LoadReport until;
    until.evidence = {{"delimiter", "TAB", "256 lines of the first 256 have 3 fields"}};
    doctor.dialog.showInspection(failureOf(
        {ErrorKind::BadInput, "text stands above the ratings", "skip the lines above with --skip-lines 3", {}, 1, 0},
        until));
    const QString sentence =
        QStringLiteral("Line 1: Text stands above the ratings: skip the lines above with “Skip lines” 3.");
    QCOMPARE(doctor.text("doctorVerdict"), sentence);
    QCOMPARE(doctor.text("guessSkipLinesProblem"), sentence);
    QCOMPARE(doctor.find<QComboBox>("guessDelimiter")->currentText(), QStringLiteral("auto (TAB)"));
    auto* mend = doctor.find<QPushButton>("problemMend");
    QVERIFY(mend->isVisible());
    QCOMPARE(mend->text(), QStringLiteral("Set “Skip lines” to 3"));
    QTest::mouseClick(mend, Qt::LeftButton);
    QCOMPARE(doctor.requests, 2);
    QCOMPARE(doctor.asked.skip_lines, std::uint64_t{3});
    doctor.dialog.showInspection(inspectionOf(plainReport(), doctor.asked));
    QVERIFY(mend->isHidden() && doctor.canOpen());
    QVERIFY(!doctor.find<QLabel>("guessSkipLinesProblem")->isVisible());
  }

  void thePreviewShowsTheRowsAsUnderstood() {
    Doctor doctor;
    doctor.read();
    const QAbstractItemModel* model = doctor.find<QTableView>("previewTable")->model();
    QCOMPARE(model->rowCount(), 2);
    const auto cell = [&](int row, int column) { return model->index(row, column).data().toString(); };
    QCOMPARE(cell(0, PreviewModel::Line), QStringLiteral("1"));
    QCOMPARE(cell(0, PreviewModel::Text), QStringLiteral("196→242→3"));
    QCOMPARE(cell(0, PreviewModel::User), QStringLiteral("196"));
    QCOMPARE(cell(0, PreviewModel::Item), QStringLiteral("242"));
    QCOMPARE(cell(0, PreviewModel::Rating), QStringLiteral("3"));
    QCOMPARE(cell(0, PreviewModel::Time), QStringLiteral("1997-12-04 15:55:49"));
    QCOMPARE(cell(0, PreviewModel::Title), QStringLiteral("Kolya (1996)"));
    QCOMPARE(cell(1, PreviewModel::Rating), QStringLiteral("3.5"));
    QCOMPARE(cell(1, PreviewModel::Time), QString());
  }

  void theProblemsAreListedAndCounted() {
    Doctor doctor;
    doctor.read();
    auto* tabs = doctor.find<QTabWidget>("reportTabs");
    QCOMPARE(tabs->tabText(ReportTabs::Problems), QStringLiteral("Problems (2)"));
    QCOMPARE(tabs->tabText(ReportTabs::Notes), QStringLiteral("Notices (2)"));
    auto* table = doctor.find<QTableView>("problemTable");
    QCOMPARE(table->model()->index(1, BadLineModel::Line).data().toString(), QStringLiteral("99,001"));
    QCOMPARE(table->model()->index(1, BadLineModel::Place).data().toString(), QString());
    table->setCurrentIndex(table->model()->index(1, 0));
    QCOMPARE(doctor.text("problemReason"), QStringLiteral("Line 99,001: 1 field; expected 3."));
  }

  void aMillionBadLinesAreShownAtOnce() {
    Doctor doctor;
    LoadReport report = plainReport();
    report.bad_line_count = 1'000'000;
    report.bad_lines.assign(1'000'000, {5, 1, "1 field; expected 3"});
    const Inspection inspection = inspectionOf(std::move(report));
    doctor.dialog.examine(file);
    doctor.find<QTabWidget>("reportTabs")->setCurrentIndex(ReportTabs::Problems);
    QElapsedTimer clock;
    clock.start();
    doctor.dialog.showInspection(inspection);
    doctor.find<QTableView>("problemTable")->scrollToBottom();
    doctor.dialog.grab();
    QVERIFY2(clock.elapsed() < 1000, qPrintable(QString::number(clock.elapsed())));
    QCOMPARE(doctor.find<QTableView>("problemTable")->model()->rowCount(), 1'000'000);
  }

  void theModelsAreSound() {
    PreviewModel preview;
    BadLineModel problems;
    EvidenceModel stages;
    const auto report = std::make_shared<const LoadReport>(plainReport());
    for (ReportModel* model : std::initializer_list<ReportModel*>{&preview, &problems, &stages}) {
      const QAbstractItemModelTester tester(model, QAbstractItemModelTester::FailureReportingMode::QtTest);
      model->setReport(report);
      QVERIFY(model->rowCount() == 2 && model->columnCount() > 2);
      model->setReport(nullptr);
      QCOMPARE(model->rowCount(), 0);
    }
  }

  void anAdviceIsTakenByItsButton() {
    Doctor doctor;
    doctor.read();
    doctor.find<QTabWidget>("reportTabs")->setCurrentIndex(ReportTabs::Notes);
    auto* button = doctor.find<QPushButton>("adviceButton0");
    QVERIFY(button != nullptr);
    QCOMPARE(button->text(), QStringLiteral("Declare 0 as missing"));
    button->click();
    QCOMPARE(doctor.requests, 2);  // a button is no typing: nothing to wait for
    QCOMPARE(doctor.asked.missing, std::optional(0.0F));
    QCOMPARE(doctor.find<QLineEdit>("guessMissing")->text(), QStringLiteral("0"));
    LoadReport after = plainReport();
    after.advice.clear();
    doctor.dialog.showInspection(inspectionOf(after, doctor.asked));
    QTest::qWait(10);
    QVERIFY(doctor.find<QPushButton>("adviceButton0") == nullptr);
  }

  void aNoticeThatAnAdviceRepeatsIsShownOnce() {
    Doctor doctor;
    LoadReport report = plainReport();
    report.notices.push_back(report.advice.front().sentence);
    doctor.dialog.examine(file);
    doctor.dialog.showInspection(inspectionOf(report));
    QCOMPARE(doctor.find<QTabWidget>("reportTabs")->tabText(ReportTabs::Notes), QStringLiteral("Notices (2)"));
    QVERIFY(doctor.find<QLabel>("advice0") && doctor.find<QLabel>("notice1") && !doctor.find<QLabel>("notice2"));
  }

  void theArrowOfATabIsDimmedAndStillSeen_data() {
    QTest::addColumn<QPalette>("palette");
    QTest::newRow("light") << themePalette(Theme::Light);
    QTest::newRow("dark") << themePalette(Theme::Dark);
  }
  void theArrowOfATabIsDimmedAndStillSeen() {
    QFETCH(QPalette, palette);
    const int text = strongestInk(QStringLiteral("HHH"), palette);
    const int arrow = strongestInk(QString(3, tab_arrow), palette);
    const auto gray = [&](QPalette::ColorRole role) { return qGray(palette.color(role).rgb()); };
    QVERIFY(arrow <= std::abs(gray(QPalette::PlaceholderText) - gray(QPalette::Base)));
    QVERIFY2(arrow < text && arrow * 2 > text, qPrintable(QStringLiteral("%1 of %2").arg(arrow).arg(text)));
  }

  void aSelectedLineHasTheColoursOfItsOwnWindow_data() {
    QTest::addColumn<int>("group");
    QTest::newRow("active") << int(QPalette::Active);
    QTest::newRow("inactive") << int(QPalette::Inactive);
    QTest::newRow("disabled") << int(QPalette::Disabled);
  }
  void aSelectedLineHasTheColoursOfItsOwnWindow() {
    QFETCH(int, group);
    QPalette palette;
    palette.setColor(QPalette::All, QPalette::Base, Qt::black);
    palette.setColor(QPalette::All, QPalette::Highlight, Qt::black);
    palette.setColor(QPalette::All, QPalette::HighlightedText, Qt::blue);
    palette.setColor(static_cast<QPalette::ColorGroup>(group), QPalette::HighlightedText, Qt::red);
    QStyle::State state = QStyle::State_Selected;
    if (group != QPalette::Disabled) state |= QStyle::State_Enabled;
    if (group == QPalette::Active) state |= QStyle::State_Active;
    palette.setCurrentColorGroup(group == QPalette::Active ? QPalette::Inactive : QPalette::Active);
    const QImage image = painted(QStringLiteral("HHH"), palette, state);
    int red = 0;
    int blue = 0;
    for (int y = 0; y < image.height(); ++y) {
      for (int x = 0; x < image.width(); ++x) {
        red = std::max(red, qRed(image.pixel(x, y)));
        blue = std::max(blue, qBlue(image.pixel(x, y)));
      }
    }
    QVERIFY2(red > 128 && blue < 128, qPrintable(QStringLiteral("%1 red, %2 blue").arg(red).arg(blue)));
  }
};

QTEST_MAIN(TestReportTabs)
#include "test_report_tabs.moc"
