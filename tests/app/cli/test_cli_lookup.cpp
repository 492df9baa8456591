#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "core/io/npy.h"
#include "tests/support/cli.h"
#include "tests/support/python.h"

using namespace rowlight;
using namespace rowlight::test;

namespace {

QStringList split(const QString& text) { return text.split(QLatin1Char(' ')); }

/// A number of a nested array; a string counts as what it names.
double at(const QJsonValue& array, int row, int column) {
  const QJsonValue value = array.toArray()[row].toArray()[column];
  if (value == QLatin1String("NaN")) return std::numeric_limits<double>::quiet_NaN();
  if (value == QLatin1String("Infinity")) return std::numeric_limits<double>::infinity();
  return value.toDouble();
}

}  // namespace

// rowlight-cli lookup and pytorch as a script sees them: keys, numbers, files, sentences, exit codes.
class TestCliLookup : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QVERIFY(dir_.isValid());
    // (6, 3): 1, 2, ... 18 tenths
    save("w.npy", 6, 3, [](std::size_t r, std::size_t c) { return static_cast<float>(3 * r + c + 1) / 10; });
    save("ones.npy", 6, 3, [](std::size_t, std::size_t) { return 1.0F; });
    save("nan.npy", 6, 3, [](std::size_t r, std::size_t c) { return r == 3 && c == 1 ? std::nanf("") : 1.0F; });
    save("four.npy", 4, 3, [](std::size_t r, std::size_t c) { return static_cast<float>(r * 10 + c); });
    save("bias.npy", 3, 1, [](std::size_t r, std::size_t) { return static_cast<float>(r + 1); });
    save("row_bias.npy", 6, 1, [](std::size_t r, std::size_t) { return static_cast<float>(r); });
    save("weights.npy", 1, 4, [](std::size_t, std::size_t c) { return static_cast<float>(c + 1); });
    const std::vector<std::int64_t> indices = {2, 5, 2, 0};
    const std::vector<std::int64_t> far = {2, 60};
    QVERIFY(write_npy(path("i.npy").toStdString(), std::span(indices)));
    QVERIFY(write_npy(path("far.npy").toStdString(), std::span(far)));
    std::vector<std::int64_t> batch;
    for (int i = 0; i < 64; ++i) batch.push_back(i * 7);
    QVERIFY(write_npy(path("batch.npy").toStdString(), std::span(batch)));
    QFile table(path("pairs.npy"));  // int64 (2, 2): 2 5 / 2 0
    QVERIFY(table.open(QIODevice::WriteOnly));
    QByteArray header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2), }";
    header.append(QByteArray(117 - header.size(), ' ')).append('\n');
    table.write(QByteArray("\x93NUMPY\x01\x00\x76\x00", 10) + header);
    for (const char* index : {"02", "05", "02", "00"}) table.write(QByteArray::fromHex(index) + QByteArray(7, '\0'));
    table.close();
    QFile text(path("text.npy"));
    QVERIFY(text.open(QIODevice::WriteOnly));
    text.write("1 2 3\n");
  }

  void jsonHasItsKeys() {
    const QJsonObject pass = lookup("--padding-idx 0");
    QCOMPARE(
        keys_of(pass),
        words("shapes output onehot_output equal_bits max_abs_diff verdict grad grad_indices grad_values grad_bias "
              "grad_per_sample_weights weight_after weight_after_step steps"));
    QCOMPARE(keys_of(pass["shapes"].toObject()), words("weight indices one_hot output grad grad_values"));
    const QJsonArray steps = pass["steps"].toArray();
    QCOMPARE(steps.size(), 18);
    for (int i = 0; i < 18; ++i) {
      const QJsonObject step = steps[i].toObject();
      QSet<QString> keys = words("number name sentence rows_touched lookup one_hot");
      if (i == 11) keys += "coalesce";
      QCOMPARE(keys_of(step), keys);
      QCOMPARE(step["number"].toInt(), i + 1);
      QVERIFY(!step["name"].toString().isEmpty());
      QVERIFY(step["sentence"].toString().endsWith('.'));
    }
    QCOMPARE(keys_of(steps[3].toObject()["lookup"].toObject()),
             words("multiplies multiplies_by_zero adds bytes_read bytes_written bytes_allocated seconds"));
    QVERIFY(steps[3].toObject()["one_hot"].isNull());
    for (const char* absent : {"grad_indices", "grad_values", "grad_bias", "grad_per_sample_weights"}) {
      QVERIFY2(pass[QLatin1String(absent)].isNull(), absent);
    }
  }

  // LAYERS: indices 2, 5, 2, 0 with padding row 0 and ones as gradient.
  void theToyHasTheNumbersOfPyTorch() {
    const QJsonObject pass = lookup("--padding-idx 0 --lr 0.5");
    const int rows[] = {2, 5, 2, 0};
    for (int b = 0; b < 4; ++b) {
      for (int k = 0; k < 3; ++k) {
        const auto expected = static_cast<float>(3 * rows[b] + k + 1) / 10;
        QCOMPARE(static_cast<float>(at(pass["output"], b, k)), expected);
        QCOMPARE(static_cast<float>(at(pass["onehot_output"], b, k)), expected);
      }
    }
    QCOMPARE(pass["equal_bits"], QJsonValue(true));
    QCOMPARE(pass["max_abs_diff"].toDouble(-1), 0.0);
    const double gradient[] = {0, 0, 2, 0, 0, 1};
    for (int r = 0; r < 6; ++r) {
      QCOMPARE(at(pass["grad"], r, 0), gradient[r]);
      const float before = static_cast<float>(3 * r + 1) / 10;
      QCOMPARE(static_cast<float>(at(pass["weight_after"], r, 0)), before);
      QCOMPARE(static_cast<float>(at(pass["weight_after_step"], r, 0)),
               before - 0.5F * static_cast<float>(gradient[r]));
    }
    QCOMPARE(pass["shapes"].toObject()["one_hot"].toArray(), QJsonArray({4, 6}));
  }

  // The second column of LAYERS' numbers: N = 1682, D = 50, B = 64.
  void costsAreThoseOfTheContract() {
    const QString folder = path("large");
    const QJsonObject pass = json(
        {"lookup", "--json", "--rows", "1682", "--dim", "50", "--indices-file", path("batch.npy"), "--save", folder});
    const auto cost = [&](int step, const char* side, const char* key) {
      return pass["steps"].toArray()[step - 1].toObject()[QLatin1String(side)].toObject()[QLatin1String(key)].toInt(-1);
    };
    QCOMPARE(cost(2, "one_hot", "bytes_allocated"), 430'592);
    QCOMPARE(cost(2, "lookup", "bytes_allocated"), 512);
    QCOMPARE(cost(3, "one_hot", "multiplies"), 5'382'400);
    QCOMPARE(cost(3, "one_hot", "multiplies_by_zero"), 5'379'200);
    QCOMPARE(cost(3, "one_hot", "bytes_read"), 336'400);
    QCOMPARE(cost(4, "lookup", "multiplies"), 0);
    QCOMPARE(cost(4, "lookup", "bytes_read"), 12'800);
    QCOMPARE(cost(10, "one_hot", "multiplies"), 5'382'400);
    QCOMPARE(cost(11, "lookup", "adds"), 3'200);
    QCOMPARE(cost(12, "lookup", "bytes_allocated"), 13'312);
    // 3,200 numbers are shown, 84,100 are not, but they are in the file.
    QCOMPARE(pass["output"].toArray().size(), 64);
    QVERIFY(pass["grad"].isNull());
    QVERIFY(pass["weight_after"].isNull());
    QCOMPARE(read(folder + "/grad.npy").rows(), std::size_t{1682});
    QCOMPARE(read(folder + "/weight_after_step.npy").cols(), std::size_t{50});
  }

  void everyArrayIsSaved() {
    const QString folder = path("made/here");
    const QJsonObject pass =
        lookup("--max-norm 1 --bias " + path("bias.npy") + " --grad " + path("four.npy") + " --save " + folder);
    QCOMPARE(QDir(folder).entryList(QDir::Files),
             QStringList({"grad.npy", "grad_bias.npy", "onehot_output.npy", "output.npy", "weight_after.npy",
                          "weight_after_step.npy"}));
    for (const char* name : {"output", "onehot_output", "grad", "weight_after", "weight_after_step"}) {
      const Matrix saved = read(folder + '/' + name + ".npy");
      QVERIFY(!saved.empty());
      for (std::size_t r = 0; r < saved.rows(); ++r) {
        for (std::size_t c = 0; c < saved.cols(); ++c) {
          const double shown = at(pass[QLatin1String(name)], static_cast<int>(r), static_cast<int>(c));
          QCOMPARE(static_cast<float>(shown), saved(r, c));
        }
      }
    }
    // The column sums of G, and rows that max_norm shrank to a norm of 1.
    QCOMPARE(pass["grad_bias"].toArray(), QJsonArray({60.0, 64.0, 68.0}));
    QCOMPARE(read(folder + "/grad_bias.npy")(2, 0), 68.0F);
    const double shrunk =
        std::hypot(at(pass["weight_after"], 5, 0), at(pass["weight_after"], 5, 1), at(pass["weight_after"], 5, 2));
    QVERIFY(std::abs(shrunk - 1) < 1e-6);
    QCOMPARE(static_cast<float>(at(pass["weight_after"], 4, 0)), 1.3F);  // not looked up
  }

  void sparseGradientsKeepDuplicates() {
    const QString folder = path("sparse");
    const QJsonObject pass = lookup("--sparse --padding-idx -6 --save " + folder);
    QVERIFY(pass["grad"].isNull());
    QCOMPARE(pass["grad_indices"].toArray(), QJsonArray({2, 5, 2}));
    QCOMPARE(pass["grad_values"].toArray().size(), 3);
    QCOMPARE(*read_npy_integers((folder + "/grad_indices.npy").toStdString()), (std::vector<std::int64_t>{2, 5, 2}));
    QCOMPARE(read(folder + "/grad_values.npy").rows(), std::size_t{3});
    QVERIFY(!QFile::exists(folder + "/grad.npy"));
  }

  void frequencyDividesByTheCount() {
    const QJsonObject pass = lookup("--scale-grad-by-freq");
    for (const int row : {0, 2, 5}) QCOMPARE(at(pass["grad"], row, 1), 1.0);
  }

  void frozenTablesHaveNoGradient() {
    const QJsonObject pass = lookup("--freeze --optimizer adamw");
    QVERIFY(pass["grad"].isNull());
    QCOMPARE(pass["weight_after_step"], pass["weight_after"]);
  }

  void poisonIsShownAsText() {
    const QJsonObject pass =
        json({"lookup", "--json", "--weight", path("nan.npy"), "--indices", "2", "--max-norm", "inf"});
    QCOMPARE(pass["output"].toArray()[0].toArray(), QJsonArray({1.0, 1.0, 1.0}));
    QCOMPARE(pass["onehot_output"].toArray()[0].toArray(), QJsonArray({1.0, "NaN", 1.0}));
    QCOMPARE(pass["equal_bits"], QJsonValue(false));
    QVERIFY(pass["verdict"].toString().contains("row 3 holds NaN"));
  }

  void bagsAreReduced() {
    const QJsonObject mean = lookup("--bag mean --offsets 0,2,2");
    QCOMPARE(mean["shapes"].toObject()["output"].toArray(), QJsonArray({3, 3}));
    QVERIFY(std::abs(at(mean["output"], 0, 0) - 1.15) < 1e-6);  // of 0.7 and 1.6
    QCOMPARE(at(mean["output"], 1, 0), 0.0);                    // an empty bag
    QVERIFY(std::abs(at(mean["onehot_output"], 2, 0) - 0.4) < 1e-6);
    const QJsonObject ends = lookup("--bag sum --offsets 0,2,4 --include-last-offset");
    QCOMPARE(ends["output"].toArray().size(), 2);
    const QJsonObject max = lookup("--bag max --offsets 0,2");
    QVERIFY(max["onehot_output"].isNull());
    QVERIFY(max["equal_bits"].isNull());
    QVERIFY(max["max_abs_diff"].isNull());
    QCOMPARE(static_cast<float>(at(max["output"], 0, 0)), 1.6F);
    QCOMPARE(lookup("--bag sum")["output"].toArray().size(), 1);
  }

  void rowsOfAnIndexTableAreBags() {
    const QStringList common = {"lookup", "--json", "--weight", path("w.npy")};
    const QJsonObject rows = json(common + QStringList{"--indices-file", path("pairs.npy"), "--bag", "sum"});
    const QJsonObject offsets = lookup("--bag sum --offsets 0,2");
    QCOMPARE(rows["output"], offsets["output"]);
    QCOMPARE(json(common + QStringList{"--indices-file", path("pairs.npy")})["output"].toArray().size(), 4);
  }

  void sampleWeightsHaveAGradient() {
    const QString folder = path("weighted");
    const QJsonObject pass =
        lookup("--bag sum --offsets 0,2 --per-sample-weights " + path("weights.npy") + " --save " + folder);
    QVERIFY(std::abs(at(pass["output"], 0, 0) - (0.7 + 2 * 1.6)) < 1e-6);
    QCOMPARE(pass["grad_per_sample_weights"].toArray().size(), 4);
    QVERIFY(std::abs(pass["grad_per_sample_weights"].toArray()[0].toDouble() - 2.4) < 1e-6);  // 0.7 + 0.8 + 0.9
    QCOMPARE(read(folder + "/grad_per_sample_weights.npy").rows(), std::size_t{4});
  }

  void biasPerRowIsCounted() {
    const QJsonObject pass = lookup("--bias-kind per-row --bias " + path("row_bias.npy"));
    QCOMPARE(pass["grad_bias"].toArray(), QJsonArray({1.0, 0.0, 2.0, 0.0, 0.0, 1.0}));
  }

  void aDrawnTableFollowsItsSeed() {
    const auto output = [](const char* seed) {
      const Outcome outcome = run({"lookup", "--json", "--rows", "9", "--dim", "2", "--indices", "8", "--seed", seed});
      return QJsonDocument::fromJson(outcome.out.toUtf8()).object()["output"].toArray();
    };
    QCOMPARE(output("1").size(), 1);
    QCOMPARE(output("1"), output("1"));
    QVERIFY(output("1") != output("2"));
  }

  void aPersonReadsATable() {
    const Outcome outcome = run({"lookup"});
    QCOMPARE(outcome.exit_code, 0);
    QCOMPARE(outcome.err, QString());
    QVERIFY(outcome.out.contains("A table of 6 x 3, 4 indices, an output of 4 x 3."));
    QVERIFY(outcome.out.contains("multiplies"));
    for (int step = 1; step <= 18; ++step) {
      QCOMPARE(outcome.out.count(QString("\n%1  ").arg(step, 2)), 2);  // its costs, its sentence
    }
  }

  void wrongInputIsSaid_data() {
    QTest::addColumn<QString>("arguments");
    QTest::addColumn<int>("exit_code");
    QTest::addColumn<QString>("message");
    const auto row = [](const char* name, int exit_code, const QString& arguments, const QString& message) {
      QTest::newRow(name) << arguments << exit_code << message;
    };
    const QString w = "lookup --weight " + path("w.npy");
    const QString batch = w + " --indices 2,5,2,0";
    row("no indices", 2, w, "there is no --indices; say which rows to look up, such as --indices 2,5,2,0");
    row("no numbers", 2, w + " --indices 2,x",
        "--indices is '2,x'; whole numbers with commas between them are expected");
    row("indices twice", 2, batch + " --indices-file " + path("i.npy"), "--indices excludes --indices-file");
    row("rows alone", 2, "lookup --rows 6 --indices 1", "--rows requires --dim");
    row("rows and weight", 2, batch + " --rows 6 --dim 3", "--weight excludes --rows");
    row("no rows", 2, "lookup --rows 0 --dim 3 --indices 1", "--rows is 0; it must be from 1 to 2147483647");
    row("no columns", 2, "lookup --rows 3 --dim -1 --indices 1", "--dim is -1; it must be from 1 to 65536");
    row("index too large", 3, w + " --indices 2,6",
        "index 6 at position 1 is outside the table; a table of 6 rows has the indices 0 to 5");
    row("negative index", 3, w + " --indices -1",
        "index -1 at position 0 is outside the table; a table of 6 rows has the indices 0 to 5");
    row("index of a file", 3, w + " --indices-file " + path("far.npy"),
        path("far.npy") + ": index 60 at position 1 is outside the table; a table of 6 rows has the indices 0 to 5");
    row("no integers", 3, w + " --indices-file " + path("w.npy"),
        path("w.npy") + ": the array holds values of type '<f4'; convert it to little-endian int64");
    row("no such file", 4, "lookup --indices 1 --weight " + path("nowhere.npy"), path("nowhere.npy"));
    row("no table", 3, "lookup --indices 1 --weight " + path("text.npy"),
        path("text.npy") + ": this is not a .npy file");
    row("padding", 2, batch + " --padding-idx 6",
        "padding_idx 6 is outside the table of 6 rows; it must be from -6 to 5");
    row("padding of a drawn table", 2, "lookup --rows 4 --dim 2 --indices 1 --padding-idx -5",
        "padding_idx -5 is outside the table of 4 rows; it must be from -4 to 3");
    row("norm", 2, batch + " --max-norm 1 --norm-type 0", "norm_type is 0");
    row("frequency and sparse", 2, batch + " --scale-grad-by-freq --sparse",
        "scale_grad_by_freq cannot be used with sparse");
    row("sparse max", 2, batch + " --bag max --sparse", "sparse cannot be used with bags of mode max");
    row("frequency max", 2, batch + " --bag max --scale-grad-by-freq",
        "scale_grad_by_freq cannot be used with bags of mode max");
    row("weighted mean", 2, batch + " --bag mean --per-sample-weights " + path("weights.npy"),
        "per-sample weights cannot be used with bags of mode mean; only sum takes weights");
    row("too few weights", 3, batch + ",1 --bag sum --per-sample-weights " + path("weights.npy"),
        path("weights.npy") + ": there are 4 per-sample weights for 5 indices; give one weight for each index");
    row("weights are a table", 3, batch + " --bag sum --per-sample-weights " + path("w.npy"),
        path("w.npy") + ": the array is 6 x 3; a vector is expected");
    row("unknown bag", 2, batch + " --bag median", "--bag: 'median' is not known; it must be sum, mean or max");
    row("offsets alone", 2, batch + " --offsets 0,2", "--offsets requires --bag");
    row("last offset alone", 2, batch + " --bag sum --include-last-offset", "--include-last-offset requires --offsets");
    row("offsets and a table", 2, w + " --indices-file " + path("pairs.npy") + " --bag sum --offsets 0,2",
        "--offsets cannot be used with indices of two dimensions; each row of the array is a bag");
    row("first offset", 3, batch + " --bag sum --offsets 1,2", "offset 1 at position 0 is not 0");
    row("descending offsets", 3, batch + " --bag sum --offsets 0,3,2",
        "offset 2 at position 2 is below the one before it, 3; offsets must ascend");
    row("offset beyond", 3, batch + " --bag sum --offsets 0,5", "offset 5 at position 1 is beyond the 4 indices");
    row("gradient", 3, batch + " --grad " + path("w.npy"),
        path("w.npy") + ": the gradient is 6 x 3; it must have the output's shape, 4 x 3");
    row("bias", 3, batch + " --bias " + path("weights.npy"),
        path("weights.npy") + ": the bias has 4 numbers; a shared bias has one for each of the 3 columns");
    row("bias per row", 3, batch + " --bias-kind per-row --bias " + path("bias.npy"),
        path("bias.npy") + ": the bias has 3 numbers; a bias per row has one for each of the 6 rows");
    row("kind without bias", 2, batch + " --bias-kind linear", "--bias-kind requires --bias");
    row("adam and sparse", 2, batch + " --sparse --optimizer adam", "adam cannot be used with sparse gradients");
    row("sparse-adam and dense", 2, batch + " --optimizer sparse-adam",
        "sparse-adam cannot be used with dense gradients");
    row("decay and sparse", 2, batch + " --sparse --weight-decay 0.1",
        "weight decay cannot be used with sparse gradients");
    row("learning rate", 2, batch + " --lr -1", "the learning rate is -1; it must be above 0");
    row("betas", 2, batch + " --betas 1", "--betas is '1'; two numbers with a colon between them are expected");
    row("a file as folder", 4, batch + " --save " + path("w.npy"), "the folder " + path("w.npy") + " cannot be made");
    row("no session", 4, "pytorch " + path("nowhere.safetensors"), path("nowhere.safetensors"));
    row("session is a table", 3, "pytorch " + path("w.npy"), path("w.npy") + ": the header");
    row("session and options", 2, "pytorch run.safetensors --indices 1",
        "--indices is of a pass of its own; leave it out: run.safetensors brings its tables along");
    row("program of a wrong pass", 3, "pytorch --indices 9 --weight " + path("w.npy"), "index 9 at position 0");
  }
  void wrongInputIsSaid() {
    QFETCH(QString, arguments);
    QFETCH(int, exit_code);
    QFETCH(QString, message);
    const Outcome outcome = run(split(arguments));
    QVERIFY2(outcome.err.contains(message), qPrintable(outcome.err));
    QCOMPARE(outcome.exit_code, exit_code);
    QCOMPARE(outcome.out, QString());
  }

  void programsGetTheSameNumbers() {
    QCOMPARE(run({"sample", path("sample")}).exit_code, 0);
    const QString ratings = path("sample/ratings.csv");
    const QList<QStringList> runs = {{"--model", "dot"},
                                     {"--model", "dot", "--y-range", "0.5:5.5"},
                                     {"--model", "dot-bias"},
                                     {"--model", "dot-bias", "--optimizer", "sgd", "--lr", "0.05"},
                                     {"--model", "dot-onehot", "--factors", "4"}};
    QStringList files;
    const auto write = [&](const QStringList& arguments) {
      const Outcome outcome = run(QStringList{"pytorch"} + arguments);
      QCOMPARE(outcome.exit_code, 0);
      QCOMPARE(outcome.err, QString());
      files.push_back(path(QString("program%1.py").arg(files.size())));
      QFile file(files.back());
      QVERIFY(file.open(QIODevice::WriteOnly));
      file.write(outcome.out.toUtf8());
    };
    for (const QStringList& options : runs) {
      const QString saved = path(QString("run%1.safetensors").arg(files.size()));
      QCOMPARE(run(QStringList{"train", ratings, "--epochs", "1", "--save", saved} + options).exit_code, 0);
      write({saved});
    }
    write({});
    write({"--rows", "500", "--dim", "20", "--indices", "3,499,3", "--optimizer", "adam"});
    write({"--weight", path("large/weight_after.npy"), "--indices-file", path("batch.npy"), "--sparse"});
    test::TorchPrograms torch;
    if (!torch.run(files)) QSKIP(qPrintable(torch.reason()));
    for (const QString& file : files) {
      const QString outcome = torch.outcome(file);
      QVERIFY2(outcome.startsWith("ok ") && outcome.contains("of Rowlight"), qPrintable(file + ": " + outcome));
    }
    QVERIFY(torch.outcome(files[2]).contains("user "));
  }

  void helpReadsWell() {
    for (const char* command : {"lookup", "pytorch"}) {
      const Outcome outcome = run({command, "--help"});
      QCOMPARE(outcome.exit_code, 0);
      QVERIFY(outcome.out.contains(QString("Usage: rowlight-cli ") + command));
      QVERIFY(outcome.out.contains("4096 numbers"));
      for (const char* ugly : {"->", "{", "ENUM", "FAILED"}) QVERIFY2(!outcome.out.contains(ugly), ugly);
    }
  }

 private:
  [[nodiscard]] QString path(const QString& name) const { return dir_.filePath(name); }

  template <class Value>
  void save(const char* name, std::size_t rows, std::size_t cols, Value value) {
    Matrix matrix(rows, cols);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cols; ++c) matrix(r, c) = value(r, c);
    }
    QVERIFY(write_npy(path(name).toStdString(), matrix.view()));
  }
  static Matrix read(const QString& path) {
    auto matrix = read_npy(path.toStdString());
    return matrix ? std::move(*matrix) : Matrix();
  }

  static QJsonObject json(const QStringList& arguments) {
    const Outcome outcome = run(arguments);
    if (outcome.exit_code != 0 || !outcome.err.isEmpty() || outcome.out.count('\n') != 1) {
      qWarning("%s", qPrintable(outcome.err));
      return {};
    }
    return QJsonDocument::fromJson(outcome.out.toUtf8()).object();
  }
  /// The table w.npy and the indices 2, 5, 2, 0.
  [[nodiscard]] QJsonObject lookup(const QString& options) const {
    return json(QStringList{"lookup", "--json", "--weight", path("w.npy"), "--indices", "2,5,2,0"} + split(options));
  }

  QTemporaryDir dir_;
};

QTEST_GUILESS_MAIN(TestCliLookup)
#include "test_cli_lookup.moc"
