#include <QAccessible>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include <cmath>

#include "tests/support/lookup_views.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"
#include "ui/lookup/lane_view.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

LaneLook lookOf(Theme theme) {
  LaneLook look;
  look.palette = themePalette(theme);
  look.text = textFont(TextSize::Normal);
  look.small = numberFont(TextSize::Small);
  look.numbers = numberFont(TextSize::Normal);
  return look;
}

struct Picture {
  explicit Picture(std::shared_ptr<const LookupView> shown, Theme theme = Theme::Light) : view(std::move(shown)) {
    const LaneLook look = lookOf(theme);
    SceneInput input;
    input.size = {920, 480};
    input.metrics = metricsOf(look);
    scene = layOut(*view, input);
    image = QImage(920, 480, QImage::Format_RGB32);
    QPainter painter(&image);
    paintLanes(painter, *view, scene, look);
  }
  [[nodiscard]] QColor at(BlockKind kind, int lane, int row, int column, QPointF from_corner) const {
    const QRectF cell = scene.rectOf({scene.find(kind, lane), row, column});
    return image.pixelColor((cell.topLeft() + from_corner).toPoint());
  }
  std::shared_ptr<const LookupView> view;
  LaneScene scene;
  QImage image;
};

}  // namespace

class TestLookupLanes : public QObject {
  Q_OBJECT

  struct Lanes {
    explicit Lanes(std::shared_ptr<const LookupView> shown = toyView(5)) : view(std::move(shown)) {
      lanes.setReducedMotion(true);
      lanes.resize(920, 480);
      lanes.show();
      lanes.activateWindow();
      [[maybe_unused]] const bool active = QTest::qWaitForWindowActive(&lanes);
      lanes.setView(view);
      lanes.setFocus();
    }
    [[nodiscard]] QPoint at(BlockKind kind, int lane, int row, int column) const {
      const LaneScene& scene = lanes.scene();
      return scene.rectOf({scene.find(kind, lane), row, column}).center().toPoint() + lanes.canvas().topLeft();
    }
    void type(const char* text) {
      auto* editor = lanes.findChild<QLineEdit*>(QStringLiteral("weightEditor"));
      editor->selectAll();
      QTest::keyClicks(editor, QLatin1String(text));
      QTest::keyClick(editor, Qt::Key_Return);
    }
    LaneView lanes;
    std::shared_ptr<const LookupView> view;
  };

