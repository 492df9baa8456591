#include <QTest>

#include <algorithm>
#include <cmath>

#include "tests/support/lookup_views.h"
#include "ui/lookup/lane_scene.h"
#include "ui/lookup/lookup_text.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

SceneInput roomy() {
  SceneInput input;
  input.size = {900, 470};
  return input;
}

bool holds(const std::vector<CellRef>& cells, const LaneScene& scene, BlockKind kind, int lane, int row, int column) {
  const CellRef wanted{scene.find(kind, lane), row, column};
  return std::find(cells.begin(), cells.end(), wanted) != cells.end();
}

}  // namespace

class TestLookupScene : public QObject {
  Q_OBJECT

 private slots:
  void everyStepFitsItsLane_data() {
    QTest::addColumn<int>("step");
    for (int step = 0; step <= lookup_step_count; ++step) QTest::addRow("step %d", step) << step;
  }
  void everyStepFitsItsLane() {
    QFETCH(int, step);
    LookupSetup shared;
    shared.bias = BiasKind::Shared;
    LookupSetup per_row;
    per_row.bias = BiasKind::PerRow;
    LookupSetup bag;
    bag.bag = BagSetup{BagMode::Mean, {0, 2}, false, {}};
    for (const LookupSetup& setup : {LookupSetup{}, shared, per_row, bag}) {
      const auto view = toyView(step, setup);
      const LaneScene scene = layOut(*view, roomy());
      QVERIFY(!scene.blocks.empty());
      for (const Block& block : scene.blocks) {
        const Lane& lane = scene.lanes[static_cast<std::size_t>(block.lane)];
        QVERIFY2(lane.area.contains(block.cells), qPrintable(block.title));
        QVERIFY2(block.cells.bottom() <= lane.caption.top(), qPrintable(block.title));
        for (const Block& other : scene.blocks) {
          if (&other == &block || other.lane != block.lane) continue;
          QVERIFY2(!other.cells.united(other.labels).intersects(block.cells), qPrintable(block.title + other.title));
        }
      }
    }
  }

  void theTablesStandUnderEachOther() {
    const auto view = toyView(4);
    const LaneScene scene = layOut(*view, roomy());
    const Block& top = scene.blocks[static_cast<std::size_t>(scene.find(BlockKind::Table, one_hot_lane))];
    const Block& bottom = scene.blocks[static_cast<std::size_t>(scene.find(BlockKind::Table, lookup_lane))];
    QCOMPARE(top.cells.left(), bottom.cells.left());
    QCOMPARE(top.cells.size(), bottom.cells.size());
    QCOMPARE(top.rows.shown, 6);
    QVERIFY(top.numbers);
  }

  void aHugeTableShowsAWindow() {
    const auto pass = bigPass(60000, 50, {7, 59999, 7, 123});
    for (int i = 0; i < 5; ++i) QVERIFY(pass->run_step());
    SceneInput input = roomy();
    input.numbers = false;
    input.first_row = 31000;
    const LaneScene scene = layOut(*pass->view(5, 31000, 40), input);
    QVERIFY(scene.rows_shown >= 5);
    QVERIFY(scene.rows_needed < 100);
    const Block& table = scene.blocks[static_cast<std::size_t>(scene.find(BlockKind::Table, lookup_lane))];
    QCOMPARE(table.rows.count, 60000);
    QCOMPARE(table.rows.first, 31000);
    QCOMPARE(table.columns.shown, 50);  // as colours all columns fit
    QVERIFY(!table.numbers);
    input.numbers = true;
    const LaneScene wide = layOut(*pass->view(5, 31000, 40), input);
    QVERIFY(wide.columns_shown < 50);
  }

  void aPointFindsItsCell() {
    const auto view = toyView(5);
    const LaneScene scene = layOut(*view, roomy());
    for (int i = 0; i < static_cast<int>(scene.blocks.size()); ++i) {
      const Block& block = scene.blocks[static_cast<std::size_t>(i)];
      const CellRef cell{i, block.rows.shown - 1, block.columns.shown - 1};
      const auto hit = scene.hit(scene.rectOf(cell).center());
      QVERIFY(hit);
      QVERIFY(*hit == cell);
    }
    QVERIFY(!scene.hit({-5, -5}));
  }

  void anOutputLightsItsSources() {
    const auto view = toyView(5);
    const LaneScene scene = layOut(*view, roomy());
    for (const auto& [kind, lane] :
         {std::pair{BlockKind::Output, lookup_lane}, std::pair{BlockKind::OneHotOutput, one_hot_lane}}) {
      const auto cells = sourcesOf(*view, scene, {scene.find(kind, lane), 1, 2});
      for (int i = 0; i < 6; ++i) {
        QVERIFY(holds(cells, scene, BlockKind::OneHot, one_hot_lane, 1, i));
        QVERIFY(holds(cells, scene, BlockKind::Table, one_hot_lane, i, 2));
      }
      QVERIFY(holds(cells, scene, BlockKind::Indices, lookup_lane, 1, 0));
      QVERIFY(holds(cells, scene, BlockKind::Table, lookup_lane, 5, 2));  // of indices 2, 5, 2, 0
      QVERIFY(!holds(cells, scene, BlockKind::Table, lookup_lane, 2, 2));
      QVERIFY(holds(cells, scene, BlockKind::Output, lookup_lane, 1, 2));
      QCOMPARE(cells.size(), std::size_t{6 + 6 + 1 + 1 + 1 + 1});
    }
  }

