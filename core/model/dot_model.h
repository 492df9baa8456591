#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/row_index.h"
#include "core/base/thread_pool.h"
#include "core/layers/cost.h"
#include "core/model/pair_split.h"
#include "core/model/row_gradient.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

/// One trainable table under the name that PyTorch's state_dict gives it.
struct Parameter {
  std::string name;  ///< "user_factors.weight", "movie_factors.weight", "user_bias.weight", "movie_bias.weight"
  Table rows = Table::Users;  ///< whose rows these are
  Matrix value;               ///< (users or movies, factors), or (..., 1) for biases
};

/// Shape and output range of a DotModel.
struct DotModelSpec {
  std::size_t users = 0;
  std::size_t movies = 0;
  std::size_t factors = 0;
  bool bias = true;      ///< DotProductBias; without: DotProduct
  bool one_hot = false;  ///< look rows up, and sum their gradients, by products with one-hot matrices
  RatingScale range;     ///< of sigmoid_range; low == high: predictions are not squashed
  std::size_t batch_size = 64;
};

/// What a stage of a minibatch costs, told apart by table.
struct BatchCost {
  Cost factors[2];  ///< of the users' and the movies' factors
  Cost rest;        ///< biases, scores, loss
  [[nodiscard]] Cost& of(std::size_t parameter) { return parameter < 2 ? factors[parameter] : rest; }
};

/// fastai's DotProduct and DotProductBias ("Deep Learning for Coders", chapter 8):
///   score[b] = sum_k users[b][k] * movies[b][k] (+ user_bias[b] + movie_bias[b])
///   prediction[b] = sigmoid(score[b]) * (high - low) + low
/// With `one_hot` the tables are the weights of Linear layers without bias on one-hot inputs, stored transposed: the
/// same rows are computed as products with every row of the table, and the gradient is dense.
/// The forward and backward pass are cut into the operations that the stepper shows; each fills buffers that stay
/// readable until the next batch. Not synchronised, except that predict() may run on several threads, and what takes a
/// part or columns of the factors on as many as these do not overlap.
class DotModel {
 public:
  /// Tables drawn from the truncated normal distribution N(0, 0.01), each from its own stream of `seed`.
  DotModel(const DotModelSpec& spec, std::uint64_t seed);
  /// Tables of zeros.
  explicit DotModel(const DotModelSpec& spec);

