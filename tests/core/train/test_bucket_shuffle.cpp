#include <QTest>

#include <algorithm>
#include <map>
#include <vector>

#include "core/train/bucket_shuffle.h"

using namespace rowlight;

namespace {

/// Ratings that are told apart by their user.
std::vector<PackedRating> numbered(std::size_t n) {
  std::vector<PackedRating> ratings(n);
  for (std::size_t i = 0; i < n; ++i) ratings[i] = {static_cast<std::int32_t>(i), 7, 3.5F};
  return ratings;
}

std::vector<std::int32_t> users_of(const std::vector<PackedRating>& ratings) {
  std::vector<std::int32_t> users(ratings.size());
  std::ranges::transform(ratings, users.begin(), [](const PackedRating& rating) { return rating.user; });
  return users;
}

std::vector<std::int32_t> shuffled(BucketShuffle& shuffle, std::size_t n, std::uint64_t seed, std::size_t places) {
  const std::vector<PackedRating> from = numbered(n);
  std::vector<PackedRating> to(n);
  shuffle.begin(Random(seed));
  for (std::size_t done = 0; done < n; done += places) shuffle.go_on(places, from, to);
  return shuffle.done() ? users_of(to) : std::vector<std::int32_t>{};
}

/// The same, as it is defined.
std::vector<std::int32_t> defined(std::size_t n, std::uint64_t seed, std::size_t buckets) {
  Random random(seed);
  std::vector<std::vector<std::int32_t>> dealt(buckets);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i % 4 == 0) bits = random.next();
    dealt[(bits >> (i % 4 * 16)) % buckets].push_back(static_cast<std::int32_t>(i));
  }
  std::vector<std::int32_t> all;
  for (std::vector<std::int32_t>& bucket : dealt) {
    random.shuffle(std::span(bucket));
    all.insert(all.end(), bucket.begin(), bucket.end());
  }
  return all;
}

}  // namespace

class TestBucketShuffle : public QObject {
  Q_OBJECT

 private slots:
  void isTheSameHoweverItIsCut_data() {
    QTest::addColumn<std::size_t>("size");
    QTest::addColumn<std::size_t>("bucketSize");
    QTest::addColumn<std::size_t>("buckets");
    QTest::newRow("one rating") << std::size_t{1} << std::size_t{100} << std::size_t{1};
    QTest::newRow("one bucket") << std::size_t{100} << std::size_t{100} << std::size_t{1};
    QTest::newRow("a second bucket") << std::size_t{101} << std::size_t{100} << std::size_t{2};
    QTest::newRow("some buckets") << std::size_t{1003} << std::size_t{150} << std::size_t{8};
    QTest::newRow("buckets that stay empty") << std::size_t{30} << std::size_t{1} << std::size_t{32};
    QTest::newRow("no more buckets than there are numbers for")
        << std::size_t{70'001} << std::size_t{1} << std::size_t{65'536};
  }
  void isTheSameHoweverItIsCut() {
    QFETCH(std::size_t, size);
    QFETCH(std::size_t, bucketSize);
    QFETCH(std::size_t, buckets);
    BucketShuffle shuffle(size, bucketSize);
    const std::vector<std::int32_t> expected = defined(size, 3, buckets);
    for (const std::size_t places : {size, (size + 1) / 2, std::max<std::size_t>(size / 7, 1), 2 * size}) {
      QCOMPARE(shuffled(shuffle, size, 3, places), expected);
    }
    std::vector<std::int32_t> sorted = expected;
    std::ranges::sort(sorted);
    QCOMPARE(sorted, users_of(numbered(size)));
  }

  void beginsAnewAfterAnyPart() {
    constexpr std::size_t size = 1000;
    const std::vector<PackedRating> from = numbered(size);
    std::vector<PackedRating> to(size);
    BucketShuffle shuffle(size, 100);
    for (const std::size_t places : {100U, 400U, 700U, 1000U}) {  // in each of its passes, and after the last
      shuffle.begin(Random(1));
      shuffle.go_on(places, from, to);
      QCOMPARE(shuffle.done(), places == size);
      QCOMPARE(shuffled(shuffle, size, 2, 130), defined(size, 2, 16));
    }
  }

  // All orders of four ratings come equally often, whatever the buckets.
  void isUniform_data() {
    QTest::addColumn<std::size_t>("bucketSize");
    for (const std::size_t size : {1U, 2U, 4U}) QTest::addRow("buckets of %zu", size) << size;
  }
  void isUniform() {
    QFETCH(std::size_t, bucketSize);
    constexpr int runs = 24'000;
    std::map<std::vector<std::int32_t>, int> times;
    BucketShuffle shuffle(4, bucketSize);
    for (int seed = 0; seed < runs; ++seed) ++times[shuffled(shuffle, 4, static_cast<std::uint64_t>(seed), 4)];
    QCOMPARE(times.size(), std::size_t{24});
    double chi_squared = 0;
    for (const auto& [order, count] : times) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
    QVERIFY2(chi_squared < 49.7, qPrintable(QString::number(chi_squared)));  // 23 degrees of freedom: one in a thousand
  }
};

QTEST_APPLESS_MAIN(TestBucketShuffle)
#include "test_bucket_shuffle.moc"
