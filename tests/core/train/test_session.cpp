#include <QTest>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "core/io/safetensors.h"
#include "core/train/loss_curve.h"
#include "core/train/session.h"
#include "tests/support/training.h"

using namespace rowlight;
using namespace std::chrono_literals;
using rowlight::test::difference;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;

namespace {

TrainSettings small_settings() {
  TrainSettings s;
  s.factors = 6;
  s.epochs = 3;
  s.batch_size = 16;
  return s;
}

/// 201 ratings train: thirteen batches an epoch.
void install(Session& session, const TrainSettings& settings = small_settings()) {
  session.apply(Configure{settings});
  session.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
}

void finish(Session& session) {
  session.apply(Play{StepUnit::Batch, 0});
  while (session.advance({})) {
  }
}

void step(Session& session, StepUnit unit) {
  session.apply(Step{unit});
  while (session.advance({})) {
  }
}

std::vector<std::int32_t> all_rows(std::int32_t count) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

QString error_of(Session& session) {
  const FramePtr frame = session.frame();
  return frame->error ? QString::fromStdString(frame->error->message()) : QString();
}

/// How far points move from one picture to the next, at most, as a share of the picture's size.
double movement(const Matrix& before, const Matrix& after) {
  double largest = 0;
  double size = 0;
  for (std::size_t r = 0; r < before.rows(); ++r) {
    largest = std::max(largest, std::hypot(double{after(r, 0)} - before(r, 0), double{after(r, 1)} - before(r, 1)));
    size = std::max(size, std::hypot(double{before(r, 0)}, double{before(r, 1)}));
  }
  return largest / size;
}

}  // namespace

class TestSession : public QObject {
  Q_OBJECT

 private slots:
  void emptySessionRefusesToTrain() {
    Session session;
    QCOMPARE(session.frame()->state, RunState::Empty);
    QVERIFY(session.frame()->loss != nullptr);
    QCOMPARE(session.trainer(), nullptr);
    for (const Command& command : {Command(Play{}), Command(Step{})}) {
      session.apply(command);
      QCOMPARE(error_of(session), QString("there are no ratings to train on; open a rating file first"));
      QVERIFY(!session.advance({}));
      QCOMPARE(session.frame()->state, RunState::Empty);
    }
    session.apply(Pause{});
    QVERIFY(!session.frame()->error);
  }

  void aRefusedCommandLeavesTheRunAlone_data() {
    QTest::addColumn<int>("which");
    QTest::newRow("Configure") << 0;
    QTest::newRow("InstallRatings with a wrong order") << 1;
    QTest::newRow("Configure that leaves nothing to train on") << 2;
  }
  void aRefusedCommandLeavesTheRunAlone() {
    QFETCH(int, which);
    Session touched;
    Session untouched;
    for (Session* session : {&touched, &untouched}) {
      install(*session);
      session->apply(Play{StepUnit::Batch, 0});
      session->advance({std::chrono::microseconds::max(), 17});
    }
    TrainSettings bad = small_settings();
    if (which == 0) bad.factors = 0;
    if (which == 2) bad.valid_share = 0.9999;
    const std::uint64_t run = touched.frame()->run;
    if (which == 1) {
      touched.apply(InstallRatings{make_ratings(3, 3, 9, 1), {}, {99}, {}, {}});
    } else {
      touched.apply(Configure{bad});
    }
    QVERIFY(!error_of(touched).isEmpty());
    QCOMPARE(touched.frame()->state, RunState::Playing);
    QCOMPARE(touched.frame()->run, run);
    QCOMPARE(touched.frame()->settings, small_settings());
    finish(touched);
    finish(untouched);
    QCOMPARE(difference(*touched.trainer(), *untouched.trainer()), std::string());
    touched.apply(Pause{});
    QVERIFY(!touched.frame()->error);  // gone with the next command
  }

