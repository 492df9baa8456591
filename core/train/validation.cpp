#include "core/train/validation.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace rowlight {

namespace {

constexpr std::size_t chunk = 1U << 16;  // ratings between two looks at the clock
constexpr std::size_t piece = 1U << 13;  // ratings of one piece of parallel work

}  // namespace

Validation::Validation(const RatingSet& ratings, std::span<const std::int32_t> positions, const RowCounts& user_counts,
                       const RowCounts& movie_counts) {
  std::vector<bool> missed_user(user_counts.size(), false);
  std::vector<bool> missed_movie(movie_counts.size(), false);
  const auto known = [](const RowCounts& counts, std::int32_t row, std::vector<bool>& missed, std::uint64_t& unseen) {
    const auto r = static_cast<std::size_t>(row);
    if (counts[r] > 0) return row;
    if (!missed[r]) ++unseen;
    missed[r] = true;
    return -1;
  };
  for (const std::int32_t position : positions) {
    const auto i = static_cast<std::size_t>(position);
    users_.push_back(known(user_counts, ratings.users[i], missed_user, unseen_users_));
    movies_.push_back(known(movie_counts, ratings.movies[i], missed_movie, unseen_movies_));
    ratings_.push_back(ratings.ratings[i]);
  }
}

Validation::Validation(const RatingSet& test, const RatingSet& ratings, const RowCounts& user_counts,
                       const RowCounts& movie_counts)
    : ratings_(test.ratings) {
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
  const auto users = row_of(test.user_ids, ratings.user_ids, user_counts, unseen_users_);
  const auto movies = row_of(test.movie_ids, ratings.movie_ids, movie_counts, unseen_movies_);
  users_.reserve(test.size());
  movies_.reserve(test.size());
  for (std::size_t i = 0; i < test.size(); ++i) {
    users_.push_back(users[static_cast<std::size_t>(test.users[i])]);
    movies_.push_back(movies[static_cast<std::size_t>(test.movies[i])]);
  }
}

void Validation::begin() {
  done_ = 0;
  sum_ = 0;
}

bool Validation::advance(const DotModel& model, ThreadPool& pool) {
  const std::size_t begin = done_;
  const std::size_t end = std::min(begin + chunk, ratings_.size());
  std::array<double, chunk / piece> sums{};
  const auto work = [&](std::size_t index) {
    const std::size_t first = begin + index * piece;
    const std::size_t n = std::min(piece, end - first);
    std::array<float, piece> predictions;
    model.predict(std::span(users_).subspan(first, n), std::span(movies_).subspan(first, n),
                  std::span(predictions).first(n));
    for (std::size_t i = 0; i < n; ++i) {
      const double error = predictions[i] - ratings_[first + i];
      sums[index] += error * error;
    }
  };
  pool.parallel((end - begin + piece - 1) / piece, std::cref(work));
  for (const double sum : sums) sum_ += sum;
  done_ = end;
  return end == ratings_.size();
}

}  // namespace rowlight
