#include "core/train/frame_builder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "core/io/factors.h"

namespace rowlight {

namespace {

/// Root mean square around the mean over at most `sampled` rows spread evenly: exact for small tables.
float standard_deviation(const Matrix& table) {
  constexpr std::size_t sampled = 1024;
  const std::size_t step = std::max<std::size_t>(1, table.rows() / sampled);
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t r = 0; r < table.rows(); r += step) {
    for (const float x : table.row(r)) {
      sum += x;
      squares += double{x} * x;
    }
    count += table.cols();
  }
  if (count == 0) return 0;
  const double mean = sum / static_cast<double>(count);
  return static_cast<float>(std::sqrt(std::max(0.0, squares / static_cast<double>(count) - mean * mean)));
}

/// What a LossHistory shows of `all`. As the width is a power of two, an epoch that is left out never comes back.
std::vector<EpochResult> decimated(const std::vector<EpochResult>& all) {
  std::size_t width = 1;
  while (all.size() / width + 2 > LossHistory::most_epochs) width *= 2;
  if (width == 1) return all;
  std::vector<EpochResult> shown = {all.front()};
  for (std::size_t number = width; number < all.size(); number += width) shown.push_back(all[number - 1]);
  shown.push_back(all.back());
  return shown;
}

/// 64 bits that stand for the bits of a row and its bias. Each step maps different words to different results, so one
/// number that changes always shows; several hide each other about once in 2^64. The mixing is that of splitmix64.
std::uint64_t fingerprint(std::span<const float> row, float bias) {
  constexpr std::size_t lanes = 4;  // none waits for another
  constexpr std::size_t floats = 2 * lanes;
  const auto mixed = [](std::uint64_t state, std::uint64_t word) {
    state = (state ^ word) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27U)) * 0x94d049bb133111ebULL;
    return state ^ (state >> 31U);
  };
  std::uint64_t states[lanes] = {1, 2, 3, 4};
  std::uint64_t words[lanes] = {};
  for (std::size_t k = 0; k < row.size(); k += floats) {
    const std::size_t n = std::min(floats, row.size() - k);
    if (n < floats) std::ranges::fill(words, 0U);
    std::memcpy(words, row.data() + k, n * sizeof(float));
    for (std::size_t i = 0; i < lanes; ++i) states[i] = mixed(states[i], words[i]);
  }
  std::uint64_t all = std::bit_cast<std::uint32_t>(bias);
  for (const std::uint64_t state : states) all = mixed(all, state);
  return all;
}

}  // namespace

void FrameBuilder::watch(const Watch& watch) { watches_[index_of(watch.table)].rows = watch.rows; }

void FrameBuilder::project(const Project& project) {
  if (project.table != project_.table || !project.enabled) {
    projection_.reset();
    axes_ = {};
    pca_follower_.forget();
  }
  project_ = project;
}

void FrameBuilder::start_run() {
  for (WatchState& watch : watches_) {
    watch.before_rows.clear();
    watch.has_all = false;
    watch.deviation_batch = UINT64_MAX;
  }
  batch_.reset();
  loss_.reset();
  projection_.reset();
  axes_ = {};
  pca_follower_.forget();
}

void FrameBuilder::before_batch(const Trainer& trainer, Before before) {
  for (const Table table : {Table::Users, Table::Movies}) {
    WatchState& state = watches_[index_of(table)];
    const Matrix& factors = trainer.model().factors(table);
    const Matrix* bias = trainer.model().bias(table);
    state.before_rows.clear();
    state.before.clear();
    state.has_all = before == Before::AllRows;
    const auto remember = [&](std::size_t row) {
      state.before.push_back(fingerprint(factors.row(row), bias != nullptr ? (*bias)(row, 0) : 0));
    };
    for (std::size_t row = 0; state.has_all && row < factors.rows(); ++row) remember(row);
    if (state.has_all) continue;
    for (const std::int32_t row : state.rows) {
      if (row < 0 || static_cast<std::size_t>(row) >= factors.rows()) continue;
      state.before_rows.push_back(row);
      remember(static_cast<std::size_t>(row));
    }
  }
}

void FrameBuilder::skip_batch() {
  for (WatchState& state : watches_) {
    state.before_rows.clear();
    state.has_all = false;
  }
}

void FrameBuilder::fill_tables(Frame& frame, const LiveTables& tables, bool playing, ThreadPool* pool) {
  frame.users = watched_rows(Table::Users, tables, playing);
  frame.movies = watched_rows(Table::Movies, tables, playing);
  frame.user_counts = tables.counts[index_of(Table::Users)];
  frame.movie_counts = tables.counts[index_of(Table::Movies)];
  update_projection(tables, playing, pool);
  frame.projection = projection_;
}

