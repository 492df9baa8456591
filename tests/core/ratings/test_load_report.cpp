// What a person reads about a load: sentences for one and for many, hints that say what to do, the preview.

#include <QTest>

#include <algorithm>
#include <filesystem>

#include "core/ratings/formats.h"
#include "core/ratings/reader.h"
#include "tests/support/archives.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

std::string because(const LoadReport& report, std::string_view stage) {
  for (const Evidence& evidence : report.evidence) {
    if (evidence.stage == stage) return evidence.because;
  }
  return {};
}

std::string columns_of(const LoadReport& report) {
  std::string list;
  for (const std::string& column : report.columns) list += (list.empty() ? "" : ",") + column;
  return list;
}

}  // namespace

class TestLoadReport : public QObject {
  Q_OBJECT

 private slots:
  void oneLineIsNotMany() {
    test::WrittenFiles files;
    const auto one = read_ratings(files.write("one", "1,2,3"));
    QVERIFY(one);
    QCOMPARE(because(one->report, "delimiter"), std::string("the only line has 3 fields"));
    QCOMPARE(because(one->report, "types"), std::string("the only line has a number in column 3"));
    QCOMPARE(because(one->report, "line ending"), std::string("counted over the only line"));
    const auto two = read_ratings(files.write("two", "1,2,3\n1,3,4\n"));
    QVERIFY(two);
    QCOMPARE(because(two->report, "delimiter"), std::string("2 of the first 2 lines have 3 fields"));
    QCOMPARE(because(two->report, "line ending"), std::string("counted over all 2 lines"));
    QCOMPARE(of_first_lines(1, 64), std::string("1 of the first 64 lines has"));
    QCOMPARE(of_first_lines(5000, 1'000'000, "does", "do"), std::string("5,000 of the first 1,000,000 lines do"));
  }

  void repeatsThatAreErrorsNameTheOption() {
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::Fail;
    const auto loaded = read_ratings(files.write("x", "1,2,3\n1,2,4\n"), options);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().what, std::string("user '1' rates item '2' again (1 such row)"));
    QVERIFY(loaded.error().hint.ends_with("--duplicates last, first or mean"));
  }

  void namesOfItemsAndCounts_data() {
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QString>("columns");
    QTest::newRow("songs") << QByteArray("user,song,play_count") << "user,item,rating";
    QTest::newRow("song ids") << QByteArray("user_id,song_id,plays") << "user,item,rating";
    QTest::newRow("tracks") << QByteArray("track,user,count") << "item,user,rating";
    QTest::newRow("artists") << QByteArray("userID\tartistID\tweight").replace('\t', ',') << "user,item,rating";
    QTest::newRow("artists beside songs") << QByteArray("user,artist,song,plays") << "user,-,item,rating";
    QTest::newRow("counts beside ratings") << QByteArray("user,item,count,rating") << "user,item,-,rating";
  }
  void namesOfItemsAndCounts() {
    QFETCH(QByteArray, header);
    QFETCH(QString, columns);
    test::WrittenFiles files;
    const QByteArray more = header.count(',') == 3 ? ",7" : "";
    const auto loaded = read_ratings(files.write("x", header + "\n1,2,3" + more + "\n2,3,4" + more + '\n'));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(QString::fromStdString(columns_of(loaded->report)), columns);
  }

  void theHintNamesColumns_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("end");
    QTest::newRow("one unknown") << QByteArray("user,thing,rating\n1,2,3\n") << "with --columns user,item,rating";
    QTest::newRow("two unknown") << QByteArray("who,what,rating,more\n1,2,3,4\n") << "with --columns user,item,rating";
    QTest::newRow("too few") << QByteArray("user,rating\n1,2,3\n1,2,3\n") << "in order with --columns";
    QTest::newRow("words for ratings") << QByteArray("1,2,good\n1,3,bad\n") << "in order with --columns";
  }
  void theHintNamesColumns() {
    QFETCH(QByteArray, text);
    QFETCH(QString, end);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", text));
    QVERIFY(!loaded);
    const QString hint = QString::fromStdString(loaded.error().hint);
    QVERIFY2(hint.endsWith(end), qPrintable(hint));
  }

  void aDelimiterThatNobodySeesIsNamed() {
    ReadOptions options;
    options.delimiter = "\n";
    const auto read = read_ratings("x", options);
    QVERIFY(!read);
    QCOMPARE(read.error().what, std::string("'\\n' cannot be a delimiter"));
  }

  void longLinesOfThePreviewAreCutAtACharacter_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("shown");
    const auto times = [](int count, const char* text) { return QByteArray(text).repeated(count); };
    QTest::newRow("two bytes each") << "12," + times(150, "é") + ",3"
                                    << "12," + QString(99, u'é') + "...";
    QTest::newRow("two bytes each, from an odd place") << "123," + times(150, "é") + ",3"
                                                       << "123," + QString(98, u'é') + "...";
    QTest::newRow("four bytes each") << "1," + times(80, "🎬") + ",3"
                                     << "1," + QString("🎬").repeated(50) + "...";
    QTest::newRow("latin-1") << "12," + times(210, "\xE9") + ",3"
                             << "12," + QString(99, u'é') + "...";
    QTest::newRow("it just fits") << "12," + times(195, "x") + ",3"
                                  << "12," + QString(195, u'x') + ",3";
    QTest::newRow("one too many") << "12," + times(196, "x") + ",3"
                                  << "12," + QString(196, u'x') + ",...";
  }
  void longLinesOfThePreviewAreCutAtACharacter() {
    QFETCH(QByteArray, line);
    QFETCH(QString, shown);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", line + '\n'));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(QString::fromStdString(loaded->report.preview.front().text), shown);
  }

  // The first megabytes say how far the archive packs: columns that grow by doubling would take twice the memory for a
  // moment, all of them at once.
  void anArchiveThatPacksWellIsExpected() {
    QByteArray text;
    for (int i = 0; i < 200'000; ++i) {
      text += "a-user-with-a-name-" + QByteArray::number(i / 400) + ",an-item-whose-name-" +
              QByteArray::number(i % 400) + ",4\n";
    }
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::KeepAll;
    for (const bool zip : {false, true}) {
      const std::string path = zip ? test::write_zip(files.path() + "/ratings.zip", {{"ratings.csv", text}})
                                   : test::write_gzip(files.path() + "/ratings.csv.gz", text);
      QVERIFY(std::filesystem::file_size(path) * 8 < static_cast<std::uint64_t>(text.size()));
      const auto loaded = read_ratings(path, options);
      if (!loaded) QFAIL(loaded.error().message().c_str());
      const RatingSet& set = *loaded->set;
      const double room = static_cast<double>(set.users.capacity()) / static_cast<double>(set.size());
      QVERIFY2(room > 1.3 && room < 1.9, qPrintable(QString::number(room)));
      QCOMPARE(set.ratings.capacity(), set.users.capacity());
    }
  }
};

QTEST_APPLESS_MAIN(TestLoadReport)
#include "test_load_report.moc"
