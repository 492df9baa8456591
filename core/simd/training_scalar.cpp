#include <cmath>

#include "core/simd/kernel_table.h"
#include "core/simd/training_table.h"

namespace rowlight::simd {

namespace {

void sigmoid_range(const float* scores, std::size_t n, float low, float high, float* sigmoids, float* predictions) {
  for (std::size_t b = 0; b < n; ++b) {
    const float s = 1.0F / (1.0F + std::exp(-scores[b]));
    if (sigmoids) sigmoids[b] = s;
    predictions[b] = s * (high - low) + low;
  }
}

const float* row_of(const ScaledRows& in, std::size_t b) {
  return in.rows + (in.ids ? static_cast<std::size_t>(in.ids[b]) : b) * in.stride;
}

void sum_rows(const ScaledRows& in, const std::int32_t* out_rows, std::size_t n, float* out) {
  std::int32_t met = 0;
  for (std::size_t b = 0; b < n; ++b) {
    float* to = out + static_cast<std::size_t>(out_rows[b]) * in.stride;
    const float* row = row_of(in, b);
    const bool first = out_rows[b] == met;
    if (first) ++met;
    for (std::size_t k = 0; k < in.width; ++k) to[k] = (first ? 0.0F : to[k]) + in.scale[b] * row[k];
  }
}

void sum_groups(const ScaledRows& in, const std::uint32_t* begins, const std::int32_t* members, std::size_t first,
                std::size_t last, float* out) {
  for (std::size_t slot = first; slot < last; ++slot) {
    float* to = out + slot * in.stride;
    for (std::size_t k = 0; k < in.width; ++k) to[k] = 0;
    for (std::uint32_t j = begins[slot]; j < begins[slot + 1]; ++j) {
      const auto b = static_cast<std::size_t>(members[j]);
      const float* row = row_of(in, b);
      for (std::size_t k = 0; k < in.width; ++k) to[k] += in.scale[b] * row[k];
    }
  }
}

/// Calls move(first float of the row, floats of its gradient) for every row.
template <class Move>
void each_row(const MovedRows& moved, const Move& move) {
  for (std::size_t i = 0; i < moved.n; ++i) {
    move(static_cast<std::size_t>(moved.rows[i]) * moved.stride, moved.grad + i * moved.stride);
  }
}

void sgd_rows(const SgdStep& step, const MovedRows& moved, float* p, float* velocity) {
  each_row(moved, [&](std::size_t at, const float* grad) {
    scalar_kernels().sgd(step, moved.width, p + at, velocity ? velocity + at : nullptr, grad);
  });
}

void adam_rows(const AdamStep& step, const MovedRows& moved, float* p, float* m, float* v) {
  each_row(moved, [&](std::size_t at, const float* grad) {
    scalar_kernels().adam(step, moved.width, p + at, m + at, v + at, grad);
  });
}

void adagrad_rows(const AdagradStep& step, const MovedRows& moved, float* p, float* sum) {
  each_row(moved, [&](std::size_t at, const float* grad) {
    scalar_kernels().adagrad(step, moved.width, p + at, sum + at, grad);
  });
}

/// Calls move(side, float of its row, gradient) for every float of the rows of every pair; side 0 is the user's.
template <class Move>
void each_pair(const MovedPairs& pairs, const float* users, const float* movies, const Move& move) {
  for (std::size_t i = 0; i < pairs.n; ++i) {
    const std::size_t user = static_cast<std::size_t>(pairs.users[i]) * pairs.stride;
    const std::size_t movie = static_cast<std::size_t>(pairs.movies[i]) * pairs.stride;
    for (std::size_t k = 0; k < pairs.width; ++k) {
      const float of_user = 0.0F + pairs.scale[i] * movies[movie + k];
      const float of_movie = 0.0F + pairs.scale[i] * users[user + k];
      move(0, user + k, of_user);
      move(1, movie + k, of_movie);
    }
  }
}

void sgd_pairs(const SgdStep& step, const MovedPairs& pairs, float* users, float* movies) {
  each_pair(pairs, users, movies, [&](int side, std::size_t at, float grad) {
    scalar_kernels().sgd(step, 1, (side == 0 ? users : movies) + at, nullptr, &grad);
  });
}

void adam_pairs(const AdamStep& step, const MovedPairs& pairs, const AdamFloatTables& users,
                const AdamFloatTables& movies) {
  each_pair(pairs, users[0], movies[0], [&](int side, std::size_t at, float grad) {
    const auto& [p, m, v] = side == 0 ? users : movies;
    scalar_kernels().adam(step, 1, p + at, m + at, v + at, &grad);
  });
}

void adagrad_pairs(const AdagradStep& step, const MovedPairs& pairs, const AdagradFloatTables& users,
                   const AdagradFloatTables& movies) {
  each_pair(pairs, users[0], movies[0], [&](int side, std::size_t at, float grad) {
    const auto& [p, sum] = side == 0 ? users : movies;
    scalar_kernels().adagrad(step, 1, p + at, sum + at, &grad);
  });
}

void adam_stretch(const AdamStep& step, const MovedStretch& moved, float* p, float* m, float* v) {
  for (std::size_t r = moved.first; r < moved.last; ++r) {
    const std::size_t at = r * moved.stride;
    const std::int32_t slot = moved.slot_of_row[r];
    const float* grad = slot < 0 ? nullptr : moved.grad + static_cast<std::size_t>(slot) * moved.stride;
    scalar_kernels().adam(step, moved.stride, p + at, m + at, v + at, grad);
  }
}

}  // namespace

const TrainingTable& scalar_training() {
  static constexpr TrainingTable table{sigmoid_range, sum_rows,  sum_groups, sgd_rows,      adam_rows,
                                       adagrad_rows,  sgd_pairs, adam_pairs, adagrad_pairs, adam_stretch};
  return table;
}

}  // namespace rowlight::simd
