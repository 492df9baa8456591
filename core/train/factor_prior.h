#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/train/rating_lists.h"
#include "core/train/row_solver.h"

namespace rowlight {

/// How strongly rows are drawn to zero, learnt from the ratings themselves, so that nobody has to choose it. The model:
/// a rating is its prediction plus noise of one variance; factor k of every row, of both sides, is normal around zero
/// with variance[k]; biases likewise. Variances and noise are updated by the rule of expectation maximisation with
/// factorised posteriors (Lim and Teh, "Variational Bayesian approach to movie rating prediction", KDD Cup 2007; Raiko,
/// Ilin and Karhunen, "Principal component analysis for large scale problems with lots of missing values", ECML 2007):
///   variance of factor k in a row's posterior: v[k] * n0 / (n + n0), n0 = noise / variance[k]^2, n its ratings;
///   variance[k] <- mean over rows of (factor^2 + posterior variance), the geometric mean of both sides;
///   noise <- mean of (squared error + what the posterior variances add to it).
/// The posterior variances of the other side's rows, summed over a row's ratings, are the second part of RowRidge; they
/// depend on the other rows' counts alone, of which the harmonic mean stands for all. Both tables are turned into the
/// axes in which they are uncorrelated and of equal variance (as by a singular value decomposition): there factors do
/// not trade places, and those without support fade.
class FactorPrior {
 public:
  FactorPrior() = default;
  /// `columns` factors of `variance` each, and what the biases leave as noise.
  FactorPrior(std::size_t columns, double variance, double noise, double bias_variance);

  [[nodiscard]] std::size_t columns() const { return variance_.size(); }
  [[nodiscard]] double noise() const { return noise_; }
  [[nodiscard]] const std::vector<double>& variances() const { return variance_; }

  /// More factors, of a third of the least variance.
  void grow(std::size_t columns);
  void set_variance(std::size_t column, double variance) { variance_[column] = variance; }
  /// Lowers the variances until the factors explain at most `share` of `total`.
  void limit(double share, double total);

  /// `ridge` for a side, whose biases are around `bias_centre`; `strength` scales it. No allocation when it has the
  /// size already.
  void fill(Table table, double bias_centre, double strength, RowRidge& ridge) const;

  /// Learns from tables that were just solved: `sums[i]` of each side's last solve, its biases around bias_centres[i].
  /// Turns the tables.
  void update(const FactorTables& tables, const RatingLists& lists, const SolveSums (&sums)[2],
              const double (&bias_centres)[2], ThreadPool& pool);

  /// For saving and going on: noise, the biases' variances, then the factors'.
  [[nodiscard]] std::vector<double> state() const;
  [[nodiscard]] static FactorPrior from_state(std::span<const double> state);

 private:
  void update_biases(const FactorTables& tables, const RatingLists& lists, const double (&bias_centres)[2]);

  std::vector<double> variance_;
  double noise_ = 1;
  double bias_variance_[2] = {1, 1};
};

// Both take the mean products of the columns from some 16,000 rows, evenly spread, and turn the first most_turned
// columns only. Rows of zeros are rows that training never sees and do not count. Cost: rows * columns^2.

/// Makes a table's columns uncorrelated, with mean square `variance`.
void whiten(MatrixView factors, double variance, ThreadPool& pool);

/// Turns and scales both tables so that their products stay and both are uncorrelated, of equal mean squares, in
/// falling order.
void turn_to_axes(MatrixView users, MatrixView movies, ThreadPool& pool);

/// Columns that are turned; with more the decomposition would cost more than it helps.
inline constexpr std::size_t most_turned = 128;

}  // namespace rowlight
