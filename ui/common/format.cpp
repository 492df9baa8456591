#include "ui/common/format.h"

#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace rowlight {
namespace {

constexpr QChar figure_space(0x2007);
constexpr QChar minus_sign(0x2212);
constexpr QChar en_dash(0x2013);

const QLocale& english() {
  static const QLocale locale(QLocale::English, QLocale::UnitedStates);
  return locale;
}

QString text(const std::string& utf8) { return QString::fromStdString(utf8); }

}  // namespace

QString formatCount(std::uint64_t count) { return english().toString(static_cast<qulonglong>(count)); }

QString withMinus(const QString& digits, double value) {
  const bool zero = std::none_of(digits.cbegin(), digits.cend(), [](QChar c) { return c >= u'1' && c <= u'9'; });
  return value < 0 && !zero ? minus_sign + digits : digits;
}

QString formatFixed(double value, int decimals) {
  if (!std::isfinite(value)) return en_dash;
  return withMinus(english().toString(std::abs(value), 'f', decimals), value);
}

QString formatSigned(double value, int decimals) {
  if (!std::isfinite(value)) return en_dash;
  const QString digits = formatFixed(std::abs(value), decimals);
  if (formatFixed(value, decimals).startsWith(minus_sign)) return minus_sign + digits;
  return (digits == formatFixed(0, decimals) ? figure_space : QChar(u'+')) + digits;
}

QString formatPerSecond(double per_second) {
  struct Unit {
    double size;
    const char* suffix;
  };
  constexpr std::array units{Unit{1e9, " G/s"}, Unit{1e6, " M/s"}, Unit{1e3, " k/s"}};
  QString out = en_dash + QStringLiteral("   /s");
  if (std::isfinite(per_second) && per_second > 0) {
    out = QString::number(std::round(per_second)) + QStringLiteral("   /s");
    for (const Unit& unit : units) {
      if (per_second < unit.size * 0.9995) continue;
      const double scaled = per_second / unit.size;
      const int decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
      out = QString::number(scaled, 'f', decimals) + QLatin1String(unit.suffix);
      break;
    }
  }
  return out.rightJustified(8, figure_space);
}

QString formatThreeDigits(double value) { return formatFixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0); }

QString formatBytes(double bytes) {
  constexpr std::array units{std::pair(1e3, "kB"), std::pair(1e6, "MB"), std::pair(1e9, "GB"), std::pair(1e12, "TB")};
  if (bytes < 1000) return formatCount(static_cast<std::uint64_t>(std::llround(bytes))) + QStringLiteral(" bytes");
  std::size_t unit = 0;
  while (unit + 1 < units.size() && bytes >= units[unit + 1].first * 0.9995) ++unit;
  return formatThreeDigits(bytes / units[unit].first) + QChar(u' ') + QString::fromUtf8(units[unit].second);
}

QString formatShort(double value) { return std::isfinite(value) ? QString::number(value, 'g', 4) : QString(en_dash); }

QString formatPosition(const Frame& frame) {
  if (frame.lookup) {
    return QStringLiteral("pass %1, step %2 of %3")
        .arg(formatCount(frame.lookup->pass))
        .arg(frame.lookup->shown_step)
        .arg(lookup_step_count);
  }
  if (frame.state == RunState::Empty || !frame.ratings) return QStringLiteral("no ratings yet");
  if (frame.viewed) return QStringLiteral("nothing to train: no ratings");
  const Progress& now = frame.progress;
  const int epochs = frame.settings.epochs;
  if (frame.state == RunState::Finished) {
    const QString done = epochs == 1 ? QStringLiteral("the one epoch is done") : QStringLiteral("all %1 epochs done");
    // A one-cycle rate is planned for its epochs: more of them are another run.
    const bool goes_on = frame.settings.schedule == ScheduleKind::Constant;
    const QString next =
        goes_on ? QStringLiteral(": Home starts over, more epochs in Settings") : QStringLiteral(": Home starts over");
    return (epochs == 1 ? done : done.arg(formatCount(static_cast<std::uint64_t>(epochs)))) + next;
  }
  return QStringLiteral("epoch %1 of %2, batch %3 of %4")
      .arg(std::min(now.epoch + 1, std::max(epochs, 1)))
      .arg(epochs)
      .arg(formatCount(now.batch), formatCount(now.batches_per_epoch));
}

