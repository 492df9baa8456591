#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <numeric>

#include "core/io/safetensors.h"
#include "tests/support/small_runs.h"

using namespace rowlight;
using rowlight::test::difference;
using rowlight::test::finish;
using rowlight::test::make_trainer;
using rowlight::test::small_input;
using rowlight::test::small_settings;
using rowlight::test::text_of;

// Runs that are saved and go on from their file.
class TestTrainerResume : public QObject {
  Q_OBJECT

 private slots:
  void savedRunGoesOnBitForBit_data() {
    QTest::addColumn<int>("batches");
    QTest::addColumn<int>("optimizer");
    QTest::addColumn<double>("momentum");
    const int adamw = static_cast<int>(OptimizerKind::AdamW);
    const int sgd = static_cast<int>(OptimizerKind::Sgd);
    QTest::newRow("before the first batch") << 0 << adamw << 0.0;
    QTest::newRow("between epochs") << 26 << adamw << 0.0;
    QTest::newRow("inside an epoch") << 18 << adamw << 0.0;
    QTest::newRow("before an epoch's last batch") << 25 << adamw << 0.0;
    QTest::newRow("SGD with momentum") << 18 << sgd << 0.9;
    QTest::newRow("plain SGD") << 18 << sgd << 0.0;
  }
  void savedRunGoesOnBitForBit() {
    QFETCH(int, batches);
    QFETCH(int, optimizer);
    QFETCH(double, momentum);
    TrainSettings settings = small_settings();
    settings.optimizer = default_optimizer(static_cast<OptimizerKind>(optimizer));
    settings.optimizer.momentum = momentum;
    const auto uninterrupted = make_trainer(small_input(settings));
    const auto first = make_trainer(small_input(settings));
    while (first->batches_done() < static_cast<std::uint64_t>(batches) || !first->between_batches()) {
      QVERIFY(first->advance());
    }
    const QTemporaryDir dir;
    const std::string path = dir.filePath("run.safetensors").toStdString();
    QVERIFY(write_safetensors(path, first->save()));
    const auto file = read_safetensors(path);
    QVERIFY(file);
    TrainSettings others;  // the file's settings count, not these
    others.factors = 3;
    auto resumed = Trainer::resume(small_input(others), *file, true);
    QVERIFY2(resumed, qPrintable(text_of(resumed)));
    QCOMPARE(difference(*first, **resumed), std::string());
    for (const Table table : {Table::Users, Table::Movies}) {
      QCOMPARE((*resumed)->last_lookups(table), first->last_lookups(table));
    }
    QVERIFY(finish(*uninterrupted) && finish(**resumed));
    QCOMPARE(difference(*uninterrupted, **resumed), std::string());
    QCOMPARE((*resumed)->loss_curve().batches(), uninterrupted->loss_curve().batches());
    QCOMPARE((*resumed)->loss_curve().points().back().batch, std::uint64_t{52});
  }

  void aGivenOrderIsResumedWhereItStood() {
    TrainSettings settings = small_settings();
    settings.valid_share = 0;
    settings.epochs = 2;
    const auto input = [&settings] {
      TrainerInput given = small_input(settings);
      given.order.resize(251);
      std::iota(given.order.rbegin(), given.order.rend(), 0);
      return given;
    };
    const auto whole = make_trainer(input());
    const auto first = make_trainer(input());
    for (int i = 0; i < 20; ++i) QVERIFY(first->advance());
    auto resumed = Trainer::resume(input(), first->save(), true);
    QVERIFY2(resumed, qPrintable(text_of(resumed)));
    QVERIFY(finish(*whole) && finish(**resumed));
    QCOMPARE(difference(*whole, **resumed), std::string());
  }

  void resumeMayTakeMoreEpochs() {
    const auto first = make_trainer(small_input());
    QVERIFY(finish(*first));
    TrainSettings more = small_settings();
    more.epochs = 6;
    auto resumed = Trainer::resume(small_input(more), first->save(), false);
    QVERIFY(resumed);
    QVERIFY(finish(**resumed));
    QCOMPARE((*resumed)->epochs().size(), std::size_t{6});
    QVERIFY((*Trainer::resume(small_input(more), first->save(), true))->finished());
  }

  void resumeRefusesOtherRatings() {
    const auto first = make_trainer(small_input());
    TrainerInput other = small_input();
    auto changed = std::make_shared<RatingSet>(*other.ratings);
    changed->ratings[7] += 0.5F;
    other.ratings = changed;
    const auto resumed = Trainer::resume(std::move(other), first->save(), true);
    QVERIFY(!resumed);
    QCOMPARE(resumed.error().kind, ErrorKind::BadInput);
    QVERIFY2(text_of(resumed).contains("other ratings"), qPrintable(text_of(resumed)));
  }

  void resumeRefusesWhatItDoesNotKnow_data() {
    QTest::addColumn<QByteArray>("now");
    QTest::addColumn<QByteArray>("then");
    QTest::newRow("optimizer") << QByteArray(R"("optimizer":"adamw")") << QByteArray(R"("optimizer":"lion")");
    QTest::newRow("model") << QByteArray(R"("model":"dot-bias")") << QByteArray(R"("model":"transformer")");
    QTest::newRow("schedule") << QByteArray(R"("schedule":"one-cycle")") << QByteArray(R"("schedule":"cosine")");
    QTest::newRow("range mode") << QByteArray(R"("range_mode":0)") << QByteArray(R"("range_mode":7)");
  }
  void resumeRefusesWhatItDoesNotKnow() {
    QFETCH(QByteArray, now);
    QFETCH(QByteArray, then);
    TensorFile file = make_trainer(small_input())->save();
    QByteArray settings = QByteArray::fromStdString(file.metadata["settings"]);
    QVERIFY2(settings.contains(now), settings.constData());
    file.metadata["settings"] = settings.replace(now, then).toStdString();
    const auto resumed = Trainer::resume(small_input(), file, true);
    QVERIFY(!resumed);
    QCOMPARE(resumed.error().kind, ErrorKind::BadInput);
    const QByteArray name = then.mid(then.indexOf(':') + 1).replace('"', "");
    QVERIFY2(text_of(resumed).contains(QString::fromLatin1(name)), qPrintable(text_of(resumed)));
  }

  void resumeRefusesWhatIsNoRun_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::newRow("no version") << "rowlight"
                                << "";
    QTest::newRow("settings are no JSON") << "settings"
                                          << "{";
    QTest::newRow("settings lack a key") << "settings"
                                         << "{}";
    QTest::newRow("progress is an array") << "progress"
                                          << "[]";
    QTest::newRow("batch behind the epoch's end")
        << "progress"
        << R"({"epoch":0,"batch":13,"optimizer_steps":0,"epoch_loss_sum":0,"epochs":[]})";
  }
  void resumeRefusesWhatIsNoRun() {
    QFETCH(QString, key);
    QFETCH(QString, value);
    TensorFile file = make_trainer(small_input())->save();
    file.metadata[key.toStdString()] = value.toStdString();
    const auto resumed = Trainer::resume(small_input(), file, true);
    QVERIFY(!resumed);
    QCOMPARE(resumed.error().kind, ErrorKind::BadInput);
  }
};

QTEST_APPLESS_MAIN(TestTrainerResume)
#include "test_trainer_resume.moc"
