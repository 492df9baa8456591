#include <QAbstractButton>
#include <QApplication>
#include <QLabel>
#include <QTest>

#include <limits>

#include "tests/support/frames.h"
#include "ui/common/elided_label.h"
#include "ui/common/scatter.h"
#include "ui/train/pca_panel.h"
#include "ui/train/pca_view.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

std::vector<ScatterPoint> cloud(int count, float spread) {
  std::vector<ScatterPoint> points;
  for (int i = 0; i < count; ++i) {
    points.push_back(
        {spread * tableValue(i, 1) / 0.3F, spread * tableValue(i, 2) / 0.3F, static_cast<std::int8_t>(i % 9 - 1)});
  }
  return points;
}

constexpr QSize canvas(400, 300);

}  // namespace

class TestPcaView : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { applyTheme(*qApp, Theme::Light); }

  void transformsInvert() {
    const auto fit = PlotTransform::fit(QRectF(-2, -1, 5, 3), QRectF(10, 10, 400, 300));
    const QPointF back = fit.toData(fit.toPixel(1.5, -0.5));
    QVERIFY(std::abs(back.x() - 1.5) < 1e-9 && std::abs(back.y() + 0.5) < 1e-9);
    QVERIFY(QRectF(10, 10, 400, 300).contains(fit.toPixel(-2, -1)));
    QVERIFY(QRectF(10, 10, 400, 300).contains(fit.toPixel(3, 2)));
    QVERIFY(fit.toPixel(0, 1).y() < fit.toPixel(0, 0).y());  // up is up
    const QPointF fixed(33, 44);
    const auto larger = fit.zoomed(3, fixed);
    const QPointF before = fit.toData(fixed);
    const QPointF after = larger.toData(fixed);
    QVERIFY((before - after).manhattanLength() < 1e-9);
  }

  void dotsHaveTheirColours() {
    const PlotTransform to{1, {0, 0}};
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      for (int slot = -1; slot < category_count; ++slot) {
        const ScatterPoint point{50, -60, static_cast<std::int8_t>(slot)};
        ScatterStyle style;
        style.theme = theme;
        style.device_pixel_ratio = 2;
        const QImage image = renderScatter({&point, 1}, to, canvas, style);
        QCOMPARE(image.size(), canvas * 2);
        QCOMPARE(QColor(image.pixel(100, 120)), categoryColor(slot));
        QCOMPARE(qAlpha(image.pixel(120, 120)), 0);
      }
    }
  }

  void pointsOutsideOrNotFiniteAreLeftOut() {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<ScatterPoint> points = {
        {nan, 0}, {1e30F, 0}, {-1e30F, 5}, {0, std::numeric_limits<float>::infinity()}};
    const QImage image = renderScatter(points, {1, {200, 150}}, canvas, {});
    for (int y = 0; y < image.height(); ++y) {
      for (int x = 0; x < image.width(); ++x) QCOMPARE(qAlpha(image.pixel(x, y)), 0);
    }
    QCOMPARE(PointGrid(points, {1, {200, 150}}, canvas).nearest({200, 150}, 1000), -1);
    // Dots cut by the rim of the picture are drawn as far as they are inside.
    const std::vector<ScatterPoint> rim = {{0, 0, 1}, {400, -300, 1}, {-3, 0, 1}};
    QVERIFY(qAlpha(renderScatter(rim, {1, {0, 0}}, canvas, {}).pixel(0, 0)) > 0);
  }

  void emphasisStandsOut() {
    const std::vector<ScatterPoint> points = {{50, -50, 1}, {100, -50, 2}};
    ScatterStyle style;
    style.emphasis = 1;
    const QImage image = renderScatter(points, {1, {0, 0}}, canvas, style);
    QCOMPARE(qAlpha(image.pixel(50, 50)), 255);
    QVERIFY(qAlpha(image.pixel(100, 50)) < 100);
  }

  void gridFindsWhatSearchingAllFinds() {
    const auto points = cloud(2000, 1);
    const auto to = PlotTransform::fit(QRectF(-1.2, -1.2, 2.4, 2.4), QRectF(QPointF(), QSizeF(canvas)));
    const PointGrid grid(points, to, canvas);
    for (int i = 0; i < 400; ++i) {
      const QPointF mouse(i * 37 % 400, i * 53 % 300);
      int best = -1;
      double best_square = 100;
      for (int p = 0; p < 2000; ++p) {
        const ScatterPoint& point = points[static_cast<std::size_t>(p)];
        const QPointF offset = to.toPixel(point.x, point.y) - mouse;
        const double square = QPointF::dotProduct(offset, offset);
        if (square < best_square || (square == best_square && p > best)) {
          best = p;
          best_square = square;
        }
      }
      QCOMPARE(grid.nearest(mouse, 10), best);
    }
    QCOMPARE(PointGrid().nearest({0, 0}, 10), -1);
  }

  void boundsChangeInStepsOnly() {
    StableBounds bounds;
    QVERIFY(bounds.update(cloud(100, 1)));
    const QRectF first = bounds.rect();
    for (const ScatterPoint& point : cloud(100, 1)) QVERIFY(first.contains(QPointF(point.x, point.y)));
    QVERIFY(!bounds.update(cloud(100, 1.04F)));
    QVERIFY(!bounds.update(cloud(100, 0.8F)));
    QCOMPARE(bounds.rect(), first);
    QVERIFY(bounds.update(cloud(100, 3)));
    QVERIFY(bounds.rect().contains(first));
    QVERIFY(bounds.update(cloud(100, 1)));
    int changes = 0;
    StableBounds growing;
    for (float spread = 0.01F; spread < 1; spread *= 1.01F) changes += growing.update(cloud(100, spread)) ? 1 : 0;
    QVERIFY2(changes < 90, qPrintable(QString::number(changes)));  // four ends, a quarter a step
    QVERIFY(!bounds.update({}));
  }

  void hoverAndClickHitTheMovie() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    auto frame = makeFrame(makeRatings(50, 300));
    project(*frame);
    workbench.present(frame);
    view.show();
    QVERIFY(!view.grab().isNull());
    const auto positionOf = [&](std::size_t movie) {
      return view.transform()
          .toPixel(frame->projection->coordinates(movie, 0), frame->projection->coordinates(movie, 1))
          .toPoint();
    };
    QTest::mouseMove(&view, positionOf(299));
    QCOMPARE(view.hovered(), MovieRow{299});
    QTest::mouseClick(&view, Qt::LeftButton, {}, positionOf(299));
    QCOMPARE(workbench.selectedMovie(), MovieRow{299});
    QVERIFY(view.accessibleDescription().contains("Movie 299"));

    const PlotTransform before = view.transform();
    QTest::keyClick(&view, Qt::Key_Plus);
    QVERIFY(view.isZoomed());
    QVERIFY(view.transform().scale > before.scale);
    QTest::keyClick(&view, Qt::Key_Left);
    QTest::mouseMove(&view, positionOf(250));
    QCOMPARE(view.hovered(), MovieRow{250});
    QTest::keyClick(&view, Qt::Key_0);
    QCOMPARE(view.transform(), before);

    QTest::mousePress(&view, Qt::LeftButton, {}, QPoint(200, 150));
    QTest::mouseMove(&view, QPoint(230, 170));
    QTest::mouseRelease(&view, Qt::LeftButton, {}, QPoint(230, 170));
    QVERIFY((view.transform().origin - before.origin - QPointF(30, 20)).manhattanLength() < 1e-6);
    QCOMPARE(workbench.selectedMovie(), MovieRow{299});  // dragging selects nothing
    QTest::mouseDClick(&view, Qt::LeftButton, {}, QPoint(200, 150));
    QCOMPARE(view.transform(), before);
  }

  void thePictureDoesNotBreathe() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    auto frame = makeFrame(makeRatings(50, 300));
    project(*frame);
    workbench.present(frame);
    const PlotTransform before = view.transform();
    auto next = std::make_shared<Frame>(*frame);
    project(*next, 1.02F);
    workbench.present(next);
    QCOMPARE(view.transform(), before);
    next = std::make_shared<Frame>(*frame);
    project(*next, 5);
    workbench.present(next);
    QVERIFY(view.transform().scale < before.scale);
  }

  void asksForTheProjectionWhileVisible() {
    Workbench workbench;
    std::vector<Project> sent;
    connect(&workbench, &Workbench::commandSent, this, [&](const Command& command) {
      if (const auto* project = std::get_if<Project>(&command)) sent.push_back(*project);
    });
    PcaPanel panel(&workbench);
    panel.show();
    QCOMPARE(sent.size(), std::size_t{1});
    QVERIFY(sent[0].enabled);
    QCOMPARE(sent[0].table, Table::Movies);
    panel.hide();
    QCOMPARE(sent.size(), std::size_t{2});
    QVERIFY(!sent[1].enabled);
  }

  void panelSaysWhatIsSyntheticAndEmphasises() {
    Workbench workbench;
    PcaPanel panel(&workbench);
    panel.show();
    const auto ratings = makeRatings(50, 300);
    ratings->synthetic = true;
    auto frame = makeFrame(ratings);
    project(*frame);
    workbench.present(frame);
    QVERIFY(panel.findChild<ElidedLabel*>("pcaPanelExplanation")->text().contains("synthetic ratings"));
    auto* first = panel.findChild<QAbstractButton*>("genre0");
    auto* second = panel.findChild<QAbstractButton*>("genre1");
    QVERIFY(first != nullptr && second != nullptr);
    QCOMPARE(first->text(), QStringLiteral("Drama"));
    first->click();
    QCOMPARE(panel.view()->emphasis(), 0);
    second->click();
    QCOMPARE(panel.view()->emphasis(), 1);
    QVERIFY(!first->isChecked());
    second->click();
    QCOMPARE(panel.view()->emphasis(), ScatterStyle::all_slots);
  }

  void emptyStatesAreDrawn() {
    Workbench workbench;
    PcaPanel panel(&workbench);
    QVERIFY(!panel.grab().isNull());
    workbench.present(makeFrame(makeRatings(5, 10)));
    QVERIFY(!panel.grab().isNull());
    auto empty = std::make_shared<Frame>();
    workbench.present(empty);
    QVERIFY(!panel.grab().isNull());
  }
};

QTEST_MAIN(TestPcaView)
#include "test_pca_view.moc"
