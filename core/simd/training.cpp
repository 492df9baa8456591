#include "core/simd/training.h"

// Highway compiles the rest of this file once for each target, in a namespace of its own.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd/training.cpp"
#include <algorithm>
#include <array>
#include <cassert>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>
// clang-format off
#include <hwy/contrib/math/math-inl.h>  // must come after foreach_target.h
// clang-format on

#include "core/simd/flush_tiny.h"
#include "core/simd/kernel_table.h"
#include "core/simd/optimizer_steps-inl.h"
#include "core/simd/rows-inl.h"
#include "core/simd/target_tables.h"
#include "core/simd/training_table.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // what Highway falls back to where there are no vectors

const TrainingTable* Training() { return &scalar_training(); }

#else

namespace hn = hwy::HWY_NAMESPACE;
using F = hn::ScalableTag<float>;
using V = hn::Vec<F>;

constexpr std::size_t fetch_ahead = 4;   // rows of each table
constexpr std::size_t sum_ahead = 8;     // rows
constexpr std::size_t block_lanes = 16;  // at least the lanes of any target here

static_assert(hn::MaxLanes(F()) <= block_lanes);

/// Into the second-level cache, leaving the first to what is in use.
HWY_INLINE void FetchRowNear(const float* row, std::size_t width) {
  for (std::size_t k = 0; k < width; k += line) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
    __builtin_prefetch(row + k, 0, 2);
#else
    hwy::Prefetch(row + k);
#endif
  }
}

HWY_INLINE V Sigmoid(V x) {
  const F d;
  const auto one = hn::Set(d, 1.0F);
  constexpr float most = 88.0F;  // exp() stays finite
  const auto s = hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, most)))));
  return hn::IfThenElse(hn::Eq(x, x), s, x);
}

void SigmoidRange(const float* scores, std::size_t n, float low, float high, float* sigmoids, float* predictions) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  const auto width = hn::Set(d, high - low);
  const auto least = hn::Set(d, low);
  std::size_t b = 0;
  for (; b + lanes <= n; b += lanes) {
    const auto s = Sigmoid(hn::LoadU(d, scores + b));
    if (sigmoids) hn::StoreU(s, d, sigmoids + b);
    hn::StoreU(hn::Add(hn::Mul(s, width), least), d, predictions + b);
  }
  if (b == n) return;
  HWY_ALIGN float rest[block_lanes] = {};
  std::copy(scores + b, scores + n, rest);
  const auto s = Sigmoid(hn::Load(d, rest));
  hn::Store(s, d, rest);
  if (sigmoids) std::copy(rest, rest + (n - b), sigmoids + b);
  hn::Store(hn::Add(hn::Mul(s, width), least), d, rest);
  std::copy(rest, rest + (n - b), predictions + b);
}

HWY_INLINE const float* RowOf(const ScaledRows& in, std::size_t b) {
  return in.rows + (in.ids ? static_cast<std::size_t>(in.ids[b]) : b) * in.stride;
}

void SumRows(const ScaledRows& in, const std::int32_t* out_rows, std::size_t n, float* out) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = in.width;
  if (width % lanes != 0) return scalar_training().sum_rows(in, out_rows, n, out);
  std::int32_t met = 0;
  for (std::size_t b = 0; b < n; ++b) {
    const float* row = RowOf(in, b);
    float* to = out + static_cast<std::size_t>(out_rows[b]) * in.stride;
    const auto scale = hn::Set(d, in.scale[b]);
    if (out_rows[b] == met) {
      ++met;
      for (std::size_t k = 0; k < width; k += lanes) {
        hn::StoreU(hn::MulAdd(scale, hn::LoadU(d, row + k), hn::Zero(d)), d, to + k);
      }
    } else {
      for (std::size_t k = 0; k < width; k += lanes) {
        hn::StoreU(hn::MulAdd(scale, hn::LoadU(d, row + k), hn::LoadU(d, to + k)), d, to + k);
      }
    }
  }
}

