#include <QTest>

#include <cmath>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernels.h"
#include "core/train/optimizer.h"
#include "tests/support/training.h"

using namespace rowlight;
using rowlight::test::same_bits;

namespace {

using Rows = std::vector<std::pair<float, float>>;

OptimizerSettings sgd(double momentum, double weight_decay = 0) {
  OptimizerSettings o = default_optimizer(OptimizerKind::Sgd);
  o.learning_rate = 0.1;
  o.momentum = momentum;
  o.weight_decay = weight_decay;
  return o;
}

/// Learning rate 0.1, else torch's defaults but for the decay.
OptimizerSettings with_torchs_defaults(OptimizerKind kind, double weight_decay = 0) {
  OptimizerSettings o = default_optimizer(kind);
  o.learning_rate = 0.1;
  o.beta2 = 0.999;
  o.eps = kind == OptimizerKind::Adagrad ? 1e-10 : 1e-8;
  o.weight_decay = weight_decay;
  return o;
}

OptimizerSettings adamw(double weight_decay) { return with_torchs_defaults(OptimizerKind::AdamW, weight_decay); }

Rates constant_rates(const OptimizerSettings& o) { return {o.learning_rate, has_betas(o.kind) ? o.beta1 : o.momentum}; }

std::vector<TableGradient> views_of(const std::vector<RowGradient>& gradients) {
  return {gradients.begin(), gradients.end()};
}

/// The gradient of the sum of squares of the looked-up rows: 2 * row for each time that a row is looked up.
void fill_gradient(RowGradient& gradient, const Matrix& table, const std::vector<std::int32_t>& ids) {
  gradient.clear();
  const auto places = gradient.assign_slots(ids);
  for (std::size_t b = 0; b < ids.size(); ++b) {
    const auto row = table.row(static_cast<std::size_t>(ids[b]));
    const auto into = gradient.values().row(static_cast<std::size_t>(places[b]));
    for (std::size_t c = 0; c < row.size(); ++c) into[c] += 2 * row[c];
  }
}

std::vector<Parameter> one_table(Matrix table) {
  std::vector<Parameter> parameters;
  parameters.push_back({"table", Table::Users, std::move(table)});
  return parameters;
}

Matrix counting_table() {
  Matrix table(5, 2);
  for (std::size_t i = 0; i < 10; ++i) table(i / 2, i % 2) = static_cast<float>(i) / 10.0F;
  return table;
}

/// LAYERS.md's run: arange(10).reshape(5, 2) / 10, batches [0, 1, 1], [2], [0], learning rate 0.1.
Matrix reference_run(const OptimizerSettings& settings, GradientLayout layout = GradientLayout::Sparse) {
  std::vector<Parameter> parameters = one_table(counting_table());
  Optimizer optimizer(settings, parameters);
  ThreadPool pool(1);
  std::vector<RowGradient> gradients;
  gradients.emplace_back(5, 2, 3);
  for (const std::vector<std::int32_t>& batch : {std::vector<std::int32_t>{0, 1, 1}, {2}, {0}}) {
    fill_gradient(gradients[0], parameters[0].value, batch);
    std::vector<TableGradient> views = views_of(gradients);
    Matrix dense(5, 2);
    if (layout == GradientLayout::Dense) {
      const auto rows = gradients[0].touched_rows();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        std::ranges::copy(gradients[0].values().row(i), dense.row(static_cast<std::size_t>(rows[i])).begin());
      }
      views = {TableGradient(dense.view())};
    }
    optimizer.step(parameters, views, constant_rates(settings), pool);
  }
  return std::move(parameters[0].value);
}

/// What five steps on large random tables give: a table of many pieces of work and a column of scalars.
std::vector<Parameter> large_run(const OptimizerSettings& settings, unsigned threads) {
  constexpr std::size_t batch = 64;
  const std::pair<std::size_t, std::size_t> shapes[] = {{9001, 50}, {300'007, 1}};
  std::vector<Parameter> parameters;
  std::vector<RowGradient> gradients;
  Random random(3);
  for (const auto& [rows, cols] : shapes) {
    parameters.push_back({"table", Table::Users, Matrix(rows, cols)});
    for (std::size_t r = 0; r < rows; ++r) {
      for (float& x : parameters.back().value.row(r)) x = random.truncated_normal(1);
    }
    gradients.emplace_back(rows, cols, batch);
  }
  Optimizer optimizer(settings, parameters);
  ThreadPool pool(threads);
  for (int step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      std::vector<std::int32_t> ids(batch);
      const auto rows = static_cast<std::uint32_t>(parameters[i].value.rows());
      for (auto& id : ids) id = static_cast<std::int32_t>(random.below(rows));
      fill_gradient(gradients[i], parameters[i].value, ids);
    }
    optimizer.step(parameters, views_of(gradients), constant_rates(settings), pool);
  }
  return parameters;
}

}  // namespace

