#include "core/model/dot_model.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/random.h"
#include "core/layers/embedding.h"
#include "core/layers/one_hot.h"
#include "core/simd/kernels.h"
#include "core/simd/training.h"

namespace rowlight {

namespace {

constexpr double initial_deviation = 0.01;  // fastai's for embeddings in collab models

// Streams of the seed: see Random. Dot and DotBias share theirs, so both start from the same factors.
constexpr std::uint64_t first_table_stream = 100;

enum ParameterPosition : std::size_t { user_factors, movie_factors, user_bias, movie_bias };

void draw(Matrix& table, Random random) {
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (float& x : table.row(r)) x = random.truncated_normal(initial_deviation);
  }
}

// Batches above this are cut into pieces for several threads, and sum their gradients group by group.
constexpr std::size_t large_batch = 2048;
constexpr std::size_t piece_size = 1024;  // ratings, or rows that are summed

/// Calls work(begin, end) for the pieces of [0, n), on all threads when there are several.
template <class Work>
void in_pieces(std::size_t n, ThreadPool& pool, const Work& work) {
  const auto piece = [&](std::size_t i) { work(i * piece_size, std::min(n, (i + 1) * piece_size)); };
  pool.parallel((n + piece_size - 1) / piece_size, std::cref(piece));
}

/// Rows [begin, end).
template <class T>
BasicMatrixView<T> rows_between(BasicMatrixView<T> matrix, std::size_t begin, std::size_t end) {
  return {matrix.data + begin * matrix.stride, end - begin, matrix.cols, matrix.stride};
}

}  // namespace

DotModel::DotModel(const DotModelSpec& spec, std::uint64_t seed) : DotModel(spec, true, seed) {}
DotModel::DotModel(const DotModelSpec& spec) : DotModel(spec, false, 0) {}

DotModel::DotModel(const DotModelSpec& spec, bool drawn, std::uint64_t seed)
    : spec_(spec),
      looked_up_{Matrix(spec.batch_size, spec.factors), Matrix(spec.batch_size, spec.factors)},
      scores_(spec.batch_size),
      sigmoids_(spec.batch_size),
      predictions_(spec.batch_size),
      grad_scores_(spec.batch_size) {
  const auto add = [&](const char* name, Table table, std::size_t cols) {
    const std::size_t rows = table == Table::Users ? spec_.users : spec_.movies;
    parameters_.push_back({name, table, Matrix(rows, cols)});
    if (drawn) draw(parameters_.back().value, Random(seed, first_table_stream + parameters_.size() - 1));
    const bool is_bias = parameters_.size() > 2;
    if (is_bias && !spec_.one_hot) {
      gradients_.emplace_back(gradients_[index_of(table)].row_slots(), cols);
      return;
    }
    if (!spec_.one_hot || is_bias) {
      gradients_.emplace_back(rows, cols, spec_.batch_size);
      return;
    }
    gradients_.emplace_back(0, cols, spec_.batch_size);
    one_hot_[index_of(table)] = {Matrix(spec_.batch_size, rows), Matrix(spec_.batch_size, cols), Matrix(rows, cols)};
  };
  if (may_split()) {
    split_grad_scores_.resize(spec_.batch_size);
    part_scores_.resize((part_count() - 1) * spec_.batch_size);
  }
  add("user_factors.weight", Table::Users, spec_.factors);
  add("movie_factors.weight", Table::Movies, spec_.factors);
  if (!spec_.bias) return;
  add("user_bias.weight", Table::Users, 1);
  add("movie_bias.weight", Table::Movies, 1);
}

std::uint64_t DotModel::parameter_count() const {
  std::uint64_t count = 0;
  for (const Parameter& p : parameters_) count += std::uint64_t{p.value.rows()} * p.value.cols();
  return count;
}

const Matrix* DotModel::bias(Table table) const {
  if (!spec_.bias) return nullptr;
  return &parameters_[table == Table::Users ? user_bias : movie_bias].value;
}

