#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

#include <cmath>
#ifdef Q_OS_UNIX
#include <csignal>
#endif

#include "tests/support/cli.h"

using namespace rowlight::test;

namespace {

void write(const QString& path, const QByteArray& bytes) {
  QFile file(path);
  QVERIFY(file.open(QIODevice::WriteOnly));
  QCOMPARE(file.write(bytes), bytes.size());
}

/// A text of `__metadata__` in a .safetensors file.
QJsonObject metadata_of(const QString& path, const char* key) {
  const QByteArray bytes = bytes_of(path);
  if (bytes.size() < 8) return {};
  const auto length = static_cast<qsizetype>(qFromLittleEndian<quint64>(bytes.constData()));
  const QJsonObject header = QJsonDocument::fromJson(bytes.mid(8, length)).object();
  return QJsonDocument::fromJson(header["__metadata__"].toObject()[QLatin1String(key)].toString().toUtf8()).object();
}

}  // namespace

// The contract of rowlight-cli as a script sees it: exit codes, messages, keys.
class TestCli : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QVERIFY(dir_.isValid());
    QCOMPARE(run({"sample", path("sample")}).exit_code, 0);
    ratings_ = path("sample/ratings.csv");
    write(path("empty.csv"), "");
    write(path("header.csv"), "userId,movieId,rating,timestamp\n");
    QVERIFY(QDir(dir_.path()).mkpath("pictures/no-ratings"));
    write(path("pictures/ratings.csv"), QByteArray::fromHex("89504e470d0a1a0a0000000d4948445200000001000000010806"));
    write(path("pictures/no-ratings/notes.txt"), "nothing to see\n");
    write(path("five.csv"), "userId,movieId,rating\n1,1,5\n1,2,3\n2,1,4\n2,2,1\n3,1,2\n");
  }

  void wrongUsageEndsWith2_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("message");
    const auto row = [](const char* name, const char* arguments, const char* message) {
      QTest::newRow(name) << QString::fromLatin1(arguments).split(QLatin1Char(' ')) << QString::fromLatin1(message);
    };
    QTest::newRow("no command") << QStringList() << "A subcommand is required";
    row("unknown command", "trian x",
        "there is no command 'trian'; it must be inspect, train, lookup, pca, pytorch, sample or bench");
    row("no file", "train", "FILE is required");
    row("unknown option", "train x --frob", "--frob");
    row("unknown option without a file", "train --frob", "--frob");
    row("unknown model", "train x --model svd", "--model: 'svd' is not known; it must be dot, dot-bias or dot-onehot");
    row("model by number", "train x --model 1", "--model: '1' is not known; it must be dot, dot-bias or dot-onehot");
    row("unknown optimizer", "train x --optimizer sdg",
        "--optimizer: 'sdg' is not known; it must be sgd, adagrad, adam, adamw or sparse-adam");
    row("unknown schedule", "train x --schedule cosine", "it must be constant or one-cycle");
    row("range without colon", "train x --y-range 5", "--y-range is '5'; two numbers with a colon between them");
    row("range upside down", "train x --y-range 5:1", "the range of predictions is 5 to 1; it must be from a lower");
    row("range is no number", "train x --y-range 0:nan", "--y-range is '0:nan'");
    row("betas", "train x --betas 0.9", "--betas is '0.9'");
    row("unknown target", "train x --target mmx", "it must be auto, scalar, sse4, avx2, avx512 or neon");
#if defined(__x86_64__)
    row("target of another machine", "train x --target neon", "cannot run the SIMD target 'neon'; supported here:");
#else
    row("target of another machine", "train x --target avx2", "cannot run the SIMD target 'avx2'; supported here:");
