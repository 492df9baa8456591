#include <QApplication>
#include <QLabel>
#include <QTest>

#include "ui/common/message_strip.h"
#include "ui/common/palette.h"

using namespace rowlight;

class TestMessageStrip : public QObject {
  Q_OBJECT

 private slots:
  void theIconFollowsTheTheme() {
    applyTheme(*qApp, Theme::Dark);
    MessageStrip strip;
    strip.showMessage(MessageStrip::Kind::Error, "No such file");
    const auto* icon = strip.findChild<QLabel*>("messageIcon");
    QVERIFY(icon != nullptr);
    const auto lightness = [&] {  // of what is drawn
      const QImage image = icon->pixmap().toImage();
      int darkest = 255;
      int lightest = 0;
      for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
          const QColor color = image.pixelColor(x, y);
          if (color.alpha() < 200) continue;
          darkest = std::min(darkest, color.lightness());
          lightest = std::max(lightest, color.lightness());
        }
      }
      return std::pair(darkest, lightest);
    };
    QVERIFY(lightness().first > 128);
    applyTheme(*qApp, Theme::Light);
    QCoreApplication::processEvents();
    QVERIFY(lightness().second < 128);
  }
};

QTEST_MAIN(TestMessageStrip)
#include "test_message_strip.moc"
