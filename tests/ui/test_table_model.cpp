#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include <numeric>

#include "tests/support/frames.h"
#include "ui/train/row_glow.h"
#include "ui/train/table_model.h"

using namespace rowlight;
using namespace rowlight::test;

class TestTableModel : public QObject {
  Q_OBJECT

 private slots:
  void keepsTheRulesOfModels() {
    TableModel model(Table::Movies);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto ratings = makeRatings(5, 20);
    auto frame = makeFrame(ratings);
    watchRows(*frame, Table::Movies, {0, 1, 2, 3});
    model.setFrame(frame);
    frame = std::make_shared<Frame>(*frame);
    watchRows(*frame, Table::Movies, {2, 3, 4, 5}, 0.1F);
    model.setFrame(frame);
    model.sort(TableModel::Count, Qt::DescendingOrder);
    model.sort(TableModel::Label, Qt::DescendingOrder);
    model.setFrame(makeFrame(makeRatings(2, 3)));
    QCOMPARE(model.rowCount(), 3);
    model.setFrame(std::make_shared<Frame>());
    QCOMPARE(model.rowCount(), 0);
  }

  void showsValuesOfWatchedRowsOnly() {
    TableModel model(Table::Movies);
    auto frame = makeFrame(makeRatings(5, 20));
    watchRows(*frame, Table::Movies, {7, 3});
    model.setFrame(frame);
    QCOMPARE(model.index(3, TableModel::Label).data().toString(), QStringLiteral("Movie 3"));
    QCOMPARE(model.index(3, TableModel::Count).data().toString(), QStringLiteral("21"));
    QCOMPARE(model.bias(3), std::optional(tableValue(3, 1000)));
    QCOMPARE(model.factors(7)[2], tableValue(7, 2));
    QVERIFY(model.factors(4).empty());
    QCOMPARE(model.index(4, TableModel::Bias).data().toString(), QStringLiteral("…"));
    QVERIFY(model.index(3, TableModel::Factors).data(Qt::AccessibleTextRole).toString().startsWith("8 factor"));
    TableModel users(Table::Users);
    users.setFrame(frame);
    QCOMPARE(users.index(4, TableModel::Label).data().toString(), QStringLiteral("u4"));
  }

  void aModelWithoutBiasShowsNone() {
    TableModel model(Table::Users);
    auto frame = makeFrame(makeRatings(5, 20));
    frame->settings.model = ModelKind::Dot;
    watchRows(*frame, Table::Users, {0});
    model.setFrame(frame);
    QVERIFY(!model.hasBias());
    QVERIFY(!model.bias(0));
  }

  void reportsOnlyRowsThatDiffer() {
    TableModel model(Table::Users);
    auto frame = makeFrame(makeRatings(50, 60));
    std::vector<std::int32_t> rows(20);
    std::iota(rows.begin(), rows.end(), 0);
    watchRows(*frame, Table::Users, rows);
    model.setFrame(frame);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    model.setFrame(std::make_shared<Frame>(*frame));
    QCOMPARE(changed.count(), 0);
    auto next = std::make_shared<Frame>(*frame);
    next->users.factors(4, 1) += 1;
    next->users.touch[5] = RowTouch::LookedUp;
    next->users.last_lookup[9] = 3;
    model.setFrame(next);
    QCOMPARE(changed.count(), 3);
    QCOMPARE(changed[0][0].toModelIndex(), model.index(5, TableModel::Label));
    QCOMPARE(changed[1][0].toModelIndex(), model.index(9, TableModel::Label));
    QCOMPARE(changed[2][0].toModelIndex(), model.index(4, TableModel::Bias));  // the label need not be painted anew
    QCOMPARE(changed[2][1].toModelIndex(), model.index(4, TableModel::Factors));
  }

