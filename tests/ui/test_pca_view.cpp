#include <QAbstractButton>
#include <QApplication>
#include <QLabel>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <limits>

#include "core/base/random.h"
#include "tests/support/frames.h"
#include "ui/common/elided_label.h"
#include "ui/train/pca_panel.h"
#include "ui/train/pca_view.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

constexpr QSize canvas(400, 300);

/// Lets the picture of what the view was given come.
bool settles(const PcaView& view) {
  return QTest::qWaitFor([&] { return view.upToDate(); }, 60'000);
}

}  // namespace

class TestPcaView : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { applyTheme(*qApp, Theme::Light); }

  void hoverAndClickHitTheMovie() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    auto frame = makeFrame(makeRatings(50, 300));
    project(*frame);
    workbench.present(frame);
    view.show();
    QVERIFY(settles(view));
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
    QVERIFY(!view.upToDate());  // and yet the mouse finds what is there
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
    QVERIFY(settles(view));
    const PlotTransform before = view.transform();
    auto next = std::make_shared<Frame>(*frame);
    project(*next, 1.02F);
    workbench.present(next);
    QVERIFY(settles(view));
    QCOMPARE(view.transform(), before);
    next = std::make_shared<Frame>(*frame);
    project(*next, 5);
    workbench.present(next);
    QVERIFY(settles(view));
    QVERIFY(view.transform().scale < before.scale);
  }

  /// A frame whose movies lie at random, many of them at places where others are.
  static std::shared_ptr<Frame> crowdedFrame(int movies) {
    auto frame = makeFrame(makeRatings(50, movies));
    project(*frame);
    auto crowded = std::make_shared<Projection>(*frame->projection);
    Random random(3, 1);
    for (std::size_t r = 0; r < crowded->coordinates.rows(); ++r) {
      crowded->coordinates(r, 0) = random.truncated_normal(0.5);
      crowded->coordinates(r, 1) = static_cast<float>(random.below(200)) / 200;
    }
    if (movies > 7) crowded->coordinates(7, 0) = std::numeric_limits<float>::quiet_NaN();
    frame->projection = std::move(crowded);
    return frame;
  }

  /// The movie nearest to a position among those within reach, the last of equally near ones: all are looked at.
  static MovieRow nearestOfAll(const PcaView& view, const Frame& frame, QPointF position) {
    constexpr double reach = 10;
    MovieRow best;
    double best_square = reach * reach;
    for (std::size_t r = 0; r < frame.projection->coordinates.rows(); ++r) {
      const auto at = frame.projection->coordinates.row(r);
      const QPointF offset = view.transform().toPixel(at[0], at[1]) - position;
      const double square = QPointF::dotProduct(offset, offset);
      if (!(square <= best_square)) continue;
      best = MovieRow{static_cast<std::int32_t>(r)};
      best_square = square;
    }
    return best;
  }

  void hoverAndSelectionAreExactInACrowd() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    const auto frame = crowdedFrame(30'000);
    workbench.present(frame);
    view.show();
    QVERIFY(settles(view));
    const QPointF middle = QRectF(view.rect()).center();
    for (int zoom = 0; zoom < 4; ++zoom) {
      for (int i = 0; i < 40; ++i) {
        const QPoint at(50 + i * 37 % 340, 12 + i * 53 % 240);
        QTest::mouseMove(&view, at);
        QCOMPARE(view.hovered(), nearestOfAll(view, *frame, at));
        QTest::mouseClick(&view, Qt::LeftButton, {}, at);
        QCOMPARE(workbench.selectedMovie(), nearestOfAll(view, *frame, at));
      }
      QWheelEvent wheel(middle, view.mapToGlobal(middle), {}, QPoint(0, 480), Qt::NoButton, Qt::NoModifier,
                        Qt::NoScrollPhase, false);
      QApplication::sendEvent(&view, &wheel);
    }
    QVERIFY(view.isZoomed());
    QVERIFY(settles(view));
  }

  void enterSelectsTheMovieNearestToTheMiddle() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    auto frame = makeFrame(makeRatings(5, 4));
    auto projection = std::make_shared<Projection>();
    projection->coordinates = Matrix(4, 2);
    const float xs[] = {-1, 1, -0.4F, 1};
    for (std::size_t r = 0; r < 4; ++r) projection->coordinates(r, 0) = xs[r];
    frame->projection = projection;
    workbench.present(frame);
    view.show();
    QVERIFY(settles(view));
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(workbench.selectedMovie(), MovieRow{2});
  }

  void thePictureShowsTheLastFrame() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.setFocusPolicy(Qt::NoFocus);
    view.show();
    const auto frame = crowdedFrame(30'000);
    std::shared_ptr<Frame> next;
    for (std::size_t i = 1; i <= 20; ++i) {  // faster than pictures can be made, and resized meanwhile
      // The same places for other movies: the bounds, which depend on what was shown before, stay the same.
      auto moved = std::make_shared<Projection>(*frame->projection);
      const std::size_t rows = moved->coordinates.rows();
      for (std::size_t r = 0; r < rows; ++r) {
        std::ranges::copy(frame->projection->coordinates.row((r + i) % rows), moved->coordinates.row(r).begin());
      }
      next = std::make_shared<Frame>(*frame);
      next->projection = std::move(moved);
      workbench.present(next);
      view.resize(canvas + QSize(static_cast<int>(i), static_cast<int>(i)));
      QCoreApplication::processEvents();
    }
    view.setEmphasis(0);  // without titles: those that are there stay as long as they can
    QVERIFY(settles(view));
    const QImage one = view.grab().toImage();
    PcaView other(&workbench);
    other.resize(view.size());
    other.setEmphasis(0);
    other.setFocusPolicy(Qt::NoFocus);  // no frame around the one that has the focus
    other.show();
    QVERIFY(settles(other));
    QCOMPARE(other.transform(), view.transform());
    QCOMPARE(other.grab().toImage(), one);
  }

  void otherRatingsTakeThePictureAway() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.show();
    workbench.present(crowdedFrame(30'000));
    QVERIFY(settles(view));
    workbench.present(crowdedFrame(30'000));  // a picture of it is under way when the next ratings come
    auto fewer = makeFrame(makeRatings(5, 10));
    workbench.present(fewer);
    QTest::mouseMove(&view, QPoint(200, 120));
    QVERIFY(!view.hovered().valid());
    QTest::qWait(100);
    QVERIFY(!view.grab().isNull());
    QTest::mouseMove(&view, QPoint(201, 120));
    QVERIFY(!view.hovered().valid());
    project(*fewer);
    workbench.present(std::make_shared<Frame>(*fewer));
    QVERIFY(settles(view));
    QVERIFY(!view.grab().isNull());
  }

  void aPictureOfOtherRatingsIsNeverShown() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.show();
    workbench.present(crowdedFrame(30'000));
    QVERIFY(settles(view));
    // One for each moment at which the ratings may be exchanged: the picture under way, just made, or taken.
    for (int wait = 0; wait < 8; ++wait) {
      workbench.present(crowdedFrame(100'000));
      QVERIFY(settles(view));
      workbench.present(crowdedFrame(100'000));  // other ratings
      QVERIFY(QTest::qWaitFor([&] { return view.genresKnown(); }, 60'000));
      QTest::qSleep(2 * wait);  // the picture is made, and nobody takes it
      auto fewer = makeFrame(makeRatings(5, 10));
      auto far = std::make_shared<Projection>();
      far->coordinates = Matrix(10, 2);
      for (std::size_t r = 0; r < 10; ++r) far->coordinates(r, 0) = r % 2 == 0 ? -1.0F : 1.0F;
      fewer->projection = std::move(far);
      workbench.present(fewer);
      const QPoint middle = view.rect().center();
      const auto look = [&] {
        QTest::mouseMove(&view, middle + QPoint(0, -20));
        QTest::mouseMove(&view, middle + QPoint(1, -20));
        return view.hovered().valid();
      };
      QVERIFY(!look());
      for (int i = 0; !view.upToDate(); ++i) {
        QCoreApplication::processEvents();
        QVERIFY2(!look(), "a dot where the present ratings have none");
        QVERIFY(i < 60'000);
        QTest::qSleep(1);
      }
      QVERIFY(!look());
    }
  }

  void sharesOnTheAxesBelongToTheDots() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.show();
    const auto frame = crowdedFrame(1000);
    workbench.present(frame);
    QVERIFY(settles(view));
    const QImage before = view.grab().toImage();
    auto projection = std::make_shared<Projection>(*frame->projection);
    projection->variance_share = {0.7, 0.2};
    auto next = std::make_shared<Frame>(*frame);
    next->projection = std::move(projection);
    workbench.present(next);
    QCOMPARE(view.grab().toImage(), before);  // the next picture is under way
    QVERIFY(settles(view));
    QVERIFY(view.grab().toImage() != before);
  }

  void dotsWithTheirGroundLookLikeDotsOnIt() {
    // The first picture comes without a ground, the second of the same points with it.
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.show();
    const auto frame = crowdedFrame(3000);
    workbench.present(frame);
    QVERIFY(settles(view) && !view.pictureHasGround());
    const QImage first = view.grab().toImage();
    auto next = std::make_shared<Frame>(*frame);
    next->projection = std::make_shared<Projection>(*frame->projection);
    workbench.present(next);
    QVERIFY(settles(view) && view.pictureHasGround());
    const QImage second = view.grab().toImage();
    QCOMPARE(second.size(), first.size());
    for (int y = 0; y < first.height(); ++y) {
      for (int x = 0; x < first.width(); ++x) {
        const QColor a(first.pixel(x, y));
        const QColor b(second.pixel(x, y));
        QVERIFY(std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) <= 3);
      }
    }
  }

  void aPictureOfTheOldThemeIsNotShownInTheNewOne() {
    Workbench workbench;
    PcaView view(&workbench);
    view.resize(canvas);
    view.setFocusPolicy(Qt::NoFocus);  // no frame around it
    view.show();
    const auto frame = crowdedFrame(30'000);
    workbench.present(frame);
    QVERIFY(settles(view));
    const auto present_again = [&] {
      auto next = std::make_shared<Frame>(*frame);
      next->projection = std::make_shared<Projection>(*frame->projection);
      workbench.present(next);
    };
    present_again();
    QVERIFY(settles(view) && view.pictureHasGround());
    // A corner where there are neither dots nor axes.
    const auto ground = [&] { return QColor(view.grab().toImage().pixel(1, 1)); };
    const QColor light = view.palette().color(QPalette::Base);
    QCOMPARE(ground(), light);
    present_again();  // a picture of the old theme is under way
    view.setPalette(themePalette(Theme::Dark));
    const QColor dark = view.palette().color(QPalette::Base);
    QVERIFY(dark != light);
    QCOMPARE(ground(), dark);
    for (int i = 0; !view.upToDate(); ++i) {
      QCoreApplication::processEvents();
      QCOMPARE(ground(), dark);
      QVERIFY(i < 60'000);
    }
    QVERIFY(view.pictureHasGround());
    QCOMPARE(ground(), dark);
  }

  void itEndsWhileAPictureIsMade() {
    for (int i = 0; i < 10; ++i) {
      Workbench workbench;
      PcaView view(&workbench);
      view.resize(canvas);
      view.show();
      workbench.present(crowdedFrame(20'000 * (i % 3)));
      QTest::qWait(i);
    }
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
    QVERIFY(settles(*panel.view()));  // the movies of each genre are counted
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
