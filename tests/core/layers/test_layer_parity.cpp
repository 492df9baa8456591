#include <QTest>

#include <map>

#include "core/layers/embedding.h"
#include "core/layers/embedding_bag.h"
#include "core/layers/linear.h"
#include "core/layers/one_hot.h"
#include "core/simd/kernels.h"
#include "tests/support/layer_reference.h"

using namespace rowlight;
using namespace rowlight::test::reference;

namespace {

using Terms = std::vector<double>;

const std::string golden = std::string(ROWLIGHT_TEST_SOURCE) + "/../golden";

EmbeddingOptions table_options(const Json& c) {
  EmbeddingOptions options;
  if (!c["padding_idx"].is_null()) options.padding_idx = c["padding_idx"].get<std::int64_t>();
  if (!c["max_norm"].is_null()) options.max_norm = c["max_norm"].get<double>();
  options.norm_type = std::stod(c["norm_type"].get<std::string>());
  options.scale_grad_by_freq = c["scale_grad_by_freq"];
  options.sparse = c["sparse"];
  return options;
}

BagMode bag_mode(const Json& c) {
  for (const BagMode mode : {BagMode::Sum, BagMode::Mean, BagMode::Max}) {
    if (name_of(mode) == c["mode"].get<std::string>()) return mode;
  }
  qFatal("unknown mode");
}

bool is_finite(const Json& c) {
  for (const char* key : {"values", "gradients"}) {
    if (c[key] != "plain" && c[key] != "zeros") return false;
  }
  return true;
}

/// The terms of numbers that are one term each.
Terms own(const std::vector<float>& numbers) {
  Terms terms;
  for (const float x : numbers) terms.push_back(std::abs(double{x}));
  return terms;
}

/// Sums of absolute terms, by row and column of a (rows, dim) table.
class TermTable {
 public:
  TermTable(std::size_t rows, std::size_t dim) : dim_(dim), terms_(rows * dim, 0.0) {}
  void add(std::size_t to, double scale, std::span<const float> row) {
    for (std::size_t k = 0; k < dim_; ++k) terms_[to * dim_ + k] += std::abs(scale * double{row[k]});
  }
  void add(std::size_t to, std::size_t k, float term) { terms_[to * dim_ + k] += std::abs(double{term}); }
  [[nodiscard]] const Terms& all() const { return terms_; }
  /// Those of the given rows, one after the other.
  [[nodiscard]] Terms of(const std::vector<std::int64_t>& rows) const {
    Terms some;
    for (const std::int64_t row : rows) {
      const auto first = terms_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(row) * dim_);
      some.insert(some.end(), first, first + static_cast<std::ptrdiff_t>(dim_));
    }
    return some;
  }

 private:
  std::size_t dim_;
  Terms terms_;
};

