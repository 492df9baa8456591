#include <QTest>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>
#include <vector>

#include "core/analysis/pca.h"
#include "core/io/safetensors.h"
#include "core/simd/kernels.h"
#include "core/train/fast_trainer.h"
#include "tests/support/sessions.h"

using namespace rowlight;
using rowlight::test::all_rows;
using rowlight::test::install;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;
using rowlight::test::session_settings;
using rowlight::test::step;

namespace {

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

// What a session says in its frames.
class TestSessionFrames : public QObject {
  Q_OBJECT

 private slots:
  void manyEpochsDoNotMakeAFrameLonger() {
    TrainSettings settings = session_settings();
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

  void aFrameHoldsTheWatchedRowsAlone() {
    TrainSettings settings = session_settings();
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
    TrainSettings settings = session_settings();
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
    TrainSettings settings = session_settings();
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
    TrainSettings settings = session_settings();
    settings.batch_size = 4;
    Session session;
    install(session, settings);
    session.apply(Play{StepUnit::Batch, 30});
    session.advance({std::chrono::microseconds::max(), 3});
    session.apply(Watch{Table::Users, all_rows(20)});
    QVERIFY(std::ranges::count(session.frame()->users.touch, RowTouch::MovedOnly) > 10);
  }

  void marksAtFullSpeedAreThoseOfTheBatchShown_data() {
    QTest::addColumn<int>("optimizer");
    QTest::newRow("AdamW with decay moves others too") << static_cast<int>(OptimizerKind::AdamW);
    QTest::newRow("plain SGD moves no other") << static_cast<int>(OptimizerKind::Sgd);
  }
  void marksAtFullSpeedAreThoseOfTheBatchShown() {
    QFETCH(int, optimizer);
    TrainSettings settings = session_settings();
    settings.batch_size = 4;
    settings.epochs = 1000;
    settings.optimizer = default_optimizer(static_cast<OptimizerKind>(optimizer));
    Session playing;
    install(playing, settings);
    playing.apply(Watch{Table::Users, all_rows(20)});
    playing.apply(Watch{Table::Movies, all_rows(30)});
    playing.apply(Play{StepUnit::Batch, 0});
    Session counted;
    install(counted, settings);
    counted.apply(Watch{Table::Users, all_rows(20)});
    counted.apply(Watch{Table::Movies, all_rows(30)});
    counted.apply(Play{StepUnit::Batch, 0});
    for (const int slice : {0, 50, 100, 150, 200, 300, 700, 1000}) {
      playing.advance({std::chrono::microseconds(slice), UINT64_MAX});
      const FramePtr frame = playing.frame();
      const FramePtr before = counted.frame();
      const std::uint64_t done = before->batch ? before->batch->number : 0;
      counted.advance({std::chrono::microseconds::max(), frame->batch->number - done});
      const FramePtr expected = counted.frame();
      QCOMPARE(frame->batch->number, expected->batch->number);
      QVERIFY(frame->users.touch == expected->users.touch);
      QVERIFY(frame->movies.touch == expected->movies.touch);
    }
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

  void projectionsAreComputedOnTheRunsThreads_data() {
    QTest::addColumn<int>("mode");
    QTest::newRow("batch by batch") << static_cast<int>(TrainMode::Exact);
    QTest::newRow("fast") << static_cast<int>(TrainMode::Fast);
  }
  // This thread alone uses the plain kernels: what another one added up is rounded otherwise.
  void projectionsAreComputedOnTheRunsThreads() {
    QFETCH(int, mode);
    if (simd::current_target() == simd::Target::Scalar) QSKIP("there are no other kernels on this machine");
    TrainSettings settings = session_settings();
    settings.mode = static_cast<TrainMode>(mode);
    settings.factors = 40;
    settings.batch_size = 4096;
    settings.threads = 4;
    Session session;
    session.apply(Configure{settings});
    session.apply(InstallRatings{make_ratings(20, 9000, 30'000, 1), {}, {}, {}, {}});
    session.apply(Play{StepUnit::Epoch, 0});
    session.advance({std::chrono::microseconds::max(), 1});
    const Matrix& table = session.fast_trainer() != nullptr ? session.fast_trainer()->model().factors(Table::Movies)
                                                            : session.trainer()->model().factors(Table::Movies);
    const double elsewhere = pca(table.view())->explained_variance_ratio[0];
    const simd::ThreadTarget plain(simd::Target::Scalar);
    const double alone = pca(table.view())->explained_variance_ratio[0];
    if (alone == elsewhere) QSKIP("all kernels of this machine round this table to the same share: it tells nothing");
    bool shared = false;
    for (int i = 0; i < 100 && !shared; ++i) {  // another thread may come too late for a frame, but not for all
      session.apply(Project{false, Table::Movies});
      session.apply(Project{true, Table::Movies});  // computed as if for the first time
      QCOMPARE(session.frame()->state, RunState::Playing);
      shared = session.frame()->projection->variance_share[0] != alone;
    }
    QVERIFY(shared);
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
    TrainSettings settings = session_settings();
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
    QCOMPARE(resumed.frame()->settings, session_settings());
    session.apply(Watch{Table::Users, all_rows(20)});
    QCOMPARE(resumed.frame()->users.last_lookup, session.frame()->users.last_lookup);
    step(resumed, StepUnit::Batch);
    QCOMPARE(resumed.frame()->batch->number, std::uint64_t{18});
    QCOMPARE(resumed.frame()->loss->training.back().batch, std::uint64_t{18});
  }
};

QTEST_APPLESS_MAIN(TestSessionFrames)
#include "test_session_frames.moc"
