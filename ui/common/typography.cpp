#include "ui/common/typography.h"

#include <QApplication>
#include <QFontMetricsF>

#include <algorithm>
#include <cmath>

namespace rowlight {

namespace {

bool hasTabularDigits(const QFont& font) {
  const QFontMetricsF metrics(font);
  const qreal width = metrics.horizontalAdvance(QLatin1Char('0'));
  for (char digit = '1'; digit <= '9'; ++digit) {
    if (std::abs(metrics.horizontalAdvance(QLatin1Char(digit)) - width) > 0.01) return false;
  }
  return true;
}

}  // namespace

QFont textFont(TextSize size) {
  QFont font = QApplication::font();
  const qreal points = font.pointSizeF() > 0 ? font.pointSizeF() : 10;
  switch (size) {
    case TextSize::Small: font.setPointSizeF(std::max(points * 0.88, 8.0)); break;
    case TextSize::Normal: break;
    case TextSize::Large:
      font.setPointSizeF(points * 1.2);
      font.setWeight(QFont::DemiBold);
      break;
  }
  return font;
}

QFont numberFont(TextSize size) {
  QFont font = textFont(size);
  if (!hasTabularDigits(font)) font.setFamily(QStringLiteral("DejaVu Sans"));
  return font;
}

}  // namespace rowlight
