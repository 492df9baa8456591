#pragma once

#include <QJsonObject>
#include <QProcess>
#include <QSet>
#include <QString>
#include <QStringList>

/// rowlight-cli as a script sees it. Needs the definition ROWLIGHT_CLI, its path.
namespace rowlight::test {

inline constexpr int patience_ms = 60'000;

struct Outcome {
  int exit_code = -1;
  QString out;
  QString err;
};

inline Outcome run(const QStringList& arguments) {
  QProcess process;
  process.start(QStringLiteral(ROWLIGHT_CLI), arguments);
  if (!process.waitForFinished(patience_ms) || process.exitStatus() != QProcess::NormalExit) return {};
  return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
          QString::fromUtf8(process.readAllStandardError())};
}

inline QSet<QString> words(const char* text) {
  const QStringList list = QString::fromLatin1(text).split(QLatin1Char(' '));
  return {list.begin(), list.end()};
}

inline QSet<QString> keys_of(const QJsonObject& object) {
  const QStringList keys = object.keys();
  return {keys.begin(), keys.end()};
}

}  // namespace rowlight::test
