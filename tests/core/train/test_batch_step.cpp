#include <QTest>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/train/trainer.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;

namespace {

TrainSettings small_settings(ModelKind model, OptimizerKind optimizer, double momentum) {
  TrainSettings s;
  s.model = model;
  s.factors = 5;
  s.epochs = 3;
  s.batch_size = 16;
  s.optimizer = default_optimizer(optimizer);
  s.optimizer.learning_rate = 0.05;
  s.optimizer.momentum = momentum;
  return s;
}

std::unique_ptr<Trainer> make_trainer(const TrainSettings& settings) {
  TrainerInput input;
  input.ratings = make_ratings(20, 30, 251, 1);  // 201 train: twelve batches of 16 and one of 9
  input.settings = settings;
  auto trainer = Trainer::create(std::move(input));
  return trainer ? std::move(*trainer) : nullptr;
}

std::unique_ptr<Trainer> make_trainer(ModelKind model, OptimizerKind optimizer, double momentum) {
  return make_trainer(small_settings(model, optimizer, momentum));
}

/// One batch outside of a run, with tables whose numbers are large enough to bend the sigmoid.
struct Batch {
  DotModelSpec spec;
  DotModel model;
  Optimizer optimizer;
  std::shared_ptr<RatingSet> ratings;
  std::vector<std::int64_t> positions;
  TrainingOrder order;
  ThreadPool pool{1};
  BatchStep step;

  /// Without positions: each rating of the first three twice, so that their users' and movies' gradients are sums.
  Batch(bool bias, RatingScale range, std::vector<std::int64_t> given = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2})
      : spec{5, 7, 3, bias, false, range, given.size()},
        model(spec, 1),
        optimizer(default_optimizer(OptimizerKind::Sgd), model.parameters()),
        ratings(make_ratings(5, 7, 12, 2)),
        positions(std::move(given)),
        order(*ratings, positions, positions.size()),
        step(model, optimizer, order, pool) {
    Random random(4);
    for (Parameter& parameter : model.parameters()) {
      for (std::size_t r = 0; r < parameter.value.rows(); ++r) {
        for (float& x : parameter.value.row(r)) x = random.truncated_normal(1);
      }
    }
  }

  void run_to(BatchStage stage) {
    order.begin(0);
    step.begin(0, positions.size(), {0.1, 0});
    while (step.next_stage() != stage) step.run_stage();
  }
};

using Tables = std::vector<std::vector<double>>;  // without padding

Tables tables_of(const DotModel& model) {
  Tables tables;
  for (const Parameter& parameter : model.parameters()) {
    tables.emplace_back();
    for (std::size_t r = 0; r < parameter.value.rows(); ++r) {
      for (const float x : parameter.value.row(r)) tables.back().push_back(double{x});
    }
  }
  return tables;
}

/// The batch's loss, written down again in double.
double exact_loss(const Tables& tables, const Batch& batch) {
  const std::size_t factors = batch.spec.factors;
  double sum = 0;
  for (const std::int64_t position : batch.positions) {
    const auto i = static_cast<std::size_t>(position);
    const auto user = static_cast<std::size_t>(batch.ratings->users[i]);
    const auto movie = static_cast<std::size_t>(batch.ratings->movies[i]);
    double x = 0;
    for (std::size_t k = 0; k < factors; ++k) x += tables[0][user * factors + k] * tables[1][movie * factors + k];
    if (batch.spec.bias) x += tables[2][user] + tables[3][movie];
    const RatingScale range = batch.spec.range;
    if (range.low != range.high) x = 1 / (1 + std::exp(-x)) * double{range.high - range.low} + double{range.low};
    sum += (x - double{batch.ratings->ratings[i]}) * (x - double{batch.ratings->ratings[i]});
  }
  return sum / static_cast<double>(batch.positions.size());
}

