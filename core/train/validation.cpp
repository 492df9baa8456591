#include "core/train/validation.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "core/simd/training.h"

namespace rowlight {

namespace {

constexpr std::size_t chunk = 1U << 16;  // ratings between two looks at the clock
constexpr std::size_t piece = 1U << 13;  // ratings of one piece of parallel work

}  // namespace

Validation::Validation(RatingSetPtr ratings, std::vector<std::int32_t> positions, const RowCounts& user_counts,
                       const RowCounts& movie_counts)
    : set_(std::move(ratings)), size_(positions.size()), positions_(std::move(positions)) {
  if (size_ == 0) return;
  const auto known = [&](std::span<const std::int32_t> column, const RowCounts& counts, std::uint64_t& unseen) {
    std::vector<std::int32_t> rows(counts.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = counts[i] > 0 ? static_cast<std::int32_t>(i) : -1;
    std::vector<bool> missed(counts.size(), false);
    for (const std::int32_t position : positions_) {
      const auto row = static_cast<std::size_t>(column[static_cast<std::size_t>(position)]);
      if (rows[row] >= 0 || missed[row]) continue;
      missed[row] = true;
      ++unseen;
    }
    return rows;
  };
  rows_[0] = known(set_->users, user_counts, unseen_users_);
  rows_[1] = known(set_->movies, movie_counts, unseen_movies_);
}

Validation::Validation(RatingSetPtr test, const RatingSet& ratings, const RowCounts& user_counts,
                       const RowCounts& movie_counts)
    : set_(std::move(test)), size_(set_->size()) {
  const auto row_of = [](const Vocabulary& from, const Vocabulary& to, const RowCounts& counts, std::uint64_t& unseen) {
    std::vector<std::int32_t> rows(from.size(), -1);
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto row = to.find(from.id(static_cast<std::int32_t>(i)));
      if (row && counts[static_cast<std::size_t>(*row)] > 0) {
        rows[i] = *row;
      } else {
        ++unseen;
      }
    }
    return rows;
  };
  rows_[0] = row_of(set_->user_ids, ratings.user_ids, user_counts, unseen_users_);
  rows_[1] = row_of(set_->movie_ids, ratings.movie_ids, movie_counts, unseen_movies_);
}

void Validation::begin() {
  done_ = 0;
  sum_ = 0;
}

double Validation::squared_errors(const DotModel& model, std::size_t first, std::size_t n) const {
  std::array<std::int32_t, piece> users;
  std::array<std::int32_t, piece> movies;
  std::array<float, piece> drawn;
  std::array<float, piece> predictions;
  std::span<const float> ratings = std::span(drawn).first(n);
  if (positions_.empty()) {
    std::copy_n(set_->users.data() + first, n, users.data());
    std::copy_n(set_->movies.data() + first, n, movies.data());
    ratings = std::span(set_->ratings).subspan(first, n);
  } else {
    simd::draw_ratings({set_->users, set_->movies, set_->ratings}, std::span(positions_).subspan(first, n),
                       std::span(users).first(n), std::span(movies).first(n), std::span(drawn).first(n));
  }
  for (std::size_t i = 0; i < n; ++i) {
    users[i] = rows_[0][static_cast<std::size_t>(users[i])];
    movies[i] = rows_[1][static_cast<std::size_t>(movies[i])];
  }
  model.predict(std::span(users).first(n), std::span(movies).first(n), std::span(predictions).first(n));
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double error = predictions[i] - ratings[i];
    sum += error * error;
  }
  return sum;
}

bool Validation::advance(const DotModel& model, ThreadPool& pool) {
  const std::size_t begin = done_;
  const std::size_t end = std::min(begin + chunk, size_);
  std::array<double, chunk / piece> sums{};
  const auto work = [&](std::size_t index) {
    const std::size_t first = begin + index * piece;
    sums[index] = squared_errors(model, first, std::min(piece, end - first));
  };
  pool.parallel((end - begin + piece - 1) / piece, std::cref(work));
  for (const double sum : sums) sum_ += sum;
  done_ = end;
  return end == size_;
}

}  // namespace rowlight
