#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/train/frame.h"

namespace rowlight::test {

/// A data set of the given size: users "u0", "u1", ..., movies "Movie 0", ..., three genres, every movie rated
/// once by some user.
inline std::shared_ptr<RatingSet> makeRatings(int users, int movies) {
  auto set = std::make_shared<RatingSet>();
  set->name = "hand-made";
  set->genres = {"Drama", "Comedy", "Horror"};
  for (int u = 0; u < users; ++u) set->user_ids.add("u" + std::to_string(u));
  for (int m = 0; m < movies; ++m) {
    set->movie_ids.add(std::to_string(m));
    set->movie_info.push_back({"Movie " + std::to_string(m), {m % 3}});
    set->users.push_back(m % users);
    set->movies.push_back(m);
    set->ratings.push_back(static_cast<float>(1 + m % 5));
  }
  set->scale = {1, 5};
  return set;
}

/// The value that watchRows() writes; `shift` makes another state of the same table.
inline float tableValue(int row, int factor, float shift = 0) {
  return 0.3F * std::sin(static_cast<float>(row) * 12.9F + static_cast<float>(factor) * 78.2F) + shift;
}

/// Fills one table's watched rows with tableValue(), untouched by any batch.
inline void watchRows(Frame& frame, Table table, const std::vector<std::int32_t>& rows, float shift = 0) {
  WatchedRows& watched = table == Table::Users ? frame.users : frame.movies;
  watched.rows = rows;
  watched.factors = Matrix(rows.size(), frame.settings.factors);
  watched.bias.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t f = 0; f < frame.settings.factors; ++f) {
      watched.factors(i, f) = tableValue(rows[i], static_cast<int>(f), shift);
    }
    if (frame.settings.model == ModelKind::DotBias) watched.bias.push_back(tableValue(rows[i], 1000, shift));
  }
  watched.touch.assign(rows.size(), RowTouch::None);
  watched.last_lookup.assign(rows.size(), 0);
  watched.standard_deviation = 0.2F;
}

/// A paused frame without watched rows; every row has as many training ratings as its index times 7 modulo 100.
inline std::shared_ptr<Frame> makeFrame(RatingSetPtr ratings, std::size_t factors = 8) {
  auto frame = std::make_shared<Frame>();
  frame->run = 1;
  frame->state = RunState::Paused;
  frame->settings.factors = factors;
  const auto counts = [](std::size_t rows) {
    auto all = std::make_shared<RowCounts>(rows);
    for (std::size_t r = 0; r < rows; ++r) (*all)[r] = static_cast<std::uint32_t>(r * 7 % 100);
    return all;
  };
  frame->user_counts = counts(ratings->user_count());
  frame->movie_counts = counts(ratings->movie_count());
  frame->loss = std::make_shared<LossHistory>();
  frame->ratings = std::move(ratings);
  return frame;
}

/// Says that the current batch has this number.
inline void setBatch(Frame& frame, std::uint64_t number) {
  auto batch = std::make_shared<BatchView>();
  batch->number = number;
  frame.batch = std::move(batch);
}

/// Movies on a spiral of the given radius: all points differ.
inline void project(Frame& frame, float radius = 1) {
  auto projection = std::make_shared<Projection>();
  const std::size_t rows = frame.ratings->movie_count();
  projection->coordinates = Matrix(rows, 2);
  for (std::size_t r = 0; r < rows; ++r) {
    const float t = static_cast<float>(r + 1) / static_cast<float>(rows);
    projection->coordinates(r, 0) = radius * t * std::cos(20 * t);
    projection->coordinates(r, 1) = radius * t * std::sin(20 * t);
  }
  projection->variance_share = {0.23, 0.11};
  frame.projection = std::move(projection);
}

}  // namespace rowlight::test
