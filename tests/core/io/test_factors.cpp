#include <QDir>
#include <QTest>

#include <atomic>
#include <cstring>
#include <limits>
#include <random>

#include "core/io/factors.h"
#include "core/io/npy.h"
#include "core/io/safetensors.h"
#include "core/ratings/reader.h"
#include "core/train/trainer.h"
#include "tests/support/training.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

const QByteArray spark = R"({"id":1,"features":[0.5,-0.25,1.0E-4]}
{"id":7,"features":[1,2,3]}
)";

const QByteArray libmf =
    "f 0\nm 3\nn 2\nk 3\nb 0.5\n"
    "p0 T 1 3 5 \np1 F 0 0 0 \np2 T 2 4 6 \n"
    "q0 T -1 -3 -5 \nq1 T -2 -4 -6.5e-1 \n";

const QByteArray words = "3 2\nking 0.5 -1\nqueen 0.25 2\nNew York 1 1e-3\n";

std::string id_of(const Factors& factors, Table table, std::int32_t row) {
  const RatingSet& rows = *factors.rows;
  return std::string((table == Table::Users ? rows.user_ids : rows.movie_ids).id(row));
}

/// The bytes of a .safetensors file with this header and these data.
QByteArray tensors(const QByteArray& header, const QByteArray& data) {
  const auto length = static_cast<std::uint64_t>(header.size());
  return QByteArray(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

QByteArray bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), static_cast<qsizetype>(values.size() * sizeof(float))};
}

}  // namespace

class TestFactors : public QObject {
  Q_OBJECT

  test::WrittenFiles files_;

  Expected<LoadedFactors> read(const QString& name, const QByteArray& bytes, const FactorOptions& options = {}) {
    return read_factors(files_.write(name, bytes), options);
  }

 private slots:
  void sparkLinesAreATable() {
    const auto read_spark = read(QStringLiteral("anything.csv"), spark);
    QVERIFY2(read_spark, read_spark ? "" : read_spark.error().message().c_str());
    const Factors& factors = *read_spark->factors;
    QCOMPARE(factors.format, std::string("spark-factors"));
    QVERIFY(!factors.has(Table::Users));
    const Matrix& table = factors.tables[index_of(Table::Movies)];
    QCOMPARE(table.rows(), std::size_t{2});
    QCOMPARE(table.cols(), std::size_t{3});
    QCOMPARE(table(0, 2), 1.0E-4F);
    QCOMPARE(table(1, 0), 1.0F);
    QCOMPARE(id_of(factors, Table::Movies, 1), std::string("7"));
    QCOMPARE(factors.rows->movie_label(MovieRow{1}), std::string("movie 7"));
    QCOMPARE(factors.missing, std::string("anything.csv holds no user table"));
    QCOMPARE(read_spark->report.notices.size(), std::size_t{1});  // whose rows they are is an assumption
  }

  void theNameTellsWhoseRowsTheyAreWhereNothingElseDoes() {
    const auto users = read(QStringLiteral("user_factors.json"), spark);
    QVERIFY(users && users->factors->has(Table::Users) && !users->factors->has(Table::Movies));
    QCOMPARE(id_of(*users->factors, Table::Users, 1), std::string("7"));
  }

  void furtherKeysBlankLinesAndTextIdsAreFine() {
    const auto loose =
        read(QStringLiteral("loose.json"),
             "\xEF\xBB\xBF\r\n{ \"features\" : [ 1 , 2 ] , \"n\": null, \"id\": \"caf\xC3\xA9\" }\r\n\r\n");
    QVERIFY2(loose, loose ? "" : loose.error().message().c_str());
    QCOMPARE(id_of(*loose->factors, Table::Movies, 0), std::string("caf\xC3\xA9"));
    QCOMPARE(loose->factors->rows->movie_label(MovieRow{0}), std::string("caf\xC3\xA9"));
  }

