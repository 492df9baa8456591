#include <QTest>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "core/base/system.h"
#include "core/io/safetensors.h"
#include "tests/support/small_runs.h"

using namespace rowlight;
using rowlight::test::difference;
using rowlight::test::finish;
using rowlight::test::make_ratings;
using rowlight::test::make_trainer;
using rowlight::test::small_input;
using rowlight::test::small_settings;
using rowlight::test::text_of;

namespace {

/// A set of ten users and ten movies, of which the last user and the last two movies have no rating.
std::shared_ptr<RatingSet> gappy_ratings() {
  auto set = make_ratings(9, 8, 100, 5);
  set->user_ids.add("u9");
  set->movie_ids.add("m8");
  set->movie_ids.add("m9");
  return set;
}

void add(RatingSet& set, const char* user, const char* movie, float rating) {
  set.users.push_back(set.user_ids.add(user));
  set.movies.push_back(set.movie_ids.add(movie));
  set.ratings.push_back(rating);
}

}  // namespace

Q_DECLARE_METATYPE(rowlight::TrainSettings)

class TestTrainer : public QObject {
  Q_OBJECT

 private slots:
  void sameSeedSameBits() {
    const auto first = make_trainer(small_input());
    const auto second = make_trainer(small_input());
    QVERIFY(finish(*first) && finish(*second));
    QCOMPARE(difference(*first, *second), std::string());
  }

  void anotherSeedIsAnotherRun() {
    TrainSettings other = small_settings();
    other.seed = 43;
    const auto first = make_trainer(small_input());
    const auto second = make_trainer(small_input(other));
    QCOMPARE(difference(*first, *second), std::string("user_factors.weight"));
    QVERIFY(finish(*first) && finish(*second));
    QVERIFY(first->epochs().back().valid_loss != second->epochs().back().valid_loss);
  }

