#include <QTest>

#include <array>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "core/ratings/reader.h"
#include "core/train/trainer.h"
#include "tests/support/shared_data.h"

using namespace rowlight;

namespace {

/// What the book's chapter on collaborative filtering trains: 50 factors, 5 epochs, batches of 64, one-cycle to 5e-3.
TrainSettings book_settings(std::uint64_t seed) {
  TrainSettings s;
  s.factors = 50;
  s.epochs = 5;
  s.batch_size = 64;
  s.schedule = ScheduleKind::OneCycle;
  s.optimizer = default_optimizer(OptimizerKind::AdamW);
  s.optimizer.learning_rate = 5e-3;
  s.optimizer.weight_decay = 0;
  s.valid_share = 0.2;
  s.seed = seed;
  return s;
}

/// Validation loss after the last epoch; NaN when the run fails.
double valid_loss(const RatingSetPtr& ratings, const TrainSettings& settings) {
  TrainerInput input;
  input.ratings = ratings;
  input.settings = settings;
  auto trainer = Trainer::create(std::move(input));
  while (trainer && !(*trainer)->finished()) {
    if (!(*trainer)->advance()) return std::numeric_limits<double>::quiet_NaN();
  }
  return trainer ? (*trainer)->epochs().back().valid_loss.value() : std::numeric_limits<double>::quiet_NaN();
}

/// Mean over the seeds 1 to 6, two runs at a time.
double mean_valid_loss(const RatingSetPtr& ratings, TrainSettings settings) {
  std::array<double, 6> losses = {};
  const auto run = [&](std::size_t first) {
    for (std::size_t i = first; i < losses.size(); i += 2) {
      TrainSettings seeded = settings;
      seeded.seed = i + 1;
      losses[i] = valid_loss(ratings, seeded);
    }
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum / static_cast<double>(losses.size());
}

}  // namespace

// The story of MovieLens 100K as PyTorch tells it: a range and biases alone overfit, weight decay makes them pay.
class TestMovieLens : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    ROWLIGHT_SHARED_DATA(path, "ml-100k/u.data");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(loaded);
    ratings_ = loaded->set;
    QCOMPARE(ratings_->size(), std::size_t{100'000});
  }

  void decayedBiasModelReachesItsLoss() {
    TrainSettings settings = book_settings(1);
    settings.model = ModelKind::DotBias;
    settings.range_mode = RangeMode::Given;
    settings.range_high = 5.5F;
    settings.optimizer.weight_decay = 0.1;
    const double loss = valid_loss(ratings_, settings);
    qInfo("validation MSE %.4f", loss);
    QVERIFY2(loss <= 0.83, qPrintable(QString::number(loss)));
  }

  // PyTorch's means over six seeds.
  void meansOfSixSeedsArePyTorchs_data() {
    QTest::addColumn<int>("model");
    QTest::addColumn<float>("highest");
    QTest::addColumn<double>("weight_decay");
    QTest::addColumn<double>("expected");
    QTest::newRow("dot") << static_cast<int>(ModelKind::Dot) << 0.0F << 0.0 << 0.866;
    QTest::newRow("dot, range") << static_cast<int>(ModelKind::Dot) << 5.5F << 0.0 << 0.891;
    QTest::newRow("dot-bias, range") << static_cast<int>(ModelKind::DotBias) << 5.5F << 0.0 << 0.908;
    QTest::newRow("dot-bias, range, decay") << static_cast<int>(ModelKind::DotBias) << 5.5F << 0.1 << 0.810;
  }
  void meansOfSixSeedsArePyTorchs() {
    QFETCH(int, model);
    QFETCH(float, highest);
    QFETCH(double, weight_decay);
    QFETCH(double, expected);
    TrainSettings settings = book_settings(1);
    settings.model = static_cast<ModelKind>(model);
    settings.range_mode = highest > 0 ? RangeMode::Given : RangeMode::None;
    settings.range_high = highest;
    settings.optimizer.weight_decay = weight_decay;
    const double mean = mean_valid_loss(ratings_, settings);
    qInfo("mean validation MSE %.4f", mean);
    QVERIFY2(std::abs(mean - expected) <= 0.01, qPrintable(QString::number(mean)));
  }

  void oneHotLinearLayersGiveTheSameLosses() {
    const auto make = [this](ModelKind model) {
      TrainerInput input;
      input.ratings = ratings_;
      input.settings = book_settings(1);
      input.settings.model = model;
      return Trainer::create(std::move(input));
    };
    const auto dot = make(ModelKind::Dot);
    const auto linear = make(ModelKind::DotOneHot);
    QVERIFY(dot && linear);
    for (int batch = 0; batch < 300; ++batch) {
      QVERIFY((*dot)->advance());
      QVERIFY((*linear)->advance());
      const double loss = (*dot)->step().loss();
      QVERIFY(std::abs(loss - (*linear)->step().loss()) <= 1e-5 * loss);
    }
  }

 private:
  RatingSetPtr ratings_;
};

QTEST_APPLESS_MAIN(TestMovieLens)
#include "test_movielens.moc"
