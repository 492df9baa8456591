#include <QTest>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "core/ratings/reader.h"
#include "core/ratings/report_json.h"
#include "tests/support/shared_data.h"

using namespace rowlight;

namespace {

// Facts that were counted with other tools.
struct Facts {
  const char* file;
  const char* format;
  const char* encoding;
  const char* line_ending;
  const char* delimiter;
  bool header;
  std::uint64_t lines;
  std::uint64_t ratings;
  std::uint64_t users;
  std::uint64_t items;
  double min;
  double max;
  double mean;
  double step;
  std::uint64_t duplicates;
  std::uint64_t conflicts;
  std::uint64_t titles;
  std::uint64_t unrated;  // titles without a rating
};

const Facts all_facts[] = {
    {"ml-100k/u.data", "movielens-100k", "ascii", "lf", "\t", false, 100000, 100000, 943, 1682, 1, 5, 3.52986, 1, 0, 0,
     1682, 0},
    {"ml-100k/u1.base", "movielens-100k", "ascii", "lf", "\t", false, 80000, 80000, 943, 1650, 1, 5, 3.52835, 1, 0, 0,
     1682, 32},
    {"ml-100k/ua.base", "movielens-100k", "ascii", "lf", "\t", false, 90570, 90570, 943, 1680, 1, 5, 3.523827, 1, 0, 0,
     1682, 2},
    {"ml-latest-small/ratings.csv", "movielens-csv", "ascii", "crlf", ",", true, 100837, 100836, 610, 9724, 0.5, 5,
     3.501557, 0.5, 0, 0, 9742, 18},
    {"ml-latest-small-2016/ratings.csv", "movielens-csv", "ascii", "lf", ",", true, 100005, 100004, 671, 9066, 0.5, 5,
     3.543608, 0.5, 0, 0, 9125, 59},
    {"movietweetings-10K/ratings.dat", "movielens-dat", "ascii", "lf", "::", false, 10000, 10000, 3794, 3096, 1, 10,
     7.3431, 1, 0, 0, 3096, 0},
    {"movietweetings-100K/ratings.dat", "movielens-dat", "ascii", "lf", "::", false, 100000, 100000, 16554, 10506, 0,
     10, 7.32482, 1, 0, 0, 10506, 0},
    {"goodbooks-10k/ratings_random.csv", "delimited", "ascii", "lf", ",", true, 298177, 298176, 2672, 9990, 1, 5,
     3.904644, 1, 0, 0, 10000, 10},
    {"filmtrust/ratings.comma.txt", "delimited", "ascii", "lf", ",", false, 35497, 35497, 1508, 2071, 0.5, 4, 3.002803,
     0.5, 3, 2, 0, 0},
    {"filmtrust/ratings.space.txt", "whitespace", "ascii", "lf", " ", false, 35498, 35498, 1508, 2071, 0.5, 4, 3.002775,
     0.5, 4, 2, 0, 0},
    {"filmtrust/ratings-date.space-then-tab.txt", "whitespace", "ascii", "crlf", " ", false, 35497, 35497, 1508, 2071,
     0.5, 4, 3.002789, 0.5, 5, 4, 0, 0},
    {"ciao/ratings.txt", "whitespace", "ascii", "lf", " ", false, 284086, 284086, 7375, 105114, 0, 5, 4.160803, 1, 1436,
     497, 0, 0},
    {"libmf-demo/real_matrix.tr.txt", "whitespace", "ascii", "lf", " ", false, 5000, 5000, 1525, 177, 0.5, 5.1, 3.57674,
     0.1, 0, 0, 0, 0},
    {"spark-mllib/sample_movielens_ratings.txt", "movielens-dat", "ascii", "lf", "::", false, 1501, 1501, 30, 100, 1, 5,
     1.774151, 1, 0, 0, 0, 0},
    {"bookcrossing/BX-Book-Ratings.semicolon-99998.csv", "delimited", "latin-1", "lf", ";", true, 99999, 99998, 9424,
     63773, 0, 10, 3.189444, 1, 20, 14, 0, 0},
    {"bookcrossing/book.utf8-bom.csv", "delimited", "utf-8", "crlf", ",", true, 64113, 64112, 5560, 45747, 0, 10,
     3.363223, 1, 14, 13, 0, 0},
    {"librec-misc/rating_1kU_20100_binary.csv", "delimited", "ascii", "lf", "\t", false, 5000, 5000, 500, 120, 1, 5,
     3.7992, 4, 0, 0, 0, 0},
    {"librec-misc/testCSV.mixed-separators.txt", "whitespace", "ascii", "crlf", " ", false, 13, 13, 4, 4, 1, 5,
     2.692308, 1, 0, 0, 0, 0},
};

}  // namespace

class TestRealFiles : public QObject {
  Q_OBJECT

