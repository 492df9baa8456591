// What a load decides once it has seen the whole file.

#include <QTest>

#include <algorithm>

#include "core/base/text.h"
#include "core/ratings/rating_pipeline.h"
#include "core/ratings/reader.h"
#include "tests/support/written_file.h"

using namespace rowlight;

class TestLoadRules : public QObject {
  Q_OBJECT

 private slots:
  void mostTimesDecideTheirUnit_data() {
    QTest::addColumn<QByteArray>("times");
    QTest::addColumn<QString>("unit");
    QTest::addColumn<QByteArray>("read");
    QTest::addColumn<QString>("notice");
    QTest::newRow("seconds") << QByteArray("100 200 300") << "s" << QByteArray("100 200 300") << "";
    QTest::newRow("milliseconds") << QByteArray("1400000100123 1400000200000") << "ms"
                                  << QByteArray("1400000100 1400000200") << "";
    QTest::newRow("a zero among milliseconds")
        << QByteArray("1400000100123 0 1400000200000") << "ms" << QByteArray("1400000100 0 1400000200")
        << "1 of 3 times are too small for milliseconds";
    QTest::newRow("a typing error among seconds")
        << QByteArray("1400000100 14000001000 1400000200000") << "s"
        << QByteArray("1400000100 14000001000 1400000200000") << "1 of 3 times are as large as milliseconds";
    QTest::newRow("as many of both") << QByteArray("1400000100 1400000200000") << "s"
                                     << QByteArray("1400000100 1400000200000") << "1 of 2 times are as large";
    const QByteArray first = QByteArray("100 ").repeated(300);  // more lines than the detection looks at
    QTest::newRow("the first lines are unlike the others")
        << first + QByteArray(" 1400000100123").repeated(400).trimmed() << "ms"
        << first + QByteArray(" 1400000100").repeated(400).trimmed() << "300 of 700 times are too small";
  }
  void mostTimesDecideTheirUnit() {
    QFETCH(QByteArray, times);
    QFETCH(QString, unit);
    QFETCH(QByteArray, read);
    QFETCH(QString, notice);
    QByteArray text("user,item,rating,timestamp\n");
    for (const QByteArray& time : times.split(' '))
      text += "1," + QByteArray::number(text.size()) + ",4," + time + '\n';
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", text));
    QVERIFY(loaded);
    const LoadReport& report = loaded->report;
    QCOMPARE(QString::fromStdString(report.timestamps), unit);
    const QByteArrayList expected = read.split(' ');
    for (qsizetype i = 0; i < expected.size(); ++i) {
      QCOMPARE(loaded->set->times[static_cast<std::size_t>(i)], expected[i].toLongLong());
      if (i >= qsizetype{LoadReport::preview_rows}) continue;
      QCOMPARE(report.preview[static_cast<std::size_t>(i)].time.value_or(-1), expected[i].toLongLong());
    }
    std::vector<std::int64_t> times_read;
    for (std::size_t i = 0; i < loaded->set->times.size(); ++i) times_read.push_back(loaded->set->times[i]);
    const auto [least, most] = std::minmax_element(times_read.begin(), times_read.end());
    QCOMPARE(report.time_min.value_or(-1), *least);
    QCOMPARE(report.time_max.value_or(-1), *most);
    const auto said = std::count_if(report.notices.begin(), report.notices.end(), [&](const std::string& text) {
      return QString::fromStdString(text).contains(notice.isEmpty() ? QStringLiteral("milliseconds") : notice);
    });
    QCOMPARE(said, notice.isEmpty() ? 0 : 1);
    const auto types = std::find_if(report.evidence.begin(), report.evidence.end(),
                                    [](const Evidence& evidence) { return evidence.stage == "types"; });
    QVERIFY(types != report.evidence.end());
    QCOMPARE(QString::fromStdString(types->decision).section(", ", -1),
             unit == "ms" ? QStringLiteral("times are milliseconds") : QStringLiteral("times are seconds"));
  }

