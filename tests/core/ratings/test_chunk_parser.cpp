// Both ways of reading a chunk: from the map of its separators and field by field.

#include <QTest>

#include <string>

#include "core/base/random.h"
#include "core/ratings/chunk_parser.h"
#include "core/ratings/formats.h"
#include "tests/support/parsed_chunks.h"

using namespace rowlight;

namespace {

Layout layout_of(const std::string& delimiter, bool with_time, bool item_first = false) {
  Layout layout;
  layout.separation = separation_by(delimiter);
  layout.field_count = with_time ? 4 : 3;
  layout.user = item_first ? 1 : 0;
  layout.item = item_first ? 0 : 1;
  layout.rating = 2;
  if (with_time) layout.time = 3;
  return layout;
}

// The rows of `text` read quickly: "user item rating time|...", and the number of bad lines behind them.
std::string read_quickly(const std::string& text, const Layout& layout, const ReadOptions& options = {}) {
  const std::string padded = std::string(ChunkParser::bytes_before, '0') + text;
  ChunkParser parser(layout, options, false);
  ParsedChunk chunk;
  parser.parse(std::string_view(padded).substr(ChunkParser::bytes_before), chunk);
  std::string rows;
  for (std::size_t i = 0; i < chunk.rows; ++i) {
    rows += test::id_text(chunk.users, chunk.users.values[i]) + ' ' +
            test::id_text(chunk.items, chunk.items.values[i]) + ' ' +
            QByteArray::number(chunk.ratings[i]).toStdString();
    if (layout.time) rows += ' ' + std::to_string(chunk.times[i]);
    rows += '|';
  }
  return rows + std::to_string(chunk.bad_lines.size());
}

}  // namespace

class TestChunkParser : public QObject {
  Q_OBJECT

