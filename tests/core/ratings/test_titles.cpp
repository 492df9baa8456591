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
