#include <QElapsedTimer>
#include <QFile>
#include <QTest>

#include <zip.h>
#include <zlib.h>

#include "core/ratings/reader.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

std::string rows_of(const RatingSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    text += (i == 0 ? "" : "|") + std::string(set.user_ids.id(set.users[i])) + ' ' +
            std::string(set.movie_ids.id(set.movies[i])) + ' ' + QByteArray::number(set.ratings[i]).toStdString();
  }
  return text;
}

}  // namespace

// Files of every shape from their bytes to the finished set.
class TestShapes : public QObject {
  Q_OBJECT

 private slots:
  void netflixBlocksNameTheirMovie() {
    test::WrittenFiles files;
    // Movies 2 and 3 have no ratings, so they are none of the items.
    const auto loaded =
        read_ratings(files.write("x", "1:\n7,3,2005-09-06\n8,5,2005-09-07\n2:\n4:\n7,1,2005-09-08\n3:\n"));
    QVERIFY(loaded);
    QCOMPARE(loaded->report.format, std::string("netflix"));
    QCOMPARE(rows_of(*loaded->set), std::string("7 1 3|8 1 5|7 4 1"));
    QCOMPARE(loaded->report.items, std::uint64_t{2});
    QCOMPARE(loaded->report.timestamps, std::string("date"));
    QCOMPARE(loaded->set->times[0], std::int64_t{1125964800});
  }

  void netflixBlocksRunOverChunks() {
    test::WrittenFiles files;
    constexpr int movies = 3;
    constexpr int customers = 60000;  // more than a chunk of text each
    QByteArray text;
    for (int movie = 1; movie <= movies; ++movie) {
      text += QByteArray::number(movie) + ":\n";
      for (int i = 0; i < customers; ++i) text += QByteArray::number(1000 + i) + ",4,2005-09-06\n";
    }
    const auto loaded = read_ratings(files.write("x", text));
    QVERIFY(loaded);
    QCOMPARE(loaded->set->size(), static_cast<std::size_t>(movies * customers));
    for (std::size_t row = 0; row < loaded->set->size(); ++row) {
      if (loaded->set->movies[row] != static_cast<std::int32_t>(row / customers)) QFAIL("a rating under another movie");
    }
  }

  void ratingsBelowALineThatNamesNoMovieAreBad_data() {
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<int>("column");
    QTest::addColumn<QString>("reason");
    QTest::newRow("empty") << QByteArray(":") << 1 << "the item id is empty; expected an id";
    QTest::newRow("blanks") << QByteArray("  :") << 3 << "the item id is empty; expected an id";
    QTest::newRow("control characters") << QByteArray(" 1\x01:") << 2 << "holds control characters";
    QTest::newRow("too long") << QByteArray(2000, '7') + ':' << 1 << "has 2000 bytes";
  }
  void ratingsBelowALineThatNamesNoMovieAreBad() {
    QFETCH(QByteArray, header);
    QFETCH(int, column);
    QFETCH(QString, reason);
    test::WrittenFiles files;
    const QByteArray before = "1:\n7,3,2005-09-06\n";
    const QByteArray below = "\n8,5,2005-09-07\n\n9,4,2005-09-07\n2:\n";
    const auto loaded =
        read_ratings(files.write("x", before + header + below + QByteArray("7,1,2005-09-08\n").repeated(10)));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(rows_of(*loaded->set), std::string("7 1 3|7 2 1"));
    QCOMPARE(loaded->report.ratings, std::uint64_t{11});
    QCOMPARE(loaded->report.users, std::uint64_t{1});
    const std::vector<BadLine>& bad = loaded->report.bad_lines;
    QCOMPARE(bad.size(), std::size_t{3});
    QCOMPARE(bad[0].line, std::uint64_t{3});
    QCOMPARE(bad[0].column, static_cast<std::uint64_t>(column));
    QVERIFY2(QString::fromStdString(bad[0].reason).contains(reason), bad[0].reason.c_str());
    QCOMPARE(bad[1].line, std::uint64_t{4});
    QCOMPARE(bad[2].line, std::uint64_t{6});
    QCOMPARE(bad[2].column, std::uint64_t{1});
    QCOMPARE(bad[2].reason, std::string("the line above these ratings names no movie; expected 'MovieID:' there"));
  }