  void stepsEndWhereTheySay() {
    Session session;
    install(session);
    step(session, StepUnit::Operation);
    QCOMPARE(session.frame()->progress.next_stage, BatchStage::LookUpUsers);
    QCOMPARE(session.frame()->state, RunState::Paused);
    step(session, StepUnit::Operation);
    QCOMPARE(session.frame()->progress.next_stage, BatchStage::LookUpMovies);
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{0});
    step(session, StepUnit::Batch);  // ends the batch that was begun
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{1});
    QCOMPARE(session.frame()->progress.next_stage, BatchStage::DrawBatch);
    step(session, StepUnit::Batch);
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{2});
    step(session, StepUnit::Epoch);
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{13});
    QCOMPARE(session.frame()->progress.epoch, 1);
    QCOMPARE(session.frame()->loss->epochs.size(), std::size_t{1});
    QVERIFY(session.frame()->loss->epochs[0].valid_loss.has_value());
    QCOMPARE(session.frame()->state, RunState::Paused);
    step(session, StepUnit::Epoch);
    step(session, StepUnit::Epoch);
    QCOMPARE(session.frame()->state, RunState::Finished);
    session.apply(Step{StepUnit::Batch});
    QVERIFY(error_of(session).startsWith("all 3 epochs are done"));
  }

  void budgetsOfUnitsAreKept() {
    Session session;
    install(session);
    session.apply(Play{StepUnit::Batch, 30});
    QCOMPARE(session.units_per_second(), 30.0);
    QVERIFY(session.advance({std::chrono::microseconds::max(), 3}));
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{3});
    QVERIFY(session.advance({std::chrono::microseconds::max(), 0}));
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{3});
    session.apply(Pause{});
    QVERIFY(!session.advance({}));
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{3});
  }

  void playingInSlicesIsOneRun_data() {
    QTest::addColumn<int>("unit");
    QTest::newRow("operations") << static_cast<int>(StepUnit::Operation);
    QTest::newRow("batches") << static_cast<int>(StepUnit::Batch);
    QTest::newRow("epochs") << static_cast<int>(StepUnit::Epoch);
  }
  void playingInSlicesIsOneRun() {
    QFETCH(int, unit);
    Session whole;
    Session slices;
    install(whole);
    install(slices);
    finish(whole);
    slices.apply(Watch{Table::Users, {1, 2, 3}});
    slices.apply(Project{true, Table::Movies});
    slices.apply(Play{static_cast<StepUnit>(unit), 0});
    while (slices.advance({1us, UINT64_MAX})) {
      const FramePtr frame = slices.frame();
      QCOMPARE(frame->state, RunState::Playing);
    }
    QCOMPARE(slices.frame()->state, RunState::Finished);
    QCOMPARE(difference(*whole.trainer(), *slices.trainer()), std::string());
  }

  void resetGivesTheSameNumbersAgain() {
    Session session;
    Session fresh;
    install(session);
    install(fresh);
    finish(session);
    const std::uint64_t run = session.frame()->run;
    session.apply(Reset{});
    QCOMPARE(session.frame()->state, RunState::Paused);
    QVERIFY(session.frame()->run > run);
    QVERIFY(session.frame()->loss->training.empty());
    QCOMPARE(session.frame()->batch, nullptr);
    QCOMPARE(difference(*session.trainer(), *fresh.trainer()), std::string());
    finish(session);
    finish(fresh);
    QCOMPARE(difference(*session.trainer(), *fresh.trainer()), std::string());
  }

  void otherSettingsStartAfresh() {
    Session session;
    install(session);
    finish(session);
    TrainSettings other = small_settings();
    other.optimizer.learning_rate = 0.01;
    session.apply(Configure{other});
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{0});
    QCOMPARE(session.frame()->state, RunState::Paused);
  }

  void moreEpochsGoOnWhereTheRunEnded() {
    TrainSettings more = small_settings();
    more.schedule = ScheduleKind::Constant;
    Session session;
    install(session, more);
    finish(session);
    const std::uint64_t run = session.frame()->run;
    const Matrix before = session.trainer()->model().factors(Table::Users);
    more.epochs = 5;
    session.apply(Configure{more});
    QCOMPARE(session.frame()->state, RunState::Paused);
    QCOMPARE(session.frame()->run, run);
    QVERIFY(same_bits(before.view(), session.trainer()->model().factors(Table::Users).view()));
    finish(session);
    QCOMPARE(session.frame()->loss->epochs.size(), std::size_t{5});
    more.epochs = 4;
    session.apply(Configure{more});
    QCOMPARE(session.frame()->state, RunState::Finished);
  }

  void aOneCycleRunUnderWayStartsOverWithOtherEpochs() {
    // Its rate would jump: it was planned for the epochs that it was given.
    Session session;
    install(session);
    TrainSettings other = small_settings();
    other.epochs = 5;
    const std::uint64_t run = session.frame()->run;
    session.apply(Configure{other});  // nothing is trained yet
    QCOMPARE(session.frame()->run, run);
    step(session, StepUnit::Batch);
    other.threads = 2;
    session.apply(Configure{other});
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{1});
    other.epochs = 6;
    session.apply(Configure{other});
    QVERIFY(session.frame()->run > run);
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{0});
    QCOMPARE(session.frame()->settings.epochs, 6);
  }

  void manyEpochsDoNotMakeAFrameLonger() {
    TrainSettings settings = small_settings();
    settings.batch_size = 256;
    settings.epochs = 3000;
    Session session;
    install(session, settings);
    std::vector<EpochResult> last;
    while (session.frame()->state != RunState::Finished) {
      session.apply(Play{StepUnit::Epoch, 0});
      session.advance({std::chrono::microseconds::max(), 97});
      const auto& shown = session.frame()->loss->epochs;
      QVERIFY(shown.size() <= LossHistory::most_epochs);
      QCOMPARE(shown.front().epoch, 1);
      QCOMPARE(shown.back().epoch, session.trainer()->epoch());
      QVERIFY(std::ranges::is_sorted(shown, std::ranges::less_equal{}, &EpochResult::epoch));
      // What is shown was shown before, but for what is new: a point that is gone does not come back.
      for (const EpochResult& epoch : shown) {
        const bool is_new = last.empty() || epoch.epoch > last.back().epoch;
        QVERIFY(is_new || std::ranges::count(last, epoch.epoch, &EpochResult::epoch) == 1);
      }
      last = shown;
    }
    QVERIFY(last.size() > LossHistory::most_epochs / 4);
    QCOMPARE(session.trainer()->epochs().size(), std::size_t{3000});
  }

  void aUnitThatIsCutCountsWhenItEnds() {
    Session session;
    install(session);
    session.apply(Play{StepUnit::Epoch, 1});
    int calls = 0;
    for (; session.trainer()->epoch() == 0; ++calls) {
      QCOMPARE(session.units_done(), std::uint64_t{0});
      session.advance({1us, 1});
    }
    QVERIFY(calls > 1);
    QCOMPARE(session.units_done(), std::uint64_t{1});
    session.apply(Play{StepUnit::Batch, 0});
    session.advance({std::chrono::microseconds::max(), 4});
    QCOMPARE(session.units_done(), std::uint64_t{5});
  }

  void aFrameHoldsTheWatchedRowsAlone() {
    TrainSettings settings = small_settings();
    settings.epochs = 1;
    for (const std::uint32_t movies : {30U, 20'000U}) {
      Session session;
      session.apply(Configure{settings});
      session.apply(InstallRatings{make_ratings(20, movies, 251, 1), {}, {}, {}, {}});
      session.apply(Watch{Table::Movies, {7, 29, -1, 7, static_cast<std::int32_t>(movies)}});
      step(session, StepUnit::Batch);
      const FramePtr frame = session.frame();
      QCOMPARE(frame->movies.rows, (std::vector<std::int32_t>{7, 29, 7}));
      QCOMPARE(frame->movies.factors.rows(), std::size_t{3});
      QCOMPARE(frame->movies.bias.size(), std::size_t{3});
      QCOMPARE(frame->movies.touch.size(), std::size_t{3});
      QCOMPARE(frame->movies.last_lookup.size(), std::size_t{3});
      QVERIFY(frame->users.rows.empty());
      const Matrix& table = session.trainer()->model().factors(Table::Movies);
      QVERIFY(std::ranges::equal(frame->movies.factors.row(1), table.row(29)));
      QCOMPARE(frame->movies.bias[1], (*session.trainer()->model().bias(Table::Movies))(29, 0));
      QCOMPARE(frame->movie_counts, session.frame()->movie_counts);  // one for all frames of a run
    }
  }

  void framesAreNotChangedLater() {
    Session session;
    install(session);
    session.apply(Watch{Table::Users, all_rows(20)});
    step(session, StepUnit::Batch);
    const FramePtr old = session.frame();
    const Matrix factors = old->users.factors;
    const std::size_t points = old->loss->training.size();
    step(session, StepUnit::Epoch);
    QVERIFY(same_bits(old->users.factors.view(), factors.view()));
    QCOMPARE(old->loss->training.size(), points);
    QCOMPARE(old->batch->number, std::uint64_t{1});
    QVERIFY(session.frame()->sequence > old->sequence);
  }

  void touchedRowsAreTheBatchs_data() {
    QTest::addColumn<int>("optimizer");
    QTest::newRow("AdamW with decay moves others too") << static_cast<int>(OptimizerKind::AdamW);
    QTest::newRow("plain SGD moves no other") << static_cast<int>(OptimizerKind::Sgd);
  }
  void touchedRowsAreTheBatchs() {
    QFETCH(int, optimizer);
    TrainSettings settings = small_settings();
    settings.batch_size = 4;
    settings.optimizer = default_optimizer(static_cast<OptimizerKind>(optimizer));
    settings.optimizer.learning_rate = 0.05;
    Session session;
    install(session, settings);
    session.apply(Watch{Table::Movies, all_rows(30)});
    step(session, StepUnit::Batch);
    step(session, StepUnit::Batch);
    const FramePtr frame = session.frame();
    QCOMPARE(frame->batch->number, std::uint64_t{2});
    QCOMPARE(frame->batch->size, std::size_t{4});
    const std::set<std::int32_t> looked_up(frame->batch->movies.begin(), frame->batch->movies.end());
    const RowTouch other = settings.optimizer.kind == OptimizerKind::AdamW ? RowTouch::MovedOnly : RowTouch::None;
    for (std::int32_t row = 0; row < 30; ++row) {
      const auto i = static_cast<std::size_t>(row);
      const bool in_batch = looked_up.contains(row);
      // A row that no training rating has is zero and stays so.
      const RowTouch expected = in_batch ? RowTouch::LookedUp : (*frame->movie_counts)[i] == 0 ? RowTouch::None : other;
      QCOMPARE(frame->movies.touch[i], expected);
      QCOMPARE(frame->movies.last_lookup[i] == 2, in_batch);
    }
  }

  void rowsScrolledToAfterABatchTellWhetherItMovedThem_data() {
    QTest::addColumn<int>("unit");
    QTest::newRow("operations") << static_cast<int>(StepUnit::Operation);
    QTest::newRow("batches") << static_cast<int>(StepUnit::Batch);
    QTest::newRow("an epoch") << static_cast<int>(StepUnit::Epoch);
  }
  void rowsScrolledToAfterABatchTellWhetherItMovedThem() {
    QFETCH(int, unit);
    TrainSettings settings = small_settings();
    settings.batch_size = 4;
    Session scrolled;
    Session watched;
    for (Session* session : {&scrolled, &watched}) install(*session, settings);
    watched.apply(Watch{Table::Movies, all_rows(30)});
    scrolled.apply(Watch{Table::Movies, {0}});
    const int steps = static_cast<StepUnit>(unit) == StepUnit::Operation ? 20 : 2;
    for (int i = 0; i < steps; ++i) {
      step(scrolled, static_cast<StepUnit>(unit));
      step(watched, static_cast<StepUnit>(unit));
    }
    scrolled.apply(Watch{Table::Movies, all_rows(30)});
    const FramePtr frame = scrolled.frame();
    QVERIFY(std::ranges::count(frame->movies.touch, RowTouch::MovedOnly) > 10);
    QVERIFY(frame->movies.touch == watched.frame()->movies.touch);
  }

  void rowsScrolledToInASlowPlayTellToo() {
    TrainSettings settings = small_settings();
    settings.batch_size = 4;
    Session session;
    install(session, settings);
    session.apply(Play{StepUnit::Batch, 30});
    session.advance({std::chrono::microseconds::max(), 3});
    session.apply(Watch{Table::Users, all_rows(20)});
    QVERIFY(std::ranges::count(session.frame()->users.touch, RowTouch::MovedOnly) > 10);
  }

  void rowsLightUpWithTheirLookup() {
    Session session;
    install(session);
    session.apply(Watch{Table::Users, all_rows(20)});
    session.apply(Watch{Table::Movies, all_rows(30)});
    const auto lit = [](const WatchedRows& rows) { return std::ranges::count(rows.touch, RowTouch::LookedUp) > 0; };
    QVERIFY(!lit(session.frame()->users));
    step(session, StepUnit::Operation);  // drawn
    QVERIFY(!lit(session.frame()->users));
    QCOMPARE(session.frame()->batch->users.size(), std::size_t{16});
    QVERIFY(session.frame()->batch->predictions.empty());
    step(session, StepUnit::Operation);  // users looked up
    QVERIFY(lit(session.frame()->users));
    QVERIFY(!lit(session.frame()->movies));
    step(session, StepUnit::Operation);
    QVERIFY(lit(session.frame()->movies));
    QVERIFY(session.frame()->batch->scores.empty());
    step(session, StepUnit::Operation);  // dot product
    const std::vector<float> products = session.frame()->batch->scores;
    QCOMPARE(products.size(), std::size_t{16});
    step(session, StepUnit::Operation);  // biases added
    const FramePtr biased = session.frame();
    const DotModel& model = session.trainer()->model();
    QCOMPARE(biased->batch->scores[3],
             products[3] + ((*model.bias(Table::Users))(static_cast<std::size_t>(biased->batch->users[3]), 0) +
                            (*model.bias(Table::Movies))(static_cast<std::size_t>(biased->batch->movies[3]), 0)));
    QVERIFY(biased->batch->predictions.empty());
    step(session, StepUnit::Operation);
    QCOMPARE(session.frame()->batch->predictions.size(), std::size_t{16});
    QVERIFY(!session.frame()->batch->loss);
    step(session, StepUnit::Operation);
    QVERIFY(session.frame()->batch->loss.has_value());
    QCOMPARE(session.frame()->batch->errors[3],
             session.frame()->batch->predictions[3] - session.frame()->batch->ratings[3]);
  }

  void projectionFollowsTheTable() {
    Session session;
    install(session);
    step(session, StepUnit::Epoch);
    QCOMPARE(session.frame()->projection, nullptr);
    session.apply(Project{true, Table::Movies});
    QCOMPARE(session.frame()->projection->coordinates.rows(), std::size_t{30});
    QCOMPARE(session.frame()->projection->batch, std::uint64_t{13});
    session.apply(Project{true, Table::Users});
    QCOMPARE(session.frame()->projection->table, Table::Users);
    QCOMPARE(session.frame()->projection->coordinates.rows(), std::size_t{20});
    session.apply(Project{false, Table::Users});
    QCOMPARE(session.frame()->projection, nullptr);
  }

  void projectionIsSharedWhileNothingMoves() {
    Session session;
    install(session);
    session.apply(Project{true, Table::Movies});
    QCOMPARE(session.frame()->projection, session.frame()->projection);
  }

  void projectionInsideABatchIsMadeAgainAfterIt() {
    Session session;
    install(session);
    session.apply(Project{true, Table::Movies});
    for (int i = 0; i < 9; ++i) step(session, StepUnit::Operation);
    const FramePtr inside = session.frame();
    QCOMPARE(inside->projection->batch, std::uint64_t{0});
    step(session, StepUnit::Operation);  // the optimizer moves the rows
    const FramePtr after = session.frame();
    QCOMPARE(after->projection->batch, std::uint64_t{1});
    QVERIFY(movement(inside->projection->coordinates, after->projection->coordinates) > 0);
  }

  void projectionKeepsItsAxes() {
    // Two axes of nearly the same variance swap places and flip again and again; the picture must not.
    TrainSettings settings = small_settings();
    settings.epochs = 20;
    Session session;
    install(session, settings);
    session.apply(Project{true, Table::Movies});
    step(session, StepUnit::Epoch);
    FramePtr last = session.frame();
    double largest = 0;
    for (int batch = 0; batch < 100; ++batch) {
      step(session, StepUnit::Batch);
      const FramePtr next = session.frame();
      QVERIFY(next->projection != last->projection);
      largest = std::max(largest, movement(last->projection->coordinates, next->projection->coordinates));
      last = next;
    }
    QVERIFY2(largest < 0.5, qPrintable(QString::number(largest)));
  }

  void divergenceIsAStateWithAnError() {
    TrainSettings wild = small_settings();
    wild.optimizer = default_optimizer(OptimizerKind::Sgd);
    wild.optimizer.learning_rate = 1e30;
    wild.schedule = ScheduleKind::Constant;
    Session session;
    install(session, wild);
    session.apply(Watch{Table::Users, all_rows(20)});
    session.apply(Project{true, Table::Movies});
    finish(session);
    QCOMPARE(session.frame()->state, RunState::Diverged);
    QVERIFY(error_of(session).startsWith("the loss is not a finite number in epoch 1, batch "));
    session.apply(Play{});
    QVERIFY(!session.advance({}));
    QCOMPARE(session.frame()->state, RunState::Diverged);
    QCOMPARE(session.frame()->error->kind, ErrorKind::Diverged);
    // The batch of the infinite loss did not reach the tables.
    for (const Parameter& parameter : session.trainer()->model().parameters()) {
      for (const float x : parameter.value.view().flat()) QVERIFY(!std::isnan(x));
    }
    session.apply(Reset{});
    QCOMPARE(session.frame()->state, RunState::Paused);
    QVERIFY(!session.frame()->error);
    session.apply(Configure{small_settings()});
    finish(session);
    QCOMPARE(session.frame()->state, RunState::Finished);
  }

  void spoiltTablesAreADivergence_data() {
    QTest::addColumn<double>("valid_share");
    QTest::newRow("without validation") << 0.0;
    QTest::newRow("with validation") << 0.2;
  }
  void spoiltTablesAreADivergence() {
    QFETCH(double, valid_share);
    // The only batch has a finite loss, and its step overflows.
    TrainSettings wild = small_settings();
    wild.model = ModelKind::Dot;
    wild.optimizer = default_optimizer(OptimizerKind::Sgd);
    wild.optimizer.learning_rate = 1e300;
    wild.schedule = ScheduleKind::Constant;
    wild.valid_share = valid_share;
    wild.epochs = 1;
    wild.batch_size = 1000;
    Session session;
    install(session, wild);
    finish(session);
    QCOMPARE(session.frame()->state, RunState::Diverged);
    QCOMPARE(session.frame()->error->kind, ErrorKind::Diverged);
    QVERIFY2(error_of(session).contains("after epoch 1"), qPrintable(error_of(session)));
    QVERIFY(session.trainer()->epochs().empty());
  }

  void aResumedRunShowsNoBatchItNeverSaw() {
    Session session;
    install(session);
    session.apply(Play{StepUnit::Batch, 0});
    session.advance({std::chrono::microseconds::max(), 17});
    const auto saved = std::make_shared<TensorFile>(session.trainer()->save());
    Session resumed;
    resumed.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, saved});
    resumed.apply(Watch{Table::Users, all_rows(20)});
    QCOMPARE(resumed.frame()->batch, nullptr);
    QCOMPARE(resumed.frame()->progress.batches_done, std::uint64_t{17});
    QCOMPARE(resumed.frame()->settings, small_settings());
    session.apply(Watch{Table::Users, all_rows(20)});
    QCOMPARE(resumed.frame()->users.last_lookup, session.frame()->users.last_lookup);
    step(resumed, StepUnit::Batch);
    QCOMPARE(resumed.frame()->batch->number, std::uint64_t{18});
    QCOMPARE(resumed.frame()->loss->training.back().batch, std::uint64_t{18});
  }

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

QTEST_APPLESS_MAIN(TestSession)
#include "test_session.moc"
