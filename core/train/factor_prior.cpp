#include "core/train/factor_prior.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace rowlight {

namespace {

constexpr double new_share = 0.3;         // of the least variance, for factors that are added
constexpr double least_variance = 1e-12;  // keeps divisions finite where everything is zero

/// Mean of n0 / (n + n0) over the rows.
double undecided_share(const RatingLists& lists, Table table, double n0) {
  double sum = 0;
  for (const RatingLists::CountGroup& group : lists.count_groups(table)) {
    sum += static_cast<double>(group.rows) * n0 / (static_cast<double>(group.ratings) + n0);
  }
  return sum / std::max(static_cast<double>(lists.rows_with_ratings(table)), 1.0);
}

/// Sum of the squares of each column.
std::vector<double> column_squares(ConstMatrixView factors, ThreadPool& pool) {
  constexpr std::size_t piece_rows = 2048;
  const std::size_t pieces = (factors.rows + piece_rows - 1) / piece_rows;
  std::vector<float> sums(pieces * factors.cols, 0);
  const auto work = [&](std::size_t piece) {
    float* to = sums.data() + piece * factors.cols;
    for (std::size_t row = piece * piece_rows; row < std::min(factors.rows, (piece + 1) * piece_rows); ++row) {
      const float* x = factors.data + row * factors.stride;
      for (std::size_t k = 0; k < factors.cols; ++k) to[k] += x[k] * x[k];
    }
  };
  pool.parallel(pieces, std::cref(work));
  std::vector<double> total(factors.cols, 0);
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    for (std::size_t k = 0; k < factors.cols; ++k) total[k] += sums[piece * factors.cols + k];
  }
  return total;
}

}  // namespace

FactorPrior::FactorPrior(std::size_t columns, double variance, double noise, double bias_variance)
    : variance_(columns, std::max(variance, least_variance)),
      noise_(std::max(noise, least_variance)),
      bias_variance_{std::max(bias_variance, least_variance), std::max(bias_variance, least_variance)} {}

void FactorPrior::grow(std::size_t columns) {
  if (columns <= variance_.size()) return;
  const double least = variance_.empty() ? 1.0 : std::ranges::min(variance_);
  variance_.resize(columns, std::max(new_share * least, least_variance));
}

void FactorPrior::limit(double share, double total) {
  double explained = 0;
  for (const double v : variance_) explained += v * v;
  if (explained <= share * total) return;
  const double factor = std::sqrt(share * total / explained);
  for (double& v : variance_) v = std::max(v * factor, least_variance);
}

void FactorPrior::fill(Table table, double bias_centre, double strength, RowRidge& ridge) const {
  const std::size_t width = padded_stride(variance_.size());
  ridge.base.assign(width, 1);
  ridge.spread.assign(width, 1);
  for (std::size_t k = 0; k < variance_.size(); ++k) {
    ridge.base[k] = static_cast<float>(strength * noise_ / variance_[k]);
    ridge.spread[k] = static_cast<float>(std::min(noise_ / (variance_[k] * variance_[k]), 1e30));
  }
  ridge.bias = static_cast<float>(strength * noise_ / bias_variance_[index_of(table)]);
  ridge.bias_centre = static_cast<float>(bias_centre);
}

void FactorPrior::update(const FactorTables& tables, const RatingLists& lists, const SolveSums (&sums)[2],
                         const double (&bias_centres)[2], ThreadPool& pool) {
  turn_to_axes(tables.factors[0], tables.factors[1], pool);
  const std::vector<double> squares[2] = {column_squares(tables.factors[0], pool),
                                          column_squares(tables.factors[1], pool)};
  for (std::size_t k = 0; k < variance_.size(); ++k) {
    double product = 1;
    for (const Table table : {Table::Users, Table::Movies}) {
      const double rows = std::max(static_cast<double>(lists.rows_with_ratings(table)), 1.0);
      const double n0 = noise_ / (variance_[k] * variance_[k]);
      product *= squares[index_of(table)][k] / rows + variance_[k] * undecided_share(lists, table, n0);
    }
    variance_[k] = std::max(std::sqrt(product), least_variance);
  }
  if (!tables.bias[0].empty()) update_biases(tables, lists, bias_centres);
  const SolveSums& last = sums[1];
  noise_ = last.squares / static_cast<double>(std::max<std::uint64_t>(last.ratings, 1));
  for (const SolveSums& side : sums) {
    if (side.ratings > 0) noise_ += side.ridge / static_cast<double>(side.ratings);
  }
  noise_ = std::max(noise_, least_variance);
}

void FactorPrior::update_biases(const FactorTables& tables, const RatingLists& lists, const double (&bias_centres)[2]) {
  for (const Table table : {Table::Users, Table::Movies}) {
    const std::size_t side = index_of(table);
    const double ridge = noise_ / bias_variance_[side];
    double sum = 0;
    double rows = 0;
    for (std::size_t row = 0; row < lists.rows(table); ++row) {
      const auto n = static_cast<double>(lists.count(table, row));
      if (n == 0) continue;
      const double b = tables.bias[side][row] - bias_centres[side];
      sum += b * b + noise_ / (n + ridge);
      ++rows;
    }
    bias_variance_[side] = std::max(sum / std::max(rows, 1.0), least_variance);
  }
}

std::vector<double> FactorPrior::state() const {
  std::vector<double> all = {noise_, bias_variance_[0], bias_variance_[1]};
  all.insert(all.end(), variance_.begin(), variance_.end());
  return all;
}

FactorPrior FactorPrior::from_state(std::span<const double> state) {
  FactorPrior prior;
  if (state.size() < 3) return prior;
  prior.noise_ = state[0];
  prior.bias_variance_[0] = state[1];
  prior.bias_variance_[1] = state[2];
  prior.variance_.assign(state.begin() + 3, state.end());
  return prior;
}

}  // namespace rowlight
