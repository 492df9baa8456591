#include "app/recent_files.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QSettings>
#include <QVariantMap>

#include "ui/data/guess_values.h"

namespace rowlight {

namespace {

constexpr int mostRecentFiles = 8;
const QString keyRecent = QStringLiteral("files/recent");
const QString keyOptions = QStringLiteral("files/recentOptions");  // by path

QVariantMap toMap(const ReadOptions& options) {
  QVariantMap map;
  for (const Guess guess : all_guesses) {
    if (isGiven(guess, options)) map.insert(optionOf(guess), valueOf(guess, options));
  }
  return map;
}

ReadOptions fromMap(const QVariantMap& map) {
  ReadOptions options;
  for (auto entry = map.cbegin(); entry != map.cend(); ++entry) {
    if (const auto guess = guessOf(entry.key())) setValue(*guess, entry.value().toString(), options);
  }
  return options;
}

}  // namespace

QList<RecentFile> recentFiles() {
  const QSettings settings;
  const QVariantMap options = settings.value(keyOptions).toMap();
  QList<RecentFile> files;
  for (const QString& path : settings.value(keyRecent).toStringList()) {
    files.append({path, fromMap(options.value(path).toMap())});
  }
  return files;
}

void rememberFile(const QString& path, const ReadOptions& options) {
  const QString absolute = QFileInfo(path).absoluteFilePath();
  QList<RecentFile> files = recentFiles();
  files.removeIf([&](const RecentFile& file) { return file.path == absolute; });
  files.prepend({absolute, options});
  QStringList paths;
  QVariantMap kept;
  for (const RecentFile& file : files.mid(0, mostRecentFiles)) {
    paths << file.path;
    if (const QVariantMap map = toMap(file.options); !map.isEmpty()) kept.insert(file.path, map);
  }
  QSettings settings;
  settings.setValue(keyRecent, paths);
  settings.setValue(keyOptions, kept);
}

ReadOptions recentOptions(const QString& path) {
  const QString absolute = QFileInfo(path).absoluteFilePath();
  for (RecentFile& file : recentFiles()) {
    if (file.path == absolute) return std::move(file.options);
  }
  return {};
}

QStringList optionTexts(const ReadOptions& options) {
  QStringList texts;
  for (const Guess guess : all_guesses) {
    if (!isGiven(guess, options)) continue;
    texts << QCoreApplication::translate("RecentFiles", "%1: %2")
                 .arg(labelOf(guess), shownValue(guess, valueOf(guess, options)));
  }
  return texts;
}

}  // namespace rowlight