void FrameBuilder::fill_training(Frame& frame, const Trainer& trainer) {
  mark_touched(frame.users, Table::Users, trainer);
  mark_touched(frame.movies, Table::Movies, trainer);
  update_batch(trainer);
  update_loss(trainer.loss_curve(), trainer.epochs());
  frame.batch = batch_;
  frame.loss = loss_;
}

void FrameBuilder::fill_loss(Frame& frame, const LossCurve& curve, const std::vector<EpochResult>& epochs) {
  update_loss(curve, epochs);
  frame.loss = loss_;
}

void FrameBuilder::fill_viewed(Frame& frame, const Factors& factors) {
  auto viewed = std::make_shared<ViewedFactors>();
  viewed->format = factors.format;
  viewed->missing = factors.missing;
  for (const std::size_t i : {0U, 1U}) {
    const Matrix& table = factors.tables[i];
    viewed->width[i] = table.rows() > 0 ? table.cols() : 0;
    frame.parameter_count += std::uint64_t{table.rows()} * table.cols() + factors.biases[i].rows();
    viewed->bias[i] = factors.biases[i].rows() > 0;
  }
  frame.settings.model = viewed->bias[0] || viewed->bias[1] ? ModelKind::DotBias : ModelKind::Dot;
  frame.settings.factors = std::max(viewed->width[0], viewed->width[1]);
  frame.viewed = std::move(viewed);
}

WatchedRows FrameBuilder::watched_rows(Table table, const LiveTables& tables, bool playing) {
  constexpr auto deviation_interval = std::chrono::milliseconds(250);
  if (tables.table(table) == nullptr) return {};
  const Matrix& factors = *tables.table(table);
  const Matrix* bias = tables.bias[index_of(table)];
  WatchState& state = watches_[index_of(table)];
  WatchedRows shown;
  std::ranges::copy_if(state.rows, std::back_inserter(shown.rows),
                       [&](std::int32_t row) { return row >= 0 && static_cast<std::size_t>(row) < factors.rows(); });
  shown.factors = Matrix(shown.rows.size(), factors.cols());
  for (std::size_t i = 0; i < shown.rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(shown.rows[i]);
    std::ranges::copy(factors.row(row), shown.factors.row(i).begin());
    if (bias != nullptr) shown.bias.push_back((*bias)(row, 0));
  }
  shown.touch.assign(shown.rows.size(), RowTouch::None);
  shown.last_lookup.assign(shown.rows.size(), 0);

  const auto now = Clock::now();
  const bool due = !playing || now - state.deviation_time >= deviation_interval;
  if (state.deviation_batch == UINT64_MAX || (due && state.deviation_batch != tables.batch)) {
    state.deviation = standard_deviation(factors);
    state.deviation_batch = tables.batch;
    state.deviation_time = now;
  }
  shown.standard_deviation = state.deviation;
  return shown;
}

void FrameBuilder::mark_touched(WatchedRows& shown, Table table, const Trainer& trainer) const {
  const WatchState& state = watches_[index_of(table)];
  for (std::size_t i = 0; i < shown.rows.size(); ++i) {
    shown.last_lookup[i] = trainer.last_lookups(table)[static_cast<std::size_t>(shown.rows[i])];
  }
  // What moved, by comparing with the rows before the batch.
  std::unordered_map<std::int32_t, std::uint64_t> kept;  // table row -> fingerprint
  for (std::size_t i = 0; i < state.before_rows.size(); ++i) kept.emplace(state.before_rows[i], state.before[i]);
  for (std::size_t i = 0; i < shown.rows.size(); ++i) {
    std::uint64_t before = 0;
    if (state.has_all) {
      before = state.before[static_cast<std::size_t>(shown.rows[i])];
    } else {
      const auto found = kept.find(shown.rows[i]);
      if (found == kept.end()) continue;  // scrolled to since the batch began: nothing to compare with
      before = found->second;
    }
    if (fingerprint(shown.factors.row(i), shown.bias.empty() ? 0 : shown.bias[i]) != before) {
      shown.touch[i] = RowTouch::MovedOnly;
    }
  }
  const BatchStage look_up = table == Table::Users ? BatchStage::LookUpUsers : BatchStage::LookUpMovies;
  const BatchStep& step = trainer.step();
  if (step.size() == 0 || !step.has_run(look_up)) return;
  std::vector<std::pair<std::int32_t, std::size_t>> by_row;  // table row -> place in the view
  for (std::size_t i = 0; i < shown.rows.size(); ++i) by_row.emplace_back(shown.rows[i], i);
  std::ranges::sort(by_row);
  for (const std::int32_t row : table == Table::Users ? step.users() : step.movies()) {
    auto found = std::ranges::lower_bound(by_row, std::pair(row, std::size_t{0}));
    for (; found != by_row.end() && found->first == row; ++found) {
      shown.touch[found->second] = RowTouch::LookedUp;
      shown.last_lookup[found->second] = trainer.batch_number();
    }
  }
}

