#pragma once

#include <QByteArray>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QList>
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

/// One JSON object a line, and nothing else; an empty list when that is not so.
inline QList<QJsonObject> objects_of(const QString& out) {
  QList<QJsonObject> objects;
  if (!out.endsWith(QLatin1Char('\n'))) return {};
  for (const QString& line : out.chopped(1).split(QLatin1Char('\n'))) {
    const QJsonDocument document = QJsonDocument::fromJson(line.toUtf8());
    if (!document.isObject()) return {};
    objects.push_back(document.object());
  }
  return objects;
}

inline QStringList events_of(const QList<QJsonObject>& objects) {
  QStringList events;
  for (const QJsonObject& object : objects) events.push_back(object["event"].toString());
  return events;
}

inline QByteArray bytes_of(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace rowlight::test
