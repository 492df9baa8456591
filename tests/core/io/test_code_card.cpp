#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <limits>

#include "core/io/code_card.h"
#include "core/io/npy.h"
#include "tests/support/python.h"
#include "tests/support/written_file.h"

using namespace rowlight;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  return make_embedding_weight(rows, cols, {}, Random(seed));
}

std::vector<float> random_vector(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(size);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

/// 7 x 5, some indices twice, a gradient that is not all ones.
LookupInput plain() {
  LookupInput input;
  input.weight = random_matrix(7, 5, 1);
  input.setup.indices = {2, 5, 2, 0, 6, 5, 2};
  input.setup.options = {};
  input.grad_output = random_matrix(7, 5, 2);
  return input;
}

LookupInput bag(BagMode mode) {
  LookupInput input = plain();
  input.setup.bag.emplace();
  input.setup.bag->mode = mode;
  input.setup.bag->offsets = {0, 3, 3, 5};  // the second is empty
  input.grad_output = random_matrix(4, 5, 3);
  return input;
}

LookupInput weighted_bag() {
  LookupInput input = bag(BagMode::Sum);
  input.setup.bag->per_sample_weights = random_vector(7, 4);
  return input;
}

LookupInput with(LookupInput input, const std::function<void(LookupInput&)>& change) {
  change(input);
  return input;
}

LookupInput optimized(OptimizerKind kind, double weight_decay, bool sparse, double momentum = 0) {
  LookupInput input = plain();
  input.setup.optimizer = default_optimizer(kind);
  input.setup.optimizer.learning_rate = 0.1;
  input.setup.optimizer.weight_decay = weight_decay;
  input.setup.optimizer.momentum = momentum;
  input.setup.options.sparse = sparse;
  return input;
}

LookupInput large() {
  LookupInput input;
  input.weight = random_matrix(300, 40, 5);
  input.setup.indices = {299, 7, 7, 120};
  input.setup.options = {};
  input.setup.optimizer = default_optimizer(OptimizerKind::AdamW);
  return input;
}

struct Case {
  const char* name;
  LookupInput input;
  /// Makes the results wrong, which the program must find; none: they are right.
  std::function<void(LookupResults&)> spoil;
  const char* assertion = "";
};

void add_options(std::vector<Case>& cases) {
  cases.push_back({"plain", plain(), {}});
  cases.push_back({"ones as gradient", with(plain(), [](auto& i) { i.grad_output.reset(); }), {}});
  cases.push_back({"no index",
                   with(plain(),
                        [](auto& i) {
                          i.setup.indices.clear();
                          i.grad_output.reset();
                        }),
                   {}});
  cases.push_back({"one by one",
                   with(plain(),
                        [](auto& i) {
                          i.weight = random_matrix(1, 1, 3);
                          i.setup.indices = {0};
                          i.grad_output.reset();
                        }),
                   {}});
  cases.push_back({"padding", with(plain(), [](auto& i) { i.setup.options.padding_idx = 2; }), {}});
  cases.push_back({"padding from the end", with(plain(), [](auto& i) { i.setup.options.padding_idx = -1; }), {}});
  for (const double norm : {1.0, 2.0, double{infinite}, 3.0}) {
    cases.push_back({norm == 1.0   ? "max_norm 1"
                     : norm == 2.0 ? "max_norm 2"
                     : norm == 3.0 ? "max_norm 3"
                                   : "max_norm inf",
                     with(plain(),
                          [norm](auto& i) {
                            i.setup.options.max_norm = 0.8;
                            i.setup.options.norm_type = norm;
                          }),
                     {}});
  }
  cases.push_back({"by frequency", with(plain(), [](auto& i) { i.setup.options.scale_grad_by_freq = true; }), {}});
  cases.push_back({"by frequency, padding",
                   with(plain(),
                        [](auto& i) {
                          i.setup.options.scale_grad_by_freq = true;
                          i.setup.options.padding_idx = 5;
                        }),
                   {}});
  cases.push_back({"sparse", with(plain(), [](auto& i) { i.setup.options.sparse = true; }), {}});
  cases.push_back({"sparse, padding, max_norm",
                   with(plain(),
                        [](auto& i) {
                          i.setup.options.sparse = true;
                          i.setup.options.padding_idx = -5;
                          i.setup.options.max_norm = 1.5;
                        }),
                   {}});
  cases.push_back({"sparse, padding only",
                   with(plain(),
                        [](auto& i) {
                          i.setup.options.sparse = true;
                          i.setup.options.padding_idx = 2;
                          i.setup.indices = {2, 2};
                          i.grad_output.reset();
                        }),
                   {}});
  cases.push_back({"frozen", with(plain(), [](auto& i) { i.setup.options.freeze = true; }), {}});
}

void add_bags(std::vector<Case>& cases) {
  cases.push_back({"sum", bag(BagMode::Sum), {}});
  cases.push_back({"mean", bag(BagMode::Mean), {}});
  cases.push_back({"max", bag(BagMode::Max), {}});
  cases.push_back({"weighted", weighted_bag(), {}});
  cases.push_back({"weighted, padding", with(weighted_bag(), [](auto& i) { i.setup.options.padding_idx = 2; }), {}});
  cases.push_back({"weighted, sparse", with(weighted_bag(), [](auto& i) { i.setup.options.sparse = true; }), {}});
  cases.push_back({"weighted, frozen", with(weighted_bag(), [](auto& i) { i.setup.options.freeze = true; }), {}});
  cases.push_back({"weighted, frequency, padding",
                   with(weighted_bag(),
                        [](auto& i) {
                          i.setup.options.scale_grad_by_freq = true;
                          i.setup.options.padding_idx = 5;
                          i.weight(5, 1) = infinite;
                        }),
                   {}});
  for (const BagMode mode : {BagMode::Sum, BagMode::Mean}) {
    const char* name = mode == BagMode::Sum ? "sum that ends early" : "mean that ends early";
    cases.push_back({name,
                     with(mode == BagMode::Sum ? weighted_bag() : bag(mode),
                          [](auto& i) {
                            i.setup.bag->offsets = {0, 2, 3, 3, 4};
                            i.setup.bag->include_last_offset = true;
                            i.setup.options.max_norm = 1;
                            i.setup.options.padding_idx = 0;
                            i.setup.bias = BiasKind::PerRow;
                            i.bias = random_vector(7, 6);
                          }),
                     {}});
  }
  cases.push_back({"frequency, ends early",
                   with(bag(BagMode::Mean),
                        [](auto& i) {
                          i.setup.bag->offsets = {0, 2, 3, 3, 4};
                          i.setup.bag->include_last_offset = true;
                          i.setup.options.scale_grad_by_freq = true;
                        }),
                   {}});
  cases.push_back({"one bag",
                   with(bag(BagMode::Mean),
                        [](auto& i) {
                          i.setup.bag->offsets = {0};
                          i.grad_output.reset();
                        }),
                   {}});
  cases.push_back({"only empty bags",
                   with(bag(BagMode::Sum),
                        [](auto& i) {
                          i.setup.indices.clear();
                          i.setup.bag->offsets = {0, 0};
                          i.grad_output.reset();
                        }),
                   {}});
  for (const BagMode mode : {BagMode::Sum, BagMode::Mean, BagMode::Max}) {
    const bool max = mode == BagMode::Max;
    const auto name = [mode](const char* sum, const char* mean, const char* of_max) {
      return mode == BagMode::Sum ? sum : mode == BagMode::Mean ? mean : of_max;
    };
    cases.push_back({name("sum, last offset", "mean, last offset", "max, last offset"),
                     with(bag(mode),
                          [](auto& i) {
                            i.setup.bag->offsets.push_back(7);
                            i.setup.bag->include_last_offset = true;
                          }),
                     {}});
    cases.push_back({name("sum, padding, max_norm", "mean, padding, max_norm", "max, padding, max_norm"),
                     with(bag(mode),
                          [](auto& i) {
                            i.setup.options.padding_idx = 2;  // the first bag keeps one, of three
                            i.setup.options.max_norm = 1.0;
                          }),
                     {}});
    if (max) continue;
    cases.push_back({name("sum, sparse", "mean, sparse", ""),
                     with(bag(mode),
                          [](auto& i) {
                            i.setup.options.sparse = true;
                            i.setup.options.padding_idx = 0;
                          }),
                     {}});
    cases.push_back({name("sum, frequency", "mean, frequency", ""),
                     with(bag(mode), [](auto& i) { i.setup.options.scale_grad_by_freq = true; }),
                     {}});
  }
}

void add_biases(std::vector<Case>& cases) {
  for (const BiasKind kind : {BiasKind::Shared, BiasKind::Linear, BiasKind::PerRow}) {
    const auto biased = [kind](auto& i) {
      i.setup.bias = kind;
      i.bias = random_vector(kind == BiasKind::PerRow ? 7 : 5, 6);
    };
    const auto name = [kind](const char* shared, const char* linear, const char* per_row) {
      return kind == BiasKind::Shared ? shared : kind == BiasKind::Linear ? linear : per_row;
    };
    cases.push_back({name("shared bias", "linear bias", "bias per row"), with(plain(), biased), {}});
    cases.push_back(
        {name("shared bias, frozen, padding", "linear bias, frozen, padding", "bias per row, frozen, padding"),
         with(with(plain(), biased),
              [](auto& i) {
                i.setup.options.freeze = true;
                i.setup.options.padding_idx = 2;
              }),
         {}});
    cases.push_back(
        {name("shared bias, mean", "linear bias, mean", "bias per row, mean"), with(bag(BagMode::Mean), biased), {}});
    cases.push_back(
        {name("shared bias, max", "linear bias, max", "bias per row, max"), with(bag(BagMode::Max), biased), {}});
  }
}

void add_odd_numbers(std::vector<Case>& cases) {
  const auto poison = [](auto& i) {
    i.weight(3, 1) = not_a_number;  // of a row that is not looked up
    i.weight(2, 0) = infinite;      // of one that is
    i.weight(0, 4) = -infinite;
    i.weight(5, 2) = -0.0F;
    i.weight(6, 3) = std::numeric_limits<float>::denorm_min();
    i.weight(6, 2) = std::numeric_limits<float>::max();
  };
  cases.push_back({"NaN, Inf, -0.0", with(plain(), poison), {}});
  cases.push_back({"NaN, Inf, -0.0, shared bias",
                   with(with(plain(), poison),
                        [](auto& i) {
                          i.setup.bias = BiasKind::Linear;
                          i.bias = random_vector(5, 6);
                        }),
                   {}});
  cases.push_back({"NaN, Inf, -0.0, sum", with(bag(BagMode::Sum), poison), {}});
  cases.push_back({"NaN, Inf, -0.0, mean", with(bag(BagMode::Mean), poison), {}});
  cases.push_back({"NaN, Inf, -0.0, max", with(bag(BagMode::Max), poison), {}});
  cases.push_back({"NaN, Inf, -0.0, max_norm",
                   with(with(plain(), poison),
                        [](auto& i) {
                          i.weight(6, 2) = 1;
                          i.setup.options.max_norm = 1;
                        }),
                   {}});
  cases.push_back({"NaN and Inf in the gradient",
                   with(plain(),
                        [](auto& i) {
                          (*i.grad_output)(1, 1) = not_a_number;
                          (*i.grad_output)(3, 2) = -infinite;
                        }),
                   {}});
  cases.push_back({"a NaN of its own bits",
                   with(plain(),
                        [](auto& i) {
                          i.weight(5, 0) = std::bit_cast<float>(0xffc12345U);
                          i.weight(2, 1) = std::bit_cast<float>(0x7f812345U);
                        }),
                   {}});
  cases.push_back({"denormals, mean",
                   with(bag(BagMode::Mean),
                        [](auto& i) {
                          for (float& x : i.weight.view().flat()) x *= 1e-44F;
                        }),
                   {}});
}

void add_optimizers(std::vector<Case>& cases) {
  cases.push_back({"sgd, decay", optimized(OptimizerKind::Sgd, 0.1, false), {}});
  cases.push_back({"sgd, momentum", optimized(OptimizerKind::Sgd, 0.1, false, 0.9), {}});
  cases.push_back({"sgd, sparse, momentum", optimized(OptimizerKind::Sgd, 0, true, 0.9), {}});
  cases.push_back({"adagrad", optimized(OptimizerKind::Adagrad, 0, false), {}});
  cases.push_back({"adagrad, decay", optimized(OptimizerKind::Adagrad, 0.1, false), {}});
  cases.push_back({"adagrad, sparse", optimized(OptimizerKind::Adagrad, 0, true), {}});
  cases.push_back({"adam", optimized(OptimizerKind::Adam, 0, false), {}});
  cases.push_back({"adam, decay", optimized(OptimizerKind::Adam, 0.1, false), {}});
  cases.push_back({"adamw", optimized(OptimizerKind::AdamW, 0, false), {}});
  cases.push_back({"adamw, decay", optimized(OptimizerKind::AdamW, 0.1, false), {}});
  cases.push_back({"sparse-adam", optimized(OptimizerKind::SparseAdam, 0, true), {}});
  cases.push_back({"sparse-adam, padding only",
                   with(optimized(OptimizerKind::SparseAdam, 0, true),
                        [](auto& i) {
                          i.setup.options.padding_idx = 2;
                          i.setup.indices = {2, 2};
                          i.grad_output.reset();
                        }),
                   {}});
}

void add_large(std::vector<Case>& cases) {
  cases.push_back({"large", large(), {}});
  cases.push_back({"large, NaN elsewhere, bias per row",
                   with(large(),
                        [](auto& i) {
                          i.weight(200, 3) = not_a_number;
                          i.setup.bias = BiasKind::PerRow;
                          i.bias = random_vector(300, 2);
                        }),
                   {}});
  cases.push_back({"large, sparse, max_norm",
                   with(large(),
                        [](auto& i) {
                          i.setup.optimizer = default_optimizer(OptimizerKind::SparseAdam);
                          i.setup.options.sparse = true;
                          i.setup.options.max_norm = 2;
                        }),
                   {}});
  cases.push_back({"large from a file", large(), {}});
}

void add_spoiled(std::vector<Case>& cases) {
  const auto nudge = [](float& x) { x = std::nextafter(x, infinite); };
  const auto shift = [](float& x) { x += 1e-4F; };
  cases.push_back({"spoiled output", plain(), [=](LookupResults& r) { nudge(r.output(1, 1)); }, "the output"});
  cases.push_back(
      {"spoiled product", plain(), [=](LookupResults& r) { shift(r.one_hot_output(1, 1)); }, "the product"});
  cases.push_back({"spoiled gradient", plain(), [=](LookupResults& r) { shift(r.grad(2, 1)); }, "the gradient"});
  cases.push_back(
      {"spoiled gradient elsewhere", plain(), [=](LookupResults& r) { shift(r.grad(1, 1)); }, "the gradient"});
  cases.push_back({"spoiled gradient of the product", plain(), [=](LookupResults& r) { shift(r.one_hot_grad(0, 0)); },
                   "the gradient of the product"});
  cases.push_back({"spoiled step", plain(), [=](LookupResults& r) { shift(r.weight_after_step(0, 0)); },
                   "the table after the step"});
  cases.push_back({"spoiled norm", with(plain(), [](auto& i) { i.setup.options.max_norm = 1; }),
                   [=](LookupResults& r) { shift(r.weight_after_forward(0, 0)); }, "the table after max_norm"});
  cases.push_back({"spoiled sparse index", optimized(OptimizerKind::Sgd, 0, true),
                   [](LookupResults& r) { std::swap(r.sparse_grad.indices[0], r.sparse_grad.indices[1]); },
                   "the indices of the gradient"});
  cases.push_back({"spoiled sparse value", optimized(OptimizerKind::Sgd, 0, true),
                   [=](LookupResults& r) { nudge(r.sparse_grad.values(0, 0)); }, "the values of the gradient"});
  cases.push_back({"spoiled sum", optimized(OptimizerKind::Sgd, 0, true),
                   [=](LookupResults& r) { shift(r.coalesced.values(0, 0)); }, "the values of the coalesced gradient"});
  cases.push_back({"spoiled bag", bag(BagMode::Mean), [=](LookupResults& r) { shift(r.output(0, 0)); }, "the output"});
  cases.push_back({"spoiled weights", weighted_bag(), [=](LookupResults& r) { shift(r.grad_per_sample_weights[3]); },
                   "the gradient of the per-sample weights"});
  cases.push_back({"spoiled bias",
                   with(plain(),
                        [](auto& i) {
                          i.setup.bias = BiasKind::Shared;
                          i.bias = random_vector(5, 6);
                        }),
                   [=](LookupResults& r) { shift(r.grad_bias[0]); }, "the gradient of the bias"});
  cases.push_back({"spoiled large step", large(), [=](LookupResults& r) { shift(r.weight_after_step(120, 0)); },
                   "the table after the step"});
  cases.push_back({"spoiled NaN", with(plain(), [](auto& i) { i.weight(3, 1) = not_a_number; }),
                   [](LookupResults& r) { r.one_hot_output(0, 1) = 0; }, "the product"});
}

}  // namespace

