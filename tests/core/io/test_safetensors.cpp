#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <string>

#include "core/base/files.h"
#include "core/io/safetensors.h"

using namespace rowlight;

namespace {

std::string file_of(const std::string& header, const std::string& data = {}) {
  std::string bytes;
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>((std::uint64_t{header.size()} >> (8 * i)) & 0xFFU);
  return bytes + header + data;
}

std::string tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string hex(const char* text) { return QByteArray::fromHex(text).toStdString(); }

}  // namespace

class TestSafetensors : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::string path() const { return folder_.filePath("a.safetensors").toStdString(); }
  Expected<TensorFile> read(const std::string& bytes) const {
    if (!write_file(path(), bytes)) qFatal("cannot write");
    return read_safetensors(path());
  }

 private slots:
  void contentComesBack() {
    TensorFile file;
    Matrix m(3, 5);
    for (std::size_t i = 0; i < 15; ++i) m(i / 5, i % 5) = static_cast<float>(i) / 3;
    file.tensors["movie.weight"] = tensor_of(m.view());
    file.tensors["bytes"] = {{3}, std::vector<std::uint8_t>{1, 2, 255}};
    file.tensors["ids \"quoted\" é"] = {{2, 1}, std::vector<std::int64_t>{-5, std::int64_t{1} << 60}};
    file.tensors["scalar"] = {{}, std::vector<float>{2.5F}};
    file.tensors["empty"] = {{0, 7}, std::vector<float>{}};
    file.metadata = {{"format", "pt"}, {"", "empty key"}};
    QVERIFY(write_safetensors(path(), file));
    const auto back = read_safetensors(path());
    QVERIFY2(back, back ? "" : back.error().message().c_str());
    QVERIFY(back->metadata == file.metadata);
    QCOMPARE(back->tensors.size(), file.tensors.size());
    for (const auto& [name, expected] : file.tensors) {
      QVERIFY(back->tensors.at(name).shape == expected.shape);
      QVERIFY(back->tensors.at(name).values == expected.values);
    }
    const auto matrix = matrix_of(*back, "movie.weight");
    QVERIFY(matrix);
    QCOMPARE(matrix->rows(), std::size_t{3});
    for (std::size_t i = 0; i < m.view().flat().size(); ++i) QCOMPARE(matrix->data()[i], m.data()[i]);
    QCOMPARE(matrix_of(*back, "empty")->cols(), std::size_t{7});

    QVERIFY(write_safetensors(path(), TensorFile{}));
    QVERIFY(read_safetensors(path())->tensors.empty());
  }

  void writesThisLayout() {
    TensorFile file;
    file.tensors["b"] = {{2}, std::vector<float>{1, -2}};
    file.tensors["a"] = {{1}, std::vector<std::uint8_t>{7}};
    file.tensors["c"] = {{1}, std::vector<std::int64_t>{-1}};
    file.metadata["k"] = "v";
    QVERIFY(write_safetensors(path(), file));
    std::string header = "{\"__metadata__\":{\"k\":\"v\"}," + tensor("c", "I64", "[1]", "[0,8]") + "," +
                         tensor("b", "F32", "[2]", "[8,16]") + "," + tensor("a", "U8", "[1]", "[16,17]") + "}";
    header.append((8 - header.size() % 8) % 8, ' ');
    QCOMPARE(*read_file(path()), file_of(header, hex("ffffffffffffffff0000803f000000c007")));
  }

  void readsAndConvertsEveryType() {
    const auto file =
        read(file_of("{" + tensor("d", "F64", "[1]", "[12,20]") + "," + tensor("i", "I32", "[2]", "[4,12]") + "," +
                         tensor("u", "U8", "[2,2]", "[0,4]") + "}",
                     hex("01020304feffffff07000000000000000000f43f")));
    QVERIFY2(file, file ? "" : file.error().message().c_str());
    QVERIFY(std::get<0>(file->tensors.at("d").values) == std::vector<float>{1.25F});
    QVERIFY((std::get<1>(file->tensors.at("i").values) == std::vector<std::int64_t>{-2, 7}));
    QVERIFY((std::get<2>(file->tensors.at("u").values) == std::vector<std::uint8_t>{1, 2, 3, 4}));
    QCOMPARE((*matrix_of(*file, "d"))(0, 0), 1.25F);
  }

  void wrongFilesAreErrors_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("what");
    const auto row = [](const char* name, const std::string& bytes, const char* what) {
      QTest::newRow(name) << QByteArray::fromStdString(bytes) << what;
    };
    const auto one = [&](const char* name, const std::string& header, const char* what) {
      row(name, file_of("{" + header + "}", std::string(8, '\0')), what);
    };
    row("empty", "", "not a .safetensors");
    row("seven bytes", "1234567", "not a .safetensors");
    row("header beyond the file", file_of("{}").substr(0, 9), "announces 2 bytes");
    row("absurd length", std::string(8, '\xff') + "{}", "announces 18446744073709551615");
    row("no header", file_of(""), "not JSON");
    row("not JSON", file_of("hello"), "not JSON");
    row("cut JSON", file_of("{\"a\":"), "not JSON");
    row("text after JSON", file_of("{} x"), "not JSON");
    row("not UTF-8", file_of("{\"\xff\":{}}"), "not JSON");
    row("a list", file_of("[]"), "a list");
    row("a number", file_of("5"), "a number");
    row("deep lists", file_of(std::string(1000000, '[')), "a list");
    one("deep objects", "\"a\":{\"shape\":{", "an object");
    one("deep shape", "\"a\":{\"shape\":" + std::string(100000, '['), "a list");
    one("null", "\"a\":null", "null");
    one("bool", "\"a\":{\"dtype\":true}", "true or false");
    one("negative", tensor("a", "F32", "[-2]", "[0,8]"), "a negative number");
    one("fraction", tensor("a", "F32", "[2.0]", "[0,8]"), "no integer");
    one("beyond 64 bits", tensor("a", "F32", "[18446744073709551616]", "[0,8]"), "no integer");
    one("NaN", tensor("a", "F32", "[NaN]", "[0,8]"), "not JSON");
    one("infinite number", tensor("a", "F32", "[1e999]", "[0,8]"), "not JSON");
    one("text as shape", tensor("a", "F32", "\"2\"", "[0,8]"), "a text");
    one("number as type", "\"a\":{\"dtype\":4}", "a number");
    one("missing field", "\"a\":{\"dtype\":\"F32\",\"shape\":[2]}", "lacks");
    one("one offset", tensor("a", "F32", "[2]", "[0]"), "lacks");
    one("three offsets", tensor("a", "F32", "[2]", "[0,8,8]"), "too many");
    one("many dimensions",
        tensor("a", "F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"), "too many");
    one("unknown field", "\"a\":{\"colour\":\"red\"}", "unknown field");
    one("field twice", "\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}", "twice");
    one("tensor twice", tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("a", "F32", "[0]", "[8,8]"), "two tensors");
    one("metadata twice", "\"__metadata__\":{},\"__metadata__\":{}", "twice");
    one("metadata key twice", "\"__metadata__\":{\"a\":\"\",\"a\":\"\"}", "twice");
    one("metadata that is no text", "\"__metadata__\":{\"a\":1}", "a number");
    one("unknown type", tensor("a", "BF16", "[4]", "[0,8]"), "'BF16'");
    one("backwards", tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[2]", "[8,0]"), "ends before");
    one("gap at the start", tensor("a", "F32", "[1]", "[4,8]"), "gap");
    one("gap at the end", tensor("a", "F32", "[1]", "[0,4]"), "4 bytes after");
    one("no tensor for the data", "", "8 bytes after");
    one("overlap", tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[1]", "[4,8]"), "overlaps");
    one("beyond the file", tensor("a", "F32", "[3]", "[0,12]"), "beyond the end");
    one("shape does not fit", tensor("a", "F32", "[3]", "[0,8]"), "does not fill");
    one("half a value", tensor("a", "F32", "[0]", "[0,3]") + "," + tensor("b", "U8", "[5]", "[3,8]"), "does not fill");
    one("shape overflows to fit", tensor("a", "F32", "[4611686018427387904,4]", "[0,8]"), "does not fill");
    one("bytes overflow to fit", tensor("a", "F32", "[4611686018427387906]", "[0,8]"), "does not fill");
    row("too large for float", file_of("{" + tensor("a", "F64", "[1]", "[0,8]") + "}", hex("9c7500883ce4377e")),
        "too large");
  }
  void wrongFilesAreErrors() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, what);
    const auto result = read(bytes.toStdString());
    QVERIFY(!result);
    QCOMPARE(result.error().kind, ErrorKind::BadInput);
    QCOMPARE(result.error().file, path());
    const QString found = QString::fromStdString(result.error().what);
    QVERIFY2(found.contains(what), qPrintable(found));
    QVERIFY(found.size() < 300);
  }

  void headersOverTheLimitAreErrors() {
    QVERIFY(write_file(path(), file_of("{}")));
    QFile file(folder_.filePath("a.safetensors"));
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.write(QByteArray::fromHex("01e1f50500000000"));  // 100,000,001
    QVERIFY(file.resize(100000100));                      // a hole: takes no disk
    file.close();
    QCOMPARE(read_safetensors(path()).error().what, std::string("the header is longer than 100 MB"));
  }

  void everyCutOffFileIsAnError() {
    const std::string whole = file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", std::string(8, '\0'));
    QVERIFY(read(whole));
    for (std::size_t n = 0; n < whole.size(); ++n) QVERIFY(!read(whole.substr(0, n)));
    QVERIFY(!read(whole + '\0'));
  }

  void everyDamagedByteIsSurvived() {
    const std::string whole =
        file_of("{\"__metadata__\":{\"k\":\"v\"}," + tensor("a", "I32", "[2]", "[0,8]") + "}", std::string(8, '\1'));
    for (std::size_t n = 0; n < whole.size() - 8; ++n) {
      for (const char damage : {'\0', '"', '9', '[', '}', ',', '\xff'}) {
        std::string bytes = whole;
        bytes[n] = damage;
        const auto result = read(bytes);  // an error or another valid file, and no crash
        if (!result) QCOMPARE(result.error().kind, ErrorKind::BadInput);
      }
    }
  }

  void matricesNeedFloatsAndTwoDimensions() {
    TensorFile file;
    file.tensors["ids"] = {{2}, std::vector<std::int64_t>{1, 2}};
    file.tensors["cube"] = {{1, 1, 1}, std::vector<float>{1}};
    file.tensors["liar"] = {{2, 2}, std::vector<float>{1}};
    file.tensors["absurd"] = {{0, std::size_t{1} << 40U}, std::vector<float>{}};
    for (const char* name : {"ids", "cube", "liar", "absurd", "missing"}) {
      const auto matrix = matrix_of(file, name);
      QVERIFY(!matrix);
      QCOMPARE(matrix.error().kind, ErrorKind::BadInput);
    }
  }

  void wrongContentIsNotWritten() {
    TensorFile file;
    file.tensors["liar"] = {{2, 2}, std::vector<float>{1}};
    QCOMPARE(write_safetensors(path(), file).error().kind, ErrorKind::Usage);
    file.tensors.clear();
    file.tensors["__metadata__"] = {{1}, std::vector<float>{1}};
    QCOMPARE(write_safetensors(path(), file).error().kind, ErrorKind::Usage);
    file.tensors.clear();
    file.metadata["a"] = "\xff";
    QCOMPARE(write_safetensors(path(), file).error().kind, ErrorKind::Usage);
    QCOMPARE(write_safetensors(folder_.filePath("no/a").toStdString(), TensorFile{}).error().kind, ErrorKind::Io);
    QCOMPARE(read_safetensors(folder_.path().toStdString()).error().kind, ErrorKind::Io);
  }
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