/// Columns [k, k + vectors * lanes) of the sum over the members [begin, end).
template <std::size_t vectors>
HWY_INLINE void SumGroup(const ScaledRows& in, const std::int32_t* members, std::size_t begin, std::size_t end,
                         std::size_t k, float* to) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d);
  auto sum1 = sum0;
  auto sum2 = sum0;
  auto sum3 = sum0;
  for (std::size_t j = begin; j < end; ++j) {
    const auto b = static_cast<std::size_t>(members[j]);
    const float* row = RowOf(in, b) + k;
    const auto scale = hn::Set(d, in.scale[b]);
    sum0 = hn::MulAdd(scale, hn::LoadU(d, row), sum0);
    if constexpr (vectors > 1) sum1 = hn::MulAdd(scale, hn::LoadU(d, row + lanes), sum1);
    if constexpr (vectors > 2) sum2 = hn::MulAdd(scale, hn::LoadU(d, row + 2 * lanes), sum2);
    if constexpr (vectors > 3) sum3 = hn::MulAdd(scale, hn::LoadU(d, row + 3 * lanes), sum3);
  }
  hn::StoreU(sum0, d, to + k);
  if constexpr (vectors > 1) hn::StoreU(sum1, d, to + k + lanes);
  if constexpr (vectors > 2) hn::StoreU(sum2, d, to + k + 2 * lanes);
  if constexpr (vectors > 3) hn::StoreU(sum3, d, to + k + 3 * lanes);
}

void SumGroups(const ScaledRows& in, const std::uint32_t* begins, const std::int32_t* members, std::size_t first,
               std::size_t last, float* out) {
  const std::size_t lanes = hn::Lanes(F());
  const std::size_t width = in.width;
  if (width % lanes != 0) return scalar_training().sum_groups(in, begins, members, first, last, out);
  const std::size_t all = begins[last];
  for (std::size_t slot = first; slot < last; ++slot) {
    float* to = out + slot * in.stride;
    const std::size_t begin = begins[slot];
    const std::size_t end = begins[slot + 1];
    for (std::size_t j = begin + sum_ahead; j < std::min(end + sum_ahead, all); ++j) {
      FetchRow(RowOf(in, static_cast<std::size_t>(members[j])), width);
    }
    std::size_t k = 0;
    for (; k + 4 * lanes <= width; k += 4 * lanes) SumGroup<4>(in, members, begin, end, k, to);
    for (; k < width; k += lanes) SumGroup<1>(in, members, begin, end, k, to);
  }
}

/// Calls step(floats, at, grad) for each row, `at` being its places in the tables, or for some rows of a column of
/// scalars that were put together. Whether the rows suit.
template <std::size_t tables, class Step>
HWY_INLINE bool EachRow(const MovedRows& moved, const std::array<float*, tables>& table, const Step& step) {
  const std::size_t lanes = hn::Lanes(F());
  const std::size_t stride = moved.stride;
  const std::size_t width = moved.width;
  std::array<float*, tables> at;
  if (width % lanes == 0) {
    // Where it is the only one, the first table is near: the batch has just read it.
    constexpr std::size_t first_fetched = tables > 1 ? 0 : 1;
    for (std::size_t i = 0; i < moved.n; ++i) {
      if (i + fetch_ahead < moved.n) {
        const std::size_t next = static_cast<std::size_t>(moved.rows[i + fetch_ahead]) * stride;
        for (std::size_t t = first_fetched; t < tables; ++t) FetchRow(table[t] + next, width);
      }
      const std::size_t row = static_cast<std::size_t>(moved.rows[i]) * stride;
      for (std::size_t t = 0; t < tables; ++t) at[t] = table[t] + row;
      step(width, at, moved.grad + i * stride);
    }
    return true;
  }
  if (stride != 1) return false;
  HWY_ALIGN float packed[tables + 1][block_lanes] = {};
  for (std::size_t t = 0; t < tables; ++t) at[t] = packed[t];
  for (std::size_t i = 0; i < moved.n; i += lanes) {
    const std::size_t n = std::min(lanes, moved.n - i);
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t t = 0; t < tables; ++t) packed[t][j] = table[t][moved.rows[i + j]];
    }
    const float* grad = moved.grad + i;
    if (n < lanes) {
      std::copy(grad, grad + n, packed[tables]);
      grad = packed[tables];
    }
    step(lanes, at, grad);
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t t = 0; t < tables; ++t) table[t][moved.rows[i + j]] = packed[t][j];
    }
  }
  return true;
}

template <bool has_decay>
HWY_INLINE bool SgdEachRow(const SgdStep step, const MovedRows& moved, float* p, float* velocity) {
  if (velocity) {
    return EachRow<2>(moved, {p, velocity}, [=](std::size_t n, const std::array<float*, 2>& at, const float* grad) {
      SgdSpan<true, true, has_decay>(step, n, at[0], at[1], grad);
    });
  }
  return EachRow<1>(moved, {p}, [=](std::size_t n, const std::array<float*, 1>& at, const float* grad) {
    SgdSpan<false, true, has_decay>(step, n, at[0], nullptr, grad);
  });
}

