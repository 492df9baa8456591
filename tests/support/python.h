#pragma once

#include <QHash>
#include <QProcess>
#include <QString>
#include <QStringList>

namespace rowlight::test {

/// Runs PyTorch programs in one process, as importing torch takes longer than all of them.
class TorchPrograms {
 public:
  /// Runs each of `files`. Returns whether torch could be imported.
  bool run(const QStringList& files) {
    static const QString runner = QStringLiteral(R"(
import contextlib, io, runpy, sys
import torch
print("torch", torch.__version__, flush=True)
for path in sys.argv[1:]:
    out = io.StringIO()
    sys.argv = [path]
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(path, run_name="__main__")
        outcome = "ok " + out.getvalue()
    except BaseException as error:
        outcome = type(error).__name__ + ": " + str(error)
    print(path + "\t" + outcome.replace("\n", " "), flush=True)
)");
    QProcess process;
    process.start(QStringLiteral("/usr/bin/python3"), QStringList{QStringLiteral("-c"), runner} + files);
    constexpr int patience_ms = 240'000;
    if (!process.waitForStarted()) {
      reason_ = QStringLiteral("there is no /usr/bin/python3");
      return false;
    }
    process.waitForFinished(patience_ms);
    const QString out = QString::fromUtf8(process.readAllStandardOutput());
    const QString err = QString::fromUtf8(process.readAllStandardError());
    if (!out.startsWith(QLatin1String("torch "))) {
      reason_ = QStringLiteral("/usr/bin/python3 cannot import torch (Debian: python3-torch): ") +
                err.section(QLatin1Char('\n'), -2);
      return false;
    }
    for (const QString& line : out.split(QLatin1Char('\n'))) {
      outcomes_.insert(line.section(QLatin1Char('\t'), 0, 0), line.section(QLatin1Char('\t'), 1));
    }
    return true;
  }
  /// "ok " and what the program printed, or its exception.
  [[nodiscard]] QString outcome(const QString& file) const { return outcomes_.value(file); }
  /// Why run() returned false; to be shown where a test skips.
  [[nodiscard]] const QString& reason() const { return reason_; }

 private:
  QHash<QString, QString> outcomes_;
  QString reason_;
};

}  // namespace rowlight::test
