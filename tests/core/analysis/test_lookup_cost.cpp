#include <QTest>

#include <cmath>

#include "core/analysis/lookup_cost.h"
#include "core/train/session.h"
#include "tests/support/training.h"

using namespace rowlight;
using namespace std::chrono_literals;

namespace {

constexpr CostAlgorithm algorithms[] = {CostAlgorithm::Lookup, CostAlgorithm::LookupDenseGradient,
                                        CostAlgorithm::OneHot, CostAlgorithm::SparseOneHot};
constexpr CostPass passes[] = {CostPass::Forward, CostPass::Backward, CostPass::Optimizer};

/// Takes no time worth the name.
CostOptions quick(std::vector<std::size_t> rows) {
  CostOptions options;
  options.rows = std::move(rows);
  options.dim = 7;
  options.batch = 5;
  options.time_per_value = 0ms;
  options.bandwidth_bytes = 1U << 16U;
  return options;
}

CostView measured(const CostOptions& options) {
  LookupCost cost(options);
  while (cost.advance(1h)) {
  }
  return cost.result();
}

/// Whether a value of this way and pass exists at all: the lookup has one forward pass, whatever its gradient.
bool exists(CostAlgorithm algorithm, CostPass pass) {
  return algorithm != CostAlgorithm::LookupDenseGradient || pass != CostPass::Forward;
}

QString sentence(const CostPoint& point, CostAlgorithm algorithm, CostPass pass) {
  return QString::fromStdString(point.value(algorithm, pass).why_not);
}

}  // namespace

class TestLookupCost : public QObject {
  Q_OBJECT

 private slots:
  void rowsGrowByHalfDecades() {
    const std::vector<std::size_t> expected{10, 30, 100, 300, 1000};
    QCOMPARE(cost_rows_up_to(1000), expected);
    QCOMPARE(cost_rows_up_to(1'000'000).size(), std::size_t{11});
  }