  void aFolderOfPartsIsOneTable() {
    const QDir root(QString::fromStdString(files_.path()));
    QVERIFY(root.mkpath(QStringLiteral("als/itemFactors")) && root.mkpath(QStringLiteral("als/userFactors")));
    files_.write(QStringLiteral("als/itemFactors/part-00000-a.json"), spark);
    files_.write(QStringLiteral("als/itemFactors/part-00001-a.json"), "");
    files_.write(QStringLiteral("als/itemFactors/part-00002-a.json"), "{\"id\":9,\"features\":[4,5,6]}");
    files_.write(QStringLiteral("als/itemFactors/_SUCCESS"), "");
    files_.write(QStringLiteral("als/userFactors/part-00000-b.json"), "{\"id\":1,\"features\":[7,8,9]}\n");
    const std::string path = files_.path() + "/als";
    QCOMPARE(factor_format_at(path).value_or(""), std::string("spark-factors"));
    std::uint64_t last = 0;
    std::uint64_t total = 0;
    ReadControl control;
    control.on_progress = [&](std::uint64_t done, std::uint64_t of) {
      QVERIFY(done >= last);
      last = done;
      total = of;
    };
    const auto both = read_factors(path, {}, control);
    QVERIFY2(both, both ? "" : both.error().message().c_str());
    QCOMPARE(both->report.users, 1U);
    QCOMPARE(both->report.items, 3U);
    QCOMPARE(both->factors->tables[1](2, 2), 6.0F);
    QCOMPARE(last, total);
    QCOMPARE(total, both->report.bytes);
    const auto items = read_factors(path + "/itemFactors");
    QVERIFY(items && items->report.users == 0 && items->report.items == 3);
    QVERIFY(!factor_format_at(files_.path() + "/none"));
    const auto none = read_factors(files_.path());
    QVERIFY(!none && none.error().kind == ErrorKind::Io);
  }

  void aLibmfModelIsBothTables() {
    const auto model = read(QStringLiteral("model.txt"), libmf);
    QVERIFY2(model, model ? "" : model.error().message().c_str());
    const Factors& factors = *model->factors;
    QCOMPARE(factors.format, std::string("libmf-model"));
    QCOMPARE(model->report.users, 2U);
    QCOMPARE(model->report.left_out, 1U);
    QCOMPARE(id_of(factors, Table::Users, 1), std::string("2"));  // p1 is marked F
    QCOMPARE(factors.tables[0](1, 2), 6.0F);
    QCOMPARE(factors.tables[1](1, 2), -0.65F);
    QVERIFY(factors.missing.empty());
    QVERIFY(read(QStringLiteral("old.txt"), libmf.mid(4)));  // versions before 2 write no f
  }

  void word2vecTextNamesItsRows() {
    const auto table = read(QStringLiteral("vectors.txt"), words);
    QVERIFY2(table, table ? "" : table.error().message().c_str());
    QCOMPARE(table->factors->format, std::string("word2vec"));
    QCOMPARE(id_of(*table->factors, Table::Movies, 2), std::string("New York"));
    QCOMPARE(table->factors->rows->movie_label(MovieRow{0}), std::string("king"));
    QCOMPARE(table->factors->tables[1](1, 1), 2.0F);
  }

  void npyRowsAreNumbered() {
    Matrix matrix(3, 2);
    matrix(2, 1) = 4.5F;
    const std::string path = files_.path() + "/w.npy";
    QVERIFY(write_npy(path, matrix.view()));
    const auto table = read_factors(path);
    QVERIFY(table);
    QCOMPARE(table->factors->format, std::string("npy"));
    QCOMPARE(table->factors->tables[1](2, 1), 4.5F);
    QCOMPARE(id_of(*table->factors, Table::Movies, 2), std::string("2"));
  }

  void aSavedRunBringsItsIds_data() {
    QTest::addColumn<int>("model");
    for (const ModelKind kind : model_kinds) {
      QTest::newRow(std::string(name_of(kind)).c_str()) << static_cast<int>(kind);
    }
  }
  void aSavedRunBringsItsIds() {
    QFETCH(int, model);
    TrainSettings settings;
    settings.model = static_cast<ModelKind>(model);
    settings.factors = 5;
    settings.epochs = 1;
    auto trainer = Trainer::create({test::make_ratings(12, 9, 200, 3), settings, {}, {}, nullptr});
    QVERIFY(trainer && test::finish(**trainer));
    const std::string path = files_.path() + "/run.safetensors";
    QVERIFY(write_safetensors(path, (*trainer)->save()));
    const auto run = read_factors(path);
    QVERIFY2(run, run ? "" : run.error().message().c_str());
    for (const Table table : {Table::Users, Table::Movies}) {
      const std::size_t i = index_of(table);
      QVERIFY(test::same_bits(run->factors->tables[i].view(), (*trainer)->model().factors(table).view()));
      const Matrix* bias = (*trainer)->model().bias(table);
      QCOMPARE(run->factors->biases[i].empty(), bias == nullptr);
      if (bias != nullptr) QVERIFY(test::same_bits(run->factors->biases[i].view(), bias->view()));
      const std::string last = table == Table::Users ? "u11" : "m8";
      QCOMPARE(id_of(*run->factors, table, table == Table::Users ? 11 : 8), last);
    }
    QVERIFY(run->report.notices.empty());
  }