/// The first check that fails is kept, with the name of what was checked.
class Verdict {
 public:
  void check(const std::string& what, const std::string& difference) {
    if (text_.empty() && !difference.empty()) text_ = what + ": " + difference;
  }
  void check(const Json& c, const char* key, ConstMatrixView ours, const Terms& terms) {
    check(key, difference(c[key], flat(ours), terms));
    if (!padding_is_zero(ours)) check(key, "the padding is not zero");
  }
  void check_indices(const Json& c, const char* key, const std::vector<std::int64_t>& ours) {
    if (checksum(ours) != c[key]) check(key, "other indices");
  }
  void check_sparse(const Json& c, const SparseGradient& gradient, const TermTable& terms) {
    check_indices(c, "coo_indices", gradient.indices);
    check(c, "coo_values", gradient.values.view(), own(flat(gradient.values.view())));
    const SparseGradient summed = coalesce(gradient, Uncounted{});
    check_indices(c, "coalesced_indices", summed.indices);
    check(c, "coalesced_values", summed.values.view(), terms.of(summed.indices));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string embedding_difference(const Json& c) {
  Verdict verdict;
  const EmbeddingOptions options = table_options(c);
  const std::size_t n = c["rows"];
  const std::size_t dim = c["dim"];
  const std::size_t batch = c["batch"];
  if (!validate(options, n)) return "the options are refused";
  Matrix weight = values(c, Weight, n, dim, c["values"]);
  const auto rows = checked_rows(indices(c, batch), n);
  if (!rows) return rows.error().message();
  if (options.max_norm) {
    const Matrix before = weight;
    auto shrunk = renormalize(weight.view(), *rows, *options.max_norm, options.norm_type, Uncounted{});
    Terms terms = own(flat(weight.view()));
    for (std::size_t r = 0; r < n; ++r) {
      if (std::ranges::find(shrunk, static_cast<std::int32_t>(r)) != shrunk.end()) continue;
      if (std::memcmp(before.row(r).data(), weight.row(r).data(), dim * sizeof(float)) != 0) return "a row moved";
      for (std::size_t k = 0; k < dim; ++k) terms[r * dim + k] = 0;  // untouched: every bit
    }
    verdict.check(c, "weight", weight.view(), terms);
  }
  Matrix out(batch, dim);
  look_up(weight.view(), *rows, out.view(), Uncounted{});
  verdict.check(c, "output", out.view(), own(flat(out.view())));

  const Matrix grad = values(c, Gradient, batch, dim, c["gradients"]);
  const auto padding = padding_row(options, n);
  const auto frequency = frequencies(*rows, n);
  TermTable terms(n, dim);
  for (std::size_t b = 0; b < batch; ++b) {
    if ((*rows)[b] == padding) continue;
    terms.add(static_cast<std::size_t>((*rows)[b]), options.scale_grad_by_freq ? 1.0 / frequency[b] : 1, grad.row(b));
  }
  if (options.sparse) {
    verdict.check_sparse(c, sparse_gradient(grad.view(), *rows, padding, Uncounted{}), terms);
  } else {
    Matrix grad_weight(n, dim);
    scatter_add(grad.view(), *rows, options, grad_weight.view(), Uncounted{});
    verdict.check(c, "gradient", grad_weight.view(), terms.all());
  }
  return verdict.text();
}

/// A bag case as its layer gets it.
struct BagCase {
  EmbeddingBagOptions options;
  std::size_t n = 0;
  std::size_t dim = 0;
  Matrix weight;
  Bags bags;
  Matrix grad;
};

Expected<BagCase> read_bag(const Json& c) {
  BagCase bag;
  bag.options = {table_options(c), bag_mode(c), c["include_last_offset"].get<bool>()};
  bag.n = c["rows"];
  bag.dim = c["dim"];
  bag.weight = values(c, Weight, bag.n, bag.dim, c["values"]);
  std::vector<std::int64_t> offsets = begins(c);
  const auto count = static_cast<std::size_t>(offsets.back());
  if (!bag.options.include_last_offset) offsets.pop_back();
  std::vector<float> shares;
  if (c["per_sample_weights"].get<bool>()) shares = flat(values(c, Share, count, 1, c["gradients"]).view());
  auto bags = make_bags(indices(c, count), offsets, shares, bag.options, bag.n);
  if (!bags) return tl::make_unexpected(bags.error());
  bag.bags = std::move(*bags);
  bag.grad = values(c, Gradient, bag.bags.count(), bag.dim, c["gradients"]);
  return bag;
}

/// The same bags as a product, for finite numbers.
void check_multi_hot(const Json& c, const BagCase& bag, const Terms& terms, Verdict& verdict) {
  if (!is_finite(c) || bag.options.mode == BagMode::Max) return;
  const auto shares = bag_shares(bag.bags, bag.options, bag.n);
  Matrix x(bag.bags.count(), bag.n);
  multi_hot(bag.bags, shares, x.view(), Uncounted{});
  Matrix out(bag.bags.count(), bag.dim);
  one_hot_matmul(x.view(), bag.weight.view(), 0, bag.n, out.view(), Uncounted{});
  verdict.check(c, "output", out.view(), terms);
}

void check_bag_gradients(const Json& c, const BagCase& bag, const MaxRows& max_rows, Verdict& verdict) {
  const auto padding = padding_row(bag.options.table, bag.n);
  const auto frequency = frequencies(bag.bags.rows, bag.n);
  TermTable terms(bag.n, bag.dim);
  std::vector<double> share_terms(bag.bags.rows.size(), 0.0);
  Terms shares(bag.bags.rows.size(), 0.0);
  if (bag.options.mode == BagMode::Max) {
    for (std::size_t i = 0; i < max_rows.size(); ++i) {
      if (max_rows[i] >= 0)
        terms.add(static_cast<std::size_t>(max_rows[i]), i % bag.dim, bag.grad(i / bag.dim, i % bag.dim));
    }
  } else {
    std::ranges::copy(bag_shares(bag.bags, bag.options, bag.n), shares.begin());
  }
  for (std::size_t b = 0; b < bag.bags.count(); ++b) {
    for (std::size_t p = bag.bags.begin[b]; p < bag.bags.begin[b + 1]; ++p) {
      if (bag.bags.rows[p] == padding) continue;
      const auto row = static_cast<std::size_t>(bag.bags.rows[p]);
      if (bag.options.mode != BagMode::Max)
        terms.add(row, shares[p] / (bag.options.table.scale_grad_by_freq ? frequency[p] : 1), bag.grad.row(b));
      for (std::size_t k = 0; k < bag.dim; ++k) {
        share_terms[p] += std::abs(double{bag.weight(row, k)} * double{bag.grad(b, k)});
      }
    }
  }
  if (bag.options.table.sparse) {
    const auto gradient = bag_sparse_gradient(bag.grad.view(), bag.bags, bag.options, bag.n, Uncounted{});
    verdict.check_sparse(c, gradient, terms);
  } else {
    Matrix grad_weight(bag.n, bag.dim);
    bag_scatter_add(bag.grad.view(), bag.bags, bag.options, max_rows, grad_weight.view(), Uncounted{});
    verdict.check(c, "gradient", grad_weight.view(), terms.all());
  }
  if (!bag.bags.weights.empty()) {
    const auto ours =
        per_sample_weight_gradient(bag.grad.view(), bag.weight.view(), bag.bags, bag.options, Uncounted{});
    verdict.check("shares_gradient", difference(c["shares_gradient"], ours, share_terms));
  }
}

std::string bag_difference(const Json& c) {
  Verdict verdict;
  auto read = read_bag(c);
  if (!read) return read.error().message();
  BagCase& bag = *read;
  if (bag.options.table.max_norm) {
    (void)renormalize(bag.weight.view(), bag.bags.rows, *bag.options.table.max_norm, bag.options.table.norm_type,
                      Uncounted{});
    verdict.check(c, "weight", bag.weight.view(), own(flat(bag.weight.view())));
  }
  Matrix out(bag.bags.count(), bag.dim);
  MaxRows max_rows;
  bag_forward(bag.weight.view(), bag.bags, bag.options, out.view(), &max_rows, Uncounted{});
  const auto padding = padding_row(bag.options.table, bag.n);
  Terms shares(bag.bags.rows.size(), 1.0);
  if (bag.options.mode != BagMode::Max) {
    std::ranges::copy(bag_shares(bag.bags, bag.options, bag.n), shares.begin());
  }
  TermTable terms(bag.bags.count(), bag.dim);
  for (std::size_t b = 0; b < bag.bags.count(); ++b) {
    for (std::size_t p = bag.bags.begin[b]; p < bag.bags.begin[b + 1]; ++p) {
      if (bag.bags.rows[p] == padding) continue;
      terms.add(b, shares[p], bag.weight.row(static_cast<std::size_t>(bag.bags.rows[p])));
    }
  }
  verdict.check(c, "output", out.view(), bag.options.mode == BagMode::Max ? own(flat(out.view())) : terms.all());
  check_multi_hot(c, bag, terms.all(), verdict);
  check_bag_gradients(c, bag, max_rows, verdict);
  return verdict.text();
}

/// Sums of absolute terms of a (m, n) times b (n, k), both given by element.
template <class A, class B>
Terms product_terms(std::size_t m, std::size_t n, std::size_t k, const A& a, const B& b) {
  Terms terms(m * k, 0.0);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double factor = a(i, j);
      for (std::size_t l = 0; l < k; ++l) terms[i * k + l] += std::abs(factor * double{b(j, l)});
    }
  }
  return terms;
}