  void threadsDoNotChangeABit() {
    // The movie table is two pieces of work, the validation set three.
    const auto run = [](unsigned threads) {
      TrainSettings settings = small_settings();
      settings.threads = threads;
      settings.factors = 40;
      settings.epochs = 1;
      settings.batch_size = 512;
      settings.valid_share = 0.5;
      TrainerInput input;
      input.ratings = make_ratings(20, 3000, 40'000, 1);
      input.settings = settings;
      auto trainer = make_trainer(std::move(input));
      return finish(*trainer) ? std::move(trainer) : nullptr;
    };
    const auto one = run(1);
    QVERIFY(one);
    for (const unsigned threads : {2U, 3U}) QCOMPARE(difference(*one, *run(threads)), std::string());
  }

  void dotAndDotBiasStartFromTheSameFactors() {
    TrainSettings dot = small_settings();
    dot.model = ModelKind::Dot;
    const auto plain = make_trainer(small_input(dot));
    const auto biased = make_trainer(small_input());
    for (const Table table : {Table::Users, Table::Movies}) {
      QVERIFY(test::same_bits(plain->model().factors(table).view(), biased->model().factors(table).view()));
    }
    QCOMPARE(plain->model().bias(Table::Users), nullptr);
  }

  void epochsReportMeansOverTheirRatings() {
    const auto trainer = make_trainer(small_input());
    double sum = 0;
    while (trainer->between_batches()) {
      QVERIFY(trainer->advance());
      sum += trainer->step().loss() * static_cast<double>(trainer->step().size());
    }
    QVERIFY(trainer->advance());  // the validation
    QCOMPARE(trainer->epochs()[0].epoch, 1);
    QCOMPARE(trainer->epochs()[0].batch, trainer->batches_per_epoch());
    QCOMPARE(trainer->epochs()[0].train_loss, sum / 201);
    QCOMPARE(trainer->training_size(), std::size_t{201});
    QCOMPARE(trainer->validation_size(), std::size_t{50});
    QCOMPARE(trainer->trained_ratings(), std::uint64_t{201});
  }

  void aBatchLargerThanTheRatingsTakesNoMoreMemory() {
    TrainSettings settings = small_settings();
    settings.factors = 4096;
    settings.batch_size = 1U << 20;  // as a buffer this would be 17 GB, twice
    settings.epochs = 1;
    const auto trainer = make_trainer(small_input(settings));
    QVERIFY(trainer);
    QCOMPARE(trainer->model().spec().batch_size, trainer->training_size());
    QVERIFY(finish(*trainer));
    QCOMPARE(trainer->batches_done(), std::uint64_t{1});
  }

  void whatMemoryCannotHoldIsRefused() {
    TrainSettings settings = small_settings();
    settings.factors = 4096;
    const std::uint64_t rows = memory_limit_bytes() / (settings.factors * sizeof(float));
    if (rows > 8'000'000) QSKIP("this machine has more memory than a small test can ask for");
    TrainerInput input = small_input(settings);
    auto many = std::make_shared<RatingSet>(*input.ratings);
    while (many->movie_count() < rows) many->movie_ids.add(std::to_string(many->movie_count()));
    input.ratings = many;
    const auto refused = Trainer::create(std::move(input));
    QVERIFY(!refused);
    QCOMPARE(refused.error().kind, ErrorKind::Usage);
    QVERIFY2(text_of(refused).contains("memory") && text_of(refused).contains("fewer factors"),
             qPrintable(text_of(refused)));
  }

  void initialTablesAreUsed() {
    const auto trained = make_trainer(small_input());
    QVERIFY(finish(*trained));
    const TensorFile tables = trained->save();
    TrainerInput input = small_input();
    input.initial = &tables;
    const auto started = make_trainer(std::move(input));
    QVERIFY(test::same_bits(started->model().factors(Table::Movies).view(),
                            trained->model().factors(Table::Movies).view()));
    QCOMPARE(started->batches_done(), std::uint64_t{0});
  }

  void initialOfAnotherShapeIsRefused() {
    TrainSettings narrow = small_settings();
    narrow.factors = 4;
    const TensorFile tables = make_trainer(small_input(narrow))->save();
    TrainerInput input = small_input();
    input.initial = &tables;
    const auto refused = Trainer::create(std::move(input));
    QVERIFY(!refused);
    QCOMPARE(refused.error().kind, ErrorKind::BadInput);
    const QString text = text_of(refused);
    QVERIFY2(text.contains("user_factors.weight") && text.contains("20 x 4") && text.contains("20 x 6"),
             qPrintable(text));
  }

  void initialWithoutATableIsRefused() {
    TensorFile tables = make_trainer(small_input())->save();
    tables.tensors.erase("movie_bias.weight");
    TrainerInput input = small_input();
    input.initial = &tables;
    const auto refused = Trainer::create(std::move(input));
    QVERIFY(!refused);
    QVERIFY2(text_of(refused).contains("movie_bias.weight"), qPrintable(text_of(refused)));
  }

  void givenOrderIsFollowedAndTheRestValidates() {
    TrainerInput input = small_input();
    input.settings.epochs = 2;
    input.order = {9, 3, 7, 7, 9, 3};
    const auto trainer = make_trainer(std::move(input));
    QVERIFY(trainer);
    QCOMPARE(trainer->training_size(), std::size_t{3});
    QCOMPARE(trainer->validation_size(), std::size_t{248});
    const auto drawn = [&trainer] {
      std::vector<std::int32_t> users(trainer->step().users().begin(), trainer->step().users().end());
      return users;
    };
    const std::vector<std::int32_t>& users = trainer->ratings()->users;
    QVERIFY(trainer->advance());
    QCOMPARE(drawn(), (std::vector<std::int32_t>{users[9], users[3], users[7]}));
    QVERIFY(trainer->advance());  // the validation
    QVERIFY(trainer->advance());
    QCOMPARE(drawn(), (std::vector<std::int32_t>{users[7], users[9], users[3]}));
  }

  void wrongOrdersAreRefused_data() {
    QTest::addColumn<QVector<int>>("order");
    QTest::addColumn<QString>("message");
    QTest::newRow("behind the end") << QVector<int>{0, 251} << "position 251";
    QTest::newRow("negative") << QVector<int>{0, -1} << "position -1";
    QTest::newRow("one repeated") << QVector<int>{0, 1, 1} << "3 positions for 2 different ratings";
    QTest::newRow("two epochs, one rating twice in the first")
        << QVector<int>{0, 0, 1, 1} << "position 0 twice in epoch 1";
  }
  void wrongOrdersAreRefused() {
    QFETCH(QVector<int>, order);
    QFETCH(QString, message);
    TrainerInput input = small_input();
    input.settings.epochs = 2;
    input.order.assign(order.begin(), order.end());
    const auto refused = Trainer::create(std::move(input));
    QVERIFY(!refused);
    QCOMPARE(refused.error().kind, ErrorKind::BadInput);
    QVERIFY2(text_of(refused).contains(message), qPrintable(text_of(refused)));
  }

  void rowsWithoutTrainingRatingsAreZeroAndStayZero() {
    TrainerInput input = small_input();
    input.ratings = gappy_ratings();
    const auto trainer = make_trainer(std::move(input));
    QVERIFY(finish(*trainer));
    const auto is_zero = [](std::span<const float> row) {
      return std::ranges::all_of(row, [](float x) { return x == 0.0F; });
    };
    QVERIFY(is_zero(trainer->model().factors(Table::Users).row(9)));
    QVERIFY(is_zero(trainer->model().factors(Table::Movies).row(8)));
    QVERIFY(is_zero(trainer->model().bias(Table::Movies)->row(9)));
    QVERIFY(!is_zero(trainer->model().factors(Table::Users).row(8)));
    QCOMPARE((*trainer->counts(Table::Users))[9], 0U);
  }

  void validationCountsDistinctUnseenRows() {
    // Position 0 has the only rating of "new user", positions 1 and 2 those of "new movie".
    auto set = std::make_shared<RatingSet>();
    add(*set, "new user", "a", 1);
    add(*set, "x", "new movie", 2);
    add(*set, "y", "new movie", 3);
    for (const char* user : {"x", "y"}) add(*set, user, "a", 4);
    set->scale = {1, 5};
    TrainerInput input;
    input.ratings = set;
    input.settings = small_settings();
    input.order = {3, 4};
    const auto trainer = make_trainer(std::move(input));
    QCOMPARE(trainer->validation_size(), std::size_t{3});
    QCOMPARE(trainer->unseen_users(), std::uint64_t{1});
    QCOMPARE(trainer->unseen_movies(), std::uint64_t{1});
  }

  void testSetIsMatchedByRawId() {
    TrainerInput input = small_input();
    input.settings.model = ModelKind::Dot;
    auto test_set = std::make_shared<RatingSet>();  // its own indices: u5 is 0 here and 5 there
    add(*test_set, "u5", "m7", 3);
    add(*test_set, "stranger", "m7", 2);
    add(*test_set, "u5", "unknown film", 1);
    add(*test_set, "stranger", "unknown film", 1);
    input.test = test_set;
    const auto trainer = make_trainer(std::move(input));
    QCOMPARE(trainer->training_size(), std::size_t{251});
    QCOMPARE(trainer->validation_size(), std::size_t{4});
    QCOMPARE(trainer->unseen_users(), std::uint64_t{1});
    QCOMPARE(trainer->unseen_movies(), std::uint64_t{1});
    QVERIFY(finish(*trainer));
    const std::int32_t user[] = {5};
    const std::int32_t movie[] = {7};
    float known[1];
    trainer->model().predict(user, movie, known);
    const double error = known[0] - 3.0F;
    // An unknown id has a zero row: the plain dot product predicts 0.
    QCOMPARE(*trainer->epochs().back().valid_loss, (error * error + 4 + 1 + 1) / 4);
  }

  void noRatingsLeftIsRefused() {
    TrainerInput input;
    input.ratings = make_ratings(2, 2, 1, 1);
    input.settings = small_settings();
    input.settings.valid_share = 0.9;
    const auto refused = Trainer::create(std::move(input));
    QVERIFY(!refused);
    QVERIFY2(text_of(refused).contains("no ratings are left to train on"), qPrintable(text_of(refused)));
  }

  void validationThatIsNotFiniteIsDivergence() {
    TrainerInput input = small_input();
    input.settings.model = ModelKind::Dot;
    input.settings.optimizer.learning_rate = 1e30;
    input.settings.schedule = ScheduleKind::Constant;
    input.settings.batch_size = 256;  // one batch, whose loss is taken before the tables are spoilt
    const auto trainer = make_trainer(std::move(input));
    QVERIFY(trainer->advance());
    const auto result = trainer->advance();
    QVERIFY(!result);
    QCOMPARE(result.error().kind, ErrorKind::Diverged);
    QVERIFY(trainer->epochs().empty());
  }

  void badSettingsAreRefusedWithASentence_data() {
    QTest::addColumn<TrainSettings>("settings");
    QTest::addColumn<QString>("names");
    const auto row = [](const char* name, auto change, const char* names) {
      TrainSettings settings;
      change(settings);
      QTest::newRow(name) << settings << QString(names);
    };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto range = [](float low, float high) {
      return [low, high](TrainSettings& s) {
        s.range_mode = RangeMode::Given;
        s.range_low = low;
        s.range_high = high;
      };
    };
    row(
        "factors", [](auto& s) { s.factors = 0; }, "the number of factors is 0");
    row(
        "many factors", [](auto& s) { s.factors = 5000; }, "the number of factors is 5000");
    row(
        "epochs", [](auto& s) { s.epochs = 0; }, "the number of epochs is 0");
    row(
        "batch", [](auto& s) { s.batch_size = 0; }, "the batch size is 0");
    row(
        "share of all", [](auto& s) { s.valid_share = 1; }, "the validation share is 1");
    row(
        "share", [](auto& s) { s.valid_share = nan; }, "the validation share is nan");
    row(
        "rate", [](auto& s) { s.optimizer.learning_rate = 0; }, "the learning rate is 0");
    row(
        "small rate", [](auto& s) { s.optimizer.learning_rate = -1e-9; }, "the learning rate is -1e-09");
    row(
        "decay", [](auto& s) { s.optimizer.weight_decay = -1; }, "the weight decay is -1");
    row(
        "momentum", [](auto& s) { s.optimizer.momentum = 1; }, "the momentum is 1");
    row(
        "beta1", [](auto& s) { s.optimizer.beta1 = 1; }, "the first beta is 1");
    row(
        "beta2", [](auto& s) { s.optimizer.beta2 = -0.5; }, "the second beta is -0.5");
    row(
        "eps", [](auto& s) { s.optimizer.eps = -1; }, "eps is -1");
    row("range", range(5, 5), "the range of predictions is 5 to 5");
    row("endless range", range(0, infinity), "the range of predictions is 0 to inf");
  }
  void badSettingsAreRefusedWithASentence() {
    QFETCH(TrainSettings, settings);
    QFETCH(QString, names);
    const auto result = validate(settings);
    QVERIFY(!result);
    QCOMPARE(result.error().kind, ErrorKind::Usage);
    const QString message = QString::fromStdString(result.error().message());
    QVERIFY2(message.startsWith(names + "; it must be "), qPrintable(message));
  }

  void automaticRangeFollowsModelAndData() {
    TrainSettings settings;
    QCOMPARE(resolve_range(settings, {0.5F, 5}).low, 0.0F);
    QCOMPARE(resolve_range(settings, {0.5F, 5}).high, 5.5F);
    QCOMPARE(resolve_range(settings, {-1, 1}).low, -1.5F);
    settings.model = ModelKind::Dot;
    QCOMPARE(resolve_range(settings, {0.5F, 5}).high, 0.0F);
  }
};

QTEST_APPLESS_MAIN(TestTrainer)
#include "test_trainer.moc"
