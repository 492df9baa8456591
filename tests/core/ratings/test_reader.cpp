#include <QTest>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/ratings/reader.h"
#include "core/ratings/report_json.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

// "user item rating time|..." of the loaded rows: one text to compare with.
std::string rows_of(const RatingSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    text += text.empty() ? "" : "|";
    text += std::string(set.user_ids.id(set.users[i])) + ' ' + std::string(set.movie_ids.id(set.movies[i])) + ' ' +
            QByteArray::number(set.ratings[i]).toStdString();
    if (!set.times.empty()) text += ' ' + std::to_string(set.times[i]);
  }
  return text;
}

QByteArray good_lines(int count) {
  QByteArray text;
  for (int i = 0; i < count; ++i) {
    text +=
        QByteArray::number(i % 97) + '\t' + QByteArray::number(i) + "\t" + QByteArray::number(i % 5 + 1) + "\t1000\n";
  }
  return text;
}

}  // namespace

class TestReader : public QObject {
  Q_OBJECT

 private slots:
  void dialects_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("rows");
    QTest::addColumn<QString>("format");
    QTest::addColumn<QString>("delimiter");
    QTest::addColumn<QString>("line_ending");
    const QString same = "1 10 4 100|2 20 3.5 200";
    QTest::newRow("TAB") << QByteArray("1\t10\t4\t100\n2\t20\t3.5\t200\n") << same << "movielens-100k"
                         << "\t"
                         << "lf";
    QTest::newRow("::") << QByteArray("1::10::4::100\n2::20::3.5::200\n") << same << "movielens-dat"
                        << "::"
                        << "lf";
    QTest::newRow("MovieLens header, CRLF")
        << QByteArray("userId,movieId,rating,timestamp\r\n1,10,4.0,100\r\n2,20,3.5,200\r\n") << same << "movielens-csv"
        << ","
        << "crlf";
    QTest::newRow("CR") << QByteArray("1,10,4,100\r2,20,3.5,200\r") << same << "delimited"
                        << ","
                        << "cr";
    QTest::newRow("mixture") << QByteArray("1,10,4,100\r\n2,20,3.5,200\n") << same << "delimited"
                             << ","
                             << "mixed";
    QTest::newRow("no last line end") << QByteArray("1|10|4|100\n2|20|3.5|200") << same << "delimited"
                                      << "|"
                                      << "lf";
    QTest::newRow("decimal comma") << QByteArray("1;10;4;100\n2;20;3,5;200\n") << same << "delimited"
                                   << ";"
                                   << "lf";
    QTest::newRow("blanks") << QByteArray("1 10  4 100\n 2 20 3.5\t200\n") << same << "whitespace"
                            << " "
                            << "lf";
    QTest::newRow("mixed separators") << QByteArray("1,10,4,100\n2 20 3.5\t200\n") << same << "whitespace"
                                      << " "
                                      << "lf";
    QTest::newRow("quotes, BOM, other order")
        << QByteArray(
               "\xEF\xBB\xBF\"Book-Rating\",\"ISBN\",\"Timestamp\",\"User-ID\"\n\"4\",\"10\",\"100\",\"1\"\n"
               "\"3.5\",\"20\",\"200\",\"2\"\n")
        << same << "delimited"
        << ","
        << "lf";
    QTest::newRow("blanks around fields") << QByteArray("1, 10 ,4 ,100\n2 , 20, 3.5,200 \n") << same << "delimited"
                                          << ","
                                          << "lf";
    QTest::newRow("milliseconds") << QByteArray("user,item,rating,timestamp\n1,10,4,1400000100123\n")
                                  << "1 10 4 1400000100"
                                  << "delimited"
                                  << ","
                                  << "lf";
    QTest::newRow("dates") << QByteArray("1,10,4,1970-01-02\n2,20,3.5,1970-01-01 00:03:20\n")
                           << "1 10 4 86400|2 20 3.5 200"
                           << "delimited"
                           << ","
                           << "lf";
    QTest::newRow("text ids") << QByteArray("\"a, b\",007,4\n\"say \"\"x\"\"\",7,5\n") << "a, b 007 4|say \"x\" 7 5"
                              << "delimited"
                              << ","
                              << "lf";
    QTest::newRow("latin-1 ids") << QByteArray("Ren\xE9,1,4\nZo\xEB,2,5\n") << QString("Ren\u00e9 1 4|Zo\u00eb 2 5")
                                 << "delimited"
                                 << ","
                                 << "lf";
    QTest::newRow("negative and signed") << QByteArray("0 5 -1.0\n0 6 +1e0\n") << "0 5 -1|0 6 1"
                                         << "whitespace"
                                         << " "
                                         << "lf";
  }
  void dialects() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, rows);
    QFETCH(QString, format);
    QFETCH(QString, delimiter);
    QFETCH(QString, line_ending);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x.png", bytes));  // the name says nothing
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(QString::fromStdString(rows_of(*loaded->set)), rows);
    QCOMPARE(QString::fromStdString(loaded->report.format), format);
    QCOMPARE(QString::fromStdString(loaded->report.delimiter), delimiter);
    QCOMPARE(QString::fromStdString(loaded->report.line_ending), line_ending);
    QVERIFY(loaded->report.bad_lines.empty());
    QVERIFY(!loaded->report.evidence.empty());
  }

  void badLinesAreReportedWithTheirPlace_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<int>("column");
    QTest::addColumn<QString>("reason");
    QTest::newRow("word") << QByteArray("1\t2\tabc\t5") << 5 << "'abc' is not a rating";
    QTest::newRow("NaN") << QByteArray("1\t2\tnan\t5") << 5 << "'nan' is not a rating";
    QTest::newRow("infinite") << QByteArray("11\t2\tinf\t5") << 6 << "'inf' is not a rating";
    QTest::newRow("too large") << QByteArray("1\t2\t1e999\t5") << 5 << "'1e999' is not a rating";
    QTest::newRow("beyond float") << QByteArray("1\t2\t1e39\t5") << 5 << "'1e39' is not a rating";
    QTest::newRow("hexadecimal") << QByteArray("1\t2\t0x10\t5") << 5 << "'0x10' is not a rating";
    QTest::newRow("no rating") << QByteArray("1\t2\t\t5") << 5 << "'' is not a rating";
    QTest::newRow("too few") << QByteArray("1\t2\t3") << 5 << "3 fields; expected 4";
    QTest::newRow("too many") << QByteArray("1\t2\t3\t4\t5") << 9 << "5 fields; expected 4";
    QTest::newRow("no user") << QByteArray("\t2\t3\t4") << 1 << "the user id is empty";
    QTest::newRow("no item") << QByteArray("1\t \t3\t4") << 4 << "the item id is empty";
    QTest::newRow("NUL") << QByteArray("1\t2\0x\t3\t4", 9) << 3 << "control characters";
    QTest::newRow("time") << QByteArray("1\t2\t3\tsoon") << 7 << "'soon' is not a time";
    QTest::newRow("open quote") << QByteArray("\"1\t2\t3\t4") << 1 << "a quote is opened";
  }
  void badLinesAreReportedWithTheirPlace() {
    QFETCH(QByteArray, line);
    QFETCH(int, column);
    QFETCH(QString, reason);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("u", good_lines(200) + "\n" + line + "\n" + good_lines(1)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.bad_lines.size(), std::size_t{1});
    const BadLine& bad = loaded->report.bad_lines[0];
    QCOMPARE(bad.line, std::uint64_t{202});
    QCOMPARE(bad.column, static_cast<std::uint64_t>(column));
    QVERIFY2(QString::fromStdString(bad.reason).contains(reason), bad.reason.c_str());
    QCOMPARE(loaded->report.ratings, std::uint64_t{201});
    QCOMPARE(loaded->report.blank_lines, std::uint64_t{1});
    QCOMPARE(loaded->report.lines, std::uint64_t{203});
    // A bad line leaves nothing behind, not even an id.
    QCOMPARE(loaded->report.users, std::uint64_t{97});
    QCOMPARE(loaded->report.items, std::uint64_t{200});
    const auto json = to_json(loaded->report);
    QCOMPARE(json["bad_lines"][0]["line"].get<int>(), 202);
    QVERIFY(!json.dump().empty());
  }

  void theLimitOfBadLines_data() {
    QTest::addColumn<int>("good");
    QTest::addColumn<int>("bad");
    QTest::addColumn<int>("option");  // -1: the rule
    QTest::addColumn<bool>("loads");
    QTest::newRow("100 of many are tolerated") << 300 << 100 << -1 << true;
    QTest::newRow("101 above 1 %") << 300 << 101 << -1 << false;
    QTest::newRow("101 at 1 %") << 9999 << 101 << -1 << true;
    QTest::newRow("101 just above 1 %") << 9998 << 101 << -1 << false;
    QTest::newRow("option 0") << 300 << 1 << 0 << false;
    QTest::newRow("option 5") << 300 << 5 << 5 << true;
    QTest::newRow("option above the rule") << 300 << 200 << 200 << true;
  }
  void theLimitOfBadLines() {
    QFETCH(int, good);
    QFETCH(int, bad);
    QFETCH(int, option);
    QFETCH(bool, loads);
    test::WrittenFiles files;
    ReadOptions options;
    if (option >= 0) options.max_bad_lines = static_cast<std::uint64_t>(option);
    const auto loaded =
        read_ratings(files.write("u", good_lines(good) + QByteArray("1\t1\tx\t1\n").repeated(bad)), options);
    QCOMPARE(loaded.has_value(), loads);
    if (loads) {
      QCOMPARE(loaded->report.bad_lines.size(), static_cast<std::size_t>(bad));
    } else {
      QCOMPARE(loaded.error().exit_code(), 3);
      QCOMPARE(loaded.error().line, static_cast<std::uint64_t>(good + 1));
      QCOMPARE(loaded.error().column, std::uint64_t{5});
      QCOMPARE(loaded.error().hint, std::string("expected a finite number"));
    }
  }

  void refusedWithASentence_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("part");
    QTest::newRow("empty") << QByteArray() << "the file is empty";
    QTest::newRow("BOM only") << QByteArray("\xEF\xBB\xBF") << "the file is empty";
    QTest::newRow("blank lines") << QByteArray("\n \n\n") << "only blank lines";
    QTest::newRow("header only") << QByteArray("userId,movieId,rating,timestamp\r\n") << "header and no line below";
    QTest::newRow("header and blanks") << QByteArray("user\titem\trating\n\n\n") << "header and no line below";
    QTest::newRow("PNG") << QByteArray("\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16) << "this is a PNG image";
    QTest::newRow("zip") << QByteArray("PK\x03\x04rest") << "the zip archive cannot be read";
    QTest::newRow("HTML") << QByteArray("\n <!DOCTYPE HTML><html><body>1,2,3") << "this is an HTML page";
    QTest::newRow("JSON") << QByteArray("{\"user\": 1}\n") << "this is JSON";
    QTest::newRow("binary") << QByteArray("ab\0\1\2\3\4\5\6\7\n", 11) << "this is a binary file";
    QTest::newRow("UTF-16") << QByteArray(
                                   "\xFF\xFE"
                                   "1\0,\0",
                                   6)
                            << "three or more columns";
    QTest::newRow("two columns") << QByteArray("1,2\n1,3\n") << "three or more columns";
    QTest::newRow("no rating") << QByteArray("1,2,good\n1,3,bad\n") << "holds 'good' and no rating";
    QTest::newRow("one word") << QByteArray("hello") << "three or more columns";
  }
  void refusedWithASentence() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, part);
    test::WrittenFiles files;
    const std::string path = files.write("ratings.csv", bytes);
    const auto loaded = read_ratings(path);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::BadInput);
    QCOMPARE(loaded.error().file, path);
    QVERIFY2(QString::fromStdString(loaded.error().message()).contains(part), loaded.error().message().c_str());
  }

  void missingPathsAreReadingErrors() {
    test::WrittenFiles files;
    const auto missing = read_ratings(files.path() + "/nothing.csv");
    QVERIFY(!missing);
    QCOMPARE(missing.error().exit_code(), 4);
    QVERIFY(missing.error().what.find("no such file") != std::string::npos);
    const auto folder = read_ratings(files.path());
    QVERIFY(!folder);
    QCOMPARE(folder.error().exit_code(), 4);
    QVERIFY(folder.error().hint.find("u.data") != std::string::npos);
    ReadOptions options;
    options.items_file = files.path() + "/nothing.item";
    const auto titles = read_ratings(files.write("u.data", good_lines(3)), options);
    QVERIFY(!titles);
    QCOMPARE(titles.error().file, options.items_file);
  }

  void strangePathsAreErrors() {
    test::WrittenFiles files;
    for (const std::string& path :
         {std::string(), files.path() + "/a\nb", std::string(5000, 'x'), files.path() + "/u/.."}) {
      const auto loaded = read_ratings(path);
      QVERIFY(!loaded);
      QCOMPARE(loaded.error().kind, ErrorKind::Io);
    }
  }

  void aFolderHasItsName() {
    test::WrittenFiles files;
    files.write("ratings.csv", "1,2,3\n");
    const auto loaded = read_ratings(files.path() + "/");
    QVERIFY(loaded);
    QCOMPARE(loaded->set->name, std::filesystem::path(files.path()).filename().string());
  }

  void duplicates_data() {
    QTest::addColumn<int>("how");
    QTest::addColumn<QString>("rows");
    QTest::newRow("last") << int(Duplicates::KeepLast) << "1 5 2|2 5 1|1 7 4|1 6 6";
    QTest::newRow("first") << int(Duplicates::KeepFirst) << "1 6 3|1 5 2|2 5 1|1 7 4";
    QTest::newRow("mean") << int(Duplicates::Mean) << "1 5 2|2 5 1|1 7 4|1 6 4";
    QTest::newRow("all") << int(Duplicates::KeepAll) << "1 6 3|1 5 2|1 6 3|2 5 1|1 7 4|1 6 6";
  }
  void duplicates() {
    QFETCH(int, how);
    QFETCH(QString, rows);
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = static_cast<Duplicates>(how);
    const auto loaded = read_ratings(files.write("x", "1,6,3\n1,5,2\n1,6,3\n2,5,1\n1,7,4\n1,6,6\n"), options);
    QVERIFY(loaded);
    QCOMPARE(QString::fromStdString(rows_of(*loaded->set)), rows);
    QCOMPARE(loaded->report.ratings, std::uint64_t{6});
    QCOMPARE(loaded->report.duplicates, std::uint64_t{2});
    QCOMPARE(loaded->report.conflicts, std::uint64_t{1});
    QCOMPARE(loaded->report.loaded, static_cast<std::uint64_t>(rows.count('|') + 1));
  }

  void duplicatesCanBeAnError() {
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::Fail;
    const auto loaded =
        read_ratings(files.write("x", "user,item,rating\n\n2,9,1\n1,6,3\nbad\n2,8,1\n1,6,3\n2,9,2\n"), options);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().exit_code(), 3);
    QCOMPARE(loaded.error().line, std::uint64_t{7});
    QVERIFY(read_ratings(files.write("y", "1,6,3\n1,7,3\n"), options));
  }

  void optionsOverrideTheDetection() {
    test::WrittenFiles files;
    const std::string path = files.write("x", "9|1 2|5|0\n9|1 3|7|4\n");
    ReadOptions options;
    options.columns = "time,item,user,rating";
    auto loaded = read_ratings(path, options);
    QVERIFY(loaded);
    QCOMPARE(rows_of(*loaded->set), std::string("5 1 2 0 9|7 1 3 4 9"));
    options.missing = 0.0F;
    options.scale = RatingScale{1, 10};
    loaded = read_ratings(path, options);
    QVERIFY(loaded);
    QCOMPARE(rows_of(*loaded->set), std::string("7 1 3 4 9"));
    QCOMPARE(loaded->report.users, std::uint64_t{1});
    QCOMPARE(loaded->set->scale.high, 10.0F);
    options = {};
    options.delimiter = " ";
    options.columns = "user,-,rating,item";
    QVERIFY(!read_ratings(path, options));  // two fields a line, four columns asked for
    options = {};
    options.header = true;
    loaded = read_ratings(files.write("y", "1,2,3\n4,5,6\n"), options);
    QVERIFY(loaded);
    QCOMPARE(rows_of(*loaded->set), std::string("4 5 6"));
    options = {};
    options.encoding = "utf-8";
    loaded = read_ratings(files.write("z", "a,2,3\nb\xE9,5,6\n"), options);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().line, std::uint64_t{2});
    QCOMPARE(loaded.error().column, std::uint64_t{2});
  }

  void ratingsThatBeginLikeFactorsAreReadWhereAnOptionSaysSo() {
    test::WrittenFiles files;
    const std::string path = files.write("x", "3 2\n1 10 4\n2 20 5\n3 30 1\n");  // word2vec begins so
    const auto unasked = read_ratings(path);
    QVERIFY(!unasked);
    QVERIFY(unasked.error().what.find("word2vec") != std::string::npos);
    const auto rows = [&](auto&& change) {
      ReadOptions options;
      change(options);
      const auto loaded = read_ratings(path, options);
      return loaded ? rows_of(*loaded->set) : loaded.error().message();
    };
    const std::string expected = "1 10 4|2 20 5|3 30 1";
    QCOMPARE(rows([](ReadOptions& o) { o.skip_lines = 1; }), expected);
    QCOMPARE(rows([](ReadOptions& o) { o.columns = "user,item,rating"; }), expected);
    QCOMPARE(rows([](ReadOptions& o) { o.delimiter = " "; }), expected);
    QCOMPARE(rows([](ReadOptions& o) { o.format = "whitespace"; }), expected);
  }

  void impossibleOptionsAreUsageErrors() {
    test::WrittenFiles files;
    const std::string path = files.write("x", "1,2,3\n");
    const auto kind = [&](auto&& change) {
      ReadOptions options;
      change(options);
      const auto loaded = read_ratings(path, options);
      return loaded ? ErrorKind::Io : loaded.error().kind;
    };
    QCOMPARE(kind([](ReadOptions& o) { o.format = "parquet"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.delimiter = ""; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.delimiter = "1"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.columns = "user,item"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.columns = "user,item,stars"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.columns = "user,user,item,rating"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.encoding = "ebcdic"; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) { o.scale = RatingScale{5, 1}; }), ErrorKind::Usage);
    QCOMPARE(kind([](ReadOptions& o) {
               o.format = "movielens-100k";
               o.delimiter = ",";
             }),
             ErrorKind::Usage);
    for (const std::string& name : format_names()) QVERIFY(!name.empty() && name.find(' ') == std::string::npos);
  }

  void chunksLeaveNoSeam() {
    // Some megabytes, so that lines, CRLF pairs and UTF-8 sequences meet the ends of the reader's chunks.
    QByteArray text;
    const int rows = 350000;
    for (int i = 0; i < rows; ++i) {
      text += QByteArray("u\xC3\xA9") + QByteArray::number(i % 1000) + ',' + QByteArray::number(i) + ",4\r\n";
    }
    test::WrittenFiles files;
    std::uint64_t last = 0;
    int calls = 0;
    LoadControl control;
    control.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      QVERIFY(done >= last && done <= total);
      last = done;
      ++calls;
    };
    const auto loaded = read_ratings(files.write("x", text), {}, control);
    QVERIFY(loaded);
    QCOMPARE(loaded->report.ratings, static_cast<std::uint64_t>(rows));
    QCOMPARE(loaded->report.users, std::uint64_t{1000});
    QCOMPARE(loaded->report.line_ending, std::string("crlf"));
    QCOMPARE(loaded->report.encoding, std::string("utf-8"));
    QCOMPARE(last, static_cast<std::uint64_t>(text.size()));
    QVERIFY(calls > 1);
  }

  void endlessLinesAreRefused() {
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", "1,2,3\n" + QByteArray(3 << 20, '7')));
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().line, std::uint64_t{2});
    QVERIFY(loaded.error().what.find("longer than") != std::string::npos);
    QVERIFY(!read_ratings(files.write("y", QByteArray(3 << 20, '7'))));
  }

  void ratingsAfterManyBlankLinesAreFound() {
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", QByteArray(2 << 20, '\n') + "1,2,3\n"));
    QVERIFY(loaded);
    QCOMPARE(loaded->report.blank_lines, std::uint64_t{2 << 20});
    QCOMPARE(rows_of(*loaded->set), std::string("1 2 3"));
  }

  void aHeaderWithMoreColumnsThanTheLinesIsRefused() {
    // Most lines lack the column that the header calls the rating.
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", "user;item;rating\na;3\nb;4\nc;d;4\n"));
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::BadInput);
    QVERIFY2(loaded.error().what == "the header names 3 columns and the lines have 2 fields",
             loaded.error().what.c_str());
  }

  void loadingCanBeCancelled() {
    test::WrittenFiles files;
    const std::string path = files.write("u.data", good_lines(200000));
    std::atomic<bool> cancel{false};
    LoadControl control;
    control.cancel = &cancel;
    QVERIFY(read_ratings(path, {}, control));
    control.on_progress = [&](std::uint64_t, std::uint64_t) { cancel = true; };
    const auto loaded = read_ratings(path, {}, control);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::Cancelled);
  }

  void aFileThatChangesIsAnError_data() {
    QTest::addColumn<bool>("shrinks");
    QTest::newRow("shrinks") << true;
    QTest::newRow("grows") << false;
  }
  void aFileThatChangesIsAnError() {
    QFETCH(bool, shrinks);
    test::WrittenFiles files;
    const std::string path = files.write("u.data", good_lines(1000000));
    LoadControl control;
    control.on_progress = [&](std::uint64_t done, std::uint64_t total) {
      if (done == total) return;
      if (shrinks) {
        std::filesystem::resize_file(path, 1000);
      } else {
        std::ofstream(path, std::ios::app) << "1\t1\t1\t1\n";
      }
    };
    const auto loaded = read_ratings(path, {}, control);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::Io);
    QCOMPARE(loaded.error().file, path);
  }

  void theStepOfTheRatings_data() {
    QTest::addColumn<QByteArray>("ratings");
    QTest::addColumn<double>("step");
    QTest::newRow("one value") << QByteArray("3 3 3") << 0.0;
    QTest::newRow("halves") << QByteArray("0.5 5 3") << 0.5;
    QTest::newRow("tenths") << QByteArray("5.1 0.5 3.6") << 0.1;
    QTest::newRow("above the minimum") << QByteArray("1 7 4") << 3.0;
    QTest::newRow("counts") << QByteArray("1 1000001 12") << 1.0;
    QTest::newRow("no step") << QByteArray("1 1.4142135 2.7182818") << 0.0;
  }
  void theStepOfTheRatings() {
    QFETCH(QByteArray, ratings);
    QFETCH(double, step);
    QByteArray text;
    for (const QByteArray& rating : ratings.split(' '))
      text += "1 " + QByteArray::number(text.size()) + ' ' + rating + '\n';
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", text));
    QVERIFY(loaded);
    QCOMPARE(loaded->report.rating_step, step);
  }
};

QTEST_APPLESS_MAIN(TestReader)
#include "test_reader.moc"
