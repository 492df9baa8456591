#include <QTest>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernel_table.h"
#include "tests/support/random_arrays.h"

using namespace rowlight;
using namespace rowlight::simd;
using namespace rowlight::test;

namespace {

constexpr std::size_t line = 16;  // floats

bool same_bits(const float* a, const float* b, std::size_t n) {
  return n == 0 || std::memcmp(a, b, n * sizeof(float)) == 0;
}

/// Widths around whole cache lines and around what fits the registers at once.
std::vector<std::size_t> widths() {
  std::vector<std::size_t> all(2 * line + 2);
  std::iota(all.begin(), all.end(), 0);
  for (const std::size_t lines : {3, 4, 5, 7, 8, 9, 15, 16, 17, 24}) {
    for (const std::size_t width : {lines * line - 1, lines * line, lines * line + 1}) all.push_back(width);
  }
  return all;
}

/// Bags of all kinds over ids of `rows` rows: empty ones at both ends and in a row, one of a single id, repeated ids.
struct BagCase {
  std::vector<std::size_t> begin = {0, 0, 3, 3, 3, 4, 40, 44, 44};
  std::vector<std::int32_t> ids;
  std::vector<float> scale = random_floats(44, 2);

  explicit BagCase(std::uint32_t rows) : ids(random_ids(44, rows, 3)) {
    ids[41] = ids[42] = ids[40];
    ids[1] = ids[0];
  }
  [[nodiscard]] std::size_t count() const { return begin.size() - 1; }
};

}  // namespace

// Gather and bags on every target of this machine against their scalar twins, kept and streamed.
class TestLookupKernels : public QObject {
  Q_OBJECT

