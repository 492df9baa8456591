#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/files.h"
#include "core/io/npy.h"

using namespace rowlight;

namespace {

/// A file's bytes: magic, version, the dictionary as it is given, then hex data.
std::string file_of(const std::string& dictionary, const QByteArray& hex_data = {}, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {version, '\0', static_cast<char>(dictionary.size() & 0xFFU), static_cast<char>(dictionary.size() >> 8U)};
  if (version > 1) bytes += {'\0', '\0'};
  return bytes + dictionary + QByteArray::fromHex(hex_data).toStdString();
}

/// What numpy.save of NumPy 1.24 writes before the data: blanks up to 128 bytes in all, then a line end.
std::string numpy_dictionary(const std::string& text, char version = 1) {
  const std::size_t preamble = version == 1 ? 10 : 12;
  return text + std::string(127 - preamble - text.size(), ' ') + '\n';
}

const QByteArray six_floats = "0000c0bf000000bf0000003f0000c03f0000204000006040";  // -1.5, -0.5, ... 3.5

}  // namespace

class TestNpy : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::string path() const { return folder_.filePath("a.npy").toStdString(); }
  Expected<Matrix> floats(const std::string& bytes) const {
    if (!write_file(path(), bytes)) qFatal("cannot write");
    return read_npy(path());
  }
  Expected<std::vector<std::int64_t>> integers(const std::string& bytes) const {
    if (!write_file(path(), bytes)) qFatal("cannot write");
    return read_npy_integers(path());
  }

 private slots:
  void tablesComeBack() {
    for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{3, 50}, {1000, 17}, {5, 1}, {0, 4}, {4, 0}}) {
      Matrix m(rows, cols);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(r) - 0.1F * static_cast<float>(c);
      }
      QVERIFY(write_npy(path(), m.view()));
      const auto back = read_npy(path());
      QVERIFY2(back, back ? "" : back.error().message().c_str());
      QCOMPARE(back->rows(), rows);
      QCOMPARE(back->cols(), cols);
      for (std::size_t i = 0; i < m.view().flat().size(); ++i) QCOMPARE(back->data()[i], m.data()[i]);
    }
  }

  void writesTheBytesOfNumPy() {
    Matrix m(2, 3);
    for (std::size_t i = 0; i < 6; ++i) m(i / 3, i % 3) = static_cast<float>(i) - 1.5F;
    QVERIFY(write_npy(path(), m.view()));
    QCOMPARE(*read_file(path()),
             file_of(numpy_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"), six_floats));
  }

  void vectorsHaveOneDimension() {
    const std::vector<std::int64_t> integers = {2, -5, std::numeric_limits<std::int64_t>::max()};
    QVERIFY(write_npy(path(), std::span(integers)));
    QCOMPARE(*read_file(path()), file_of(numpy_dictionary("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"),
                                         "0200000000000000fbffffffffffffffffffffffffffff7f"));
    std::vector<std::size_t> shape;
    QCOMPARE(*read_npy_integers(path(), &shape), integers);
    QCOMPARE(shape, std::vector<std::size_t>{3});
    const std::vector<float> floats = {-1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 3.5F};
    QVERIFY(write_npy(path(), std::span(floats)));
    QCOMPARE(*read_file(path()),
             file_of(numpy_dictionary("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }"), six_floats));
    QVERIFY(write_npy(path(), std::span(floats).first(0)));
    QCOMPARE(read_npy(path())->rows(), std::size_t{0});
  }

  void notANumberAndInfinityPass() {
    Matrix m(2, 1);
    m(0, 0) = std::numeric_limits<float>::quiet_NaN();
    m(1, 0) = -std::numeric_limits<float>::infinity();
    QVERIFY(write_npy(path(), m.view()));
    QVERIFY(std::isnan((*read_npy(path()))(0, 0)));
    QCOMPARE((*read_npy(path()))(1, 0), m(1, 0));
  }

  void readsFortranOrderDoubles() {
    const auto m = floats(
        file_of(numpy_dictionary("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }"),
                "000000000000d03f0000000000000a40000000000000f43f000000000000114000000000000002400000000000001540"));
    QVERIFY(m);
    for (std::size_t i = 0; i < 6; ++i) QCOMPARE((*m)(i / 3, i % 3), static_cast<float>(i) + 0.25F);
  }

  void readsVectorsAsColumns() {
    const auto m = floats(file_of("{'shape': (2L,), \"fortran_order\": False, 'descr': '<f4'}", "0000803f00000040"));
    QVERIFY2(m, m ? "" : m.error().message().c_str());
    QCOMPARE(m->rows(), std::size_t{2});
    QCOMPARE(m->cols(), std::size_t{1});
    QCOMPARE((*m)(1, 0), 2.0F);
  }

  void readsIntegers() {
    QCOMPARE(*integers(file_of(numpy_dictionary("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"),
                               "0300000000000000ffffffffffffffff0000000000010000")),
             (std::vector<std::int64_t>{3, -1, std::int64_t{1} << 40}));
    QCOMPARE(*integers(file_of(numpy_dictionary("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 2), }", 2),
                               "0100000003000000feffffff04000000", 2)),
             (std::vector<std::int64_t>{1, -2, 3, 4}));
    QCOMPARE(*integers(file_of(numpy_dictionary("{'descr': '<u4', 'fortran_order': False, 'shape': (2,), }", 3),
                               "00286bee07000000", 3)),
             (std::vector<std::int64_t>{4000000000, 7}));
  }

  void wrongFilesAreErrors_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("what");
    const auto row = [](const char* name, const std::string& bytes, const char* what) {
      QTest::newRow(name) << QByteArray::fromStdString(bytes) << what;
    };
    const auto dict = [](const std::string& shape, const std::string& type = "'<f4'") {
      return file_of("{'descr': " + type + ", 'fortran_order': False, 'shape': " + shape + ", }", six_floats);
    };
    row("empty", "", "not a .npy");
    row("other format", "PK\3\4 and more bytes", "not a .npy");
    row("version", file_of("{}", "", 9), "version 9");
    row("ends in the length", std::string("\x93NUMPY\x02\0\x10", 9), "ends within");
    row("header longer than the file", std::string("\x93NUMPY\x02\0\xff\xff\xff\xff{}", 14), "ends within");
    row("absurdly long header", std::string("\x93NUMPY\x02\0\0\0\x20\0", 12) + std::string(0x200000, ' '),
        "2097152 bytes");
    row("no dictionary", file_of("hello"), "not what NumPy writes");
    row("missing key", file_of("{'descr': '<f4', 'shape': (2, 3)}", six_floats), "not what NumPy writes");
    row("key twice", file_of("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", six_floats),
        "not what NumPy writes");
    row("other key", file_of("{'a': 1}"), "not what NumPy writes");
    row("unclosed text", file_of("{'descr"), "not what NumPy writes");
    row("unclosed dictionary", file_of("{'descr': '<f4',"), "not what NumPy writes");
    row("no bool", file_of("{'fortran_order': 1}"), "not what NumPy writes");
    row("text after it", file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", six_floats),
        "not what NumPy writes");
    row("negative size", dict("(-2, 3)"), "not what NumPy writes");
    row("size too large for a number", dict("(99999999999999999999, 3)"), "not what NumPy writes");
    row("nested", file_of("{'shape': " + std::string(50000, '(')), "not what NumPy writes");
    row("no dimension", dict("()"), "0 dimensions");
    row("three dimensions", dict("(1, 2, 3)"), "3 dimensions");
    row("too short", dict("(2, 4)"), "24 bytes follow");
    row("too long", dict("(2, 2)"), "24 bytes follow");
    row("sizes that overflow", dict("(4611686018427387904, 4)"), "24 bytes follow");
    row("bytes that overflow", dict("(4611686018427387910,)"), "24 bytes follow");
    row("half a value", file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "000000000000"), "6 bytes");
    row("absurd empty", file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904)}"),
        "absurd");
    row("big endian", dict("(2, 3)", "'>f4'"), "'>f4'");
    row("integers", dict("(2, 3)", "'<i4'"), "'<i4'");
    row("objects", dict("(2, 3)", "'|O'"), "'|O'");
    row("records", dict("(2, 3)", "[('a', '<f4'), ('b', '<i4')]"), "'records'");
    row("too large for float", file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "9c7500883ce4377e"),
        "too large");
  }
  void wrongFilesAreErrors() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, what);
    const auto result = floats(bytes.toStdString());
    QVERIFY(!result);
    QCOMPARE(result.error().kind, ErrorKind::BadInput);
    QCOMPARE(result.error().file, path());
    const QString found = QString::fromStdString(result.error().what);
    QVERIFY2(found.contains(what), qPrintable(found));
    QVERIFY(!read_npy_integers(path()) || what == "'<i4'");
  }

  void everyCutOffFileIsAnError() {
    const std::string whole = file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", six_floats);
    QVERIFY(floats(whole));
    for (std::size_t n = 0; n < whole.size(); ++n) QVERIFY(!floats(whole.substr(0, n)));
  }

  void fileErrorsPassThrough() {
    QCOMPARE(read_npy(folder_.filePath("missing").toStdString()).error().kind, ErrorKind::Io);
    QCOMPARE(read_npy_integers(folder_.path().toStdString()).error().kind, ErrorKind::Io);
    QCOMPARE(write_npy(folder_.filePath("no/a").toStdString(), Matrix(1, 1).view()).error().kind, ErrorKind::Io);
  }
};

QTEST_APPLESS_MAIN(TestNpy)
#include "test_npy.moc"
