#include <QTest>

#include <cmath>

#include "tests/support/shell_frames.h"
#include "ui/common/format.h"
#include "ui/common/status_bar.h"

using namespace rowlight;
using namespace rowlight::test;

class TestFormat : public QObject {
  Q_OBJECT

 private slots:
  void countsHaveThousandsSeparators() {
    QCOMPARE(formatCount(0), QStringLiteral("0"));
    QCOMPARE(formatCount(1250), QStringLiteral("1,250"));
    QCOMPARE(formatCount(25'000'095), QStringLiteral("25,000,095"));
  }

  void fixedNumbersHaveATrueMinusAndNoNegativeZero() {
    QCOMPARE(formatFixed(-1.5, 2), QString(QChar(0x2212)) + QStringLiteral("1.50"));
    QCOMPARE(formatFixed(-0.001, 2), QStringLiteral("0.00"));
    QCOMPARE(formatFixed(std::nan(""), 2), QString(QChar(0x2013)));
    QCOMPARE(formatSigned(0.42, 2), QStringLiteral("+0.42"));
    QCOMPARE(formatSigned(0.001, 2), QString(QChar(0x2007)) + QStringLiteral("0.00"));
  }

  void ratesAreAlwaysAsWide() {
    QCOMPARE(formatPerSecond(2.134e6), QStringLiteral("2.13 M/s"));
    QCOMPARE(formatPerSecond(21.34e6), QStringLiteral("21.3 M/s"));
    QCOMPARE(formatPerSecond(999'999), QStringLiteral("1.00 M/s"));
    QCOMPARE(formatPerSecond(1234).trimmed(), QStringLiteral("1.23 k/s"));
    for (double rate = 0.5; rate < 1e11; rate *= 1.07) QCOMPARE(formatPerSecond(rate).size(), 8);
    QCOMPARE(formatPerSecond(0).size(), 8);
  }

  void bytesHaveThreeDigitsAndAUnit() {
    QCOMPARE(formatBytes(512), QStringLiteral("512 bytes"));
    QCOMPARE(formatBytes(336'400), QStringLiteral("336 kB"));
    QCOMPARE(formatBytes(6.32e9), QStringLiteral("6.32 GB"));
  }

  void positionSaysEpochAndBatch() {
    QCOMPARE(formatPosition(shellFrame()), QStringLiteral("epoch 2 of 5, batch 310 of 1,250"));
    QCOMPARE(formatPosition(shellFrame(RunState::Empty)), QStringLiteral("no ratings yet"));
    Frame done = shellFrame(RunState::Finished);
    done.progress.epoch = 5;
    done.progress.batches_done = 6250;
    done.settings.schedule = ScheduleKind::OneCycle;  // planned for five epochs
    QCOMPARE(formatPosition(done), QStringLiteral("all 5 epochs done: Home starts over"));
    done.settings.schedule = ScheduleKind::Constant;
    QCOMPARE(formatPosition(done), QStringLiteral("all 5 epochs done: Home starts over, more epochs in Settings"));
  }

  void errorsAreSentencesWithTheirPlace() {
    const Error error{ErrorKind::BadInput, "'abc' is not a rating", "expected a number", "u.data", 1204, 9};
    QCOMPARE(formatError(error),
             QStringLiteral("u.data, line 1,204, column 9: 'abc' is not a rating: expected a number."));
    QCOMPARE(formatError({ErrorKind::Usage, "the seed is odd", {}, {}, 0, 0}), QStringLiteral("The seed is odd."));
  }

  void statusNamesDataModelAndState() {
    const StatusTexts texts = statusTexts(shellFrame(RunState::Playing));
    QCOMPARE(texts.data, QStringLiteral("Made by hand (synthetic ratings)"));
    QCOMPARE(texts.counts, QStringLiteral("120 ratings, 20 users, 12 movies"));
    QCOMPARE(texts.model, QStringLiteral("DotProductBias, 50 factors, 48,250 parameters"));
    QCOMPARE(texts.simd, QStringLiteral("AVX-512"));
    QCOMPARE(texts.rate, QStringLiteral("2.13 M/s"));
    QCOMPARE(texts.state, QStringLiteral("playing"));
    auto real = std::make_shared<RatingSet>(*shellRatings());
    real->synthetic = false;
    QVERIFY(!statusTexts(shellFrame(RunState::Paused, real)).data.contains(QStringLiteral("synthetic")));
  }

  void statusBarKeepsItsWidthsWhileNumbersChange() {
    Workbench workbench;
    StatusBar bar(&workbench);
    bar.resize(1280, 30);
    bar.show();
    present(workbench, shellFrame(RunState::Playing));
    QCoreApplication::processEvents();
    auto* rate = bar.findChild<QWidget*>(QStringLiteral("statusRate"));
    QVERIFY(rate && rate->isVisible());
    const QRect before = rate->geometry();
    for (const double value : {0.0, 7.0, 991.0, 5.4e4, 8.88e8}) {
      Frame frame = shellFrame(RunState::Playing);
      frame.progress.ratings_per_second = value;
      present(workbench, frame);
      QCoreApplication::processEvents();
      QCOMPARE(rate->geometry(), before);
    }
  }

  void statusBarLeavesOutWhatDoesNotFit() {
    Workbench workbench;
    StatusBar bar(&workbench);
    present(workbench, shellFrame());
    bar.show();
    const auto shown = [&](const char* name) { return bar.findChild<QWidget*>(QLatin1String(name))->isVisible(); };
    bar.resize(1280, 30);
    QVERIFY(shown("statusModel") && shown("statusSimd") && shown("statusState"));
    bar.resize(bar.minimumSizeHint().width() + 40, 30);
    QVERIFY(!shown("statusModel") && !shown("statusSimd"));
    QVERIFY(shown("statusState"));
  }
};

QTEST_MAIN(TestFormat)
#include "test_format.moc"
