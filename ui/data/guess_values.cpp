#include "ui/data/guess_values.h"

#include <QCoreApplication>
#include <QRegularExpression>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/ratings/dialect.h"
#include "ui/common/format.h"

namespace rowlight {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("FileDoctor", text); }
QString textOf(const std::string& utf8) { return QString::fromStdString(utf8); }

constexpr std::array duplicate_names{"last", "first", "mean", "all", "error"};  // in the order of the enum

// The shortest text that reads back as the same number.
QString numberText(float value) {
  for (int digits = 1; digits < std::numeric_limits<float>::max_digits10; ++digits) {
    const QString text = QString::number(static_cast<double>(value), 'g', digits);
    if (text.toFloat() == value) return text;
  }
  return QString::number(static_cast<double>(value), 'g', std::numeric_limits<float>::max_digits10);
}

std::optional<float> numberOf(const QString& text) {
  bool ok = false;
  const float value = text.trimmed().toFloat(&ok);
  return ok && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// "1:5" as on the command line, or as people write it: "1 to 5", "1 – 5".
std::optional<RatingScale> scaleOf(const QString& text) {
  static const QRegularExpression between(QStringLiteral("\\s*(?::|\\bto\\b|\u2013|\\.\\.)\\s*"));
  const QStringList ends = text.trimmed().split(between);
  if (ends.size() != 2) return {};
  const auto low = numberOf(ends[0]);
  const auto high = numberOf(ends[1]);
  return low && high ? std::optional(RatingScale{*low, *high}) : std::nullopt;
}

QString rangeText(double low, double high) { return tr("%1 to %2").arg(formatShort(low), formatShort(high)); }

bool setHeader(const QString& text, ReadOptions& options) {
  if (text != QLatin1String("yes") && text != QLatin1String("no")) return false;
  options.header = text == QLatin1String("yes");
  return true;
}

bool setDuplicates(const QString& text, ReadOptions& options) {
  const auto* const found = std::find(duplicate_names.begin(), duplicate_names.end(), text);
  if (found == duplicate_names.end()) return false;
  options.duplicates = static_cast<Duplicates>(found - duplicate_names.begin());
  return true;
}

std::optional<quint64> countOf(const QString& text) {
  bool ok = false;
  const quint64 count = QString(text).remove(u',').trimmed().toULongLong(&ok);
  return ok ? std::optional(count) : std::nullopt;
}

void clearValue(Guess guess, ReadOptions& options) {
  const ReadOptions open;
  switch (guess) {
    case Guess::Format: options.format.reset(); break;
    case Guess::Delimiter: options.delimiter.reset(); break;
    case Guess::Columns: options.columns.reset(); break;
    case Guess::Header: options.header.reset(); break;
    case Guess::SkipLines: options.skip_lines = open.skip_lines; break;
    case Guess::Encoding: options.encoding.reset(); break;
    case Guess::Scale: options.scale.reset(); break;
    case Guess::Missing: options.missing.reset(); break;
    case Guess::Duplicates: options.duplicates = open.duplicates; break;
    case Guess::Items: options.items_file.clear(); break;
    case Guess::MaxBadLines: options.max_bad_lines.reset(); break;
  }
}

std::string_view stageName(Guess guess) {
  switch (guess) {
    case Guess::Format: return "format";
    case Guess::Delimiter: return "delimiter";
    case Guess::Columns: return "columns";
    case Guess::Header: return "header";
    case Guess::Encoding: return "encoding";
    case Guess::Scale: return "scale";
    case Guess::Items: return "titles";
    case Guess::Missing:
    case Guess::SkipLines:
    case Guess::Duplicates:
    case Guess::MaxBadLines: break;
  }
  return {};
}

// The stage of the detection that decided; null where none did.
const Evidence* stageOf(Guess guess, const LoadReport& report) {
  const std::string_view name = stageName(guess);
  const auto found = std::find_if(report.evidence.begin(), report.evidence.end(),
                                  [name](const Evidence& evidence) { return evidence.stage == name; });
  return name.empty() || found == report.evidence.end() ? nullptr : &*found;
}

QString sentence(QString text) {
  if (text.isEmpty()) return text;
  text[0] = text[0].toUpper();
  return text.endsWith(u'.') ? text : text + u'.';
}

QString duplicatesSentence(const LoadReport& report) {
  if (report.ratings == 0) return {};
  if (report.duplicates == 0) return tr("No pair of user and item stands there twice.");
  return tr("Rows whose pair stood before: %1, with another rating: %2.")
      .arg(formatCount(report.duplicates), formatCount(report.conflicts));
}

QString titlesSentence(const LoadReport& report) {
  if (report.ratings == 0) return {};
  if (report.titles == 0) return tr("No titles were found beside the ratings.");
  return tr("Titles: %1. Items without one: %2, titles without a rating: %3.")
      .arg(formatCount(report.titles), formatCount(report.items_without_title),
           formatCount(report.titles_without_rating));
}

}  // namespace

