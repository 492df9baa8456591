#include <QTest>

#include "core/layers/embedding.h"
#include "core/simd/kernels.h"
#include "core/train/optimizer.h"
#include "tests/support/layer_reference.h"

using namespace rowlight;
using namespace rowlight::test::reference;

namespace {

const std::string golden = std::string(ROWLIGHT_TEST_SOURCE) + "/../golden";

OptimizerSettings settings_of(const Json& c) {
  OptimizerSettings settings;
  for (const OptimizerKind kind : optimizer_kinds) {
    if (name_of(kind) == c["optimizer"].get<std::string>()) settings = default_optimizer(kind);
  }
  settings.learning_rate = c["lr"];
  settings.weight_decay = c["weight_decay"];
  settings.momentum = c.value("momentum", 0.0);
  settings.eps = c.value("eps", settings.eps);
  if (c.contains("betas")) {
    settings.beta1 = c["betas"][0];
    settings.beta2 = c["betas"][1];
  }
  return settings;
}

/// The sums of absolute terms behind each number of a table: its first value and every update so far. The updates are
/// followed in double.
class Terms {
 public:
  Terms(const OptimizerSettings& settings, const std::vector<float>& table)
      : settings_(settings), numbers_(table.size()), terms_(table.size()) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      numbers_[i].p = double{table[i]};
      terms_[i] = std::abs(numbers_[i].p);
    }
  }

  /// Number i's step t with this gradient and its sum of absolute terms.
  void step(std::size_t i, int t, double grad, double grad_terms) {
    const OptimizerSettings& o = settings_;
    Number& n = numbers_[i];
    const bool coupled = o.kind != OptimizerKind::AdamW;
    const double g = grad + (coupled ? o.weight_decay * n.p : 0);
    const double terms = grad_terms + (coupled ? o.weight_decay * std::abs(n.p) : 0);
    double scale = o.learning_rate;  // of the first moment, or of the gradient
    if (has_betas(o.kind)) {
      n.p *= coupled ? 1 : 1 - o.learning_rate * o.weight_decay;
      n.first = o.beta1 * n.first + (1 - o.beta1) * g;
      n.first_terms = o.beta1 * n.first_terms + (1 - o.beta1) * terms;
      n.second = o.beta2 * n.second + (1 - o.beta2) * g * g;
      const double root = std::sqrt(1 - std::pow(o.beta2, t));
      const double inner = o.kind == OptimizerKind::SparseAdam ? 1 : root;
      scale *= root / inner / (1 - std::pow(o.beta1, t)) / (std::sqrt(n.second) / inner + o.eps);
    } else if (o.kind == OptimizerKind::Adagrad) {
      n.first = g;
      n.first_terms = terms;
      n.second += g * g;
      scale /= std::sqrt(n.second) + o.eps;
    } else {
      n.first = o.momentum * n.first + g;
      n.first_terms = o.momentum * n.first_terms + terms;
    }
    n.p -= scale * n.first;
    terms_[i] += scale * n.first_terms;
  }

  [[nodiscard]] const std::vector<double>& all() const { return terms_; }

 private:
  struct Number {
    double p = 0;
    double first = 0;        // momentum, first moment
    double first_terms = 0;  // its absolute terms
    double second = 0;
  };
  OptimizerSettings settings_;
  std::vector<Number> numbers_;
  std::vector<double> terms_;
};

/// The gradient of one step, in both layouts.
struct StepGradient {
  Matrix dense;
  RowGradient by_rows;
  std::vector<double> terms;    ///< absolute terms of `dense`
  std::vector<bool> looked_up;  ///< by row
};

