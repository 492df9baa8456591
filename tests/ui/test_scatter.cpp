#include <QTest>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/base/thread_pool.h"
#include "tests/support/frames.h"
#include "ui/common/point_grid.h"
#include "ui/common/scatter.h"
#include "ui/common/scatter_raster.h"
#include "ui/common/scatter_renderer.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

std::vector<ScatterPoint> cloud(int count, float spread) {
  std::vector<ScatterPoint> points;
  points.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    points.push_back(
        {spread * tableValue(i, 1) / 0.3F, spread * tableValue(i, 2) / 0.3F, static_cast<std::int8_t>(i % 9 - 1)});
  }
  return points;
}

/// Dense in the middle, in all colours, a few of them no numbers.
std::vector<ScatterPoint> crowd(int count) {
  Random random(2, 1);
  std::vector<ScatterPoint> points;
  points.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    points.push_back({random.truncated_normal(0.5), random.truncated_normal(0.3),
                      static_cast<std::int8_t>(static_cast<int>(random.below(9)) - 1)});
    if (i % 1001 == 1000) points.back().x = std::numeric_limits<float>::quiet_NaN();
  }
  return points;
}

constexpr QSize canvas(400, 300);

}  // namespace

class TestScatter : public QObject {
  Q_OBJECT

 private slots:
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
    const PlotTransform to{1, {200, 150}};
    QCOMPARE(PointGrid(std::span(points).first(1)).nearest(to, {200, 150}, 1000), -1);
    QCOMPARE(PointGrid(points).nearest(to, {200, 150}, 1000), -1);  // those that are finite lie far outside
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

  static int plainSearch(std::span<const ScatterPoint> points, const PlotTransform& to, QPointF mouse, double reach) {
    int best = -1;
    double best_square = reach * reach;
    for (std::size_t p = 0; p < points.size(); ++p) {
      const QPointF offset = to.toPixel(points[p].x, points[p].y) - mouse;
      const double square = QPointF::dotProduct(offset, offset);
      if (!(square <= best_square)) continue;
      best = static_cast<int>(p);
      best_square = square;
    }
    return best;
  }

