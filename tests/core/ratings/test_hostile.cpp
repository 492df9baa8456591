// Files that mean harm: each is an error with one sentence (or loads, where it only looks like that), in little time
// and memory, and never a crash.

#include <QTest>

#include <chrono>
#include <filesystem>

#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/ratings/reader.h"
#include "tests/core/ratings/hostile_files.h"
#include "tests/support/written_file.h"

using namespace rowlight;
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

QByteArray lines(int count) {
  QByteArray text;
  for (int i = 0; i < count; ++i) {
    text += QByteArray::number(i % 97) + ',' + QByteArray::number(i) + ',' + QByteArray::number(i % 5 + 1) + '\n';
  }
  return text;
}

QByteArray utf16(const QString& text) {
  QByteArray bytes("\xFF\xFE");
  for (const QChar c : text) bytes += QByteArray().append(char(c.unicode() & 0xFF)).append(char(c.unicode() >> 8));
  return bytes;
}

QByteArray gzip_of(test::WrittenFiles& files, const QByteArray& bytes) {
  QFile file(QString::fromStdString(test::write_gzip(files.path() + "/inner.gz", bytes)));
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QByteArray zip_of(test::WrittenFiles& files, const std::string& member, const QByteArray& bytes) {
  QFile file(QString::fromStdString(test::write_zip(files.path() + "/inner.zip", {{member, bytes}})));
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

// The exit code 3 or 4 and one sentence. `part`: what it has to say.
#define VERIFY_REFUSED(run, code, part)                                       \
  do {                                                                        \
    QVERIFY2((run).in_time, "no end in sight");                               \
    QVERIFY2(!(run).crashed, qPrintable((run).err));                          \
    QVERIFY2((run).err.contains(QLatin1String(part)), qPrintable((run).err)); \
    QVERIFY2((run).err.count(QLatin1Char('\n')) == 1, qPrintable((run).err)); \
    QVERIFY2((run).err.size() < 400, qPrintable((run).err));                  \
    QCOMPARE((run).exit_code, code);                                          \
  } while (false)

#define ROWLIGHT_LIMITS_MEMORY() \
  if (!test::memory_can_be_limited) QSKIP("needs a limit of address space, which a sanitizer cannot live with")

class TestHostile : public QObject {
  Q_OBJECT

 private slots:
  void bombs_data() {
    QTest::addColumn<QByteArray>("block");  // of a megabyte, which is repeated
    QTest::addColumn<bool>("zip");
    QTest::addColumn<QString>("part");
    const QByteArray rows = QByteArray("1,2,3\n").repeated(1 << 17);
    QTest::newRow("gzip of ratings") << rows << false << "more than 250 times its size";
    QTest::newRow("gzip of blank lines") << QByteArray(1 << 20, '\n') << false << "more than 250 times its size";
    QTest::newRow("gzip of zeros") << QByteArray(1 << 20, '\0') << false << "a binary file";
    QTest::newRow("zip of ratings") << rows << true << "more than 250 times its size";
    QTest::newRow("zip that says it is large") << rows << true << "more than 250 times its size";
  }
  void bombs() {
    ROWLIGHT_LIMITS_MEMORY();
    QFETCH(QByteArray, block);
    QFETCH(bool, zip);
    QFETCH(QString, part);
    constexpr int megabytes = 120;
    test::WrittenFiles files;
    std::string path = files.path() + "/ratings.csv.gz";
    if (zip) {
      path = test::write_zip(files.path() + "/ratings.zip", {{"ratings.csv", block.repeated(megabytes)}});
      QFile file(QString::fromStdString(path));
      QVERIFY(file.open(QIODevice::ReadWrite));
      if (QByteArray(QTest::currentDataTag()).contains("says")) {
        constexpr int place_of_packed_size = 20;
        file.seek(file.readAll().lastIndexOf("PK\x01\x02") + place_of_packed_size);
        file.write("\xFF\xFF\xFF\x7F");
      }
    } else {
      test::GzipWriter writer(path, 9);
      for (int i = 0; i < megabytes; ++i) writer.write(block);
    }
    QVERIFY(fs::file_size(path) < (1U << 20U));
    const auto run = test::inspect_with(500, path);
    VERIFY_REFUSED(run, 3, part.toLatin1().constData());
    QVERIFY(run.seconds < 10);
  }

  void aGzipArchiveWithoutAnyTextIsLeftSoon_data() {
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<QByteArray>("block");
    const QByteArray named("\x1F\x8B\x08\x08\0\0\0\0\0\x03", 10);
    const QByteArray unnamed("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10);
    test::WrittenFiles files;
    QTest::newRow("endless name") << named << QByteArray(1 << 20, 'n');
    QTest::newRow("empty blocks") << unnamed << QByteArray("\0\0\0\xFF\xFF", 5).repeated(200000);
    QTest::newRow("empty parts") << QByteArray() << gzip_of(files, {}).repeated(50000);
  }
  void aGzipArchiveWithoutAnyTextIsLeftSoon() {
    QFETCH(QByteArray, head);
    QFETCH(QByteArray, block);
    test::WrittenFiles files;
    const std::string path = files.write("x.gz", head + block.repeated(40));
    const auto loaded = read_ratings(path);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::BadInput);
    QVERIFY2(loaded.error().what.find("without any text") != std::string::npos, loaded.error().message().c_str());
  }

  void aLineWithoutEndIsRefusedAtOnce_data() {
    QTest::addColumn<QByteArray>("block");
    QTest::addColumn<QString>("part");
    QTest::addColumn<int>("line");
    QTest::newRow("a gigabyte of zeros") << QByteArray() << "this is a binary file" << 0;  // a hole in the file
    QTest::newRow("JSON") << "{\"a\": \"" + QByteArray(1 << 20, '7') << "this is JSON" << 0;
    QTest::newRow("digits") << QByteArray(1 << 20, '7') << "the line is longer than" << 1;
    QTest::newRow("digits behind ratings")
        << lines(1000) + QByteArray(1 << 20, '7') << "the line is longer than" << 1001;
  }
  void aLineWithoutEndIsRefusedAtOnce() {
    QFETCH(QByteArray, block);
    QFETCH(QString, part);
    QFETCH(int, line);
    test::WrittenFiles files;
    const std::string path = files.write("x", block);
    if (block.isEmpty()) {
      fs::resize_file(path, 1U << 30U);
    } else {
      QFile file(QString::fromStdString(path));
      QVERIFY(file.open(QIODevice::Append));
      for (int i = 0; i < 64; ++i) file.write(block.right(1 << 20));
    }
    if (test::memory_can_be_limited) {
      const auto run = test::inspect_with(400, path);
      VERIFY_REFUSED(run, 3, part.toLatin1().constData());
    }
    std::uint64_t read = 0;
    LoadControl control;
    control.on_progress = [&](std::uint64_t done, std::uint64_t) { read = done; };
    const auto loaded = read_ratings(path, {}, control);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().line, static_cast<std::uint64_t>(line));
    QVERIFY2(read < (16U << 20U), "early, and not at the end of the line");
  }

  void everNewIds() {
    ROWLIGHT_LIMITS_MEMORY();
    test::WrittenFiles files;
    const std::string path = files.path() + "/ids.gz";
    {
      test::GzipWriter writer(path, 0);  // packing takes longer than all the rest
      QByteArray text;
      for (std::uint64_t i = 0; i < 4'000'000; ++i) {
        text +=
            'u' + QByteArray::number(quint64{i * 2654435761U}, 36) + ",i" + QByteArray::number(quint64{i}, 36) + ",3\n";
        if (text.size() < (1 << 20)) continue;
        writer.write(text);
        text.clear();
      }
    }
    const auto small = test::inspect_with(300, files.write("small", lines(100000)), {"--threads", "2"});
    QCOMPARE(small.exit_code, 0);  // it is not the limit alone
    for (const char* threads : {"1", "2", "8"}) {
      const auto run = test::inspect_with(300, path, {"--threads", threads});
      VERIFY_REFUSED(run, 3, "there is not enough memory for these ratings");
    }
  }

  // The search for repeats deals rows out by user: one user must not need more than many.
  void allRatingsOfOneUser() {
    ROWLIGHT_LIMITS_MEMORY();
    test::WrittenFiles files;
    QByteArray text;
    for (int user = 0; user < 100; ++user) text += QByteArray::number(user) + ",1,3\n";
    for (int i = 0; i < 12'000'000; ++i) text += "99," + QByteArray::number(1'000'000 + (i & 0xFFFFF)) + ",3\n";
    const auto run = test::inspect_with(400, files.write("x", text), {"--threads", "1"});
    QVERIFY2(run.exit_code == 0, qPrintable(run.err));
  }

  void moreThreadsThanTheMemoryHolds() {
    ROWLIGHT_LIMITS_MEMORY();
    test::WrittenFiles files;
    const auto run =
        test::inspect_with(200, test::write_gzip(files.path() + "/x.gz", lines(1000)), {"--threads", "1000"});
    QVERIFY(run.in_time && !run.crashed);
    QVERIFY2(run.exit_code == 0 || run.err.contains("not enough memory"), qPrintable(run.err));
  }

  void archivesThatAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("part");
    test::WrittenFiles files;
    const QByteArray text = lines(5000);
    const QByteArray gzip = gzip_of(files, text);
    QTest::newRow("half a gzip") << gzip.left(gzip.size() / 2) << "ends in the middle";
    QTest::newRow("gzip without its last byte") << gzip.chopped(1) << "ends in the middle";
    QTest::newRow("two bytes of a gzip") << gzip.left(2) << "ends in the middle";
    QByteArray wrong_sum = gzip;
    wrong_sum[wrong_sum.size() - 6] = static_cast<char>(wrong_sum[wrong_sum.size() - 6] ^ 1);
    QTest::newRow("gzip with another checksum") << wrong_sum << "the gzip archive is damaged";
    QTest::newRow("something behind a gzip") << gzip + "more"
                                             << "the gzip archive is damaged";
    QTest::newRow("gzip in gzip") << gzip_of(files, gzip) << "what is packed in this archive is a gzip archive";

    const QByteArray zip = zip_of(files, "ratings.csv", text);
    QTest::newRow("half a zip") << zip.left(zip.size() / 2) << "the zip archive cannot be read";
    QTest::newRow("zip without its end") << zip.chopped(5) << "the zip archive cannot be read";
    QByteArray damaged = zip;
    const int middle = static_cast<int>(zip.size()) / 2;
    damaged[middle] = static_cast<char>(damaged[middle] ^ 0x55);
    QTest::newRow("zip with other bytes") << damaged << "the zip archive is damaged";
    QByteArray wrong_crc = zip;
    for (const qsizetype at : {qsizetype{14}, zip.indexOf("PK\x01\x02") + 16}) {
      wrong_crc[at] = static_cast<char>(wrong_crc[at] ^ 1);
    }
    QTest::newRow("zip with another checksum") << wrong_crc << "the zip archive is damaged: CRC error";
    QTest::newRow("zip in zip") << zip_of(files, "ratings.zip", zip) << "there are no ratings in this zip archive";
    QTest::newRow("zip in zip under another name")
        << zip_of(files, "ratings.csv", zip) << "what is packed in this archive is a zip archive";
    QTest::newRow("zip in gzip") << gzip_of(files, zip) << "what is packed in this archive is a zip archive";
    for (const char* name : {"../ratings.csv", "/ratings.csv", "..\\ratings.csv", "a/../../ratings.csv",
                             "\\ratings.csv", "C:ratings.csv"}) {
      QTest::newRow(name) << zip_of(files, name, text) << "names a place outside of itself";
    }
  }
  void archivesThatAreRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, part);
    test::WrittenFiles files;
    const std::string path = files.write("x", bytes);
    const auto loaded = read_ratings(path);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::BadInput);
    QCOMPARE(loaded.error().file, path);
    QVERIFY2(QString::fromStdString(loaded.error().message()).contains(part), loaded.error().message().c_str());
  }

  void anArchiveOfVeryManyFiles() {
    test::WrittenFiles files;
    const QByteArray nothing("no ratings");
    std::vector<std::pair<std::string, QByteArray>> members;
    for (int i = 0; i < 30000; ++i) members.emplace_back(std::to_string(i) + ".txt", nothing);
    const std::string path = test::write_zip(files.path() + "/x.zip", members, ZIP_CM_STORE);
    const auto start = Clock::now();
    QVERIFY(!read_ratings(path));
    QVERIFY2(seconds_since(start) < 3, "the list is read once");
  }

  void textThatIsRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("part");
    QTest::newRow("header only") << QByteArray("userId,movieId,rating\n") << "header and no line below it";
    QTest::newRow("a million blank lines") << QByteArray(1'000'000, '\n') << "only blank lines";
    QTest::newRow("a million lines of blanks") << QByteArray(" \t\r\n").repeated(1'000'000) << "only blank lines";
    QTest::newRow("delimiters") << QByteArray(",,,\n").repeated(1'000'000) << "holds '' and no rating";
    QTest::newRow("delimiters in one line") << QByteArray(1'000'000, ',') << "holds '' and no rating";
    QTest::newRow("a million quotes that nothing closes")
        << QByteArray("\"1,2,3\n").repeated(1'000'000) << "a quote is opened and not closed";
    QTest::newRow("ten million bad lines") << lines(1000) + QByteArray("x\n").repeated(10'000'000) << "1 field";
    // Each name asked for among all those before it: a minute and more.
    QByteArray header = QByteArray("x,").repeated(200'000) + QByteArray("item,").repeated(80'000) + "user\n";
    QTest::newRow("a header of very many columns") << header + QByteArray("1,").repeated(280'000) + "1\n"
                                                   << "the header names no rating column";
    QTest::newRow("UTF-16 with the second half of a pair alone")
        << utf16(QString("1,2,3\n4,") + QChar(0xDC00) + ",3\n") << "surrogate";
    QTest::newRow("UTF-16 with the first half of a pair alone")
        << utf16(QString("1,2,3\n4,") + QChar(0xD83D) + ",3\n") << "surrogate";
    QTest::newRow("UTF-16 that ends with the first half of a pair")
        << utf16(QString("1,2,3\n") + QChar(0xD83D)) << "in the middle of a character";
    QTest::newRow("UTF-16 with an odd byte") << utf16("1,2,3\n") + "1"
                                             << "in the middle of a character";
  }
  void textThatIsRefused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, part);
    test::WrittenFiles files;
    const std::string path = files.write("x", bytes);
    const auto start = Clock::now();
    const auto loaded = read_ratings(path);
    QVERIFY(!loaded);
    QVERIFY2(seconds_since(start) < 10, "not in linear time");
    QCOMPARE(loaded.error().kind, ErrorKind::BadInput);
    const QString message = QString::fromStdString(loaded.error().message());
    QVERIFY2(message.contains(part) && message.size() < 600, qPrintable(message));
    if (!test::memory_can_be_limited) return;
    const auto run = test::inspect_with(400, path);
    VERIFY_REFUSED(run, 3, part.toLatin1().constData());
  }

  void quotesWithoutEndTakeLinearTime() {
    test::WrittenFiles files;
    ReadOptions options;
    options.max_bad_lines = 1'000'000;
    const QByteArray line = QByteArray("\"1,").repeated(100'000) + '\n';
    const QByteArray pairs = QByteArray("\"\"").repeated(200'000) + ",1\n";
    const auto start = Clock::now();
    const auto loaded = read_ratings(files.write("x", lines(1000) + (line + pairs).repeated(40)), options);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.bad_lines.size(), std::size_t{80});
    QVERIFY(seconds_since(start) < 10);
  }

  void aMillionColumnsMakeAShortReport() {
    test::WrittenFiles files;
    const auto start = Clock::now();
    const auto loaded = read_ratings(files.write("x", (QByteArray("1,").repeated(500'000) + "1\n").repeated(3)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QVERIFY(seconds_since(start) < 10);
    for (const std::string& notice : loaded->report.notices) QVERIFY2(notice.size() < 1000, "a notice of a megabyte");
    for (const Evidence& evidence : loaded->report.evidence) QVERIFY(evidence.decision.size() < 1000);
  }

  void numbersThatAreNone_data() {
    QTest::addColumn<QByteArray>("rating");
    for (const char* text : {"nan",
                             "NaN",
                             "-nan",
                             "nan(1)",
                             "inf",
                             "-Inf",
                             "infinity",
                             "1e999",
                             "-1e999",
                             "1e-400",
                             "3.5e38",
                             "0x10",
                             "0x1p3",
                             "--1",
                             "+-1",
                             "1e",
                             "e5",
                             ".",
                             "1_000",
                             "1 2",
                             "4\v",
                             "\xC2\xA0"
                             "4"}) {
      QTest::newRow(text) << QByteArray(text);
    }
    QTest::newRow("NUL behind") << QByteArray("4\0", 2);
    QTest::newRow("NUL inside") << QByteArray(
        "4\0"
        "5",
        3);
    QTest::newRow("NUL alone") << QByteArray("\0", 1);
    QTest::newRow("a hundred thousand digits") << QByteArray(100'000, '9');
  }
  void numbersThatAreNone() {
    QFETCH(QByteArray, rating);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", lines(2000) + "1,1," + rating + '\n' + lines(2000)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.ratings, std::uint64_t{4000});
    QCOMPARE(loaded->report.bad_lines.size(), std::size_t{1});
    const BadLine& bad = loaded->report.bad_lines.front();
    QCOMPARE(bad.line, std::uint64_t{2001});
    QCOMPARE(bad.column, std::uint64_t{5});
    QVERIFY2(bad.reason.ends_with("is not a rating; expected a finite number"), bad.reason.c_str());
    QVERIFY(bad.reason.size() < 200);
  }

  void zeroBytesBetweenLinesAndInIds() {
    test::WrittenFiles files;
    const QByteArray zeros(3, '\0');
    const auto loaded = read_ratings(files.write("x", lines(2000) + zeros + '\n' + "1" + zeros + ",5,3\n" + "1,a" +
                                                          zeros + "b,3\n" + zeros + "1,5,3\n" + lines(2000)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.ratings, std::uint64_t{4000});
    QCOMPARE(loaded->report.bad_lines.size(), std::size_t{4});
    for (std::size_t i = 0; i < 4; ++i) QCOMPARE(loaded->report.bad_lines[i].line, std::uint64_t{2001 + i});
  }

  void utf16WithAccentsIsRead() {
    test::WrittenFiles files;
    const QString text = QString::fromUtf8("René,Zoë,3\nЖ,😀,4.5\n");
    const auto loaded = read_ratings(files.write("x", utf16(text)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->set->size(), std::size_t{2});
    QCOMPARE(std::string(loaded->set->user_ids.id(0)), std::string("Ren\xC3\xA9"));
    QCOMPARE(std::string(loaded->set->movie_ids.id(1)), std::string("\xF0\x9F\x98\x80"));
    QCOMPARE(loaded->report.encoding, std::string("utf-16"));
  }

  void aMarkThatIsDeclaredToBeNone() {
    test::WrittenFiles files;
    ReadOptions options;
    options.encoding = "latin-1";
    const auto loaded = read_ratings(files.write("x",
                                                 "\xFF\xFE"
                                                 "1,2,3\n4,5,6\n"),
                                     options);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->set->size(), std::size_t{2});
  }

  void pathsThatAreNoFiles() {
    test::WrittenFiles files;
    const std::string pipe = files.path() + "/pipe";
    QCOMPARE(mkfifo(pipe.c_str(), 0600), 0);
    fs::create_symlink("loop", files.path() + "/loop");
    fs::create_directory(files.path() + "/folder");
    fs::create_directory_symlink("..", files.path() + "/folder/up");
    for (const char* name : {"/pipe", "/loop", "/folder", "/folder/up/folder"}) {
      const auto loaded = read_ratings(files.path() + name);
      QVERIFY(!loaded);
      QCOMPARE(loaded.error().kind, ErrorKind::Io);
    }
    files.write("folder/ratings.csv", lines(3));
    QVERIFY(read_ratings(files.path() + "/folder/up/folder"));
  }
};

QTEST_APPLESS_MAIN(TestHostile)
#include "test_hostile.moc"
