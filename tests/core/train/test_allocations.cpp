#include <QTest>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "core/train/fast_trainer.h"
#include "core/train/trainer.h"
#include "core/train/training_order.h"
#include "tests/support/training.h"

// Every allocation of the program comes through these.

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, std::max(alignof(std::max_align_t), static_cast<std::size_t>(alignment)));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace rowlight;

namespace {

TrainerInput input_of(const TrainSettings& settings) {
  TrainerInput input;
  input.ratings = test::make_ratings(700, 900, 12'000, 1);
  input.settings = settings;
  return input;
}

}  // namespace

// Training allocates nothing once it is under way: counted for the whole program, all threads included.
class TestAllocations : public QObject {
  Q_OBJECT

 private slots:
  void areCounted() {
    const std::uint64_t before = allocations;
    ::operator delete(::operator new(7));
    ::operator delete(::operator new(7, std::align_val_t(64)), std::align_val_t(64));
    QCOMPARE(allocations - before, std::uint64_t{2});
  }

  void exactBatches_data() {
    QTest::addColumn<int>("optimizer");
    QTest::addColumn<double>("momentum");
    QTest::addColumn<int>("schedule");
    QTest::addColumn<int>("batch");
    QTest::addColumn<unsigned>("threads");
    QTest::addColumn<int>("factors");
    const auto add = [](OptimizerKind kind, double momentum, ScheduleKind schedule) {
      const auto row = [&](int batch, unsigned threads, int factors) {
        QTest::addRow("%s %g, batches of %d, %u threads, %d factors", name_of(kind).data(), momentum, batch, threads,
                      factors)
            << static_cast<int>(kind) << momentum << static_cast<int>(schedule) << batch << threads << factors;
      };
      for (const int batch : {64, 4096}) {
        for (const unsigned threads : {1U, 2U}) row(batch, threads, 4);
      }
      row(1024, 2, 50);  // shared out by columns
    };
    for (const OptimizerKind kind : optimizer_kinds) add(kind, 0, ScheduleKind::Constant);
    add(OptimizerKind::Sgd, 0.9, ScheduleKind::OneCycle);
  }
  void exactBatches() {
    QFETCH(int, optimizer);
    QFETCH(double, momentum);
    QFETCH(int, schedule);
    QFETCH(int, batch);
    QFETCH(unsigned, threads);
    QFETCH(int, factors);
    TrainSettings settings = test::small_settings(4);
    settings.factors = static_cast<std::size_t>(factors);
    settings.batch_size = static_cast<std::size_t>(batch);
    settings.threads = threads;
    settings.schedule = static_cast<ScheduleKind>(schedule);
    settings.optimizer = default_optimizer(static_cast<OptimizerKind>(optimizer));
    settings.optimizer.momentum = momentum;
    auto trainer = Trainer::create(input_of(settings));
    QVERIFY(trainer);
    while ((*trainer)->epoch() < 1) QVERIFY((*trainer)->advance());
    // Two epochs with what begins and ends them, and their validation.
    const std::uint64_t before = allocations;
    bool trained = true;
    while (trained && (*trainer)->epoch() < 3) trained = (*trainer)->advance().has_value();
    const std::uint64_t after = allocations;
    QVERIFY(trained);
    QCOMPARE(after - before, std::uint64_t{0});
  }

  void stagesOneByOne() {
    TrainSettings settings = test::small_settings(3);
    auto trainer = Trainer::create(input_of(settings));
    QVERIFY(trainer);
    while ((*trainer)->epoch() < 1) QVERIFY((*trainer)->advance_stage());
    const std::uint64_t before = allocations;
    bool trained = true;
    while (trained && (*trainer)->epoch() < 2) trained = (*trainer)->advance_stage().has_value();
    const std::uint64_t after = allocations;
    QVERIFY(trained);
    QCOMPARE(after - before, std::uint64_t{0});
  }

  // The order of an epoch where there are too many ratings to be packed: the split is drawn again.
  void ordersOfRatingsThatAreNotPacked() {
    constexpr double valid_share = 0.2;
    constexpr std::uint64_t seed = 5;
    const RatingSetPtr ratings = test::make_ratings(700, 900, 12'000, 1);
    const Split split = split_randomly(ratings->size(), valid_share, seed);
    std::vector<std::int32_t> training(split.training.begin(), split.training.end());  // with no room for more
    constexpr std::size_t most_packed = 0;
    TrainingOrder order(*ratings, std::move(training), valid_share, seed, most_packed);
    const std::uint64_t before = allocations;
    for (int epoch = 0; epoch < 3; ++epoch) order.begin(epoch);
    QCOMPARE(allocations - before, std::uint64_t{0});
  }

  void fastSweeps_data() {
    QTest::addColumn<unsigned>("threads");
    QTest::newRow("1 thread") << 1U;
    QTest::newRow("2 threads") << 2U;
  }
  // What an epoch learns between its sweeps decomposes small matrices and may allocate.
  void fastSweeps() {
    QFETCH(unsigned, threads);
    TrainSettings settings = test::small_settings(4);
    settings.mode = TrainMode::Fast;
    settings.threads = threads;
    auto trainer = FastTrainer::create(input_of(settings));
    QVERIFY(trainer);
    while ((*trainer)->epoch() < 2) QVERIFY((*trainer)->advance());
    int sweeps = 0;
    while (!(*trainer)->finished()) {
      const std::uint64_t batches = (*trainer)->batches_done();
      const bool validates = !(*trainer)->between_parts();
      const std::uint64_t before = allocations;
      const bool trained = (*trainer)->advance().has_value();
      const std::uint64_t after = allocations;
      QVERIFY(trained);
      const bool swept = (*trainer)->batches_done() > batches && !validates;
      if (swept) ++sweeps;
      if (swept || validates) QCOMPARE(after - before, std::uint64_t{0});
    }
    QVERIFY(sweeps >= 4);
  }
};

QTEST_APPLESS_MAIN(TestAllocations)
#include "test_allocations.moc"
