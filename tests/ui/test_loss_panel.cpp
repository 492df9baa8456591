#include <QChartView>
#include <QCheckBox>
#include <QLineSeries>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTest>

#include <limits>

#include "tests/support/shell_frames.h"
#include "ui/train/loss_chart_view.h"
#include "ui/train/loss_panel.h"

using namespace rowlight;
using namespace rowlight::test;

class TestLossPanel : public QObject {
  Q_OBJECT

  static Frame withLoss(std::size_t points, std::uint64_t batches_per_point = 1) {
    Frame frame = shellFrame(RunState::Playing);
    frame.progress.batches_per_epoch = 100;
    frame.loss = shellLoss(points, batches_per_point, 100);
    return frame;
  }

  static QLineSeries* series(const LossPanel& panel, const char* name) {
    auto* view = panel.findChild<QChartView*>(QStringLiteral("lossChart"));
    for (QAbstractSeries* one : view->chart()->series()) {
      if (one->name() == QLatin1String(name)) return qobject_cast<QLineSeries*>(one);
    }
    return nullptr;
  }

 private slots:
  void seriesHoldEveryPointOfAShortRun() {
    const LossSeries out = lossSeries(*withLoss(200).loss, false);
    QCOMPARE(out.raw.size(), 200);
    QCOMPARE(out.smoothed.size(), 200);
    QCOMPARE(out.validation.size(), 2);
    QCOMPARE(out.validation[1].x(), 200.0);
    QCOMPARE(out.raw[9].y(), static_cast<double>(withLoss(200).loss->training[9].mean));
  }

  void fewPointsAreAllInsideTheAxis_data() {
    QTest::addColumn<int>("points");
    for (const int points : {1, 2, 10, 49}) QTest::addRow("%d", points) << points;
  }
  void fewPointsAreAllInsideTheAxis() {
    QFETCH(int, points);
    for (const bool log : {false, true}) {
      const LossSeries out = lossSeries(*withLoss(static_cast<std::size_t>(points)).loss, log);
      QCOMPARE(out.raw.size(), points);
      for (const QPointF& point : out.raw) QVERIFY(point.y() >= out.low && point.y() <= out.high);
      QVERIFY(out.high - out.low >= (log ? 0.0499 : 0.09 * out.high));
    }
  }