/// Largest difference between the gradients and central differences of exact_loss, over every parameter.
double gradient_deviation(const Batch& batch) {
  constexpr double h = 1e-5;
  Tables tables = tables_of(batch.model);
  double largest = 0;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const RowGradient& gradient = *batch.model.gradients()[t].by_rows;
    const std::size_t cols = gradient.values().cols;
    for (std::size_t i = 0; i < tables[t].size(); ++i) {
      const double value = tables[t][i];
      tables[t][i] = value + h;
      const double above = exact_loss(tables, batch);
      tables[t][i] = value - h;
      const double below = exact_loss(tables, batch);
      tables[t][i] = value;
      const std::int32_t slot = gradient.slot_of_row()[i / cols];
      const double found =
          slot == RowGradient::no_slot ? 0 : double{gradient.values()(static_cast<std::size_t>(slot), i % cols)};
      largest = std::max(largest, std::abs((above - below) / (2 * h) - found));
    }
  }
  return largest;
}

}  // namespace

class TestBatchStep : public QObject {
  Q_OBJECT

 private slots:
  void stagesOneByOneEqualTheRun_data() {
    QTest::addColumn<int>("model");
    QTest::addColumn<int>("optimizer");
    QTest::addColumn<double>("momentum");
    for (const ModelKind model : {ModelKind::Dot, ModelKind::DotBias}) {
      const auto add = [&](const char* name, OptimizerKind optimizer, double momentum) {
        QTest::addRow("%s %s", name_of(model).data(), name)
            << static_cast<int>(model) << static_cast<int>(optimizer) << momentum;
      };
      add("SGD", OptimizerKind::Sgd, 0);
      add("SGD momentum", OptimizerKind::Sgd, 0.9);
      add("AdamW", OptimizerKind::AdamW, 0);
    }
  }
  void stagesOneByOneEqualTheRun() {
    QFETCH(int, model);
    QFETCH(int, optimizer);
    QFETCH(double, momentum);
    const auto whole = make_trainer(static_cast<ModelKind>(model), static_cast<OptimizerKind>(optimizer), momentum);
    const auto stages = make_trainer(static_cast<ModelKind>(model), static_cast<OptimizerKind>(optimizer), momentum);
    QVERIFY(whole && stages);
    int shorter = 0;
    while (!whole->finished()) {
      QVERIFY(whole->advance());
      do {
        QVERIFY(stages->advance_stage());
      } while (!stages->step().done());
      QVERIFY(same_bits(whole->step().loss(), stages->step().loss()));
      QCOMPARE(test::difference(*whole, *stages), std::string());
      if (whole->step().size() < 16) ++shorter;
    }
    QVERIFY(stages->finished());
    QVERIFY(shorter > 0);
  }

