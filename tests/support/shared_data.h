#pragma once

#include <QFileInfo>
#include <QString>
#include <QTest>

namespace rowlight::test {

/// Path of a real rating file below the data folder: the environment variable ROWLIGHT_DATA, else the folder that
/// CMake found. Empty when the file is not there.
inline QString sharedData(const QString& relative) {
  QString root = qEnvironmentVariable("ROWLIGHT_DATA");
  if (root.isEmpty()) root = QStringLiteral(ROWLIGHT_TEST_DATA);
  if (root.isEmpty()) return {};
  const QString path = root + QLatin1Char('/') + relative;
  return QFileInfo::exists(path) ? path : QString();
}

}  // namespace rowlight::test

/// Ends the test function with a visible SKIP when the real file is not on this machine.
#define ROWLIGHT_SHARED_DATA(variable, relative)                                 \
  const QString variable = rowlight::test::sharedData(QStringLiteral(relative)); \
  if (variable.isEmpty()) QSKIP("needs " relative " of the data folder (ROWLIGHT_DATA)")
