// Factors that were trained elsewhere in a Session: everything that looks at tables works, nothing trains.

#include <QTest>

#include <cmath>

#include "core/analysis/pca.h"
#include "core/io/factors.h"
#include "core/train/session.h"
#include "core/train/trainer.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;

namespace {

constexpr std::size_t user_rows = 5;
constexpr std::size_t movie_rows = 8;
constexpr std::size_t width = 4;

Matrix wave(std::size_t rows, std::size_t cols, float phase) {
  Matrix matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) matrix(r, c) = std::sin(phase + static_cast<float>(r * cols + c * c));
  }
  return matrix;
}

std::shared_ptr<Factors> make_factors(bool users = true) {
  auto rows = std::make_shared<RatingSet>();
  rows->name = "model.txt";
  auto factors = std::make_shared<Factors>();
  factors->format = "libmf-model";
  if (users) {
    for (std::size_t r = 0; r < user_rows; ++r) rows->user_ids.add("u" + std::to_string(r));
    factors->tables[0] = wave(user_rows, width, 1);
  } else {
    factors->missing = "model.txt holds no user table";
  }
  for (std::size_t r = 0; r < movie_rows; ++r) rows->movie_ids.add(std::to_string(100 + r));
  factors->tables[1] = wave(movie_rows, width, 2);
  factors->biases[1] = wave(movie_rows, 1, 3);
  factors->rows = std::move(rows);
  return factors;
}

void show(Session& session, std::shared_ptr<const Factors> factors) {
  session.apply(Watch{Table::Users, {0, 4}});
  session.apply(Watch{Table::Movies, {7, 2, 99}});
  session.apply(Project{true, Table::Movies});
  session.apply(InstallFactors{std::move(factors)});
}

QString error_of(Session& session) {
  const FramePtr frame = session.frame();
  return frame->error ? QString::fromStdString(frame->error->message()) : QString();
}

}  // namespace

class TestViewedFactors : public QObject {
  Q_OBJECT

 private slots:
  void tablesBiasAndProjectionAreShown() {
    Session session;
    const auto factors = make_factors();
    show(session, factors);
    const FramePtr frame = session.frame();
    QCOMPARE(frame->state, RunState::ViewOnly);
    QCOMPARE(frame->ratings, factors->rows);
    QCOMPARE(frame->ratings->size(), std::size_t{0});
    QVERIFY(frame->viewed);
    QCOMPARE(frame->viewed->format, std::string("libmf-model"));
    QCOMPARE(frame->viewed->width[0], width);
    QCOMPARE(frame->settings.model, ModelKind::DotBias);
    QCOMPARE(frame->settings.factors, width);
    QCOMPARE(frame->parameter_count, std::uint64_t{(user_rows + movie_rows) * width + movie_rows});
    QCOMPARE(frame->movies.rows, (std::vector<std::int32_t>{7, 2}));
    QCOMPARE(frame->movies.factors(0, 3), factors->tables[1](7, 3));
    QCOMPARE(frame->movies.bias[1], factors->biases[1](2, 0));
    QVERIFY(frame->users.bias.empty());
    QCOMPARE(frame->movies.touch[0], RowTouch::None);
    QVERIFY(frame->movies.standard_deviation > 0.5F);
    QVERIFY(!frame->user_counts && !frame->movie_counts && !frame->batch && frame->loss);
    QVERIFY(frame->projection);
    const auto expected = pca(factors->tables[1].view(), {2, true});
    QVERIFY(expected && same_bits(frame->projection->coordinates.view(), expected->coordinates.view()));
    QCOMPARE(session.frame()->projection, frame->projection);  // nothing moves: made once
    QVERIFY(session.trainer() == nullptr);
  }

  void aFileWithOneTableShowsThatTable() {
    Session session;
    show(session, make_factors(false));
    FramePtr frame = session.frame();
    QVERIFY(frame->users.rows.empty());
    QCOMPARE(frame->viewed->width[0], std::size_t{0});
    QCOMPARE(frame->viewed->missing, std::string("model.txt holds no user table"));
    QVERIFY(frame->projection);
    session.apply(Project{true, Table::Users});
    QVERIFY(!session.frame()->projection);
  }

  void whatTrainsIsRefused() {
    Session session;
    show(session, make_factors());
    const std::uint64_t run = session.frame()->run;
    const std::vector<Command> commands = {Play{}, Step{}, Step{StepUnit::Operation}, Reset{}, Configure{}};
    for (const Command& command : commands) {
      session.apply(command);
      QVERIFY(!session.advance({}));
      QVERIFY2(error_of(session).contains(QStringLiteral("these factors were trained elsewhere")),
               qPrintable(error_of(session)));
      QCOMPARE(session.frame()->state, RunState::ViewOnly);
      QCOMPARE(session.frame()->run, run);
    }
    session.apply(Pause{});
    QVERIFY(error_of(session).isEmpty());
  }