void SgdRows(const SgdStep& step, const MovedRows& moved, float* p, float* velocity) {
  const bool done =
      step.weight_decay != 0 ? SgdEachRow<true>(step, moved, p, velocity) : SgdEachRow<false>(step, moved, p, velocity);
  if (!done) scalar_training().sgd_rows(step, moved, p, velocity);
}

template <bool has_decay>
HWY_INLINE bool AdamEachRow(const AdamStep step, const MovedRows& moved, float* p, float* m, float* v) {
  return EachRow<3>(moved, {p, m, v}, [=](std::size_t n, const std::array<float*, 3>& at, const float* grad) {
    AdamSpan<true, has_decay>(step, n, at[0], at[1], at[2], grad);
  });
}

void AdamRows(const AdamStep& step, const MovedRows& moved, float* p, float* m, float* v) {
  const bool done =
      step.weight_decay != 0 ? AdamEachRow<true>(step, moved, p, m, v) : AdamEachRow<false>(step, moved, p, m, v);
  if (!done) scalar_training().adam_rows(step, moved, p, m, v);
}

template <bool has_decay>
HWY_INLINE bool AdagradEachRow(const AdagradStep step, const MovedRows& moved, float* p, float* sum) {
  return EachRow<2>(moved, {p, sum}, [=](std::size_t n, const std::array<float*, 2>& at, const float* grad) {
    AdagradSpan<true, has_decay>(step, n, at[0], at[1], grad);
  });
}

void AdagradRows(const AdagradStep& step, const MovedRows& moved, float* p, float* sum) {
  const bool done =
      step.weight_decay != 0 ? AdagradEachRow<true>(step, moved, p, sum) : AdagradEachRow<false>(step, moved, p, sum);
  if (!done) scalar_training().adagrad_rows(step, moved, p, sum);
}

/// Calls move(user, movie, their gradients, floats at) for each vector of the rows of each pair, `user` and `movie`
/// being those of the first tables before the step.
template <std::size_t tables, class Move>
HWY_INLINE void EachPair(const MovedPairs pairs, const std::array<float*, tables>& users,
                         const std::array<float*, tables>& movies, const Move& move) {
  const F d;
  const std::size_t stride = pairs.stride;
  const std::size_t width = pairs.width;
  const auto row_of = [stride](const std::int32_t* rows, std::size_t i) {
    return static_cast<std::size_t>(rows[i]) * stride;
  };
  const auto fetch_coming = [&](std::size_t i) {
    for (const float* base : users) FetchRowNear(base + row_of(pairs.coming_users, i), width);
    for (const float* base : movies) FetchRowNear(base + row_of(pairs.coming_movies, i), width);
  };
  for (std::size_t i = 0; i < pairs.n; ++i) {
    if (i < pairs.coming_count) fetch_coming(i);
    if (pairs.coming_count == 0 && i + fetch_ahead < pairs.n) {
      for (std::size_t t = 0; t < tables; ++t) {
        FetchRow(users[t] + row_of(pairs.users, i + fetch_ahead), width);
        FetchRow(movies[t] + row_of(pairs.movies, i + fetch_ahead), width);
      }
    }
    const std::size_t user_row = row_of(pairs.users, i);
    const std::size_t movie_row = row_of(pairs.movies, i);
    const auto scale = hn::Set(d, pairs.scale[i]);
    for (std::size_t k = 0; k < width; k += hn::Lanes(d)) {
      const auto user = hn::LoadU(d, users[0] + user_row + k);
      const auto movie = hn::LoadU(d, movies[0] + movie_row + k);
      move(users, user_row + k, user, hn::MulAdd(scale, movie, hn::Zero(d)));
      move(movies, movie_row + k, movie, hn::MulAdd(scale, user, hn::Zero(d)));
    }
  }
  for (std::size_t i = pairs.n; i < pairs.coming_count; ++i) fetch_coming(i);
}

void SgdPairs(const SgdStep& step, const MovedPairs& pairs, float* users, float* movies) {
  const F d;
  if (pairs.width % hn::Lanes(d) != 0) return scalar_training().sgd_pairs(step, pairs, users, movies);
  const auto rate = hn::Set(d, step.learning_rate);
  EachPair<1>(pairs, {users}, {movies}, [=](const std::array<float*, 1>& tables, std::size_t at, V weight, V grad) {
    hn::StoreU(hn::NegMulAdd(rate, grad, weight), F(), tables[0] + at);
  });
}

