#include "ui/lookup/lookup_text.h"

#include <QLocale>
#include <QRegularExpression>
#include <QStringList>

#include <array>
#include <cmath>

#include "ui/common/format.h"
#include "ui/common/heat_map.h"

namespace rowlight {
namespace {

// Three significant digits, never "1e+03".
QString threeDigits(double value) { return QString::number(value, 'f', value < 10 ? 2 : value < 100 ? 1 : 0); }

QStringList pieces(const QString& text) {
  static const QRegularExpression separators(QStringLiteral("[\\s,;]+"));
  QString inner = text.trimmed();
  if (inner.startsWith(u'[') && inner.endsWith(u']')) inner = inner.mid(1, inner.size() - 2);
  return inner.split(separators, Qt::SkipEmptyParts);
}

template <class T, class Read>
std::optional<std::vector<T>> readAll(const QString& text, QString* bad, const Read& read) {
  std::vector<T> out;
  for (const QString& piece : pieces(text)) {
    const std::optional<T> value = read(piece);
    if (!value) {
      if (bad) *bad = piece;
      return std::nullopt;
    }
    out.push_back(*value);
  }
  return out;
}

}  // namespace

QString cellText(float value, int decimals) {
  if (value == 0 && std::signbit(value)) return QStringLiteral("−0");
  return valueText(value, decimals);
}

QString exactText(double value) {
  if (std::isnan(value)) return QStringLiteral("nan");
  if (std::isinf(value)) return value > 0 ? QStringLiteral("inf") : QStringLiteral("-inf");
  if (value == 0 && std::signbit(value)) return QStringLiteral("-0");
  return QString::number(value, 'g', QLocale::FloatingPointShortest);
}

QString exactText(float value) {
  if (!std::isfinite(value) || value == 0) return exactText(static_cast<double>(value));
  for (int digits = 1; digits < 9; ++digits) {
    const QString text = QString::number(static_cast<double>(value), 'g', digits);
    if (text.toFloat() == value) return text;
  }
  return QString::number(static_cast<double>(value), 'g', 9);
}

std::optional<float> parseWeight(const QString& text) {
  QString word = text.trimmed().toLower();
  word.replace(QChar(0x2212), u'-');
  word.replace(QStringLiteral("∞"), QStringLiteral("inf"));
  if (word == QStringLiteral("nan")) return NAN;
  if (word == QStringLiteral("inf") || word == QStringLiteral("+inf")) return INFINITY;
  if (word == QStringLiteral("-inf")) return -INFINITY;
  bool ok = false;
  const double value = word.toDouble(&ok);
  if (!ok || !std::isfinite(value)) return std::nullopt;
  const auto narrow = static_cast<float>(value);
  return std::isfinite(narrow) ? std::optional(narrow) : std::nullopt;
}

std::optional<std::vector<std::int64_t>> parseIndices(const QString& text, QString* bad) {
  return readAll<std::int64_t>(text, bad, [](const QString& piece) -> std::optional<std::int64_t> {
    bool ok = false;
    const qlonglong value = piece.toLongLong(&ok);
    return ok ? std::optional<std::int64_t>(value) : std::nullopt;
  });
}

std::optional<std::vector<float>> parseWeights(const QString& text, QString* bad) {
  return readAll<float>(text, bad, [](const QString& piece) { return parseWeight(piece); });
}

QString listText(const std::vector<std::int64_t>& numbers) {
  QStringList parts;
  for (const std::int64_t number : numbers) parts << QString::number(number);
  return parts.join(QStringLiteral(", "));
}

QString listText(const std::vector<float>& numbers) {
  QStringList parts;
  for (const float number : numbers) parts << exactText(number);
  return parts.join(QStringLiteral(", "));
}

QString bytesText(std::uint64_t bytes) {
  constexpr std::uint64_t million = 1'000'000;
  if (bytes < million) return formatCount(bytes);
  constexpr std::array units{"MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1e6;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return QStringLiteral("%1 %2").arg(threeDigits(value), QLatin1String(units[unit]));
}

QString durationText(double seconds) {
  if (!(seconds > 0)) return QStringLiteral("0 µs");
  if (seconds < 999.5e-6) return threeDigits(seconds * 1e6) + QStringLiteral(" µs");
  if (seconds < 999.5e-3) return threeDigits(seconds * 1e3) + QStringLiteral(" ms");
  return threeDigits(seconds) + QStringLiteral(" s");
}

}  // namespace rowlight
