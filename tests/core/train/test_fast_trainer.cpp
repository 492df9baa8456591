#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/system.h"
#include "core/io/safetensors.h"
#include "core/train/fast_trainer.h"
#include "core/train/session.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;
using rowlight::test::same_bits;

namespace {

constexpr double noise = 0.3;

/// Ratings of a planted model of three factors and biases, with noise; some pairs repeat.
std::shared_ptr<RatingSet> planted(std::uint32_t users, std::uint32_t movies, std::size_t count, std::uint64_t seed) {
  auto set = make_ratings(users, movies, 0, 1);
  Random random(seed);
  constexpr std::size_t rank = 3;
  const auto normals = [&random](std::size_t n, double deviation) {
    std::vector<double> values(n);
    for (double& x : values) x = deviation * random.normal();
    return values;
  };
  const auto u = normals(users * rank, 0.6);
  const auto v = normals(movies * rank, 0.6);
  const auto a = normals(users, 0.4);
  const auto b = normals(movies, 0.4);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t user = random.below(users);
    const std::uint32_t movie = random.below(movies);
    double rating = 3.5 + a[user] + b[movie] + noise * random.normal();
    for (std::size_t k = 0; k < rank; ++k) rating += u[user * rank + k] * v[movie * rank + k];
    set->users.push_back(static_cast<std::int32_t>(user));
    set->movies.push_back(static_cast<std::int32_t>(movie));
    set->ratings.push_back(static_cast<float>(std::round(rating * 10) / 10));  // some sixty different ones
  }
  return set;
}

TrainSettings fast_settings(std::size_t factors = 8, int epochs = 3) {
  TrainSettings s;
  s.mode = TrainMode::Fast;
  s.factors = factors;
  s.epochs = epochs;
  return s;
}

TrainerInput input_of(RatingSetPtr ratings, const TrainSettings& settings = fast_settings()) {
  TrainerInput input;
  input.ratings = std::move(ratings);
  input.settings = settings;
  return input;
}

std::unique_ptr<FastTrainer> make_fast(TrainerInput input) {
  auto trainer = FastTrainer::create(std::move(input));
  return trainer ? std::move(*trainer) : nullptr;
}

bool finish(FastTrainer& trainer) {
  while (!trainer.finished()) {
    if (!trainer.advance()) return false;
  }
  return true;
}

double last_rmse(const FastTrainer& trainer) { return std::sqrt(trainer.epochs().back().valid_loss.value_or(1e9)); }

/// Empty when two runs have the same bits.
std::string difference(const FastTrainer& a, const FastTrainer& b) {
  if (a.epoch() != b.epoch() || a.batch() != b.batch()) return "the place in the run";
  for (std::size_t i = 0; i < a.model().parameters().size(); ++i) {
    const Parameter& parameter = a.model().parameters()[i];
    if (!same_bits(parameter.value.view(), b.model().parameters()[i].value.view())) return parameter.name;
  }
  if (a.prior().state() != b.prior().state()) return "the prior";
  if (a.epochs().size() != b.epochs().size()) return "the number of results";
  for (std::size_t i = 0; i < a.epochs().size(); ++i) {
    if (!same_bits(a.epochs()[i].train_loss, b.epochs()[i].train_loss)) return "the training loss";
    if (a.epochs()[i].valid_loss != b.epochs()[i].valid_loss) return "the validation loss";
  }
  return {};
}

QString text_of(const Expected<std::unique_ptr<FastTrainer>>& trainer) {
  return trainer ? QString("no error") : QString::fromStdString(trainer.error().message());
}

bool padding_is_zero(const Matrix& matrix) {
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    const auto row = matrix.view().padded_row(r).subspan(matrix.cols());
    if (std::ranges::any_of(row, [](float x) { return x != 0; })) return false;
  }
  return true;
}

}  // namespace

class TestFastTrainer : public QObject {
  Q_OBJECT

