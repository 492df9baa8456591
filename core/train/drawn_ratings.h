#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/model/dot_model.h"
#include "core/model/pair_split.h"
#include "core/simd/training.h"
#include "core/train/training_order.h"

namespace rowlight {

/// The ratings of the batches under way and to come. Those of several small batches are drawn together, because a walk
/// over many random places is quicker than many walks, and while these are trained another thread of the pool, when
/// there is one, draws the ones behind them and shuffles the next epoch. Those of a large batch all
/// threads draw. Who draws, and when, changes nothing. No allocation after construction. Used by one thread at a time,
/// that of the pool's caller.
class DrawnRatings {
 public:
  struct Drawing {
    bool split = false;  ///< batches are taken apart
    /// For a caller all of whose threads work on each batch, so that none should be busy elsewhere for long: one batch
    /// is drawn ahead, and taken apart when it is asked for.
    bool one_by_one = false;
  };
  /// For batches of up to `spec.batch_size` of rows of such tables. `order` and `pool` outlive this.
  DrawnRatings(TrainingOrder& order, const DotModelSpec& spec, Drawing drawing, ThreadPool& pool);
  ~DrawnRatings() { discard(); }
  DrawnRatings(const DrawnRatings&) = delete;
  DrawnRatings& operator=(const DrawnRatings&) = delete;

  /// The `size` ratings from place `first` of the order on: a batch. Pre: `first` is a multiple of spec.batch_size;
  /// `size` is that, or what is left of the order; the order was begun and stays as it is until discard(). Valid until
  /// the next call.
  simd::RatingColumns take(std::size_t first, std::size_t size);
  /// The batch that was taken, taken apart; none where batches are not split. Pre: it was not discarded. Valid as that.
  [[nodiscard]] std::optional<PairSplit> split();
  /// Up to `most` of the ratings behind it, as far as they are at hand. Pre and valid as above.
  [[nodiscard]] simd::RatingColumns coming(std::size_t most) const;

  /// Begins to draw what lies behind, beside what the caller does next, unless that is begun or there is no other
  /// thread. To be called in each batch when work comes that takes the caller alone. Pre: as for split().
  void draw_ahead();

  /// To be called before the order changes: ends what is done ahead, and forgets what was drawn.
  void discard();

 private:
  /// A stretch of the order: whole batches.
  struct Stretch {
    std::size_t first = 0;
    std::size_t size = 0;
    std::vector<std::int32_t> users;
    std::vector<std::int32_t> movies;
    std::vector<float> ratings;
    // Taken apart, batch by batch.
    std::vector<std::int32_t> places;
    std::vector<std::int32_t> split_users;
    std::vector<std::int32_t> split_movies;
    std::vector<std::size_t> pairs;  // of each batch

    [[nodiscard]] bool has(std::size_t begin, std::size_t end) const { return first <= begin && end <= first + size; }
    [[nodiscard]] simd::RatingColumns columns(std::size_t begin, std::size_t n) const;
    void draw(const TrainingOrder& order, std::size_t begin, std::size_t n);
  };
  void take_apart(Stretch& stretch);
  void draw_now(std::size_t first);

  TrainingOrder& order_;
  std::size_t batch_size_;
  Drawing drawing_;
  ThreadPool& pool_;
  std::optional<PairSplitter> splitter_;  // of whoever draws

  std::size_t taken_ = 0;  // place of the batch
  std::size_t taken_size_ = 0;
  Stretch now_;
  Stretch next_;  // the task's from start to finish; without room: nothing is drawn ahead
  std::function<void()> task_;
};

}  // namespace rowlight
