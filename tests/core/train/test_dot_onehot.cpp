#include <QTemporaryDir>
#include <QTest>

#include <cmath>

#include "core/io/safetensors.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::difference;
using rowlight::test::make_ratings;

namespace {

TrainerInput small_input(ModelKind model, OptimizerKind optimizer, double momentum = 0) {
  TrainerInput input;
  input.ratings = make_ratings(20, 30, 251, 1);
  input.settings.model = model;
  input.settings.factors = 6;
  input.settings.epochs = 4;
  input.settings.batch_size = 16;
  input.settings.optimizer = default_optimizer(optimizer);
  input.settings.optimizer.momentum = momentum;
  return input;
}

std::unique_ptr<Trainer> make_trainer(TrainerInput input) {
  auto trainer = Trainer::create(std::move(input));
  return trainer ? std::move(*trainer) : nullptr;
}

}  // namespace

// DotProduct through one-hot Linear layers: another algorithm, the same numbers.
class TestDotOneHot : public QObject {
  Q_OBJECT

 private slots:
  void lossesAreThoseOfDot_data() {
    QTest::addColumn<int>("optimizer");
    QTest::addColumn<double>("momentum");
    QTest::newRow("SGD") << static_cast<int>(OptimizerKind::Sgd) << 0.0;
    QTest::newRow("SGD with momentum") << static_cast<int>(OptimizerKind::Sgd) << 0.9;
    QTest::newRow("Adagrad") << static_cast<int>(OptimizerKind::Adagrad) << 0.0;
    QTest::newRow("Adam") << static_cast<int>(OptimizerKind::Adam) << 0.0;
    QTest::newRow("AdamW") << static_cast<int>(OptimizerKind::AdamW) << 0.0;
  }
  void lossesAreThoseOfDot() {
    QFETCH(int, optimizer);
    QFETCH(double, momentum);
    const auto dot = make_trainer(small_input(ModelKind::Dot, static_cast<OptimizerKind>(optimizer), momentum));
    const auto linear =
        make_trainer(small_input(ModelKind::DotOneHot, static_cast<OptimizerKind>(optimizer), momentum));
    QVERIFY(dot && linear);
    while (!dot->finished()) {
      QVERIFY(dot->advance());
      QVERIFY(linear->advance());
      QVERIFY(std::abs(dot->step().loss() - linear->step().loss()) <= 1e-5 * dot->step().loss());
    }
    QVERIFY(linear->finished());
  }

  void theFirstForwardPassHasTheSameBits() {
    const auto dot = make_trainer(small_input(ModelKind::Dot, OptimizerKind::AdamW));
    const auto linear = make_trainer(small_input(ModelKind::DotOneHot, OptimizerKind::AdamW));
    QVERIFY(dot->advance());
    QVERIFY(linear->advance());
    QCOMPARE(dot->step().loss(), linear->step().loss());
  }

  void itCostsWhatMultiplyingByZeroCosts() {
    const auto dot = make_trainer(small_input(ModelKind::Dot, OptimizerKind::Sgd));
    const auto linear = make_trainer(small_input(ModelKind::DotOneHot, OptimizerKind::Sgd));
    BatchCost of_dot;
    BatchCost of_linear;
    for (const BatchStage stage : {BatchStage::DrawBatch, BatchStage::LookUpUsers}) {
      QCOMPARE(dot->step().done() ? BatchStage::DrawBatch : dot->step().next_stage(), stage);
      QVERIFY(dot->advance_stage(&of_dot));
      QVERIFY(linear->advance_stage(&of_linear));
    }
    QCOMPARE(of_dot.factors[0].multiplies, std::uint64_t{0});
    QCOMPARE(of_linear.factors[0].multiplies, std::uint64_t{16 * 20 * 6});
    QCOMPARE(of_linear.factors[0].multiplies_by_zero, std::uint64_t{16 * 19 * 6});
  }

  void aSavedRunHoldsLinearWeightsAndGoesOn() {
    const auto run = make_trainer(small_input(ModelKind::DotOneHot, OptimizerKind::AdamW));
    for (int i = 0; i < 20; ++i) QVERIFY(run->advance());
    const TensorFile file = run->save();
    QCOMPARE(file.tensors.at("user_linear.weight").shape, (std::vector<std::size_t>{6, 20}));
    QCOMPARE(file.tensors.at("movie_linear.weight").shape, (std::vector<std::size_t>{6, 30}));
    QCOMPARE(file.tensors.count("user_factors.weight"), std::size_t{0});
    const auto resumed = Trainer::resume(small_input(ModelKind::DotOneHot, OptimizerKind::AdamW), file, true);
    QVERIFY(resumed.has_value());
    QVERIFY(test::finish(*run));
    QVERIFY(test::finish(**resumed));
    QCOMPARE(difference(*run, **resumed), std::string());
  }

  void sparseAdamIsRefused() {
    const auto refused = Trainer::create(small_input(ModelKind::DotOneHot, OptimizerKind::SparseAdam));
    QVERIFY(!refused.has_value());
    QCOMPARE(refused.error().kind, ErrorKind::Usage);
    QVERIFY(refused.error().message().find("dense") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(TestDotOneHot)
#include "test_dot_onehot.moc"