 private slots:
  void isReadAsCounted_data() {
    QTest::addColumn<int>("index");
    for (int i = 0; i < static_cast<int>(std::size(all_facts)); ++i) QTest::newRow(all_facts[i].file) << i;
  }
  void isReadAsCounted() {
    QFETCH(int, index);
    const Facts& facts = all_facts[index];
    const QString path = test::sharedData(QString::fromLatin1(facts.file));
    if (path.isEmpty()) QSKIP("needs the data folder (ROWLIGHT_DATA)");
    const auto loaded = read_ratings(path.toStdString());
    if (!loaded) QFAIL(loaded.error().message().c_str());
    const LoadReport& report = loaded->report;
    QCOMPARE(report.format, std::string(facts.format));
    QCOMPARE(report.encoding, std::string(facts.encoding));
    QCOMPARE(report.line_ending, std::string(facts.line_ending));
    QCOMPARE(report.delimiter, std::string(facts.delimiter));
    QCOMPARE(report.header, facts.header);
    QCOMPARE(report.lines, facts.lines);
    QCOMPARE(report.ratings, facts.ratings);
    QCOMPARE(report.users, facts.users);
    QCOMPARE(report.items, facts.items);
    QCOMPARE(report.rating_min, facts.min);
    QCOMPARE(report.rating_max, facts.max);
    QVERIFY(std::abs(report.rating_mean - facts.mean) < 1e-6);
    QCOMPARE(report.rating_step, facts.step);
    QCOMPARE(report.duplicates, facts.duplicates);
    QCOMPARE(report.conflicts, facts.conflicts);
    QCOMPARE(report.loaded, facts.ratings - facts.duplicates);
    QCOMPARE(loaded->set->size(), static_cast<std::size_t>(report.loaded));
    QCOMPARE(report.titles, facts.titles);
    QCOMPARE(report.titles_without_rating, facts.unrated);
    QCOMPARE(report.items_without_title, facts.titles > 0 ? 0 : facts.items);
    QVERIFY(report.bad_lines.empty());
  }

  void movieLens100kHasItsRowsTitlesAndGenres() {
    ROWLIGHT_SHARED_DATA(folder, "ml-100k");
    const auto loaded = read_ratings(folder.toStdString());
    QVERIFY(loaded);
    const RatingSet& set = *loaded->set;
    QCOMPARE(set.name, std::string("ml-100k"));
    QCOMPARE(set.user_ids.id(set.users[0]), std::string_view("196"));
    QCOMPARE(set.movie_ids.id(set.movies[0]), std::string_view("242"));
    QCOMPARE(set.ratings[0], 3.0F);
    QCOMPARE(set.times[0], std::int64_t{881250949});
    QCOMPARE(loaded->report.time_min, std::optional<std::int64_t>(874724710));
    QCOMPARE(loaded->report.time_max, std::optional<std::int64_t>(893286638));
    QCOMPARE(set.scale.low, 1.0F);
    QCOMPARE(set.scale.high, 5.0F);
    QCOMPARE(set.genres.size(), std::size_t{19});
    QCOMPARE(set.genres[0], std::string("unknown"));
    QCOMPARE(set.genres[18], std::string("Western"));
    QCOMPARE(label(set, "73"), std::string("Maverick (1994)"));
    QCOMPARE(label(set, "1"), std::string("Toy Story (1995)"));
    const MovieInfo& toy_story = set.movie_info[static_cast<std::size_t>(*set.movie_ids.find("1"))];
    QCOMPARE(toy_story.genre_index, (std::vector<std::int32_t>{3, 4, 5}));  // Animation, Children's, Comedy
    const auto accents = std::count_if(set.movie_info.begin(), set.movie_info.end(), [](const MovieInfo& movie) {
      return std::any_of(movie.title.begin(), movie.title.end(), [](char c) { return (c & 0x80) != 0; });
    });
    QVERIFY(accents > 5);
    const auto found = std::find_if(set.movie_info.begin(), set.movie_info.end(), [](const MovieInfo& movie) {
      return movie.title == "Mis\xC3\xA9rables, Les (1995)";
    });
    QVERIFY(found != set.movie_info.end());
    QVERIFY(has_notice(loaded->report, "u.item is not UTF-8"));
    QVERIFY(has_notice(loaded->report, "more than one id: 18"));
  }

  void movieLensCsvHasQuotedTitlesAndGenresInOrder() {
    ROWLIGHT_SHARED_DATA(folder, "ml-latest-small");
    const auto loaded = read_ratings(folder.toStdString());
    QVERIFY(loaded);
    const RatingSet& set = *loaded->set;
    QCOMPARE(label(set, "7789"), std::string("11'09\"01 - September 11 (2002)"));
    QCOMPARE(label(set, "11"), std::string("American President, The (1995)"));
    QCOMPARE(set.genres.size(), std::size_t{19});
    QCOMPARE(set.genres[0], std::string("Adventure"));
    QCOMPARE(set.genres[1], std::string("Animation"));
    QVERIFY(std::find(set.genres.begin(), set.genres.end(), "(no genres listed)") == set.genres.end());
    const auto none = std::count_if(set.movie_info.begin(), set.movie_info.end(),
                                    [](const MovieInfo& movie) { return movie.genre_index.empty(); });
    QCOMPARE(none, std::ptrdiff_t{34});
  }

