#include <QPainter>
#include <QTest>

#include <limits>
#include <set>

#include "ui/common/heat_map.h"
#include "ui/common/typography.h"

using namespace rowlight;

class TestHeatMap : public QObject {
  Q_OBJECT

 private slots:
  void onePixelACell() {
    Matrix rows(2, 3);
    rows(0, 0) = -1;
    rows(0, 2) = 1;
    rows(1, 1) = 0.5F;
    rows(1, 2) = std::numeric_limits<float>::quiet_NaN();
    const QImage image = renderHeatMap(rows.view(), 1, Theme::Light);
    QCOMPARE(image.size(), QSize(3, 2));
    QCOMPARE(image.pixel(0, 0), divergingColor(-1, 1, Theme::Light));
    QCOMPARE(image.pixel(1, 0), divergingColor(0, 1, Theme::Light));
    QCOMPARE(image.pixel(2, 0), divergingColor(1, 1, Theme::Light));
    QCOMPARE(image.pixel(1, 1), divergingColor(0.5F, 1, Theme::Light));
    QCOMPARE(image.pixel(2, 1), divergingTable(Theme::Light)[0]);
    QVERIFY(renderHeatMap(Matrix().view(), 1, Theme::Light).isNull());
  }

  void cellsHaveCrispEdges() {
    Matrix rows(1, 7);
    for (std::size_t c = 0; c < 7; ++c) rows(0, c) = static_cast<float>(c) / 3.0F - 1;
    const QImage heat = renderHeatMap(rows.view(), 1, Theme::Dark);
    for (const int width : {100, 101, 203}) {
      for (const qreal scale : {1.0, 1.5, 2.0}) {
        QImage canvas(QSize(static_cast<int>(width * scale), 10), QImage::Format_RGB32);
        canvas.setDevicePixelRatio(scale);
        canvas.fill(Qt::black);
        QPainter painter(&canvas);
        paintHeatStrip(painter, QRect(0, 0, width, 5), heat, 0, rows.row(0), 1);
        painter.end();
        std::set<QRgb> colors;
        for (int x = 0; x < canvas.width(); ++x) colors.insert(canvas.pixel(x, 2));
        QCOMPARE(colors.size(), std::size_t{7});  // the cells' colours and no mixture
      }
    }
  }

  void wideCellsShowTheirValues() {
    Matrix rows(1, 2);
    const QImage heat = renderHeatMap(rows.view(), 1, Theme::Light);
    const auto inked = [&](int cell_width) {
      QImage canvas(2 * cell_width, 24, QImage::Format_RGB32);
      canvas.fill(Qt::white);
      QPainter painter(&canvas);
      NumberTexts texts(numberFont(TextSize::Small), heatDecimals(1));
      paintHeatStrip(painter, canvas.rect(), heat, 0, rows.row(0), 1, &texts);
      painter.end();
      std::set<QRgb> colors;
      for (int x = 0; x < canvas.width(); ++x) colors.insert(canvas.pixel(x, 12));
      return colors.size() > 1;
    };
    QVERIFY(!inked(30));
    QVERIFY(inked(80));
  }

  void whatIsNotFiniteIsHatched() {
    Matrix rows(1, 2);
    rows(0, 1) = std::numeric_limits<float>::infinity();
    const QImage heat = renderHeatMap(rows.view(), 1, Theme::Light);
    QImage canvas(40, 20, QImage::Format_RGB32);
    QPainter painter(&canvas);
    paintHeatStrip(painter, canvas.rect(), heat, 0, rows.row(0), 1);
    painter.end();
    std::set<QRgb> finite;
    std::set<QRgb> other;
    for (int x = 0; x < 40; ++x) (x < 20 ? finite : other).insert(canvas.pixel(x, 10));
    QCOMPARE(finite.size(), std::size_t{1});
    QVERIFY(other.size() > 1);
  }

  void cellUnderTheMouse() {
    const QRect rect(10, 0, 100, 20);
    QCOMPARE(heatCellAt(rect, 10, 9), -1);
    QCOMPARE(heatCellAt(rect, 10, 10), 0);
    QCOMPARE(heatCellAt(rect, 10, 19), 0);
    QCOMPARE(heatCellAt(rect, 10, 20), 1);
    QCOMPARE(heatCellAt(rect, 10, 109), 9);
    QCOMPARE(heatCellAt(rect, 10, 110), -1);
    QCOMPARE(heatCellAt(rect, 0, 50), -1);
    for (int cell = 0; cell < 33; ++cell) {
      const QPointF center = heatCellRect(rect, 33, cell).center();
      QCOMPARE(heatCellAt(rect, 33, static_cast<int>(center.x())), cell);
    }
  }

  void numbersHaveFixedDecimals() {
    QCOMPARE(heatDecimals(1), 2);
    QCOMPARE(heatDecimals(0.5F), 2);
    QCOMPARE(heatDecimals(0.1F), 3);
    QCOMPARE(heatDecimals(0.05F), 3);
    QCOMPARE(heatDecimals(10), 1);
    QCOMPARE(valueText(-0.25F, 3), QStringLiteral("−0.250"));
    QCOMPARE(valueText(-0.0001F, 2), QStringLiteral("0.00"));
    QCOMPARE(valueText(std::numeric_limits<float>::quiet_NaN(), 2), QStringLiteral("NaN"));
    QCOMPARE(valueText(-std::numeric_limits<float>::infinity(), 2), QStringLiteral("−∞"));
  }
};

QTEST_MAIN(TestHeatMap)
#include "test_heat_map.moc"
