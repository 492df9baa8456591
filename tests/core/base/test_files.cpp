#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <string>
#include <utility>

#if __has_include(<sys/resource.h>)
#include <csignal>

#include <sys/resource.h>
#define HAS_FILE_LIMIT
#endif

#include "core/base/files.h"

using namespace rowlight;

class TestFiles : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::string at(const char* name) const { return folder_.filePath(name).toStdString(); }
  QStringList names() const { return QDir(folder_.path()).entryList(QDir::Files | QDir::Hidden | QDir::System); }
  static std::string what(const Expected<std::string>& result) { return result ? "" : result.error().what; }

 private slots:
  void cleanup() {
    for (const QString& name : names()) QFile::remove(folder_.filePath(name));
  }

  void bytesComeBack() {
    std::string bytes;
    for (int i = 0; i < 100000; ++i) bytes += static_cast<char>(i);
    QVERIFY(write_file(at("a"), bytes));
    QVERIFY(*read_file(at("a")) == bytes);
    QVERIFY(write_file(at("a"), ""));
    QCOMPARE(*read_file(at("a")), std::string());
    QCOMPARE(names(), QStringList{"a"});
  }

  void namesAreUtf8() {
    QVERIFY(write_file(at("Amélie – ☃"), "x"));
    QVERIFY(QFile::exists(folder_.filePath(QString::fromUtf8("Amélie – ☃"))));
    QCOMPARE(*read_file(at("Amélie – ☃")), std::string("x"));
  }

  void missingFileAndFolderAreNamed() {
    const auto missing = read_file(at("missing"));
    QVERIFY(!missing);
    QCOMPARE(missing.error().kind, ErrorKind::Io);
    QCOMPARE(missing.error().file, at("missing"));
    QCOMPARE(missing.error().what, std::string("no such file"));
    QCOMPARE(what(read_file(folder_.path().toStdString())), std::string("is a directory"));
    QCOMPARE(what(read_file("")), std::string("the name of the file is empty"));
    QVERIFY(!read_file(at("a") + '\0' + "b"));
  }

  void devicesAreRefused() {
    if (!QFile::exists("/dev/zero")) QSKIP("needs /dev/zero");
    QCOMPARE(what(read_file("/dev/zero")), std::string("is not a regular file"));
    QVERIFY(!write_file("/dev/null", "x"));
    QVERIFY(QFile::exists("/dev/null"));
  }

  void unreadableFileIsAnError() {
    QVERIFY(write_file(at("a"), "secret"));
    QFile::setPermissions(folder_.filePath("a"), {});
    QFile probe(folder_.filePath("a"));
    if (probe.open(QIODevice::ReadOnly)) QSKIP("this account may read everything");
    QVERIFY(QString::fromStdString(what(read_file(at("a")))).startsWith("cannot be opened"));
  }

  void readErrorIsAnError() {
    if (!QFile::exists("/proc/self/mem")) QSKIP("needs /proc");
    QVERIFY(QString::fromStdString(what(read_file("/proc/self/mem"))).startsWith("cannot be read"));
  }

  void fileThatGrowsIsAnError() {
    if (!QFile::exists("/proc/self/status")) QSKIP("needs /proc");
    // Says that it has 0 bytes, and has more.
    QCOMPARE(what(read_file("/proc/self/status")), std::string("the file changed while it was read"));
  }

  void fileThatShrinksIsAnError() {
    QVERIFY(write_file(at("a"), std::string(100000, 'x')));
    auto input = InputFile::open(at("a"));
    QVERIFY(input);
    QVERIFY(QFile::resize(folder_.filePath("a"), 10));
    std::string out(100000, ' ');
    const auto result = input->read(std::as_writable_bytes(std::span(out)));
    QVERIFY(!result);
    QCOMPARE(result.error().what, std::string("the file changed while it was read"));
  }

  void fileRewrittenInPlaceIsAnError() {
    QVERIFY(write_file(at("a"), "old"));
    auto input = InputFile::open(at("a"));
    std::string out(3, ' ');
    QVERIFY(input->read(std::as_writable_bytes(std::span(out))));
    QFile file(folder_.filePath("a"));
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.write("new");
    file.flush();
    file.setFileTime(QDateTime::currentDateTime().addSecs(5), QFileDevice::FileModificationTime);
    file.close();
    QVERIFY(!input->finish());
  }

  void fileReplacedMeanwhileIsReadAsItWas() {
    QVERIFY(write_file(at("a"), "old"));
    auto input = InputFile::open(at("a"));
    QVERIFY(write_file(at("a"), "newer"));
    std::string out(3, ' ');
    QVERIFY(input->read(std::as_writable_bytes(std::span(out))));
    QCOMPARE(out, std::string("old"));
    QVERIFY(input->finish());
  }

  void nothingAppearsWithoutCommit() {
    QVERIFY(write_file(at("a"), "old"));
    {
      auto output = AtomicFile::create(at("a"));
      QVERIFY(output);
      const std::string bytes = "new";
      QVERIFY(output->write(std::as_bytes(std::span(bytes))));
      AtomicFile moved = std::move(*output);
      QCOMPARE(names().size(), 2);
      QCOMPARE(*read_file(at("a")), std::string("old"));
    }
    QCOMPARE(names(), QStringList{"a"});
    QCOMPARE(*read_file(at("a")), std::string("old"));
  }

  void unwritablePlacesAreErrors() {
    QVERIFY(!write_file(at("missing/a"), "x"));
    QVERIFY(!write_file(folder_.path().toStdString(), "x"));
    QVERIFY(!write_file("", "x"));
    QVERIFY(!write_file(at(std::string(400, 'n').c_str()), "x"));  // fails at the rename, after writing
    QCOMPARE(names(), QStringList{});
  }

  void writeProtectedFileStays() {
    QVERIFY(write_file(at("a"), "old"));
    QFile::setPermissions(folder_.filePath("a"), QFileDevice::ReadOwner);
    QFile probe(folder_.filePath("a"));
    if (probe.open(QIODevice::ReadWrite)) QSKIP("this account may write everything");
    QVERIFY(!write_file(at("a"), "new"));
    QCOMPARE(*read_file(at("a")), std::string("old"));
  }

  void permissionsAndLinksSurvive() {
    QVERIFY(write_file(at("a"), "old"));
    const auto permissions = QFileDevice::ReadOwner | QFileDevice::WriteOwner;
    QVERIFY(QFile::setPermissions(folder_.filePath("a"), permissions));
    const auto before = QFile::permissions(folder_.filePath("a"));
    if (!QFile::link(folder_.filePath("a"), folder_.filePath("link"))) QSKIP("no symbolic links here");
    QVERIFY(write_file(at("link"), "new"));
    QCOMPARE(*read_file(at("a")), std::string("new"));
    QCOMPARE(QFile::permissions(folder_.filePath("a")), before);
    QVERIFY(QFileInfo(folder_.filePath("link")).isSymLink());
  }

  void fullDiskLeavesTheOldFile() {
#ifdef HAS_FILE_LIMIT
    QVERIFY(write_file(at("a"), "old"));
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    const auto large = write_file(at("a"), std::string(200000, 'x'));
    small.rlim_cur = 10;
    setrlimit(RLIMIT_FSIZE, &small);
    const auto buffered = write_file(at("a"), std::string(20, 'x'));  // seen only when the buffer is flushed
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    QVERIFY(!large);
    QVERIFY(!buffered);
    QCOMPARE(large.error().kind, ErrorKind::Io);
    QCOMPARE(*read_file(at("a")), std::string("old"));
    QCOMPARE(names(), QStringList{"a"});
#else
    QSKIP("needs a limit on file sizes");
#endif
  }
};

QTEST_APPLESS_MAIN(TestFiles)
#include "test_files.moc"
