#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/io/safetensors.h"
#include "core/ratings/reader.h"
#include "core/simd/kernels.h"
#include "core/train/trainer.h"
#include "tests/support/shared_data.h"

using namespace rowlight;

namespace {

constexpr int steps = 100;
constexpr std::size_t batch_size = 64;

// tests/golden/README.md: the integer formulas of weights and ratings.
std::uint32_t mix(std::uint64_t i, std::uint64_t multiplier, std::uint64_t offset) {
  return static_cast<std::uint32_t>((i + 1) * multiplier + offset) >> 8U;
}

Tensor formula_table(std::uint64_t number, std::size_t rows, std::size_t cols) {
  std::vector<float> values(rows * cols);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((mix(i, 2654435761U, number * 40503U) / 16777216.0 - 0.5) * 0.2);
  }
  return {{rows, cols}, std::move(values)};
}

RatingSetPtr formula_ratings(std::size_t users, std::size_t movies, std::size_t count) {
  auto set = std::make_shared<RatingSet>();
  for (std::size_t i = 0; i < users; ++i) set->user_ids.add(std::to_string(i));
  for (std::size_t i = 0; i < movies; ++i) set->movie_ids.add(std::to_string(i));
  for (std::size_t j = 0; j < count; ++j) {
    const auto user = static_cast<std::int32_t>(mix(j, 2654435761U, 0) % 60);
    const auto movie = static_cast<std::int32_t>(mix(j, 2246822519U, 0) % 90);
    const auto noise = static_cast<std::int32_t>(mix(j, 3266489917U, 0) % 3);
    set->users.push_back(user);
    set->movies.push_back(movie);
    set->ratings.push_back(static_cast<float>(1 + user % 4 + movie % 5 + noise) / 2);
  }
  set->scale = {0.5F, 5.0F};
  return set;
}

std::size_t count_of(const QJsonObject& json, const char* key) { return static_cast<std::size_t>(json[key].toInt()); }

TrainSettings settings_of(const QJsonObject& json) {
  TrainSettings s;
  s.model = json["model"] == "dot" ? ModelKind::Dot : ModelKind::DotBias;
  s.factors = count_of(json, "factors");
  const QJsonArray range = json["y_range"].toArray();
  s.range_mode = range.isEmpty() ? RangeMode::None : RangeMode::Given;
  s.range_low = static_cast<float>(range.at(0).toDouble());
  s.range_high = static_cast<float>(range.at(1).toDouble());
  s.batch_size = batch_size;
  s.epochs = steps / static_cast<int>((count_of(json, "ratings") + batch_size - 1) / batch_size);
  s.schedule = json["schedule"] == "constant" ? ScheduleKind::Constant : ScheduleKind::OneCycle;
  s.valid_share = 0;
  s.optimizer.kind = json["optimizer"] == "sgd" ? OptimizerKind::Sgd : OptimizerKind::AdamW;
  s.optimizer.learning_rate = json["lr"].toDouble();
  s.optimizer.momentum = json["momentum"].toDouble(0);
  s.optimizer.beta1 = json["betas"].toArray().at(0).toDouble(0.9);
  s.optimizer.beta2 = json["betas"].toArray().at(1).toDouble(0.99);
  s.optimizer.eps = json["eps"].toDouble(1e-5);
  s.optimizer.weight_decay = json["weight_decay"].toDouble();
  return s;
}

TensorFile initial_of(const QJsonObject& json) {
  const std::size_t users = count_of(json, "users");
  const std::size_t movies = count_of(json, "movies");
  TensorFile file;
  file.tensors["user_factors.weight"] = formula_table(0, users, count_of(json, "factors"));
  file.tensors["movie_factors.weight"] = formula_table(1, movies, count_of(json, "factors"));
  file.tensors["user_bias.weight"] = formula_table(2, users, 1);
  file.tensors["movie_bias.weight"] = formula_table(3, movies, 1);
  return file;
}

Expected<std::unique_ptr<Trainer>> make_trainer(const QJsonObject& json, RatingSetPtr ratings) {
  const TensorFile initial = initial_of(json);
  TrainerInput input;
  input.ratings = std::move(ratings);
  input.settings = settings_of(json);
  input.order.resize(count_of(json, "ratings"));
  std::iota(input.order.begin(), input.order.end(), 0);
  input.initial = &initial;
  return Trainer::create(std::move(input));
}

/// Largest relative difference from the reference losses over a whole run; infinite when the run diverges.
double loss_deviation(Trainer& trainer, const QJsonArray& losses) {
  double largest = 0;
  for (const auto& expected : losses) {
    if (trainer.finished() || !trainer.advance()) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(trainer.step().loss() - expected.toDouble()) / expected.toDouble());
  }
  return largest;
}

