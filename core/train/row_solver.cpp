#include "core/train/row_solver.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <functional>

#include "core/simd/factorization.h"

namespace rowlight {

namespace {

constexpr std::size_t near_ratings = 1U << 14;   // a row of more is cut into pieces
constexpr std::size_t far_piece = 1U << 12;      // ratings of such a piece
constexpr std::size_t piece_ratings = 1U << 13;  // of a piece of several rows, about
constexpr std::size_t part_floats = 1U << 24;    // ratings times stride of a part, about
constexpr std::size_t lanes = 16;                // sums that run side by side
constexpr float power_shrinkage = 10;
constexpr float bias_shrinkage = 5;
constexpr std::size_t vector_count = 5;  // of a descent

/// Sum of f(k) for k below n, always added in the same order.
template <class Term>
float sum_of(std::size_t n, const Term& term) {
  std::array<float, lanes> sums{};
  std::size_t k = 0;
  for (; k + lanes <= n; k += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term(k + lane);
  }
  float total = 0;
  for (; k < n; ++k) total += term(k);
  for (const float sum : sums) total += sum;
  return total;
}

}  // namespace

/// What one row is solved from.
struct RowSolver::Row {
  Table table = Table::Users;
  std::size_t first = 0;  // rating, over the whole side
  std::size_t n = 0;
  ConstMatrixView other;
  std::span<const float> other_bias;
  std::span<float> x;
  float* bias = nullptr;  // null: none
  const RowRidge* ridge = nullptr;
  float partner_count = 1;
  SolveOptions options;
};

/// The conjugate gradients of one row. Whoever runs it makes the passes over its ratings: a residual pass at x,
/// offset() into gradient() and curvature(), then for each step a pass along direction(), bias_direction() into
/// product(), which the last step does without.
class RowSolver::Descent {
 public:
  /// `vectors`: room for vector_count of them.
  Descent(const Row& row, std::span<float> vectors) : row_(row) {
    const std::size_t width = row.x.size();
    std::span<float>* const all[vector_count] = {&g_, &inverse_, &ridge_, &p_, &product_};
    for (std::size_t i = 0; i < vector_count; ++i) *all[i] = vectors.subspan(i * width, width);
    const auto n = static_cast<float>(row.n);
    for (std::size_t k = 0; k < width; ++k) {
      ridge_[k] = row.ridge->base[k] * (1 + n / (row.partner_count + row.ridge->spread[k]));
      g_[k] = 0;
      inverse_[k] = 0;
    }
    if (row.bias == nullptr) return;
    centre_ = row.ridge->bias_centre;
    bias_ = *row.bias - centre_;
    bias_ridge_ = row.ridge->bias;
    bias_inverse_ = 1 / (n + bias_ridge_);
  }

  [[nodiscard]] const Row& row() const { return row_; }
  [[nodiscard]] float offset() const { return bias_ + centre_; }
  [[nodiscard]] std::span<float> gradient() const { return g_; }
  [[nodiscard]] std::span<float> curvature() const { return inverse_; }
  [[nodiscard]] std::span<const float> direction() const { return p_; }
  [[nodiscard]] float bias_direction() const { return bias_p_; }
  [[nodiscard]] std::span<float> product() const { return product_; }

  /// After the residual pass.
  void begin(const simd::PassSums& residual) {
    const std::span<const float> x = row_.x;
    for (std::size_t k = 0; k < x.size(); ++k) {
      g_[k] -= ridge_[k] * x[k];
      inverse_[k] = 1 / (inverse_[k] + ridge_[k]);
      p_[k] = g_[k] * inverse_[k];
      product_[k] = 0;
    }
    bias_g_ = row_.bias ? residual.sum - bias_ridge_ * bias_ : 0;
    bias_p_ = bias_g_ * bias_inverse_;
    slope_ = sum_of(x.size(), [&](std::size_t k) { return g_[k] * p_[k]; }) + bias_g_ * bias_p_;
    squares_ = residual.squares;
    left_ = row_.options.iterations;
  }

  [[nodiscard]] bool ended() const { return left_ <= 0 || !(slope_ > 0); }
  [[nodiscard]] bool last() const { return left_ == 1; }