 private slots:
  void findsThePlantedModel_data() {
    QTest::addColumn<int>("model");
    QTest::addColumn<int>("factors");
    for (const int factors : {3, 8, 40}) {
      QTest::addRow("dot-bias %d", factors) << static_cast<int>(ModelKind::DotBias) << factors;
      QTest::addRow("dot %d", factors + 2) << static_cast<int>(ModelKind::Dot) << factors + 2;
    }
  }
  // 60 ratings a row for some four numbers each: the error is little above the noise, whatever the number of factors.
  void findsThePlantedModel() {
    QFETCH(int, model);
    QFETCH(int, factors);
    TrainSettings settings = fast_settings(static_cast<std::size_t>(factors), 6);
    settings.model = static_cast<ModelKind>(model);
    const auto trainer = make_fast(input_of(planted(500, 400, 30000, 7), settings));
    QVERIFY(trainer && finish(*trainer));
    QVERIFY2(last_rmse(*trainer) < 1.2 * noise, qPrintable(QString::number(last_rmse(*trainer))));
    QVERIFY(trainer->epochs().front().valid_loss > trainer->epochs().back().valid_loss);
    for (const Parameter& parameter : trainer->model().parameters()) QVERIFY(padding_is_zero(parameter.value));
  }

  void reportedLossesAreThoseOfTheTables() {
    const auto ratings = planted(100, 80, 4000, 3);
    const auto trainer = make_fast(input_of(ratings));
    QVERIFY(trainer && finish(*trainer));
    const Split split = split_randomly(ratings->size(), 0.2, 42);
    const auto loss = [&](const std::vector<std::int32_t>& positions) {
      double sum = 0;
      for (const std::int32_t position : positions) {
        const auto i = static_cast<std::size_t>(position);
        float prediction = 0;
        trainer->model().predict(std::span(ratings->users).subspan(i, 1), std::span(ratings->movies).subspan(i, 1),
                                 {&prediction, 1});
        sum += std::pow(prediction - ratings->ratings[i], 2);
      }
      return sum / static_cast<double>(positions.size());
    };
    QVERIFY(std::abs(loss(split.training) / trainer->epochs().back().train_loss - 1) < 1e-4);
    QVERIFY(std::abs(loss(split.validation) / *trainer->epochs().back().valid_loss - 1) < 1e-6);
  }

  // With rows of more than 16,384 ratings, which the threads share.
  void threadsDoNotChangeABit() {
    const auto ratings = planted(300, 3, 60000, 11);
    std::unique_ptr<FastTrainer> one;
    for (const unsigned threads : {1U, 2U, 5U}) {
      TrainSettings settings = fast_settings(20);
      settings.threads = threads;
      auto trainer = make_fast(input_of(ratings, settings));
      QVERIFY(trainer && finish(*trainer));
      if (one) QCOMPARE(difference(*trainer, *one), std::string());
      if (!one) one = std::move(trainer);
    }
    const auto other = make_fast(input_of(ratings, [] {
      TrainSettings settings = fast_settings(20);
      settings.seed = 43;
      return settings;
    }()));
    QVERIFY(other && finish(*other));
    QVERIFY(difference(*other, *one) != std::string());
  }

  void aRunGoesOnFromEveryPlace_data() {
    QTest::addColumn<int>("model");
    QTest::newRow("dot-bias") << static_cast<int>(ModelKind::DotBias);
    QTest::newRow("dot") << static_cast<int>(ModelKind::Dot);
  }
  void aRunGoesOnFromEveryPlace() {
    QFETCH(int, model);
    TrainSettings settings = fast_settings(36, 3);
    settings.model = static_cast<ModelKind>(model);
    const auto ratings = planted(60, 50, 2500, 5);
    const auto whole = make_fast(input_of(ratings, settings));
    QVERIFY(whole && finish(*whole));
    const auto stepped = make_fast(input_of(ratings, settings));
    QVERIFY(stepped != nullptr);
    int places = 0;
    while (!stepped->finished()) {
      if (stepped->between_parts()) {
        auto resumed = FastTrainer::resume(input_of(ratings), stepped->save(), true);
        QVERIFY2(resumed.has_value(), qPrintable(text_of(resumed)));
        QVERIFY(finish(**resumed));
        QCOMPARE(difference(**resumed, *whole), std::string());
        ++places;
      }
      QVERIFY(stepped->advance().has_value());
    }
    QCOMPARE(difference(*stepped, *whole), std::string());
    QVERIFY(places > 15);
  }

  void aFileThatDoesNotFitIsRefused() {
    const auto ratings = planted(20, 20, 500, 1);
    const auto trainer = make_fast(input_of(ratings));
    QVERIFY(trainer && trainer->advance());
    const TensorFile file = trainer->save();
    QCOMPARE(text_of(FastTrainer::resume(input_of(planted(20, 20, 500, 2)), file, true)),
             QString("the saved run was trained on other ratings; resume it with the file it was started with"));
    QVERIFY(!Trainer::resume(input_of(ratings), file, true));
    TensorFile torn = file;
    torn.metadata["progress"] = R"({"epoch":0,"batch":0,"stage":99,"part":0})";
    QVERIFY(text_of(FastTrainer::resume(input_of(ratings), torn, true)).contains("not a saved run"));
    torn.metadata["progress"] = "{";
    QVERIFY(text_of(FastTrainer::resume(input_of(ratings), torn, true)).contains("not a saved run"));
  }