  void sortsByCountAndKeepsIndexes() {
    TableModel model(Table::Movies);
    auto frame = makeFrame(makeRatings(5, 20));
    model.setFrame(frame);
    const QPersistentModelIndex movie3(model.index(3, 0));
    model.sort(TableModel::Count, Qt::DescendingOrder);
    QCOMPARE(movie3.data().toString(), QStringLiteral("Movie 3"));
    for (int r = 1; r < 20; ++r) QVERIFY(model.count(model.tableRow(r - 1)) >= model.count(model.tableRow(r)));
    for (int r = 0; r < 20; ++r) QCOMPARE(model.viewRow(model.tableRow(r)), r);
    model.sort(TableModel::Factors, Qt::AscendingOrder);  // nothing to sort by
    QVERIFY(model.tableRow(0) != 0);
    model.sort(TableModel::FileOrder, Qt::AscendingOrder);
    QCOMPARE(model.tableRow(19), 19);
  }

  void findsTitlesGoingRound() {
    TableModel model(Table::Movies);
    model.setFrame(makeFrame(makeRatings(5, 20)));
    QCOMPARE(model.find("movie 1", 0), 1);
    QCOMPARE(model.find("MOVIE 1", 2), 1);
    QCOMPARE(model.find("movie 1", 20), 1);
    QCOMPARE(model.find("vie 1", 2), 10);
    QCOMPARE(model.find("vie 1", 20), 1);
    QCOMPARE(model.find("nothing", 0), -1);
    QCOMPARE(model.find("", 0), -1);
  }

  void anExactIdComesBeforeABeginningBeforeAPart() {
    auto ratings = std::make_shared<RatingSet>();
    for (const char* id : {"595", "1959", "950", "95", "951", "7"}) ratings->user_ids.add(id);
    TableModel model(Table::Users);
    model.setFrame(makeFrame(ratings));
    QCOMPARE(model.find("95", 0), 3);
    QCOMPARE(model.find("59", 0), 0);  // begins with it
    QCOMPARE(model.find("5", 1), 0);
    QCOMPARE(model.find("9", 4), 4);  // three begin with it: the first from there on
    // Enter walks through all of them, the best first.
    std::vector<int> walked = {3};
    for (int i = 0; i < 5; ++i) walked.push_back(model.findNext("95", walked.back()));
    QCOMPARE(walked, (std::vector<int>{3, 2, 4, 0, 1, 3}));
    QCOMPARE(model.findNext("95", -1), 3);
    QCOMPARE(model.findNext("95", 5), 3);
    QCOMPARE(model.findNext("8", 0), -1);
  }

  void sortsByIdOrTitle() {
    auto ratings = std::make_shared<RatingSet>();
    for (const char* id : {"100", "9", "20"}) ratings->user_ids.add(id);
    for (const char* title : {"beta", "Alpha", "Gamma"}) {
      ratings->movie_ids.add(title);
      ratings->movie_info.push_back({title, {}});
    }
    const auto sorted = [&](Table table, Qt::SortOrder order) {
      TableModel model(table);
      model.setFrame(makeFrame(ratings));
      model.sort(TableModel::Label, order);
      QStringList labels;
      for (int r = 0; r < model.rowCount(); ++r) labels << model.index(r, TableModel::Label).data().toString();
      return labels.join(u' ');
    };
    QCOMPARE(sorted(Table::Users, Qt::AscendingOrder), QStringLiteral("9 20 100"));
    QCOMPARE(sorted(Table::Users, Qt::DescendingOrder), QStringLiteral("100 20 9"));
    QCOMPARE(sorted(Table::Movies, Qt::AscendingOrder), QStringLiteral("Alpha beta Gamma"));
    ratings->user_ids.add("x7");  // no number: by the alphabet
    QCOMPARE(sorted(Table::Users, Qt::AscendingOrder), QStringLiteral("100 20 9 x7"));
  }