void FrameBuilder::update_batch(const Trainer& trainer) {
  const BatchStep& step = trainer.step();
  if (step.size() == 0) return;  // none yet, in this run or since it was resumed
  auto view = std::make_shared<BatchView>();
  view->number = trainer.batch_number();
  if (step.has_run(BatchStage::DrawBatch)) {
    view->size = step.size();
    const std::size_t n = std::min(step.size(), BatchView::shown_batch_rows);
    view->users.assign(step.users().begin(), step.users().begin() + static_cast<std::ptrdiff_t>(n));
    view->movies.assign(step.movies().begin(), step.movies().begin() + static_cast<std::ptrdiff_t>(n));
    view->ratings.assign(step.ratings().begin(), step.ratings().begin() + static_cast<std::ptrdiff_t>(n));
    if (step.has_run(BatchStage::DotProduct)) {
      const auto scores = trainer.model().scores();
      view->scores.assign(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(n));
    }
    if (step.has_run(BatchStage::SigmoidRange)) {
      const auto predictions = trainer.model().predictions();
      view->predictions.assign(predictions.begin(), predictions.begin() + static_cast<std::ptrdiff_t>(n));
    }
    if (step.has_run(BatchStage::Loss)) {
      view->loss = step.loss();
      for (std::size_t i = 0; i < n; ++i) view->errors.push_back(view->predictions[i] - view->ratings[i]);
    }
  }
  batch_ = std::move(view);
}

void FrameBuilder::update_loss(const LossCurve& curve, const std::vector<EpochResult>& epochs) {
  const int last_epoch = epochs.empty() ? 0 : epochs.back().epoch;
  const int shown_epoch = !loss_ || loss_->epochs.empty() ? 0 : loss_->epochs.back().epoch;
  const bool current = loss_ && shown_epoch == last_epoch &&
                       (curve.points().empty()
                            ? loss_->training.empty()
                            : !loss_->training.empty() && loss_->training.back().batch == curve.points().back().batch);
  if (!current) loss_ = std::make_shared<LossHistory>(LossHistory{curve.points(), decimated(epochs)});
}

void FrameBuilder::update_projection(const LiveTables& tables, bool playing, ThreadPool* pool) {
  constexpr auto shortest_interval = std::chrono::milliseconds(30);
  constexpr int most_of_the_time = 40;  // PCA takes at most this part of the engine's time
  const Matrix* table = tables.table(project_.table);
  if (!project_.enabled || table == nullptr) return;
  const auto start = Clock::now();
  if (projection_) {
    if (projection_->batch == tables.batch) return;
    const auto wait = std::max<Clock::duration>(shortest_interval, most_of_the_time * projection_cost_);
    if (playing && start - projection_time_ < wait) return;
  }
  auto next = pca_follower_.next(table->view(), {std::min<std::size_t>(2, table->cols()), true}, pool);
  if (!next) return;  // numbers that are not finite: the divergence is reported by the trainer
  align_axes(*next, axes_);
  auto projection = std::make_shared<Projection>();
  projection->table = project_.table;
  for (std::size_t i = 0; i < next->explained_variance_ratio.size(); ++i) {
    projection->variance_share[i] = next->explained_variance_ratio[i];
  }
  if (next->coordinates.cols() == 2) {
    projection->coordinates = std::move(next->coordinates);
  } else {  // one factor: a line
    projection->coordinates = Matrix(next->coordinates.rows(), 2);
    for (std::size_t r = 0; r < next->coordinates.rows(); ++r) {
      projection->coordinates(r, 0) = next->coordinates(r, 0);
    }
  }
  projection->batch = tables.batch;
  projection_ = std::move(projection);
  axes_ = std::move(next->axes);
  projection_time_ = Clock::now();
  projection_cost_ = projection_time_ - start;
}

}  // namespace rowlight