// The generated programs, run by PyTorch where there is one.
class TestCodeCard : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    add_options(cases_);
    add_bags(cases_);
    add_biases(cases_);
    add_odd_numbers(cases_);
    add_optimizers(cases_);
    add_large(cases_);
    add_spoiled(cases_);
    QStringList paths;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Case& c = cases_[i];
      auto pass = LookupPass::create(c.input);
      QVERIFY2(pass, qPrintable(QString(c.name) + (pass ? "" : pass.error().message().c_str())));
      auto results = run_whole(**pass);
      QVERIFY(results);
      if (c.spoil) c.spoil(*results);
      std::string npy;
      if (std::string_view(c.name) == "large from a file") {
        npy = files_.write("a \"table\".npy", "");
        QVERIFY(write_npy(npy, c.input.weight.view()));
      }
      const std::string program = pytorch_program(c.input, *results, npy);
      paths.push_back(
          QString::fromStdString(files_.write(QString("program%1.py").arg(i), QByteArray::fromStdString(program))));
    }
    paths_ = paths;
    has_torch_ = torch_.run(paths);
  }

  void torchGetsTheNumbers_data() {
    if (!has_torch_) QSKIP(qPrintable(torch_.reason()));
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < cases_.size(); ++i) QTest::newRow(cases_[i].name) << static_cast<int>(i);
  }
  void torchGetsTheNumbers() {
    QFETCH(const int, index);
    const Case& c = cases_[static_cast<std::size_t>(index)];
    const QString outcome = torch_.outcome(paths_[index]);
    if (c.spoil) {
      QCOMPARE(outcome, QString("AssertionError: ") + c.assertion);
    } else {
      QVERIFY2(outcome.startsWith("ok ") && outcome.trimmed().endsWith("gets the numbers of Rowlight"),
               qPrintable(outcome));
    }
  }

  void linesAreNotLong() {
    LookupInput wide = plain();
    wide.weight = random_matrix(7, 100, 1);
    wide.grad_output.reset();
    cases_.push_back({"wide", wide, {}});
    for (const Case& c : cases_) {
      const auto pass = LookupPass::create(c.input);
      const auto results = run_whole(**pass);
      for (const QString& line : QString::fromStdString(pytorch_program(c.input, *results)).split('\n')) {
        QVERIFY2(line.size() <= 120, qPrintable(line));
      }
    }
    cases_.pop_back();
  }

  void onlyTheRowsOfALargeTableAreWritten() {
    const LookupInput input = large();
    const auto pass = LookupPass::create(input);
    const auto results = run_whole(**pass);
    QVERIFY(pytorch_program(input, *results).size() < 20'000);
  }

  void whatIsNoRunIsAnError() {
    const auto error = pytorch_program(TensorFile{}, "x.safetensors");
    QVERIFY(!error);
    QCOMPARE(error.error().kind, ErrorKind::BadInput);
  }

 private:
  std::vector<Case> cases_;
  QStringList paths_;
  test::WrittenFiles files_;
  test::TorchPrograms torch_;
  bool has_torch_ = false;
};

QTEST_GUILESS_MAIN(TestCodeCard)
#include "test_code_card.moc"