  void lookupWorksOnACopyOfTheTable() {
    Session session;
    const auto factors = make_factors();
    show(session, factors);
    session.apply(ShowLookup{true, 0, 8});
    session.apply(SetUpLookup{own_setup(LookupSource::Movies, movie_rows)});
    session.apply(SeekLookup{lookup_step_count});
    while (session.advance({})) {
    }
    FramePtr frame = session.frame();
    QVERIFY(!frame->error && !frame->lookup->error);
    QCOMPARE(frame->lookup->shown_step, lookup_step_count);
    QCOMPARE(frame->state, RunState::ViewOnly);
    session.apply(Reset{});  // of the pass, which is one's own
    QVERIFY(error_of(session).isEmpty());

    session.apply(SetUpLookup{live_setup(LookupSource::Movies)});
    frame = session.frame();
    QVERIFY(frame->lookup->error && frame->lookup->error->message().find("no batch to follow") != std::string::npos);
    QVERIFY(same_bits(factors->tables[1].view(), wave(movie_rows, width, 2).view()));
  }

  void aRowWhoseTitleIsItsIdIsNamedOnce() {
    auto factors = make_factors();
    auto rows = std::make_shared<RatingSet>(*factors->rows);
    rows->movie_info.resize(movie_rows);
    rows->movie_info[0].title = rows->movie_ids.id(0);
    rows->movie_info[1].title = "Kolya";
    factors->rows = std::move(rows);
    Session session;
    show(session, factors);
    session.apply(ShowLookup{true, 0, 8});
    session.apply(SetUpLookup{own_setup(LookupSource::Movies, movie_rows)});
    const FramePtr frame = session.frame();
    QCOMPARE(frame->lookup->row_names[0], std::string("100"));
    QCOMPARE(frame->lookup->row_names[1], std::string("101  Kolya"));
  }

  void lookupOnAnAbsentTableIsRefused() {
    Session session;
    show(session, make_factors(false));
    session.apply(ShowLookup{true, 0, 8});
    session.apply(SetUpLookup{own_setup(LookupSource::Users, user_rows)});
    const FramePtr frame = session.frame();
    QVERIFY(frame->lookup->error && frame->lookup->error->message().find("no such table") != std::string::npos);
  }

  void aPassThatFollowedTheTrainingGoesOnWithABatchOfItsOwn() {
    Session session;
    session.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
    session.apply(ShowLookup{true, 0, 8});
    session.apply(SetUpLookup{live_setup(LookupSource::Users)});
    session.apply(Step{StepUnit::Operation});
    session.advance({});
    show(session, make_factors());
    FramePtr frame = session.frame();
    QCOMPARE(frame->lookup->setup.source, LookupSource::Users);
    QVERIFY(!frame->lookup->setup.follows_training());
    show(session, make_factors(false));  // without a user table the toy takes its place
    QCOMPARE(session.frame()->lookup->setup.source, LookupSource::Toy);
  }

  void ratingsTakeTheirPlaceAndTheSettingsAreThePersons() {
    TrainSettings settings;
    settings.factors = 6;
    settings.epochs = 1;
    Session session;
    session.apply(Configure{settings});
    show(session, make_factors());
    session.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
    FramePtr frame = session.frame();
    QCOMPARE(frame->state, RunState::Paused);
    QVERIFY(!frame->viewed);
    QCOMPARE(frame->settings, settings);
    session.apply(Play{});
    while (session.advance({})) {
    }
    QCOMPARE(session.frame()->state, RunState::Finished);
    show(session, make_factors());
    frame = session.frame();
    QCOMPARE(frame->state, RunState::ViewOnly);
    QCOMPARE(frame->progress.batches_done, std::uint64_t{0});
    QVERIFY(!frame->batch && frame->loss->training.empty());
  }

  void costsAreMeasuredBesideThem() {
    Session session;
    show(session, make_factors());
    CostOptions options;
    options.rows = {64};
    session.apply(MeasureCost{options});
    while (session.advance({})) {
    }
    QVERIFY(session.frame()->cost && !session.frame()->cost->running);
    QCOMPARE(session.frame()->state, RunState::ViewOnly);
  }
};

QTEST_GUILESS_MAIN(TestViewedFactors)
#include "test_viewed_factors.moc"
