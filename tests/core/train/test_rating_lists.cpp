#include <QTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/train/rating_lists.h"

using namespace rowlight;

namespace {

/// Ratings of users and movies at random; the different ratings take turns.
RatingSet make_set(std::uint32_t users, std::uint32_t movies, std::size_t count, std::size_t different) {
  RatingSet set;
  for (std::uint32_t i = 0; i < users; ++i) set.user_ids.add(std::to_string(i));
  for (std::uint32_t i = 0; i < movies; ++i) set.movie_ids.add(std::to_string(i));
  Random random(7);
  for (std::size_t i = 0; i < count; ++i) {
    set.users.push_back(static_cast<std::int32_t>(random.below(users)));
    set.movies.push_back(static_cast<std::int32_t>(random.below(movies)));
    set.ratings.push_back(static_cast<float>(i % different) / 3);
  }
  return set;
}

/// One side's lists, end to end.
struct Lists {
  std::vector<std::uint32_t> begins;
  std::vector<std::int32_t> ids;
  std::vector<float> values;
};

/// Read in pieces that begin and end within rows.
Lists read(const RatingLists& lists, Table table, std::span<const float> bias = {}) {
  constexpr std::size_t piece = 997;
  Lists out{lists.begins(table), std::vector<std::int32_t>(lists.size()), std::vector<float>(lists.size())};
  for (std::size_t first = 0; first < lists.size(); first += piece) {
    const std::size_t n = std::min(piece, lists.size() - first);
    lists.read(table, first, bias, std::span(out.ids).subspan(first, n), std::span(out.values).subspan(first, n));
  }
  return out;
}

/// As they are defined: users' ratings in the file's order, movies' in the order of the users' lists.
Lists defined(const RatingSet& set, const std::vector<bool>& left_out, Table table) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (left_out.empty() || !left_out[i]) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return set.users[i]; });
  if (table == Table::Movies) std::ranges::stable_sort(order, {}, [&](std::size_t i) { return set.movies[i]; });
  const std::vector<std::int32_t>& own = table == Table::Users ? set.users : set.movies;
  const std::vector<std::int32_t>& other = table == Table::Users ? set.movies : set.users;
  Lists out;
  out.begins.assign((table == Table::Users ? set.user_count() : set.movie_count()) + 1, 0);
  for (const std::size_t i : order) {
    ++out.begins[static_cast<std::size_t>(own[i]) + 1];
    out.ids.push_back(other[i]);
    out.values.push_back(set.ratings[i]);
  }
  std::partial_sum(out.begins.begin(), out.begins.end(), out.begins.begin());
  return out;
}

/// Marks every `step`-th rating; 0: none.
std::vector<bool> every(std::size_t step, std::size_t count) {
  std::vector<bool> marks(step == 0 ? 0 : count, false);
  for (std::size_t i = 0; step > 0 && i < count; i += step) marks[i] = true;
  return marks;
}

}  // namespace

class TestRatingLists : public QObject {
  Q_OBJECT

