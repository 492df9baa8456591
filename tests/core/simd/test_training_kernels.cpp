#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernel_table.h"
#include "core/simd/training_table.h"
#include "tests/support/random_arrays.h"

using namespace rowlight;
using namespace rowlight::simd;
using namespace rowlight::test;

namespace {

constexpr std::size_t widest = 16;  // floats in the widest vector
constexpr std::size_t table_rows = 41;

std::vector<float> squares_of(std::vector<float> values) {
  for (float& x : values) x *= x;
  return values;
}

/// The slots of `ids`, numbered by first appearance, and how many there are.
std::pair<std::vector<std::int32_t>, std::size_t> places_of(const std::vector<std::int32_t>& ids) {
  std::vector<std::int32_t> slot_of_id(table_rows, -1);
  std::vector<std::int32_t> places;
  std::int32_t count = 0;
  for (const std::int32_t id : ids) {
    std::int32_t& slot = slot_of_id[static_cast<std::size_t>(id)];
    if (slot < 0) slot = count++;
    places.push_back(slot);
  }
  return {places, static_cast<std::size_t>(count)};
}

/// What SlotGroups views: the positions of each slot of `places`, of which there are `count`.
struct Groups {
  std::vector<std::uint32_t> begins = {0};
  std::vector<std::int32_t> members;

  Groups(const std::vector<std::int32_t>& places, std::size_t count) {
    for (std::size_t slot = 0; slot < count; ++slot) {
      for (std::size_t b = 0; b < places.size(); ++b) {
        if (places[b] == static_cast<std::int32_t>(slot)) members.push_back(static_cast<std::int32_t>(b));
      }
      begins.push_back(static_cast<std::uint32_t>(members.size()));
    }
  }
};

std::vector<std::int32_t> distinct_rows(std::size_t n, std::uint64_t seed) {
  std::vector<std::int32_t> rows(table_rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int32_t>(i);
  Random(seed).shuffle(std::span(rows));
  rows.resize(n);
  return rows;
}

bool close(float a, float b, double scale) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::abs(double{a} - double{b}) <= 4e-6 * (scale + std::abs(double{b}));
}

bool close(const std::vector<float>& a, const std::vector<float>& b, double scale) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!close(a[i], b[i], scale)) return false;
  }
  return a.size() == b.size();
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// A table and two states with random numbers, `offset` floats behind an aligned address, and gradients.
struct Tables {
  std::size_t stride;
  std::size_t offset;
  std::vector<float> p = random_floats(table_rows * stride + offset, 1);
  std::vector<float> m = random_floats(table_rows * stride + offset, 2);
  std::vector<float> v = squares_of(random_floats(table_rows * stride + offset, 3));
  std::vector<float> grad = random_floats(table_rows * stride + offset, 4);

  Tables(std::size_t s, std::size_t o) : stride(s), offset(o) {}
  float* at(std::vector<float>& table) const { return table.data() + offset; }
  [[nodiscard]] MovedRows moved(const std::vector<std::int32_t>& rows) const {
    return {rows.data(), rows.size(), stride, stride, grad.data() + offset};
  }
};

AdamStep adam_step(float weight_decay) { return {0.99F, weight_decay, 0.9F, 0.1F, 0.99F, 0.01F, 0.05F, 2.5F, 1e-8F}; }

constexpr std::size_t strides[] = {1, 3, 16, 32, 48, 64, 80};

}  // namespace

// Every kernel on every target of this machine against its scalar twin, over numbers of rows from 0 to 2N + 1 and
// misaligned starts.
class TestTrainingKernels : public QObject {
  Q_OBJECT

  static void targets() {
    QTest::addColumn<int>("target");
    QTest::addColumn<std::size_t>("offset");
    for (const Target target : supported_targets()) {
      for (const std::size_t offset : {0U, 1U, 3U}) {
        QTest::addRow("%s +%zu", name_of(target).data(), offset) << static_cast<int>(target) << offset;
      }
    }
  }