std::string linear_difference(const Json& c) {
  Verdict verdict;
  const std::size_t in = c["in"];
  const std::size_t out = c["out"];
  const std::size_t batch = c["batch"];
  const Matrix x = values(c, Input, batch, in, c["inputs"]);
  Linear layer{values(c, Weight, out, in, c["values"]), {}};
  if (c["bias"].get<bool>()) layer.bias = flat(values(c, Bias, out, 1).view());
  Matrix y(batch, out);
  linear_forward(layer, x.view(), y.view(), Uncounted{});
  const auto transposed = [&](std::size_t i, std::size_t o) { return layer.weight(o, i); };
  Terms terms = product_terms(batch, in, out, x, transposed);
  for (std::size_t i = 0; i < terms.size() && !layer.bias.empty(); ++i) terms[i] += std::abs(layer.bias[i % out]);
  verdict.check(c, "output", y.view(), terms);

  const Matrix grad = values(c, Gradient, batch, out, c["gradients"]);
  const LinearGradients gradients = linear_backward(layer, x.view(), grad.view(), Uncounted{});
  verdict.check(c, "input_gradient", gradients.x.view(), product_terms(batch, out, in, grad, layer.weight));
  const auto grad_transposed = [&](std::size_t o, std::size_t b) { return grad(b, o); };
  verdict.check(c, "weight_gradient", gradients.weight.view(), product_terms(out, batch, in, grad_transposed, x));
  if (layer.bias.empty()) {
    if (!gradients.bias.empty()) verdict.check("bias_gradient", "there is one");
  } else {
    const auto ones = [](std::size_t, std::size_t) { return 1.0F; };
    verdict.check("bias_gradient",
                  difference(c["bias_gradient"], gradients.bias, product_terms(1, batch, out, ones, grad)));
  }
  return verdict.text();
}

