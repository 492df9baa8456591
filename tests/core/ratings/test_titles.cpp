#include <QTest>

#include "core/ratings/reader.h"
#include "core/ratings/titles.h"
#include "tests/support/written_file.h"

using namespace rowlight;

class TestTitles : public QObject {
  Q_OBJECT

 private slots:
  void titlesJoinById() {
    test::WrittenFiles files;
    const std::string path =
        files.write("ratings.csv", "userId,movieId,rating,timestamp\n1,10,4,1\n1,20,5,2\n1,30,5,2\n");
    files.write(
        "movies.csv",
        "movieId,title,genres\r\n20,\"A \"\"b\"\", c\",Drama|Comedy\r\n10,\"two\r\nlines \",(no genres listed)\r\n"
        "99,Unseen,Comedy\r\nbroken\r\n20,Again,Drama\r\n");
    const auto loaded = read_ratings(path);
    QVERIFY(loaded);
    const RatingSet& set = *loaded->set;
    QCOMPARE(set.movie_info.size(), std::size_t{3});
    QCOMPARE(set.movie_label(MovieRow{0}), std::string("two\r\nlines "));
    QCOMPARE(set.movie_label(MovieRow{1}), std::string("A \"b\", c"));
    QCOMPARE(set.movie_label(MovieRow{2}), std::string("movie 30"));
    QCOMPARE(set.genres, (std::vector<std::string>{"Drama", "Comedy"}));
    QCOMPARE(set.movie_info[1].genre_index, (std::vector<std::int32_t>{0, 1}));
    QCOMPARE(set.first_genre(MovieRow{0}), -1);
    QCOMPARE(loaded->report.titles, std::uint64_t{4});
    QCOMPARE(loaded->report.items_without_title, std::uint64_t{1});
    QCOMPARE(loaded->report.titles_without_rating, std::uint64_t{1});
    QVERIFY(notices(loaded->report).contains("line 6 has 1 field"));
    QVERIFY(notices(loaded->report).contains("for example id 20"));
  }

  void badTitlesBesideDoNotStopTheRatings() {
    test::WrittenFiles files;
    const std::string path = files.write("u.data", "1\t10\t4\t1\n1\t20\t5\t2\n");
    files.write("u.item", QByteArray("\x89PNG\r\n\x1A\n\0\0", 10));
    const auto loaded = read_ratings(path);
    QVERIFY(loaded);
    QVERIFY(loaded->set->movie_info.empty());
    QVERIFY(notices(loaded->report).contains("PNG image"));
    ReadOptions options;
    options.items_file = files.path() + "/u.item";
    QVERIFY(!read_ratings(path, options));
  }

  void flagsAreGenresOnlyWithTheirNames() {
    test::WrittenFiles files;
    const std::string path = files.write("u.data", "1\t10\t4\t1\n1\t20\t5\t2\n");
    files.write("u.item", "10|Caf\xE9|01-Jan-1995||url|0|1|1\n20|B, C||||0|1|0\n30|C|01-Jan-1995|||1|0|0\n");
    auto loaded = read_ratings(path);
    QVERIFY(loaded);
    QCOMPARE(loaded->set->movie_label(MovieRow{0}), std::string("Caf\xC3\xA9"));
    QVERIFY(loaded->set->genres.empty());
    QCOMPARE(loaded->set->first_genre(MovieRow{0}), -1);
    QVERIFY(notices(loaded->report).contains("no u.genre"));
    files.write("u.genre", "unknown|0\nAction|1\nDrama|2\n\n");
    loaded = read_ratings(path);
    QVERIFY(loaded);
    QCOMPARE(loaded->set->genres, (std::vector<std::string>{"unknown", "Action", "Drama"}));
    QCOMPARE(loaded->set->movie_info[0].genre_index, (std::vector<std::int32_t>{1, 2}));
    QCOMPARE(loaded->set->first_genre(MovieRow{1}), 1);
    QCOMPARE(loaded->report.titles_without_rating, std::uint64_t{1});
  }

  void aHeaderMayNameMoreColumnsThanTheLinesHave() {
    test::WrittenFiles files;
    const std::string path = files.write("ratings.csv", "1,10,4\n1,20,5\n");
    files.write("movies.csv", "movieId,title,genres\n10,Heat\n20,Alien\n");
    const auto loaded = read_ratings(path);
    QVERIFY(loaded);
    QCOMPARE(loaded->set->movie_label(MovieRow{1}), std::string("Alien"));
    QVERIFY(loaded->set->genres.empty());
  }