 private slots:
  void zerosAreQuietAndOnesAreFilled() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      const Picture picture(toyView(2), theme);
      const QPalette palette = themePalette(theme);
      QCOMPARE(picture.at(BlockKind::OneHot, one_hot_lane, 0, 2, {3, 3}), palette.color(QPalette::Text));
      QCOMPARE(picture.at(BlockKind::OneHot, one_hot_lane, 0, 1, {3, 3}), palette.color(QPalette::Base));
    }
  }

  void rowsMultipliedByZeroFadeInStepThree() {
    const Picture before(toyView(2));
    const Picture products(toyView(3));
    // The first output looks up row 2; row 1 is multiplied by zero.
    const auto distance = [](const Picture& picture, int row) {
      return picture.at(BlockKind::Table, one_hot_lane, row, 1, {4, 4}).lightness();
    };
    QCOMPARE(distance(products, 2), distance(before, 2));
    QVERIFY(distance(products, 1) > distance(before, 1) + 20);
  }

  void cellsHaveTheColoursOfTheirValues() {
    const Picture picture(toyView(4), Theme::Dark);
    QCOMPARE(picture.at(BlockKind::Table, one_hot_lane, 1, 1, {4, 4}), QColor(divergingColor(-0.7F, 1, Theme::Dark)));
  }

  void lookedUpRowsHaveAnOutline() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      const Picture picture(toyView(4), theme);
      const QColor text = themePalette(theme).color(QPalette::Text);
      QCOMPARE(picture.at(BlockKind::Table, lookup_lane, 5, 0, {1, 12}), text);
      QVERIFY(picture.at(BlockKind::Table, lookup_lane, 4, 0, {1, 12}) != text);
      QVERIFY(picture.at(BlockKind::Table, one_hot_lane, 5, 0, {1, 12}) != text);
    }
  }

  void rowsThatOnlyMovedHaveADashedOutline() {
    LookupSetup setup;
    setup.optimizer = default_optimizer(OptimizerKind::AdamW);
    setup.optimizer.weight_decay = 0.1;
    const Picture picture(toyView(16, setup));
    int tinted = 0;
    const QRectF row =
        picture.scene.blocks[static_cast<std::size_t>(picture.scene.find(BlockKind::Table, lookup_lane))].row(3);
    for (int x = static_cast<int>(row.left()); x < static_cast<int>(row.right()); ++x) {
      tinted += picture.image.pixelColor(x, static_cast<int>(row.top()) + 1) == movedColor(Theme::Light) ? 1 : 0;
    }
    QVERIFY(tinted > row.width() / 4);
    QVERIFY(tinted < row.width() * 0.95);
  }

  void pointingAtAnOutputLightsAndSpells() {
    Lanes lanes;
    QTest::mouseMove(&lanes.lanes, lanes.at(BlockKind::Output, lookup_lane, 1, 2));
    QTRY_VERIFY(lanes.lanes.caption(lookup_lane).startsWith(QStringLiteral("output[1, 2]")));
    QVERIFY(lanes.lanes.caption(one_hot_lane).startsWith(QStringLiteral("output[1, 2] = 0 ×")));
  }

  void aDoubleClickEditsACell() {
    Lanes lanes;
    QSignalSpy edits(&lanes.lanes, &LaneView::weightEdited);
    QTest::mouseDClick(&lanes.lanes, Qt::LeftButton, {}, lanes.at(BlockKind::Table, lookup_lane, 3, 1));
    lanes.type("-0");
    QCOMPARE(edits.size(), 1);
    QCOMPARE(edits[0][0].toInt(), 3);
    QCOMPARE(edits[0][1].toInt(), 1);
    QVERIFY(std::signbit(edits[0][2].toFloat()));
    QVERIFY(lanes.lanes.hasFocus());
  }

  void theTurnedTableCanBeEditedToo() {
    Lanes lanes(toyView(6));
    QSignalSpy edits(&lanes.lanes, &LaneView::weightEdited);
    QTest::mouseDClick(&lanes.lanes, Qt::LeftButton, {}, lanes.at(BlockKind::WeightTransposed, one_hot_lane, 2, 4));
    lanes.type("nan");
    QCOMPARE(edits.size(), 1);
    QCOMPARE(edits[0][0].toInt(), 4);
    QCOMPARE(edits[0][1].toInt(), 2);
    QVERIFY(std::isnan(edits[0][2].toFloat()));
  }

  void whatIsNoNumberStaysWithItsReason() {
    Lanes lanes;
    QSignalSpy edits(&lanes.lanes, &LaneView::weightEdited);
    QTest::keyClick(&lanes.lanes, Qt::Key_Down);
    QTest::keyClick(&lanes.lanes, Qt::Key_Return);
    auto* editor = lanes.lanes.findChild<QLineEdit*>(QStringLiteral("weightEditor"));
    auto* problem = lanes.lanes.findChild<QLabel*>(QStringLiteral("weightProblem"));
    QCOMPARE(editor->text(), QStringLiteral("0.4"));
    lanes.type("abc");
    QVERIFY(edits.isEmpty());
    QVERIFY(editor->isVisible() && problem->isVisible());
    QVERIFY(problem->text().contains(QStringLiteral("abc")));
    QTest::keyClick(editor, Qt::Key_Escape);
    QVERIFY(!editor->isVisible() && !problem->isVisible());
    QVERIFY(lanes.lanes.hasFocus());
  }

  void theKeyboardWalksTheTable() {
    Lanes lanes;
    QTest::keyClick(&lanes.lanes, Qt::Key_Down);
    QTest::keyClick(&lanes.lanes, Qt::Key_Down);
    QTest::keyClick(&lanes.lanes, Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(lanes.lanes.current(), (std::pair{2, 1}));
    QVERIFY(lanes.lanes.accessibleDescription().contains(QStringLiteral("table [2, 1]")));
    QTest::keyClick(&lanes.lanes, Qt::Key_Up);
    QCOMPARE(lanes.lanes.current(), (std::pair{1, 1}));
  }

  void aHugeTableAsksForTheRowsInSight() {
    const auto pass = bigPass(60000, 50, {7, 59999, 7, 123});
    for (int i = 0; i < 5; ++i) QVERIFY(pass->run_step());
    Lanes lanes(pass->view(5, 0, 64));
    QSignalSpy windows(&lanes.lanes, &LaneView::windowChanged);
    auto* bar = lanes.lanes.findChild<QScrollBar*>(QStringLiteral("laneRows"));
    QVERIFY(bar->isVisible());
    for (const int first : {1000, 30000, bar->maximum()}) {
      bar->setValue(first);
      QCOMPARE(windows.back()[0].toInt(), first);
      QVERIFY(windows.back()[1].toInt() < 100);
      lanes.lanes.setView(pass->view(5, static_cast<std::size_t>(first), 64));
      QCOMPARE(bar->value(), first);  // a frame does not scroll back
      lanes.lanes.grab();
    }
  }

  void anIndexShowsItsRow() {
    const auto pass = bigPass(60000, 50, {7, 59999});
    for (int i = 0; i < 5; ++i) QVERIFY(pass->run_step());
    Lanes lanes(pass->view(5, 0, 64));
    QTest::mouseClick(&lanes.lanes, Qt::LeftButton, {}, lanes.at(BlockKind::Indices, lookup_lane, 1, 0));
    auto* bar = lanes.lanes.findChild<QScrollBar*>(QStringLiteral("laneRows"));
    QVERIFY(bar->value() > 59000);
  }

  void copiedRowsTravel() {
    Lanes lanes(toyView(3));
    lanes.lanes.setReducedMotion(false);
    lanes.lanes.setView(toyView(4));
    const QImage under_way = lanes.lanes.grab().toImage();
    QTest::qWait(400);
    QVERIFY(lanes.lanes.grab().toImage() != under_way);
    lanes.lanes.setReducedMotion(true);
    lanes.lanes.setView(toyView(3));
    lanes.lanes.setView(toyView(4));
    const QImage at_once = lanes.lanes.grab().toImage();
    QTest::qWait(300);
    QVERIFY(lanes.lanes.grab().toImage() == at_once);
  }
};

QTEST_MAIN(TestLookupLanes)
#include "test_lookup_lanes.moc"