 private slots:
  void listsAreASortThatKeepsTheOrder_data() {
    QTest::addColumn<std::uint32_t>("users");
    QTest::addColumn<std::size_t>("different");
    QTest::addColumn<std::size_t>("leftOut");
    QTest::addColumn<std::size_t>("bucketRatings");
    constexpr std::size_t one_bucket = 1U << 17;
    QTest::newRow("one bucket") << 300U << std::size_t{10} << std::size_t{0} << one_bucket;
    QTest::newRow("some buckets") << 300U << std::size_t{10} << std::size_t{0} << std::size_t{4000};
    QTest::newRow("a bucket for each user") << 300U << std::size_t{10} << std::size_t{0} << std::size_t{1};
    QTest::newRow("as many users as a bucket has") << 256U << std::size_t{10} << std::size_t{0} << std::size_t{5000};
    QTest::newRow("one rating") << 300U << std::size_t{1} << std::size_t{0} << std::size_t{500};
    QTest::newRow("16 ratings") << 300U << std::size_t{16} << std::size_t{0} << std::size_t{500};
    QTest::newRow("17 ratings") << 300U << std::size_t{17} << std::size_t{0} << std::size_t{500};
    QTest::newRow("256 ratings") << 300U << std::size_t{256} << std::size_t{0} << std::size_t{500};
    QTest::newRow("257 ratings") << 300U << std::size_t{257} << std::size_t{0} << std::size_t{500};
    QTest::newRow("some left out") << 300U << std::size_t{10} << std::size_t{7} << std::size_t{500};
    QTest::newRow("some of many ratings left out") << 300U << std::size_t{2000} << std::size_t{7} << std::size_t{500};
    QTest::newRow("all left out") << 300U << std::size_t{10} << std::size_t{1} << std::size_t{500};
    QTest::newRow("places of 16 bits") << 70'000U << std::size_t{10} << std::size_t{7} << one_bucket;
    QTest::newRow("more users than two full buckets") << 140'000U << std::size_t{10} << std::size_t{7} << one_bucket;
    QTest::newRow("many users in many buckets") << 70'000U << std::size_t{300} << std::size_t{7} << std::size_t{100};
  }
  void listsAreASortThatKeepsTheOrder() {
    QFETCH(std::uint32_t, users);
    QFETCH(std::size_t, different);
    QFETCH(std::size_t, leftOut);
    QFETCH(std::size_t, bucketRatings);
    const RatingSet set = make_set(users, 50, 40'000, different);
    const std::vector<bool> left_out = every(leftOut, set.size());
    ThreadPool pool(2);
    const RatingLists lists(set, left_out, pool, bucketRatings);
    for (const Table table : {Table::Users, Table::Movies}) {
      const Lists expected = defined(set, left_out, table);
      QCOMPARE(lists.size(), expected.ids.size());
      const Lists found = read(lists, table);
      QCOMPARE(found.begins, expected.begins);
      QCOMPARE(found.ids, expected.ids);
      QCOMPARE(found.values, expected.values);
    }
  }

  void threadsAndBucketsChangeNothing_data() {
    QTest::addColumn<std::size_t>("different");
    QTest::newRow("few different ratings") << std::size_t{10};
    QTest::newRow("many different ratings") << std::size_t{300};
  }
  void threadsAndBucketsChangeNothing() {
    QFETCH(std::size_t, different);
    const RatingSet set = make_set(300, 50, 40'000, different);
    const std::vector<bool> left_out = every(7, set.size());
    ThreadPool one(1);
    const RatingLists expected(set, left_out, one);
    for (const unsigned threads : {1U, 2U, 3U, 5U}) {
      ThreadPool pool(threads);
      for (const std::size_t bucket : {1U, 500U, 10'000U}) {
        const RatingLists lists(set, left_out, pool, bucket);
        QCOMPARE(lists.size(), expected.size());
        QVERIFY(lists.mean() == expected.mean());
        for (const Table table : {Table::Users, Table::Movies}) {
          const Lists a = read(lists, table);
          const Lists b = read(expected, table);
          QCOMPARE(a.begins, b.begins);
          QCOMPARE(a.ids, b.ids);
          QCOMPARE(a.values, b.values);
          for (std::size_t row = 0; row < lists.rows(table); ++row) {
            QVERIFY(lists.partner_count(table, row) == expected.partner_count(table, row));
          }
        }
      }
    }
  }

  void biasesOfTheOtherSideAreTakenOff_data() { threadsAndBucketsChangeNothing_data(); }
  void biasesOfTheOtherSideAreTakenOff() {
    QFETCH(std::size_t, different);
    const RatingSet set = make_set(300, 50, 3000, different);
    ThreadPool pool(1);
    const RatingLists lists(set, {}, pool);
    for (const Table table : {Table::Users, Table::Movies}) {
      std::vector<float> bias(lists.rows(table == Table::Users ? Table::Movies : Table::Users));
      std::iota(bias.begin(), bias.end(), 0.5F);
      Lists expected = read(lists, table);
      for (std::size_t i = 0; i < expected.ids.size(); ++i) {
        expected.values[i] -= bias[static_cast<std::size_t>(expected.ids[i])];
      }
      QCOMPARE(read(lists, table, bias).values, expected.values);
    }
  }

  void zeroAndMinusZeroAreOneRating() {
    RatingSet set = make_set(30, 20, 3000, 256);
    for (std::size_t i = 0; i < set.size(); i += 512) set.ratings[i] = -0.0F;
    ThreadPool pool(1);
    const RatingLists lists(set, {}, pool);
    QCOMPARE(read(lists, Table::Users).values, defined(set, {}, Table::Users).values);
  }

  void countsAreThoseOfTheLists_data() {
    QTest::addColumn<std::size_t>("leftOut");
    QTest::newRow("all") << std::size_t{0};
    QTest::newRow("some left out") << std::size_t{7};
    QTest::newRow("all left out") << std::size_t{1};
  }
  void countsAreThoseOfTheLists() {
    QFETCH(std::size_t, leftOut);
    const RatingSet set = make_set(9000, 20, 20'000, 10);
    const std::vector<bool> left_out = every(leftOut, set.size());
    ThreadPool pool(2);
    const RatingLists lists(set, left_out, pool, 500);
    for (const Table table : {Table::Users, Table::Movies}) {
      const Lists expected = defined(set, left_out, table);
      std::map<std::size_t, std::size_t> groups;
      for (std::size_t row = 0; row < lists.rows(table); ++row) {
        const std::size_t n = expected.begins[row + 1] - expected.begins[row];
        QCOMPARE(lists.count(table, row), n);
        if (n > 0) ++groups[n];
      }
      std::map<std::size_t, std::size_t> found;
      for (const RatingLists::CountGroup& group : lists.count_groups(table)) found[group.ratings] = group.rows;
      QVERIFY(found == groups);
      QVERIFY(std::ranges::is_sorted(lists.count_groups(table), {}, &RatingLists::CountGroup::ratings));
      QCOMPARE(lists.rows_with_one_rating(table), groups.contains(1) ? groups[1] : 0);
      std::size_t with = 0;
      for (const auto& [n, rows] : groups) with += rows;
      QCOMPARE(lists.rows_with_ratings(table), with);
      const double sum = std::accumulate(expected.values.begin(), expected.values.end(), 0.0);
      const double mean = sum / std::max<double>(static_cast<double>(expected.values.size()), 1);
      QVERIFY(std::abs(lists.mean() - mean) < 1e-9);
    }
  }

  // Of rows with few ratings, all partners; of movies, which have about a thousand here, 256 of them.
  void partnersAreAHarmonicMean() {
    const RatingSet set = make_set(9000, 20, 20'000, 10);
    ThreadPool pool(2);
    const RatingLists lists(set, {}, pool);
    for (const Table table : {Table::Users, Table::Movies}) {
      const Table other = table == Table::Users ? Table::Movies : Table::Users;
      const Lists all = read(lists, table);
      for (std::size_t row = 0; row < lists.rows(table); ++row) {
        const std::size_t count = lists.count(table, row);
        const std::size_t n = std::min<std::size_t>(count, 256);
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
          const auto partner = static_cast<std::size_t>(all.ids[all.begins[row] + i * count / n]);
          sum += 1.0 / static_cast<double>(lists.count(other, partner));
        }
        const double expected = n > 0 ? static_cast<double>(n) / sum : 1;
        QVERIFY(std::abs(lists.partner_count(table, row) / expected - 1) < 1e-5);
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestRatingLists)
#include "test_rating_lists.moc"
