#include <QFile>
#include <QTest>

#include <vector>

#include "core/ratings/byte_source.h"
#include "core/ratings/reader.h"
#include "tests/support/archives.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

constexpr const char* member = "ml/ratings.csv.gz";

QByteArray gzipOf(test::WrittenFiles& files, const QByteArray& bytes) {
  QFile file(QString::fromStdString(test::write_gzip(files.path() + "/inner.gz", bytes)));
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

Expected<std::string> textOf(const InputName& name) {
  auto source = ByteSource::open(name);
  if (!source) return tl::make_unexpected(source.error());
  std::string text;
  std::vector<char> piece(std::size_t{1} << 20U);
  while (!source->at_end()) {
    const auto got = source->read(piece);
    if (!got) return tl::make_unexpected(got.error());
    text.append(piece.data(), *got);
  }
  return text;
}

}  // namespace

class TestByteSource : public QObject {
  Q_OBJECT

 private slots:
  void aGzipArchiveInAZipArchiveIsUnpacked_data() {
    QTest::addColumn<int>("method");
    QTest::newRow("stored") << ZIP_CM_STORE;
    QTest::newRow("deflated") << ZIP_CM_DEFLATE;
  }
  void aGzipArchiveInAZipArchiveIsUnpacked() {
    QFETCH(int, method);
    test::WrittenFiles files;
    const QByteArray text = QByteArray("1,2,3\n4,5,6\n").repeated(100'000);
    const std::string path = test::write_zip(files.path() + "/x.zip", {{member, gzipOf(files, text)}}, method);
    const auto unpacked = textOf({path, member});
    if (!unpacked) QFAIL(unpacked.error().message().c_str());
    QVERIFY(*unpacked == text.toStdString());
  }

  void packedRatingsAreFoundInAZipArchive() {
    test::WrittenFiles files;
    const auto loaded =
        read_ratings(test::write_zip(files.path() + "/x.zip", {{"readme", "Ratings of films and who gave them\n"},
                                                               {"a/scores.gz", gzipOf(files, "7,2,3\n8,2,4\n")}}));
    if (!loaded) QFAIL(loaded.error().message().c_str());
    QCOMPARE(loaded->report.container, std::string("zip"));
    QCOMPARE(loaded->report.member, std::string("a/scores.gz"));
    QCOMPARE(loaded->set->size(), std::size_t{2});
  }

  void twoArchivesAreNoWayAroundTheLimits_data() {
    QTest::addColumn<QByteArray>("packed");
    QTest::addColumn<int>("method");
    QTest::addColumn<QString>("part");
    test::WrittenFiles files;
    const QByteArray bomb = gzipOf(files, QByteArray(70 << 20, '\n'));
    const QByteArray head("\x1F\x8B\x08\x08\0\0\0\0\0\x03", 10);
    const QByteArray endless_name = head + QByteArray(6 << 20, 'n');
    const QString bombed = QStringLiteral("more than 250 times its size");
    QTest::newRow("bomb, stored") << bomb << ZIP_CM_STORE << bombed;
    QTest::newRow("bomb, deflated") << bomb << ZIP_CM_DEFLATE << bombed;
    QTest::newRow("endless name, deflated") << endless_name << ZIP_CM_DEFLATE << "without any text";
    QTest::newRow("half") << bomb.left(bomb.size() / 2) << ZIP_CM_DEFLATE << "ends in the middle";
  }
  void twoArchivesAreNoWayAroundTheLimits() {
    QFETCH(QByteArray, packed);
    QFETCH(int, method);
    QFETCH(QString, part);
    test::WrittenFiles files;
    const std::string path = test::write_zip(files.path() + "/x.zip", {{member, packed}}, method);
    const auto unpacked = textOf({path, member});
    QVERIFY(!unpacked);
    QCOMPARE(unpacked.error().kind, ErrorKind::BadInput);
    QCOMPARE(unpacked.error().file, path);
    const QString message = QString::fromStdString(unpacked.error().message());
    QVERIFY2(message.contains(part), qPrintable(message));
  }
};

QTEST_APPLESS_MAIN(TestByteSource)
#include "test_byte_source.moc"
