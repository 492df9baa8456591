#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/engine_host.h"
#include "core/ratings/sample.h"
#include "tests/support/written_file.h"

using namespace rowlight;
using rowlight::test::WrittenFiles;

namespace {

constexpr int patience = 20000;  // ms; far more than anything here takes

/// An engine whose frames are kept.
struct Watched {
  EngineHost host;
  FramePtr frame;
  int frames = 0;

  Watched() {
    QObject::connect(&host, &EngineHost::frameReady, &host, [this](const FramePtr& next) {
      frame = next;
      ++frames;
    });
  }
  [[nodiscard]] bool await(const std::function<bool(const Frame&)>& what) const {
    return QTest::qWaitFor([&] { return frame && what(*frame); }, patience);
  }
};

bool hasRatings(const Frame& frame) { return frame.ratings != nullptr; }

QString write(const QTemporaryDir& folder, const char* name, const QByteArray& bytes) {
  QFile file(folder.filePath(QLatin1String(name)));
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) qFatal("cannot write %s", name);
  return file.fileName();
}

}  // namespace

class TestEngineHost : public QObject {
  Q_OBJECT

 private slots:
  void theFirstFrameComesByItself() {
    Watched engine;
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Empty; }));
  }

  void trainsToTheEnd() {
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Play{});
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Finished; }));
    QCOMPARE(engine.frame->progress.epoch, engine.frame->settings.epochs);
    QVERIFY(engine.frame->loss->epochs.back().valid_loss < engine.frame->loss->epochs.front().valid_loss);
  }

  void factorsAreShownByTheirContent() {
    QTemporaryDir folder;
    const QString path = write(folder, "ratings.csv", "2 3\nking 1 2 3\nqueen 4 5 6\n");  // the name does not count
    Watched engine;
    QSignalSpy finished(&engine.host, &EngineHost::loadFinished);
    engine.host.open(path);
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::ViewOnly; }));
    QCOMPARE(engine.frame->viewed->format, std::string("word2vec"));
    QCOMPARE(engine.frame->ratings->movie_count(), std::size_t{2});
    QCOMPARE(finished.size(), 1);
    const auto report = finished.front().at(1).value<LoadReport>();
    QCOMPARE(report.format, std::string("word2vec"));
    QCOMPARE(report.ratings, std::uint64_t{0});
    engine.host.post(Play{});
    QVERIFY(engine.await([](const Frame& f) { return f.error.has_value(); }));
    QCOMPARE(engine.frame->state, RunState::ViewOnly);
  }

  void damagedFactorsLeaveTheRunAlone() {
    QTemporaryDir folder;
    const QString path = write(folder, "vectors.txt", "2 3\nking 1 2 3\nqueen 4 nan 6\n");
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Step{});
    QVERIFY(engine.await([](const Frame& f) { return f.progress.batches_done == 1; }));
    QSignalSpy failed(&engine.host, &EngineHost::loadFailed);
    ReadOptions options;
    options.encoding = "latin-1";
    engine.host.open(path, options);
    QVERIFY(failed.wait(patience));
    QCOMPARE(failed.front().at(2).value<ReadOptions>().encoding, options.encoding);
    const auto error = failed.front().at(1).value<Error>();
    QCOMPARE(error.line, std::uint64_t{3});
    QCOMPARE(error.column, std::uint64_t{9});
    engine.host.post(Step{});
    QVERIFY(engine.await([](const Frame& f) { return f.progress.batches_done == 2; }));
    QVERIFY(engine.frame->ratings->synthetic);
  }

  void theSameNumbersAsWithoutAWindow() {
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Play{StepUnit::Batch, 5000});  // paced, so that slices and frames cut the run in many places
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Finished; }));

    Session session;
    session.apply(InstallRatings{make_sample(), {}, {}, {}, {}});
    session.apply(Play{});
    session.advance({});
    const FramePtr expected = session.frame();
    QCOMPARE(engine.frame->loss->epochs.back().train_loss, expected->loss->epochs.back().train_loss);
    QCOMPARE(engine.frame->loss->epochs.back().valid_loss, expected->loss->epochs.back().valid_loss);
  }

  void aPaceIsKept() {
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Play{StepUnit::Batch, 20});
    QTest::qWait(1000);
    engine.host.post(Pause{});
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Paused && f.progress.batches_done > 0; }));
    // 20 a second for about a second; a machine under load may be late, but never early.
    QVERIFY2(engine.frame->progress.batches_done <= 30,
             qPrintable(QString::number(engine.frame->progress.batches_done)));
  }

  void aPaceOfEpochsIsKept() {
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    TrainSettings settings = engine.frame->settings;
    settings.batch_size = 8;  // so that one epoch takes many slices
    engine.host.post(Configure{settings});
    QElapsedTimer clock;
    clock.start();
    engine.host.post(Play{StepUnit::Epoch, 0.5});
    // The first epoch begins at once and runs to its end: its slices are no units of their own.
    QVERIFY(engine.await([](const Frame& f) { return f.progress.epoch == 1; }));
    QVERIFY2(clock.elapsed() < 10000, qPrintable(QString::number(clock.elapsed())));
    QVERIFY(engine.await([](const Frame& f) { return f.progress.epoch == 2; }));
    QVERIFY2(clock.elapsed() >= 2000, qPrintable(QString::number(clock.elapsed())));
  }

  void aPauseIsNotCaughtUp() {
    constexpr double speed = 200;
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Play{StepUnit::Batch, speed});
    QVERIFY(engine.await([](const Frame& f) { return f.progress.batches_done > 5; }));
    engine.host.post(Pause{});
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Paused; }));
    const std::uint64_t before = engine.frame->progress.batches_done;
    QTest::qWait(700);
    QElapsedTimer clock;
    clock.start();
    engine.host.post(Play{StepUnit::Batch, speed});
    QVERIFY(engine.await([&](const Frame& f) { return f.progress.batches_done > before; }));
    engine.host.post(Pause{});
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Paused; }));
    const double due = speed * static_cast<double>(clock.elapsed() + 1) / 1000 + 2;
    QVERIFY2(static_cast<double>(engine.frame->progress.batches_done - before) <= due,
             qPrintable(QString::number(engine.frame->progress.batches_done - before)));
  }

  void aRunGivesWayOnlyWhenItMay() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("ratings.csv"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("1,1,5\n1,2,3\n2,1,4\n");
    file.close();
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    const RatingSetPtr sample = engine.frame->ratings;
    QStringList asked;
    bool answer = false;
    engine.host.mayInstall = [&](const QString& which) {
      asked << which;
      return answer;
    };
    QSignalSpy finished(&engine.host, &EngineHost::loadFinished);
    bool cancelled = false;
    connect(&engine.host, &EngineHost::loadFailed, this,
            [&](const QString&, const Error& error) { cancelled = error.kind == ErrorKind::Cancelled; });
    engine.host.open(path);
    QVERIFY(QTest::qWaitFor([&] { return cancelled; }, patience));
    QCOMPARE(asked, QStringList{path});
    QCOMPARE(finished.count(), 0);
    QCOMPARE(engine.frame->ratings, sample);
    answer = true;
    engine.host.open(path);
    QVERIFY(engine.await([](const Frame& f) { return f.ratings->size() == 3; }));
  }

  void aFailedLoadLeavesTheRunAsItWas_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<int>("exitCode");
    QTest::newRow("missing") << QByteArray() << 4;
    QTest::newRow("directory") << QByteArray("DIR") << 4;
    QTest::newRow("empty") << QByteArray("") << 3;
    QTest::newRow("png") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1", 20) << 3;
  }
  void aFailedLoadLeavesTheRunAsItWas() {
    QFETCH(QByteArray, content);
    QFETCH(int, exitCode);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("ratings.csv"));
    if (content == "DIR") {
      QVERIFY(QDir().mkdir(path));
    } else if (!content.isNull()) {
      QFile file(path);
      QVERIFY(file.open(QIODevice::WriteOnly));
      file.write(content);
    }
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Step{StepUnit::Epoch});
    QVERIFY(engine.await([](const Frame& f) { return f.state == RunState::Paused && f.progress.epoch == 1; }));
    const FramePtr before = engine.frame;

    QString sentence;
    int code = 0;
    connect(&engine.host, &EngineHost::loadFailed, this, [&](const QString&, const Error& error) {
      sentence = QString::fromStdString(error.message());
      code = error.exit_code();
    });
    engine.host.open(path);
    QVERIFY(QTest::qWaitFor([&] { return code != 0; }, patience));
    QCOMPARE(code, exitCode);
    QVERIFY(sentence.contains(QStringLiteral("ratings.csv")));
    engine.host.post(Watch{Table::Movies, {0}});
    const int seen = engine.frames;
    QVERIFY(QTest::qWaitFor([&] { return engine.frames > seen; }, patience));
    QCOMPARE(engine.frame->ratings, before->ratings);
    QCOMPARE(engine.frame->run, before->run);
    QCOMPARE(engine.frame->progress.batches_done, before->progress.batches_done);
  }

  void theLastOfTwoLoadsWins() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("ratings.csv"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    for (int i = 0; i < 50; ++i) file.write(QByteArray::number(i % 7) + "," + QByteArray::number(i) + ",4\n");
    file.close();
    Watched engine;
    QSignalSpy finished(&engine.host, &EngineHost::loadFinished);
    engine.host.openSample();
    engine.host.open(path);
    QVERIFY(engine.await([](const Frame& f) { return f.ratings && f.ratings->size() == 50; }));
    QCOMPARE(finished.count(), 1);
  }

  void anInspectionReadsAndInstallsNothing() {
    WrittenFiles files;
    const QString path = QString::fromStdString(files.write(QStringLiteral("r.txt"), "prose\n1 1 5\n1 2 3\n2 1 4\n"));
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    const RatingSetPtr sample = engine.frame->ratings;
    std::optional<Inspection> got;
    connect(&engine.host, &EngineHost::inspected, this, [&](const Inspection& inspection) { got = inspection; });
    ReadOptions options;
    options.skip_lines = 1;
    engine.host.inspect(path, options);
    QVERIFY(QTest::qWaitFor([&] { return got.has_value(); }, patience));
    QVERIFY(!got->error && got->ratings);
    QCOMPARE(got->path, path);
    QCOMPARE(got->options.skip_lines, std::uint64_t{1});
    QCOMPARE(got->report->ratings, std::uint64_t{3});
    QVERIFY(!engine.host.loading() && !engine.host.opened());
    QCOMPARE(engine.frame->ratings, sample);
    // What was read is what is installed: the file is not read again.
    QVERIFY(QFile::remove(path));
    QSignalSpy finished(&engine.host, &EngineHost::loadFinished);
    engine.host.install(*got);
    QCOMPARE(finished.count(), 1);
    QVERIFY(engine.await([&](const Frame& f) { return f.ratings == got->ratings; }));
    QCOMPARE(engine.host.opened()->options.skip_lines, std::uint64_t{1});
    QVERIFY(!engine.host.opened()->ratings);
  }

  void anInspectionGivesWayOnlyWhenItMay() {
    WrittenFiles files;
    const QString path = QString::fromStdString(files.write(QStringLiteral("r.csv"), "1,1,5\n1,2,3\n2,1,4\n"));
    Watched engine;
    bool answer = false;
    engine.host.mayInstall = [&](const QString&) { return answer; };
    std::optional<Inspection> got;
    connect(&engine.host, &EngineHost::inspected, this, [&](const Inspection& inspection) { got = inspection; });
    int refused = 0;
    connect(&engine.host, &EngineHost::loadFailed, this,
            [&](const QString&, const Error& error) { refused += error.kind == ErrorKind::Cancelled ? 1 : 0; });
    engine.host.inspect(path, {});
    QVERIFY(QTest::qWaitFor([&] { return got.has_value(); }, patience));
    engine.host.install(*got);
    QCOMPARE(refused, 1);
    answer = true;
    engine.host.install(*got);
    QVERIFY(engine.await([](const Frame& f) { return f.ratings && f.ratings->size() == 3; }));
  }

  void aFailedInspectionSaysWhy() {
    WrittenFiles files;
    Watched engine;
    std::optional<Inspection> got;
    connect(&engine.host, &EngineHost::inspected, this, [&](const Inspection& inspection) { got = inspection; });
    engine.host.inspect(QString::fromStdString(files.write(QStringLiteral("p.csv"), "\x89PNG\r\n\x1a\n")), {});
    QVERIFY(QTest::qWaitFor([&] { return got.has_value(); }, patience));
    QVERIFY(got->error && got->report && !got->ratings);
    QCOMPARE(got->error->kind, ErrorKind::BadInput);
  }

  void onlyTheLastInspectionIsHeard() {
    WrittenFiles files;
    QByteArray lines;
    for (int i = 0; i < 1'000'000; ++i)
      lines += QByteArray::number(i % 997) + "," + QByteArray::number(i % 89) + ",4\n";
    const QString large = QString::fromStdString(files.write(QStringLiteral("large.csv"), lines));
    const QString small = QString::fromStdString(files.write(QStringLiteral("small.csv"), "1,1,5\n1,2,3\n2,1,4\n"));
    Watched engine;
    QStringList heard;
    connect(&engine.host, &EngineHost::inspected, this,
            [&](const Inspection& inspection) { heard << inspection.path; });
    engine.host.inspect(large, {});
    engine.host.inspect(small, {});
    QVERIFY(QTest::qWaitFor([&] { return !heard.isEmpty(); }, patience));
    engine.host.inspect(large, {});
    engine.host.cancelInspect();
    QTest::qWait(300);
    QCOMPARE(heard, QStringList{small});
    // A load is another matter: it neither cancels an inspection nor is cancelled by one.
    QSignalSpy finished(&engine.host, &EngineHost::loadFinished);
    engine.host.open(large);
    engine.host.inspect(small, {});
    QVERIFY(QTest::qWaitFor([&] { return heard.size() == 2 && finished.count() == 1; }, patience));
    engine.host.inspect(large, {});  // destroyed while it reads
  }

  void canBeDestroyedWhileItTrainsAndLoads() {
    Watched engine;
    engine.host.openSample();
    QVERIFY(engine.await(hasRatings));
    engine.host.post(Play{});
    engine.host.openSample();
  }
};

QTEST_GUILESS_MAIN(TestEngineHost)
#include "test_engine_host.moc"