QString optionOf(Guess guess) {
  constexpr std::array names{"format", "delimiter", "columns",    "header", "skip-lines",   "encoding",
                             "scale",  "missing",   "duplicates", "items",  "max-bad-lines"};
  return QLatin1String(names[static_cast<std::size_t>(guess)]);
}

std::optional<Guess> guessOf(const QString& option) {
  QString name = option;
  name.replace(u'_', u'-');
  if (name == QLatin1String("items-file")) return Guess::Items;
  for (const Guess guess : all_guesses) {
    if (optionOf(guess) == name) return guess;
  }
  return {};
}

QString labelOf(Guess guess) {
  switch (guess) {
    case Guess::Format: return tr("Format");
    case Guess::Delimiter: return tr("Delimiter");
    case Guess::Columns: return tr("Columns");
    case Guess::Header: return tr("Header line");
    case Guess::SkipLines: return tr("Skip lines");
    case Guess::Encoding: return tr("Encoding");
    case Guess::Scale: return tr("Scale");
    case Guess::Missing: return tr("Missing value");
    case Guess::Duplicates: return tr("Repeated pairs");
    case Guess::Items: return tr("Title file");
    case Guess::MaxBadLines: return tr("Bad lines allowed");
  }
  return {};
}

QString valueOf(Guess guess, const ReadOptions& options) {
  const auto given = [](const std::optional<std::string>& text) { return text ? textOf(*text) : QString(); };
  switch (guess) {
    case Guess::Format: return given(options.format);
    case Guess::Delimiter: return given(options.delimiter);
    case Guess::Columns: return given(options.columns);
    case Guess::Header: return options.header ? QLatin1String(*options.header ? "yes" : "no") : QString();
    case Guess::SkipLines: return options.skip_lines > 0 ? QString::number(options.skip_lines) : QString();
    case Guess::Encoding: return given(options.encoding);
    case Guess::Scale:
      return options.scale ? numberText(options.scale->low) + u':' + numberText(options.scale->high) : QString();
    case Guess::Missing: return options.missing ? numberText(*options.missing) : QString();
    case Guess::Duplicates:
      return options.duplicates == ReadOptions{}.duplicates
                 ? QString()
                 : QLatin1String(duplicate_names[static_cast<std::size_t>(options.duplicates)]);
    case Guess::Items: return textOf(options.items_file);
    case Guess::MaxBadLines: return options.max_bad_lines ? QString::number(*options.max_bad_lines) : QString();
  }
  return {};
}

bool setValue(Guess guess, const QString& text, ReadOptions& options) {
  if (text.isEmpty()) {
    clearValue(guess, options);
    return true;
  }
  const auto take = [](auto& option, const auto& value) {
    if (value) option = *value;
    return value.has_value();
  };
  switch (guess) {
    case Guess::Format: options.format = text.toStdString(); return true;
    case Guess::Delimiter: options.delimiter = text.toStdString(); return true;
    case Guess::Columns: options.columns = text.toStdString(); return true;
    case Guess::Header: return setHeader(text, options);
    case Guess::SkipLines: return take(options.skip_lines, countOf(text));
    case Guess::Encoding: options.encoding = text.toStdString(); return true;
    case Guess::Scale: return take(options.scale, scaleOf(text));
    case Guess::Missing: return take(options.missing, numberOf(text));
    case Guess::Duplicates: return setDuplicates(text, options);
    case Guess::Items: options.items_file = text.toStdString(); return true;
    case Guess::MaxBadLines: return take(options.max_bad_lines, countOf(text));
  }
  return false;
}

bool isGiven(Guess guess, const ReadOptions& options) { return !valueOf(guess, options).isEmpty(); }

