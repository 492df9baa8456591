// What a load decides once it has seen the whole file.

#include <QTest>

#include <algorithm>

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
  }
  void mostTimesDecideTheirUnit() {
    QFETCH(QByteArray, times);
    QFETCH(QString, unit);
    QFETCH(QByteArray, read);
    QFETCH(QString, notice);
    QByteArray text("user,item,rating,timestamp\n");
    for (const QByteArray& time : times.split(' ')) text += "1," + QByteArray::number(text.size()) + ",4," + time + '\n';
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", text));
    QVERIFY(loaded);
    const LoadReport& report = loaded->report;
    QCOMPARE(QString::fromStdString(report.timestamps), unit);
    const QByteArrayList expected = read.split(' ');
    for (qsizetype i = 0; i < expected.size(); ++i) {
      QCOMPARE(loaded->set->times[static_cast<std::size_t>(i)], expected[i].toLongLong());
      QCOMPARE(report.preview[static_cast<std::size_t>(i)].time.value_or(-1), expected[i].toLongLong());
    }
    const auto [least, most] = std::minmax_element(loaded->set->times.begin(), loaded->set->times.end());
    QCOMPARE(report.time_min.value_or(-1), *least);
    QCOMPARE(report.time_max.value_or(-1), *most);
    const auto said = std::count_if(report.notices.begin(), report.notices.end(), [&](const std::string& text) {
      return QString::fromStdString(text).contains(notice.isEmpty() ? QStringLiteral("milliseconds") : notice);
    });
    QCOMPARE(said, notice.isEmpty() ? 0 : 1);
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
    QTest::newRow("Netflix") << QByteArray("4:\n6,2,2005-09-06\n:\n1,2,2005-09-06\n2:\n")
                             << QByteArray("1,4,2005-09-06\n") << QByteArray("5,4,2005-09-06\n");
  }
  void theLineOfADuplicateIsFoundAgain() {
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, row);
    QFETCH(QByteArray, between);
    test::WrittenFiles files;
    ReadOptions options;
    options.duplicates = Duplicates::Fail;
    const auto loaded = read_ratings(files.write("x", before + row + between + row.repeated(20)), options);
    QVERIFY(!loaded);
    QVERIFY2(loaded.error().what.starts_with("user '1' rates item '2' again ("), loaded.error().message().c_str());
    QCOMPARE(loaded.error().line, static_cast<std::uint64_t>((before + row + between).count('\n') + 1));
    QCOMPARE(loaded.error().column, std::uint64_t{1});
  }
};

QTEST_APPLESS_MAIN(TestLoadRules)
#include "test_load_rules.moc"