  void greatPerformancesKeepsItsQuotes() {
    ROWLIGHT_SHARED_DATA(path, "ml-latest-small-2016/ratings.csv");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(loaded);
    const auto found =
        std::find_if(loaded->set->movie_info.begin(), loaded->set->movie_info.end(),
                     [](const MovieInfo& movie) { return movie.title == "\"Great Performances\" Cats (1998)"; });
    QVERIFY(found != loaded->set->movie_info.end());
  }

  void zeroPaddedIdsStayText() {
    ROWLIGHT_SHARED_DATA(path, "movietweetings-10K/ratings.dat");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(loaded);
    QVERIFY(loaded->set->movie_ids.find("0120735"));
    QVERIFY(!loaded->set->movie_ids.find("120735"));
    QCOMPARE(label(*loaded->set, "0062055"), std::string("The Nude Restaurant (1967)"));
  }

  void titlesWithoutQuotesAreReadThroughTheOption() {
    ROWLIGHT_SHARED_DATA(ratings, "ml-latest-small/ratings.csv");
    ROWLIGHT_SHARED_DATA(titles, "ml-latest-small-variants/movies.semicolon-noheader.csv");
    ReadOptions options;
    options.items_file = titles.toStdString();
    const auto loaded = read_ratings(ratings.toStdString(), options);
    QVERIFY(loaded);
    QCOMPARE(loaded->report.titles, std::uint64_t{9743});
    QCOMPARE(loaded->report.items_without_title, std::uint64_t{0});
    QCOMPARE(label(*loaded->set, "11"), std::string("American President, The (1995)"));
    QVERIFY(has_notice(loaded->report, "193609"));
  }

  void otherFilesOfTheFoldersAreRefused_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("part");
    QTest::newRow("titles") << "ml-latest-small/movies.csv"
                            << "no rating column";
    QTest::newRow("tags") << "ml-latest-small/tags.csv"
                          << "no rating column";
    QTest::newRow("u.item") << "ml-100k/u.item"
                            << "no rating";
    QTest::newRow("prose") << "ml-100k/README"
                           << "columns";
    QTest::newRow("gzip") << "ml-100k-variants/ratings.crlf.txt.gz"
                          << "this is a gzip archive";
    QTest::newRow("ARFF") << "filmtrust/ratings-arff.arff"
                          << "this is an ARFF file";
  }
  void otherFilesOfTheFoldersAreRefused() {
    QFETCH(QString, file);
    QFETCH(QString, part);
    const QString path = test::sharedData(file);
    if (path.isEmpty()) QSKIP("needs the data folder (ROWLIGHT_DATA)");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().exit_code(), 3);
    QVERIFY2(QString::fromStdString(loaded.error().message()).contains(part), loaded.error().message().c_str());
  }

  void proseIsSkippedByOption() {
    ROWLIGHT_SHARED_DATA(path, "surprise-tests/custom_train");
    ReadOptions options;
    options.skip_lines = 3;
    const auto loaded = read_ratings(path.toStdString(), options);
    QVERIFY(loaded);
    QVERIFY(loaded->report.bad_lines.empty());
    QCOMPARE(loaded->report.blank_lines, std::uint64_t{0});
    QCOMPARE(loaded->set->user_ids.id(0), std::string_view("user0"));
  }

  void reportHasTheKeysOfTheContract() {
    ROWLIGHT_SHARED_DATA(path, "filmtrust/ratings.comma.txt");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(loaded);
    const nlohmann::ordered_json json = to_json(loaded->report);
    const char* const keys[] = {"file",
                                "format",
                                "encoding",
                                "line_ending",
                                "delimiter",
                                "header",
                                "columns",
                                "lines",
                                "ratings",
                                "users",
                                "items",
                                "rating_min",
                                "rating_max",
                                "rating_mean",
                                "rating_step",
                                "timestamps",
                                "time_min",
                                "time_max",
                                "duplicates",
                                "conflicts",
                                "blank_lines",
                                "loaded",
                                "bad_lines",
                                "titles",
                                "items_without_title",
                                "titles_without_rating",
                                "notices",
                                "bytes",
                                "seconds"};
    QCOMPARE(json.size(), std::size(keys));
    std::size_t i = 0;
    for (const auto& [key, value] : json.items()) QCOMPARE(key, std::string(keys[i++]));
    QVERIFY(json["time_min"].is_null());
    QCOMPARE(json["header"].get<bool>(), false);
    QCOMPARE(json["bytes"].get<int>(), 376444);
    QVERIFY(json["seconds"].get<double>() > 0);
  }

 private:
  static std::string label(const RatingSet& set, std::string_view id) {
    const auto row = set.movie_ids.find(id);
    return row ? set.movie_label(MovieRow{*row}) : "no such movie";
  }
  static bool has_notice(const LoadReport& report, std::string_view part) {
    return std::any_of(report.notices.begin(), report.notices.end(),
                       [&](const std::string& notice) { return notice.find(part) != std::string::npos; });
  }
};

QTEST_APPLESS_MAIN(TestRealFiles)
#include "test_real_files.moc"
