#include "core/analysis/pca_follower.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include "core/analysis/pca_passes.h"
#include "core/simd/covariance.h"

namespace rowlight {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using pca_detail::Applied;
using pca_detail::Spectrum;

constexpr double tolerance = 1e-5;         // by the variance that the next axis may have
constexpr double likely_tolerance = 6e-5;  // by the variances that all others had
constexpr double loose_tolerance = 2e-4;   // by the next axis, where the others say likely_tolerance
constexpr double hopeless = 0.3;           // a first order correction of axes this far off is not worth a pass
constexpr int most_passes = 3;
constexpr int most_warm_results = 31;

/// The axes that are followed, best within the space they span (Rayleigh and Ritz), and how far off they may be.
struct Ritz {
  MatrixXd turn;      // (count, count): from the axes that the table was multiplied with
  MatrixXd axes;      // (dim, count)
  VectorXd squares;   // (count), falling
  MatrixXd residual;  // (dim, count)
  double error = std::numeric_limits<double>::infinity();    // of the space of the first k axes
  double next = 0;                                           // the most that an axis beside the first k may have
  double closest = std::numeric_limits<double>::infinity();  // difference between two of the first k
  bool each_is_sure = false;                                 // and not only the space
};

/// Axes moved to where they probably belong, and how far that is for the first k of them.
struct Correction {
  MatrixXd axes;
  double size = 0;
};

/// Whether axes may be shown as PcaFollower promises them: their space is near to one that the covariance keeps, by
/// what the next axis may have or, less strictly so, by what all others had as well; and each is told from the others.
bool keeps_guarantee(const Ritz& ritz, const Correction& better) {
  const bool near = ritz.error <= tolerance || (ritz.error <= loose_tolerance && better.size <= likely_tolerance);
  return near && ritz.each_is_sure;
}

double closest_of(const VectorXd& squares, Index k) {
  double closest = std::numeric_limits<double>::infinity();
  for (Index c = 0; c + 1 < k; ++c) closest = std::min(closest, squares[c] - squares[c + 1]);
  return closest;
}

/// `next`: the most that an axis beside these may have, where it is known; else the last of these tells.
Ritz ritz_of(const MatrixXd& axes, const Applied& applied, Index k, std::optional<double> next) {
  const MatrixXd product = axes.transpose() * applied.products;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver((product + product.transpose()) / 2);
  const Index count = axes.cols();
  Ritz ritz;
  ritz.turn = solver.eigenvectors().rowwise().reverse();
  ritz.squares = solver.eigenvalues().reverse();
  ritz.axes = axes * ritz.turn;
  ritz.residual = applied.products * ritz.turn - ritz.axes * ritz.squares.asDiagonal();
  ritz.next = next ? *next : count > k ? ritz.squares[k] + ritz.residual.col(k).norm() : 0;
  const double gap = ritz.squares[k - 1] - ritz.next;
  const double rest = ritz.residual.leftCols(k).norm();
  if (count == axes.rows()) {  // they span everything
    ritz.error = 0;
  } else if (gap > 0) {
    ritz.error = rest / gap;
  }
  ritz.closest = closest_of(ritz.squares, k);
  ritz.each_is_sure =
      ritz.error * rest <= 1e-5 * ritz.closest;  // axes turn within their space by the square of its error
  return ritz;
}

/// Whether products in float, whose error is some 1e-7 of the largest variance, tell the axes apart well enough.
/// `gap`: between the last axis shown and the next one; `closest`: between two that are shown.
bool float_suffices(ConstMatrixView table, double largest, double gap, double closest, double total) {
  constexpr double most_spread = 50;
  constexpr double most_spread_shown = 500;
  constexpr double range = 1e20;  // of squares, which must not leave that of float
  const double square = total / (static_cast<double>(table.rows) * static_cast<double>(table.cols));
  return largest <= most_spread * gap && largest <= most_spread_shown * closest && square < range && square > 1 / range;
}

/// out (rows, k), padding included, = the first columns of `from` (rows, most_axes) . turn (count, k) - offset.
template <std::size_t k>
void turned(const float* from, const MatrixXd& turn, const VectorXd& offset, MatrixView out) {
  constexpr double limit = std::numeric_limits<float>::max();
  constexpr std::size_t stride = padded_stride(k);
  assert(out.cols == k && out.stride == stride && turn.rows() <= static_cast<Index>(simd::most_axes));
  const auto count = static_cast<std::size_t>(turn.rows());
  double factors[simd::most_axes][k] = {};  // beside each other in memory: the compiler makes vectors of them
  double start[k];
  for (std::size_t c = 0; c < k; ++c) {
    start[c] = -offset[static_cast<Index>(c)];
    for (std::size_t a = 0; a < count; ++a) factors[a][c] = turn(static_cast<Index>(a), static_cast<Index>(c));
  }
  for (std::size_t r = 0; r < out.rows; ++r, from += simd::most_axes) {
    double value[k];
    std::copy_n(start, k, value);
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t c = 0; c < k; ++c) value[c] += double{from[a]} * factors[a][c];
    }
    float line[stride] = {};
    for (std::size_t c = 0; c < k; ++c) line[c] = static_cast<float>(std::clamp(value[c], -limit, limit));
    std::copy_n(line, stride, out.data + r * stride);
  }
}