  void bytesFollowFromTheShapes() {
    // LAYERS.md's example: 1682 x 50, batch 64.
    const CostBytes bytes = cost_bytes(1682, 50, 64);
    QCOMPARE(bytes.one_hot, std::uint64_t{430'592});
    QCOMPARE(bytes.table, std::uint64_t{336'400});
    QCOMPARE(bytes.indices, std::uint64_t{512});
    QCOMPARE(bytes.sparse_gradient, std::uint64_t{13'312});
  }

  void allWaysAgreeOnEveryTarget_data() {
    QTest::addColumn<int>("dim");
    QTest::addColumn<int>("batch");
    QTest::newRow("odd") << 7 << 5;
    QTest::newRow("one column") << 1 << 3;
    QTest::newRow("one row a batch") << 50 << 1;
    QTest::newRow("usual") << 50 << 64;
    QTest::newRow("tiles in the batch") << 130 << 600;
  }
  void allWaysAgreeOnEveryTarget() {
    QFETCH(int, dim);
    QFETCH(int, batch);
    CostOptions options = quick({1, 10, 1000});
    options.dim = static_cast<std::size_t>(dim);
    options.batch = static_cast<std::size_t>(batch);
    options.targets = simd::supported_targets();
    const CostView view = measured(options);
    QCOMPARE(view.points.size(), 3 * options.targets.size());
    for (const CostPoint& point : view.points) {
      for (const CostAlgorithm algorithm : algorithms) {
        for (const CostPass pass : passes) {
          const CostValue& value = point.value(algorithm, pass);
          QCOMPARE(value.measured(), exists(algorithm, pass));
          if (!value.measured()) continue;
          QVERIFY(std::isfinite(value.seconds) && value.seconds > 0);
          // A copy and a sum with zeros are exact; the gradient of a row that occurs often is a sum in some order.
          const double tolerance = pass == CostPass::Backward ? 1e-6 * batch : 0;
          const std::string what = std::string(name_of(algorithm)) + " " + std::string(name_of(pass)) + " " +
                                   std::string(simd::name_of(point.target)) + " " + std::to_string(point.rows);
          QVERIFY2(value.max_abs_diff <= tolerance, what.c_str());
        }
      }
    }
  }

  void largeTablesAreCutIntoPieces() {
    // More than one piece of everything; the sums must not notice.
    CostOptions options = quick({60'000});
    options.dim = 50;
    options.batch = 300;
    const CostView view = measured(options);
    for (const CostAlgorithm algorithm : algorithms) {
      for (const CostPass pass : passes) {
        if (!exists(algorithm, pass)) continue;
        const CostValue& value = view.points.front().value(algorithm, pass);
        QVERIFY(value.measured());
        QVERIFY(value.max_abs_diff <= (pass == CostPass::Backward ? 1e-5 : 0));
      }
    }
  }

  void progressAndLimitsAreKnownAtTheEnd() {
    const CostView view = measured(quick({30, 10, 10}));
    const std::vector<std::size_t> rows{10, 30};
    QCOMPARE(view.options.rows, rows);
    QVERIFY(!view.running && !view.cancelled);
    QCOMPARE(view.values_done, view.values_total);
    QCOMPARE(view.options.targets, std::vector{simd::current_target()});
    QVERIFY(view.read_bandwidth > 0 && view.write_bandwidth > 0 && view.copy_bandwidth > 0);
    QVERIFY(view.find(30, simd::current_target()) != nullptr);
    QCOMPARE(view.find(31, simd::current_target()), nullptr);
    QCOMPARE(memory_limit_seconds(view, 30, CostPass::Forward), 30 * 7 * 4 / view.read_bandwidth);
  }

  void whatDoesNotFitIsNotTried() {
    CostOptions options = quick({100, 1000, 10'000});
    options.dim = 16;
    options.batch = 64;
    // 1000 rows: table and gradient 64 kB each, one-hot 256 kB. 10,000: the table alone is 640 kB.
    options.memory_limit = 200'000;
    const CostView view = measured(options);
    QVERIFY(view.points[0].value(CostAlgorithm::OneHot, CostPass::Forward).measured());
    QVERIFY(view.points[1].value(CostAlgorithm::Lookup, CostPass::Forward).measured());
    QVERIFY(view.points[1].value(CostAlgorithm::SparseOneHot, CostPass::Backward).measured());
    QCOMPARE(sentence(view.points[1], CostAlgorithm::OneHot, CostPass::Forward),
             QStringLiteral("the one-hot matrix would take 256 kB, 384 kB with what has to be beside it; the limit is "
                            "200 kB"));
    QVERIFY(!view.points[2].value(CostAlgorithm::Lookup, CostPass::Forward).measured());
    QCOMPARE(sentence(view.points[2], CostAlgorithm::Lookup, CostPass::Forward),
             QStringLiteral("the table would take 640 kB; the limit is 200 kB"));
  }

  void whatTakesTooLongIsGivenUp() {
    CostOptions options = quick({100'000, 200'000});
    options.dim = 64;
    options.batch = 256;
    options.longest_run = 0ms;  // nothing that is cut into pieces is done in no time
    const CostView view = measured(options);
    for (const CostPoint& point : view.points) {
      QVERIFY(point.value(CostAlgorithm::Lookup, CostPass::Forward).measured());
      QVERIFY(sentence(point, CostAlgorithm::OneHot, CostPass::Forward).startsWith("one run takes longer than"));
    }
  }

  void cancelKeepsWhatIsMeasured() {
    LookupCost cost(quick({10, 1'000'000}));
    while (cost.result().points.size() < 2 && cost.advance(1us)) {
    }
    const std::uint64_t version = cost.version();
    cost.cancel();
    QVERIFY(cost.version() > version);
    QVERIFY(cost.result().cancelled && !cost.result().running);
    QVERIFY(cost.result().points.front().value(CostAlgorithm::OneHot, CostPass::Optimizer).measured());
    QVERIFY(!cost.advance(1h));
    QCOMPARE(cost.result().points.size(), std::size_t{2});
  }

  void wrongSizesAreRefused() {
    const auto refusal = [](const CostOptions& options) {
      const auto valid = validate(options);
      return valid ? QString() : QString::fromStdString(valid.error().message());
    };
    QCOMPARE(refusal(quick({})), QStringLiteral("0 table sizes are given; give from 1 to 64"));
    QCOMPARE(refusal(quick({10, 0})), QStringLiteral("a table of 0 rows is asked for; it must be from 1 to 100000000"));
    CostOptions options = quick({10});
    QVERIFY(refusal(options).isEmpty());
    options.dim = 0;
    QCOMPARE(refusal(options), QStringLiteral("the dimension is 0; it must be from 1 to 1024"));
    options.dim = 1;
    options.batch = 100'000;
    QCOMPARE(refusal(options), QStringLiteral("the batch size is 100000; it must be from 1 to 8192"));
  }

  void theProcessKeepsItsTarget() {
    const simd::Target before = simd::current_target();
    CostOptions options = quick({10});
    options.targets = {simd::Target::Scalar};
    LookupCost cost(options);
    while (cost.advance(0us)) QCOMPARE(simd::current_target(), before);
  }

  void trainingGoesOnAsIfNothingHadBeenMeasured() {
    const auto install = [](Session& session) {
      TrainSettings settings;
      settings.factors = 6;
      settings.epochs = 3;
      settings.batch_size = 16;
      session.apply(Configure{settings});
      session.apply(InstallRatings{test::make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
    };
    const auto play = [](Session& session, std::uint64_t batches) {
      session.apply(Play{});
      session.advance({std::chrono::microseconds::max(), batches});
    };
    Session plain;
    install(plain);
    play(plain, UINT64_MAX);

    Session disturbed;
    install(disturbed);
    play(disturbed, 7);
    CostOptions options = quick({10, 100});
    options.targets = simd::supported_targets();
    disturbed.apply(MeasureCost{options});
    while (disturbed.advance({1us})) {
    }
    QVERIFY(disturbed.frame()->cost->points.size() > 1);
    disturbed.apply(Step{StepUnit::Operation});
    disturbed.advance({});
    disturbed.apply(MeasureCost{options});  // in the middle of a batch
    disturbed.advance({1us});
    play(disturbed, UINT64_MAX);
    QCOMPARE(test::difference(*plain.trainer(), *disturbed.trainer()), std::string());
  }

  void measuringPausesTrainingAndPlayingEndsIt() {
    Session session;
    session.apply(InstallRatings{test::make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
    session.apply(Play{StepUnit::Batch, 100});
    session.apply(MeasureCost{quick({10, 1000})});
    QCOMPARE(session.frame()->state, RunState::Paused);
    QVERIFY(session.frame()->cost->running && session.frame()->cost->paused_training);
    QCOMPARE(session.units_per_second(), 0.0);
    QVERIFY(session.advance({0us, 0}));  // the question whether there is work does none
    QCOMPARE(session.frame()->cost->values_done, std::size_t{0});
    session.apply(MeasureCost{quick({10})});  // anew: the training has paused for it as well
    QVERIFY(session.frame()->cost->running && session.frame()->cost->paused_training);
    session.apply(Play{StepUnit::Batch, 100});
    QVERIFY(session.frame()->cost->cancelled);
    QCOMPARE(session.frame()->state, RunState::Playing);
    QCOMPARE(session.units_per_second(), 100.0);
  }

  void aSessionWithoutRatingsCanMeasure() {
    Session session;
    CostOptions wrong = quick({10});
    wrong.dim = 0;
    session.apply(MeasureCost{wrong});
    QVERIFY(session.frame()->error && !session.frame()->cost);
    session.apply(MeasureCost{quick({10})});
    while (session.advance({})) {
    }
    const FramePtr frame = session.frame();
    QVERIFY(!frame->error && !frame->cost->running && !frame->cost->paused_training);
    QCOMPARE(frame->state, RunState::Empty);
    session.apply(CancelCost{});  // nothing to cancel
    QVERIFY(!session.frame()->cost->cancelled);
  }
};

QTEST_GUILESS_MAIN(TestLookupCost)
#include "test_lookup_cost.moc"
