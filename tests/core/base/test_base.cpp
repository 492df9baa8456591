#include <QTest>

#include <cmath>
#include <numeric>
#include <vector>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/random.h"

using namespace rowlight;

class TestBase : public QObject {
  Q_OBJECT

 private slots:
  void errorNamesFileLineAndColumn() {
    Error error{ErrorKind::BadInput, "found 'x'", "expected a number", "u.data", 3, 7};
    QCOMPARE(error.message(), std::string("u.data:3:7: found 'x'; expected a number"));
    QCOMPARE(error.exit_code(), 3);
    error.line = 0;
    QCOMPARE(error.message(), std::string("u.data: found 'x'; expected a number"));
  }

  void matrixRowsAreAlignedAndPaddedWithZeros() {
    Matrix m(3, 50);
    QCOMPARE(m.stride(), std::size_t{64});
    QCOMPARE(reinterpret_cast<std::uintptr_t>(m.data()) % 64, std::uintptr_t{0});
    for (float x : m.view().flat()) QCOMPARE(x, 0.0F);
    Matrix scalars(5, 1);
    QCOMPARE(scalars.stride(), std::size_t{1});
  }

  void matrixCopiesAreIndependent() {
    Matrix a(2, 3);
    a(1, 2) = 5;
    Matrix b = a;
    b(1, 2) = 7;
    QCOMPARE(a(1, 2), 5.0F);
    a = b;
    QCOMPARE(a(1, 2), 7.0F);
    a = Matrix(4, 4);
    QCOMPARE(a.rows(), std::size_t{4});
  }

  void randomNumbersArePinned() {
    // The generator is part of the file format of results: a change of these numbers changes every seeded run.
    Random random(1);
    const std::uint64_t first = random.next();
    Random again(1);
    QCOMPARE(again.next(), first);
    QVERIFY(Random(2).next() != first);
    QVERIFY(Random(1, 1).next() != first);
    QVERIFY(Random(3, 5).next() != Random(5, 3).next());
    QVERIFY(Random(7, 7).next() != 0);
    QVERIFY(Random(0).next() != 0);
  }

  void normalHasItsMoments() {
    Random random(5);
    double sum = 0;
    double squares = 0;
    const int n = 200000;
    for (int i = 0; i < n; ++i) {
      const double x = random.normal();
      sum += x;
      squares += x * x;
    }
    QVERIFY(std::abs(sum / n) < 0.01);
    QVERIFY(std::abs(squares / n - 1) < 0.02);
  }

  void truncatedNormalStaysWithinTwoDeviations() {
    Random random(6);
    for (int i = 0; i < 10000; ++i) QVERIFY(std::abs(random.truncated_normal(0.01)) <= 0.0201F);
  }

  void belowIsUniformAndBounded() {
    Random random(7);
    std::vector<int> hits(5, 0);
    for (int i = 0; i < 50000; ++i) ++hits.at(random.below(5));
    for (int h : hits) QVERIFY(std::abs(h - 10000) < 500);
  }

  void shuffleIsFisherAndYates() {
    for (const std::size_t n : {0U, 1U, 2U, 64U, 65U, 66U, 129U, 1000U}) {
      std::vector<int> values(n);
      std::iota(values.begin(), values.end(), 0);
      std::vector<int> expected = values;
      Random random(9);
      Random same(9);
      random.shuffle(std::span<int>(values));
      for (std::size_t i = n; i > 1; --i) {
        std::swap(expected[i - 1], expected[same.below(static_cast<std::uint32_t>(i))]);
      }
      QCOMPARE(values, expected);
      QCOMPARE(random.next(), same.next());
    }
  }

  void shuffleIsAPermutation() {
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    Random(8).shuffle(std::span<int>(values));
    QVERIFY(!std::is_sorted(values.begin(), values.end()));
    std::sort(values.begin(), values.end());
    for (int i = 0; i < 100; ++i) QCOMPARE(values[static_cast<std::size_t>(i)], i);
  }
};

QTEST_APPLESS_MAIN(TestBase)
#include "test_base.moc"
