#include <QImage>
#include <QPainter>
#include <QStandardItemModel>
#include <QTest>

#include "ui/common/palette.h"
#include "ui/data/verbatim_delegate.h"

using namespace rowlight;

namespace {

/// How far the pixel that stands out most is from the ground, when the delegate paints the text.
int strongestInk(const QString& text, const QPalette& palette) {
  QStandardItemModel model(1, 1);
  model.setItem(0, new QStandardItem(text));
  QImage image(80, 24, QImage::Format_RGB32);
  const QColor ground = palette.color(QPalette::Base);
  image.fill(ground);
  QPainter painter(&image);
  QStyleOptionViewItem option;
  option.rect = image.rect();
  option.palette = palette;
  option.state = QStyle::State_Enabled | QStyle::State_Active;
  VerbatimDelegate().paint(&painter, option, model.index(0, 0));
  painter.end();
  int most = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      most = std::max(most, std::abs(qGray(image.pixel(x, y)) - qGray(ground.rgb())));
    }
  }
  return most;
}

}  // namespace

class TestReportTabs : public QObject {
  Q_OBJECT

 private slots:
  void theArrowOfATabIsDimmedAndStillSeen_data() {
    QTest::addColumn<QPalette>("palette");
    QTest::newRow("light") << themePalette(Theme::Light);
    QTest::newRow("dark") << themePalette(Theme::Dark);
  }
  void theArrowOfATabIsDimmedAndStillSeen() {
    QFETCH(QPalette, palette);
    const int text = strongestInk(QStringLiteral("HHH"), palette);
    const int arrow = strongestInk(QString(3, tab_arrow), palette);
    const auto gray = [&](QPalette::ColorRole role) { return qGray(palette.color(role).rgb()); };
    QVERIFY(arrow <= std::abs(gray(QPalette::PlaceholderText) - gray(QPalette::Base)));
    QVERIFY2(arrow < text && arrow * 2 > text, qPrintable(QStringLiteral("%1 of %2").arg(arrow).arg(text)));
  }
};

QTEST_MAIN(TestReportTabs)
#include "test_report_tabs.moc"