 private slots:
  void targets_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<std::size_t>("offset");
    QTest::addColumn<bool>("fetch");
    QTest::addColumn<bool>("stream");
    for (const Target target : supported_targets()) {
      for (const std::size_t offset : {0, 1, 3}) {
        for (const bool fetch : {false, true}) {
          for (const bool stream : {false, true}) {
            QTest::addRow("%s +%zu%s%s", name_of(target).data(), offset, fetch ? " fetch" : "", stream ? " stream" : "")
                << static_cast<int>(target) << offset << fetch << stream;
          }
        }
      }
    }
  }

  void gatherCopiesEveryBit_data() { targets_data(); }
  void gatherCopiesEveryBit() {
    QFETCH(const int, target);
    QFETCH(const std::size_t, offset);
    QFETCH(const bool, fetch);
    QFETCH(const bool, stream);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::uint32_t special[] = {0x80000000U, 0x7fc12345U, 0x7f800000U, 0xff800000U, 0x00000001U, 0x7fa00001U};
    for (const std::size_t width : widths()) {
      std::vector<float> table = random_floats(7 * width + offset, width + 1);
      for (std::size_t i = 0; i < std::min<std::size_t>(6, table.size()); ++i) std::memcpy(&table[i], &special[i], 4);
      const auto ids = random_ids(45, 7, width);
      Matrix aligned(1, 45 * width + offset + 1);  // at offset 0 on a cache line
      const std::span<float> out = aligned.row(0);
      std::ranges::fill(out, 42.0F);
      kernels.gather_rows(table.data() + offset, width, ids.data(), ids.size(), out.data() + offset, {fetch, stream});
      for (std::size_t b = 0; b < ids.size(); ++b) {
        const float* expected = table.data() + offset + static_cast<std::size_t>(ids[b]) * width;
        QVERIFY(same_bits(out.data() + offset + b * width, expected, width));
      }
      for (std::size_t i = 0; i < offset; ++i) QCOMPARE(out[i], 42.0F);
      QCOMPARE(out.back(), 42.0F);
    }
  }

  void bagsAreSummedInOrder_data() { targets_data(); }
  void bagsAreSummedInOrder() {
    QFETCH(const int, target);
    QFETCH(const std::size_t, offset);
    QFETCH(const bool, fetch);
    QFETCH(const bool, stream);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    constexpr std::uint32_t rows = 9;
    const BagCase bags(rows);
    for (const std::size_t width : widths()) {
      const std::vector<float> table = random_floats(rows * width + offset, width + 1);
      const std::size_t size = bags.count() * width;
      Matrix aligned(1, size + offset + 1);
      const std::span<float> out = aligned.row(0);
      std::vector<float> expected(size);
      for (const bool weighted : {false, true}) {
        std::ranges::fill(out, 42.0F);
        const float* scale = weighted ? bags.scale.data() : nullptr;
        kernels.sum_bags(table.data() + offset, width, bags.ids.data(), scale, bags.begin.data(), bags.count(),
                         out.data() + offset, {fetch, stream});
        scalar_kernels().sum_bags(table.data() + offset, width, bags.ids.data(), scale, bags.begin.data(), bags.count(),
                                  expected.data(), {});
        // Without weights nothing can be fused: the order of the additions decides every bit.
        if (!weighted) QVERIFY(same_bits(out.data() + offset, expected.data(), size));
        for (std::size_t i = 0; i < size; ++i) QVERIFY(std::abs(out[offset + i] - expected[i]) <= 1e-4F);
        for (std::size_t i = 0; i < offset; ++i) QCOMPARE(out[i], 42.0F);
        QCOMPARE(out.back(), 42.0F);
      }
    }
  }

  void partsOfBagsHaveTheSameBits_data() { targets_data(); }
  void partsOfBagsHaveTheSameBits() {
    QFETCH(const int, target);
    QFETCH(const bool, fetch);
    QFETCH(const bool, stream);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const BagCase bags(9);
    const std::vector<float> table = random_floats(9 * 48, 1);
    Matrix whole(bags.count(), 48);
    Matrix parts(bags.count(), 48);
    kernels.sum_bags(table.data(), 48, bags.ids.data(), bags.scale.data(), bags.begin.data(), bags.count(),
                     whole.data(), {fetch, stream});
    for (std::size_t b = 0; b < bags.count(); ++b) {
      kernels.sum_bags(table.data(), 48, bags.ids.data(), bags.scale.data(), bags.begin.data() + b, 1,
                       parts.row(b).data(), {fetch, stream});
    }
    QVERIFY(same_bits(whole.data(), parts.data(), bags.count() * 48));
  }

  void emptyBagsReadNothing_data() { targets_data(); }
  void emptyBagsReadNothing() {
    QFETCH(const int, target);
    QFETCH(const bool, fetch);
    QFETCH(const bool, stream);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::size_t begin[] = {0, 0, 0};
    Matrix out(2, 33);
    std::ranges::fill(out.view().flat(), 42.0F);
    kernels.sum_bags(nullptr, out.stride(), nullptr, nullptr, begin, 2, out.data(), {fetch, stream});
    for (const float x : out.view().flat()) QCOMPARE(x, 0.0F);
    kernels.sum_bags(nullptr, out.stride(), nullptr, nullptr, begin, 0, out.data(), {fetch, stream});
    kernels.gather_rows(nullptr, out.stride(), nullptr, 0, out.data(), {fetch, stream});
  }

  // More than caches hold, through the calls that others make.
  void largeOutputsAreWrittenWhole_data() {
    QTest::addColumn<bool>("streamed");
    QTest::addRow("kept") << false;
    QTest::addRow("streamed") << true;
  }
  void largeOutputsAreWrittenWhole() {
    QFETCH(const bool, streamed);
    const Writes writes = streamed ? Writes::Streamed : Writes::Kept;
    constexpr std::size_t rows = 9000;  // 2 MB, so that rows are fetched
    constexpr std::size_t batch = 170'000;
    Matrix table(rows, 64);
    for (std::size_t r = 0; r < rows; ++r) std::ranges::fill(table.row(r), static_cast<float>(r) + 0.5F);
    const auto ids = random_ids(batch, rows, 2);
    std::vector<std::size_t> begin(batch + 1);
    std::iota(begin.begin(), begin.end(), 0);
    Matrix gathered(batch, 64);
    gather_rows(table.view(), ids, gathered.view(), writes);
    Matrix summed(batch, 64);
    sum_bags(table.view(), {ids, begin, {}}, summed.view(), writes);
    for (std::size_t b = 0; b < batch; ++b) {
      const std::span<const float> expected = std::as_const(table).row(static_cast<std::size_t>(ids[b]));
      QVERIFY(same_bits(gathered.row(b).data(), expected.data(), 64));
      QVERIFY(same_bits(summed.row(b).data(), expected.data(), 64));
    }
  }
};

QTEST_APPLESS_MAIN(TestLookupKernels)
#include "test_lookup_kernels.moc"