  void rowsThatTrainingNeverSeesStayZero() {
    auto ratings = planted(30, 20, 800, 5);
    ratings->user_ids.add("nobody");
    ratings->movie_ids.add("nothing");
    for (const ModelKind model : {ModelKind::DotBias, ModelKind::Dot}) {
      TrainSettings settings = fast_settings();
      settings.model = model;
      auto test = planted(30, 20, 0, 5);
      test->users = {test->user_ids.add("stranger"), 0, 0};
      test->movies = {0, test->movie_ids.add("novelty"), 0};
      test->ratings = {3, 3, 3};
      TrainerInput input = input_of(ratings, settings);
      input.test = test;
      const auto trainer = make_fast(std::move(input));
      QVERIFY(trainer && finish(*trainer));
      QCOMPARE(trainer->unseen_users(), 1U);
      QCOMPARE(trainer->unseen_movies(), 1U);
      QCOMPARE(trainer->training_size(), 800U);
      for (const Parameter& parameter : trainer->model().parameters()) {
        const auto last = parameter.value.row(parameter.value.rows() - 1);
        QVERIFY(std::ranges::all_of(last, [](float x) { return x == 0; }));
      }
    }
  }

  // Sets that leave hardly anything to learn must not end in zeros divided by zeros.
  void degenerateSetsAreTrained_data() {
    QTest::addColumn<int>("users");
    QTest::addColumn<int>("movies");
    QTest::addColumn<int>("count");
    QTest::addColumn<bool>("constant");
    QTest::newRow("one rating") << 1 << 1 << 1 << false;
    QTest::newRow("one pair, repeated") << 1 << 1 << 50 << false;
    QTest::newRow("all the same") << 20 << 20 << 300 << true;
    QTest::newRow("one user") << 1 << 40 << 60 << false;
    QTest::newRow("one movie") << 40 << 1 << 60 << false;
    QTest::newRow("a rating each") << 200 << 200 << 100 << false;
  }
  void degenerateSetsAreTrained() {
    QFETCH(int, users);
    QFETCH(int, movies);
    QFETCH(int, count);
    QFETCH(bool, constant);
    auto ratings = planted(static_cast<std::uint32_t>(users), static_cast<std::uint32_t>(movies),
                           static_cast<std::size_t>(count), 3);
    if (constant) std::ranges::fill(ratings->ratings, 4.0F);
    for (const ModelKind model : {ModelKind::DotBias, ModelKind::Dot}) {
      for (const std::size_t factors : {1U, 5U, 70U}) {
        TrainSettings settings = fast_settings(factors, 4);
        settings.model = model;
        settings.valid_share = 0;
        const auto trainer = make_fast(input_of(ratings, settings));
        QVERIFY(trainer != nullptr);
        while (!trainer->finished()) {
          const auto advanced = trainer->advance();
          QVERIFY2(advanced.has_value(), advanced ? "" : advanced.error().message().c_str());
        }
        QVERIFY(trainer->epochs().back().train_loss < 16);
        QVERIFY(!trainer->epochs().back().valid_loss);
      }
    }
  }

  // More than 256 different ratings take the wider lists, whose values are not from a table of codes.
  void anyRatingsAreTrained() {
    auto ratings = planted(100, 80, 6000, 9);
    Random random(1);
    for (float& rating : ratings->ratings) rating += 1e-3F * static_cast<float>(random.uniform());
    TrainSettings settings = fast_settings(6, 6);
    const auto trainer = make_fast(input_of(ratings, settings));
    QVERIFY(trainer && finish(*trainer));
    QVERIFY2(last_rmse(*trainer) < 1.3 * noise, qPrintable(QString::number(last_rmse(*trainer))));
  }

  // The same ratings on another scale: nothing has to be set for it.
  void theScaleOfTheRatingsDoesNotMatter() {
    const auto ratings = planted(150, 100, 8000, 4);
    auto scaled = std::make_shared<RatingSet>(*ratings);
    for (float& rating : scaled->ratings) rating *= 64;
    const auto small = make_fast(input_of(ratings));
    const auto large = make_fast(input_of(scaled));
    QVERIFY(small && large && finish(*small) && finish(*large));
    QVERIFY(std::abs(last_rmse(*large) / (64 * last_rmse(*small)) - 1) < 1e-3);
  }