  /// After the pass along the direction. Pre: !ended().
  void step(const simd::PassSums& along_p) {
    const std::span<float> x = row_.x;
    const std::size_t width = x.size();
    const float bend = along_p.squares + bias_ridge_ * bias_p_ * bias_p_ +
                       sum_of(width, [&](std::size_t k) { return ridge_[k] * p_[k] * p_[k]; });
    // With q along the direction and e the errors, the squares change by step^2 * sum q^2 - 2 * step * sum e q.
    const float error_q = (bias_g_ + bias_ridge_ * bias_) * bias_p_ +
                          sum_of(width, [&](std::size_t k) { return p_[k] * (g_[k] + ridge_[k] * x[k]); });
    const float step = bend > 0 ? row_.options.step * slope_ / bend : 0;
    squares_ += step * (step * static_cast<double>(along_p.squares) - 2 * static_cast<double>(error_q));
    for (std::size_t k = 0; k < width; ++k) x[k] += step * p_[k];
    bias_ += step * bias_p_;
    if (--left_ == 0) return;
    for (std::size_t k = 0; k < width; ++k) g_[k] -= step * (product_[k] + ridge_[k] * p_[k]);
    if (row_.bias) bias_g_ -= step * (along_p.sum + bias_ridge_ * bias_p_);
    const float next =
        sum_of(width, [&](std::size_t k) { return g_[k] * g_[k] * inverse_[k]; }) + bias_g_ * bias_g_ * bias_inverse_;
    const float turn = next / slope_;
    slope_ = next;
    for (std::size_t k = 0; k < width; ++k) {
      p_[k] = g_[k] * inverse_[k] + turn * p_[k];
      product_[k] = 0;
    }
    bias_p_ = bias_g_ * bias_inverse_ + turn * bias_p_;
  }

  /// Stores the bias.
  [[nodiscard]] SolveSums finish() const {
    if (row_.bias) *row_.bias = bias_ + centre_;
    const std::span<const float> x = row_.x;
    const float shrunk =
        sum_of(x.size(), [&](std::size_t k) { return (ridge_[k] - row_.ridge->base[k]) * x[k] * x[k]; });
    return {squares_, shrunk, row_.n};
  }

