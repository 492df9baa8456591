#include "ui/common/color_legend.h"

#include <QFontMetrics>
#include <QImage>
#include <QPainter>

#include <algorithm>

#include "ui/common/heat_map.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"

namespace rowlight {

namespace {

constexpr int bar_height = 10;
constexpr int bar_width = 152;

QString endText(float value) {
  // Domains are 1, 2 or 5 times a power of ten: one significant digit says it all.
  QString text = QString::number(static_cast<double>(std::abs(value)), 'g', 2);
  return (value < 0 ? QStringLiteral("−") : QStringLiteral("+")) + text;
}

}  // namespace

ColorLegend::ColorLegend(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setDomain(1);
}

void ColorLegend::setDomain(float domain) {
  domain_ = domain;
  const QString text = tr("Colour scale: %1 blue, 0 neutral, %2 orange").arg(endText(-domain), endText(domain));
  setAccessibleName(text);
  setToolTip(tr("%1; 2.5 standard deviations of the table, rounded up").arg(text));
  update();
}

QSize ColorLegend::sizeHint() const {
  return {bar_width, bar_height + 2 + QFontMetrics(numberFont(TextSize::Small)).height()};
}

void ColorLegend::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  QImage gradient(255, 1, QImage::Format_RGB32);
  const DivergingTable& table = divergingTable(themeOf(palette()));
  std::copy(table.begin() + 1, table.end(), reinterpret_cast<QRgb*>(gradient.scanLine(0)));
  const QRect bar(0, 0, width(), bar_height);
  painter.drawImage(bar, gradient);
  painter.setPen(palette().color(QPalette::Mid));
  painter.drawRect(bar.adjusted(0, 0, -1, -1));

  painter.setFont(numberFont(TextSize::Small));
  painter.setPen(palette().color(QPalette::PlaceholderText));
  const QRect texts(0, bar_height + 2, width(), height() - bar_height - 2);
  painter.drawText(texts, Qt::AlignLeft | Qt::AlignTop, endText(-domain_));
  painter.drawText(texts, Qt::AlignHCenter | Qt::AlignTop, QStringLiteral("0"));
  painter.drawText(texts, Qt::AlignRight | Qt::AlignTop, endText(domain_));
}

}  // namespace rowlight