  void aRunStartsFromTablesOfAnother() {
    const auto ratings = planted(150, 100, 8000, 4);
    const auto first = make_fast(input_of(ratings));
    QVERIFY(first && finish(*first));
    const TensorFile file = first->save();
    TrainerInput input = input_of(ratings, fast_settings(8, 1));
    input.initial = &file;
    const auto second = make_fast(std::move(input));
    QVERIFY(second && finish(*second));
    QVERIFY(last_rmse(*second) < 1.02 * last_rmse(*first));
    TrainerInput wrong = input_of(ratings, fast_settings(9, 1));
    wrong.initial = &file;
    QVERIFY(text_of(FastTrainer::create(std::move(wrong))).contains("user_factors.weight"));
  }

  void whatDoesNotFitIsRefused() {
    const auto refused = [](auto change) {
      TrainerInput input = input_of(planted(20, 20, 500, 1));
      change(input);
      return text_of(FastTrainer::create(std::move(input)));
    };
    QVERIFY(refused([](auto& i) { i.settings.model = ModelKind::DotOneHot; }).contains("cannot train dot-onehot"));
    QVERIFY(refused([](auto& i) { i.settings.range_mode = RangeMode::Given; }).contains("within a range"));
    QVERIFY(refused([](auto& i) { i.settings.fast.step = 2; }).contains("above 0 and below 2"));
    QVERIFY(refused([](auto& i) { i.settings.fast.regularisation = 0; }).contains("above 0"));
    QVERIFY(refused([](auto& i) { i.order = {1, 2, 3}; }).contains("an order of the ratings"));
    QVERIFY(refused([](auto& i) { i.settings.valid_share = 0.9999; }).contains("no ratings are left"));
  }

  void aDivergedRunSaysSo() {
    auto ratings = planted(20, 20, 500, 1);
    for (float& rating : ratings->ratings) rating *= std::numeric_limits<float>::max() / 100;
    const auto trainer = make_fast(input_of(ratings));
    QVERIFY(trainer != nullptr);
    Expected<void> advanced;
    while (advanced && !trainer->finished()) advanced = trainer->advance();
    QVERIFY(!advanced);
    QCOMPARE(static_cast<int>(advanced.error().kind), static_cast<int>(ErrorKind::Diverged));
  }

  // The window's way: commands in, frames out.
  void aSessionPlaysPausesAndShowsRows() {
    Session session;
    session.apply(Configure{fast_settings(8, 2)});
    session.apply(InstallRatings{planted(60, 50, 2500, 5), {}, {}, {}, {}});
    QVERIFY(session.fast_trainer() && !session.trainer());
    session.apply(Watch{Table::Users, {3, 5}});
    session.apply(Play{StepUnit::Batch, 0});
    FramePtr before = session.frame();
    QCOMPARE(static_cast<int>(before->state), static_cast<int>(RunState::Playing));
    session.advance({std::chrono::microseconds::max(), 3});
    session.apply(Pause{});
    QVERIFY(!session.advance({}));
    FramePtr paused = session.frame();
    QCOMPARE(static_cast<int>(paused->state), static_cast<int>(RunState::Paused));
    QVERIFY(!same_bits(paused->users.factors.view(), before->users.factors.view()));
    session.apply(Step{StepUnit::Epoch});
    while (session.advance({})) {
    }
    QCOMPARE(session.frame()->progress.epoch, 1);
    QCOMPARE(session.frame()->loss->epochs.size(), 1U);
    session.apply(Play{StepUnit::Epoch, 0});
    while (session.advance({})) {
    }
    const FramePtr done = session.frame();
    QCOMPARE(static_cast<int>(done->state), static_cast<int>(RunState::Finished));
    QCOMPARE(done->progress.batches_done, 2 * done->progress.batches_per_epoch);
    QCOMPARE(done->loss->epochs.back().batch, done->loss->training.back().batch);
    QVERIFY(done->batch == nullptr);
    TrainSettings longer = done->settings;
    longer.epochs = 3;
    session.apply(Configure{longer});
    QCOMPARE(static_cast<int>(session.frame()->state), static_cast<int>(RunState::Paused));
    session.apply(Configure{TrainSettings{}});  // the other trainer: starts afresh
    QVERIFY(session.trainer() && !session.fast_trainer());
  }
};

QTEST_APPLESS_MAIN(TestFastTrainer)
#include "test_fast_trainer.moc"
