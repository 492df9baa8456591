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
};

QTEST_APPLESS_MAIN(TestLoadRules)
#include "test_load_rules.moc"
