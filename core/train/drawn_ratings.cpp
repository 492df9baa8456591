#include "core/train/drawn_ratings.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rowlight {

DrawnRatings::DrawnRatings(TrainingOrder& order, const DotModelSpec& spec, Drawing drawing, ThreadPool& pool)
    : order_(order), batch_size_(spec.batch_size), drawing_(drawing), pool_(pool) {
  const std::size_t drawn_together = drawing.one_by_one ? batch_size_ : 1U << 13;
  const std::size_t batches = std::max<std::size_t>(drawn_together / batch_size_, 1);
  const std::size_t most = std::min(batches * batch_size_, order.size());
  if (drawing.split) splitter_.emplace(spec.users, spec.movies, batch_size_);
  const auto make_room = [&](Stretch& stretch) {
    stretch.users.resize(most);
    stretch.movies.resize(most);
    stretch.ratings.resize(most);
    if (!drawing.split) return;
    stretch.places.resize(most);
    stretch.split_users.resize(most);
    stretch.split_movies.resize(most);
    stretch.pairs.resize(batches);
  };
  make_room(now_);
  const bool by_all = batches == 1 && !drawing.one_by_one;
  if (pool.threads() == 1 || by_all || order.size() == most) return;
  make_room(next_);
  task_ = [this] {
    next_.draw(order_, next_.first, next_.size);
    if (!drawing_.one_by_one) take_apart(next_);
    order_.shuffle_ahead(next_.users.size());
  };
}

simd::RatingColumns DrawnRatings::take(std::size_t first, std::size_t size) {
  assert(first % batch_size_ == 0 && size > 0 && size == std::min(batch_size_, order_.size() - first));
  if (!now_.has(first, first + size)) {
    if (next_.has(first, first + size)) {
      pool_.finish();
      std::swap(now_, next_);
    } else {
      pool_.cancel();
      draw_now(first);
    }
    next_.size = 0;
  }
  taken_ = first;
  taken_size_ = size;
  return now_.columns(first, size);
}

std::optional<PairSplit> DrawnRatings::split() {
  if (!splitter_) return {};
  if (drawing_.one_by_one) take_apart(now_);
  const std::size_t at = taken_ - now_.first;
  const auto part = [&](const std::vector<std::int32_t>& column) { return std::span(column).subspan(at, taken_size_); };
  return PairSplit{part(now_.places), part(now_.split_users), part(now_.split_movies), now_.pairs[at / batch_size_]};
}

simd::RatingColumns DrawnRatings::coming(std::size_t most) const {
  const std::size_t end = taken_ + taken_size_;
  return now_.columns(end, std::min(most, now_.first + now_.size - end));
}

void DrawnRatings::discard() {
  pool_.cancel();
  now_.size = next_.size = 0;
}

void DrawnRatings::draw_now(std::size_t first) {
  constexpr std::size_t piece_size = 1U << 11;
  now_.first = first;
  now_.size = std::min(order_.size() - first, now_.users.size());
  const auto piece = [&](std::size_t i) {
    const std::size_t begin = i * piece_size;
    now_.draw(order_, first + begin, std::min(piece_size, now_.size - begin));
  };
  pool_.parallel((now_.size + piece_size - 1) / piece_size, std::cref(piece));
  if (!drawing_.one_by_one) take_apart(now_);
}

void DrawnRatings::draw_ahead() {
  if (next_.size > 0) return;
  next_.first = now_.first + now_.size;
  next_.size = std::min(order_.size() - next_.first, next_.users.size());
  if (next_.size > 0) pool_.start(task_);
}

void DrawnRatings::take_apart(Stretch& stretch) {
  if (!splitter_) return;
  for (std::size_t at = 0; at < stretch.size; at += batch_size_) {
    const std::size_t n = std::min(batch_size_, stretch.size - at);
    const auto part = [&](std::vector<std::int32_t>& column) { return std::span(column).subspan(at, n); };
    stretch.pairs[at / batch_size_] = splitter_->split(stretch.columns(stretch.first + at, n), part(stretch.places),
                                                       part(stretch.split_users), part(stretch.split_movies));
  }
}

simd::RatingColumns DrawnRatings::Stretch::columns(std::size_t begin, std::size_t n) const {
  const std::size_t at = begin - first;
  return {std::span(users).subspan(at, n), std::span(movies).subspan(at, n), std::span(ratings).subspan(at, n)};
}

void DrawnRatings::Stretch::draw(const TrainingOrder& order, std::size_t begin, std::size_t n) {
  const std::size_t at = begin - first;
  order.draw(begin, std::span(users).subspan(at, n), std::span(movies).subspan(at, n),
             std::span(ratings).subspan(at, n));
}

}  // namespace rowlight
