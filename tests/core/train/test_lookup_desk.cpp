#include <QTest>

#include <cmath>
#include <limits>

#include "core/train/session.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;

namespace {

void install(Session& session, int epochs = 3) {
  TrainSettings settings;
  settings.factors = 6;
  settings.batch_size = 16;
  settings.epochs = epochs;
  session.apply(Configure{settings});
  session.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
}

FramePtr run(Session& session, const Command& command) {
  session.apply(command);
  while (session.advance({})) {
  }
  return session.frame();
}

}  // namespace

// The Lookup page's commands, as the Session takes them.
class TestLookupDesk : public QObject {
  Q_OBJECT

 private slots:
  void aHiddenPageCostsNoFrame() {
    Session session;
    QVERIFY(!session.frame()->lookup);
    session.apply(ShowLookup{true, 0, 6});
    QVERIFY(session.frame()->lookup);
    session.apply(ShowLookup{false, 0, 0});
    QVERIFY(!session.frame()->lookup);
  }

  void theToyNeedsNoRatings() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    FramePtr frame = session.frame();
    QCOMPARE(frame->lookup->shown_step, 0);
    QCOMPARE(frame->lookup->weight.rows(), std::size_t{6});
    for (int step = 1; step <= lookup_step_count; ++step) {
      frame = run(session, Step{StepUnit::Operation});
      QCOMPARE(frame->lookup->shown_step, step);
      QCOMPARE(frame->state, RunState::Empty);
      QVERIFY(!frame->error);
    }
    frame = run(session, Step{StepUnit::Operation});
    QCOMPARE(frame->lookup->pass, std::uint64_t{2});
    QCOMPARE(frame->lookup->shown_step, 1);
  }

  void playingEndsWithThePass() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 6});
    const FramePtr frame = run(session, Play{StepUnit::Operation, 0});
    QCOMPARE(frame->lookup->shown_step, lookup_step_count);
    QCOMPARE(frame->state, RunState::Paused);
    QCOMPARE(frame->progress.batches_done, std::uint64_t{0});  // the toy trains nothing else
  }

  void scrubbingShowsWhatWasComputed() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    const FramePtr end = run(session, SeekLookup{18});
    const FramePtr back = run(session, SeekLookup{4});
    QCOMPARE(back->lookup->shown_step, 4);
    QCOMPARE(back->lookup->computed_step, 18);
    QVERIFY(back->lookup->dense_grad.empty() && !back->lookup->output.empty());
    const FramePtr again = run(session, SeekLookup{18});
    QVERIFY(test::same_bits(end->lookup->weight.view(), again->lookup->weight.view()));
    QVERIFY(!test::same_bits(end->lookup->weight.view(), back->lookup->weight.view()));
  }

  void aNewSetupRunsToTheShownStep() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    run(session, SeekLookup{11});
    LookupSetup setup;
    setup.indices = {1, 1, 3};
    const FramePtr frame = run(session, SetUpLookup{setup});
    QCOMPARE(frame->lookup->shown_step, 11);
    QCOMPARE(frame->lookup->indices, setup.indices);
    QCOMPARE(frame->lookup->marks[1].looked_up, 2U);
  }

  void aRefusedSetupChangesNothing() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    const FramePtr before = run(session, SeekLookup{11});
    LookupSetup setup;
    setup.indices = {1, 6};
    const FramePtr after = run(session, SetUpLookup{setup});
    QVERIFY(after->lookup->error);
    QCOMPARE(after->lookup->error->field, std::string("indices"));
    QCOMPARE(after->lookup->indices, before->lookup->indices);
    QCOMPARE(after->lookup->shown_step, 11);
    QVERIFY(test::same_bits(after->lookup->dense_grad.view(), before->lookup->dense_grad.view()));
    QVERIFY(!run(session, SeekLookup{10})->lookup->error);  // gone with the next command
  }

  void editsOutliveAnotherSetup() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    run(session, SeekLookup{5});
    FramePtr frame = run(session, SetLookupWeight{3, 1, std::numeric_limits<float>::quiet_NaN()});
    QCOMPARE(frame->lookup->shown_step, 5);
    QVERIFY(!frame->lookup->verdict.equal_bits);
    LookupSetup setup;
    setup.indices = {1};
    frame = run(session, SetUpLookup{setup});
    QVERIFY(std::isnan(frame->lookup->weight(3, 1)));
    frame = run(session, Reset{});
    QCOMPARE(frame->lookup->weight(3, 1), 0.1F);
    QCOMPARE(frame->lookup->shown_step, 0);
    QCOMPARE(frame->lookup->indices, setup.indices);
  }

  void followingTheTrainingTrainsBitForBit() {
    Session alone;
    install(alone);
    Session followed;
    install(followed);
    followed.apply(ShowLookup{true, 0, 30});
    run(followed, SetUpLookup{live_setup(LookupSource::Movies)});
    for (int batch = 0; batch < 2; ++batch) {
      run(alone, Step{StepUnit::Batch});
      run(followed, Play{StepUnit::Operation, 0});
    }
    QCOMPARE(test::difference(*alone.trainer(), *followed.trainer()), std::string());
    QCOMPARE(followed.frame()->progress.batches_done, std::uint64_t{2});
  }

  void editingALiveWeightBeginsTheBatchAnew() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    const FramePtr before = run(session, SeekLookup{8});
    const auto row = static_cast<std::size_t>(before->lookup->indices[0]);
    const FramePtr after = run(session, SetLookupWeight{row, 0, 0.5F});
    QCOMPARE(after->lookup->shown_step, 8);
    QCOMPARE(after->lookup->indices, before->lookup->indices);  // the same batch
    QCOMPARE(after->lookup->output(0, 0), 0.5F);
    QCOMPARE(session.trainer()->model().factors(Table::Movies)(row, 0), 0.5F);
    QVERIFY(*after->lookup->loss != *before->lookup->loss);
    QCOMPARE(session.frame()->progress.batches_done, std::uint64_t{0});
  }

  void aLateEditTrainsNoFurtherBatch() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    run(session, SeekLookup{18});
    const FramePtr edited = run(session, SetLookupWeight{3, 0, 0.5F});
    QCOMPARE(edited->progress.batches_done, std::uint64_t{1});
    QCOMPARE(edited->lookup->shown_step, 0);
    QCOMPARE(session.trainer()->model().factors(Table::Movies)(3, 0), 0.5F);
    run(session, SeekLookup{18});
    const FramePtr other = run(session, SetUpLookup{live_setup(LookupSource::Users)});
    QCOMPARE(other->progress.batches_done, std::uint64_t{2});
  }

  void aLiveRowIsNotPoisoned() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    const FramePtr frame = run(session, SetLookupWeight{3, 0, std::numeric_limits<float>::infinity()});
    QVERIFY(frame->lookup->error);
    QVERIFY(std::isfinite(session.trainer()->model().factors(Table::Movies)(3, 0)));
  }

  void aHiddenPageComputesNothing() {
    Session session;
    QVERIFY(!run(session, SeekLookup{5})->lookup);
    QCOMPARE(session.frame()->state, RunState::Empty);
    install(session);
    run(session, SeekLookup{7});
    QCOMPARE(session.frame()->progress.next_stage, BatchStage::DrawBatch);
    QCOMPARE(run(session, ShowLookup{true, 0, 6})->lookup->shown_step, 7);
  }

  void anEditDoesNotEndThePlayOfATraining() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 6});
    run(session, SeekLookup{5});
    session.apply(Play{StepUnit::Batch, 0});
    session.apply(SetLookupWeight{1, 1, 2});
    const FramePtr frame = [&] {
      while (session.advance({})) {
      }
      return session.frame();
    }();
    QCOMPARE(frame->lookup->shown_step, 5);
    QCOMPARE(frame->state, RunState::Finished);  // it trained on to its end
  }

  void theProgramIsWrittenOnDemand() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    QVERIFY(!run(session, SeekLookup{5})->lookup->program);
    const FramePtr frame = run(session, WriteLookupProgram{});
    QVERIFY(frame->lookup->program);
    QVERIFY(frame->lookup->program->find("import torch") != std::string::npos);
    QCOMPARE(frame->lookup->shown_step, 5);
    install(session);
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    run(session, SeekLookup{0});
    QVERIFY(run(session, WriteLookupProgram{})->lookup->error);
    run(session, SeekLookup{9});
    QVERIFY(run(session, WriteLookupProgram{})->lookup->program);
  }

  void aBatchOfOnesOwnWorksOnACopy() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    run(session, Step{StepUnit::Batch});
    const Matrix live = session.trainer()->model().factors(Table::Users);
    LookupSetup setup = live_setup(LookupSource::Users);
    setup.indices = {3, 4, 3};
    run(session, SetUpLookup{setup});
    const FramePtr frame = run(session, SeekLookup{18});
    QCOMPARE(frame->lookup->rows_moved, std::size_t{2});
    QVERIFY(test::same_bits(live.view(), session.trainer()->model().factors(Table::Users).view()));
    QCOMPARE(frame->lookup->raw_ids[0], std::string("u3"));
  }

  void trainingOnBeginsAFollowingPassAnew() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    run(session, SeekLookup{9});
    const FramePtr frame = run(session, Step{StepUnit::Batch});
    QCOMPARE(frame->lookup->shown_step, 0);
    QCOMPARE(frame->progress.batches_done, std::uint64_t{1});
    // The batch that was trained is the one that is shown, until the next one is drawn.
    QCOMPARE(frame->lookup->positions, std::size_t{16});
    QCOMPARE(frame->lookup->indices[0], std::int64_t{session.trainer()->step().movies()[0]});
    QVERIFY(frame->lookup->marks[static_cast<std::size_t>(frame->lookup->indices[0])].looked_up > 0);
  }

  void newRatingsBeginLiveTablesAnew() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 30});
    LookupSetup setup = live_setup(LookupSource::Movies);
    setup.indices = {29};
    run(session, SetUpLookup{setup});
    session.apply(InstallRatings{make_ratings(5, 6, 60, 2), {}, {}, {}, {}});
    const FramePtr frame = session.frame();
    QVERIFY(frame->lookup->setup.follows_training());
    QCOMPARE(frame->lookup->rows, std::size_t{6});
    QCOMPARE(run(session, SeekLookup{4})->lookup->shown_step, 4);
  }

  void aFinishedRunSaysSo() {
    Session session;
    install(session, 1);
    run(session, Play{StepUnit::Batch, 0});
    session.apply(ShowLookup{true, 0, 30});
    run(session, SetUpLookup{live_setup(LookupSource::Movies)});
    const FramePtr frame = run(session, Step{StepUnit::Operation});
    QVERIFY(frame->lookup->error);
    QCOMPARE(frame->state, RunState::Finished);
    LookupSetup toy;
    QCOMPARE(run(session, SetUpLookup{toy})->state, RunState::Finished);
    QCOMPARE(run(session, Step{StepUnit::Operation})->lookup->shown_step, 1);
  }

  void leavingThePageStopsItsPlay() {
    Session session;
    install(session);
    session.apply(ShowLookup{true, 0, 6});
    session.apply(Play{StepUnit::Operation, 1});
    session.apply(ShowLookup{false, 0, 0});
    QVERIFY(!session.advance({}));
    QCOMPARE(session.frame()->state, RunState::Paused);
    QCOMPARE(session.frame()->progress.next_stage, BatchStage::DrawBatch);
  }

  void aLiveTableNeedsRatings() {
    Session session;
    session.apply(ShowLookup{true, 0, 6});
    const FramePtr frame = run(session, SetUpLookup{live_setup(LookupSource::Users)});
    QVERIFY(frame->lookup->error);
    QCOMPARE(frame->lookup->error->field, std::string("source"));
    QCOMPARE(frame->lookup->setup.source, LookupSource::Toy);
  }
};

QTEST_APPLESS_MAIN(TestLookupDesk)
#include "test_lookup_desk.moc"