  [[nodiscard]] const DotModelSpec& spec() const { return spec_; }
  [[nodiscard]] std::vector<Parameter>& parameters() { return parameters_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
  /// One gradient for each parameter, in the same order; filled by row_gradients().
  [[nodiscard]] std::span<const TableGradient> gradients() const { return gradient_views_; }
  [[nodiscard]] std::uint64_t parameter_count() const;
  [[nodiscard]] const Matrix& factors(Table table) const { return parameters_[index_of(table)].value; }
  /// Null for a model without biases.
  [[nodiscard]] const Matrix* bias(Table table) const;

  // Forward, in this order, for a batch of at most spec().batch_size.
  // Pre: users and movies have one length; 0 <= users[b] < spec().users; likewise movies. With `cost` the work is
  // counted, and done by one thread; else large batches use `pool`, which changes no bit.
  void look_up(Table table, std::span<const std::int32_t> rows, ThreadPool& pool, BatchCost* cost = nullptr);
  void dot_product(ThreadPool& pool, BatchCost* cost = nullptr);
  /// Both lookups and dot_product() with the same bits, but without the copies: looked_up() then has no rows. Pre: not
  /// spec().one_hot.
  void dot_product_in_place(std::span<const std::int32_t> users, std::span<const std::int32_t> movies,
                            ThreadPool& pool);
  /// The same in two steps: of each of the factors' parts, which threads may share out, and then the sum of all of them
  /// for the batch. Pre: may_split(); part < part_count(); all calls are for the same ratings, `batch` their number.
  void dot_product_of_part(std::span<const std::int32_t> users, std::span<const std::int32_t> movies, std::size_t part);
  void sum_dot_parts(std::size_t batch);
  /// The parts whose products are summed by themselves, at most four: see simd::dot_part_width().
  [[nodiscard]] std::size_t part_count() const;
  [[nodiscard]] Columns part(std::size_t i) const;
  void add_bias(std::span<const std::int32_t> users, std::span<const std::int32_t> movies, BatchCost* cost = nullptr);
  void squash();

  /// The looked-up rows (batch, factors) of the running batch.
  [[nodiscard]] ConstMatrixView looked_up(Table table) const;
  /// (batch): after dot_product the products' sums, after add_bias with the biases, before squash().
  [[nodiscard]] std::span<const float> scores() const { return {scores_.data(), batch_}; }
  [[nodiscard]] std::span<const float> predictions() const { return {predictions_.data(), batch_}; }

  // Backward.
  /// grad_scores[b] = grad_predictions[b] * d prediction / d score.
  void score_gradient(std::span<const float> grad_predictions);
  [[nodiscard]] std::span<const float> score_gradients() const { return {grad_scores_.data(), batch_}; }
  /// Sums grad_scores[b] * movie row b into the gradient of users[b]'s row, and the other way round.
  void row_gradients(std::span<const std::int32_t> users, std::span<const std::int32_t> movies, ThreadPool& pool,
                     BatchCost* cost = nullptr);

  /// Whether batches of this model may be taken apart: they are small, and it looks rows up that are several floats.
  [[nodiscard]] bool may_split() const;
  /// As row_gradients() of the batch that `split` took apart, but without its pairs: those are returned, for a step
  /// that needs no gradient in memory. Neither part has a row of the other's. The gradients of factors are only filled
  /// by sum_factor_gradients(). Pre: may_split(); the batch's last forward operations were dot_product_in_place(), or
  /// its steps, and what follows it. Valid until the next batch, and as long as `split`.
  [[nodiscard]] simd::RatingPairs row_gradients_but_pairs(const PairSplit& split);
  /// Some columns of them. Threads may each do theirs. Pre: `columns` as for BasicMatrixView::columns(); the rows have
  /// not moved since the forward operations.
  void sum_factor_gradients(Columns columns);

  /// Predictions without touching the batch's buffers: the same bits as the forward operations give.
  /// A row of -1 stands for an id that training never saw and contributes a zero row and zero bias.
  void predict(std::span<const std::int32_t> users, std::span<const std::int32_t> movies, std::span<float> out) const;

 private:
  DotModel(const DotModelSpec& spec, bool drawn, std::uint64_t seed);
  /// What a table needs when it is used through one-hot products; empty otherwise.
  struct OneHotPath {
    Matrix input;        // (batch, rows)
    Matrix grad_output;  // (batch, factors)
    Matrix grad_weight;  // (rows, factors)
  };
  void one_hot_gradient(Table table, Cost* cost);
  void assign_slots(Table table, const simd::RatingPairs& ratings);
  void sum_bias_gradients(const simd::RatingPairs& ratings, BatchCost* cost);
  /// `groups` of the table's slots, or none in a small batch.
  void gather_gradient(Table table, const simd::RatingPairs& ratings, const simd::SlotGroups& groups, ThreadPool& pool,
                       Cost* cost);
  [[nodiscard]] bool squashes() const { return spec_.range.low != spec_.range.high; }

  DotModelSpec spec_;
  std::vector<Parameter> parameters_;   // user factors, movie factors and, with biases, user bias, movie bias
  std::vector<RowGradient> gradients_;  // of the factors only without one_hot; of the biases always
  std::vector<TableGradient> gradient_views_;
  std::size_t batch_ = 0;
  bool copied_ = false;  // looked_up_ has the batch's rows
  Matrix looked_up_[2];  // (batch, factors) each
  OneHotPath one_hot_[2];
  std::vector<float> scores_;
  std::vector<float> part_scores_;  // of the parts but the first
  std::vector<float> sigmoids_;
  std::vector<float> predictions_;
  std::vector<float> grad_scores_;
  std::vector<float> split_grad_scores_;  // in the order of a batch taken apart
  simd::RatingPairs split_others_;        // of it, those that are no pairs
};

}  // namespace rowlight
