#include <QTest>

#include <algorithm>
#include <vector>

#include "core/train/training_order.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::make_ratings;

namespace {

constexpr double share = 0.2;
constexpr std::uint64_t seed = 7;
constexpr std::size_t all = SIZE_MAX;

/// The columns of one epoch, drawn in pieces.
struct Drawn {
  std::vector<std::int32_t> users;
  std::vector<std::int32_t> movies;
  std::vector<float> ratings;

  explicit Drawn(const TrainingOrder& order) : users(order.size()), movies(order.size()), ratings(order.size()) {
    constexpr std::size_t piece = 37;
    for (std::size_t first = 0; first < order.size(); first += piece) {
      const std::size_t n = std::min(piece, order.size() - first);
      order.draw(first, std::span(users).subspan(first, n), std::span(movies).subspan(first, n),
                 std::span(ratings).subspan(first, n));
    }
  }
  bool operator==(const Drawn&) const = default;
};

/// The order as it is defined: the split's, shuffled by the epoch's stream of the seed.
Drawn defined(const RatingSet& ratings, int epoch, bool packed) {
  std::vector<std::int32_t> positions = split_randomly(ratings.size(), share, seed).training;
  const Random random(seed, 1'000'000 + static_cast<std::uint64_t>(epoch));
  if (packed) {
    std::vector<PackedRating> from(positions.size());
    for (std::size_t i = 0; i < from.size(); ++i) from[i].user = positions[i];
    std::vector<PackedRating> to(from.size());
    BucketShuffle shuffle(from.size());
    shuffle.begin(random);
    shuffle.go_on(from.size(), from, to);
    std::ranges::transform(to, positions.begin(), [](const PackedRating& rating) { return rating.user; });
  } else {
    Random(random).shuffle(std::span(positions));
  }
  TrainingOrder given(ratings, std::vector<std::int64_t>(positions.begin(), positions.end()), positions.size());
  given.begin(0);
  return Drawn(given);
}

}  // namespace

class TestTrainingOrder : public QObject {
  Q_OBJECT

 private slots:
  void epochsAreTheSplitShuffled_data() {
    QTest::addColumn<std::size_t>("mostPacked");
    QTest::newRow("packed") << all;
    QTest::newRow("as many as may be packed") << std::size_t{801};
    QTest::newRow("one more than that") << std::size_t{800};
    QTest::newRow("in columns") << std::size_t{0};
  }
  void epochsAreTheSplitShuffled() {
    QFETCH(std::size_t, mostPacked);
    const auto ratings = make_ratings(20, 30, 1001, 1);
    TrainingOrder order(*ratings, split_randomly(ratings->size(), share, seed).training, share, seed, mostPacked);
    QCOMPARE(order.size(), std::size_t{801});
    for (const int epoch : {0, 1, 5, 0}) {  // in any order: each depends on its number alone
      order.begin(epoch);
      QVERIFY(Drawn(order) == defined(*ratings, epoch, mostPacked > 800));
    }
  }

  void shufflingAheadChangesNoOrder_data() { epochsAreTheSplitShuffled_data(); }
  void shufflingAheadChangesNoOrder() {
    QFETCH(std::size_t, mostPacked);
    const auto ratings = make_ratings(20, 30, 1001, 1);
    TrainingOrder order(*ratings, split_randomly(ratings->size(), share, seed).training, share, seed, mostPacked);
    const auto shuffle_ahead = [&](std::size_t places, int times) {
      for (int i = 0; i < times; ++i) order.shuffle_ahead(places);
    };
    shuffle_ahead(100, 3);  // not all of what begin(0) needs
    order.begin(0);
    QVERIFY(Drawn(order) == defined(*ratings, 0, mostPacked > 800));
    shuffle_ahead(100, 3);
    QVERIFY(Drawn(order) == defined(*ratings, 0, mostPacked > 800));  // the epoch under way stays as it is
    order.begin(1);
    QVERIFY(Drawn(order) == defined(*ratings, 1, mostPacked > 800));
    shuffle_ahead(300, 7);  // more than all
    order.begin(2);
    QVERIFY(Drawn(order) == defined(*ratings, 2, mostPacked > 800));
    shuffle_ahead(100, 3);
    order.begin(5);  // not the one that was expected
    QVERIFY(Drawn(order) == defined(*ratings, 5, mostPacked > 800));
    order.begin(6);
    QVERIFY(Drawn(order) == defined(*ratings, 6, mostPacked > 800));
  }

  void givenOrdersAreTaken() {
    const auto ratings = make_ratings(20, 30, 8, 1);
    const std::vector<std::int64_t> given = {3, 1, 7, 7, 3, 1};
    TrainingOrder order(*ratings, given, 3);
    for (const int epoch : {0, 1, 2}) {
      order.begin(epoch);
      order.shuffle_ahead(2);  // of which there is nothing to do
      const Drawn drawn(order);
      for (std::size_t i = 0; i < 3; ++i) {
        const auto position = static_cast<std::size_t>(given[static_cast<std::size_t>(epoch % 2) * 3 + i]);
        QCOMPARE(drawn.users[i], ratings->users[position]);
        QCOMPARE(drawn.movies[i], ratings->movies[position]);
        QCOMPARE(drawn.ratings[i], ratings->ratings[position]);
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestTrainingOrder)
#include "test_training_order.moc"