auto turned_by(Index k) {
  static_assert(simd::most_axes == 4);
  switch (k) {
    case 1: return &turned<1>;
    case 2: return &turned<2>;
    case 3: return &turned<3>;
    default: return &turned<4>;
  }
}

}  // namespace

struct PcaFollower::State {
  // Of the last result that was computed from the covariance:
  MatrixXd basis;    // (dim, dim)
  VectorXd squares;  // (dim)
  double total = 0;

  MatrixXd axes;  // (dim, count): those shown last and one more
  VectorXd mean;
  std::size_t rows = 0;
  PcaOptions options;
  int warm_results = 0;
  int passes = 0;
  bool usable = false;
  bool in_float = false;           // the next pass
  std::vector<float> coordinates;  // (rows, most_axes) on `axes`, dense: a Matrix would be padded to 16

  [[nodiscard]] bool fits(ConstMatrixView table, const PcaOptions& wanted) const {
    return usable && table.rows == rows && table.cols == static_cast<std::size_t>(axes.rows()) &&
           wanted.components == options.components && wanted.center == options.center &&
           warm_results < most_warm_results;
  }
  void start(const Spectrum& spectrum, const VectorXd& new_mean, ConstMatrixView table, const PcaOptions& used);
  [[nodiscard]] Correction corrected(const Ritz& ritz, double new_total) const;
  [[nodiscard]] std::optional<Pca> warm(ConstMatrixView table, ThreadPool* pool);
  [[nodiscard]] Pca shown(const Ritz& ritz, const Applied& applied, ThreadPool* pool);
};

void PcaFollower::State::start(const Spectrum& spectrum, const VectorXd& new_mean, ConstMatrixView table,
                               const PcaOptions& used) {
  const std::size_t count = std::min(used.components + 1, table.cols);
  basis = spectrum.axes;
  squares = spectrum.squares;
  total = spectrum.total;
  mean = new_mean;
  rows = table.rows;
  options = used;
  warm_results = 0;
  usable = total > 0 && count <= simd::most_axes;
  if (!usable) return;
  axes = basis.leftCols(static_cast<Index>(count));
  const auto k = static_cast<Index>(used.components);
  in_float = float_suffices(table, squares[0], squares[k - 1] - (k < squares.size() ? squares[k] : 0),
                            closest_of(squares, k), total);
}

/// First order perturbation (Davidson's correction): each axis moves along the last eigenvectors that are not followed
/// by its residual there over the difference of the variances.
Correction PcaFollower::State::corrected(const Ritz& ritz, double new_total) const {
  const auto k = static_cast<Index>(options.components);
  const Index dim = ritz.axes.rows();
  const Index count = ritz.axes.cols();
  const Index followed = axes.cols();
  // Where only the axes shown were looked at, the one more is among the others.
  const Index more = followed - count;
  MatrixXd others(dim, dim - count);
  others << axes.rightCols(more), basis.rightCols(dim - followed);
  VectorXd variances(dim - count);
  variances << VectorXd::Constant(more, ritz.next), squares.tail(dim - followed) * (new_total / total);
  MatrixXd moves = others.transpose() * ritz.residual;  // (dim - count, count)
  // What lies in none of them is counted as if it belonged to the next axis.
  const double gap = ritz.squares[k - 1] - ritz.next;
  const double elsewhere = (ritz.residual - others * moves).leftCols(k).norm();
  const double least = 1e-3 * ritz.squares[0] + std::numeric_limits<double>::min();
  bool apart = true;
  for (Index c = 0; c < count; ++c) {
    const Eigen::ArrayXd gaps = ritz.squares[c] - variances.array();
    apart = apart && (c >= k || (gaps > least).all());
    moves.col(c).array() /= gaps.max(least);
  }
  MatrixXd moved(dim, followed);
  moved << ritz.axes + others * moves, axes.rightCols(more);
  const MatrixXd thin = MatrixXd::Identity(dim, followed);
  Correction correction;
  correction.axes = Eigen::HouseholderQR<MatrixXd>(moved).householderQ() * thin;
  const bool known = apart && gap > 0;
  correction.size = known ? moves.leftCols(k).norm() + elsewhere / gap : std::numeric_limits<double>::infinity();
  return correction;
}