 private:
  Row row_;
  std::span<float> g_;        // minus half the gradient
  std::span<float> inverse_;  // of the diagonal; the curvature until begin()
  std::span<float> ridge_;
  std::span<float> p_;
  std::span<float> product_;
  float centre_ = 0;  // of the bias, which is counted from it; all zero without a bias
  float bias_ = 0;
  float bias_ridge_ = 0;
  float bias_inverse_ = 0;
  float bias_g_ = 0;
  float bias_p_ = 0;
  float slope_ = 0;
  double squares_ = 0;
  int left_ = 0;
};

RowSolver::~RowSolver() = default;

RowSolver::RowSolver(const RatingLists& lists, std::size_t stride, ThreadPool& pool)
    : lists_(lists), stride_(stride), pool_(pool), workers_(pool.threads()) {
  std::size_t longest = 0;
  std::size_t most_pieces = 0;
  std::size_t most_far_rows = 0;
  std::size_t most_far_pieces = 0;
  for (const Table table : {Table::Users, Table::Movies}) {
    plan(table);
    for (const RatingLists::CountGroup& group : lists.count_groups(table)) longest = std::max(longest, group.ratings);
    for (const Part& part : parts(table)) {
      const std::size_t pieces = part.last_piece - part.first_piece;
      most_pieces = std::max(most_pieces, pieces);
      if (!part.far) continue;
      most_far_rows = std::max(most_far_rows, pieces);
      most_far_pieces = std::max(most_far_pieces, part.ratings / far_piece + pieces);
    }
  }
  for (Worker& worker : workers_) {
    worker.ids.resize(std::min(longest, near_ratings));
    worker.targets.resize(std::min(longest, near_ratings));
    worker.vectors.resize(vector_count * stride);
  }
  piece_sums_.resize(most_pieces);
  far_vectors_.resize(most_far_rows * vector_count * stride);
  far_rows_.reserve(most_far_rows);
  far_pieces_.reserve(most_far_pieces);
  partial_.resize(most_far_pieces * (2 * stride + 2));
}

bool RowSolver::is_far(std::size_t ratings) const { return ratings > near_ratings; }

/// A piece is a row of many ratings, or rows of some thousand ratings together; a part is several pieces of one kind.
void RowSolver::plan(Table table) {
  Side& side = sides_[index_of(table)];
  const auto rows = static_cast<std::uint32_t>(lists_.rows(table));
  for (const bool far : {true, false}) {
    Part part{side.pieces.size(), 0, 0, far};
    const auto end_part = [&] {
      part.last_piece = side.pieces.size();
      if (part.last_piece > part.first_piece) side.parts.push_back(part);
      part = {side.pieces.size(), 0, 0, far};
    };
    std::uint64_t in_piece = 0;
    bool open = false;  // the last piece takes more rows
    for (std::uint32_t row = 0; row < rows; ++row) {
      const std::size_t n = lists_.count(table, row);
      if (is_far(n) != far) {
        open = false;
        continue;
      }
      if (!open || far || in_piece >= piece_ratings) {
        if (part.ratings * stride_ >= part_floats) end_part();
        side.pieces.push_back({row, row});
        open = true;
        in_piece = 0;
      }
      side.pieces.back().last = row + 1;
      in_piece += n;
      part.ratings += n;
    }
    end_part();
  }
}

/// Calls work(piece, worker, sums) for a part's pieces, on all threads.
template <class Work>
void RowSolver::run(const Part& part, const Work& work) {
  const std::size_t pieces = part.last_piece - part.first_piece;
  std::atomic<std::size_t> next = 0;
  const auto some = [&](std::size_t slot) {
    for (std::size_t piece = next++; piece < pieces; piece = next++) {
      piece_sums_[piece] = {};
      work(part.first_piece + piece, workers_[slot], piece_sums_[piece]);
    }
  };
  pool_.parallel(std::min<std::size_t>(pieces, workers_.size()), std::cref(some));
}

SolveSums RowSolver::piece_total(const Part& part) const {
  SolveSums total;
  for (std::size_t i = 0; i < part.last_piece - part.first_piece; ++i) total += piece_sums_[i];
  return total;
}

RowSolver::Row RowSolver::row_of(Table table, std::size_t row, const FactorTables& tables, const RowRidge& ridge,
                                 const SolveOptions& options) const {
  const std::size_t own = index_of(table);
  const MatrixView factors = tables.factors[own];
  return {table,
          lists_.begins(table)[row],
          std::min(lists_.count(table, row), options.most_ratings),
          tables.factors[1 - own],
          tables.bias[1 - own],
          std::span(factors.data + row * factors.stride, padded_stride(factors.cols)),
          tables.bias[own].empty() ? nullptr : &tables.bias[own][row],
          &ridge,
          lists_.partner_count(table, row),
          options};
}

SolveSums RowSolver::solve(Table table, const Part& part, const FactorTables& tables, const RowRidge& ridge,
                           const SolveOptions& options) {
  if (part.far && options.most_ratings > near_ratings) return solve_far(table, part, tables, ridge, options);
  const Side& side = sides_[index_of(table)];
  run(part, [&](std::size_t piece, Worker& worker, SolveSums& sums) {
    for (std::size_t row = side.pieces[piece].first; row < side.pieces[piece].last; ++row) {
      if (lists_.count(table, row) > 0) sums += solve_near(row_of(table, row, tables, ridge, options), worker);
    }
  });
  return piece_total(part);
}

SolveSums RowSolver::solve_near(const Row& row, Worker& worker) const {
  const auto ids = std::span(worker.ids).first(row.n);
  const auto targets = std::span(worker.targets).first(row.n);
  lists_.read(row.table, row.first, row.other_bias, ids, targets);
  Descent d(row, worker.vectors);
  d.begin(simd::residual_pass(row.other, ids, targets, row.x, d.offset(), d.gradient(), d.curvature()));
  while (!d.ended()) {
    d.step(d.last() ? simd::square_pass(row.other, ids, d.direction(), d.bias_direction())
                    : simd::product_pass(row.other, ids, d.direction(), d.bias_direction(), d.product()));
  }
  return d.finish();
}

/// All rows of the part step by step together, so that the threads meet once for a pass and not once for a row.
SolveSums RowSolver::solve_far(Table table, const Part& part, const FactorTables& tables, const RowRidge& ridge,
                               const SolveOptions& options) {
  const Side& side = sides_[index_of(table)];
  far_rows_.clear();
  far_pieces_.clear();
  for (std::size_t piece = part.first_piece; piece < part.last_piece; ++piece) {
    const Row row = row_of(table, side.pieces[piece].first, tables, ridge, options);
    for (std::size_t begin = 0; begin < row.n; begin += far_piece) far_pieces_.push_back({far_rows_.size(), begin});
    far_rows_.emplace_back(
        row, std::span(far_vectors_).subspan(far_rows_.size() * vector_count * stride_, vector_count * stride_));
  }
  far_pass(FarPass::Residual, far_rows_);
  for (int i = 1; i < options.iterations; ++i) far_pass(FarPass::Product, far_rows_);
  if (options.iterations > 0) far_pass(FarPass::Square, far_rows_);
  SolveSums total;
  for (const Descent& d : far_rows_) total += d.finish();
  return total;
}

void RowSolver::far_pass(FarPass kind, std::vector<Descent>& rows) {
  const std::size_t room = 2 * stride_ + 2;  // of a piece
  std::atomic<std::size_t> next = 0;
  const auto work = [&](std::size_t slot) {
    for (std::size_t i = next++; i < far_pieces_.size(); i = next++) {
      const FarPiece& piece = far_pieces_[i];
      const Descent& d = rows[piece.row];
      const Row& row = d.row();
      const std::size_t n = std::min(far_piece, row.n - piece.begin);
      const auto ids = std::span(workers_[slot].ids).first(n);
      const auto targets = std::span(workers_[slot].targets).first(n);
      lists_.read(row.table, row.first + piece.begin, row.other_bias, ids, targets);
      const auto partial = std::span(partial_).subspan(i * room, room);
      std::ranges::fill(partial, 0.0F);
      const auto first = partial.first(row.x.size());
      const auto second = partial.subspan(row.x.size(), row.x.size());
      simd::PassSums sums;
      switch (kind) {
        case FarPass::Residual:
          sums = simd::residual_pass(row.other, ids, targets, row.x, d.offset(), first, second);
          break;
        case FarPass::Product:
          sums = simd::product_pass(row.other, ids, d.direction(), d.bias_direction(), first);
          break;
        case FarPass::Square: sums = simd::square_pass(row.other, ids, d.direction(), d.bias_direction()); break;
      }
      partial[room - 2] = sums.sum;
      partial[room - 1] = sums.squares;
    }
  };
  pool_.parallel(workers_.size(), std::cref(work));
  std::size_t i = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    Descent& d = rows[r];
    const std::size_t width = d.row().x.size();
    const std::span<float> first = kind == FarPass::Residual ? d.gradient() : d.product();
    double sum = 0;
    double squares = 0;
    for (; i < far_pieces_.size() && far_pieces_[i].row == r; ++i) {
      const float* partial = partial_.data() + i * room;
      for (std::size_t k = 0; k < width; ++k) first[k] += partial[k];
      if (kind == FarPass::Residual) {
        for (std::size_t k = 0; k < width; ++k) d.curvature()[k] += partial[width + k];
      }
      sum += partial[room - 2];
      squares += partial[room - 1];
    }
    const simd::PassSums sums{static_cast<float>(sum), static_cast<float>(squares)};
    if (kind == FarPass::Residual) {
      d.begin(sums);
    } else if (!d.ended()) {
      d.step(sums);
    }
  }
}