  void theLineOfADuplicateIsFoundAgain_data() {
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("row");
    QTest::addColumn<QByteArray>("between");
    const QByteArray row = "1,2,3\n";
    QByteArray rows;
    for (int i = 10; i < 500000; ++i) rows += QByteArray::number(i) + ",2,3\n";  // some chunks and waves
    QTest::newRow("at once") << QByteArray() << row << QByteArray();
    QTest::newRow("a header and blank lines")
        << QByteArray("user,item,rating\n\n") << row << QByteArray("\n \n7,2,3\n");
    QTest::newRow("bad lines, CRLF") << QByteArray() << row << QByteArray("bad\r\n7,2,3\r\n7,4,x\r\n");
    QTest::newRow("megabytes") << QByteArray("\n\n") << row << rows + "bad\n\n";
    QTest::newRow("a mark before a quote") << QByteArray("\xEF\xBB\xBF\"7,5\",2,3\n") << row << QByteArray("7,2,3\n");
    QTest::newRow("a mark and waves of blank lines")
        << "\xEF\xBB\xBF" + QByteArray(5 * RatingPipeline::wave_bytes / 2, '\n') << row << QByteArray("7,2,3\n");
    const QByteArray below_none = QByteArray("1,2,2005-09-06\n").repeated(40000);  // some chunks
    QTest::newRow("Netflix") << "4:\n6,2,2005-09-06\n:\n" + below_none + "2:\n"
                             << QByteArray("1,4,2005-09-06\n") << QByteArray("5,4,2005-09-06\n");
  }
  void theLineOfADuplicateIsFoundAgain() {
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, row);
    QFETCH(QByteArray, between);
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::Fail;
    options.max_bad_lines = 50000;
    const auto loaded = read_ratings(files.write("x", before + row + between + row.repeated(20)), options);
    QVERIFY(!loaded);
    QVERIFY2(loaded.error().what.starts_with("user '1' rates item '2' again ("), loaded.error().message().c_str());
    QCOMPARE(loaded.error().line, static_cast<std::uint64_t>((before + row + between).count('\n') + 1));
    QCOMPARE(loaded.error().column, std::uint64_t{1});
  }

  void manyBadLinesInOnePlace_data() {
    QTest::addColumn<int>("good");
    QTest::addColumn<int>("bad");
    QTest::addColumn<int>("option");  // -1: the rule
    QTest::addColumn<bool>("loads");
    QTest::newRow("1 % of the lines") << 3'000'000 << 30'000 << -1 << true;
    QTest::newRow("more than 1 % of the lines") << 3'000'000 << 40'000 << -1 << false;
    QTest::newRow("as many as the option allows") << 300 << 40'000 << 40'000 << true;
    QTest::newRow("one more than the option allows") << 300 << 40'001 << 40'000 << false;
  }
  void manyBadLinesInOnePlace() {
    QFETCH(int, good);
    QFETCH(int, bad);
    QFETCH(int, option);
    QFETCH(bool, loads);
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::KeepAll;
    if (option >= 0) options.max_bad_lines = static_cast<std::uint64_t>(option);
    LoadReport failed;
    LoadControl control;
    control.failed_report = &failed;
    const QByteArray row = "1,2,3\n";
    const QByteArray text = row.repeated(300) + QByteArray("x\n").repeated(bad) + row.repeated(good - 300);
    const auto loaded = read_ratings(files.write("x", text), options, control);
    QCOMPARE(loaded.has_value(), loads);
    const LoadReport& report = loads ? loaded->report : failed;
    QCOMPARE(report.bad_line_count, static_cast<std::uint64_t>(bad));
    QCOMPARE(report.bad_lines.size(), LoadReport::most_bad_lines);
    QCOMPARE(report.bad_lines.back().line, std::uint64_t{300 + LoadReport::most_bad_lines});
    if (!loads) {
      QCOMPARE(loaded.error().line, std::uint64_t{301});
      QVERIFY(loaded.error().what.starts_with(grouped(static_cast<std::uint64_t>(bad)) + " of the first "));
      return;
    }
    QCOMPARE(report.ratings, static_cast<std::uint64_t>(good));
    const std::string notice =
        "lines that do not fit and are left out: " + std::to_string(bad) + ", of which the first 10,000 are listed";
    QCOMPARE(std::count(report.notices.begin(), report.notices.end(), notice), 1);
  }

  void aLineOfMoreThanAMegabyteIsRefusedWhereverItLies_data() {
    QTest::addColumn<int>("before");  // bytes
    QTest::addColumn<QByteArray>("end");
    constexpr int wave = RatingPipeline::wave_bytes;
    constexpr int longest = RatingPipeline::longest_line;
    for (const int before : {0, 1, 600'000, wave - 1, wave, wave + longest + 1, 2 * wave + longest}) {
      QTest::addRow("behind %d bytes, no end", before) << before << QByteArray();
      QTest::addRow("behind %d bytes, LF", before) << before << QByteArray("\n");
      QTest::addRow("behind %d bytes, CRLF", before) << before << QByteArray("\r\n");
    }
    // The wave ends between CR and LF.
    QTest::newRow("at the end of the wave") << wave - longest - 1 << QByteArray("\r\n");
  }
  void aLineOfMoreThanAMegabyteIsRefusedWhereverItLies() {
    QFETCH(int, before);
    QFETCH(QByteArray, end);
    constexpr int longest = RatingPipeline::longest_line;
    const auto padded = [](int bytes) { return "1,2,3" + QByteArray(bytes - 5, ' '); };
    QByteArray text;
    int lines = 0;
    for (; text.size() + 1000 <= before; ++lines) text += padded(999) + '\n';
    if (text.size() < before) {
      text += QByteArray(before - 1 - static_cast<int>(text.size()), ' ') + '\n';
      ++lines;
    }
    // Long enough to fill the next wave, which begins with half of a line.
    const QByteArray after =
        end.isEmpty() ? QByteArray() : (padded(999) + '\n').repeated(RatingPipeline::wave_bytes / 500);
    test::WrittenFiles files;
    const auto fits = read_ratings(files.write("x", text + padded(longest) + end + after));
    if (!fits) QFAIL(fits.error().message().c_str());
    QVERIFY(fits->report.bad_lines.empty());
    const auto loaded = read_ratings(files.write("y", text + padded(longest + 1) + end + after));
    QVERIFY(!loaded);
    QVERIFY2(loaded.error().what == "the line is longer than 1048576 bytes", loaded.error().message().c_str());
    QCOMPARE(loaded.error().line, static_cast<std::uint64_t>(lines + 1));
  }

  void rowNamesOfRAreNoUsers_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("named");
    QTest::newRow("white space") << QByteArray("\"user\" \"item\" \"rating\"\n\"1\" 7 8 3\n\"2\" 7 9 4\n") << true;
    QTest::newRow("commas, a time, gaps")
        << QByteArray("\"user\",\"item\",\"rating\",\"time\"\n\"2\",\"a\",\"b\",3,100\n\"5\",\"a\",\"c\",4,100\n")
        << true;
    QTest::newRow("TAB, other names") << QByteArray("V1\tV2\tV3\n1\t7\t8\t3\n2\t7\t9\t4\n") << true;
    QTest::newRow("white space, other names") << QByteArray("\"a\" \"b\" \"c\"\n\"1\" 7 8 3\n\"2\" 7 9 4\n") << true;
    QTest::newRow("an unnamed time") << QByteArray("user,item,rating\n7,8,3,978300000\n7,9,4,978300000\n") << false;
    QTest::newRow("a delimiter behind each row") << QByteArray("user,item,rating\n1,8,3,\n2,9,4,\n") << false;
    QTest::newRow("a name for each") << QByteArray("\"\",\"user\",\"item\",\"rating\"\n\"1\",7,8,3\n\"2\",7,9,4\n")
                                     << false;
  }
  void rowNamesOfRAreNoUsers() {
    QFETCH(QByteArray, text);
    QFETCH(bool, named);
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", text));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    const LoadReport& report = loaded->report;
    QVERIFY(report.header && report.bad_lines.empty());
    QCOMPARE(report.ratings, std::uint64_t{2});
    const std::size_t before = named || text.startsWith("\"\"") ? 1 : 0;
    QCOMPARE(report.columns[before], std::string("user"));
    QCOMPARE(report.columns[before + 1], std::string("item"));
    QCOMPARE(report.columns[before + 2], std::string("rating"));
    QCOMPARE(std::count(report.notices.begin(), report.notices.end(), "ignored columns: 1 (row names)"), named ? 1 : 0);
    const auto said = std::count_if(report.advice.begin(), report.advice.end(), [](const Advice& a) {
      return a.option == "columns" && a.value.starts_with("user,item,rating") &&
             a.sentence.find("data") != a.value.npos;
    });
    QCOMPARE(said, named ? 1 : 0);
  }

  void separatorsAloneAreABadLine() {
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", "1 2, 3\n4 5,4\n,\n1 4,4\n"));
    QVERIFY(loaded);
    QCOMPARE(loaded->set->size(), std::size_t{3});
    QCOMPARE(loaded->report.bad_line_count, std::uint64_t{1});
    const BadLine& bad = loaded->report.bad_lines.front();
    QCOMPARE(bad.line, std::uint64_t{3});
    QCOMPARE(bad.column, std::uint64_t{1});
    QVERIFY(bad.reason.starts_with("0 fields"));
  }

  void aFileThatIsRefusedHasAReport() {
    test::WrittenFiles files;
    LoadReport report;
    LoadControl control;
    control.failed_report = &report;
    QVERIFY(!read_ratings(files.write("x", "Some words of prose\r\n1,10,4\r\n2,20,5\r\n"), {}, control));
    QCOMPARE(report.advice.size(), std::size_t{1});
    QCOMPARE(report.advice.front().option, std::string("skip-lines"));
    QCOMPARE(report.advice.front().value, std::string("1"));
    QCOMPARE(report.line_ending, std::string("crlf"));
    QCOMPARE(report.encoding, std::string("ascii"));
    std::string stages;
    for (const Evidence& evidence : report.evidence) stages += evidence.stage + '|';
    QCOMPARE(stages, std::string("container|encoding|line ending|"));
  }
};

QTEST_APPLESS_MAIN(TestLoadRules)
#include "test_load_rules.moc"