void AdamPairs(const AdamStep& step, const MovedPairs& pairs, const AdamFloatTables& users,
               const AdamFloatTables& movies) {
  if (pairs.width % hn::Lanes(F()) != 0) return scalar_training().adam_pairs(step, pairs, users, movies);
  const AdamNumbers by(step);
  EachPair<3>(pairs, users, movies, [=](const AdamFloatTables& tables, std::size_t at, V weight, V grad) {
    AdamMove<true, false>(by, weight, grad, tables[0] + at, tables[1] + at, tables[2] + at);
  });
}

void AdagradPairs(const AdagradStep& step, const MovedPairs& pairs, const AdagradFloatTables& users,
                  const AdagradFloatTables& movies) {
  const F d;
  if (pairs.width % hn::Lanes(d) != 0) return scalar_training().adagrad_pairs(step, pairs, users, movies);
  const auto rate = hn::Set(d, step.learning_rate);
  const auto eps = hn::Set(d, step.eps);
  EachPair<2>(pairs, users, movies, [=](const AdagradFloatTables& tables, std::size_t at, V weight, V grad) {
    AdagradMove(rate, eps, weight, grad, tables[0] + at, tables[1] + at);
  });
}

template <bool has_decay>
HWY_INLINE void AdamEachOfStretch(const AdamStep step, const MovedStretch& moved, float* p, float* m, float* v) {
  const std::size_t stride = moved.stride;
  for (std::size_t r = moved.first; r < moved.last; ++r) {
    const std::size_t at = r * stride;
    const std::int32_t slot = moved.slot_of_row[r];
    if (slot >= 0) {
      const float* grad = moved.grad + static_cast<std::size_t>(slot) * stride;
      AdamSpan<true, has_decay>(step, stride, p + at, m + at, v + at, grad);
    } else {
      AdamSpan<false, has_decay>(step, stride, p + at, m + at, v + at, nullptr);
    }
  }
}

void AdamStretch(const AdamStep& step, const MovedStretch& moved, float* p, float* m, float* v) {
  if (moved.stride % hn::Lanes(F()) != 0) return scalar_training().adam_stretch(step, moved, p, m, v);
  if (step.weight_decay != 0) return AdamEachOfStretch<true>(step, moved, p, m, v);
  AdamEachOfStretch<false>(step, moved, p, m, v);
}