  /// step(kernels, tables, rows) on the target and on its scalar twin; only the rows may differ from before.
  template <class Step>
  static void compare(const Step& step) {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    for (const std::size_t stride : strides) {
      for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
        const std::vector<std::int32_t> rows = distinct_rows(n, n + stride);
        const Tables before(stride, offset);
        Tables expected = before;
        Tables found = before;
        step(scalar_training(), expected, rows);
        step(kernels, found, rows);
        const QByteArray what = QString("%1 rows of %2").arg(n).arg(stride).toUtf8();
        QVERIFY2(close(found.p, expected.p, 1), what.constData());
        QVERIFY2(close(found.m, expected.m, 1), what.constData());
        QVERIFY2(close(found.v, expected.v, 1), what.constData());
        std::size_t moved = 0;
        for (std::size_t r = 0; r < table_rows; ++r) {
          const std::size_t at = offset + r * stride;
          if (std::memcmp(&found.p[at], &before.p[at], stride * sizeof(float)) != 0) ++moved;
        }
        QCOMPARE(moved, n);
      }
    }
  }

 private slots:
  void sigmoids_data() { targets(); }
  void sigmoids() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (std::size_t n = 0; n <= 2 * widest + 1; ++n) {
      std::vector<float> scores = random_floats(n + offset, n);
      for (float& x : scores) x *= 8;
      const float special[] = {0, -0.0F, infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 200, -200, -88};
      for (std::size_t i = 0; i < std::min<std::size_t>(8, n); ++i) scores[offset + n - 1 - i] = special[i];
      std::vector<float> s(n + offset);
      std::vector<float> p(n + offset);
      kernels.sigmoid_range(scores.data() + offset, n, 0.5F, 5.5F, s.data() + offset, p.data() + offset);
      for (std::size_t i = offset; i < n + offset; ++i) {
        const double exact = 1 / (1 + std::exp(-double{scores[i]}));
        if (std::isnan(scores[i])) {
          QVERIFY(std::isnan(s[i]) && std::isnan(p[i]));
          continue;
        }
        QVERIFY2(std::abs(s[i] - exact) <= 4e-7 * exact + 1e-38, qPrintable(QString::number(double{scores[i]})));
        QVERIFY(std::abs(p[i] - (exact * 5 + 0.5)) <= 2e-6);
      }
      // In place, and without the sigmoids: the same bits.
      kernels.sigmoid_range(scores.data() + offset, n, 0.5F, 5.5F, nullptr, scores.data() + offset);
      QVERIFY(n == 0 || std::memcmp(scores.data() + offset, p.data() + offset, n * sizeof(float)) == 0);
    }
  }

  // A sum of the rows that share a slot, from several calls or one, by position or by slot: the same bits.
  void sums_data() { targets(); }
  void sums() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    for (const std::size_t stride : strides) {
      const std::vector<float> table = random_floats(table_rows * stride + offset, stride);
      for (const std::size_t n : {0U, 1U, 2U, 17U, 33U, 90U}) {
        const std::vector<std::int32_t> ids = random_ids(n, table_rows, n);
        const std::vector<float> scale = random_floats(n, n + 1);
        std::vector<float> copies(n * stride);
        for (std::size_t b = 0; b < n; ++b) {
          std::copy_n(table.data() + offset + static_cast<std::size_t>(ids[b]) * stride, stride,
                      copies.begin() + static_cast<std::ptrdiff_t>(b * stride));
        }
        const auto [places, count] = places_of(random_ids(n, table_rows / 2, n + 2));
        const std::vector<float> garbage = random_floats(count * stride + offset, 9);
        std::vector<float> expected = garbage;
        std::vector<float> found = garbage;
        const ScaledRows named{scale.data(), table.data() + offset, stride, stride, ids.data()};
        scalar_training().sum_rows(named, places.data(), n, expected.data() + offset);
        kernels.sum_rows(named, places.data(), n, found.data() + offset);
        QVERIFY2(close(found, expected, static_cast<double>(n)), qPrintable(QString("%1 x %2").arg(n).arg(stride)));

        std::vector<float> other = garbage;
        kernels.sum_rows({scale.data(), copies.data(), stride, stride, nullptr}, places.data(), n,
                         other.data() + offset);
        QVERIFY(same_bits(other, found));

        const Groups groups(places, count);
        other = garbage;
        for (std::size_t first = 0; first < count; first += 7) {
          kernels.sum_groups(named, groups.begins.data(), groups.members.data(), first, std::min(count, first + 7),
                             other.data() + offset);
        }
        QVERIFY(same_bits(other, found));
      }
    }
  }

  void sgd_data() { targets(); }
  void sgd() {
    for (const float decay : {0.0F, 0.1F}) {
      compare([decay](const TrainingTable& kernels, Tables& t, const std::vector<std::int32_t>& rows) {
        kernels.sgd_rows({0.1F, 0.9F, decay}, t.moved(rows), t.at(t.p), t.at(t.m));
      });
      compare([decay](const TrainingTable& kernels, Tables& t, const std::vector<std::int32_t>& rows) {
        kernels.sgd_rows({0.1F, 0, decay}, t.moved(rows), t.at(t.p), nullptr);
      });
    }
  }

  void adam_data() { targets(); }
  void adam() {
    for (const float decay : {0.0F, 0.1F}) {
      compare([decay](const TrainingTable& kernels, Tables& t, const std::vector<std::int32_t>& rows) {
        kernels.adam_rows(adam_step(decay), t.moved(rows), t.at(t.p), t.at(t.m), t.at(t.v));
      });
    }
  }

  void adagrad_data() { targets(); }
  void adagrad() {
    for (const float decay : {0.0F, 0.1F}) {
      compare([decay](const TrainingTable& kernels, Tables& t, const std::vector<std::int32_t>& rows) {
        kernels.adagrad_rows({0.1F, decay, 1e-10F}, t.moved(rows), t.at(t.p), t.at(t.v));
      });
    }
  }

  // A step on pairs is that on rows by the gradients that sum_rows() gives, bit for bit.
  void pairs_data() {
    QTest::addColumn<int>("target");
    for (const Target target : supported_targets()) QTest::newRow(name_of(target).data()) << static_cast<int>(target);
  }
  void pairs() {
    QFETCH(int, target);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    const AdamStep adam = adam_step(0);
    const AdagradStep adagrad{0.1F, 0, 1e-10F};
    const SgdStep sgd{0.1F, 0, 0};
    for (const std::size_t stride : {16U, 48U, 80U}) {
      const Tables made(stride, 0);
      for (const std::size_t n : {0U, 1U, 2U, 7U, 8U, 9U, 16U, 33U}) {
        const std::vector<std::int32_t> users = distinct_rows(n, n + stride);
        const std::vector<std::int32_t> movies = distinct_rows(n, n + stride + 1);
        std::vector<float> scale = random_floats(n, n + 5);
        if (n > 2) scale[2] = -0.0F;
        std::vector<std::int32_t> places(n);
        for (std::size_t i = 0; i < n; ++i) places[i] = static_cast<std::int32_t>(i);
        for (const int optimizer : {0, 1, 2}) {
          Tables expected[2] = {made, made};
          std::swap(expected[1].p, expected[1].grad);
          Tables found[2] = {expected[0], expected[1]};
          kernels.sum_rows({scale.data(), found[1].p.data(), stride, stride, movies.data()}, places.data(), n,
                           expected[0].grad.data());
          kernels.sum_rows({scale.data(), found[0].p.data(), stride, stride, users.data()}, places.data(), n,
                           expected[1].grad.data());
          for (const int side : {0, 1}) {
            Tables& t = expected[side];
            const MovedRows moved = t.moved(side == 0 ? users : movies);
            if (optimizer == 0) kernels.sgd_rows(sgd, moved, t.p.data(), nullptr);
            if (optimizer == 1) kernels.adam_rows(adam, moved, t.p.data(), t.m.data(), t.v.data());
            if (optimizer == 2) kernels.adagrad_rows(adagrad, moved, t.p.data(), t.v.data());
          }
          const std::vector<std::int32_t> coming = distinct_rows(n % 2 == 0 ? 0 : n + 3, 1);
          const MovedPairs pairs{users.data(),  movies.data(), scale.data(), n, stride, stride,
                                 coming.data(), coming.data(), coming.size()};
          Tables& u = found[0];
          Tables& m = found[1];
          if (optimizer == 0) kernels.sgd_pairs(sgd, pairs, u.p.data(), m.p.data());
          if (optimizer == 1) {
            kernels.adam_pairs(adam, pairs, {u.p.data(), u.m.data(), u.v.data()}, {m.p.data(), m.m.data(), m.v.data()});
          }
          if (optimizer == 2) {
            kernels.adagrad_pairs(adagrad, pairs, {u.p.data(), u.v.data()}, {m.p.data(), m.v.data()});
          }
          for (const int side : {0, 1}) {
            QVERIFY(same_bits(found[side].p, expected[side].p));
            QVERIFY(same_bits(found[side].m, expected[side].m));
            QVERIFY(same_bits(found[side].v, expected[side].v));
          }
        }
      }
    }
  }

  void columnsAreMovedByThemselves_data() { pairs_data(); }
  // Some columns after others are the whole rows, bit for bit, and the last of them leave the first alone.
  void columnsAreMovedByThemselves() {
    QFETCH(int, target);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    constexpr std::size_t n = 19;
    const std::vector<std::int32_t> users = distinct_rows(n, 1);
    const std::vector<std::int32_t> movies = distinct_rows(n, 2);
    const std::vector<float> scale = random_floats(n, 3);
    const auto [places, count] = places_of(random_ids(n, 9, 4));
    const Groups groups(places, count);
    for (const std::size_t stride : {48U, 80U, 128U}) {
      // Every kernel on columns [first, first + width) of both tables; sums into `sums`.
      const auto step = [&](Tables& u, Tables& m, std::vector<float>& sums, std::size_t first, std::size_t width) {
        const auto at = [first](std::vector<float>& table) { return table.data() + first; };
        const ScaledRows named{scale.data(), at(m.grad), stride, width, movies.data()};
        kernels.sum_rows(named, places.data(), n, at(sums));
        kernels.sum_groups(named, groups.begins.data(), groups.members.data(), 0, count,
                           at(sums) + table_rows * stride);
        const MovedRows rows{users.data(), n, stride, width, at(u.grad)};
        kernels.sgd_rows({0.1F, 0.9F, 0.1F}, rows, at(u.p), at(u.m));
        kernels.adam_rows(adam_step(0), rows, at(u.p), at(u.m), at(u.v));
        kernels.adagrad_rows({0.1F, 0, 1e-10F}, rows, at(u.p), at(u.v));
        const MovedPairs pairs{users.data(), movies.data(), scale.data(),      n, stride, width,
                               users.data(), movies.data(), first == 0 ? n : 0};
        kernels.sgd_pairs({0.1F, 0, 0}, pairs, at(u.p), at(m.p));
        kernels.adam_pairs(adam_step(0), pairs, {at(u.p), at(u.m), at(u.v)}, {at(m.p), at(m.m), at(m.v)});
        kernels.adagrad_pairs({0.1F, 0, 1e-10F}, pairs, {at(u.p), at(u.v)}, {at(m.p), at(m.v)});
      };
      const Tables made(stride, 0);
      Tables whole[2] = {made, made};
      Tables found[2] = {made, made};
      std::vector<float> whole_sums(2 * table_rows * stride);
      std::vector<float> sums(2 * table_rows * stride);
      step(whole[0], whole[1], whole_sums, 0, stride);
      for (std::size_t first = 0; first < stride; first += 32) {
        step(found[0], found[1], sums, first, std::min<std::size_t>(32, stride - first));
      }
      QVERIFY(same_bits(sums, whole_sums));
      for (const int side : {0, 1}) {
        QVERIFY(same_bits(found[side].p, whole[side].p));
        QVERIFY(same_bits(found[side].m, whole[side].m));
        QVERIFY(same_bits(found[side].v, whole[side].v));
      }
    }
  }

  // One pass over a stretch is adam() on each of its rows, bit for bit, and leaves the others alone.
  void adamOverAStretch_data() { targets(); }
  void adamOverAStretch() {
    QFETCH(int, target);
    QFETCH(std::size_t, offset);
    const TrainingTable& kernels = training_for(static_cast<Target>(target));
    const KernelTable& floats = kernels_for(static_cast<Target>(target));
    for (const std::size_t stride : strides) {
      for (const float decay : {0.0F, 0.1F}) {
        Tables expected(stride, offset);
        Tables found = expected;
        std::vector<std::int32_t> slot_of_row(table_rows, -1);
        const std::vector<std::int32_t> touched = distinct_rows(9, stride);
        for (std::size_t i = 0; i < touched.size(); ++i) {
          slot_of_row[static_cast<std::size_t>(touched[i])] = static_cast<std::int32_t>(i);
        }
        constexpr std::size_t first = 3;
        constexpr std::size_t last = 38;
        const AdamStep step = adam_step(decay);
        for (std::size_t r = first; r < last; ++r) {
          const std::size_t at = offset + r * stride;
          const float* grad = slot_of_row[r] < 0
                                  ? nullptr
                                  : expected.grad.data() + offset + static_cast<std::size_t>(slot_of_row[r]) * stride;
          floats.adam(step, stride, &expected.p[at], &expected.m[at], &expected.v[at], grad);
        }
        kernels.adam_stretch(step, {first, last, stride, slot_of_row.data(), found.grad.data() + offset},
                             found.at(found.p), found.at(found.m), found.at(found.v));
        const bool whole = stride % widest == 0;  // else one of the two may take the scalar twin for a part of a row
        QVERIFY(whole ? same_bits(found.p, expected.p) : close(found.p, expected.p, 1));
        QVERIFY(whole ? same_bits(found.m, expected.m) : close(found.m, expected.m, 1));
        QVERIFY(whole ? same_bits(found.v, expected.v) : close(found.v, expected.v, 1));
      }
    }
  }

  void drawsRatingsInTheOrderGiven() {
    constexpr std::size_t count = 1000;
    const std::vector<std::int32_t> users = random_ids(count, 50, 1);
    const std::vector<std::int32_t> movies = random_ids(count, 50, 2);
    const std::vector<float> ratings = random_floats(count, 3);
    const std::vector<std::int32_t> order = random_ids(count, count, 4);
    for (const std::size_t n : {1U, 64U, 128U, 129U, 700U, 1000U}) {
      std::vector<std::int32_t> u(n);
      std::vector<std::int32_t> m(n);
      std::vector<float> r(n);
      draw_ratings({users, movies, ratings}, std::span(order).first(n), u, m, r);
      for (std::size_t b = 0; b < n; ++b) {
        const auto i = static_cast<std::size_t>(order[b]);
        QCOMPARE(u[b], users[i]);
        QCOMPARE(m[b], movies[i]);
        QCOMPARE(r[b], ratings[i]);
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestTrainingKernels)
#include "test_training_kernels.moc"
