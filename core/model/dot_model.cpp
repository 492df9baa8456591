#include "core/model/dot_model.h"

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/simd/kernels.h"

namespace rowlight {

namespace {

constexpr double initial_deviation = 0.01;  // fastai's for embeddings in collab models

// Streams of the seed: see Random. Dot and DotBias share theirs, so both start from the same factors.
constexpr std::uint64_t first_table_stream = 100;

enum ParameterPosition : std::size_t { user_factors, movie_factors, user_bias, movie_bias };

Parameter make_parameter(const char* name, Table table, std::size_t rows, std::size_t cols, Random random) {
  Parameter parameter{name, table, Matrix(rows, cols)};
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : parameter.value.row(r)) x = random.truncated_normal(initial_deviation);
  }
  return parameter;
}

float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

}  // namespace

DotModel::DotModel(const DotModelSpec& spec, std::uint64_t seed)
    : spec_(spec),
      user_rows_(spec.batch_size, spec.factors),
      movie_rows_(spec.batch_size, spec.factors),
      scores_(spec.batch_size),
      predictions_(spec.batch_size),
      grad_scores_(spec.batch_size) {
  const auto add = [&](const char* name, Table table, std::size_t cols) {
    const std::size_t rows = table == Table::Users ? spec_.users : spec_.movies;
    parameters_.push_back(
        make_parameter(name, table, rows, cols, Random(seed, first_table_stream + parameters_.size())));
    gradients_.emplace_back(rows, cols, spec_.batch_size);
  };
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

void DotModel::look_up_users(std::span<const std::int32_t> users) {
  batch_ = users.size();
  simd::gather_rows(parameters_[user_factors].value.view(), users, user_rows_.view());
}

void DotModel::look_up_movies(std::span<const std::int32_t> movies) {
  simd::gather_rows(parameters_[movie_factors].value.view(), movies, movie_rows_.view());
}

void DotModel::dot_product() {
  simd::dot_rows(user_rows_.view(), movie_rows_.view(), std::span(scores_).first(batch_));
}

void DotModel::add_bias(std::span<const std::int32_t> users, std::span<const std::int32_t> movies) {
  if (!spec_.bias) return;
  const float* of_user = parameters_[user_bias].value.data();
  const float* of_movie = parameters_[movie_bias].value.data();
  for (std::size_t b = 0; b < batch_; ++b) {
    scores_[b] += of_user[users[b]] + of_movie[movies[b]];
  }
}

float DotModel::squashed(float score) const {
  return sigmoid(score) * (spec_.range.high - spec_.range.low) + spec_.range.low;
}

void DotModel::squash() {
  for (std::size_t b = 0; b < batch_; ++b) predictions_[b] = squashes() ? squashed(scores_[b]) : scores_[b];
}

ConstMatrixView DotModel::user_rows() const {
  ConstMatrixView view = user_rows_.view();
  view.rows = batch_;
  return view;
}

ConstMatrixView DotModel::movie_rows() const {
  ConstMatrixView view = movie_rows_.view();
  view.rows = batch_;
  return view;
}

void DotModel::score_gradient(std::span<const float> grad_predictions) {
  assert(grad_predictions.size() == batch_);
  const float width = spec_.range.high - spec_.range.low;
  for (std::size_t b = 0; b < batch_; ++b) {
    grad_scores_[b] = grad_predictions[b];
    if (squashes()) {
      const float s = sigmoid(scores_[b]);
      grad_scores_[b] *= s * (1.0F - s) * width;
    }
  }
}

void DotModel::row_gradients(std::span<const std::int32_t> users, std::span<const std::int32_t> movies) {
  for (RowGradient& gradient : gradients_) gradient.clear();
  const std::span<const float> g = score_gradients();
  const auto user_slots = gradients_[user_factors].assign_slots(users);
  simd::scatter_add_scaled(g, movie_rows(), user_slots, gradients_[user_factors].values());
  const auto movie_slots = gradients_[movie_factors].assign_slots(movies);
  simd::scatter_add_scaled(g, user_rows(), movie_slots, gradients_[movie_factors].values());
  if (!spec_.bias) return;
  const auto add = [&](RowGradient& gradient, std::span<const std::int32_t> ids) {
    const auto positions = gradient.assign_slots(ids);
    float* values = gradient.values().data;
    for (std::size_t b = 0; b < batch_; ++b) values[positions[b]] += g[b];
  };
  add(gradients_[user_bias], users);
  add(gradients_[movie_bias], movies);
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
      out[begin + i] = squashes() ? squashed(score) : score;
    }
  }
}

}  // namespace rowlight