QString formatFactors(const Frame& frame) {
  if (!frame.viewed || !frame.ratings) return {};
  const QString users = formatCount(frame.ratings->user_count());
  const QString movies = formatCount(frame.ratings->movie_count());
  const QString user_width = formatCount(frame.viewed->width[index_of(Table::Users)]);
  const QString movie_width = formatCount(frame.viewed->width[index_of(Table::Movies)]);
  QString sizes = QStringLiteral("%1 users × %2 and %3 movies × %4").arg(users, user_width, movies, movie_width);
  if (frame.ratings->user_count() == 0) sizes = QStringLiteral("%1 × %2").arg(movies, movie_width);
  if (frame.ratings->movie_count() == 0) sizes = QStringLiteral("%1 × %2").arg(users, user_width);
  return QStringLiteral("%1 factors from %2, read only").arg(sizes, QString::fromStdString(frame.ratings->name));
}

QString formatState(RunState state) {
  switch (state) {
    case RunState::Empty: return QStringLiteral("no data");
    case RunState::Paused: return QStringLiteral("paused");
    case RunState::Playing: return QStringLiteral("playing");
    case RunState::Finished: return QStringLiteral("finished");
    case RunState::Diverged: return QStringLiteral("diverged");
    case RunState::ViewOnly: return QStringLiteral("read only");
  }
  return {};
}

QString formatModel(ModelKind model) {
  switch (model) {
    case ModelKind::Dot: return QStringLiteral("DotProduct");
    case ModelKind::DotBias: return QStringLiteral("DotProductBias");
    case ModelKind::DotOneHot: return QStringLiteral("DotProduct by one-hot products");
  }
  return {};
}

QString formatModel(const TrainSettings& settings) {
  return QStringLiteral("%1, %2 %3")
      .arg(formatModel(settings.model), formatCount(settings.factors),
           settings.factors == 1 ? QStringLiteral("factor") : QStringLiteral("factors"));
}

QString formatTarget(simd::Target target) {
  switch (target) {
    case simd::Target::Scalar: return QStringLiteral("plain C++");
    case simd::Target::Sse4: return QStringLiteral("SSE4");
    case simd::Target::Avx2: return QStringLiteral("AVX2");
    case simd::Target::Avx512: return QStringLiteral("AVX-512");
    case simd::Target::Neon: return QStringLiteral("NEON");
  }
  return {};
}

QString formatTarget(std::string_view name) {
  using simd::Target;
  for (const Target target : {Target::Scalar, Target::Sse4, Target::Avx2, Target::Avx512, Target::Neon}) {
    if (simd::name_of(target) == name) return formatTarget(target);
  }
  return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
}

QString formatError(const Error& error) {
  QString sentence = text(error.what);
  // The name of an option stays as it is written.
  if (!sentence.isEmpty() && !sentence.section(u' ', 0, 0).contains(u'_')) sentence[0] = sentence[0].toUpper();
  if (!error.hint.empty()) sentence += QStringLiteral(": ") + text(error.hint);
  if (!sentence.endsWith(u'.')) sentence += u'.';
  if (error.file.empty()) return sentence;
  QString where = text(error.file);
  if (error.line > 0) where += QStringLiteral(", line ") + formatCount(error.line);
  if (error.line > 0 && error.column > 0) where += QStringLiteral(", column ") + formatCount(error.column);
  return where + QStringLiteral(": ") + sentence;
}

}  // namespace rowlight