  // Large batches are cut into pieces for several threads and sum their gradients row by row; others follow each other
  // across what is drawn together.
  void threadsAndStagesChangeNoBit_data() {
    QTest::addColumn<int>("optimizer");
    QTest::addColumn<int>("batch");
    QTest::addColumn<int>("users");
    QTest::addColumn<int>("movies");
    QTest::addColumn<int>("factors");
    QTest::addColumn<unsigned>("threads");
    for (const OptimizerKind optimizer : optimizer_kinds) {
      for (const int batch : {100, 700, 3000}) {
        QTest::addRow("%s, batches of %d", name_of(optimizer).data(), batch)
            << static_cast<int>(optimizer) << batch << 2600 << 700 << 20 << 2U;
      }
      // Threads share batches out by columns: in two parts, the second one column, one cache line or narrower than the
      // first; in three and four for more threads or fewer; of more than two cache lines.
      const auto columns = [&](int factors, unsigned threads, int of) {
        QTest::addRow("%s, %d factors, %u threads, batches of %d", name_of(optimizer).data(), factors, threads, of)
            << static_cast<int>(optimizer) << of << 2600 << 700 << factors << threads;
      };
      columns(33, 2, 700);
      columns(40, 2, 700);
      columns(50, 2, 64);
      columns(50, 2, 700);
      columns(65, 2, 700);
      columns(70, 5, 700);
      columns(128, 3, 700);
      columns(150, 2, 700);
      // Nearly every user and movie occurs once, so that most are moved in one pass.
      QTest::addRow("%s, batches of 2000 over many rows", name_of(optimizer).data())
          << static_cast<int>(optimizer) << 2000 << 20'000 << 20'000 << 20 << 2U;
    }
  }
  void threadsAndStagesChangeNoBit() {
    QFETCH(int, optimizer);
    QFETCH(int, batch);
    QFETCH(int, users);
    QFETCH(int, movies);
    QFETCH(int, factors);
    QFETCH(unsigned, threads);
    TrainSettings settings = small_settings(ModelKind::DotBias, static_cast<OptimizerKind>(optimizer), 0);
    settings.batch_size = static_cast<std::size_t>(batch);
    settings.factors = static_cast<std::size_t>(factors);
    settings.epochs = 2;
    const auto made = [&](unsigned count) {
      TrainerInput input;
      input.ratings = make_ratings(users, movies, 11'000, 1);  // 8,800 train
      input.settings = settings;
      input.settings.threads = count;
      auto trainer = Trainer::create(std::move(input));
      return trainer ? std::move(*trainer) : nullptr;
    };
    const auto alone = made(1);
    const auto together = made(threads);
    const auto stages = made(threads);
    QVERIFY(alone && together && stages);
    QVERIFY(test::finish(*alone) && test::finish(*together));
    while (!stages->finished()) QVERIFY(stages->advance_stage());
    QCOMPARE(test::difference(*alone, *together), std::string());
    QCOMPARE(test::difference(*alone, *stages), std::string());
  }

  // A batch in stages copies rows and is moved by gradients in memory; the next one at once is not.
  void batchesInStagesAndAtOnceMayTakeTurns_data() {
    QTest::addColumn<int>("model");
    QTest::newRow("dot") << static_cast<int>(ModelKind::Dot);
    QTest::newRow("dot-bias") << static_cast<int>(ModelKind::DotBias);
  }
  void batchesInStagesAndAtOnceMayTakeTurns() {
    QFETCH(int, model);
    TrainSettings settings = small_settings(static_cast<ModelKind>(model), OptimizerKind::SparseAdam, 0);
    settings.batch_size = 64;  // shared out by columns
    settings.factors = 50;
    const auto alone = make_trainer(settings);
    settings.threads = 2;
    const auto turns = make_trainer(settings);
    QVERIFY(alone && turns);
    for (int batch = 0; !turns->finished(); ++batch) {
      const bool validates = !alone->between_batches();
      QVERIFY(alone->advance());
      const int stages = validates ? 0 : batch % 4 == 3 ? batch_stage_count : batch % 4 * 3;  // of ten
      for (int i = 0; i < stages; ++i) QVERIFY(turns->advance_stage());
      if (!turns->step().done() || stages == 0) QVERIFY(turns->advance());
      QCOMPARE(test::difference(*alone, *turns), std::string());
    }
    QVERIFY(alone->finished());
  }

  void everyStageIsOneCall() {
    const auto trainer = make_trainer(ModelKind::DotBias, OptimizerKind::AdamW, 0);
    for (int i = 0; i < batch_stage_count; ++i) {
      QCOMPARE(trainer->batch(), std::size_t{0});
      QVERIFY(trainer->advance_stage());
      QVERIFY(!name_of(static_cast<BatchStage>(i)).empty());
      QVERIFY(!sentence_of(static_cast<BatchStage>(i)).empty());
    }
    QVERIFY(trainer->between_batches());
    QCOMPARE(trainer->batch(), std::size_t{1});
  }

  void aBatchBegunInStagesMayBeFinishedAtOnce() {
    const auto whole = make_trainer(ModelKind::DotBias, OptimizerKind::AdamW, 0);
    const auto mixed = make_trainer(ModelKind::DotBias, OptimizerKind::AdamW, 0);
    QVERIFY(whole->advance());
    for (int i = 0; i < 4; ++i) QVERIFY(mixed->advance_stage());
    QVERIFY(mixed->advance());
    QCOMPARE(test::difference(*whole, *mixed), std::string());
  }

  void onlyTheLastBatchOfAnEpochIsShorter() {
    const auto trainer = make_trainer(ModelKind::DotBias, OptimizerKind::AdamW, 0);
    QCOMPARE(trainer->batches_per_epoch(), std::size_t{13});
    for (std::size_t batch = 0; batch < 13; ++batch) {
      QVERIFY(trainer->advance());
      QCOMPARE(trainer->step().size(), std::size_t{batch < 12 ? 16U : 9U});
    }
  }

  void gradientsMatchFiniteDifferences_data() {
    QTest::addColumn<bool>("bias");
    QTest::addColumn<bool>("range");
    QTest::newRow("dot") << false << false;
    QTest::newRow("dot, range") << false << true;
    QTest::newRow("dot-bias") << true << false;
    QTest::newRow("dot-bias, range") << true << true;
  }
  void gradientsMatchFiniteDifferences() {
    QFETCH(bool, bias);
    QFETCH(bool, range);
    Batch batch(bias, range ? RatingScale{0.5F, 5.5F} : RatingScale{});
    batch.run_to(BatchStage::OptimizerStep);
    QVERIFY(std::abs(batch.step.loss() - exact_loss(tables_of(batch.model), batch)) <= 1e-5);
    const double deviation = gradient_deviation(batch);
    QVERIFY2(deviation <= 2e-6, qPrintable(QString::number(deviation)));
  }

  void repeatedIdsSumTheirGradients() {
    Batch batch(true, {}, {0, 0, 0, 0});
    batch.run_to(BatchStage::OptimizerStep);
    const auto user = static_cast<std::size_t>(batch.ratings->users[0]);
    const auto movie = static_cast<std::size_t>(batch.ratings->movies[0]);
    const auto gradients = batch.model.gradients();
    for (const TableGradient& gradient : gradients) QCOMPARE(gradient.by_rows->touched_rows().size(), std::size_t{1});
    // The mean over four equal ratings has the gradient of one: 2 (prediction - rating), four quarters summed.
    const float g = 2 * (batch.model.predictions()[0] - batch.ratings->ratings[0]);
    const auto close = [](float a, float b) { return std::abs(a - b) <= 1e-6F * (1 + std::abs(b)); };
    for (std::size_t k = 0; k < batch.spec.factors; ++k) {
      QVERIFY(close(gradients[0].by_rows->values()(0, k), g * batch.model.factors(Table::Movies)(movie, k)));
      QVERIFY(close(gradients[1].by_rows->values()(0, k), g * batch.model.factors(Table::Users)(user, k)));
    }
    QVERIFY(close(gradients[2].by_rows->values()(0, 0), g));
    QVERIFY(close(gradients[3].by_rows->values()(0, 0), g));
  }

  void predictGivesTheBitsOfTheForwardPass() {
    Batch batch(true, {0, 5.5F});
    batch.run_to(BatchStage::Loss);
    std::vector<float> predictions(batch.step.size());
    batch.model.predict(batch.step.users(), batch.step.movies(), predictions);
    QVERIFY(std::ranges::equal(predictions, batch.model.predictions()));
  }

  void anUnseenRowPredictsAsZeros() {
    Batch batch(true, {});
    const std::int32_t users[] = {-1, -1, 2};
    const std::int32_t movies[] = {-1, 3, -1};
    std::vector<float> predictions(3);
    batch.model.predict(users, movies, predictions);
    QCOMPARE(predictions[0], 0.0F);
    QCOMPARE(predictions[1], (*batch.model.bias(Table::Movies))(3, 0));
    QCOMPARE(predictions[2], (*batch.model.bias(Table::Users))(2, 0));
  }
};

QTEST_APPLESS_MAIN(TestBatchStep)
#include "test_batch_step.moc"