  void joiningCanBeCancelled() {
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x.csv", "1,10,4\n1,20,5\n"));
    QVERIFY(loaded);
    const std::string titles = files.write("titles.csv", "movieId,title\n10,Heat\n20,Alien\n");
    RatingSet set = *loaded->set;
    LoadReport report;
    std::atomic<bool> cancel{true};
    const auto stopped = join_titles({titles, {}}, {}, set, report, &cancel);
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().kind, ErrorKind::Cancelled);
    QVERIFY(set.movie_info.empty());
    cancel = false;
    QVERIFY(join_titles({titles, {}}, {}, set, report, &cancel));
    QCOMPARE(set.movie_label(MovieRow{1}), std::string("Alien"));
  }

  void cancellingWhileTitlesAreJoinedCancelsTheLoad() {
    // Titles that cannot be read are a mere notice; that the person asked to stop is not.
    test::WrittenFiles files;
    const std::string path = files.write("ratings.csv", "1,10,4\n1,20,5\n");
    files.write("movies.csv", "movieId,title\n10,Heat\n20,Alien\n");
    std::atomic<bool> cancel{false};
    LoadControl control;
    control.cancel = &cancel;
    control.on_progress = [&](std::uint64_t done, std::uint64_t total) { cancel = done == total; };
    const auto loaded = read_ratings(path, {}, control);
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().kind, ErrorKind::Cancelled);
  }

  void titlesInManyFiles_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QStringList>("titles");  // of the items 7, 007 and 8
    QTest::addColumn<QString>("notice");
    const QString none;
    QTest::newRow("Netflix")
        << QByteArray("7,2003,Dinosaur Planet\n007,NULL,Lock, Stock, and \"Two\" Barrels\n8,1997,\xC9t\xE9\n")
        << QStringList{"Dinosaur Planet", "Lock, Stock, and \"Two\" Barrels", "\u00c9t\u00e9"} << "is read as latin-1";
    QTest::newRow("Netflix, CRLF, quotes") << QByteArray("7,2003,\"Ready, Steady\"\r\n007,2001,\"A\", B\r\n8,1997,C")
                                           << QStringList{"Ready, Steady", "\"A\", B", "C"} << none;
    QTest::newRow("titles that are years")
        << QByteArray("7,1917,Drama\n007,1984,Drama\n8,Heat,Crime\n") << QStringList{"1917", "1984", "Heat"} << none;
    QTest::newRow("movies.csv")
        << QByteArray(
               "\xEF\xBB\xBFmovieId,title,genres\r\n7,\"A \"\"b\"\", c \",Drama\r\n007,Emma,Drama\r\n8,Emma,\r\n")
        << QStringList{"A \"b\", c ", "Emma", "Emma"} << "more than one id: 1 (for example Emma)";
    QTest::newRow("movies.dat") << QByteArray("7::Alien: Part 1::Horror\n007::Heat, The::\n8::Up ::A|B\n")
                                << QStringList{"Alien: Part 1", "Heat, The", "Up "} << none;
    QTest::newRow("books.csv")
        << QByteArray("book_id,isbn,authors,original_title,title\n7,1,\"A, B\",X,\"T, #1\"\n007,2,C,,U\n8,3,D,,V\n")
        << QStringList{"T, #1", "U", "V"} << none;
    QTest::newRow("Book-Crossing") << QByteArray(
                                          "\"ISBN\";\"Book-Title\";\"Book-Author\"\n\"7\";\"A &amp; B\";\"x\"\n"
                                          "\"007\";\"say \\\"no; yes\\\"\";\"y\"\n\"8\";\"C\";\"z\"\n")
                                   << QStringList{"A &amp; B", "say \"no; yes\"", "C"} << none;
    QTest::newRow("semicolons without quotes") << QByteArray("7;A, B;Drama\n007;C;Drama\n8;D;Drama\n8;D;Drama\n")
                                               << QStringList{"A, B", "C", "D"} << "for example id 8";
    QTest::newRow("a title that is not there")
        << QByteArray("7;A;Drama\n007;B;Drama\n") << QStringList{"A", "B", "movie 8"} << "items without a title: 1";
  }
  void titlesInManyFiles() {
    QFETCH(QByteArray, text);
    QFETCH(QStringList, titles);
    QFETCH(QString, notice);
    test::WrittenFiles files;
    ReadOptions options;
    options.items_file = files.write("titles", text);
    const auto loaded = read_ratings(files.write("x.csv", "1,7,4\n1,007,5\n1,8,5\n"), options);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    for (int i = 0; i < 3; ++i) QCOMPARE(QString::fromStdString(loaded->set->movie_label(MovieRow{i})), titles[i]);
    const QString said = notices(loaded->report);
    QVERIFY2(said.contains(notice), qPrintable(said));
    QVERIFY2(!said.contains("do not fit"), qPrintable(said));
  }

  void titlesInUtf16_data() {
    QTest::addColumn<bool>("big_endian");
    QTest::addColumn<bool>("mark");
    QTest::newRow("little endian") << false << true;
    QTest::newRow("big endian") << true << true;
    QTest::newRow("little endian, by option") << false << false;
    QTest::newRow("big endian, by option") << true << false;
  }
  void titlesInUtf16() {
    QFETCH(bool, big_endian);
    QFETCH(bool, mark);
    QByteArray bytes;
    for (const QChar c :
         (mark ? QString(QChar(0xFEFF)) : QString()) + "movieId,title\r\n10,Am\u00e9lie \U0001F600\r\n20,\u96e8\r\n") {
      const ushort unit = c.unicode();
      const char halves[] = {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
      bytes += halves[big_endian ? 0 : 1];
      bytes += halves[big_endian ? 1 : 0];
    }
    test::WrittenFiles files;
    const auto loaded = read_ratings(files.write("x.csv", "1,10,4\n1,20,5\n"));
    QVERIFY(loaded);
    RatingSet set = *loaded->set;
    LoadReport report;
    ReadOptions options;
    if (!mark) options.encoding = "utf-16";
    QVERIFY(join_titles({files.write("movies.csv", bytes), {}}, options, set, report, nullptr));
    QCOMPARE(QString::fromStdString(set.movie_label(MovieRow{0})), QString("Am\u00e9lie \U0001F600"));
    QCOMPARE(QString::fromStdString(set.movie_label(MovieRow{1})), QString("\u96e8"));
    // The option is about the ratings: titles that are plain UTF-8 are still read.
    options.encoding = "utf-16";
    QVERIFY(join_titles({files.write("plain.csv", "movieId,title\n10,Heat\n"), {}}, options, set, report, nullptr));
    QCOMPARE(set.movie_label(MovieRow{0}), std::string("Heat"));
  }

  void theTitlesOfAFormatComeFirst() {
    test::WrittenFiles files;
    const InputName ratings{files.write("combined_data_1.txt", "1:\n2,3,2005-09-06\n"), {}};
    QVERIFY(find_titles_beside(ratings, "netflix").path.empty());
    files.write("movie_titles.csv", "1,2003,A\n");
    QCOMPARE(find_titles_beside(ratings, "netflix").file_name(), std::string("movie_titles.csv"));
    QVERIFY(find_titles_beside(ratings, "matrix").path.empty());
    files.write("movies.csv", "movieId,title\n1,A\n");
    QCOMPARE(find_titles_beside(ratings, "netflix").file_name(), std::string("movie_titles.csv"));
    QCOMPARE(find_titles_beside(ratings, "movielens-csv").file_name(), std::string("movies.csv"));
    files.write("u.item", "1|A\n");
    QCOMPARE(find_titles_beside(ratings, "delimited").file_name(), std::string("u.item"));
  }

  void titlesOfOtherItemsAreLeftOut() {
    test::WrittenFiles files;
    const std::string path = files.write("x.csv", "1,10,4\n1,20,5\n");
    files.write("movies.dat", "77::Alien: Part 1::Horror\n78::Heat::\n");
    const auto loaded = read_ratings(path);
    QVERIFY(loaded);
    QVERIFY(loaded->set->movie_info.empty());
    QVERIFY(notices(loaded->report).contains("no id there is the id of a rated item"));
  }

 private:
  static QString notices(const LoadReport& report) {
    QString all;
    for (const std::string& notice : report.notices) all += QString::fromStdString(notice) + '\n';
    return all;
  }
};

QTEST_APPLESS_MAIN(TestTitles)
#include "test_titles.moc"
