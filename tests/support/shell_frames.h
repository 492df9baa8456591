#pragma once

#include <QString>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "core/train/frame.h"
#include "ui/common/workbench.h"

// Frames made by hand, for tests of the window's parts: no engine runs behind them.

namespace rowlight::test {

inline RatingSetPtr shellRatings(int users = 20, int movies = 12) {
  auto set = std::make_shared<RatingSet>();
  set->name = "Made by hand";
  set->synthetic = true;
  set->scale = {0.5F, 5.0F};
  for (int u = 0; u < users; ++u) set->user_ids.add("u" + std::to_string(u + 1));
  set->genres = {"Drama", "Comedy", "Horror"};
  for (int m = 0; m < movies; ++m) {
    set->movie_ids.add(std::to_string(m + 1));
    set->movie_info.push_back({"Film number " + std::to_string(m + 1) + " (1994)", {m % 3}});
  }
  for (int u = 0; u < users; ++u) {
    for (int m = u % 2; m < movies; m += 2) {
      set->users.push_back(u);
      set->movies.push_back(m);
      set->ratings.push_back(0.5F * static_cast<float>(1 + (u * 3 + m * 5) % 10));
    }
  }
  return set;
}

/// A falling loss with noise that depends on the batch only; one validation result an epoch.
inline std::shared_ptr<const LossHistory> shellLoss(std::size_t points, std::uint64_t batches_per_point = 1,
                                                    std::uint64_t batches_per_epoch = 100) {
  auto loss = std::make_shared<LossHistory>();
  for (std::size_t i = 0; i < points; ++i) {
    const std::uint64_t batch = (i + 1) * batches_per_point;
    const double t = static_cast<double>(batch) / static_cast<double>(5 * batches_per_epoch);
    const double smoothed = 0.72 + 1.1 * std::exp(-6 * t);
    const double noise =
        0.16 * std::sin(static_cast<double>(i) * 12.9898) + 0.07 * std::sin(static_cast<double>(i) * 78.233);
    const double spread = batches_per_point > 1 ? 0.12 : 0;
    const auto mean = static_cast<float>(smoothed + noise);
    loss->training.push_back({batch, mean, mean - static_cast<float>(spread), mean + static_cast<float>(spread),
                              static_cast<float>(smoothed)});
    if (batch % batches_per_epoch < batches_per_point && batch >= batches_per_epoch) {
      EpochResult epoch;
      epoch.epoch = static_cast<int>(batch / batches_per_epoch);
      epoch.batch = batch;
      epoch.train_loss = smoothed;
      epoch.valid_loss = smoothed + 0.08;
      loss->epochs.push_back(epoch);
    }
  }
  return loss;
}

inline std::shared_ptr<const BatchView> shellBatch(const RatingSet& set, std::uint64_t number, std::size_t size = 64,
                                                   bool predicted = true) {
  auto batch = std::make_shared<BatchView>();
  batch->number = number;
  batch->size = size;
  for (std::size_t i = 0; i < std::min(size, BatchView::shown_batch_rows); ++i) {
    const std::size_t at = (i * 7 + number) % set.size();
    batch->users.push_back(set.users[at]);
    batch->movies.push_back(set.movies[at]);
    batch->ratings.push_back(set.ratings[at]);
    if (!predicted) continue;
    const auto off = static_cast<float>(1.4 * std::sin(static_cast<double>(i) * 2.1 + static_cast<double>(number)));
    batch->predictions.push_back(set.ratings[at] + off);
    batch->errors.push_back(off);
  }
  if (predicted) batch->loss = 0.8423;
  return batch;
}

/// A run in the middle of its second epoch. Change what the test is about, then present it.
inline Frame shellFrame(RunState state = RunState::Paused, RatingSetPtr ratings = shellRatings()) {
  Frame frame;
  frame.sequence = 1;
  frame.run = 1;
  frame.state = state;
  frame.loss = std::make_shared<LossHistory>();
  frame.simd_target = "avx512";
  if (state == RunState::Empty) return frame;
  frame.ratings = std::move(ratings);
  frame.range = {0.0F, 5.5F};
  frame.parameter_count = 48'250;
  frame.progress.epoch = 1;
  frame.progress.batch = 310;
  frame.progress.batches_per_epoch = 1250;
  frame.progress.batches_done = 1560;
  frame.progress.next_stage = BatchStage::LookUpUsers;
  frame.progress.learning_rate = 0.00482;
  frame.progress.ratings_per_second = state == RunState::Playing ? 2.134e6 : 0;
  frame.batch = shellBatch(*frame.ratings, 1560);
  return frame;
}

inline void present(Workbench& workbench, Frame frame) {
  workbench.present(std::make_shared<const Frame>(std::move(frame)));
}

/// Keeps what a workbench was asked to send.
class SentCommands {
 public:
  explicit SentCommands(Workbench& workbench) {
    QObject::connect(&workbench, &Workbench::commandSent, [this](const Command& command) { all.push_back(command); });
  }
  template <class T>
  [[nodiscard]] const T* last() const {
    return all.empty() ? nullptr : std::get_if<T>(&all.back());
  }
  std::vector<Command> all;
};

}  // namespace rowlight::test