Q_DECLARE_METATYPE(rowlight::OptimizerSettings)
Q_DECLARE_METATYPE(rowlight::GradientLayout)
Q_DECLARE_METATYPE(Rows)

class TestOptimizer : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(simd::select_target(simd::supported_targets().front())); }

  void stepsArePyTorchs_data() {
    QTest::addColumn<OptimizerSettings>("settings");
    QTest::addColumn<Rows>("expected");
    const std::pair<float, float> row3(0.6F, 0.7F);
    const std::pair<float, float> row4(0.8F, 0.9F);
    QTest::newRow("SGD") << sgd(0) << Rows{{0, 0.064F}, {0.12F, 0.18F}, {0.32F, 0.4F}, row3, row4};
    QTest::newRow("SGD momentum") << sgd(0.9) << Rows{{0, 0.0334F}, {-0.0168F, -0.0252F}, {0.248F, 0.31F}, row3, row4};
    QTest::newRow("AdamW decay") << adamw(0.1)
                                 << Rows{{0, -0.07419F},
                                         {-0.022082F, 0.074948F},
                                         {0.256928F, 0.353958F},
                                         {0.582179F, 0.679209F},
                                         {0.776239F, 0.873269F}};
    const Rows adam{{0, -0.074438F}, {-0.018802F, 0.081199F}, {0.268064F, 0.368064F}, row3, row4};
    QTest::newRow("Adam") << with_torchs_defaults(OptimizerKind::Adam) << adam;
    QTest::newRow("AdamW without decay is Adam") << adamw(0) << adam;
    QTest::newRow("SparseAdam") << with_torchs_defaults(OptimizerKind::SparseAdam)
                                << Rows{{0, -0.057522F}, {0.1F, 0.2F}, {0.325586F, 0.425586F}, row3, row4};
    QTest::newRow("Adagrad") << with_torchs_defaults(OptimizerKind::Adagrad)
                             << Rows{{0, 0}, {0.1F, 0.2F}, {0.3F, 0.4F}, row3, row4};
  }
  void stepsArePyTorchs() {
    QFETCH(OptimizerSettings, settings);
    QFETCH(Rows, expected);
    for (const simd::Target target : simd::supported_targets()) {
      QVERIFY(simd::select_target(target));
      for (const GradientLayout layout : {GradientLayout::Dense, GradientLayout::Sparse}) {
        if (settings.kind == OptimizerKind::SparseAdam && layout == GradientLayout::Dense) continue;
        const Matrix table = reference_run(settings, layout);
        for (std::size_t r = 0; r < expected.size(); ++r) {
          // The values above have six decimals.
          QVERIFY2(std::abs(table(r, 0) - expected[r].first) <= 1e-6F, qPrintable(QString::number(table(r, 0))));
          QVERIFY2(std::abs(table(r, 1) - expected[r].second) <= 1e-6F, qPrintable(QString::number(table(r, 1))));
        }
      }
    }
  }

  void refusesWhatTorchRefuses_data() {
    QTest::addColumn<OptimizerSettings>("settings");
    QTest::addColumn<GradientLayout>("layout");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("Adam, sparse") << with_torchs_defaults(OptimizerKind::Adam) << GradientLayout::Sparse
                                  << "adam cannot be used with sparse gradients; its moments move every row: use "
                                     "sparse-adam, or dense gradients";
    QTest::newRow("AdamW, sparse") << adamw(0) << GradientLayout::Sparse
                                   << "adamw cannot be used with sparse gradients; its moments move every row: use "
                                      "sparse-adam, or dense gradients";
    QTest::newRow("SparseAdam, dense") << with_torchs_defaults(OptimizerKind::SparseAdam) << GradientLayout::Dense
                                       << "sparse-adam cannot be used with dense gradients; use adam, or sparse "
                                          "gradients";
    const QString decay =
        "weight decay cannot be used with sparse gradients; it moves every row: set it to 0, or use "
        "dense gradients";
    for (const OptimizerKind kind : {OptimizerKind::Sgd, OptimizerKind::Adagrad, OptimizerKind::SparseAdam}) {
      QTest::addRow("%s, decay and sparse", name_of(kind).data())
          << with_torchs_defaults(kind, 0.01) << GradientLayout::Sparse << decay;
    }
  }
  void refusesWhatTorchRefuses() {
    QFETCH(OptimizerSettings, settings);
    QFETCH(GradientLayout, layout);
    QFETCH(QString, sentence);
    const auto valid = validate(settings, layout);
    QVERIFY(!valid);
    QCOMPARE(valid.error().kind, ErrorKind::Usage);
    QCOMPARE(QString::fromStdString(valid.error().message()), sentence);
  }

  void allowsWhatTorchAllows() {
    for (const OptimizerKind kind : {OptimizerKind::Sgd, OptimizerKind::Adagrad, OptimizerKind::SparseAdam}) {
      QVERIFY(validate(with_torchs_defaults(kind), GradientLayout::Sparse));
    }
    QVERIFY(validate(sgd(0.9), GradientLayout::Sparse));
    for (const OptimizerKind kind :
         {OptimizerKind::Sgd, OptimizerKind::Adagrad, OptimizerKind::Adam, OptimizerKind::AdamW}) {
      QVERIFY(validate(with_torchs_defaults(kind, 0.01), GradientLayout::Dense));
    }
  }

  // An eps that is zero as a float would make NaN of every row without a gradient.
  void epsThatIsZeroAsAFloatIsRefused() {
    OptimizerSettings settings = adamw(0);
    settings.eps = 1e-50;
    QVERIFY(!validate(settings, GradientLayout::Dense));
  }

  void sparseAdamLeavesOtherRowsBitIdentical() {
    const Matrix before = counting_table();
    const Matrix after = reference_run(with_torchs_defaults(OptimizerKind::SparseAdam));
    for (const std::size_t row : {3, 4}) {
      QCOMPARE(std::memcmp(after.row(row).data(), before.row(row).data(), 2 * sizeof(float)), 0);
    }
  }

  void plainSgdLeavesOtherRowsBitIdentical() {
    const Matrix before = counting_table();
    const Matrix after = reference_run(sgd(0));
    for (const std::size_t row : {3, 4}) {
      QCOMPARE(std::memcmp(after.row(row).data(), before.row(row).data(), 2 * sizeof(float)), 0);
    }
  }

  void decayOfSgdMovesRowsThatWereNotLookedUp() {
    const Matrix after = reference_run(sgd(0, 0.5));
    const float kept = 0.95F * 0.95F * 0.95F;  // (1 - rate * decay) in each of the three steps
    QVERIFY(std::abs(after(3, 0) - 0.6F * kept) <= 1e-6F);
    QVERIFY(std::abs(after(4, 1) - 0.9F * kept) <= 1e-6F);
  }

  void paddingStaysZero_data() {
    QTest::addColumn<OptimizerSettings>("settings");
    QTest::newRow("SGD") << sgd(0);
    QTest::newRow("SGD momentum decay") << sgd(0.9, 0.1);
    QTest::newRow("Adagrad decay") << with_torchs_defaults(OptimizerKind::Adagrad, 0.1);
    QTest::newRow("Adam decay") << with_torchs_defaults(OptimizerKind::Adam, 0.1);
    QTest::newRow("AdamW decay") << adamw(0.1);
    QTest::newRow("SparseAdam") << with_torchs_defaults(OptimizerKind::SparseAdam);
  }
  void paddingStaysZero() {
    QFETCH(OptimizerSettings, settings);
    const Matrix table = reference_run(settings);
    for (std::size_t r = 0; r < table.rows(); ++r) {
      for (const float x : table.view().padded_row(r).subspan(table.cols())) QCOMPARE(x, 0.0F);
    }
  }

  void threadsDoNotChangeABit_data() { paddingStaysZero_data(); }
  void threadsDoNotChangeABit() {
    QFETCH(OptimizerSettings, settings);
    const std::vector<Parameter> one = large_run(settings, 1);
    for (const unsigned threads : {2U, 3U}) {
      const std::vector<Parameter> more = large_run(settings, threads);
      for (std::size_t i = 0; i < one.size(); ++i) QVERIFY(same_bits(one[i].value.view(), more[i].value.view()));
    }
  }

  // A row's new values depend on that row alone: whether its neighbours were looked up must not change its bits.
  void aRowsStepDoesNotDependOnItsNeighbours() {
    std::vector<Parameter> alone = one_table(counting_table());
    std::vector<Parameter> among = one_table(counting_table());
    Optimizer first(adamw(0.1), alone);
    Optimizer second(adamw(0.1), among);
    ThreadPool pool(1);
    std::vector<RowGradient> gradients;
    gradients.emplace_back(5, 2, 5);
    fill_gradient(gradients[0], alone[0].value, {2});
    first.step(alone, views_of(gradients), constant_rates(adamw(0.1)), pool);
    fill_gradient(gradients[0], among[0].value, {0, 1, 2, 3});
    second.step(among, views_of(gradients), constant_rates(adamw(0.1)), pool);
    for (const std::size_t row : {2, 4}) {
      QCOMPARE(std::memcmp(alone[0].value.row(row).data(), among[0].value.row(row).data(), 2 * sizeof(float)), 0);
    }
  }
};

QTEST_APPLESS_MAIN(TestOptimizer)
#include "test_optimizer.moc"
