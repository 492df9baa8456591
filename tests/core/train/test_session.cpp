#include <QTest>

#include <chrono>
#include <cmath>

#include "tests/support/sessions.h"

using namespace rowlight;
using namespace std::chrono_literals;
using rowlight::test::all_rows;
using rowlight::test::difference;
using rowlight::test::error_of;
using rowlight::test::finish;
using rowlight::test::install;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;
using rowlight::test::session_settings;
using rowlight::test::step;

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
    TrainSettings bad = session_settings();
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
    QCOMPARE(touched.frame()->settings, session_settings());
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
    TrainSettings other = session_settings();
    other.optimizer.learning_rate = 0.01;
    session.apply(Configure{other});
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{0});
    QCOMPARE(session.frame()->state, RunState::Paused);
  }

  void moreEpochsGoOnWhereTheRunEnded() {
    TrainSettings more = session_settings();
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
    TrainSettings other = session_settings();
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

  void divergenceIsAStateWithAnError() {
    TrainSettings wild = session_settings();
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
    session.apply(Configure{session_settings()});
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
    TrainSettings wild = session_settings();
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
};

QTEST_APPLESS_MAIN(TestSession)
#include "test_session.moc"
