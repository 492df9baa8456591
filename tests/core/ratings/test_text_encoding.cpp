#include <QTest>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/ratings/text_encoding.h"

using namespace rowlight;

class TestTextEncoding : public QObject {
  Q_OBJECT

 private slots:
  void utf16BecomesUtf8_data() {
    QTest::addColumn<QByteArray>("units");  // big endian
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("ASCII") << QByteArray("\0A\0\n", 4) << QByteArray("A\n");
    QTest::newRow("two bytes") << QByteArray("\0\xE9", 2) << QByteArray("\xC3\xA9");
    QTest::newRow("three bytes") << QByteArray("\x20\xAC", 2) << QByteArray("\xE2\x82\xAC");
    QTest::newRow("a pair") << QByteArray("\xD8\x3D\xDE\x00", 4) << QByteArray("\xF0\x9F\x98\x80");
    QTest::newRow("last code point") << QByteArray("\xDB\xFF\xDF\xFF", 4) << QByteArray("\xF4\x8F\xBF\xBF");
    QTest::newRow("high half alone") << QByteArray("\xD8\x3D\0A", 4)
                                     << QByteArray(
                                            "\xEF\xBF\xBD"
                                            "A");
    QTest::newRow("low half alone") << QByteArray("\xDE\x00\0A", 4)
                                    << QByteArray(
                                           "\xEF\xBF\xBD"
                                           "A");
    QTest::newRow("cut off") << QByteArray("\0A\xD8\x3D", 4) << QByteArray("A\xEF\xBF\xBD");
    QTest::newRow("odd") << QByteArray("\0A\0", 3) << QByteArray("A\xEF\xBF\xBD");
    QTest::newRow("empty") << QByteArray() << QByteArray();
  }
  void utf16BecomesUtf8() {
    QFETCH(QByteArray, units);
    QFETCH(QByteArray, text);
    QCOMPARE(QByteArray::fromStdString(utf16_to_utf8(units.toStdString(), ByteOrder::BigEndian)), text);
    QByteArray swapped = units;
    for (int i = 0; i + 1 < swapped.size(); i += 2) std::swap(swapped.data()[i], swapped.data()[i + 1]);
    QCOMPARE(QByteArray::fromStdString(utf16_to_utf8(swapped.toStdString(), ByteOrder::LittleEndian)), text);
  }

  void utf16CanBeReadInPieces() {
    const QByteArray units("\0a\xD8\x3D\xDE\x00\0b\x20\xAC", 10);
    for (qsizetype cut = 0; cut <= units.size(); ++cut) {
      std::string out;
      QByteArray waiting = units.left(cut);
      const auto used = utf16_to_utf8(waiting.toStdString(), ByteOrder::BigEndian, out, LoneSurrogate::Refuse);
      QVERIFY(used);
      waiting.remove(0, static_cast<qsizetype>(*used));
      QVERIFY(waiting.size() < 4);
      waiting += units.mid(cut);
      QCOMPARE(utf16_to_utf8(waiting.toStdString(), ByteOrder::BigEndian, out, LoneSurrogate::Refuse),
               std::optional(static_cast<std::size_t>(waiting.size())));
      QCOMPARE(out, std::string("a\xF0\x9F\x98\x80"
                                "b\xE2\x82\xAC"));
    }
  }

  void halfASurrogatePairCanBeRefused() {
    std::string out;
    for (const QByteArray& units : {QByteArray("\xD8\x3D\0A", 4), QByteArray("\0A\xDE\0\0A", 6)}) {
      QVERIFY(!utf16_to_utf8(units.toStdString(), ByteOrder::BigEndian, out, LoneSurrogate::Refuse));
    }
  }

  void whatIsShownOfATextIsPrintable() {
    QCOMPARE(printable("1\t2\x01\x7F\xFF"), std::string("1\xE2\x86\x92"
                                                        "2???"));
    QCOMPARE(printable("Zo\xC3\xAB"), std::string("Zo\xC3\xAB"));
    QCOMPARE(printable("12345678", 4), std::string("1234..."));
  }

  void theOrderOfUtf16Bytes() {
    QCOMPARE(utf16_mark("\xFF\xFE"
                        "a"),
             std::optional(ByteOrder::LittleEndian));
    QCOMPARE(utf16_mark("\xFE\xFF"), std::optional(ByteOrder::BigEndian));
    QVERIFY(!utf16_mark("\xEF\xBB\xBF"));
    QCOMPARE(likely_utf16_order(std::string_view("1\0,\0", 4)), ByteOrder::LittleEndian);
    QCOMPARE(likely_utf16_order(std::string_view("\0"
                                                 "1\0,",
                                                 4)),
             ByteOrder::BigEndian);
  }
};

QTEST_APPLESS_MAIN(TestTextEncoding)
#include "test_text_encoding.moc"