SolveSums RowSolver::project(Table table, const Part& part, MatrixView own, ConstMatrixView other,
                             std::span<const float> own_bias, std::span<const float> other_bias, std::size_t most) {
  const Side& side = sides_[index_of(table)];
  const std::size_t width = padded_stride(own.cols);
  run(part, [&](std::size_t piece, Worker& worker, SolveSums& sums) {
    for (std::size_t row = side.pieces[piece].first; row < side.pieces[piece].last; ++row) {
      const std::size_t n = std::min({lists_.count(table, row), most, near_ratings});
      if (n == 0) continue;
      const auto ids = std::span(worker.ids).first(n);
      const auto errors = std::span(worker.targets).first(n);
      lists_.read(table, lists_.begins(table)[row], other_bias, ids, errors);
      float squares = 0;
      const float share = 1 / (static_cast<float>(n) + power_shrinkage);
      for (float& e : errors) {
        e -= own_bias[row];
        squares += e * e;
        e *= share;
      }
      const std::span<float> x(own.data + row * own.stride, width);
      std::ranges::fill(x, 0.0F);
      simd::weighted_pass(other, ids, errors, x);
      sums.squares += squares;
      sums.ratings += n;
    }
  });
  return piece_total(part);
}

void RowSolver::guess_bias(Table table, const Part& part, float centre, std::span<float> own,
                           std::span<const float> other, std::size_t most) {
  const Side& side = sides_[index_of(table)];
  run(part, [&](std::size_t piece, Worker& worker, SolveSums&) {
    for (std::size_t row = side.pieces[piece].first; row < side.pieces[piece].last; ++row) {
      const std::size_t n = std::min({lists_.count(table, row), most, near_ratings});
      if (n == 0) continue;
      const auto ids = std::span(worker.ids).first(n);
      const auto values = std::span(worker.targets).first(n);
      lists_.read(table, lists_.begins(table)[row], other, ids, values);
      const float sum = sum_of(n, [&](std::size_t t) { return values[t] - centre; });
      own[row] = centre + sum / (static_cast<float>(n) + bias_shrinkage);
    }
  });
}

}  // namespace rowlight