std::optional<Pca> PcaFollower::State::warm(ConstMatrixView table, ThreadPool* pool) {
  const auto k = static_cast<Index>(options.components);
  coordinates.resize(table.rows * simd::most_axes);
  const MatrixView found{coordinates.data(), table.rows, static_cast<std::size_t>(axes.cols()), simd::most_axes};
  double last_error = hopeless;
  std::optional<double> next;
  for (passes = 1; passes <= most_passes; ++passes) {
    // Once it is known what the axis beside those shown may have, it needs no further pass.
    const MatrixXd looked_at = axes.leftCols(next ? k : axes.cols());
    const Applied applied = in_float ? pca_detail::sketch(table, options.center, mean, looked_at, pool, found)
                                     : pca_detail::apply(table, options.center, mean, looked_at, pool, found);
    if (!applied.mean.allFinite() || !applied.products.allFinite() || !(applied.total > 0)) return std::nullopt;
    const double mean_moved = (applied.mean - mean).squaredNorm() * static_cast<double>(rows);
    mean = options.center ? applied.mean : VectorXd(VectorXd::Zero(axes.rows()));
    const Ritz ritz = ritz_of(looked_at, applied, k, next);
    next = ritz.next;
    const bool was_in_float = in_float;
    in_float = float_suffices(table, ritz.squares[0], ritz.squares[k - 1] - ritz.next, ritz.closest, applied.total);
    // In float a mean that moved far would leave little of what it is taken from.
    const bool precise = !was_in_float || (in_float && (!options.center || mean_moved <= 10 * ritz.squares[0]));
    Correction better = corrected(ritz, applied.total);
    if (precise && keeps_guarantee(ritz, better)) {
      Pca result = shown(ritz, applied, pool);
      axes = std::move(better.axes);  // so that what is let pass does not add up
      ++warm_results;
      return result;
    }
    // Every pass shrinks the error by about the same factor: is that enough?
    const double factor = passes == 1 ? hopeless : ritz.error / last_error;
    if ((precise && ritz.error >= last_error) ||
        ritz.error * std::pow(factor, most_passes - passes) > tolerance * 1e3) {
      return std::nullopt;
    }
    last_error = ritz.error;
    axes = std::move(better.axes);
  }
  return std::nullopt;
}

Pca PcaFollower::State::shown(const Ritz& ritz, const Applied& applied, ThreadPool* pool) {
  constexpr std::size_t piece_rows = 4096;
  const auto k = static_cast<Index>(options.components);
  MatrixXd turn = ritz.turn.leftCols(k);
  MatrixXd best = ritz.axes.leftCols(k);
  for (Index c = 0; c < k; ++c) {
    const double sign = pca_detail::sign_of(best.col(c));
    best.col(c) *= sign;
    turn.col(c) *= sign;
  }
  const VectorXd offset = turn.transpose() * applied.offset;
  Pca result = pca_detail::result_of(rows, mean, best, ritz.squares.cwiseMax(0.0), applied.total);
  const MatrixView out = result.coordinates.view();
  const auto fill = turned_by(turn.cols());
  pca_detail::each_piece(pool, (rows + piece_rows - 1) / piece_rows, [&](std::size_t piece) {
    const std::size_t first = piece * piece_rows;
    const std::size_t count = std::min(rows - first, piece_rows);
    fill(coordinates.data() + first * simd::most_axes, turn, offset,
         {out.data + first * out.stride, count, out.cols, out.stride});
  });
  return result;
}

PcaFollower::PcaFollower() : state_(std::make_unique<State>()) {}
PcaFollower::~PcaFollower() = default;

void PcaFollower::forget() { *state_ = State(); }

int PcaFollower::warm_passes() const { return state_->passes; }

Expected<Pca> PcaFollower::next(ConstMatrixView rows, const PcaOptions& options, ThreadPool* pool) {
  if (auto valid = pca_detail::check_components(rows, options.components); !valid) {
    return tl::make_unexpected(valid.error());
  }
  if (state_->fits(rows, options)) {
    if (auto result = state_->warm(rows, pool)) return std::move(*result);
  }
  state_->passes = 0;
  state_->usable = false;
  auto computed = pca_detail::compute(rows, options, pool);
  if (!computed) return tl::make_unexpected(computed.error());
  state_->start(computed->spectrum, computed->mean, rows, options);
  return std::move(computed->result);
}

}  // namespace rowlight
