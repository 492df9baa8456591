#include <QTest>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/train/drawn_ratings.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;

namespace {

constexpr double share = 0.2;
constexpr std::uint64_t seed = 7;
constexpr int users = 300;
constexpr int movies = 200;

TrainingOrder order_of(const RatingSet& ratings, std::size_t most_packed) {
  return {ratings, split_randomly(ratings.size(), share, seed).training, share, seed, most_packed};
}

/// The whole epoch, drawn at once.
struct Epoch {
  std::vector<std::int32_t> users;
  std::vector<std::int32_t> movies;
  std::vector<float> ratings;

  Epoch(TrainingOrder& order, int epoch) : users(order.size()), movies(order.size()), ratings(order.size()) {
    order.begin(epoch);
    order.draw(0, users, movies, ratings);
  }
  [[nodiscard]] simd::RatingColumns columns(std::size_t first, std::size_t n) const {
    return {std::span(users).subspan(first, n), std::span(movies).subspan(first, n),
            std::span(ratings).subspan(first, n)};
  }
};

bool same(const simd::RatingColumns& a, const simd::RatingColumns& b) {
  return std::ranges::equal(a.users, b.users) && std::ranges::equal(a.movies, b.movies) &&
         std::ranges::equal(a.ratings, b.ratings);
}

/// Whether `split` is that of `batch`.
bool is_split(const PairSplit& split, const simd::RatingColumns& batch) {
  const std::size_t n = batch.users.size();
  std::vector<std::int32_t> columns[3] = {std::vector<std::int32_t>(n), std::vector<std::int32_t>(n),
                                          std::vector<std::int32_t>(n)};
  const std::size_t pairs = PairSplitter(users, movies, n).split(batch, columns[0], columns[1], columns[2]);
  return split.pairs == pairs && std::ranges::equal(split.places, columns[0]) &&
         std::ranges::equal(split.users, columns[1]) && std::ranges::equal(split.movies, columns[2]);
}

}  // namespace

class TestDrawnRatings : public QObject {
  Q_OBJECT

 private slots:
  void batchesAreThoseOfTheOrder_data() {
    QTest::addColumn<unsigned>("threads");
    QTest::addColumn<std::size_t>("batch");
    QTest::addColumn<std::size_t>("mostPacked");
    QTest::addColumn<bool>("oneByOne");
    for (const unsigned threads : {1U, 2U, 5U}) {
      // 40,000 train: several stretches drawn together, batches drawn alone, one batch; each with a shorter last one.
      for (const std::size_t batch : {64U, 700U, 3000U, 9000U, 40'000U}) {
        for (const bool one_by_one : {false, true}) {
          const char* how = one_by_one ? ", one by one" : "";
          QTest::addRow("%u threads, batches of %zu%s, packed", threads, batch, how)
              << threads << batch << SIZE_MAX << one_by_one;
          QTest::addRow("%u threads, batches of %zu%s, in columns", threads, batch, how)
              << threads << batch << std::size_t{0} << one_by_one;
        }
      }
    }
  }
  void batchesAreThoseOfTheOrder() {
    QFETCH(unsigned, threads);
    QFETCH(std::size_t, batch);
    QFETCH(std::size_t, mostPacked);
    QFETCH(bool, oneByOne);
    const auto ratings = make_ratings(users, movies, 50'000, 1);
    TrainingOrder order = order_of(*ratings, mostPacked);
    TrainingOrder defined = order_of(*ratings, mostPacked);
    QCOMPARE(order.size(), std::size_t{40'000});
    const bool splits = batch <= 1000;
    ThreadPool pool(threads);
    DrawnRatings drawn(order, {users, movies, 5, true, false, {}, batch}, {splits, oneByOne}, pool);
    for (const int epoch : {0, 1, 2}) {
      drawn.discard();
      order.begin(epoch, epoch == 2);
      const Epoch expected(defined, epoch);
      for (std::size_t first = 0; first < order.size(); first += batch) {
        const std::size_t n = std::min(batch, order.size() - first);
        const simd::RatingColumns columns = drawn.take(first, n);
        QVERIFY(same(columns, expected.columns(first, n)));
        QVERIFY(same(drawn.take(first, n), columns));  // once more
        const simd::RatingColumns coming = drawn.coming(n);
        QVERIFY(coming.users.size() <= n);
        QVERIFY(same(coming, expected.columns(first + n, coming.users.size())));
        QCOMPARE(drawn.split().has_value(), splits);
        if (first / batch % 4 < 3) drawn.draw_ahead();
        if (splits && first / batch % 5 == 0) QVERIFY(is_split(*drawn.split(), columns));
        if (first / batch % 4 == 1) drawn.draw_ahead();  // once more
        const auto piece = [](std::size_t) {};
        pool.parallel(3, std::cref(piece));  // what a batch does meanwhile
      }
    }
  }

  void anEpochMayBeLeftAndBatchesMayBeTakenInAnyOrder_data() {
    QTest::addColumn<unsigned>("threads");
    QTest::addColumn<bool>("oneByOne");
    for (const unsigned threads : {1U, 2U}) {
      QTest::addRow("%u threads", threads) << threads << false;
      QTest::addRow("%u threads, one by one", threads) << threads << true;
    }
  }
  void anEpochMayBeLeftAndBatchesMayBeTakenInAnyOrder() {
    QFETCH(unsigned, threads);
    QFETCH(bool, oneByOne);
    constexpr std::size_t batch = 100;
    const auto ratings = make_ratings(users, movies, 50'000, 1);
    TrainingOrder order = order_of(*ratings, SIZE_MAX);
    TrainingOrder defined = order_of(*ratings, SIZE_MAX);
    ThreadPool pool(threads);
    DrawnRatings drawn(order, {users, movies, 5, true, false, {}, batch}, {true, oneByOne}, pool);
    for (const int epoch : {3, 0, 1}) {
      drawn.discard();
      order.begin(epoch);
      const Epoch expected(defined, epoch);
      for (const std::size_t first : {20'000U, 28'100U, 0U, 100U, 8100U, 39'900U}) {
        QVERIFY(same(drawn.take(first, batch), expected.columns(first, batch)));
        drawn.draw_ahead();
        QVERIFY(is_split(*drawn.split(), expected.columns(first, batch)));
      }
      drawn.take(0, batch);
      drawn.draw_ahead();  // what is drawn ahead is left to discard(), and to the end
    }
  }
};

QTEST_APPLESS_MAIN(TestDrawnRatings)
#include "test_drawn_ratings.moc"
