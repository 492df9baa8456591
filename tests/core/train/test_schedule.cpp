#include <QTest>

#include <cmath>

#include "core/train/schedule.h"

using namespace rowlight;

namespace {

struct Point {
  std::uint64_t total;
  std::uint64_t step;
  double rate;  // as a share of the highest
  double momentum;
};

// From torch.optim.lr_scheduler.OneCycleLR of PyTorch 1.13 with total_steps = total, pct_start 0.25, div_factor 25,
// final_div_factor 4000, base_momentum 0.85, max_momentum 0.95. Of 4 steps it divides by zero: there the phases'
// border lies on the first step, which therefore has the highest rate.
constexpr Point one_cycle[] = {
    {1, 0, 1e-05, 0.95},
    {2, 0, 0.7500025, 0.875},
    {2, 1, 1e-05, 0.95},
    {3, 0, 0.9698466119298503, 0.8530153689607045},
    {3, 1, 0.41318177940742323, 0.9086824088833465},
    {3, 2, 1e-05, 0.95},
    {4, 0, 1, 0.85},
    {4, 3, 1e-05, 0.95},
    {5, 0, 0.040000000000000036, 0.95},
    {5, 1, 0.9045094521025019, 0.8595491502812526},
    {5, 2, 0.5522687089915104, 0.8947735768366173},
    {5, 3, 0.16544304247360286, 0.9334565303179428},
    {5, 4, 1e-05, 0.95},
    {100, 0, 0.040000000000000036, 0.95},
    {100, 1, 0.04410646654057104, 0.9495722430686905},
    {100, 12, 0.52, 0.8999999999999999},
    {100, 24, 1.0, 0.85},
    {100, 25, 0.9995614194352787, 0.850043858495057},
    {100, 50, 0.7316507010797553, 0.8768351982440069},
    {100, 75, 0.23209428164447649, 0.9267913397489498},
    {100, 98, 0.0004485805647213027, 0.9499561415049429},
    {100, 99, 1e-05, 0.95},
    {6250, 0, 0.040000000000000036, 0.95},
    {6250, 1, 0.04000097146434023, 0.9499998988057978},
    {6250, 781, 0.5202414288200674, 0.8999748511645763},
    {6250, 1561, 0.9999997571338535, 0.8500000252985569},
    {6250, 1562, 0.9999999719267396, 0.8500000028073541},
    {6250, 3125, 0.7497122388790078, 0.8750290264023632},
    {6250, 4687, 0.24986241154124667, 0.9250145089909652},
    {6250, 6248, 1.0112293038472393e-05, 0.9499999887705838},
    {6250, 6249, 1e-05, 0.95},
};

bool close(double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(1.0, std::abs(b)); }

TrainSettings settings(ScheduleKind schedule, OptimizerKind optimizer, double rate, double momentum = 0) {
  TrainSettings s;
  s.schedule = schedule;
  s.optimizer = default_optimizer(optimizer);
  s.optimizer.learning_rate = rate;
  s.optimizer.momentum = momentum;
  return s;
}

}  // namespace

class TestSchedule : public QObject {
  Q_OBJECT

 private slots:
  void oneCycleIsTorchs_data() {
    QTest::addColumn<std::size_t>("point");
    for (std::size_t i = 0; i < std::size(one_cycle); ++i) {
      QTest::addRow("step %d of %d", static_cast<int>(one_cycle[i].step), static_cast<int>(one_cycle[i].total)) << i;
    }
  }
  void oneCycleIsTorchs() {
    QFETCH(std::size_t, point);
    const Point& expected = one_cycle[point];
    const TrainSettings adamw = settings(ScheduleKind::OneCycle, OptimizerKind::AdamW, 5e-3);
    const Rates rates = rates_at(adamw, expected.step, expected.total);
    QVERIFY2(close(rates.learning_rate, 5e-3 * expected.rate),
             qPrintable(QString::number(rates.learning_rate, 'g', 17)));
    QVERIFY2(close(rates.momentum, expected.momentum), qPrintable(QString::number(rates.momentum, 'g', 17)));
  }

  void momentumOfSgdCyclesOnlyWhenThereIsSome() {
    const Rates with = rates_at(settings(ScheduleKind::OneCycle, OptimizerKind::Sgd, 1, 0.9), 1, 5);
    QVERIFY(close(with.momentum, 0.8595491502812526));
    const Rates without = rates_at(settings(ScheduleKind::OneCycle, OptimizerKind::Sgd, 1, 0), 1, 5);
    QCOMPARE(without.momentum, 0.0);
    QVERIFY(close(without.learning_rate, 0.9045094521025019));
  }

  void afterTheEndTheRateStays() {
    const TrainSettings adamw = settings(ScheduleKind::OneCycle, OptimizerKind::AdamW, 1);
    QVERIFY(close(rates_at(adamw, 1000, 100).learning_rate, 1e-5));
    QVERIFY(close(rates_at(adamw, 1000, 100).momentum, 0.95));
  }

  void constantIsConstant() {
    const TrainSettings adamw = settings(ScheduleKind::Constant, OptimizerKind::AdamW, 0.25, 0.5);
    const TrainSettings sgd = settings(ScheduleKind::Constant, OptimizerKind::Sgd, 0.25, 0.5);
    for (const std::uint64_t step : {0, 7, 99, 1000}) {
      QCOMPARE(rates_at(adamw, step, 100).learning_rate, 0.25);
      QCOMPARE(rates_at(adamw, step, 100).momentum, 0.9);  // beta1, not SGD's momentum
      QCOMPARE(rates_at(sgd, step, 100).learning_rate, 0.25);
      QCOMPARE(rates_at(sgd, step, 100).momentum, 0.5);
    }
  }
};

QTEST_APPLESS_MAIN(TestSchedule)
#include "test_schedule.moc"
