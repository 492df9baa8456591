#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "tests/support/shared_data.h"

// The built program as a script sees it: what --tour leaves and how it ends.
class TestTour : public QObject {
  Q_OBJECT

  static int run(const QStringList& arguments, QByteArray* errors = nullptr) {
    QProcess program;
    program.start(QStringLiteral(ROWLIGHT_PROGRAM), arguments);
    if (!program.waitForFinished(60000) || program.exitStatus() != QProcess::NormalExit) return -1;
    if (errors != nullptr) *errors = program.readAllStandardError();
    return program.exitCode();
  }

 private slots:
  void initTestCase() { QVERIFY(folder_.isValid()); }

  void picturesOfEveryPageAndAReport() {
    const QString to = folder_.filePath(QStringLiteral("tour"));
    QCOMPARE(run({QStringLiteral("--tour"), to}), 0);
    QFile report(to + QStringLiteral("/tour.json"));
    QVERIFY(report.open(QIODevice::ReadOnly));
    const QJsonObject json = QJsonDocument::fromJson(report.readAll()).object();
    for (const char* key : {"p50", "p99", "max"}) QVERIFY(json["frame_ms"].toObject()[key].toDouble() > 0);
    QVERIFY(json["first_frame_ms"].toDouble() > 0);
    QVERIFY(json["ratings_per_second"].toDouble() > 0);
    for (const char* theme : {"light", "dark"}) {
      QList<QByteArray> pictures;
      for (const char* page : {"lookup", "train", "explore", "cost"}) {
        QFile picture(QStringLiteral("%1/%2-%3.png").arg(to, page, theme));
        QVERIFY2(picture.open(QIODevice::ReadOnly), qPrintable(picture.fileName()));
        pictures << picture.readAll();
        QCOMPARE(pictures.count(pictures.last()), 1);  // each page is another picture
      }
    }
  }

  void aRunThatEndsAtOnceDoesNotHoldTheTourUp() {
    QFile one(folder_.filePath(QStringLiteral("one.csv")));
    QVERIFY(one.open(QIODevice::WriteOnly));
    one.write("1,1,5\n");
    one.close();
    const QString to = folder_.filePath(QStringLiteral("one"));
    QCOMPARE(run({one.fileName(), QStringLiteral("--valid"), QStringLiteral("0"), QStringLiteral("--tour"), to}), 0);
    QVERIFY(QFile::exists(to + QStringLiteral("/tour.json")));
    // Nothing is left to train on: the engine refuses, and the tour says so.
    QByteArray errors;
    QCOMPARE(
        run({one.fileName(), QStringLiteral("--valid"), QStringLiteral("0.9"), QStringLiteral("--tour"), to}, &errors),
        2);
    QVERIFY2(errors.contains("no ratings are left"), errors.constData());
  }

  void theWindowKeepsUpWithMovieLens() {
    ROWLIGHT_SHARED_DATA(data, "ml-100k/u.data");
    const QString to = folder_.filePath(QStringLiteral("movielens"));
    QCOMPARE(run({data, QStringLiteral("--tour"), to}), 0);
    QFile report(to + QStringLiteral("/tour.json"));
    QVERIFY(report.open(QIODevice::ReadOnly));
    const QJsonObject json = QJsonDocument::fromJson(report.readAll()).object();
    // Far above what it is on an idle machine, far below a freeze; the short wake-ups are left out of the second.
    constexpr double boundMs = 50;
    QVERIFY(json["frame_ms"].toObject()["p99"].toDouble() < boundMs);
    const double p99 = json["long_burst_ms"].toObject()["p99"].toDouble();
    QVERIFY2(p99 > 0 && p99 < boundMs, qPrintable(QString::number(p99)));
    QVERIFY(json["frames_per_second"].toDouble() > 5);
  }

  void wrongOptionsEndWith2() {
    QByteArray errors;
    QCOMPARE(run({QStringLiteral("--threads"), QStringLiteral("0")}, &errors), 2);
    QVERIFY2(errors.contains("from 1 to 1024"), errors.constData());
    QCOMPARE(run({QStringLiteral("--target"), QStringLiteral("z80")}, &errors), 2);
    QVERIFY2(errors.contains("z80"), errors.constData());
  }

  void failuresAreNotSuccess() {
    QByteArray errors;
    const QString to = folder_.filePath(QStringLiteral("failed"));
    QCOMPARE(run({QStringLiteral("/nowhere/ratings.csv"), QStringLiteral("--tour"), to}, &errors), 4);
    QVERIFY(errors.contains("/nowhere/ratings.csv"));
    QCOMPARE(run({QStringLiteral("--optimizer"), QStringLiteral("sgd"), QStringLiteral("--lr"), QStringLiteral("1e30"),
                  QStringLiteral("--tour"), to},
                 &errors),
             5);
    QVERIFY(errors.contains("not a finite number"));
    QFile inTheWay(folder_.filePath(QStringLiteral("file")));
    QVERIFY(inTheWay.open(QIODevice::WriteOnly));
    QCOMPARE(run({QStringLiteral("--tour"), inTheWay.fileName() + QStringLiteral("/tour")}, &errors), 4);
    QVERIFY(errors.contains("cannot write"));
  }

 private:
  QTemporaryDir folder_;
};

QTEST_GUILESS_MAIN(TestTour)
#include "test_tour.moc"
