#pragma once

#include <QList>
#include <QString>
#include <QStringList>

#include "core/ratings/reader.h"

namespace rowlight {

// The files that were opened last, as the person's settings keep them. GUI thread.

/// A file or folder, and how it was read.
struct RecentFile {
  QString path;
  ReadOptions options;
};

/// The newest first.
[[nodiscard]] QList<RecentFile> recentFiles();
/// Puts a file before all others, with these options in place of those that it had.
void rememberFile(const QString& path, const ReadOptions& options);
/// Those that the file was opened with last, where it is among the recent ones.
[[nodiscard]] ReadOptions recentOptions(const QString& path);

/// "Skip lines: 3", one for each option that says anything.
[[nodiscard]] QStringList optionTexts(const ReadOptions& options);

}  // namespace rowlight
