#include <QTest>

#include <algorithm>
#include <string>
#include <vector>

#include "core/ratings/rating_set.h"

using namespace rowlight;

class TestRatingSet : public QObject {
  Q_OBJECT

 private slots:
  void vocabularyCountsInOrderOfFirstAppearance() {
    Vocabulary ids;
    QCOMPARE(ids.find("7"), std::nullopt);
    QCOMPARE(ids.add("7"), 0);
    QCOMPARE(ids.add("07"), 1);
    QCOMPARE(ids.add("7"), 0);
    QCOMPARE(ids.add(""), 2);
    QCOMPARE(ids.size(), std::size_t{3});
    QCOMPARE(ids.id(1), std::string_view("07"));
    QCOMPARE(ids.id(2), std::string_view(""));
    QCOMPARE(ids.find("07"), std::optional<std::int32_t>(1));
    QCOMPARE(ids.find("8"), std::nullopt);
  }

  void vocabularyFindsEveryIdAfterGrowing() {
    Vocabulary ids;
    for (int i = 0; i < 50000; ++i) QCOMPARE(ids.add("id" + std::to_string(i)), i);
    const Vocabulary copy = ids;
    for (int i = 0; i < 50000; ++i) {
      QCOMPARE(copy.find("id" + std::to_string(i)), std::optional<std::int32_t>(i));
      QCOMPARE(copy.id(i), std::string_view("id" + std::to_string(i)));
    }
  }

  void theMemoryOfAVocabularyFollowsItsText() {
    Vocabulary short_ids;
    Vocabulary long_ids;
    QCOMPARE(short_ids.memory_bytes(), std::uint64_t{0});
    for (int i = 0; i < 1000; ++i) {
      short_ids.add(std::to_string(1000 + i));
      long_ids.add(std::to_string(1000 + i) + std::string(996, 'x'));
    }
    QCOMPARE(long_ids.memory_bytes() - short_ids.memory_bytes(), std::uint64_t{996 * 1000});
    QVERIFY(short_ids.memory_bytes() >= std::uint64_t{1000 * (4 + 8 + 16)});
    short_ids.clear();
    QVERIFY(short_ids.memory_bytes() < std::uint64_t{1000 * 20});
  }

  void labelsFallBackToTheId() {
    RatingSet set;
    set.movie_ids.add("42");
    set.movie_ids.add("43");
    QCOMPARE(set.movie_label(MovieRow{0}), std::string("movie 42"));
    QCOMPARE(set.first_genre(MovieRow{0}), -1);
    set.movie_info = {{"Alien (1979)", {3, 1}}, {}};
    QCOMPARE(set.movie_label(MovieRow{0}), std::string("Alien (1979)"));
    QCOMPARE(set.movie_label(MovieRow{1}), std::string("movie 43"));
    QCOMPARE(set.first_genre(MovieRow{0}), 3);
    QCOMPARE(set.first_genre(MovieRow{1}), -1);
  }

  void splitIsAPartition_data() {
    QTest::addColumn<int>("count");
    QTest::addColumn<double>("share");
    QTest::addColumn<int>("validation");
    QTest::newRow("a fifth") << 1001 << 0.2 << 200;
    QTest::newRow("none") << 10 << 0.0 << 0;
    QTest::newRow("rounded up") << 10 << 0.25 << 3;
    QTest::newRow("nothing to split") << 0 << 0.5 << 0;
  }
  void splitIsAPartition() {
    QFETCH(int, count);
    QFETCH(double, share);
    QFETCH(int, validation);
    const Split split = split_randomly(static_cast<std::size_t>(count), share, 1);
    QCOMPARE(split.validation.size(), static_cast<std::size_t>(validation));
    std::vector<std::int32_t> all = split.training;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    std::sort(all.begin(), all.end());
    QCOMPARE(all.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) QCOMPARE(all[static_cast<std::size_t>(i)], i);
  }

  void splitFollowsTheSeed() {
    const Split a = split_randomly(500, 0.2, 3);
    QVERIFY(!std::is_sorted(a.training.begin(), a.training.end()));
    QCOMPARE(split_randomly(500, 0.2, 3).validation, a.validation);
    QVERIFY(split_randomly(500, 0.2, 4).validation != a.validation);
  }
};

QTEST_APPLESS_MAIN(TestRatingSet)
#include "test_rating_set.moc"
