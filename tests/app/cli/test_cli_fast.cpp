#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <vector>

#ifdef Q_OS_UNIX
#include <csignal>
#endif

#include "tests/support/cli.h"

using namespace rowlight::test;

// rowlight-cli train --mode fast as a script sees it.
class TestCliFast : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QVERIFY(dir_.isValid());
    QCOMPARE(run({"sample", path("sample")}).exit_code, 0);
    ratings_ = path("sample/ratings.csv");
  }

  void hasTheEventsOfModeExact() {
    const auto objects = objects_of(train({"--json", "--threads", "2"}).out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "epoch", "epoch", "epoch", "epoch", "epoch", "done"}));
    QCOMPARE(objects[1]["mode"].toString(), QString("fast"));
    QCOMPARE(keys_of(objects[1]), words("event parameters target threads mode"));
    QCOMPARE(keys_of(objects[2]), words("event epoch train_loss valid_loss valid_rmse seconds ratings_per_second"));
    const QJsonObject& done = objects.back();
    QCOMPARE(keys_of(done), words("event epochs seconds ratings_per_second valid_rmse train_seconds peak_memory_bytes "
                                  "unseen_users unseen_items"));
    QCOMPARE(done["epochs"].toInt(), 5);
    double seconds = 0;
    for (std::size_t i = 2; i < 7; ++i) seconds += objects[i]["seconds"].toDouble();
    QVERIFY(done["train_seconds"].toDouble() > seconds);  // the preparation comes on top
  }

  // With its defaults it is at least as good as mode exact with its own.
  void isAsGoodAsModeExact() {
    const double fast = objects_of(train({"--json"}).out).back()["valid_rmse"].toDouble(10);
    const double exact = objects_of(run({"train", ratings_, "--json"}).out).back()["valid_rmse"].toDouble(0);
    QVERIFY2(fast < 1.01 * exact, qPrintable(QString("%1 %2").arg(fast).arg(exact)));
  }

  void threadsDoNotChangeAByte() {
    for (const char* threads : {"1", "2", "3"}) {
      QCOMPARE(train({"--threads", threads, "--save", path(threads)}).exit_code, 0);
    }
    QVERIFY(!bytes_of(path("1")).isEmpty());
    QCOMPARE(bytes_of(path("1")), bytes_of(path("2")));
    QCOMPARE(bytes_of(path("1")), bytes_of(path("3")));
    QCOMPARE(train({"--seed", "43", "--save", path("other")}).exit_code, 0);
    QVERIFY(bytes_of(path("1")) != bytes_of(path("other")));
  }

  void targetsAgree() {
    double rmse[2] = {};
    const char* targets[] = {"scalar", "auto"};
    for (int i = 0; i < 2; ++i) {
      rmse[i] = objects_of(train({"--json", "--target", targets[i]}).out).back()["valid_rmse"].toDouble();
    }
    QVERIFY(rmse[0] > 0 && std::abs(rmse[0] - rmse[1]) < 1e-3 * rmse[0]);
  }

  void aSavedRunGoesOn() {
    QCOMPARE(train({"--epochs", "3", "--save", path("whole")}).exit_code, 0);
    QCOMPARE(train({"--epochs", "1", "--save", path("first")}).exit_code, 0);
    const Outcome rest = run({"train", ratings_, "--resume", path("first"), "--epochs", "3", "--save", path("rest")});
    QCOMPARE(rest.exit_code, 0);
    QCOMPARE(bytes_of(path("rest")), bytes_of(path("whole")));
    QCOMPARE(run({"pca", path("rest")}).exit_code, 0);
    QCOMPARE(run({"pytorch", path("rest")}).exit_code, 0);
  }

  void stopsAtARmse() {
    const auto objects = objects_of(train({"--json", "--epochs", "50", "--stop-at-rmse", "10"}).out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "epoch", "done"}));
  }

  void aTestFileValidates() {
    const auto objects = objects_of(train({"--json", "--test", ratings_, "--epochs", "1"}).out);
    QVERIFY(objects.size() == 4 && objects[2]["valid_rmse"].toDouble() > 0);
    QCOMPARE(objects[3]["unseen_users"].toInt(-1), 0);
  }

  void wrongUsageEndsWith2_data() {
    QTest::addColumn<QString>("options");
    QTest::addColumn<QString>("message");
    const auto row = [](const char* options, const char* message) {
      QTest::newRow(options) << QString(options) << QString(message);
    };
    row("--model dot-onehot", "mode fast cannot train dot-onehot");
    row("--y-range 0:5", "mode fast cannot keep predictions within a range");
    row("--log-batches --json", "--log-batches is given in mode fast");
    row("--lr 2", "the step length of mode fast (its learning rate) is 2");
    row("--weight-decay 0", "the regularisation of mode fast (its weight decay) is 0");
    row("--mode quick", "--mode: 'quick' is not known; it must be exact or fast");
  }
  void wrongUsageEndsWith2() {
    QFETCH(QString, options);
    QFETCH(QString, message);
    const Outcome outcome = train(options.split(QLatin1Char(' ')));
    QCOMPARE(outcome.exit_code, 2);
    QVERIFY2(outcome.err.contains(message), qPrintable(outcome.err));
  }

#ifdef Q_OS_UNIX
  void interruptEndsCleanly() {
    const QString saved = path("interrupted.safetensors");
    QProcess process;
    process.start(QStringLiteral(ROWLIGHT_CLI),
                  {"train", ratings_, "--mode", "fast", "--json", "--epochs", "100000", "--save", saved});
    QByteArray out;
    while (out.count("\"epoch\"") < 4) {
      QVERIFY(process.waitForReadyRead(patience_ms));
      out += process.readAllStandardOutput();
    }
    QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
    QVERIFY(process.waitForFinished(patience_ms));
    QCOMPARE(process.exitCode(), 130);
    QCOMPARE(run({"train", ratings_, "--resume", saved, "--epochs", "1"}).exit_code, 0);
  }
#endif

 private:
  [[nodiscard]] QString path(const QString& name) const { return dir_.filePath(name); }
  [[nodiscard]] Outcome train(const QStringList& options) const {
    return run(QStringList{"train", ratings_, "--mode", "fast"} + options);
  }

  QTemporaryDir dir_;
  QString ratings_;
};

QTEST_GUILESS_MAIN(TestCliFast)
#include "test_cli_fast.moc"