  void tensorsOfOtherNamesAreChosenAndSaid() {
    TensorFile file;
    file.tensors["net.user_emb"] = {{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}};
    file.tensors["net.item_emb"] = {{1, 3}, std::vector<float>{7, 8, 9}};
    file.tensors["net.huge"] = {{9, 3}, std::vector<float>(27, 0.5F)};
    file.tensors["counts"] = {{2}, std::vector<std::int64_t>{1, 2}};
    const std::string path = files_.path() + "/other.safetensors";
    QVERIFY(write_safetensors(path, file));
    const auto by_name = read_factors(path);
    QVERIFY(by_name);
    QCOMPARE(by_name->factors->tables[0](1, 2), 6.0F);
    QCOMPARE(by_name->factors->tables[1](0, 2), 9.0F);
    QCOMPARE(by_name->report.notices.size(), std::size_t{2});

    file.tensors.erase("net.user_emb");
    file.tensors.erase("net.item_emb");
    file.tensors["small"] = {{1, 3}, std::vector<float>{7, 8, 9}};
    QVERIFY(write_safetensors(path, file));
    const auto largest = read_factors(path);
    QVERIFY(largest && largest->report.items == 9 && largest->report.users == 0);
    QVERIFY(QString::fromStdString(largest->report.notices.front()).contains(QStringLiteral("'net.huge'")));
  }

  void fastaiNamesAreKnown() {
    TensorFile file;
    file.tensors["u_weight.weight"] = {{2, 2}, std::vector<float>{1, 2, 3, 4}};
    file.tensors["i_weight.weight"] = {{3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6}};
    file.tensors["u_bias.weight"] = {{2, 1}, std::vector<float>{1, 2}};
    file.tensors["i_bias.weight"] = {{3, 1}, std::vector<float>{1, 2, 3}};
    const std::string path = files_.path() + "/fastai.safetensors";
    QVERIFY(write_safetensors(path, file));
    const auto read = read_factors(path);
    QVERIFY(read && read->report.bias && read->report.users == 2 && read->report.items == 3);
    QCOMPARE(read->factors->biases[1](2, 0), 3.0F);
  }

  void titlesAreJoinedById() {
    const std::string items = files_.write(QStringLiteral("movies.csv"),
                                           "movieId,title,genres\n7,\"Heat (1995)\",Action|Crime\n8,Casino,Drama\n");
    const auto read_spark = read(QStringLiteral("items.json"), spark, {items});
    QVERIFY2(read_spark, read_spark ? "" : read_spark.error().message().c_str());
    QCOMPARE(read_spark->factors->rows->movie_label(MovieRow{1}), std::string("Heat (1995)"));
    QCOMPARE(read_spark->report.titles, 2U);
    QCOMPARE(read_spark->report.items_without_title, 1U);
    const auto none = read(QStringLiteral("items.json"), spark, {files_.path() + "/none.csv"});
    QVERIFY(!none && none.error().kind == ErrorKind::Io);
  }