const TrainingTable* Training() {
  static constexpr TrainingTable table{SigmoidRange, SumRows,  SumGroups, SgdRows,      AdamRows,
                                       AdagradRows,  SgdPairs, AdamPairs, AdagradPairs, AdamStretch};
  return &table;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rowlight::simd {

HWY_EXPORT(Training);

namespace {

const TrainingTable& kernels() { return training_for(current_target()); }

}  // namespace

const TrainingTable& training_for(Target target) {
  static const auto tables =
      tables_by_target(HWY_TARGETS, scalar_training(), [] { return HWY_DYNAMIC_DISPATCH(Training)(); });
  return *tables[static_cast<std::size_t>(target)];
}

namespace {

constexpr std::size_t draw_ahead = 32;  // ratings

}  // namespace

void draw_ratings(const RatingColumns& from, std::span<const std::int32_t> positions, std::span<std::int32_t> users,
                  std::span<std::int32_t> movies, std::span<float> ratings) {
  assert(users.size() == positions.size() && movies.size() == positions.size() && ratings.size() == positions.size());
  const std::size_t n = positions.size();
  for (std::size_t b = 0; b < n; ++b) {
    if (b + draw_ahead < n) {
      const std::int32_t next = positions[b + draw_ahead];
      hwy::Prefetch(from.users.data() + next);
      hwy::Prefetch(from.movies.data() + next);
      hwy::Prefetch(from.ratings.data() + next);
    }
    const std::int32_t i = positions[b];
    users[b] = from.users.data()[i];
    movies[b] = from.movies.data()[i];
    ratings[b] = from.ratings.data()[i];
  }
}

void sigmoid_range(std::span<const float> scores, float low, float high, std::span<float> sigmoids,
                   std::span<float> predictions) {
  assert(predictions.size() == scores.size() && (sigmoids.empty() || sigmoids.size() == scores.size()));
  kernels().sigmoid_range(scores.data(), scores.size(), low, high, sigmoids.empty() ? nullptr : sigmoids.data(),
                          predictions.data());
}

namespace {

ScaledRows scaled(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> ids) {
  assert(ids.empty() ? scale.size() <= rows.rows : ids.size() == scale.size());
  return {scale.data(), rows.data, rows.stride, rows.width(), ids.empty() ? nullptr : ids.data()};
}

MovedRows moved_rows(std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p) {
  assert(rows.size() <= grad.rows && grad.stride == p.stride && grad.width() == p.width());
  return {rows.data(), rows.size(), p.stride, p.width(), grad.data};
}

}  // namespace

void sum_rows(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> ids,
              std::span<const std::int32_t> out_rows, MatrixView out) {
  assert(rows.stride == out.stride && rows.width() == out.width() && out_rows.size() == scale.size());
  kernels().sum_rows(scaled(scale, rows, ids), out_rows.data(), out_rows.size(), out.data);
}

void sum_groups(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> ids,
                const SlotGroups& groups, std::size_t first, std::size_t last, MatrixView out) {
  assert(rows.stride == out.stride && rows.width() == out.width());
  assert(last < groups.begins.size() && last <= out.rows);
  kernels().sum_groups(scaled(scale, rows, ids), groups.begins.data(), groups.members.data(), first, last, out.data);
}

void sgd_rows(const SgdStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
              MatrixView velocity) {
  kernels().sgd_rows(step, moved_rows(rows, grad, p), p.data, velocity.data);
}

void adam_rows(const AdamStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
               MatrixView m, MatrixView v) {
  assert(m.stride == p.stride && v.stride == p.stride && m.width() == p.width() && v.width() == p.width());
  kernels().adam_rows(step, moved_rows(rows, grad, p), p.data, m.data, v.data);
}

void adagrad_rows(const AdagradStep& step, std::span<const std::int32_t> rows, ConstMatrixView grad, MatrixView p,
                  MatrixView sum) {
  assert(sum.stride == p.stride && sum.width() == p.width());
  kernels().adagrad_rows(step, moved_rows(rows, grad, p), p.data, sum.data);
}

namespace {

MovedPairs moved_pairs(const RatingPairs& pairs, MatrixView users, [[maybe_unused]] MatrixView movies,
                       const RatingPairs& coming) {
  assert(users.stride == movies.stride && users.width() == movies.width() &&
         pairs.users.size() == pairs.movies.size() && pairs.users.size() == pairs.grad_scores.size() &&
         coming.users.size() == coming.movies.size());
  return {pairs.users.data(), pairs.movies.data(), pairs.grad_scores.data(), pairs.users.size(), users.stride,
          users.width(),      coming.users.data(), coming.movies.data(),     coming.users.size()};
}

AdamFloatTables floats_of(const AdamTables& tables) {
  assert(tables.m.stride == tables.p.stride && tables.v.stride == tables.p.stride);
  assert(tables.m.width() == tables.p.width() && tables.v.width() == tables.p.width());
  return {tables.p.data, tables.m.data, tables.v.data};
}

AdagradFloatTables floats_of(const AdagradTables& tables) {
  assert(tables.sum.stride == tables.p.stride && tables.sum.width() == tables.p.width());
  return {tables.p.data, tables.sum.data};
}

}  // namespace

void sgd_pairs(const SgdStep& step, const RatingPairs& pairs, MatrixView users, MatrixView movies,
               const RatingPairs& coming) {
  assert(step.momentum == 0 && step.weight_decay == 0);
  kernels().sgd_pairs(step, moved_pairs(pairs, users, movies, coming), users.data, movies.data);
}

void adam_pairs(const AdamStep& step, const RatingPairs& pairs, const AdamTables& users, const AdamTables& movies,
                const RatingPairs& coming) {
  assert(step.weight_decay == 0);
  kernels().adam_pairs(step, moved_pairs(pairs, users.p, movies.p, coming), floats_of(users), floats_of(movies));
}

void adagrad_pairs(const AdagradStep& step, const RatingPairs& pairs, const AdagradTables& users,
                   const AdagradTables& movies, const RatingPairs& coming) {
  assert(step.weight_decay == 0);
  kernels().adagrad_pairs(step, moved_pairs(pairs, users.p, movies.p, coming), floats_of(users), floats_of(movies));
}

void adam_stretch(const AdamStep& step, std::size_t first, std::size_t last, std::span<const std::int32_t> slot_of_row,
                  ConstMatrixView grad, MatrixView p, MatrixView m, MatrixView v) {
  assert(first <= last && last <= p.rows && slot_of_row.size() == p.rows && grad.stride == p.stride);
  assert(p.width() == p.stride);
  const FlushTiny mode(step.eps >= tiny_eps);
  kernels().adam_stretch(step, {first, last, p.stride, slot_of_row.data(), grad.data}, p.data, m.data, v.data);
}

}  // namespace rowlight::simd
#endif  // HWY_ONCE
