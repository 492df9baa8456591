#pragma once

#include <QByteArray>
#include <QFile>
#include <QString>
#include <QTemporaryDir>

namespace rowlight::test {

/// A folder of small files that a test writes itself; it goes with the object.
class WrittenFiles {
 public:
  /// Writes the bytes as they stand and returns the path.
  std::string write(const QString& name, const QByteArray& bytes) {
    QFile file(dir_.filePath(name));
    if (!dir_.isValid() || !file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
      qFatal("cannot write %s", qPrintable(file.fileName()));
    }
    return file.fileName().toStdString();
  }
  [[nodiscard]] std::string path() const { return dir_.path().toStdString(); }

 private:
  QTemporaryDir dir_;
};

}  // namespace rowlight::test
