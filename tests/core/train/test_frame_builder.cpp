#include <QTest>

#include <memory>
#include <numeric>
#include <utility>

#include "core/train/frame_builder.h"
#include "tests/support/training.h"

using namespace rowlight;

namespace {

std::unique_ptr<Trainer> make_trainer(unsigned threads = 1, std::uint32_t movies = 30, std::size_t ratings = 400) {
  TrainerInput input;
  input.ratings = test::make_ratings(40, movies, ratings, 1);
  input.settings = test::small_settings();
  input.settings.factors = 20;
  input.settings.threads = threads;
  return std::move(*Trainer::create(std::move(input)));
}

}  // namespace

class TestFrameBuilder : public QObject {
  Q_OBJECT

 private slots:
  void rowsAreComparedColumnByColumn_data() {
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("second");
    QTest::newRow("in one word of 64 bits") << 0 << 1;
    QTest::newRow("in two words beside each other") << 0 << 2;
    QTest::newRow("in the same place of two blocks") << 1 << 9;
    QTest::newRow("in the last, shorter block") << 16 << 19;
  }
  void rowsAreComparedColumnByColumn() {
    QFETCH(int, first);
    QFETCH(int, second);
    const auto trainer = make_trainer();
    constexpr std::size_t moved = 3;
    const auto a = static_cast<std::size_t>(first);
    const auto b = static_cast<std::size_t>(second);
    FrameBuilder builder;
    Watch watch;
    watch.table = Table::Movies;
    watch.rows.resize(6);
    std::iota(watch.rows.begin(), watch.rows.end(), 0);
    builder.watch(watch);
    builder.before_batch(*trainer);
    // Two numbers change places: no sum over the columns tells of it, neither of floats nor of their bits.
    const Matrix& table = trainer->model().factors(Table::Movies);
    const std::pair<float, float> before(table(moved, a), table(moved, b));
    QVERIFY(before.first != before.second);
    trainer->set_factor(Table::Movies, moved, a, before.second);
    trainer->set_factor(Table::Movies, moved, b, before.first);
    Frame frame;
    builder.fill_tables(frame, tables_of(*trainer), false);
    builder.fill_training(frame, *trainer);
    for (std::size_t row = 0; row < watch.rows.size(); ++row) {
      QCOMPARE(frame.movies.touch[row], row == moved ? RowTouch::MovedOnly : RowTouch::None);
    }
  }

  // Rows for several pieces; the first frame is made from nothing, the others follow it.
  void threadsChangeNoBitOfTheProjection() {
    const auto trainer = make_trainer(3, 9000, 30'000);
    FrameBuilder builders[2];
    for (FrameBuilder& builder : builders) builder.project({true, Table::Movies});
    for (int i = 0; i < 3; ++i) {
      Frame frames[2];
      builders[0].fill_tables(frames[0], tables_of(*trainer), false);
      builders[1].fill_tables(frames[1], tables_of(*trainer), false, &trainer->pool());
      QVERIFY(frames[0].projection && frames[1].projection);
      QVERIFY(test::same_bits(frames[0].projection->coordinates.view(), frames[1].projection->coordinates.view()));
      QVERIFY(frames[0].projection->variance_share == frames[1].projection->variance_share);
      QVERIFY(trainer->advance());
    }
  }
};

QTEST_APPLESS_MAIN(TestFrameBuilder)
#include "test_frame_builder.moc"