/// Largest difference of the sampled parameters from the reference.
double sample_deviation(const Trainer& trainer, const QJsonObject& tables) {
  double largest = 0;
  for (const Parameter& parameter : trainer.model().parameters()) {
    const QJsonObject table = tables[QString::fromStdString(parameter.name)].toObject();
    const std::size_t cols = parameter.value.cols();
    for (const auto& pair : table["samples"].toArray()) {
      const auto flat = static_cast<std::size_t>(pair.toArray().at(0).toInt());
      const double value = parameter.value(flat / cols, flat % cols);
      largest = std::max(largest, std::abs(value - pair.toArray().at(1).toDouble()));
    }
  }
  return largest;
}

/// Largest relative difference of the tables' sums of absolute values.
double sum_deviation(const Trainer& trainer, const QJsonObject& tables) {
  double largest = 0;
  for (const Parameter& parameter : trainer.model().parameters()) {
    const double expected = tables[QString::fromStdString(parameter.name)].toObject()["abs_sum"].toDouble();
    double sum = 0;
    for (const float x : parameter.value.view().flat()) sum += std::abs(double{x});
    largest = std::max(largest, std::abs(sum - expected) / expected);
  }
  return largest;
}

}  // namespace

// The same losses and parameters as PyTorch over 100 steps of every model, optimizer and schedule.
class TestGolden : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QFile file(QStringLiteral(ROWLIGHT_TEST_SOURCE "/../golden/training_reference.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    reference_ = QJsonDocument::fromJson(file.readAll()).object();
    QCOMPARE(reference_["steps"].toInt(), steps);
    QCOMPARE(reference_["batch_size"].toInt(), static_cast<int>(batch_size));
    QCOMPARE(reference_["cases"].toArray().size(), 51);
  }

  void cleanup() { QVERIFY(simd::select_target(simd::supported_targets().front())); }

  void formulasGiveTheDocumentedInputs() {
    const RatingSetPtr set = formula_ratings(60, 90, 4);
    QCOMPARE(set->users, (std::vector<std::int32_t>{49, 23, 13, 46}));
    QCOMPARE(set->movies, (std::vector<std::int32_t>{30, 14, 45, 29}));
    QCOMPARE(set->ratings, (std::vector<float>{1.0F, 5.0F, 1.5F, 3.5F}));
    const auto weights = std::get<std::vector<float>>(formula_table(0, 1, 2).values);
    QCOMPARE(weights[0], 0.0236067891F);
    QCOMPARE(weights[1], -0.0527864099F);
  }

  void runMatchesPyTorch_data() {
    QTest::addColumn<QJsonObject>("json");
    QTest::addColumn<int>("target");
    for (const auto& value : reference_["cases"].toArray()) {
      const QJsonObject json = value.toObject();
      if (json["name"] == "ml-100k") continue;
      for (const simd::Target target : simd::supported_targets()) {
        QTest::addRow("%s on %s", qPrintable(json["name"].toString()), simd::name_of(target).data())
            << json << static_cast<int>(target);
      }
    }
  }
  void runMatchesPyTorch() {
    QFETCH(QJsonObject, json);
    QFETCH(int, target);
    QVERIFY(simd::select_target(static_cast<simd::Target>(target)));
    auto trainer = make_trainer(
        json, formula_ratings(count_of(json, "users"), count_of(json, "movies"), count_of(json, "ratings")));
    QVERIFY(trainer);
    const double losses = loss_deviation(**trainer, json["losses"].toArray());
    QVERIFY((*trainer)->finished());
    const double samples = sample_deviation(**trainer, json["tables"].toObject());
    const double sums = sum_deviation(**trainer, json["tables"].toObject());
    QVERIFY2(losses <= 1e-4, qPrintable(QString::number(losses)));
    // Float32 sums in another order move the parameters (of magnitude 1) by 5e-7 in 100 steps: ten times that.
    QVERIFY2(samples <= 5e-6, qPrintable(QString::number(samples)));
    QVERIFY2(sums <= 1e-6, qPrintable(QString::number(sums)));
  }

  void movieLensMatchesPyTorch() {
    ROWLIGHT_SHARED_DATA(path, "ml-100k/u.data");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(loaded);
    const QJsonObject json = reference_["cases"].toArray().last().toObject();
    QCOMPARE(json["name"].toString(), QString("ml-100k"));
    auto trainer = make_trainer(json, loaded->set);
    QVERIFY(trainer);
    const double losses = loss_deviation(**trainer, json["losses"].toArray());
    QVERIFY2(losses <= 1e-4, qPrintable(QString::number(losses)));
    QVERIFY((*trainer)->finished());
  }

 private:
  QJsonObject reference_;
};

QTEST_APPLESS_MAIN(TestGolden)
#include "test_golden.moc"
