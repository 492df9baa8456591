#include <QTest>

#include <algorithm>
#include <vector>

#include "core/base/random.h"
#include "core/model/pair_split.h"

using namespace rowlight;

namespace {

using Ids = std::vector<std::int32_t>;

struct Split {
  Ids places;
  Ids users;
  Ids movies;
  std::size_t pairs = 0;
};

Split split(PairSplitter& splitter, const Ids& users, const Ids& movies) {
  const std::vector<float> ratings(users.size(), 3);
  Split s{Ids(users.size()), Ids(users.size()), Ids(users.size())};
  s.pairs = splitter.split({users, movies, ratings}, s.places, s.users, s.movies);
  return s;
}

/// The same as it is defined.
Ids defined_places(const Ids& users, const Ids& movies, std::size_t& pairs) {
  Ids places;
  Ids others;
  for (std::size_t b = 0; b < users.size(); ++b) {
    const bool pair = std::ranges::count(users, users[b]) == 1 && std::ranges::count(movies, movies[b]) == 1;
    (pair ? places : others).push_back(static_cast<std::int32_t>(b));
  }
  pairs = places.size();
  places.insert(places.end(), others.begin(), others.end());
  return places;
}

}  // namespace

class TestPairSplit : public QObject {
  Q_OBJECT

 private slots:
  void batchesAreTakenApart_data() {
    QTest::addColumn<Ids>("users");
    QTest::addColumn<Ids>("movies");
    QTest::newRow("one") << Ids{4} << Ids{2};
    QTest::newRow("nothing repeats") << Ids{3, 1, 2} << Ids{0, 5, 6};
    QTest::newRow("a user repeats") << Ids{3, 1, 3, 2} << Ids{0, 5, 6, 4};
    QTest::newRow("a movie repeats") << Ids{3, 1, 4, 2} << Ids{6, 5, 4, 6};
    QTest::newRow("one is a pair beside both kinds") << Ids{3, 3, 1, 2, 4} << Ids{0, 1, 5, 6, 5};
    QTest::newRow("all are alike") << Ids{7, 7, 7} << Ids{6, 6, 6};
  }
  void batchesAreTakenApart() {
    QFETCH(Ids, users);
    QFETCH(Ids, movies);
    PairSplitter splitter(8, 7, 5);
    for (int round = 0; round < 2; ++round) {  // the second finds what the first left
      const Split got = split(splitter, users, movies);
      std::size_t pairs = 0;
      QCOMPARE(got.places, defined_places(users, movies, pairs));
      QCOMPARE(got.pairs, pairs);
      for (std::size_t i = 0; i < users.size(); ++i) {
        QCOMPARE(got.users[i], users[static_cast<std::size_t>(got.places[i])]);
        QCOMPARE(got.movies[i], movies[static_cast<std::size_t>(got.places[i])]);
      }
    }
  }

  void oneBatchDoesNotCountInTheNext() {
    PairSplitter splitter(300, 300, 64);
    Random random(1);
    for (int batch = 0; batch < 20; ++batch) {
      Ids users(64);
      Ids movies(64);
      for (auto& id : users) id = static_cast<std::int32_t>(random.below(300));
      for (auto& id : movies) id = static_cast<std::int32_t>(random.below(300));
      std::size_t pairs = 0;
      const Ids places = defined_places(users, movies, pairs);
      QVERIFY(pairs > 0 && pairs < 64);
      const Split got = split(splitter, users, movies);
      QCOMPARE(got.places, places);
      QCOMPARE(got.pairs, pairs);
    }
  }

  void aRowMayOccurMoreOftenThanACounterOfAByteHolds() {
    const std::size_t n = 257;
    PairSplitter splitter(2, n, n);
    Ids users(n, 1);
    Ids movies(n);
    for (std::size_t i = 0; i < n; ++i) movies[i] = static_cast<std::int32_t>(i);
    QCOMPARE(split(splitter, users, movies).pairs, std::size_t{0});
  }
};

QTEST_APPLESS_MAIN(TestPairSplit)
#include "test_pair_split.moc"
