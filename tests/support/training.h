#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "core/base/random.h"
#include "core/train/trainer.h"

namespace rowlight::test {

/// `count` half-star ratings with a planted taste; ids are "u0", "u1", ... and "m0", ... Every row may be absent.
inline std::shared_ptr<RatingSet> make_ratings(std::uint32_t users, std::uint32_t movies, std::size_t count,
                                               std::uint64_t seed) {
  auto set = std::make_shared<RatingSet>();
  set->name = "test";
  set->scale = {0.5F, 5.0F};
  for (std::uint32_t i = 0; i < users; ++i) set->user_ids.add("u" + std::to_string(i));
  for (std::uint32_t i = 0; i < movies; ++i) set->movie_ids.add("m" + std::to_string(i));
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t user = random.below(users);
    const std::uint32_t movie = random.below(movies);
    set->users.push_back(static_cast<std::int32_t>(user));
    set->movies.push_back(static_cast<std::int32_t>(movie));
    const std::uint32_t half_stars = 1 + (user % 4) + 2 * ((user + movie) % 3) + random.below(3);
    set->ratings.push_back(0.5F * static_cast<float>(half_stars));
  }
  return set;
}

inline TrainSettings small_settings(int epochs = 4) {
  TrainSettings s;
  s.factors = 6;
  s.epochs = epochs;
  s.batch_size = 16;
  return s;
}

inline bool same_bits(ConstMatrixView a, ConstMatrixView b) {
  return a.rows == b.rows && a.stride == b.stride && std::memcmp(a.data, b.data, a.flat().size_bytes()) == 0;
}

inline bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Empty when two runs stand at the same place with the same bits: parameters and optimizer state with their
/// padding, and the results of the epochs. Otherwise what differs first.
inline std::string difference(const Trainer& a, const Trainer& b) {
  if (a.epoch() != b.epoch() || a.batch() != b.batch()) return "the place in the run";
  const auto& tables_a = a.model().parameters();
  const auto& tables_b = b.model().parameters();
  if (tables_a.size() != tables_b.size()) return "the number of tables";
  for (std::size_t i = 0; i < tables_a.size(); ++i) {
    if (!same_bits(tables_a[i].value.view(), tables_b[i].value.view())) return tables_a[i].name;
  }
  const auto& states_a = a.optimizer().states();
  const auto& states_b = b.optimizer().states();
  if (states_a.size() != states_b.size()) return "the number of optimizer states";
  for (std::size_t i = 0; i < states_a.size(); ++i) {
    if (!same_bits(states_a[i].value.view(), states_b[i].value.view())) return states_a[i].name;
  }
  if (a.optimizer().steps() != b.optimizer().steps()) return "the optimizer's steps";
  if (a.epochs().size() != b.epochs().size()) return "the number of results";
  for (std::size_t i = 0; i < a.epochs().size(); ++i) {
    const EpochResult& x = a.epochs()[i];
    const EpochResult& y = b.epochs()[i];
    const std::string epoch = " of epoch " + std::to_string(i + 1);
    if (!same_bits(x.train_loss, y.train_loss)) return "the training loss" + epoch;
    if (x.valid_loss.has_value() != y.valid_loss.has_value()) return "whether there is a validation loss" + epoch;
    if (x.valid_loss && !same_bits(*x.valid_loss, *y.valid_loss)) return "the validation loss" + epoch;
  }
  return {};
}

/// Trains to the end. False when it diverges.
inline bool finish(Trainer& trainer) {
  while (!trainer.finished()) {
    if (!trainer.advance()) return false;
  }
  return true;
}

}  // namespace rowlight::test
