#pragma once

#include <QByteArray>
#include <QElapsedTimer>
#include <QProcess>
#include <QString>

#include <cstdint>
#include <fstream>
#include <string>

#include <sys/resource.h>

#include "tests/support/archives.h"

/// Files that mean harm, written by the tests that read them.
namespace rowlight::test {

/// Address space is not what a sanitizer leaves alone.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_can_be_limited = false;
#else
inline constexpr bool memory_can_be_limited = true;
#endif

/// A file of `bytes`, so many times.
inline std::string write_repeated(const std::string& path, const QByteArray& bytes, int times) {
  std::ofstream file(path, std::ios::binary);
  for (int i = 0; i < times; ++i) file.write(bytes.constData(), bytes.size());
  if (!file.flush()) qFatal("cannot write %s", path.c_str());
  return path;
}

/// Lines "user,item,rating,time" of numbers that do not pack well, about `bytes` of them.
inline QByteArray varied_lines(qsizetype bytes) {
  QByteArray text;
  text.reserve(bytes + 64);
  std::uint32_t state = 1;
  while (text.size() < bytes) {
    state = state * 1664525U + 1013904223U;
    const std::uint32_t rating = state % 10U;
    text += QByteArray::number(state >> 15U) + ',' + QByteArray::number(state % 59999U) + ',' +
            static_cast<char>('0' + rating / 2) + (rating % 2 == 0 ? ".0," : ".5,") +
            QByteArray::number(1'000'000'000U + (state >> 4U)) + '\n';
  }
  return text;
}

struct LimitedRun {
  bool in_time = false;
  bool crashed = false;
  int exit_code = -1;
  QString err;
  double seconds = 0;
};

/// `rowlight-cli inspect` of a file with so much address space. Needs the definition ROWLIGHT_CLI.
inline LimitedRun inspect_with(std::uint64_t megabytes, const std::string& path, const QStringList& options = {}) {
  constexpr int patience_ms = 20'000;
  QProcess process;
  process.setChildProcessModifier([megabytes] {
    const rlimit limit{megabytes << 20U, megabytes << 20U};
    setrlimit(RLIMIT_AS, &limit);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
  });
  process.setStandardOutputFile(QProcess::nullDevice());
  QElapsedTimer timer;
  timer.start();
  process.start(QStringLiteral(ROWLIGHT_CLI),
                QStringList{QStringLiteral("inspect"), QString::fromStdString(path)} + options);
  LimitedRun run;
  run.in_time = process.waitForFinished(patience_ms);
  run.seconds = static_cast<double>(timer.elapsed()) / 1000;
  if (!run.in_time) {
    process.kill();
    process.waitForFinished();
    return run;
  }
  run.crashed = process.exitStatus() != QProcess::NormalExit;
  run.exit_code = process.exitCode();
  run.err = QString::fromUtf8(process.readAllStandardError());
  return run;
}

}  // namespace rowlight::test