QStringList choicesOf(Guess guess) {
  QStringList choices;
  switch (guess) {
    case Guess::Format:
      for (const std::string& name : format_names()) choices << textOf(name);
      break;
    case Guess::Delimiter:
      for (const char* text : {"\t", ",", ";", "::", "|", " "}) choices << QLatin1String(text);
      break;
    case Guess::Header: choices << QStringLiteral("yes") << QStringLiteral("no"); break;
    case Guess::Encoding:
      choices << QStringLiteral("utf-8") << QStringLiteral("latin-1") << QStringLiteral("utf-16");
      break;
    case Guess::Duplicates:
      for (const char* name : duplicate_names) choices << QLatin1String(name);
      break;
    case Guess::Columns:
    case Guess::SkipLines:
    case Guess::Scale:
    case Guess::Missing:
    case Guess::Items:
    case Guess::MaxBadLines: break;
  }
  return choices;
}

QString shownValue(Guess guess, const QString& value) {
  if (guess == Guess::Delimiter) {
    if (value == QLatin1String("\t") || value == QLatin1String("\\t")) return tr("TAB");
    if (value == QLatin1String(" ")) return tr("white space");
  }
  if (guess == Guess::Header && value == QLatin1String("yes")) return tr("yes, it names the columns");
  if (guess == Guess::Header && value == QLatin1String("no")) return tr("no, it is data");
  if (guess == Guess::Duplicates) {
    if (value == QLatin1String("last")) return tr("keep the last");
    if (value == QLatin1String("first")) return tr("keep the first");
    if (value == QLatin1String("mean")) return tr("take the mean");
    if (value == QLatin1String("all")) return tr("keep all");
    if (value == QLatin1String("error")) return tr("refuse the file");
  }
  return value;
}

QString detectedValue(Guess guess, const LoadReport& report) {
  switch (guess) {
    case Guess::Header:
      if (!report.columns.empty()) return report.header ? tr("yes") : tr("no");
      break;
    case Guess::Columns: {
      QStringList names;
      for (const std::string& name : report.columns) names << textOf(name);
      if (!names.isEmpty()) return names.join(u',');
      break;
    }
    case Guess::Format:
      if (!report.format.empty()) return textOf(report.format);
      break;
    case Guess::Delimiter:
      if (!report.delimiter.empty()) return shownValue(guess, textOf(report.delimiter));
      break;
    case Guess::Encoding: return textOf(report.encoding);
    case Guess::Scale: return report.ratings > 0 ? rangeText(report.rating_min, report.rating_max) : QString();
    case Guess::MaxBadLines: return tr("100, or 1 % of the lines");
    case Guess::Items: break;
    case Guess::SkipLines:
    case Guess::Missing:
    case Guess::Duplicates: return {};
  }
  // Where reading stopped early, the stage may have decided all the same.
  const Evidence* stage = stageOf(guess, report);
  return stage ? textOf(stage->decision) : QString();
}

QString evidenceOf(Guess guess, const LoadReport& report) {
  if (guess == Guess::Duplicates) return duplicatesSentence(report);
  const Evidence* stage = stageOf(guess, report);
  if (stage && guess != Guess::Items) return sentence(textOf(stage->because));
  return guess == Guess::Items ? titlesSentence(report) : QString();
}

std::optional<Advice> adviceIn(const Error& error) {
  static const QRegularExpression option(QStringLiteral("--([a-z-]+) (\\S*\\w)"));
  const QRegularExpressionMatch match = option.match(textOf(error.hint));
  if (!match.hasMatch() || !guessOf(match.captured(1))) return {};
  return Advice{error.hint, match.captured(1).toStdString(), match.captured(2).toStdString()};
}

std::optional<Guess> blamedGuess(const Error& error, const ReadOptions& options, std::optional<Guess> last) {
  if (const auto named = guessOf(textOf(error.field))) return named;
  if (const auto advice = adviceIn(error)) return guessOf(textOf(advice->option));
  if (error.kind != ErrorKind::Usage) return {};
  std::optional<Guess> only;
  int given = 0;
  for (const Guess guess : all_guesses) {
    if (!isGiven(guess, options)) continue;
    ReadOptions alone;
    setValue(guess, valueOf(guess, options), alone);
    if (!check_options(alone)) return guess;
    only = guess;
    ++given;
  }
  if (last && isGiven(*last, options)) return last;
  return given == 1 ? only : std::nullopt;
}

}  // namespace rowlight
