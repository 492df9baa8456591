#include "ui/common/icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QImage>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QSvgRenderer>

#include <memory>

// The icons live in a static library, whose resources are not registered by themselves. The macro has to be used
// outside of any namespace.
static void registerResources() { Q_INIT_RESOURCE(rowlight); }

namespace rowlight {
namespace {

class TintedSvgEngine : public QIconEngine {
 public:
  explicit TintedSvgEngine(std::shared_ptr<QSvgRenderer> renderer) : renderer_(std::move(renderer)) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    const qreal ratio = painter->device() ? painter->device()->devicePixelRatio() : 1.0;
    painter->drawPixmap(rect, tinted(rect.size() * ratio, mode));
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override { return tinted(size, mode); }
  QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal) override { return tinted(size, mode); }
  [[nodiscard]] QIconEngine* clone() const override { return new TintedSvgEngine(renderer_); }

 private:
  [[nodiscard]] QPixmap tinted(const QSize& size, QIcon::Mode mode) const {
    QImage image(size, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    renderer_->render(&painter, QRectF(QPointF(0, 0), QSizeF(size)));
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
    painter.fillRect(image.rect(), QGuiApplication::palette().color(group, QPalette::WindowText));
    painter.end();
    return QPixmap::fromImage(image);
  }

  std::shared_ptr<QSvgRenderer> renderer_;
};

}  // namespace

QIcon themedIcon(const QString& name) {
  registerResources();
  auto renderer = std::make_shared<QSvgRenderer>(QStringLiteral(":/rowlight/icons/%1.svg").arg(name));
  Q_ASSERT(renderer->isValid());
  return QIcon(new TintedSvgEngine(std::move(renderer)));
}

}  // namespace rowlight
