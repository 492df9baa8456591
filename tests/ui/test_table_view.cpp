#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include "tests/support/frames.h"
#include "ui/common/elided_label.h"
#include "ui/train/table_panel.h"
#include "ui/train/table_view.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

/// Stands for the engine: keeps the Watch commands and answers each with a frame that holds the rows.
class FakeEngine : public QObject {
 public:
  FakeEngine(Workbench* workbench, std::shared_ptr<Frame> frame) : workbench_(workbench), frame_(std::move(frame)) {
    connect(workbench, &Workbench::commandSent, this, [this](const Command& command) {
      if (const auto* watch = std::get_if<Watch>(&command)) watches.push_back(*watch);
    });
    workbench_->present(frame_);
  }

  /// Presents a frame in which the last watched rows have values, changed by `change`.
  void answer(const std::function<void(Frame&)>& change = {}) {
    frame_ = std::make_shared<Frame>(*frame_);
    ++frame_->sequence;
    for (const Watch& watch : watches) watchRows(*frame_, watch.table, watch.rows);
    if (change) change(*frame_);
    workbench_->present(frame_);
  }

  std::vector<Watch> watches;

 private:
  Workbench* workbench_;
  std::shared_ptr<Frame> frame_;
};

}  // namespace

class TestTableView : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { applyTheme(*qApp, Theme::Light); }

  void asksForTheRowsThatItShows() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QTRY_VERIFY(!engine.watches.empty());
    const Watch first = engine.watches.back();
    QCOMPARE(first.table, Table::Users);
    QCOMPARE(first.rows.front(), 0);
    const int shown = view.viewport()->height() / view.rowHeight(0);
    QVERIFY(static_cast<int>(first.rows.size()) >= shown + TableView::watch_margin);
    QVERIFY(static_cast<int>(first.rows.size()) <= shown + 2 + TableView::watch_margin);

    const std::size_t count = engine.watches.size();
    engine.answer();
    engine.answer();
    QTest::qWait(20);
    QCOMPARE(engine.watches.size(), count);  // nothing else became visible

    view.scrollTo(view.model()->index(250, 0), QAbstractItemView::PositionAtTop);
    QTRY_VERIFY(engine.watches.size() == count + 1);
    QCOMPARE(engine.watches.back().rows.front(), 250 - TableView::watch_margin);

    view.sortBy(TableModel::Count, Qt::DescendingOrder);
    QTRY_VERIFY(engine.watches.size() == count + 2);
    view.hide();
    QTRY_VERIFY(engine.watches.back().rows.empty());
  }

  void lookedUpAndMovedRowsLookDifferent() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QTRY_VERIFY(!engine.watches.empty());
    // The same values in every row, so that only the marks differ.
    const auto grab = [&](RowTouch touch) {
      engine.answer([&](Frame& frame) {
        frame.users.touch[2] = touch;
        setBatch(frame, 1);
      });
      const QRect row(0, view.rowViewportPosition(2), view.viewport()->width(), view.rowHeight(2));
      return view.viewport()->grab(row).toImage();
    };
    const QImage none = grab(RowTouch::None);
    const QImage moved = grab(RowTouch::MovedOnly);
    const QImage looked_up = grab(RowTouch::LookedUp);
    QVERIFY(none != moved);
    QVERIFY(none != looked_up);
    QVERIFY(moved != looked_up);
    // A solid outline in the text colour.
    const QRgb text = view.palette().color(QPalette::Text).rgb();
    for (int x = 0; x < looked_up.width(); x += 10) QCOMPARE(looked_up.pixel(x, 0), text);
  }

  void marksFadeAway() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QTRY_VERIFY(!engine.watches.empty());
    engine.answer();
    const QImage calm = view.viewport()->grab().toImage();
    engine.answer([](Frame& frame) {
      setBatch(frame, 1);
      frame.users.touch[2] = RowTouch::LookedUp;
    });
    QTest::qWait(static_cast<int>(RowGlow::seen_ms) + 20);
    engine.answer([](Frame& frame) { setBatch(frame, 2); });
    QVERIFY(view.viewport()->grab().toImage() != calm);
    QTRY_VERIFY(view.viewport()->grab().toImage() == calm);
  }

  void theArrowTellsTheTruth() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QHeaderView* header = view.horizontalHeader();
    QCOMPARE(header->sortIndicatorSection(), -1);  // the order of the file: no arrow
    QCOMPARE(view.tableModel()->tableRow(7), 7);
    const auto click = [&](int section) {
      QTest::mouseClick(header->viewport(), Qt::LeftButton, {},
                        QPoint(header->sectionViewportPosition(section) + 20, header->height() / 2));
    };
    click(TableModel::Label);
    QCOMPARE(header->sortIndicatorSection(), static_cast<int>(TableModel::Label));
    QCOMPARE(header->sortIndicatorOrder(), Qt::AscendingOrder);
    QCOMPARE(view.tableModel()->label(view.tableModel()->tableRow(2)), QStringLiteral("u10"));
    click(TableModel::Label);
    QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
    QCOMPARE(view.tableModel()->label(view.tableModel()->tableRow(0)), QStringLiteral("u99"));
    click(TableModel::Factors);  // nothing to sort by
    QCOMPARE(header->sortIndicatorSection(), static_cast<int>(TableModel::Label));
    QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
    click(TableModel::Label);
    QCOMPARE(header->sortIndicatorSection(), -1);
    QCOMPARE(view.tableModel()->tableRow(7), 7);
    click(TableModel::Count);
    QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
    QCOMPARE(view.tableModel()->count(view.tableModel()->tableRow(0)), std::optional<std::uint32_t>(99));
  }

  void scrollsToALookedUpRow() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QTRY_VERIFY(!engine.watches.empty());
    std::uint64_t number = 0;
    const auto present = [&](std::vector<std::int32_t> users, RunState state, BatchStage next) {
      engine.answer([&](Frame& frame) {
        auto batch = std::make_shared<BatchView>();
        batch->number = number;
        batch->users = std::move(users);
        frame.batch = std::move(batch);
        frame.state = state;
        frame.progress.next_stage = next;
      });
    };
    const auto sees = [&](int row) {
      return view.viewport()->rect().contains(view.visualRect(view.model()->index(row, 0)));
    };
    ++number;
    present({300, 200}, RunState::Paused, BatchStage::LookUpUsers);  // drawn, not looked up
    QVERIFY(sees(0));
    present({300, 200}, RunState::Paused, BatchStage::LookUpMovies);
    QVERIFY(sees(200));
    ++number;
    present({400, 199}, RunState::Paused, BatchStage::LookUpMovies);
    QVERIFY(sees(200));  // one is in view already
    ++number;
    present({400}, RunState::Playing, BatchStage::LookUpUsers);
    present({400}, RunState::Playing, BatchStage::LookUpMovies);
    QVERIFY(sees(200));  // operations fly by
    view.verticalScrollBar()->triggerAction(QAbstractSlider::SliderToMinimum);
    ++number;
    present({400}, RunState::Paused, BatchStage::LookUpMovies);
    QVERIFY(sees(0));  // the person has just scrolled
  }

  void aNarrowTableHasNoNeedToScrollSideways() {
    Workbench workbench;
    TableView view(Table::Movies, &workbench);
    view.resize(900, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    const int roomy = view.columnWidth(TableModel::Label);
    view.resize(360, 300);
    QCoreApplication::processEvents();
    QCOMPARE(view.horizontalScrollBar()->maximum(), 0);
    QVERIFY(view.columnWidth(TableModel::Label) < roomy);
    view.resize(900, 300);
    QCoreApplication::processEvents();
    QCOMPARE(view.columnWidth(TableModel::Label), roomy);
  }

  void selectionIsSharedByMovie() {
    Workbench workbench;
    TableView view(Table::Movies, &workbench);
    view.resize(600, 300);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QTRY_VERIFY(!engine.watches.empty());
    view.sortBy(TableModel::Count, Qt::DescendingOrder);
    view.setCurrentIndex(view.model()->index(3, 0));
    QCOMPARE(workbench.selectedMovie().value, view.tableModel()->tableRow(3));
    workbench.selectMovie(MovieRow{77});
    QCOMPARE(view.currentIndex().row(), view.tableModel()->viewRow(77));
    QVERIFY(view.viewport()->rect().intersects(view.visualRect(view.currentIndex())));
    engine.answer();
    QVERIFY(view.selectedRowText().startsWith("Movie 77\t"));
    workbench.selectMovie({});
    QVERIFY(view.selectionModel()->selectedRows().empty());
  }

  void keysThatItDoesNotUseGoOn() {
    Workbench workbench;
    TableView view(Table::Users, &workbench);
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 600)));
    view.show();
    QSignalSpy find(&view, &TableView::findRequested);
    view.setCurrentIndex(view.model()->index(3, 0));
    QTest::keyClick(&view, Qt::Key_Down);
    QCOMPARE(view.currentIndex().row(), 4);
    QTest::keyClick(&view, Qt::Key_Home);  // the window's
    QCOMPARE(view.currentIndex().row(), 4);
    QTest::keyClick(&view, Qt::Key_End, Qt::ControlModifier);
    QCOMPARE(view.currentIndex().row(), 499);
    QTest::keyClick(&view, Qt::Key_Home, Qt::ControlModifier);
    QCOMPARE(view.currentIndex().row(), 0);
    QTest::keyClick(&view, Qt::Key_T);
    QCOMPARE(find.count(), 1);
  }

  void panelSaysWhatItShows() {
    Workbench workbench;
    TablePanel panel(Table::Movies, &workbench);
    panel.resize(700, 300);
    panel.show();
    const auto* text = panel.findChild<ElidedLabel*>(QStringLiteral("moviePanelExplanation"));
    QVERIFY(text != nullptr);
    QCOMPARE(text->text(), QStringLiteral("nothing loaded yet"));
    FakeEngine engine(&workbench, makeFrame(makeRatings(500, 1600), 50));
    QCOMPARE(text->text(), QStringLiteral("1,600 rows × 50 factors; one row per movie"));

    auto* search = panel.findChild<QLineEdit*>(QStringLiteral("moviePanelSearch"));
    QTest::keyClicks(search, QStringLiteral("movie 15"));
    QCOMPARE(workbench.selectedMovie(), MovieRow{15});
    QTest::keyClick(search, Qt::Key_Return);
    QCOMPARE(workbench.selectedMovie(), MovieRow{150});
    QTest::keyClicks(search, QStringLiteral("x"));
    QVERIFY(text->text().contains(QStringLiteral("movie 15x")));
    QTest::keyClick(search, Qt::Key_Escape);
    QVERIFY(panel.view()->hasFocus() || !panel.isActiveWindow());
  }
};

QTEST_MAIN(TestTableView)
#include "test_table_view.moc"