 private slots:
  // `line` has ',' where the delimiter goes, and is read with each of them.
  void bothWaysAgree_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArray>("row");  // read from the line of a file with times; "": no row
    QTest::newRow("plain") << QByteArray("1,2,3,4\n") << QByteArray("1 2 3 4");
    QTest::newRow("CRLF") << QByteArray("1,2,3.5,4\r\n") << QByteArray("1 2 3.5 4");
    QTest::newRow("CR") << QByteArray("1,2,3.5,4\r") << QByteArray("1 2 3.5 4");
    QTest::newRow("CR CR LF") << QByteArray("1,2,3.5,4\r\r\n") << QByteArray("1 2 3.5 4");
    QTest::newRow("no end") << QByteArray("1,2,3,4") << QByteArray("1 2 3 4");
    QTest::newRow("leading zeros") << QByteArray("01,002,3,4\n") << QByteArray("01 002 3 4");
    QTest::newRow("zero") << QByteArray("0,00,0,0\n") << QByteArray("0 00 0 0");
    QTest::newRow("7 digits") << QByteArray("1234567,4194303,3,4\n") << QByteArray("1234567 4194303 3 4");
    QTest::newRow("user 2^22") << QByteArray("4194304,1,3,4\n") << QByteArray("4194304 1 3 4");
    QTest::newRow("item 2^22") << QByteArray("1,4194304,3,4\n") << QByteArray("1 4194304 3 4");
    QTest::newRow("a zero before the user") << QByteArray("01,2,3,4\n") << QByteArray("01 2 3 4");
    QTest::newRow("a zero before the item") << QByteArray("1,02,3,4\n") << QByteArray("1 02 3 4");
    QTest::newRow("beyond 2^22") << QByteArray("4194304,4194305,3,4\n") << QByteArray("4194304 4194305 3 4");
    QTest::newRow("8 digits") << QByteArray("12345678,99999999,3,4\n") << QByteArray("12345678 99999999 3 4");
    QTest::newRow("20 digits") << QByteArray("12345678901234567890,2,3,4\n")
                               << QByteArray("12345678901234567890 2 3 4");
    QTest::newRow("text ids") << QByteArray("a7,tt01,3,4\n") << QByteArray("a7 tt01 3 4");
    QTest::newRow("signed ids") << QByteArray("-1,+2,3,4\n") << QByteArray("-1 +2 3 4");
    QTest::newRow("foreign ids") << QByteArray("\xE9,\xC3\xA9,3,4\n") << QByteArray("\xE9 \xC3\xA9 3 4");
    for (const char* rating : {"10", "99.9", "3.55", "05", "0.5", "9.9", "99", "4.", ".5", "100", "-1", "+2", "1e1"}) {
      QTest::newRow(rating) << QByteArray("1,2,") + rating + ",4\n"
                            << "1 2 " + QByteArray::number(static_cast<double>(QByteArray(rating).toFloat())) + " 4";
    }
    for (const char* rating : {"", "a", "3..5", "0x1", "nan", "5 5"}) {
      QTest::addRow("no rating '%s'", rating) << QByteArray("1,2,") + rating + ",4\n" << QByteArray();
    }
    for (const char* time : {"9", "12345678", "123456789", "1234567890", "1234567890123", "1234567890123456", "-5",
                             "-1234567890", "0012345678"}) {
      QTest::addRow("time %s", time) << QByteArray("1,2,3,") + time + '\n'
                                     << "1 2 3 " + QByteArray::number(QByteArray(time).toLongLong());
    }
    QTest::newRow("time of 17 digits") << QByteArray("1,2,3,12345678901234567\n")
                                       << QByteArray("1 2 3 12345678901234567");
    QTest::newRow("time of 30 digits") << QByteArray("1,2,3,") + QByteArray(30, '1') + '\n' << QByteArray();
    QTest::newRow("date") << QByteArray("1,2,3,1970-01-02\n") << QByteArray("1 2 3 86400");
    QTest::newRow("no time") << QByteArray("1,2,3,\n") << QByteArray();
    QTest::newRow("blanks") << QByteArray(" 1, 2 ,3 ,4 \n") << QByteArray("1 2 3 4");
    QTest::newRow("no user") << QByteArray(",2,3,4\n") << QByteArray();
    QTest::newRow("no item") << QByteArray("1,,3,4\n") << QByteArray();
    QTest::newRow("too few") << QByteArray("1,2,3\n") << QByteArray();
    QTest::newRow("too many") << QByteArray("1,2,3,4,5\n") << QByteArray();
    QTest::newRow("a separator behind") << QByteArray("1,2,3,4,\n") << QByteArray();
    QTest::newRow("separators only") << QByteArray(",,,\n") << QByteArray();
    QTest::newRow("blank line") << QByteArray("\n") << QByteArray();
    QTest::newRow("blank CRLF line") << QByteArray(" \r\n") << QByteArray();
    QTest::newRow("single colons") << QByteArray("1,2:3,3,4\n") << QByteArray("1 2:3 3 4");
    QTest::newRow("a colon in front") << QByteArray("1,:2,3,4\n") << QByteArray("1 :2 3 4");
    QTest::newRow("two lines in one") << QByteArray("1,2,3,4\r5,6,7,8\n") << QByteArray("1 2 3 4|5 6 7 8");
  }
  void bothWaysAgree() {
    QFETCH(QByteArray, line);
    QFETCH(QByteArray, row);
    for (const std::string delimiter : {",", "\t", "|", "::", ":", ";"}) {
      for (const bool item_first : {false, true}) {
        for (const bool with_time : {true, false}) {
          const QByteArray text = QByteArray(line).replace(',', delimiter.c_str());
          const QByteArray around = QByteArray("8,9,1.5,7\n").replace(',', delimiter.c_str());
          const bool ends = text.endsWith('\n');
          const std::string all =
              (around + around + text + (ends ? around + text + text + around : QByteArray())).toStdString();
          ReadOptions options;
          const Layout layout = layout_of(delimiter, with_time, item_first);
          for (const bool with_lines : {false, true}) {
            const std::string difference = test::difference_of_ways(all, layout, options, with_lines);
            QVERIFY2(difference.empty(), (delimiter + ": " + difference).c_str());
          }
          options.missing = 1.5F;
          QVERIFY(test::difference_of_ways(all, layout, options, false).empty());
        }
      }
    }
    if (row.isEmpty()) return;
    const std::string read = read_quickly(line.toStdString(), layout_of(",", true));
    QCOMPARE(QString::fromLatin1(read.c_str()), QString::fromLatin1(row + "|0"));
  }

  void itemsBeforeUsers() {
    QCOMPARE(read_quickly("1,2,3,4\n5,6,7,8\n", layout_of(",", true, true)), std::string("2 1 3 4|6 5 7 8|0"));
    QCOMPARE(read_quickly("1::2::3\r\n5::6::7\r\n", layout_of("::", false, true)), std::string("2 1 3|6 5 7|0"));
  }

  void aMissingValueMakesNoRow() {
    ReadOptions options;
    options.missing = 0.0F;
    QCOMPARE(read_quickly("1,2,0\n1,3,4\n1,4,0.0\n", layout_of(",", false), options), std::string("1 3 4|0"));
  }

  // What stands before a text and behind it is no part of it.
  void chunksEndWhereTheyEnd() {
    const std::string text = "77,8,9,10\n11,12,13,14\n15,16,17,18\n";
    const Layout layout = layout_of(",", true);
    const std::string padded = std::string(ChunkParser::bytes_before, '5') + text;
    ChunkParser parser(layout, {}, false);
    ParsedChunk chunk;
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
      for (std::size_t end = begin; end <= text.size(); ++end) {
        // Any piece is a text; most of them begin or end inside a line.
        const std::string piece = text.substr(begin, end - begin);
        parser.parse(std::string_view(padded).substr(ChunkParser::bytes_before + begin, end - begin), chunk);
        ChunkParser alone(layout, {}, false, false);
        ParsedChunk expected;
        const std::string copy = std::string(ChunkParser::bytes_before, '\n') + piece;
        alone.parse(std::string_view(copy).substr(ChunkParser::bytes_before), expected);
        const std::string difference = test::difference(chunk, expected, true);
        QVERIFY2(difference.empty(), (piece + ": " + difference).c_str());
      }
    }
  }

  void randomTextsAgree() {
    const std::vector<std::string> pieces{"1",          "23",
                                          "4194303",    "4194304",
                                          "0",          "007",
                                          "3.5",        "10",
                                          "99.9",       "::",
                                          ",",          ",",
                                          ",",          ",",
                                          "\n",         "\n",
                                          "\r\n",       "\r",
                                          " ",          "\t",
                                          "\"",         "x",
                                          "-1",         ":",
                                          "1000000000", "1234567890123456",
                                          "\xC3\xA9"};
    Random random(5);
    for (int round = 0; round < 20000; ++round) {
      std::string text;
      for (std::uint32_t i = random.below(60); i > 0; --i) {
        text += pieces[random.below(static_cast<std::uint32_t>(pieces.size()))];
      }
      const Layout layout = layout_of(random.below(4) == 0 ? "::" : ",", random.below(2) == 0, random.below(2) == 0);
      const std::string difference = test::difference_of_ways(text, layout, {}, false);
      QVERIFY2(difference.empty(), (text + ": " + difference).c_str());
    }
  }
};

QTEST_APPLESS_MAIN(TestChunkParser)
#include "test_chunk_parser.moc"
