#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "tests/support/cli.h"

using namespace rowlight::test;

// rowlight-cli bench as a script sees it.
class TestCliBench : public QObject {
  Q_OBJECT

 private slots:
  void measuresLookupAgainstOneHot() {
    const Outcome outcome = run({"bench", "lookup-vs-onehot", "--rows", "100,20", "--dim", "8", "--batch", "4",
                                 "--target", "scalar", "--json"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    const auto objects = objects_of(outcome.out);
    QCOMPARE(objects.size(), 1);
    const QJsonObject& all = objects[0];
    QCOMPARE(all["target"].toString(), QString("scalar"));
    QCOMPARE(all["threads"].toInt(), 1);
    for (const char* key : {"read_bandwidth", "write_bandwidth", "copy_bandwidth", "memory_limit"}) {
      QVERIFY2(all[QLatin1String(key)].toDouble() > 0, key);
    }
    const QJsonArray points = all["points"].toArray();
    QCOMPARE(points.size(), 2);
    QCOMPARE(points[0].toObject()["rows"].toInt(), 20);
    const QJsonObject point = points[1].toObject();
    QCOMPARE(point["bytes"].toObject()["one_hot"].toInt(), 1600);
    QCOMPARE(point["bytes"].toObject()["table"].toInt(), 3200);
    for (const char* way : {"lookup", "one_hot", "sparse_one_hot"}) {
      for (const char* pass : {"forward", "backward", "optimizer"}) {
        QVERIFY(point[QLatin1String(way)].toObject()[QLatin1String(pass)].toDouble() > 0);
        QVERIFY(point["repetitions"].toObject()[QLatin1String(way)].toObject()[QLatin1String(pass)].toInt() >= 3);
      }
    }
    QVERIFY(point["lookup_dense_gradient"].toObject()["forward"].isNull());
    const Outcome text = run({"bench", "lookup-vs-onehot", "--rows", "20"});
    QCOMPARE(text.exit_code, 0);
    QVERIFY(text.out.contains("sparse_one_hot"));
  }

  void measuresLookups() {
    for (const int bag : {1, 7}) {
      const Outcome outcome = run({"bench", "gather", "--rows", "300", "--dim", "20", "--bag", QString::number(bag),
                                   "--batch", "50", "--runs", "3", "--threads", "2", "--json"});
      QCOMPARE(outcome.exit_code, 0);
      QCOMPARE(outcome.err, QString());
      const auto objects = objects_of(outcome.out);
      QCOMPARE(objects.size(), 1);
      const QJsonObject& all = objects[0];
      QCOMPARE(all["rows"].toInt(), 300);
      QCOMPARE(all["bag"].toInt(), bag);
      QCOMPARE(all["batch"].toInt(), 50);
      QCOMPARE(all["threads"].toInt(), 2);
      QCOMPARE(all["limit"].toString(), QString(bag == 1 ? "copy" : "read"));
      for (const char* key :
           {"rows_per_second", "read_bandwidth", "copy_bandwidth", "random_bandwidth", "share", "random_share"}) {
        QVERIFY2(all[QLatin1String(key)].toDouble() > 0, key);
      }
      QCOMPARE(all["bytes_per_second"].toDouble(), all["rows_per_second"].toDouble() * 80);
    }
    const Outcome text = run({"bench", "gather", "--rows", "20", "--batch", "5", "--runs", "1"});
    QCOMPARE(text.exit_code, 0);
    QVERIFY(text.out.contains("M rows/s"));
    QCOMPARE(run({"bench", "gather", "--dim", "20"}).exit_code, 2);  // of which table?
  }

  void measuresPrincipalComponents() {
    const Outcome outcome =
        run({"bench", "pca", "--rows", "3000", "--dim", "20", "--runs", "3", "--threads", "2", "--json"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    const QJsonObject all = objects_of(outcome.out)[0];
    QCOMPARE(all["rows"].toInt(), 3000);
    QCOMPARE(all["threads"].toInt(), 2);
    for (const char* key : {"cold", "warm", "limit", "read_bandwidth"}) {
      QVERIFY2(all[QLatin1String(key)].toDouble() > 0, key);
    }
    QCOMPARE(all["warm_passes"].toArray().size(), 3);
    QVERIFY(all["warm_passes"].toArray()[0].toInt() > 0);
    const Outcome text = run({"bench", "pca", "--rows", "20", "--dim", "1"});
    QCOMPARE(text.exit_code, 0);
    QVERIFY(text.out.contains("cold"));
  }

  void measuresTraining_data() {
    QTest::addColumn<QString>("optimizer");
    for (const char* name : {"sgd", "adagrad", "adam", "adamw", "sparse-adam"}) QTest::newRow(name) << name;
  }
  void measuresTraining() {
    QFETCH(QString, optimizer);
    const Outcome outcome = run({"bench",  "train",   "--optimizer", optimizer,  "--batch", "32",        "--factors",
                                 "8",      "--users", "90",          "--movies", "70",      "--ratings", "1000",
                                 "--runs", "3",       "--threads",   "2",        "--seed",  "3",         "--json"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    const QJsonObject all = objects_of(outcome.out)[0];
    QCOMPARE(all["optimizer"].toString(), optimizer);
    QCOMPARE(all["batches"].toInt(), 32);  // 31 of 32 ratings and one of 8: an epoch
    QCOMPARE(all["threads"].toInt(), 2);
    QCOMPARE(all["runs"].toInt(), 3);
    QVERIFY(all["slowest"].toDouble() > 0);
    QVERIFY(all["ratings_per_second"].toDouble() >= all["slowest"].toDouble());
    QVERIFY(all["fastest"].toDouble() >= all["ratings_per_second"].toDouble());
    QVERIFY(all["plain_loop"].toDouble() > 0);
    QVERIFY(all["last_loss"].toDouble() > 0);
  }

  void measuresTrainingAsText() {
    const Outcome text = run({"bench", "train", "--users", "9", "--movies", "7", "--ratings", "100", "--batches", "2"});
    QCOMPARE(text.exit_code, 0);
    QVERIFY(text.out.contains("M ratings/s"));
    QCOMPARE(run({"bench", "train", "--batch", "0"}).exit_code, 2);
  }
};

QTEST_GUILESS_MAIN(TestCliBench)
#include "test_cli_bench.moc"