#endif
    row("threads", "train x --threads 0", "--threads: '0' does not fit; it must be a number from 1 to 1024");
    row("epochs", "train x --epochs 0", "the number of epochs is 0; it must be from 1 to 100000");
    row("share", "train x --valid 1", "the validation share is 1; it must be at least 0 and below 1");
    row("two ways to validate", "train x --valid 0.1 --test y", "--test");
    row("two starts", "train x --init a --resume b", "--resume");
    row("duplicates", "inspect x --duplicates some", "it must be last, first, mean, all or error");
    row("header", "inspect x --header maybe", "--header: 'maybe' is not known; it must be yes or no");
    row("bad lines", "inspect x --max-bad-lines -1", "--max-bad-lines: '-1' does not fit; it must be a whole number");
    row("lines to skip", "train x --skip-lines -1", "--skip-lines: '-1' does not fit; it must be a whole number");
    row("format", "inspect x --format cvs", "--format: 'cvs' is not known; it must be movielens-100k");
    row("no bench", "bench", "A subcommand is required");
    row("no rows", "bench lookup-vs-onehot", "--rows is required");
    row("rows are no number", "bench lookup-vs-onehot --rows 10,many", "--rows");
    row("dimension", "bench lookup-vs-onehot --rows 10 --dim 0", "the dimension is 0; it must be from 1 to 1024");
    row("no rows for pca", "bench pca", "--rows is required");
    row("table", "pca x --table items", "--table: 'items' is not known; it must be movie or user");
  }
  void wrongUsageEndsWith2() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, message);
    const Outcome outcome = run(arguments);
    QVERIFY2(outcome.err.contains(message), qPrintable(outcome.err));
    QCOMPARE(outcome.exit_code, 2);
    QCOMPARE(outcome.out, QString());
  }

  void badFilesAreNamed_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("exit_code");
    QTest::newRow("missing") << "nowhere.csv" << 4;
    QTest::newRow("folder without ratings") << "pictures/no-ratings" << 4;
    QTest::newRow("empty") << "empty.csv" << 3;
    QTest::newRow("picture") << "pictures/ratings.csv" << 3;
    QTest::newRow("header alone") << "header.csv" << 3;
  }
  void badFilesAreNamed() {
    QFETCH(QString, file);
    QFETCH(int, exit_code);
    for (const char* command : {"inspect", "train"}) {
      const Outcome outcome = run({command, path(file), "--json"});
      QCOMPARE(outcome.exit_code, exit_code);
      QVERIFY2(outcome.err.contains(path(file)), qPrintable(outcome.err));
      QCOMPARE(outcome.err.count(QLatin1Char('\n')), 1);
    }
  }

  void errorsOfTrainAreEventsToo() {
    const Outcome outcome = run({"train", path("empty.csv"), "--json"});
    const auto objects = objects_of(outcome.out);
    QCOMPARE(events_of(objects), QStringList({"error"}));
    QCOMPARE(objects[0]["exit_code"].toInt(), 3);
    QCOMPARE(objects[0]["message"].toString() + QLatin1Char('\n'), outcome.err);
  }

  void inspectHasItsKeys() {
    const Outcome outcome = run({"inspect", ratings_, "--json"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    const auto objects = objects_of(outcome.out);
    QCOMPARE(objects.size(), 1);
    const auto missing =
        words(
            "file format encoding line_ending delimiter header columns lines ratings users items rating_min "
            "rating_max rating_mean rating_step timestamps time_min time_max duplicates conflicts blank_lines loaded "
            "bad_lines titles items_without_title titles_without_rating notices bytes seconds")
            .subtract(keys_of(objects[0]));
    QVERIFY2(missing.isEmpty(), qPrintable(QStringList(missing.values()).join(QLatin1Char(' '))));
  }

  void inspectReadsTheSampleBack() {
    const auto written = objects_of(run({"sample", path("again"), "--json"}).out);
    const auto read = objects_of(run({"inspect", path("again/ratings.csv"), "--json"}).out);
    QCOMPARE(written.size(), 1);
    QCOMPARE(read.size(), 1);
    for (const char* key : {"ratings", "users", "items"}) {
      QVERIFY(written[0][QLatin1String(key)].toInt() > 0);
      QCOMPARE(read[0][QLatin1String(key)].toInt(), written[0][QLatin1String(key)].toInt());
    }
    QCOMPARE(read[0]["format"].toString(), QString("movielens-csv"));
    QCOMPARE(read[0]["header"].toBool(), true);
    QCOMPARE(read[0]["items_without_title"].toInt(), 0);
    QCOMPARE(read[0]["loaded"].toInt(), read[0]["ratings"].toInt());
  }

  void sampleIsTheSameEveryTime() {
    QCOMPARE(run({"sample", path("third")}).exit_code, 0);
    QVERIFY(!bytes_of(ratings_).isEmpty());
    QCOMPARE(bytes_of(path("third/ratings.csv")), bytes_of(ratings_));
    QCOMPARE(run({"sample", path("other"), "--seed", "8"}).exit_code, 0);
    QVERIFY(bytes_of(path("other/ratings.csv")) != bytes_of(ratings_));
  }

  void trainHasItsEvents() {
    const Outcome outcome = run({"train", ratings_, "--json", "--epochs", "2", "--threads", "2"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    const auto objects = objects_of(outcome.out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "epoch", "epoch", "done"}));
    const QSet<QString> expected[] = {
        words("event ratings users items seconds"),
        words("event parameters target threads mode"),
        words("event epoch train_loss valid_loss valid_rmse seconds ratings_per_second"),
        words("event epoch train_loss valid_loss valid_rmse seconds ratings_per_second"),
        words("event epochs seconds ratings_per_second valid_rmse train_seconds peak_memory_bytes unseen_users "
              "unseen_items"),
    };
    for (int i = 0; i < 5; ++i) QCOMPARE(keys_of(objects[i]), expected[i]);
    const int rows = objects[0]["users"].toInt() + objects[0]["items"].toInt();
    QCOMPARE(objects[1]["parameters"].toInt(), rows * 51);  // 50 factors and a bias
    QCOMPARE(objects[1]["threads"].toInt(), 2);
    QCOMPARE(objects[1]["mode"].toString(), QString("exact"));
    QCOMPARE(objects[3]["epoch"].toInt(), 2);
    QCOMPARE(objects[4]["valid_rmse"].toDouble(), objects[3]["valid_rmse"].toDouble());
    QCOMPARE(objects[4]["epochs"].toInt(), 2);
  }

  void withoutValidationItsLossIsNull() {
    const auto objects = objects_of(run({"train", path("five.csv"), "--json", "--epochs", "1", "--valid", "0"}).out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "epoch", "done"}));
    QVERIFY(objects[2]["valid_loss"].isNull());
    QVERIFY(objects[2]["valid_rmse"].isNull());
    QVERIFY(objects[3]["valid_rmse"].isNull());
  }

  void batchesAreLoggedAndNumberedOnAfterResume() {
    const QStringList common = {"train", path("five.csv"), "--json", "--log-batches", "--batch-size",
                                "2",     "--valid",        "0",      "--schedule",    "constant"};
    const auto first = objects_of(run(common + QStringList{"--epochs", "1", "--save", path("one.safetensors")}).out);
    QCOMPARE(events_of(first), QStringList({"data", "start", "batch", "batch", "batch", "epoch", "done"}));
    QCOMPARE(keys_of(first[2]), words("event epoch batch loss"));
    QCOMPARE(first[4]["epoch"].toInt(), 1);
    QCOMPARE(first[4]["batch"].toInt(), 3);
    const auto second = objects_of(run(common + QStringList{"--epochs", "2", "--resume", path("one.safetensors")}).out);
    QCOMPARE(events_of(second), QStringList({"data", "start", "batch", "batch", "batch", "epoch", "done"}));
    QCOMPARE(second[2]["epoch"].toInt(), 2);
    QCOMPARE(second[2]["batch"].toInt(), 1);
    QCOMPARE(second[5]["epoch"].toInt(), 2);
  }

  void aOneCycleRunIsNotGivenOtherEpochs() {
    const QStringList common = {"train", path("five.csv"), "--valid", "0"};
    QCOMPARE(run(common + QStringList{"--epochs", "1", "--save", path("cycle.safetensors")}).exit_code, 0);
    const Outcome outcome = run(common + QStringList{"--epochs", "2", "--resume", path("cycle.safetensors")});
    QCOMPARE(outcome.exit_code, 2);
    QVERIFY2(outcome.err.contains("one-cycle"), qPrintable(outcome.err));
    QCOMPARE(run(common + QStringList{"--epochs", "1", "--resume", path("cycle.safetensors")}).exit_code, 0);
  }

  void anEmptyOrderIsRefused() {
    QByteArray bytes("\x93NUMPY\x01\x00", 8);
    QByteArray header("{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }");
    header = header.leftJustified(117, ' ') + '\n';
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    write(path("empty.npy"), bytes + header);
    const Outcome outcome = run({"train", path("five.csv"), "--order", path("empty.npy")});
    QCOMPARE(outcome.exit_code, 3);
    QVERIFY2(outcome.err.contains("empty.npy") && outcome.err.contains("the order is empty"), qPrintable(outcome.err));
  }

  void aRunSpoiltByItsLastBatchIsNotSaved() {
    const QString file = path("spoilt.safetensors");
    const Outcome outcome =
        run({"train", ratings_, "--valid", "0", "--epochs", "1", "--batch-size", "100000", "--optimizer", "sgd", "--lr",
             "1e300", "--schedule", "constant", "--model", "dot", "--save", file});
    QCOMPARE(outcome.exit_code, 5);
    QVERIFY(!QFile::exists(file));
  }

  void resumeNamesTheOptionsItDoesNotUse() {
    QCOMPARE(run({"train", path("five.csv"), "--valid", "0", "--save", path("noted.safetensors")}).exit_code, 0);
    const Outcome outcome = run({"train", path("five.csv"), "--resume", path("noted.safetensors"), "--lr", "1"});
    QCOMPARE(outcome.exit_code, 0);
    QVERIFY2(outcome.err.contains("without --lr"), qPrintable(outcome.err));
  }

  void threadsDoNotChangeAByte() {
    for (const char* threads : {"1", "2"}) {
      QCOMPARE(run({"train", ratings_, "--epochs", "1", "--threads", threads, "--save", path(threads)}).exit_code, 0);
    }
    QVERIFY(!bytes_of(path("1")).isEmpty());
    QCOMPARE(bytes_of(path("1")), bytes_of(path("2")));
  }

  void targetsAgree() {
    double rmse[2] = {};
    const char* targets[] = {"scalar", "auto"};
    for (int i = 0; i < 2; ++i) {
      const auto objects = objects_of(run({"train", ratings_, "--json", "--epochs", "1", "--target", targets[i]}).out);
      QCOMPARE(objects.size(), 4);
      QCOMPARE(objects[1]["target"].toString() == "scalar", i == 0);
      rmse[i] = objects[3]["valid_rmse"].toDouble();
    }
    QVERIFY(std::abs(rmse[0] - rmse[1]) < 1e-4 * rmse[0]);
  }

  void divergenceEndsWith5() {
    const QString file = path("diverged.safetensors");
    const Outcome outcome = run({"train", ratings_, "--json", "--model", "dot", "--optimizer", "sgd", "--schedule",
                                 "constant", "--lr", "1e30", "--save", file});
    QCOMPARE(outcome.exit_code, 5);
    const auto objects = objects_of(outcome.out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "error"}));
    QCOMPARE(objects[2]["exit_code"].toInt(), 5);
    QVERIFY(outcome.err.contains("the loss is not a finite number in epoch 1, batch "));
    QVERIFY(!QFile::exists(file));
  }

  void stopAtRmseEndsWithTheEpoch() {
    const QString file = path("stopped.safetensors");
    const auto objects =
        objects_of(run({"train", ratings_, "--json", "--epochs", "50", "--stop-at-rmse", "10", "--save", file}).out);
    QCOMPARE(events_of(objects), QStringList({"data", "start", "epoch", "done"}));
    QCOMPARE(metadata_of(file, "progress")["epoch"].toInt(), 1);
    QCOMPARE(metadata_of(file, "progress")["batch"].toInt(-1), 0);
  }

  void filesThatDoNotFitAreNamed() {
    const QString saved = path("narrow.safetensors");
    QCOMPARE(run({"train", ratings_, "--epochs", "1", "--factors", "3", "--save", saved}).exit_code, 0);
    const Outcome init = run({"train", ratings_, "--init", saved});
    QCOMPARE(init.exit_code, 3);
    QVERIFY2(init.err.startsWith(saved + ": the tensor 'user_factors.weight' is "), qPrintable(init.err));
    const Outcome resume = run({"train", path("five.csv"), "--resume", saved});
    QCOMPARE(resume.exit_code, 3);
    QVERIFY2(resume.err.startsWith(saved + ": the saved run was trained on other ratings"), qPrintable(resume.err));
    QCOMPARE(run({"train", ratings_, "--init", path("nowhere")}).exit_code, 4);
  }

  void whatCannotBeSavedIsSaidBeforeTraining() {
    const Outcome folder = run({"train", ratings_, "--json", "--save", path("nowhere/run.safetensors")});
    QCOMPARE(folder.exit_code, 4);
    QCOMPARE(events_of(objects_of(folder.out)), QStringList({"error"}));
    QCOMPARE(run({"train", ratings_, "--save", dir_.path()}).exit_code, 4);
  }

  void pcaReadsASavedRun() {
    const QString saved = path("pca.safetensors");
    QCOMPARE(run({"train", ratings_, "--epochs", "1", "--factors", "8", "--save", saved}).exit_code, 0);
    const QString npy = path("coordinates.npy");
    const Outcome outcome = run({"pca", saved, "--json", "--components", "3", "--save", npy});
    QCOMPARE(outcome.exit_code, 0);
    const auto objects = objects_of(outcome.out);
    QCOMPARE(objects.size(), 1);
    QCOMPARE(keys_of(objects[0]), words("explained_variance_ratio components coordinates seconds"));
    QCOMPARE(objects[0]["explained_variance_ratio"].toArray().size(), 3);
    QCOMPARE(objects[0]["components"].toArray().size(), 3);
    QCOMPARE(objects[0]["components"].toArray()[0].toArray().size(), 8);
    const auto rows = objects[0]["coordinates"].toArray().size();
    QCOMPARE(rows, objects_of(run({"inspect", ratings_, "--json"}).out)[0]["items"].toInt());
    // The .npy of the coordinates is a table itself.
    const auto again = objects_of(run({"pca", npy, "--json"}).out);
    QCOMPARE(again.size(), 1);
    QCOMPARE(again[0]["coordinates"].toArray().size(), rows);
    QCOMPARE(run({"pca", saved, "--components", "9"}).exit_code, 2);
    QCOMPARE(run({"pca", ratings_}).exit_code, 3);
  }

  void factorsTrainedElsewhereAreInspected() {
    const QString model = written("model.txt",
                                  "f 0\nm 2\nn 3\nk 2\nb 3.5\np0 T 1 2 \np1 F 0 0 \nq0 T 1 2 \nq1 T 3 -4 \n"
                                  "q2 T 0.5 1 \n");
    const Outcome outcome = run({"inspect", model, "--json"});
    QCOMPARE(outcome.exit_code, 0);
    const auto objects = objects_of(outcome.out);
    QCOMPARE(objects.size(), 1);
    QCOMPARE(keys_of(objects[0]), words("file format bytes rows dim users items user_dim item_dim bias left_out titles "
                                        "items_without_title notices seconds"));
    QCOMPARE(objects[0]["format"].toString(), QString("libmf-model"));
    QCOMPARE(objects[0]["rows"].toInt(), 4);
    QCOMPARE(objects[0]["users"].toInt(), 1);
    QCOMPARE(objects[0]["dim"].toInt(), 2);
    QCOMPARE(objects[0]["left_out"].toInt(), 1);
    const QString titles = written("movies.csv", "movieId,title,genres\n2,Heat,Crime\n");
    const auto titled = objects_of(run({"inspect", model, "--json", "--items", titles}).out);
    QCOMPARE(titled[0]["titles"].toInt(), 1);
    QVERIFY(run({"inspect", model}).out.contains("3 items x 2 factors"));

    const Outcome damaged = run({"inspect", written("bad.txt", "2 2\nking 1 2\nqueen 1\n")});
    QCOMPARE(damaged.exit_code, 3);
    QVERIFY2(damaged.err.contains("bad.txt:3: the row has 1 numbers"), qPrintable(damaged.err));
    const Outcome trained = run({"train", model});
    QCOMPARE(trained.exit_code, 3);
    QVERIFY2(trained.err.contains("these are factors (libmf-model), not ratings"), qPrintable(trained.err));

    const QString counted = written("counted.txt", "3 2\n1 10 4\n2 20 5\n3 30 1\n");
    QVERIFY(run({"inspect", counted}).out.contains("(word2vec)"));
    for (const QStringList& said : {QStringList{"--skip-lines", "1"}, QStringList{"--header", "no"}}) {
      QVERIFY(run(QStringList{"inspect", counted} + said).out.contains("3 ratings of 3 items by 3 users"));
    }
  }

  void pcaReadsEveryFormatOfFactors() {
    const QByteArrayList rows = {"1 2 3", "3 -4 1", "0.5 1 2", "2 2 -1"};
    QByteArray spark;
    QByteArray libmf = "f 0\nm 0\nn 4\nk 3\nb 0\n";
    QByteArray word2vec = "4 3\n";
    for (qsizetype i = 0; i < rows.size(); ++i) {
      const QByteArray name = QByteArray::number(i);
      spark += "{\"id\":" + name + ",\"features\":[" + QByteArray(rows[i]).replace(' ', ',') + "]}\n";
      libmf += "q" + name + " T " + rows[i] + " \n";
      word2vec += "w" + name + " " + rows[i] + "\n";
    }
    QJsonValue first;
    for (const QByteArray& bytes : {spark, libmf, word2vec}) {
      const auto objects = objects_of(run({"pca", written("table", bytes), "--json"}).out);
      QCOMPARE(objects.size(), 1);
      if (first.isNull()) first = objects[0]["coordinates"];
      QCOMPARE(objects[0]["coordinates"], first);
    }
    // A table of users alone needs no option, and the other one is not there.
    const QString users = written("user_factors.json", spark);
    QCOMPARE(objects_of(run({"pca", users, "--json"}).out)[0]["coordinates"], first);
    const Outcome movies = run({"pca", users, "--table", "movie"});
    QCOMPARE(movies.exit_code, 3);
    QVERIFY2(movies.err.contains("user_factors.json holds no movie table"), qPrintable(movies.err));
  }

  void helpOfEveryCommandReadsWell() {
    for (const char* command : {"inspect", "train", "pca", "sample", "bench"}) {
      const Outcome outcome = run({command, "--help"});
      QCOMPARE(outcome.exit_code, 0);
      QVERIFY(outcome.out.contains(QString("Usage: rowlight-cli ") + command));
      for (const char* ugly : {"->", "{", "ENUM", "FAILED"}) QVERIFY2(!outcome.out.contains(ugly), ugly);
    }
    QCOMPARE(run({"--help"}).exit_code, 0);
    QCOMPARE(run({"--version"}).exit_code, 0);
  }