void DotModel::look_up(Table table, std::span<const std::int32_t> rows, ThreadPool& pool, BatchCost* cost) {
  batch_ = rows.size();
  copied_ = true;
  const ConstMatrixView weight = factors(table).view();
  MatrixView out = looked_up_[index_of(table)].view();
  out.rows = batch_;
  if (!spec_.one_hot && !cost && batch_ > large_batch) {
    in_pieces(batch_, pool, [&](std::size_t begin, std::size_t end) {
      rowlight::look_up(weight, rows.subspan(begin, end - begin), rows_between(out, begin, end), Uncounted{});
    });
    return;
  }
  with_policy(cost ? &cost->factors[index_of(table)] : nullptr, [&](auto policy) {
    if (!spec_.one_hot) {
      rowlight::look_up(weight, rows, out, policy);
      return;
    }
    MatrixView input = one_hot_[index_of(table)].input.view();
    input.rows = batch_;
    one_hot(rows, input, policy);
    std::ranges::fill(out.flat(), 0.0F);
    one_hot_matmul(input, weight, 0, weight.rows, out, policy);
  });
}

void DotModel::dot_product(ThreadPool& pool, BatchCost* cost) {
  const auto dots = [&](std::size_t begin, std::size_t end) {
    simd::dot_rows(rows_between(looked_up(Table::Users), begin, end),
                   rows_between(looked_up(Table::Movies), begin, end), std::span(scores_).subspan(begin, end - begin));
  };
  if (!cost && batch_ > large_batch) return in_pieces(batch_, pool, dots);
  dots(0, batch_);
  if (!cost) return;
  const std::uint64_t products = std::uint64_t{batch_} * spec_.factors;
  cost->rest.multiplies += products;
  cost->rest.adds += products - batch_;
  cost->rest.bytes_read += 2 * products * sizeof(float);
  cost->rest.bytes_written += batch_ * sizeof(float);
}

void DotModel::dot_product_in_place(std::span<const std::int32_t> users, std::span<const std::int32_t> movies,
                                    ThreadPool& pool) {
  batch_ = users.size();
  copied_ = false;
  const auto dots = [&](std::size_t begin, std::size_t end) {
    const std::size_t n = end - begin;
    simd::dot_of_rows(factors(Table::Users).view(), users.subspan(begin, n), factors(Table::Movies).view(),
                      movies.subspan(begin, n), std::span(scores_).subspan(begin, n));
  };
  if (batch_ > large_batch) return in_pieces(batch_, pool, dots);
  dots(0, batch_);
}

std::size_t DotModel::part_count() const {
  const std::size_t width = simd::dot_part_width(padded_stride(spec_.factors));
  return (spec_.factors + width - 1) / width;
}

Columns DotModel::part(std::size_t i) const {
  const std::size_t width = simd::dot_part_width(padded_stride(spec_.factors));
  return {i * width, std::min(width, spec_.factors - i * width)};
}

void DotModel::dot_product_of_part(std::span<const std::int32_t> users, std::span<const std::int32_t> movies,
                                   std::size_t part) {
  assert(may_split());
  const Columns columns = this->part(part);
  const std::span<float> out =
      part == 0 ? std::span(scores_) : std::span(part_scores_).subspan((part - 1) * spec_.batch_size);
  simd::dot_of_part(factors(Table::Users).view().columns(columns), users,
                    factors(Table::Movies).view().columns(columns), movies, out.first(users.size()));
}

void DotModel::sum_dot_parts(std::size_t batch) {
  batch_ = batch;
  copied_ = false;
  for (std::size_t first = 0; first < part_scores_.size(); first += spec_.batch_size) {
    const float* of_part = part_scores_.data() + first;
    for (std::size_t b = 0; b < batch_; ++b) scores_[b] += of_part[b];
  }
}

void DotModel::add_bias(std::span<const std::int32_t> users, std::span<const std::int32_t> movies, BatchCost* cost) {
  if (!spec_.bias) return;
  const float* of_user = parameters_[user_bias].value.data();
  const float* of_movie = parameters_[movie_bias].value.data();
  for (std::size_t b = 0; b < batch_; ++b) {
    scores_[b] += of_user[users[b]] + of_movie[movies[b]];
  }
  if (!cost) return;
  cost->rest.adds += 2 * batch_;
  cost->rest.bytes_read += 3 * batch_ * sizeof(float);
  cost->rest.bytes_written += batch_ * sizeof(float);
}

void DotModel::squash() {
  const std::span<float> out = std::span(predictions_).first(batch_);
  if (squashes()) {
    simd::sigmoid_range(scores(), spec_.range.low, spec_.range.high, std::span(sigmoids_).first(batch_), out);
  } else {
    std::ranges::copy(scores(), out.begin());
  }
}