  void aGradientLightsTheRowsOfGThatItSums() {
    const auto view = toyView(11);
    const LaneScene scene = layOut(*view, roomy());
    const auto cells = sourcesOf(*view, scene, {scene.find(BlockKind::DenseGrad, lookup_lane), 2, 1});
    QVERIFY(holds(cells, scene, BlockKind::GradOutput, lookup_lane, 0, 1));
    QVERIFY(holds(cells, scene, BlockKind::GradOutput, lookup_lane, 2, 1));
    QVERIFY(!holds(cells, scene, BlockKind::GradOutput, lookup_lane, 1, 1));
  }

  void linksLeadFromIndicesToRowsToOutputs() {
    const LaneScene scene = layOut(*toyView(4), roomy());
    const auto carrying =
        std::count_if(scene.links.begin(), scene.links.end(), [](const Link& l) { return l.carries; });
    QCOMPARE(static_cast<int>(scene.links.size()), 8);
    QCOMPARE(static_cast<int>(carrying), 4);
    QVERIFY(layOut(*toyView(3), roomy()).links.empty());
    // The padding position of the gradient only points.
    const LaneScene backward = layOut(*toyView(11), roomy());
    QCOMPARE(std::count_if(backward.links.begin(), backward.links.end(), [](const Link& l) { return l.carries; }), 3);
  }

  void aBagOfTheWholeBatchComesFromAllPositions() {
    const auto view = toyView(18);
    const LaneScene scene = layOut(*view, roomy());
    const auto links = std::count_if(scene.links.begin(), scene.links.end(), [](const Link& l) { return l.carries; });
    QCOMPARE(static_cast<int>(links), 4);
    const auto cells = sourcesOf(*view, scene, {scene.find(BlockKind::BagOutput, lookup_lane), 0, 1});
    for (const int row : {0, 2, 5}) QVERIFY(holds(cells, scene, BlockKind::Table, lookup_lane, row, 1));
    // The outputs of the forward pass came from another table than the one that is shown.
    QVERIFY(scene.find(BlockKind::OneHotOutput, one_hot_lane) < 0);
  }

  void theLayoutStepTurnsTheTable() {
    const auto view = toyView(6);
    for (int r = 0; r < 6; ++r) {
      for (int c = 0; c < 3; ++c) {
        QCOMPARE(valueAt(*view, BlockKind::WeightTransposed, c, r), valueAt(*view, BlockKind::Table, r, c));
      }
    }
  }

  void aWindowHoldsItsOwnRowsOnly() {
    const auto pass = bigPass(100, 4, {7});
    const auto view = pass->view(0, 50, 10);
    QVERIFY(!valueAt(*view, BlockKind::Table, 49, 0));
    QVERIFY(valueAt(*view, BlockKind::Table, 50, 0));
    QVERIFY(!valueAt(*view, BlockKind::Table, 60, 0));
  }

  void sumsAreSpeltOut() {
    const auto view = toyView(5);
    QCOMPARE(
        spellOut(*view, BlockKind::OneHotOutput, 0, 0, 2),
        QStringLiteral("output[0, 0] = 0 × 0.00 + 0 × 0.40 + 1 × −0.30 + 0 × 0.80 + 0 × −0.50 + 0 × 0.60 = −0.30"));
    QCOMPARE(spellOut(*view, BlockKind::Output, 1, 2, 2),
             QStringLiteral("output[1, 2] = −0.90, a copy of table[5, 2]"));
    QVERIFY(spellOut(*toyView(2), BlockKind::OneHotOutput, 0, 0, 2).isEmpty());
  }

  void oddNumbersAreWrittenAndRead() {
    QCOMPARE(cellText(-0.0F, 2), QStringLiteral("−0"));
    QCOMPARE(cellText(0.0F, 2), QStringLiteral("0.00"));
    QCOMPARE(cellText(NAN, 2), QStringLiteral("NaN"));
    QCOMPARE(cellText(-INFINITY, 2), QStringLiteral("−∞"));
    QVERIFY(std::isnan(*parseWeight(QStringLiteral(" NaN "))));
    QCOMPARE(*parseWeight(QStringLiteral("inf")), INFINITY);
    QVERIFY(std::signbit(*parseWeight(QStringLiteral("-0"))));
    QCOMPARE(*parseWeight(QStringLiteral("−1.5")), -1.5F);
    QVERIFY(!parseWeight(QStringLiteral("abc")));
    QVERIFY(!parseWeight(QStringLiteral("1e60")));
    for (const float value : {0.1F, -0.0F, 1.0F / 3, 3.4e38F, INFINITY})
      QCOMPARE(*parseWeight(exactText(value)), value);
    QString bad;
    QVERIFY(*parseIndices(QStringLiteral("[2, 5;2 0]"), &bad) == (std::vector<std::int64_t>{2, 5, 2, 0}));
    QVERIFY(!parseIndices(QStringLiteral("2, x"), &bad));
    QCOMPARE(bad, QStringLiteral("x"));
    QCOMPARE(bytesText(430592), QStringLiteral("430,592"));
    QCOMPARE(bytesText(17'200'000), QStringLiteral("17.2 MB"));
    QCOMPARE(durationText(0.00042), QStringLiteral("420 µs"));
  }
};

QTEST_GUILESS_MAIN(TestLookupScene)
#include "test_lookup_scene.moc"