  void damageIsNamedWithItsPlace_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("line");
    QTest::addColumn<int>("column");
    QTest::addColumn<QString>("what");
    const auto row = [](const char* name, const QByteArray& bytes, int line, int column, const char* what) {
      QTest::newRow(name) << bytes << line << column << QString::fromLatin1(what);
    };
    const QByteArray good = "{\"id\":1,\"features\":[1,2]}\n";
    row("ragged", good + "{\"id\":2,\"features\":[1,2,3]}", 2, 0, "the row has 3 factors");
    row("no factors", "{\"id\":2,\"features\":[]}", 1, 0, "the row has no factors");
    row("twice", good + good, 2, 0, "the id '1' was there before");
    row("cut off", good + "{\"id\":2,\"features\":[1,", 2, 23, "the line ends within a row");
    row("a text", good + "{\"id\":2,\"features\":[1,\"x\"]}", 2, 23, "a text stands in place of a factor");
    row("null", good + "{\"id\":2,\"features\":[1,null]}", 2, 23, "null stands in place of a factor");
    row("nan", good + "{\"id\":2,\"features\":[1,NaN]}", 2, 23, "NaN is not a finite number");
    row("minus infinity", good + "{\"id\":2,\"features\":[-Infinity]}", 2, 21, "-Infinity is not a finite number");
    row("overflow", good + "{\"id\":2,\"features\":[1,1e999]}", 2, 23, "'1e999' is too large");
    row("no float", good + "{\"id\":2,\"features\":[1,1e99]}", 2, 23, "the number is too large for a factor");
    row("nested", good + "{\"id\":2,\"features\":[1,[2]]}", 2, 23, "a list stands where a row has none");
    row("object", good + "{\"id\":2,\"features\":{\"a\":1}}", 2, 20, "an object stands within the row");
    row("deep", good + "{\"id\":2,\"x\":" + QByteArray(100'000, '['), 2, 13, "a list stands where a row has none");
    row("no id", good + "{\"features\":[1,2]}", 2, 0, "the row has no \"id\"");
    row("no features", good + "{\"id\":3}", 2, 0, "the row has no \"features\"");
    row("two ids", good + "{\"id\":3,\"id\":4,\"features\":[1,2]}", 2, 9, "the row has 'id' twice");
    row("id is a list", good + "{\"id\":[3],\"features\":[1,2]}", 2, 7, "a list stands where a row has none");
    row("prose", good + "\nsomething", 3, 1, "the line is not JSON here");
    row("behind the row", good + "{\"id\":2,\"features\":[1,2]} x", 2, 27, "the line is not JSON here");

    row("libmf: cut off", libmf.left(libmf.indexOf("q1")), 9, 0, "the file ends before the row q1");
    row("libmf: cut in a row", libmf.left(libmf.size() - 10), 10, 0, "the row q1 has 2 factors");
    row("libmf: header", "f 0\nm 3\nn 2\nk 3\np0 T 1 3 5\n", 5, 0, "'p0 T 1 3 5' is not a line of the header");
    row("libmf: nan", QByteArray(libmf).replace("2 4 6", "2 nan 6"), 8, 8, "'nan' is not a finite number");
    row("libmf: overflow", QByteArray(libmf).replace("2 4 6", "2 1e39 6"), 8, 8, "'1e39' is not a finite number");
    row("libmf: order", QByteArray(libmf).replace("p1", "p2"), 7, 1, "'p2' stands here");
    row("libmf: mark", QByteArray(libmf).replace("F", "X"), 7, 4, "'X' stands here");
    row("libmf: more", libmf + "q2 T 1 2 3\n", 11, 0, "lines follow the last row");
    row("libmf: no factors", QByteArray(libmf).replace("k 3", "k 0"), 5, 0,
        "the header announces rows without factors");
    row("libmf: absurd sizes", "f 0\nm 2147483647\nn 2147483647\nk 2147483647\nb 0\np0 T 1\n", 6, 0,
        "the row p0 has 1 factors");
    row("libmf: all F", "m 1\nn 0\nk 1\nb 0\np0 F 0\n", 0, 0, "there is no row of factors in it");

    row("word2vec: cut off", words.left(words.indexOf("New")), 3, 0, "2 rows follow the header, which announces 3");
    row("word2vec: more", words + "prince 1 2\n", 5, 0, "4 rows follow the header, which announces 3");
    row("word2vec: short", QByteArray(words).replace("0.25 2", "0.25"), 3, 0, "the row has 1 numbers after its word");
    row("word2vec: no number", QByteArray(words).replace("0.25 2", "0.25 x"), 3, 12, "'x' is not a finite number");
    row("word2vec: inf", QByteArray(words).replace("0.25 2", "inf 2"), 3, 7, "'inf' is not a finite number");
    row("word2vec: twice", QByteArray(words).replace("queen", "king"), 3, 0, "the id 'king' was there before");
    row("word2vec: absurd sizes", "2147483647 2\na 1 2\n", 2, 0, "1 rows follow the header");

    const QByteArray header = R"({"movie_factors.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";
    row("safetensors: cut off", tensors(header, bytes_of({1, 2, 3})), 0, 0, "ends beyond the end of the file");
    row("safetensors: nan", tensors(header, bytes_of({1, 2, 3, std::numeric_limits<float>::quiet_NaN()})), 0, 0,
        "not finite, in row 1, factor 1");
    row("safetensors: no table", tensors(R"({"n":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", bytes_of({1, 2})),
        0, 0, "none of the 1 tensors is a table of floats");
    row("safetensors: huge",
        tensors(R"({"a":{"dtype":"F32","shape":[99999999,99999999],"data_offsets":[0,8]}})", bytes_of({1, 2})), 0, 0,
        "does not fill its 8 bytes");
    row("safetensors: bias",
        tensors(R"({"movie_factors.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                R"("movie_bias.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                bytes_of({1, 2, 3})),
        0, 0, "the tensor 'movie_bias.weight' is 1 x 1");
    row("npy: cut off", QByteArray("\x93NUMPY\x01\x00", 8), 0, 0, "ends within the header");
    row("nothing", "", 0, 0, "these are no factors in a known format");
    row("ratings", "1\t2\t3\t4\n2\t2\t3\t4\n", 0, 0, "these are no factors in a known format");
  }
  void damageIsNamedWithItsPlace() {
    QFETCH(QByteArray, bytes);
    QFETCH(int, line);
    QFETCH(int, column);
    QFETCH(QString, what);
    const auto refused = read(QStringLiteral("damaged"), bytes);
    QVERIFY(!refused);
    const Error& error = refused.error();
    const QString message = QString::fromStdString(error.message());
    QVERIFY2(message.contains(what), qPrintable(message));
    QCOMPARE(error.kind, ErrorKind::BadInput);
    QCOMPARE(error.file, files_.path() + "/damaged");
    QCOMPARE(static_cast<int>(error.line), line);
    QVERIFY2(static_cast<int>(error.column) == column, qPrintable(message));
  }

  void aLineWithoutEndIsRefused() {
    const auto endless = read(QStringLiteral("endless"), "{\"id\":1,\"features\":[" + QByteArray(20 << 20, '1'));
    QVERIFY(!endless);
    QCOMPARE(endless.error().what, std::string("the line is longer than 16 MB"));
    QCOMPARE(endless.error().line, 1U);
  }

  void readingCanBeCancelled() {
    const std::string path = files_.write(QStringLiteral("cancelled"), spark);
    const std::atomic<bool> cancel{true};
    const auto cancelled = read_factors(path, {}, {{}, &cancel});
    QVERIFY(!cancelled);
    QCOMPARE(cancelled.error().kind, ErrorKind::Cancelled);
    Matrix matrix(3, 2);
    const std::string npy = files_.path() + "/cancelled.npy";
    QVERIFY(write_npy(npy, matrix.view()));
    QCOMPARE(read_factors(npy, {}, {{}, &cancel}).error().kind, ErrorKind::Cancelled);
  }

  void manyRowsComeBackBitForBit() {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    Matrix matrix(3000, 7);
    QByteArray text;
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      text += "{\"id\":" + QByteArray::number(static_cast<int>(3 * r)) + ",\"features\":[";
      for (std::size_t c = 0; c < matrix.cols(); ++c) {
        matrix(r, c) = normal(random);
        text += (c > 0 ? "," : "") + QByteArray::number(matrix(r, c), 'g', 9);
      }
      text += "]}\n";
    }
    const auto table = read(QStringLiteral("many.json"), text);
    QVERIFY2(table, table ? "" : table.error().message().c_str());
    QVERIFY(test::same_bits(table->factors->tables[1].view(), matrix.view()));
    QCOMPARE(id_of(*table->factors, Table::Movies, 2999), std::string("8997"));
  }

  void ratingsAreNotFactors_data() {
    QTest::addColumn<QByteArray>("head");
    QTest::newRow("triples") << QByteArray("1 2 3\n4 5 6\n");
    QTest::newRow("counts, then triples") << QByteArray("943 1682\n1 1 5\n1 2 3\n");
    QTest::newRow("csv") << QByteArray("userId,movieId,rating,timestamp\n1,2,3.5,4\n");
    QTest::newRow("netflix") << QByteArray("1:\n1488844,3,2005-09-06\n");
    QTest::newRow("json of ratings") << QByteArray("{\"user\":1,\"item\":2,\"rating\":3}\n");
    QTest::newRow("two numbers") << QByteArray("3 4\n");
    QTest::newRow("pairs") << QByteArray("3 4\n5 6\n7 8\n");
    QTest::newRow("nothing") << QByteArray();
  }
  void ratingsAreNotFactors() {
    QFETCH(QByteArray, head);
    QVERIFY(!factor_format_of(std::string_view(head.constData(), static_cast<std::size_t>(head.size()))));
  }

  void aLongFirstRowIsKnownByItsBeginning() {
    std::string head = "9 20000\nword";
    while (head.size() < factor_head_bytes) head += " 0.125";
    QCOMPARE(factor_format_of(head).value_or(""), std::string("word2vec"));
  }

  void theRatingReaderSaysWhatItIs() {
    const QByteArray header =
        R"({"movie_factors.weight":{"dtype":"F32","shape":[1000000,1],"data_offsets":[0,4000000]}})";
    for (const QByteArray& bytes : {spark, libmf, words, tensors(header, QByteArray(4'000'000, '\0'))}) {
      const auto refused = read_ratings(files_.write(QStringLiteral("asked-for-ratings"), bytes));
      QVERIFY(!refused);
      QCOMPARE(refused.error().kind, ErrorKind::BadInput);
      const QString message = QString::fromStdString(refused.error().message());
      QVERIFY2(message.contains(QStringLiteral("factors")), qPrintable(message));
    }
  }
};

QTEST_GUILESS_MAIN(TestFactors)
#include "test_factors.moc"