#ifdef Q_OS_UNIX
  void interruptEndsCleanly() {
    const QString saved = path("interrupted.safetensors");
    QProcess process;
    process.start(QStringLiteral(ROWLIGHT_CLI), {"train", ratings_, "--json", "--epochs", "100000", "--save", saved});
    QByteArray out;
    while (out.count("\"epoch\"") < 4) {  // twice in each line: the second epoch is done
      QVERIFY(process.waitForReadyRead(patience_ms));
      out += process.readAllStandardOutput();
    }
    QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
    QVERIFY(process.waitForFinished(patience_ms));
    out += process.readAllStandardOutput();
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    const auto objects = objects_of(QString::fromUtf8(out));
    QVERIFY(!objects.isEmpty());
    QCOMPARE(objects.last()["event"].toString(), QString("error"));
    QCOMPARE(objects.last()["exit_code"].toInt(), 130);
    // What was saved is the run at that place: it can be looked at and gone on with.
    QVERIFY(metadata_of(saved, "progress")["epoch"].toInt() >= 2);
    QCOMPARE(run({"pca", saved}).exit_code, 0);
  }
#endif

 private:
  [[nodiscard]] QString path(const QString& name) const { return dir_.filePath(name); }
  [[nodiscard]] QString written(const char* name, const QByteArray& bytes) const {
    QFile file(path(name));
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) qFatal("cannot write %s", name);
    return file.fileName();
  }

  QTemporaryDir dir_;
  QString ratings_;
};

QTEST_GUILESS_MAIN(TestCli)
#include "test_cli.moc"