ConstMatrixView DotModel::looked_up(Table table) const {
  ConstMatrixView view = looked_up_[index_of(table)].view();
  view.rows = copied_ ? batch_ : 0;
  return view;
}

void DotModel::score_gradient(std::span<const float> grad_predictions) {
  assert(grad_predictions.size() == batch_);
  if (!squashes()) {
    std::ranges::copy(grad_predictions, grad_scores_.begin());
    return;
  }
  const float width = spec_.range.high - spec_.range.low;
  for (std::size_t b = 0; b < batch_; ++b) {
    const float s = sigmoids_[b];
    grad_scores_[b] = grad_predictions[b] * (s * (1.0F - s) * width);
  }
}

/// The gradient of `table` summed row by row, scaling the other table's looked-up rows as they are added.
void DotModel::gather_gradient(Table table, const simd::RatingPairs& ratings, const simd::SlotGroups& groups,
                               ThreadPool& pool, Cost* cost) {
  RowGradient& gradient = gradients_[index_of(table)];
  const Table other = table == Table::Users ? Table::Movies : Table::Users;
  // The table's rows and their copies are the same numbers; of many the table takes less room.
  const bool from_table = !copied_ || factors(other).rows() < batch_;
  const ConstMatrixView from = from_table ? factors(other).view() : looked_up(other);
  const std::span<const std::int32_t> other_rows = table == Table::Users ? ratings.movies : ratings.users;
  const auto ids = from_table ? other_rows : std::span<const std::int32_t>{};
  if (groups.begins.empty()) {
    simd::sum_rows(ratings.grad_scores, from, ids, gradient.row_slots()->of_batch(), gradient.values());
  } else {
    const MatrixView out = gradient.values();
    in_pieces(out.rows, pool, [&](std::size_t begin, std::size_t end) {
      simd::sum_groups(ratings.grad_scores, from, ids, groups, begin, end, out);
    });
  }
  if (!cost) return;
  const std::uint64_t numbers = std::uint64_t{batch_} * spec_.factors;
  cost->multiplies += numbers;
  cost->adds += numbers;
  cost->bytes_read += 2 * numbers * sizeof(float);
  cost->bytes_written += numbers * sizeof(float);
}

/// The same sums as one-hotT . grad_output, for every row of the table.
void DotModel::one_hot_gradient(Table table, Cost* cost) {
  OneHotPath& path = one_hot_[index_of(table)];
  const ConstMatrixView other = looked_up(table == Table::Users ? Table::Movies : Table::Users);
  for (std::size_t b = 0; b < batch_; ++b) {
    const float g = grad_scores_[b];
    std::ranges::transform(other.row(b), path.grad_output.row(b).begin(), [g](float x) { return g * x; });
  }
  ConstMatrixView input = path.input.view();
  ConstMatrixView grad_output = path.grad_output.view();
  input.rows = grad_output.rows = batch_;
  with_policy(cost, [&](auto policy) {
    zero_fill(path.grad_weight.view(), policy);
    one_hot_matmul_backward(input, grad_output, 0, input.cols, path.grad_weight.view(), policy);
  });
}

void DotModel::row_gradients(std::span<const std::int32_t> users, std::span<const std::int32_t> movies,
                             ThreadPool& pool, BatchCost* cost) {
  const simd::RatingPairs ratings{users, movies, score_gradients()};
  gradient_views_.clear();
  const bool large = batch_ > large_batch && !cost;
  simd::SlotGroups groups[2];
  const auto assign = [&](std::size_t side) {
    assign_slots(static_cast<Table>(side), ratings);
    if (large) groups[side] = gradients_[side].row_slots()->group();
  };
  if (!spec_.one_hot) {
    if (large) {
      pool.parallel(2, std::cref(assign));
    } else {
      for (const std::size_t side : {0U, 1U}) assign(side);
    }
  }
  for (const Table table : {Table::Users, Table::Movies}) {
    Cost* of_table = cost ? &cost->factors[index_of(table)] : nullptr;
    if (spec_.one_hot) {
      one_hot_gradient(table, of_table);
      gradient_views_.emplace_back(std::as_const(one_hot_[index_of(table)].grad_weight).view());
    } else {
      gather_gradient(table, ratings, groups[index_of(table)], pool, of_table);
      gradient_views_.emplace_back(gradients_[index_of(table)]);
    }
  }
  sum_bias_gradients(ratings, cost);
}