StepGradient gradient_of(const Json& c, int step) {
  Json of_step = c;
  of_step["seed"] = c["seed"].get<int>() + 1 + step;
  const std::size_t n = c["rows"];
  const std::size_t dim = c["dim"];
  const std::size_t batch = c["batch"];
  StepGradient result{Matrix(n, dim), RowGradient(n, dim, batch), std::vector<double>(n * dim), std::vector<bool>(n)};
  EmbeddingOptions options;
  if (!c["padding_idx"].is_null()) options.padding_idx = c["padding_idx"].get<std::int64_t>();
  const auto rows = checked_rows(indices(of_step, batch), n);
  const Matrix grad = values(of_step, Gradient, batch, dim);
  scatter_add(grad.view(), *rows, options, result.dense.view(), Uncounted{});
  std::vector<std::int32_t> used;
  for (std::size_t b = 0; b < batch; ++b) {
    const std::int32_t index = (*rows)[b];
    if (index == padding_row(options, n)) continue;
    used.push_back(index);
    const auto row = static_cast<std::size_t>(index);
    result.looked_up[row] = true;
    for (std::size_t k = 0; k < dim; ++k) result.terms[row * dim + k] += std::abs(double{grad(b, k)});
  }
  (void)result.by_rows.assign_slots(used);
  const auto touched = result.by_rows.touched_rows();
  for (std::size_t slot = 0; slot < touched.size(); ++slot) {
    std::ranges::copy(result.dense.row(static_cast<std::size_t>(touched[slot])),
                      result.by_rows.values().row(slot).begin());
  }
  return result;
}

/// Runs a case with gradients of one layout. Empty, or what differs first.
std::string difference_of(const Json& c, GradientLayout layout) {
  const OptimizerSettings settings = settings_of(c);
  const std::size_t dim = c["dim"];
  std::vector<Parameter> parameters;
  parameters.push_back({"table", Table::Users, values(c, Weight, c["rows"], dim, c["values"])});
  Terms terms(settings, flat(parameters[0].value.view()));
  Optimizer optimizer(settings, parameters);
  ThreadPool pool(1);
  const Rates rates{settings.learning_rate, has_betas(settings.kind) ? settings.beta1 : settings.momentum};
  for (int step = 0; step < c["steps"].get<int>(); ++step) {
    const StepGradient gradient = gradient_of(c, step);
    const TableGradient dense(gradient.dense.view());
    const TableGradient by_rows(gradient.by_rows);
    optimizer.step(parameters, {layout == GradientLayout::Dense ? &dense : &by_rows, 1}, rates, pool);
    const std::vector<float> grad = flat(gradient.dense.view());
    for (std::size_t i = 0; i < grad.size(); ++i) {
      if (settings.kind == OptimizerKind::SparseAdam && !gradient.looked_up[i / dim]) continue;
      terms.step(i, step + 1, double{grad[i]}, gradient.terms[i]);
    }
    const ConstMatrixView table = parameters[0].value.view();
    const std::string found = difference(c["after"][static_cast<std::size_t>(step)], flat(table), terms.all());
    if (!found.empty()) return "step " + std::to_string(step + 1) + ": " + found;
    if (!padding_is_zero(table)) return "step " + std::to_string(step + 1) + ": the padding is not zero";
  }
  return {};
}

}  // namespace

// Every optimizer against torch.optim after each of several steps (tests/golden/layer_reference.json), on every SIMD
// target. Dense cases are run by rows as well: rows without a gradient count as zeros.
class TestOptimizerParity : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(simd::select_target(simd::supported_targets().front())); }

  void steps_data() {
    cases_ = cases(golden, "optimizer");
    QVERIFY(cases_.size() >= 80);
    QTest::addColumn<std::size_t>("number");
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Json& c = cases_[i];
      QTest::addRow("%s, %s, seed %d", c["optimizer"].get<std::string>().c_str(),
                    c["sparse"].get<bool>() ? "sparse" : "dense", c["seed"].get<int>())
          << i;
    }
  }
  void steps() {
    QFETCH(std::size_t, number);
    const Json& c = cases_[number];
    const bool sparse = c["sparse"];
    const auto valid = validate(settings_of(c), sparse ? GradientLayout::Sparse : GradientLayout::Dense);
    QVERIFY2(valid.has_value(), valid ? "" : valid.error().message().c_str());
    for (const simd::Target target : simd::supported_targets()) {
      QVERIFY(simd::select_target(target));
      for (const GradientLayout layout : {GradientLayout::Dense, GradientLayout::Sparse}) {
        if (sparse && layout == GradientLayout::Dense) continue;
        const std::string found = difference_of(c, layout);
        QVERIFY2(found.empty(), (std::string(simd::name_of(target)) + ": " + found).c_str());
      }
    }
  }

 private:
  std::vector<Json> cases_;
};

QTEST_APPLESS_MAIN(TestOptimizerParity)
#include "test_optimizer_parity.moc"
