#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/thread_pool.h"
#include "core/train/rating_lists.h"

namespace rowlight {

/// The tables that least squares works on, `factors` cut to the columns that are in use. Empty biases stand for a model
/// without.
struct FactorTables {
  MatrixView factors[2];  ///< (users, columns), (movies, columns)
  std::span<float> bias[2];
};

/// How strongly the rows of one side are drawn to zero: factor k of a row with n ratings by
///   base[k] * (1 + n / (h + spread[k])), where h = RatingLists::partner_count of the row.
/// The first part is the ridge of a normal prior, the second what is uncertain in the rows of the other side; see
/// FactorPrior.
struct RowRidge {
  std::vector<float> base;    ///< padded_stride(columns), above 0
  std::vector<float> spread;  ///< padded_stride(columns)
  float bias = 0;             ///< of the bias, drawn to bias_centre
  float bias_centre = 0;
};

/// How the rows are solved.
struct SolveOptions {
  int iterations = 2;                   ///< of conjugate gradients
  float step = 1;                       ///< every step's length, as a share of the best
  std::size_t most_ratings = SIZE_MAX;  ///< of a row; the others are left out
};

/// What a solve leaves, summed over its rows.
struct SolveSums {
  double squares = 0;  ///< squared errors after it, over the ratings that were used
  double ridge = 0;    ///< sum of base[k] * n / (h + spread[k]) * factor^2: the second part of the ridge
  std::uint64_t ratings = 0;

  SolveSums& operator+=(const SolveSums& more) {
    squares += more.squares;
    ridge += more.ridge;
    ratings += more.ratings;
    return *this;
  }
};

/// Alternating least squares, one row at a time: given the other side's table, a row's factors x and bias b minimise
///   sum over its ratings of (rating - x . v - b - other bias)^2 + ridge,
/// by conjugate gradients with the diagonal as preconditioner that begin where the row stands (Takacs, Pilaszy and
/// Tikk, "Applications of the conjugate gradient method for implicit feedback collaborative filtering", RecSys 2011).
/// Rows of one side do not touch each other, so the result does not depend on threads. A row of very many ratings is
/// cut into pieces of fixed size. No allocation after construction.
class RowSolver {
 public:
  /// A stretch of rows that are solved together: one piece of work between two looks at the clock.
  struct Part {
    std::size_t first_piece = 0;
    std::size_t last_piece = 0;  ///< one past
    std::uint64_t ratings = 0;
    bool far = false;  ///< rows of very many ratings, each a piece: they share the threads between them
  };

  /// `stride` is the widest row that will be solved, in floats. All three must outlive the solver.
  RowSolver(const RatingLists& lists, std::size_t stride, ThreadPool& pool);
  ~RowSolver();
  RowSolver(const RowSolver&) = delete;
  RowSolver& operator=(const RowSolver&) = delete;

  /// The parts of a side, rows of very many ratings first; they depend on the lists and the stride alone.
  [[nodiscard]] const std::vector<Part>& parts(Table table) const { return sides_[index_of(table)].parts; }

  /// Solves a part's rows. Rows without ratings stay as they are.
  SolveSums solve(Table table, const Part& part, const FactorTables& tables, const RowRidge& ridge,
                  const SolveOptions& options);

  /// One step of a power iteration for a part's rows: row = sum of e * v / (n + 10) over its first `most` ratings,
  /// with e what the biases leave of a rating. Biases are given on their own.
  SolveSums project(Table table, const Part& part, MatrixView own, ConstMatrixView other,
                    std::span<const float> own_bias, std::span<const float> other_bias, std::size_t most);

  /// bias = centre + sum of (rating - centre - other bias) / (n + 5) for a part's rows, over their first `most`
  /// ratings: a first guess.
  void guess_bias(Table table, const Part& part, float centre, std::span<float> own, std::span<const float> other,
                  std::size_t most);

 private:
  struct Worker {  // buffers of one thread
    std::vector<std::int32_t> ids;
    std::vector<float> targets;
    std::vector<float> vectors;
  };
  struct Piece {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  // one past
  };
  struct Side {
    std::vector<Piece> pieces;
    std::vector<Part> parts;
  };
  struct Row;
  class Descent;
  struct FarPiece {
    std::size_t row = 0;    // of the part
    std::size_t begin = 0;  // rating, counted in the row
  };
  enum class FarPass : std::uint8_t { Residual, Product, Square };

  [[nodiscard]] bool is_far(std::size_t ratings) const;
  void plan(Table table);
  [[nodiscard]] Row row_of(Table table, std::size_t row, const FactorTables& tables, const RowRidge& ridge,
                           const SolveOptions& options) const;
  [[nodiscard]] SolveSums solve_near(const Row& row, Worker& worker) const;
  [[nodiscard]] SolveSums solve_far(Table table, const Part& part, const FactorTables& tables, const RowRidge& ridge,
                                    const SolveOptions& options);
  void far_pass(FarPass kind, std::vector<Descent>& rows);
  template <class Work>
  void run(const Part& part, const Work& work);
  [[nodiscard]] SolveSums piece_total(const Part& part) const;

  const RatingLists& lists_;
  std::size_t stride_;
  ThreadPool& pool_;
  Side sides_[2];
  std::vector<Worker> workers_;
  std::vector<SolveSums> piece_sums_;
  std::vector<float> far_vectors_;  // of the rows of a far part
  std::vector<float> partial_;      // of their pieces: two vectors and two sums each
  std::vector<FarPiece> far_pieces_;
  std::vector<Descent> far_rows_;
};

}  // namespace rowlight