  void gridFindsWhatSearchingAllFinds_data() {
    QTest::addColumn<std::vector<ScatterPoint>>("points");
    QTest::newRow("none") << std::vector<ScatterPoint>();
    QTest::newRow("one") << cloud(1, 1);
    QTest::newRow("two thousand") << cloud(2000, 1);
    QTest::newRow("a crowd") << crowd(100'000);
    auto equal = cloud(500, 1);
    for (ScatterPoint& point : equal) point = {0.25F, -0.5F, point.slot};
    QTest::newRow("all at one place") << equal;
    auto line = cloud(500, 1);
    for (ScatterPoint& point : line) point.y = 0;
    QTest::newRow("a line") << line;
    auto outlier = crowd(5000);
    outlier[77] = {1e30F, -1e30F, 1};
    outlier[78].x = std::numeric_limits<float>::quiet_NaN();
    outlier[79].y = -std::numeric_limits<float>::infinity();
    QTest::newRow("some far away or nowhere") << outlier;
  }
  void gridFindsWhatSearchingAllFinds() {
    QFETCH(std::vector<ScatterPoint>, points);
    const PointGrid grid(points);
    const auto fit = PlotTransform::fit(QRectF(-1.2, -1.2, 2.4, 2.4), QRectF(QPointF(), QSizeF(canvas)));
    for (const double zoom : {1.0, 0.01, 3.0, 150.0}) {
      const PlotTransform to = fit.zoomed(zoom, {180, 140});
      for (int i = 0; i < 60; ++i) {
        const QPointF mouse(i * 37 % 400, i * 53 % 300);
        for (const double reach : {10.0, 60.0}) {
          QCOMPARE(grid.nearest(to, mouse, reach), plainSearch(points, to, mouse, reach));
          QCOMPARE(nearestOfAll(points, to, mouse, reach), plainSearch(points, to, mouse, reach));
        }
      }
    }
    QCOMPARE(PointGrid().nearest(fit, {0, 0}, 10), -1);
  }

  void threadsChangeNoPixel_data() {
    QTest::addColumn<int>("count");
    QTest::addColumn<double>("ratio");
    QTest::addColumn<int>("emphasis");
    for (const int count : {0, 1, 5000, 200'000}) {
      for (const double ratio : {1.0, 1.5, 2.0}) {
        QTest::addRow("%d at %g", count, ratio) << count << ratio << static_cast<int>(ScatterStyle::all_slots);
        QTest::addRow("%d at %g, one slot emphasised", count, ratio) << count << ratio << 2;
      }
    }
  }
  void threadsChangeNoPixel() {
    QFETCH(int, count);
    QFETCH(double, ratio);
    QFETCH(int, emphasis);
    const auto points = crowd(count);
    const auto to = PlotTransform::fit(QRectF(-1, -1, 2, 2), QRectF(QPointF(), QSizeF(canvas)));
    ScatterStyle style{Theme::Dark, ratio, scatterRadius(points.size(), canvas), emphasis};
    const QImage alone = renderScatter(points, to, canvas, style);
    QCOMPARE(alone.size(), canvas * ratio);
    for (const unsigned threads : {1U, 2U, 3U}) {
      ThreadPool pool(threads);
      QCOMPARE(renderScatter(points, to, canvas, style, &pool), alone);
    }
    // Also in memory that was used before, for another size.
    ScatterRaster raster;
    QImage image;
    QVERIFY(raster.render(crowd(3000), to, canvas * 2, {}, image));
    QVERIFY(raster.render(points, to, canvas, style, image));
    QCOMPARE(image, alone);
    const QRgb* memory = reinterpret_cast<const QRgb*>(image.constBits());
    QVERIFY(raster.render(points, to, canvas, style, image));
    QCOMPARE(reinterpret_cast<const QRgb*>(image.constBits()), memory);
    QCOMPARE(image, alone);
  }

  void whatLiesOnTopIsDrawnWhole() {
    // The topmost of a crowd at one place: every pixel of it that is opaque alone is the same in the crowd.
    auto points = crowd(5000);
    for (ScatterPoint& point : points) point.x = 0.01F * static_cast<float>(point.slot);
    for (ScatterPoint& point : points) point.y = 0;
    points.back() = {0, 0, 3};
    const PlotTransform to{100, {200, 150}};
    const QImage all = renderScatter(points, to, canvas, {});
    const QImage one = renderScatter(std::span(points).last(1), to, canvas, {});
    int opaque = 0;
    for (int y = 0; y < one.height(); ++y) {
      for (int x = 0; x < one.width(); ++x) {
        if (qAlpha(one.pixel(x, y)) < 255) continue;
        ++opaque;
        QCOMPARE(all.pixel(x, y), one.pixel(x, y));
      }
    }
    QVERIFY(opaque > 10);
  }

  void othersLieBelowTheCategories() {
    const std::vector<ScatterPoint> points = {{0, 0, 2}, {0, 0, GenreColors::other}};
    const QImage image = renderScatter(points, {1, {200, 150}}, canvas, {});
    QCOMPARE(QColor(image.pixel(200, 150)), categoryColor(2));
    QCOMPARE(
        QColor(
            renderScatter(points, {1, {200, 150}}, canvas, {Theme::Light, 1, 3.5, GenreColors::other}).pixel(200, 150)),
        categoryColor(GenreColors::other));
  }

  void aStoppedPictureSaysSo() {
    const auto points = crowd(1000);
    QImage image;
    std::atomic<bool> stop = true;
    QVERIFY(!ScatterRaster().render(points, {1, {0, 0}}, canvas, {}, image, nullptr, nullptr, &stop));
    QVERIFY(ScatterRaster().render(points, {1, {0, 0}}, QSize(0, 0), {}, image));
    QVERIFY(image.isNull());
  }

  void theRendererServesTheLastRequest() {
    ScatterRenderer renderer(2);
    const auto points = crowd(100'000);
    ScatterRequest request;
    request.at = coordinatesOf(points);
    request.area = QRectF(QPointF(), QSizeF(canvas));
    request.variance_share = {0.4, 0.3};
    std::uint64_t last = 0;
    for (int i = 0; i < 50; ++i) {
      request.size = canvas + QSize(i, 0);
      last = renderer.request(request);
    }
    ScatterPicturePtr shown;
    std::vector<std::uint64_t> taken;
    QVERIFY(QTest::qWaitFor(
        [&] {
          if (renderer.take(shown)) taken.push_back(shown->ticket);
          return shown && shown->ticket == last;
        },
        60'000));
    // Before it at most the one that was finished and the one that was under way when the last request came.
    QVERIFY2(taken.size() <= 3, qPrintable(QString::number(taken.size())));
    QVERIFY(std::ranges::is_sorted(taken));
    QCOMPARE(shown->variance_share, request.variance_share);
    QVERIFY(!shown->hasGround());
    QCOMPARE(shown->image.size(), request.size);
    QCOMPARE(shown->cloud->points.size(), points.size());
    QVERIFY(!renderer.take(shown));  // once
    // The memory of pictures is used again, sooner or later: of three the first one's.
    const ScatterPicture* const first = shown.get();
    renderer.giveBack(std::move(shown));
    const std::uint64_t next = renderer.request(request);
    QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, next); }, 20'000));
    QCOMPARE(shown->ticket, next);
    bool again = shown.get() == first;
    for (int i = 0; i < 3 && !again; ++i) {
      renderer.giveBack(std::move(shown));
      const std::uint64_t another = renderer.request(request);
      QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, another); }, 20'000));
      again = shown.get() == first;
    }
    QVERIFY(again);
  }

  static std::shared_ptr<const Matrix> coordinatesOf(const std::vector<ScatterPoint>& points) {
    auto at = std::make_shared<Matrix>(points.size(), 2);
    for (std::size_t r = 0; r < points.size(); ++r) {
      (*at)(r, 0) = points[r].x;
      (*at)(r, 1) = points[r].y;
    }
    return at;
  }

  void thePictureGetsItsGround() {
    ScatterRenderer renderer(1);
    ScatterRequest request;
    request.at = coordinatesOf(crowd(500));
    request.size = canvas;
    request.area = QRectF(QPointF(), QSizeF(canvas));
    ScatterPicturePtr shown;
    std::uint64_t ticket = renderer.request(request);
    QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, ticket); }, 60'000));
    QVERIFY(!shown->hasGround());
    const QImage dots = shown->image.copy();
    request.ground = QImage(canvas, QImage::Format_RGB32);
    request.ground.fill(QColor(10, 200, 30));
    ticket = renderer.request(request);
    QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, ticket); }, 60'000));
    QVERIFY(!shown->hasGround());  // of another transform
    QCOMPARE(shown->image, dots);
    request.ground_transform = shown->transform;
    ticket = renderer.request(request);
    QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, ticket); }, 60'000));
    QVERIFY(shown->hasGround());
    for (int y = 0; y < canvas.height(); ++y) {
      for (int x = 0; x < canvas.width(); ++x) {
        const QRgb dot = dots.pixel(x, y);
        if (qAlpha(dot) == 255) QCOMPARE(shown->image.pixel(x, y), dot);
        if (qAlpha(dot) == 0) QCOMPARE(QColor(shown->image.pixel(x, y)), QColor(10, 200, 30));
      }
    }
  }

  void withoutCoordinatesItKeepsNoPoints() {
    ScatterRenderer renderer(1);
    std::weak_ptr<const ScatterCloud> cloud;
    std::weak_ptr<const Matrix> coordinates;
    ScatterPicturePtr shown;
    {
      ScatterRequest request;
      request.at = coordinatesOf(crowd(2000));
      coordinates = request.at;
      request.size = canvas;
      request.area = QRectF(QPointF(), QSizeF(canvas));
      for (int i = 0; i < 2; ++i) {
        const std::uint64_t ticket = renderer.request(request);
        QVERIFY(QTest::qWaitFor([&] { return renderer.take(shown, ticket); }, 60'000));
      }
      renderer.request(std::move(request));  // its picture is taken by nobody
      cloud = shown->cloud;
    }
    renderer.giveBack(std::move(shown));
    const auto ratings = makeRatings(3, 5);
    RatingSetPtr counted;
    GenreColorsPtr colors;
    connect(&renderer, &ScatterRenderer::coloured, this, [&](const RatingSetPtr& of, const GenreColorsPtr& are) {
      counted = of;
      colors = are;
    });
    ScatterRequest nothing;
    nothing.ratings = ratings;
    renderer.request(nothing);
    QVERIFY(QTest::qWaitFor([&] { return colors != nullptr; }, 60'000));
    QCOMPARE(counted, RatingSetPtr(ratings));
    QCOMPARE(colors->legend().size(), std::size_t{3});
    QVERIFY(cloud.expired());
    QVERIFY(coordinates.expired());
    QVERIFY(!renderer.take(shown));
  }

  void boundsChangeInStepsOnly() {
    StableBounds bounds;
    QVERIFY(bounds.update(StableBounds::reachOf(cloud(100, 1))));
    const QRectF first = bounds.rect();
    for (const ScatterPoint& point : cloud(100, 1)) QVERIFY(first.contains(QPointF(point.x, point.y)));
    QVERIFY(!bounds.update(StableBounds::reachOf(cloud(100, 1.04F))));
    QVERIFY(!bounds.update(StableBounds::reachOf(cloud(100, 0.8F))));
    QCOMPARE(bounds.rect(), first);
    QVERIFY(bounds.update(StableBounds::reachOf(cloud(100, 3))));
    QVERIFY(bounds.rect().contains(first));
    QVERIFY(bounds.update(StableBounds::reachOf(cloud(100, 1))));
    int changes = 0;
    StableBounds growing;
    for (float spread = 0.01F; spread < 1; spread *= 1.01F)
      changes += growing.update(StableBounds::reachOf(cloud(100, spread))) ? 1 : 0;
    QVERIFY2(changes < 90, qPrintable(QString::number(changes)));  // four ends, a quarter a step
    QVERIFY(!bounds.update(StableBounds::Reach{}));
  }
};

QTEST_MAIN(TestScatter)
#include "test_scatter.moc"
