#include <QDirIterator>
#include <QSet>
#include <QTest>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "core/ratings/reader.h"
#include "core/ratings/report_json.h"
#include "tests/core/ratings/real_file_facts.h"
#include "tests/support/shared_data.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

// "user item rating" of every row, in order; with the time where `times`.
QStringList rows_of(const RatingSet& set, bool times) {
  QStringList rows;
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::string row(set.user_ids.id(set.users[i]));
    row += ' ';
    row += set.movie_ids.id(set.movies[i]);
    QString text = QString::fromStdString(row) + ' ' + QString::number(static_cast<double>(set.ratings[i]));
    if (times) text += ' ' + QString::number(set.times[i]);
    rows += text;
  }
  return rows;
}

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
    ReadOptions options;
    options.skip_lines = facts.skip_lines;
    const auto loaded = read_ratings(path.toStdString(), options);
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
    QCOMPARE(report.items_without_title, facts.titles > 0 ? facts.untitled : facts.items);
    QCOMPARE(report.blank_lines, facts.blank_lines);
    QVERIFY(report.bad_lines.empty());
  }

  void everyFileIsInATable() {
    const QString index = test::sharedData("INDEX.md");
    if (index.isEmpty()) QSKIP("needs the data folder (ROWLIGHT_DATA)");
    QSet<QString> known;
    for (const Facts& facts : all_facts) known += facts.file;
    for (const TitleFacts& facts : all_titles) known += facts.titles;
    for (const char* file : other_files) known += file;
    const QDir folder = QFileInfo(index).dir();
    QSet<QString> found;
    for (QDirIterator it(folder.path(), QDir::Files, QDirIterator::Subdirectories); it.hasNext();) {
      found += folder.relativeFilePath(it.next());
    }
    QCOMPARE(QStringList((found - known).values()).join(' '), QString());
    QCOMPARE(QStringList((known - found).values()).join(' '), QString());
  }

  void titlesAreJoinedAsCounted_data() {
    QTest::addColumn<int>("index");
    for (int i = 0; i < static_cast<int>(std::size(all_titles)); ++i) QTest::newRow(all_titles[i].titles) << i;
  }
  void titlesAreJoinedAsCounted() {
    QFETCH(int, index);
    const TitleFacts& facts = all_titles[index];
    const QString ratings = test::sharedData(QString::fromLatin1(facts.ratings));
    const QString titles = test::sharedData(QString::fromLatin1(facts.titles));
    if (ratings.isEmpty() || titles.isEmpty()) QSKIP("needs the data folder (ROWLIGHT_DATA)");
    ReadOptions options;
    options.items_file = titles.toStdString();
    const auto loaded = read_ratings(ratings.toStdString(), options);
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.titles, facts.rows);
    QCOMPARE(loaded->report.titles_without_rating, facts.unrated);
    QCOMPARE(loaded->report.items_without_title, facts.untitled);
    QCOMPARE(loaded->set->genres.size(), facts.genres);
    QCOMPARE(has_notice(loaded->report, "more than one id: " + std::to_string(facts.repeated)), facts.repeated > 0);
    QCOMPARE(has_notice(loaded->report, "is not UTF-8 and is read as latin-1"), facts.latin1);
    QVERIFY(!has_notice(loaded->report, "do not fit"));
  }

  void variantsEqualTheirOriginals_data() {
    QTest::addColumn<QString>("variant");
    QTest::addColumn<QString>("original");
    QTest::addColumn<bool>("times");
    QTest::addColumn<int>("added_before");  // rows of the variant alone
    QTest::addColumn<int>("added_behind");
    QTest::addColumn<int>("other_ratings");  // rows with the ids of the original and another rating
    const auto row = [](const char* variant, const char* original, bool times, int before = 0, int behind = 0,
                        int other = 0) {
      QTest::newRow(variant) << variant << original << times << before << behind << other;
    };
    row("ml-100k-variants/ratings.crlf.txt.gz", "ml-100k/u.data", true);
    row("ml-100k-variants/ratings.comma-no-final-newline.csv.gz", "ml-100k/u.data", true);
    row("ml-100k-variants/u.data.user0-added.gz", "ml-100k/u.data", true, 4);
    row("ml-latest-small-variants/ratings.semicolon-noheader.csv.gz", "ml-latest-small/ratings.csv", true);
    row("ml-latest-small-variants/ratings.extra-users-no-final-newline.csv.gz", "ml-latest-small/ratings.csv", true, 0,
        783);
    row("ml-latest-small-variants/ratings.noheader-3col-int.csv.gz", "ml-latest-small/ratings.csv", false, 0, 0, 1);
    row("filmtrust/ratings-arff.arff", "filmtrust/ratings-date.space-then-tab.txt", true);
    row("filmtrust/ratings.space.txt", "filmtrust/ratings.comma.txt", false, 1);
  }
  void variantsEqualTheirOriginals() {
    QFETCH(QString, variant);
    QFETCH(QString, original);
    QFETCH(bool, times);
    QFETCH(int, added_before);
    QFETCH(int, added_behind);
    QFETCH(int, other_ratings);
    const QString path = test::sharedData(variant);
    const QString original_path = test::sharedData(original);
    if (path.isEmpty() || original_path.isEmpty()) QSKIP("needs the data folder (ROWLIGHT_DATA)");
    ReadOptions options;
    options.duplicates = Duplicates::KeepAll;
    const auto changed = read_ratings(path.toStdString(), options);
    const auto plain = read_ratings(original_path.toStdString(), options);
    QVERIFY(changed && plain);
    const QStringList expected = rows_of(*plain->set, times);
    QStringList rows = rows_of(*changed->set, times).mid(added_before);
    QCOMPARE(rows.size(), expected.size() + added_behind);
    rows = rows.mid(0, expected.size());
    if (other_ratings == 0) QCOMPARE(rows, expected);
    int other = 0;
    for (qsizetype i = 0; i < rows.size(); ++i) {
      if (rows[i] == expected[i]) continue;
      ++other;
      QCOMPARE(rows[i].section(' ', 0, 1), expected[i].section(' ', 0, 1));
    }
    QCOMPARE(other, other_ratings);
  }

  void theLinesToSkipAreNamed() {
    ROWLIGHT_SHARED_DATA(path, "surprise-tests/custom_dataset");
    const auto loaded = read_ratings(path.toStdString());
    QVERIFY(!loaded);
    QVERIFY2(QString::fromStdString(loaded.error().hint).contains("--skip-lines"), loaded.error().hint.c_str());
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
                                "seconds",
                                "bad_line_count",
                                "container",
                                "member",
                                "evidence",
                                "preview",
                                "advice"};
    QCOMPARE(json.size(), std::size(keys));
    std::size_t i = 0;
    for (const auto& [key, value] : json.items()) QCOMPARE(key, std::string(keys[i++]));
    QVERIFY(json["time_min"].is_null());
    QCOMPARE(json["header"].get<bool>(), false);
    QCOMPARE(json["bytes"].get<int>(), 376444);
    QVERIFY(json["seconds"].get<double>() > 0);
    QCOMPARE(json["container"].get<std::string>(), std::string("plain"));
    QVERIFY(json["member"].is_null());
    QCOMPARE(json["preview"].size(), LoadReport::preview_rows);
    QCOMPARE(json["preview"][0]["text"].get<std::string>(), std::string("1,1,2"));
    QCOMPARE(json["preview"][0]["rating"].get<double>(), 2.0);
    QVERIFY(json["evidence"].size() >= 8);
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
