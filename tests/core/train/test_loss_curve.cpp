#include <QTest>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/train/loss_curve.h"

using namespace rowlight;

class TestLossCurve : public QObject {
  Q_OBJECT

 private slots:
  void lossCurveKeepsItsLength() {
    LossCurve curve;
    Random random(1);
    double average = 0;
    double sum = 0;
    constexpr int batches = 100'000;
    for (int i = 1; i <= batches; ++i) {
      const double loss = 1 + random.uniform();
      sum += loss;
      average = 0.98 * average + 0.02 * loss;
      curve.add(loss);
      QVERIFY(curve.points().size() <= LossCurve::max_points);
      const double smoothed = average / (1 - std::pow(0.98, i));  // fastai: bias-corrected
      QVERIFY(std::abs(curve.points().back().smoothed - smoothed) <= 1e-5);
      QCOMPARE(curve.points().back().batch, static_cast<std::uint64_t>(i));
    }
    QVERIFY(curve.points().size() > LossCurve::max_points / 2);
    QCOMPARE(curve.batches(), std::uint64_t{batches});
    // The buckets' means, weighted by their widths, are the mean of all losses.
    double weighted = 0;
    std::uint64_t last = 0;
    for (const LossPoint& point : curve.points()) {
      weighted += double{point.mean} * static_cast<double>(point.batch - last);
      last = point.batch;
      QVERIFY(point.low <= point.mean && point.mean <= point.high);
    }
    QVERIFY(std::abs(weighted - sum) / sum <= 1e-6);
  }

  void lossCurveKeepsExtremes() {
    LossCurve curve;
    for (int i = 0; i < 50'000; ++i) curve.add(i == 12'345 ? 9.0 : i == 23'456 ? -9.0 : 1.0);
    const auto& points = curve.points();
    QCOMPARE(std::ranges::max(points, {}, &LossPoint::high).high, 9.0F);
    QCOMPARE(std::ranges::min(points, {}, &LossPoint::low).low, -9.0F);
  }

  void fewBatchesAreKeptOneByOne() {
    LossCurve curve;
    for (int i = 0; i < 2000; ++i) curve.add(i);
    QCOMPARE(curve.points().size(), std::size_t{2000});
    QCOMPARE(curve.points()[1234].mean, 1234.0F);
    curve.add(2000);
    QCOMPARE(curve.points().size(), std::size_t{1001});
    QCOMPARE(curve.points()[0].mean, 0.5F);
    QCOMPARE(curve.points()[0].batch, std::uint64_t{2});
  }
};

QTEST_APPLESS_MAIN(TestLossCurve)
#include "test_loss_curve.moc"