std::string one_hot_difference(const Json& c) {
  Verdict verdict;
  const std::size_t n = c["rows"];
  const std::size_t dim = c["dim"];
  const std::size_t batch = c["batch"];
  const Matrix weight = values(c, Weight, n, dim, c["values"]);
  const auto rows = checked_rows(indices(c, batch), n);
  if (!rows) return rows.error().message();
  Matrix x(batch, n);
  one_hot(*rows, x.view(), Uncounted{});
  Matrix out(batch, dim);
  // In uneven pieces, as the stepper does it.
  for (std::size_t first = 0; first < n; first += 97) {
    one_hot_matmul(x.view(), weight.view(), first, std::min(n, first + 97), out.view(), Uncounted{});
  }
  // A product with a one-hot row has one term that is not zero, so torch's number is ours to the bit but for -0.0.
  verdict.check(c, "output", out.view(), Terms(batch * dim, 0.0));
  const Matrix grad = values(c, Gradient, batch, dim, c["gradients"]);
  Matrix grad_weight(n, dim);
  for (std::size_t first = 0; first < n; first += 97) {
    one_hot_matmul_backward(x.view(), grad.view(), first, std::min(n, first + 97), grad_weight.view(), Uncounted{});
  }
  TermTable terms(n, dim);
  for (std::size_t b = 0; b < batch; ++b) terms.add(static_cast<std::size_t>((*rows)[b]), 1, grad.row(b));
  verdict.check(c, "gradient", grad_weight.view(), terms.all());
  return verdict.text();
}

}  // namespace

// Every layer against what PyTorch gave on the same inputs (tests/golden/layer_reference.json), on every SIMD target.
class TestLayerParity : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { QVERIFY(simd::select_target(simd::supported_targets().front())); }

  void embedding_data() { rows_of("embedding", 200); }
  void embedding() { compare(embedding_difference); }

  void embeddingBag_data() { rows_of("bag", 200); }
  void embeddingBag() { compare(bag_difference); }

  void linear_data() { rows_of("linear", 50); }
  void linear() { compare(linear_difference); }

  void oneHot_data() { rows_of("one-hot", 50); }
  void oneHot() { compare(one_hot_difference); }

 private:
  /// One test row a case. A file that lost its cases is an error too.
  void rows_of(const std::string& layer, std::size_t at_least) {
    cases_ = cases(golden, layer);
    if (cases_.size() < at_least) qFatal("layer_reference.json has too few cases of %s", layer.c_str());
    QTest::addColumn<std::size_t>("number");
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      QTest::addRow("%s, seed %d", layer.c_str(), cases_[i]["seed"].get<int>()) << i;
    }
  }

  void compare(std::string (*difference_of)(const Json&)) {
    QFETCH(std::size_t, number);
    for (const simd::Target target : simd::supported_targets()) {
      QVERIFY(simd::select_target(target));
      const std::string found = difference_of(cases_[number]);
      QVERIFY2(found.empty(), (std::string(simd::name_of(target)) + ": " + found).c_str());
    }
  }

  std::vector<Json> cases_;
};

QTEST_APPLESS_MAIN(TestLayerParity)
#include "test_layer_parity.moc"
