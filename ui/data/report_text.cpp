#include "ui/data/report_text.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QRegularExpression>
#include <QStringList>

#include "ui/common/format.h"
#include "ui/data/guess_values.h"

namespace rowlight {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("FileDoctor", text); }
QString textOf(const std::string& utf8) { return QString::fromStdString(utf8); }

QString counted(std::uint64_t count, const QString& one, const QString& many) {
  return count == 1 ? one : many.arg(formatCount(count));
}

// What the stages had decided when an error came.
QString foundUntilThen(const LoadReport& report) {
  QStringList found;
  for (const Guess guess : {Guess::Format, Guess::Encoding, Guess::Delimiter, Guess::Columns}) {
    const QString value = detectedValue(guess, report);
    if (!value.isEmpty()) found << tr("%1 %2").arg(labelOf(guess).toLower(), value);
  }
  if (report.lines > 0) found << counted(report.lines, tr("1 line"), tr("%1 lines"));
  if (report.ratings > 0) found << counted(report.ratings, tr("1 rating"), tr("%1 ratings"));
  return found.isEmpty() ? QString() : tr("Found until then: %1.").arg(found.join(QStringLiteral(", ")));
}

}  // namespace

QString labelled(QString sentence) {
  for (const Guess guess : all_guesses) {
    sentence.replace(QRegularExpression(QStringLiteral("--%1\\b").arg(optionOf(guess))),
                     QStringLiteral("“%1”").arg(labelOf(guess)));
  }
  return sentence;
}

QString errorSentence(const Error& error) {
  Error bare = error;
  bare.file.clear();
  const QString sentence = labelled(formatError(bare));
  if (error.line == 0) return sentence;
  const QString line = tr("Line %1").arg(formatCount(error.line));
  return (error.column == 0 ? line : tr("%1, column %2").arg(line, formatCount(error.column))) + QStringLiteral(": ") +
         sentence;
}

QString badLineSentence(const BadLine& bad) {
  return errorSentence(Error{ErrorKind::BadInput, bad.reason, {}, {}, bad.line, bad.column});
}

QString verdictOf(const Inspection& inspection) {
  if (inspection.error) return errorSentence(*inspection.error);
  const LoadReport& r = *inspection.report;
  const QString what = counted(r.ratings, tr("1 rating"), tr("%1 ratings")) + tr(" of ") +
                       counted(r.items, tr("1 item"), tr("%1 items")) + tr(" by ") +
                       counted(r.users, tr("1 user"), tr("%1 users"));
  return tr("%1, %2 to %3, mean %4.")
      .arg(what, ratingText(static_cast<float>(r.rating_min)), ratingText(static_cast<float>(r.rating_max)),
           formatFixed(r.rating_mean, 2));
}

QString countsOf(const Inspection& inspection) {
  const LoadReport& r = *inspection.report;
  if (inspection.error) return foundUntilThen(r);
  QStringList out;
  QString file = counted(r.lines, tr("1 line"), tr("%1 lines"));
  if (r.bytes > 0) file += tr(", %1").arg(formatBytes(static_cast<double>(r.bytes)));
  if (!r.bad_lines.empty()) file += tr(", %1 left out as bad").arg(formatCount(r.bad_line_count));
  if (r.blank_lines > 0) file += tr(", %1 blank").arg(formatCount(r.blank_lines));
  out << file + u'.';
  if (r.duplicates > 0) {
    out << tr("Repeated pairs: %1, %2 of them with another rating; %3 ratings stay.")
               .arg(formatCount(r.duplicates), formatCount(r.conflicts), formatCount(r.loaded));
  }
  if (r.time_min && r.time_max) {
    out << tr("Rated from %1 to %2.").arg(timeText(*r.time_min).left(10), timeText(*r.time_max).left(10));
  }
  return out.join(u' ');
}

QString timeText(std::int64_t seconds) {
  const QDateTime time = QDateTime::fromSecsSinceEpoch(seconds, Qt::UTC);
  return time.isValid() ? time.toString(QStringLiteral("yyyy-MM-dd HH:mm:ss")) : QString::number(seconds);
}

QString ratingText(float rating) {
  const double value = static_cast<double>(rating);
  return withMinus(formatShort(std::abs(value)), value);
}

QString breakable(const QString& text) {
  constexpr int longest = 24;
  constexpr QChar zero_width_space(0x200B);
  QString out;
  int run = 0;
  for (const QChar c : text) {
    run = c.isSpace() ? 0 : run + 1;
    if (run > longest && !c.isLowSurrogate()) {
      out += zero_width_space;
      run = 1;
    }
    out += c;
  }
  return out;
}

QString actionOf(const Advice& advice) {
  const auto guess = guessOf(textOf(advice.option));
  if (!guess) return {};
  const QString value = textOf(advice.value);
  if (*guess == Guess::Missing) return tr("Declare %1 as missing").arg(value);
  if (value.isEmpty()) return tr("Leave “%1” to the detection").arg(labelOf(*guess));
  return tr("Set “%1” to %2").arg(labelOf(*guess), shownValue(*guess, value));
}

}  // namespace rowlight