  void aSinglePointCanBeSeen() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    panel.show();
    present(workbench, withLoss(1));
    panel.refresh();
    QVERIFY(series(panel, "each batch")->pointsVisible());
    QVERIFY(series(panel, "smoothed")->pointsVisible());
    present(workbench, withLoss(250));
    panel.refresh();
    QVERIFY(!series(panel, "each batch")->pointsVisible());
    QVERIFY(!series(panel, "smoothed")->pointsVisible());
  }

  void aClickOnTheChartLeavesTheKeysToTheWindow() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    present(workbench, withLoss(250));
    panel.refresh();
    auto* view = panel.findChild<LossChartView*>();
    QTest::mouseClick(view->viewport(), Qt::LeftButton);
    QVERIFY(!view->hasFocus());
  }

  void longRunsAreDecimatedButKeepTheirExtremes() {
    auto loss = std::make_shared<LossHistory>(*shellLoss(2000, 3));
    loss->training[777].high = 9;
    const LossSeries out = lossSeries(*loss, false);
    QVERIFY(out.raw.size() <= 600);
    QVERIFY(out.smoothed.size() <= 300);
    QVERIFY(std::any_of(out.raw.begin(), out.raw.end(), [](QPointF p) { return p.y() == 9; }));
    QCOMPARE(out.smoothed.back().x(), 6000.0);
    QVERIFY(out.high < 3);  // one spike does not take the axis
  }

  void lossesThatAreNoNumbersAreLeftOut() {
    auto loss = std::make_shared<LossHistory>(*shellLoss(20));
    for (float LossPoint::*part : {&LossPoint::mean, &LossPoint::low, &LossPoint::high, &LossPoint::smoothed}) {
      loss->training[19].*part = std::numeric_limits<float>::quiet_NaN();
    }
    const LossSeries out = lossSeries(*loss, false);
    QCOMPARE(out.raw.size(), 19);
    QCOMPARE(out.smoothed.size(), 19);
    QVERIFY(lossSeries(LossHistory{}, true).raw.isEmpty());
  }

  void theAxisMovesInStepsOnly() {
    SteadyAxis axis(0.3);
    QVERIFY(axis.fit(0, 10));
    int moves = 0;
    for (int batch = 11; batch <= 10'000; ++batch) moves += axis.fit(0, batch) ? 1 : 0;
    QVERIFY2(moves <= 18, qPrintable(QString::number(moves)));
    QVERIFY(axis.high() >= 10'000 && axis.high() <= 16'000);
    // A little less than before changes nothing; far less does.
    const double high = axis.high();
    QVERIFY(!axis.fit(0, 9'000));
    QVERIFY(!axis.fit(0, high * 0.5));
    QVERIFY(axis.fit(0, high * 0.1));
  }

  void ticksAreRoundNumbers() {
    const AxisTicks linear = linearTicks(0, 2000, 500);
    QCOMPARE(linear.labels, (std::vector<QString>{QStringLiteral("0"), QStringLiteral("500"), QStringLiteral("1,000"),
                                                  QStringLiteral("1,500"), QStringLiteral("2,000")}));
    const AxisTicks log = logTicks(-0.31, 0.31);
    QVERIFY(log.labels.size() >= 3);
    QVERIFY(std::find(log.labels.begin(), log.labels.end(), QStringLiteral("1")) != log.labels.end());
    QCOMPARE(niceStep(10, 5), 2.0);
    QCOMPARE(niceStep(11, 5), 5.0);
  }

  void thePanelShowsTheFrame() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    panel.show();
    auto* stack = panel.findChild<QStackedWidget*>();
    present(workbench, shellFrame());
    QCOMPARE(stack->currentWidget()->objectName(), QStringLiteral("lossEmpty"));
    present(workbench, withLoss(250));
    panel.refresh();
    QCOMPARE(stack->currentWidget()->objectName(), QStringLiteral("lossChart"));
    QCOMPARE(series(panel, "smoothed")->count(), 250);
    QCOMPARE(series(panel, "validation")->count(), 2);
    QVERIFY(series(panel, "validation")->pen().style() != Qt::SolidLine);
    QVERIFY(series(panel, "validation")->pointsVisible());
    panel.setLogScale(true);
    QVERIFY(qAbs(series(panel, "smoothed")->at(249).y() -
                 std::log10(static_cast<double>(workbench.frame()->loss->training[249].smoothed))) < 1e-9);
  }

  void framesInQuickSuccessionAreDrawnOnce() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    panel.show();
    present(workbench, withLoss(10));
    panel.refresh();
    QSignalSpy replaced(series(panel, "smoothed"), &QXYSeries::pointsReplaced);
    for (std::size_t i = 11; i < 40; ++i) present(workbench, withLoss(i));
    QVERIFY(replaced.count() <= 1);
    QTRY_COMPARE(series(panel, "smoothed")->count(), 39);
    QVERIFY(replaced.count() <= 2);
  }

  void theCursorReadsValues() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    panel.show();
    QCOMPARE(panel.readingAt(5), QString());
    present(workbench, withLoss(250));
    panel.refresh();
    const LossPoint& point = workbench.frame()->loss->training[129];
    const QString reading = panel.readingAt(130);
    QVERIFY(reading.startsWith(QStringLiteral("batch 130: ")));
    QVERIFY(reading.contains(QString::number(static_cast<double>(point.mean), 'f', 4)));
    QVERIFY(reading.contains(QString::number(static_cast<double>(point.smoothed), 'f', 4)));
    QVERIFY(reading.contains(QStringLiteral("after epoch 1")));
    QVERIFY(panel.readingAt(190).contains(QStringLiteral("after epoch 2")));

    auto* view = panel.findChild<LossChartView*>();
    std::optional<double> cursor;
    connect(view, &LossChartView::cursorMoved, &panel, [&](std::optional<double> at) { cursor = at; });
    QTest::keyClick(view, Qt::Key_Home);
    QCOMPARE(cursor, std::optional<double>(1));
    QTest::keyClick(view, Qt::Key_Right);
    QVERIFY(cursor > 1.0);
    QTest::keyClick(view, Qt::Key_End);
    QCOMPARE(cursor, std::optional<double>(250));
  }

  void aHiddenPanelCostsNothing() {
    Workbench workbench;
    LossPanel panel(&workbench);
    panel.resize(700, 350);
    present(workbench, withLoss(250));
    panel.refresh();
    QCOMPARE(series(panel, "smoothed")->count(), 0);
    panel.show();
    QCOMPARE(series(panel, "smoothed")->count(), 250);
  }
};

QTEST_MAIN(TestLossPanel)
#include "test_loss_panel.moc"