bool DotModel::may_split() const { return !spec_.one_hot && spec_.factors > 1 && spec_.batch_size <= large_batch; }

simd::RatingPairs DotModel::row_gradients_but_pairs(const PairSplit& split) {
  assert(may_split() && !copied_ && split.places.size() == batch_);
  const std::span<float> grads = std::span(split_grad_scores_).first(batch_);
  for (std::size_t i = 0; i < batch_; ++i) grads[i] = grad_scores_[static_cast<std::size_t>(split.places[i])];
  const std::size_t n = split.pairs;
  for (float& grad : grads.first(n)) grad += 0.0F;  // a sum of one: minus zero is zero
  split_others_ = {split.users.subspan(n), split.movies.subspan(n), grads.subspan(n)};
  gradient_views_.clear();
  for (const Table table : {Table::Users, Table::Movies}) {
    assign_slots(table, split_others_);
    gradient_views_.emplace_back(gradients_[index_of(table)]);
  }
  sum_bias_gradients(split_others_, nullptr);
  return {split.users.first(n), split.movies.first(n), grads.first(n)};
}

void DotModel::sum_factor_gradients(Columns columns) {
  const auto sum = [&](Table table, Table other, std::span<const std::int32_t> other_rows) {
    RowGradient& gradient = gradients_[index_of(table)];
    simd::sum_rows(split_others_.grad_scores, factors(other).view().columns(columns), other_rows,
                   gradient.row_slots()->of_batch(), gradient.values().columns(columns));
  };
  sum(Table::Users, Table::Movies, split_others_.movies);
  sum(Table::Movies, Table::Users, split_others_.users);
}

void DotModel::assign_slots(Table table, const simd::RatingPairs& ratings) {
  RowSlots& slots = *gradients_[index_of(table)].row_slots();
  slots.clear();
  slots.assign(table == Table::Users ? ratings.users : ratings.movies);
}

void DotModel::sum_bias_gradients(const simd::RatingPairs& ratings, BatchCost* cost) {
  if (!spec_.bias) return;
  for (const Table table : {Table::Users, Table::Movies}) {
    RowGradient& gradient = gradients_[table == Table::Users ? user_bias : movie_bias];
    if (spec_.one_hot) {  // nobody has assigned slots
      gradient.clear();
      gradient.row_slots()->assign(table == Table::Users ? ratings.users : ratings.movies);
    }
    const MatrixView values = gradient.values();
    std::ranges::fill(values.flat(), 0.0F);
    const std::span<const std::int32_t> slots = gradient.row_slots()->of_batch();
    for (std::size_t b = 0; b < slots.size(); ++b) values.data[slots[b]] += ratings.grad_scores[b];
    gradient_views_.emplace_back(gradient);
    if (cost) cost->rest.adds += batch_;
  }
}

void DotModel::predict(std::span<const std::int32_t> users, std::span<const std::int32_t> movies,
                       std::span<float> out) const {
  assert(users.size() == movies.size() && users.size() == out.size());
  constexpr std::size_t piece = 256;  // ids of unseen rows are replaced in a buffer on the stack
  std::int32_t u[piece];
  std::int32_t m[piece];
  for (std::size_t begin = 0; begin < out.size(); begin += piece) {
    const std::size_t n = std::min(piece, out.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      u[i] = std::max(users[begin + i], 0);
      m[i] = std::max(movies[begin + i], 0);
    }
    simd::dot_of_rows(parameters_[user_factors].value.view(), {u, n}, parameters_[movie_factors].value.view(), {m, n},
                      out.subspan(begin, n));
    for (std::size_t i = 0; i < n; ++i) {
      const bool known_user = users[begin + i] >= 0;
      const bool known_movie = movies[begin + i] >= 0;
      float score = known_user && known_movie ? out[begin + i] : 0.0F;
      if (spec_.bias) {
        score += (known_user ? parameters_[user_bias].value.data()[u[i]] : 0.0F) +
                 (known_movie ? parameters_[movie_bias].value.data()[m[i]] : 0.0F);
      }
      out[begin + i] = score;
    }
    const std::span<float> scores = out.subspan(begin, n);
    if (squashes()) simd::sigmoid_range(scores, spec_.range.low, spec_.range.high, {}, scores);
  }
}

}  // namespace rowlight
