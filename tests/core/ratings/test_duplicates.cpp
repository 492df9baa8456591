#include <QTest>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/thread_pool.h"
#include "core/ratings/duplicates.h"

using namespace rowlight;

namespace {

// `rows` ratings of `users` users and `items` items; not every id need occur.
RatingSet random_set(std::size_t rows, std::uint32_t users, std::uint32_t items, bool times, std::uint64_t seed) {
  RatingSet set;
  for (std::uint32_t u = 0; u < users; ++u) set.user_ids.add(std::to_string(u));
  for (std::uint32_t i = 0; i < items; ++i) set.movie_ids.add(std::to_string(i));
  Random random(seed);
  for (std::size_t row = 0; row < rows; ++row) {
    set.users.push_back(static_cast<std::int32_t>(random.below(users)));
    set.movies.push_back(static_cast<std::int32_t>(random.below(items)));
    set.ratings.push_back(static_cast<float>(random.below(10)) / 2);
    if (times) set.times.push_back(static_cast<std::int64_t>(row) * 7);
  }
  return set;
}

/// The same with a map of all rows of each pair.
struct Naive {
  std::vector<std::size_t> kept;
  std::vector<float> ratings;  // of the kept rows
  DuplicateCounts counts;

  Naive(const RatingSet& set, Duplicates how) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::vector<std::size_t>> rows_of;
    for (std::size_t row = 0; row < set.size(); ++row) {
      std::vector<std::size_t>& rows = rows_of[{set.users[row], set.movies[row]}];
      if (!rows.empty()) {
        ++counts.duplicates;
        counts.conflicts += set.ratings[rows.back()] != set.ratings[row] ? 1 : 0;
        if (!counts.first) counts.first = static_cast<std::int32_t>(row);
      }
      rows.push_back(row);
    }
    std::map<std::size_t, float> stays;
    for (const auto& [pair, rows] : rows_of) {
      double sum = 0;
      for (const std::size_t row : rows) sum += double{set.ratings[row]};
      switch (how) {
        case Duplicates::KeepLast: stays[rows.back()] = set.ratings[rows.back()]; break;
        case Duplicates::KeepFirst: stays[rows.front()] = set.ratings[rows.front()]; break;
        case Duplicates::Mean:
          stays[rows.back()] =
              rows.size() == 1 ? set.ratings[rows.back()] : static_cast<float>(sum / static_cast<double>(rows.size()));
          break;
        case Duplicates::KeepAll:
        case Duplicates::Fail:
          for (const std::size_t row : rows) stays[row] = set.ratings[row];
      }
    }
    for (const auto& [row, rating] : stays) {
      kept.push_back(row);
      ratings.push_back(rating);
    }
  }
};

}  // namespace

class TestDuplicates : public QObject {
  Q_OBJECT

 private slots:
  void likeAMapOfAllPairs_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("users");
    QTest::addColumn<int>("items");
    QTest::addColumn<double>("factor");  // of the ratings
    QTest::newRow("one") << 1 << 1 << 1 << 1.0;
    QTest::newRow("one pair") << 1000 << 1 << 1 << 1.0;
    QTest::newRow("one user") << 20000 << 1 << 5000 << 1.0;
    QTest::newRow("one item") << 20000 << 5000 << 1 << 1.0;
    QTest::newRow("many repeats") << 30000 << 100 << 50 << 1.0;
    // Half stars are compared by codes, these are not.
    QTest::newRow("thirds") << 30000 << 100 << 50 << 1 / 3.0;
    QTest::newRow("large ratings") << 30000 << 100 << 50 << 1000.0;
    QTest::newRow("negative ratings") << 30000 << 100 << 50 << -1.0;
    QTest::newRow("few repeats") << 30000 << 3000 << 3000 << 1.0;
    QTest::newRow("some pieces of rows") << 300000 << 700 << 900 << 1.0;
    QTest::newRow("one user in several passes") << 550000 << 1 << 200000 << 1.0;
    QTest::newRow("more repeats than fit into one block") << 200000 << 1 << 3 << 1.0;
    // A user's number and a movie do not fit into 32 bits: the users are read from the rows.
    QTest::newRow("very many ids") << 150000 << 1500000 << 1500000 << 1.0;
  }
  void likeAMapOfAllPairs() {
    QFETCH(int, rows);
    QFETCH(int, users);
    QFETCH(int, items);
    QFETCH(double, factor);
    const bool large = rows > 100000 || users > 100000;
    for (const bool times : {true, false}) {
      if (large && !times) continue;
      RatingSet before = random_set(static_cast<std::size_t>(rows), static_cast<std::uint32_t>(users),
                                    static_cast<std::uint32_t>(items), times, 3);
      for (float& rating : before.ratings) rating *= static_cast<float>(factor);
      if (users > 1'000'000) {  // or there would be no repeats
        for (std::size_t row = 1; row < before.size(); row += 3) {
          before.users[row] = before.users[row / 2];
          before.movies[row] = before.movies[row / 2];
        }
      }
      for (const auto how :
           {Duplicates::KeepLast, Duplicates::KeepFirst, Duplicates::Mean, Duplicates::KeepAll, Duplicates::Fail}) {
        if (rows > 500000 && how != Duplicates::KeepLast && how != Duplicates::Mean) continue;  // it takes long
        const Naive expected(before, how);
        for (const unsigned threads : {1U, 2U}) {
          RatingSet set = before;
          ThreadPool pool(threads);
          const auto counts = settle_duplicates(set, how, pool, nullptr);
          QVERIFY(counts);
          QCOMPARE(counts->duplicates, expected.counts.duplicates);
          QCOMPARE(counts->conflicts, expected.counts.conflicts);
          QVERIFY(counts->first == expected.counts.first);
          QCOMPARE(set.size(), expected.kept.size());
          QVERIFY(set.ratings == expected.ratings);
          QCOMPARE(set.times.size(), times ? set.size() : std::size_t{0});
          bool same = true;
          for (std::size_t i = 0; i < set.size(); ++i) {
            const std::size_t row = expected.kept[i];
            same = same && set.users[i] == before.users[row] && set.movies[i] == before.movies[row] &&
                   (!times || set.times[i] == before.times[row]);
          }
          QVERIFY2(same, "the rows that stay keep their order");
        }
      }
    }
  }

  void whatIsDoneBesideIsDoneOnce() {
    for (const unsigned threads : {1U, 2U}) {
      RatingSet set = random_set(1000, 10, 10, false, 1);
      ThreadPool pool(threads);
      int calls = 0;
      QVERIFY(settle_duplicates(set, Duplicates::KeepLast, pool, nullptr, [&] { ++calls; }));
      QCOMPARE(calls, 1);
    }
  }

  void aCancelledSettlementSaysSo() {
    RatingSet set = random_set(1000, 10, 10, false, 1);
    ThreadPool pool(2);
    const std::atomic<bool> cancel{true};
    const auto counts = settle_duplicates(set, Duplicates::KeepLast, pool, &cancel);
    QVERIFY(!counts);
    QCOMPARE(counts.error().kind, ErrorKind::Cancelled);
  }
};

QTEST_APPLESS_MAIN(TestDuplicates)
#include "test_duplicates.moc"