  void aBlockWithoutAMovieRunsOverChunks() {
    test::WrittenFiles files;
    constexpr int customers = 300000;  // more than a wave of text each
    QByteArray rows;
    for (int i = 0; i < customers; ++i) rows += QByteArray::number(1000 + i) + ",4,2005-09-06\n";
    ReadOptions options;
    options.max_bad_lines = 2 * customers;
    for (const unsigned threads : {1U, 2U}) {
      LoadControl control;
      control.threads = threads;
      const auto loaded =
          read_ratings(files.write("x", "1:\n5,4,2005-09-06\n:\n" + rows + "2:\n" + rows), options, control);
      if (!loaded) QFAIL(loaded.error().message().c_str());
      QCOMPARE(loaded->set->size(), std::size_t{customers + 1});
      QCOMPARE(loaded->report.items, std::uint64_t{2});
      QCOMPARE(loaded->set->movie_ids.id(loaded->set->movies[1]), std::string_view("2"));
      QVERIFY(loaded->report.notices.front().find(std::to_string(customers + 1)) != std::string::npos);
    }
  }

  void matrixLinesAreUsers() {
    test::WrittenFiles files;
    QByteArray text;
    for (int user = 0; user < 40000; ++user) {  // over several chunks
      text += user % 2 == 0 ? "2" : "1";
      for (int joke = 1; joke <= 12; ++joke) text += joke == 3 ? ",-4.5" : joke == 7 && user % 2 == 0 ? ",9.25" : ",99";
      text += '\n';
    }
    const auto loaded = read_ratings(files.write("x", text));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.format, std::string("matrix"));
    QCOMPARE(loaded->report.ratings, std::uint64_t{60000});
    QCOMPARE(loaded->report.users, std::uint64_t{40000});
    QCOMPARE(loaded->report.items, std::uint64_t{2});
    QCOMPARE(loaded->set->user_ids.id(39999), std::string_view("40000"));
    QCOMPARE(loaded->set->movie_ids.id(0), std::string_view("3"));
    QCOMPARE(loaded->report.rating_min, -4.5);
  }

  void arffCommentsAreNoRatings() {
    test::WrittenFiles files;
    const auto loaded =
        read_ratings(files.write("x",
                                 "% made by hand\n@RELATION r\n@ATTRIBUTE itemid NUMERIC\n@ATTRIBUTE userid NUMERIC\n"
                                 "@ATTRIBUTE rating NUMERIC\n@DATA\n1,2,3\n% in between\n4,5,1\n1,5,2\n"));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(rows_of(*loaded->set), std::string("2 1 3|5 4 1|5 1 2"));
    QVERIFY(loaded->report.bad_lines.empty());
  }

  void utf16RatingsKeepTheirAccents() {
    test::WrittenFiles files;
    QByteArray text("\xFF\xFE");
    for (const QChar c : QStringLiteral("Zo\u00eb,\u0939\u0940\u0930,4\nZo\u00eb,x,2\n")) {
      text += static_cast<char>(c.unicode() & 0xFF);
      text += static_cast<char>(c.unicode() >> 8);
    }
    const auto loaded = read_ratings(files.write("x", text));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.encoding, std::string("utf-16"));
    QCOMPARE(rows_of(*loaded->set), std::string("Zo\xC3\xAB \xE0\xA4\xB9\xE0\xA5\x80\xE0\xA4\xB0 4|Zo\xC3\xAB x 2"));
  }

  void utf16WithoutAMarkIsReadInEitherOrder_data() {
    QTest::addColumn<bool>("bigEndian");
    QTest::newRow("little endian") << false;
    QTest::newRow("big endian") << true;
  }
  void utf16WithoutAMarkIsReadInEitherOrder() {
    QFETCH(bool, bigEndian);
    test::WrittenFiles files;
    QByteArray text;
    for (const QChar c : QStringLiteral("7,\u0939,4\n8,x,2\n")) {
      const QByteArray high(1, static_cast<char>(c.unicode() >> 8));
      const QByteArray low(1, static_cast<char>(c.unicode() & 0xFF));
      text += bigEndian ? high + low : low + high;
    }
    ReadOptions options;
    options.encoding = "utf-16";
    const auto loaded = read_ratings(files.write("x", text), options);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(rows_of(*loaded->set), std::string("7 \xE0\xA4\xB9 4|8 x 2"));
  }

  void aHeaderOfOneFieldIsReadWithGivenColumns() {
    test::WrittenFiles files;
    QByteArray text("userId\n");
    for (int i = 0; i < 20; ++i) text += QByteArray::number(i) + ",0,3,978300000\n";
    ReadOptions options;
    options.columns = "user,item,rating,time";
    const auto loaded = read_ratings(files.write("x", text), options);
    QVERIFY(loaded);
    QCOMPARE(loaded->report.ratings, std::uint64_t{20});
  }

  void aTabIsSeenInThePreview() {
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x", "1\t2\t3\n4\t5\t5\n"));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.preview.front().text, std::string("1\xE2\x86\x92"
                                                              "2\xE2\x86\x92"
                                                              "3"));
  }

  void doubleColonsAreNotFoundOverALineEnd() {
    test::WrittenFiles files;
    QByteArray text;
    for (int i = 0; i < 300; ++i) text += "1::" + QByteArray::number(i) + "::4::978300000\n";
    const auto loaded = read_ratings(files.write("x", text + "1:\n2::3::4\n"));
    QVERIFY(loaded);
    QCOMPARE(loaded->report.ratings, std::uint64_t{300});
    QCOMPARE(loaded->report.bad_lines.size(), std::size_t{2});
    QCOMPARE(loaded->report.lines, std::uint64_t{302});
  }

  void textWithoutLineFeedsIsNotSearchedForThemLineByLine() {
    test::WrittenFiles files;
    const std::string path = files.write("x", QByteArray(4'000'000, '\r') + QByteArray("1,2,3\r2,2,4\r"));
    QElapsedTimer timer;
    timer.start();
    const auto loaded = read_ratings(path);
    QVERIFY(loaded);
    QCOMPARE(rows_of(*loaded->set), std::string("1 2 3|2 2 4"));
    QCOMPARE(loaded->report.line_ending, std::string("cr"));
    QVERIFY2(timer.elapsed() < 20000, "quadratic: a linear search takes a tenth of a second");
  }

  void zerosBehindAGzipArchiveAreNoDamage() {
    test::WrittenFiles files;
    const std::string path = files.write("x.gz", "");
    gzFile packed = gzopen(path.c_str(), "wb");
    QVERIFY(packed != nullptr);
    gzputs(packed, "1,2,3\n2,2,4\n");
    QCOMPARE(gzclose(packed), Z_OK);
    QFile file(QString::fromStdString(path));
    QVERIFY(file.open(QIODevice::Append));
    file.write(QByteArray(512, '\0'));
    file.close();
    const auto loaded = read_ratings(path);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(rows_of(*loaded->set), std::string("1 2 3|2 2 4"));
    QCOMPARE(loaded->report.container, std::string("gzip"));
    QVERIFY(file.open(QIODevice::Append));
    file.write("rest");
    file.close();
    QVERIFY(!read_ratings(path));
  }

  void namesWithColonsStandInArchives() {
    test::WrittenFiles files;
    const std::string path = files.write("x.zip", "");
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    QVERIFY(archive != nullptr);
    const std::string ratings = "1,2,3\n2,2,4\n";
    zip_file_add(archive, "notes 12:30.txt", zip_source_buffer(archive, "hello", 5, 0), 0);
    zip_file_add(archive, "ml/ratings.csv", zip_source_buffer(archive, ratings.data(), ratings.size(), 0), 0);
    QCOMPARE(zip_close(archive), 0);
    const auto loaded = read_ratings(path);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.member, std::string("ml/ratings.csv"));
    QCOMPARE(loaded->report.container, std::string("zip"));
    QCOMPARE(rows_of(*loaded->set), std::string("1 2 3|2 2 4"));
  }

  void theLargestFileOfAnArchiveIsTaken() {
    test::WrittenFiles files;
    const std::string path = files.write("x.zip", "");
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    QVERIFY(archive != nullptr);
    const std::string few = "1,2,3\n2,2,4\n";
    std::string many;
    for (int i = 0; i < 1000; ++i) many += std::to_string(i) + ',' + std::to_string(i * 7 % 97) + ",3\n";
    for (const auto& [name, text] : {std::pair("a.csv", &few), {"b.csv", &many}, {"c.csv", &few}}) {
      zip_file_add(archive, name, zip_source_buffer(archive, text->data(), text->size(), 0), 0);
    }
    QCOMPARE(zip_close(archive), 0);
    const auto loaded = read_ratings(path);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.member, std::string("b.csv"));
    QCOMPARE(loaded->report.notices.front(), std::string("other files here read like ratings too: a.csv, c.csv"));
  }
};

QTEST_APPLESS_MAIN(TestShapes)
#include "test_shapes.moc"
