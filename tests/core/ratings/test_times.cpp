#include <QTest>

#include <cstdint>
#include <vector>

#include "core/ratings/rating_set.h"

using namespace rowlight;

namespace {

constexpr std::int64_t far_times[] = {-1, std::int64_t{1} << 32U, (std::int64_t{1} << 32U) - 1, -4'000'000'000'000,
                                      14'000'000'000'000};

/// Every seventh one does not fit into 32 bits.
std::vector<std::int64_t> some_times(std::size_t count) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < count; ++i) {
    times.push_back(i % 7 == 3 ? far_times[i / 7 % 5] : static_cast<std::int64_t>(i) * 40'000'000 % 4'000'000'000);
  }
  return times;
}

std::vector<std::int64_t> read(const Times& times) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < times.size(); ++i) all.push_back(times[i]);
  return all;
}

}  // namespace

class TestTimes : public QObject {
  Q_OBJECT

 private slots:
  void allTimesComeBack() {
    const std::vector<std::int64_t> expected = some_times(300);
    Times times;
    times.reserve(50);
    for (std::size_t i = 0; i < expected.size(); i += 60) times.append(std::span(expected).subspan(i, 60));
    QCOMPARE(read(times), expected);
  }

  void theKeptOnesStayInTheirOrder() {
    const std::vector<std::int64_t> all = some_times(300);
    Times times;
    times.append(all);
    std::vector<std::uint64_t> kept(5);
    std::vector<std::int64_t> expected;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i * i % 5 == 1 || (i > 128 && i < 192)) continue;  // one word without any
      kept[i / 64] |= std::uint64_t{1} << (i % 64);
      expected.push_back(all[i]);
    }
    times.keep(kept, [&](std::vector<std::uint32_t>& near) {
      std::size_t left = 0;
      for (std::size_t i = 0; i < near.size(); ++i) {
        if ((kept[i / 64] >> (i % 64) & 1U) != 0) near[left++] = near[i];
      }
      near.resize(left);
    });
    QCOMPARE(read(times), expected);
  }
};

QTEST_APPLESS_MAIN(TestTimes)
#include "test_times.moc"