  void aMillionRowsAreCheap() {
    auto ratings = std::make_shared<RatingSet>();
    for (int u = 0; u < 1'000'000; ++u) ratings->user_ids.add(std::to_string(u));
    auto frame = makeFrame(ratings);
    watchRows(*frame, Table::Users, {999'999});
    TableModel model(Table::Users);
    QElapsedTimer timer;
    timer.start();
    model.setFrame(frame);
    QVERIFY2(timer.elapsed() < 50, qPrintable(QString::number(timer.elapsed())));
    QCOMPARE(model.rowCount(), 1'000'000);
    QCOMPARE(model.factors(999'999).size(), std::size_t{8});
    model.sort(TableModel::Count, Qt::DescendingOrder);
    QCOMPARE(model.count(model.tableRow(0)), std::optional<std::uint32_t>(99));
  }

  void marksFadeByTheClock() {
    auto frame = makeFrame(makeRatings(5, 20));
    watchRows(*frame, Table::Users, {0, 1, 2});
    WatchedRows rows = frame->users;
    RowGlow glow;
    glow.update(rows, 1, 1, 1000);
    rows.touch[0] = RowTouch::LookedUp;
    rows.last_lookup[0] = 2;
    rows.touch[1] = RowTouch::MovedOnly;
    glow.update(rows, 1, 2, 2000);
    QCOMPARE(glow.at(0, 2000), (Glow{1, 0, 0}));
    QCOMPARE(glow.at(1, 9000), (Glow{0, 1, 0}));  // current marks stand
    QCOMPARE(glow.at(2, 2000), Glow{});
    QVERIFY(!glow.fading(2000));
    rows.touch.assign(3, RowTouch::None);
    glow.update(rows, 1, 3, 3000);
    QVERIFY(glow.fading(3001));
    QVERIFY(glow.at(0, 3000).looked_up < 1);  // no longer bold
    QVERIFY(glow.at(0, 3300).looked_up > 0.4F);
    QVERIFY(glow.at(1, 3300).moved > 0.4F);
    QCOMPARE(glow.at(0, 3600), Glow{});
    QVERIFY(!glow.fading(3600));
  }

  void batchesThatFlyByLeaveABarOnly() {
    auto frame = makeFrame(makeRatings(5, 20));
    watchRows(*frame, Table::Users, {0, 1});
    WatchedRows rows = frame->users;
    RowGlow glow;
    glow.update(rows, 1, 1, 1000);
    rows.touch[0] = RowTouch::LookedUp;
    rows.last_lookup[0] = 100;
    glow.update(rows, 1, 100, 1016);
    rows.touch[0] = RowTouch::None;
    rows.last_lookup[1] = 150;  // by one of the batches in between
    glow.update(rows, 1, 200, 1032);
    QCOMPARE(glow.at(0, 1032).looked_up, 0.0F);
    QVERIFY(glow.at(0, 1032).recent > 0.9F);
    QVERIFY(glow.at(1, 1032).recent > 0.9F);
    rows.touch[1] = RowTouch::LookedUp;
    glow.update(rows, 1, 201, 1048);
    QCOMPARE(glow.at(1, 1048), (Glow{1, 0, 0}));
    glow.update(rows, 2, 0, 1064);  // another run: nothing of the last one is comparable
    QCOMPARE(glow.at(0, 1064), Glow{});
  }

  void reducedMotionSwitches() {
    auto frame = makeFrame(makeRatings(5, 20));
    watchRows(*frame, Table::Users, {0});
    WatchedRows rows = frame->users;
    RowGlow glow;
    glow.setReducedMotion(true);
    rows.touch[0] = RowTouch::LookedUp;
    rows.last_lookup[0] = 1;
    glow.update(rows, 1, 1, 1000);
    rows.touch[0] = RowTouch::None;
    glow.update(rows, 1, 2, 2000);
    QVERIFY(!glow.fading(2000));
    QCOMPARE(glow.at(0, 2000), Glow{});
    rows.last_lookup[0] = 7;
    glow.update(rows, 1, 8, 2010);
    QCOMPARE(glow.at(0, 9000).recent, 1.0F);
    glow.update(rows, 1, 9, 2020);
    QCOMPARE(glow.at(0, 2020), Glow{});
  }
};

QTEST_GUILESS_MAIN(TestTableModel)
#include "test_table_model.moc"
