#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/analysis/pca_follower.h"
#include "core/base/thread_pool.h"
#include "core/train/frame.h"
#include "core/train/live_tables.h"
#include "core/train/trainer.h"

namespace rowlight {

/// Makes the parts of a Frame that show tables and their training, and keeps what they need from frame to frame: the
/// watched rows before the current batch, the last projection and its axes. Used by the Session alone.
class FrameBuilder {
 public:
  void watch(const Watch& watch);
  void project(const Project& project);
  /// Another run starts: nothing of the last one is comparable.
  void start_run();
  /// Which rows before_batch() remembers.
  enum class Before : std::uint8_t {
    WatchedRows,  ///< rows scrolled to after the batch have nothing to be compared with
    AllRows,      ///< reads both tables
  };
  /// To be called just before each batch: remembers rows by 64-bit fingerprints of their numbers, so that those which
  /// the batch moves without looking them up are found by comparing and not by reasoning about optimizers.
  void before_batch(const Trainer& trainer, Before before = Before::WatchedRows);
  /// In its place before a batch that no frame will show: nothing is to be compared with after it.
  void skip_batch();
  /// Fills what `frame` shows of tables at rest: rows, counts and the projection. `playing`: see Session::frame() on
  /// how often PCA runs. It runs on `pool` where there is one, which must be idle; the threads change no bit.
  void fill_tables(Frame& frame, const LiveTables& tables, bool playing, ThreadPool* pool = nullptr);
  /// Fills what shows their training: the batch, the loss, and what the batch did to the rows that fill_tables() put
  /// there.
  void fill_training(Frame& frame, const Trainer& trainer);
  /// Fills the loss of a run that has no minibatches to show.
  void fill_loss(Frame& frame, const LossCurve& curve, const std::vector<EpochResult>& epochs);

  /// Fills what is said of factors beside their tables; settings describe them as far as settings can.
  static void fill_viewed(Frame& frame, const Factors& factors);

 private:
  using Clock = std::chrono::steady_clock;
  struct WatchState {
    std::vector<std::int32_t> rows;         // as the view asked
    std::vector<std::int32_t> before_rows;  // whose fingerprints the next holds
    std::vector<std::uint64_t> before;
    bool has_all = false;  // it holds those of every row instead
    float deviation = 0;
    std::uint64_t deviation_batch = UINT64_MAX;
    Clock::time_point deviation_time;
  };

  [[nodiscard]] WatchedRows watched_rows(Table table, const LiveTables& tables, bool playing);
  void mark_touched(WatchedRows& shown, Table table, const Trainer& trainer) const;
  void update_batch(const Trainer& trainer);
  void update_loss(const LossCurve& curve, const std::vector<EpochResult>& epochs);
  void update_projection(const LiveTables& tables, bool playing, ThreadPool* pool);

  WatchState watches_[2];
  Project project_{false, Table::Movies};
  std::shared_ptr<const BatchView> batch_;
  std::shared_ptr<const LossHistory> loss_;
  std::shared_ptr<const Projection> projection_;
  PcaFollower pca_follower_;
  Matrix axes_;  // of the last projection; empty: none to align with
  Clock::time_point projection_time_;
  Clock::duration projection_cost_{};
};

}  // namespace rowlight
