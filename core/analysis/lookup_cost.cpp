#include "core/analysis/lookup_cost.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <new>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/analysis/lookup_cost_state.h"
#include "core/base/system.h"

namespace rowlight {

using namespace cost;  // private helpers of the measurement

namespace {

constexpr std::size_t most_row_counts = 64;
constexpr std::size_t most_rows = 100'000'000;
constexpr std::size_t most_dim = 1024;
constexpr std::size_t most_batch = 8192;

constexpr std::size_t different_ids = 65'536;  // rows looked up before they repeat

std::string size_text(double bytes) {
  constexpr double kilo = 1000;
  const char* unit = "bytes";
  for (const char* larger : {"kB", "MB", "GB", "TB"}) {
    if (bytes < kilo) break;
    bytes /= kilo;
    unit = larger;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), bytes < 10 && *unit != 'b' ? "%.1f %s" : "%.0f %s", bytes, unit);
  return text.data();
}

std::string seconds_text(double time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), time < 10 ? "%.1f s" : "%.0f s", time);
  return text.data();
}

}  // namespace

std::string_view name_of(CostAlgorithm algorithm) {
  switch (algorithm) {
    case CostAlgorithm::Lookup: return "lookup";
    case CostAlgorithm::LookupDenseGradient: return "lookup_dense_gradient";
    case CostAlgorithm::OneHot: return "one_hot";
    case CostAlgorithm::SparseOneHot: return "sparse_one_hot";
  }
  return "lookup";
}

std::string_view name_of(CostPass pass) {
  switch (pass) {
    case CostPass::Forward: return "forward";
    case CostPass::Backward: return "backward";
    case CostPass::Optimizer: return "optimizer";
  }
  return "forward";
}

std::vector<std::size_t> cost_rows_up_to(std::size_t most) {
  std::vector<std::size_t> rows;
  for (std::size_t power = 10; power <= most; power *= 10) {
    rows.push_back(power);
    if (3 * power <= most) rows.push_back(3 * power);
  }
  return rows;
}

Expected<void> validate(const CostOptions& options) {
  const auto outside = [](std::size_t n, std::size_t most) { return n < 1 || n > most; };
  const auto range = [](std::size_t most) { return "it must be from 1 to " + std::to_string(most); };
  if (options.rows.empty() || options.rows.size() > most_row_counts) {
    return fail(ErrorKind::Usage, std::to_string(options.rows.size()) + " table sizes are given",
                "give from 1 to " + std::to_string(most_row_counts));
  }
  for (const std::size_t rows : options.rows) {
    if (outside(rows, most_rows)) {
      return fail(ErrorKind::Usage, "a table of " + std::to_string(rows) + " rows is asked for", range(most_rows));
    }
  }
  if (outside(options.dim, most_dim)) {
    return fail(ErrorKind::Usage, "the dimension is " + std::to_string(options.dim), range(most_dim));
  }
  if (outside(options.batch, most_batch)) {
    return fail(ErrorKind::Usage, "the batch size is " + std::to_string(options.batch), range(most_batch));
  }
  const std::vector<simd::Target> supported = simd::supported_targets();
  for (const simd::Target target : options.targets) {
    if (std::ranges::find(supported, target) == supported.end()) {
      return fail(ErrorKind::Usage, "this machine cannot run the SIMD target '" + std::string(name_of(target)) + "'",
                  "choose another");
    }
  }
  return {};
}

CostBytes cost_bytes(std::size_t rows, std::size_t dim, std::size_t batch) {
  constexpr std::uint64_t number = sizeof(float);
  constexpr std::uint64_t index = sizeof(std::int64_t);
  CostBytes bytes;
  bytes.table = number * rows * dim;
  bytes.one_hot = number * batch * rows;
  bytes.sparse_one_hot = batch * (number + sizeof(std::int32_t)) + (batch + 1) * sizeof(std::int32_t);
  bytes.sparse_gradient = batch * (number * dim + index);
  bytes.indices = batch * index;
  return bytes;
}

const CostPoint* CostView::find(std::size_t rows, simd::Target target) const {
  const auto found =
      std::ranges::find_if(points, [&](const CostPoint& p) { return p.rows == rows && p.target == target; });
  return found == points.end() ? nullptr : &*found;
}

double memory_limit_seconds(const CostView& view, std::size_t rows, CostPass pass) {
  if (view.read_bandwidth <= 0 || view.write_bandwidth <= 0 || view.copy_bandwidth <= 0) return 0;
  const auto bytes = static_cast<double>(cost_bytes(rows, view.options.dim, view.options.batch).table);
  switch (pass) {
    case CostPass::Forward: return bytes / view.read_bandwidth;
    case CostPass::Backward: return bytes / view.write_bandwidth;
    case CostPass::Optimizer: return bytes / view.read_bandwidth + bytes / view.copy_bandwidth;
  }
  return 0;
}

LookupCost::State::State(CostOptions options) : stride_(padded_stride(options.dim)), random_(options.seed, 0) {
  std::ranges::sort(options.rows);
  const auto repeated = std::ranges::unique(options.rows);
  options.rows.erase(repeated.begin(), repeated.end());
  if (options.targets.empty()) options.targets = {simd::current_target()};
  if (options.memory_limit == 0) {
    constexpr std::uint64_t modest = 1ULL << 30U;  // where the system does not tell what it has
    const std::uint64_t physical = memory_limit_bytes();
    options.memory_limit = physical > 0 ? physical / 4 : modest;
  }
  const std::size_t batch = options.batch;
  output_ = Matrix(batch, options.dim);
  output_gradient_ = Matrix(batch, options.dim);
  for (std::size_t b = 0; b < batch; ++b) {
    for (float& x : output_gradient_.row(b)) x = static_cast<float>(2 * random_.uniform() - 1);
  }
  starts_.resize(batch + 1);
  std::iota(starts_.begin(), starts_.end(), 0);
  ones_.assign(batch, 1.0F);
  steps_.assign(batch, -learning_rate);
  view.values_total = options.rows.size() * options.targets.size() * cost_algorithm_count * cost_pass_count;
  view.running = true;
  view.options = std::move(options);
}

void LookupCost::State::advance_piece() {
  switch (stage_) {
    case Stage::BeginBandwidth: begin_bandwidth(); break;
    case Stage::Bandwidth:
      if (!advance_fill()) advance_bandwidth();
      break;
    case Stage::BeginSize: begin_size(); break;
    case Stage::Size:
      if (!advance_fill()) next_value();
      break;
    case Stage::Done: break;
  }
}

void LookupCost::State::finish() {
  stage_ = Stage::Done;
  timer_.reset();
  table_ = {};
  gradient_ = {};
  one_hot_ = {};
  bandwidth_ = {};
  view.running = false;
  ++version;
}

/// Touches the next piece of a new buffer. False: all are filled.
bool LookupCost::State::advance_fill() {
  if (fills_.empty()) return false;
  const Fill& fill = fills_.front();
  const std::size_t count = std::min(piece_floats, fill.count - filled_);
  float* const to = fill.data + filled_;
  if (fill.zero) {
    std::memset(to, 0, count * sizeof(float));
  } else {
    std::size_t column = filled_ % stride_;
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = column < view.options.dim ? static_cast<float>(2 * random_.uniform() - 1) : 0.0F;
      if (++column == stride_) column = 0;
    }
  }
  filled_ += count;
  if (filled_ == fill.count) {
    fills_.erase(fills_.begin());
    filled_ = 0;
  }
  return true;
}

void LookupCost::State::begin_bandwidth() {
  const std::uint64_t bytes = std::min(view.options.bandwidth_bytes, view.options.memory_limit / 2);
  bandwidth_ = Storage::allocate(std::max<std::size_t>(bytes / sizeof(float) / 2 * 2, 2));
  if (bandwidth_.empty()) {  // no limit line, then
    stage_ = Stage::BeginSize;
    return;
  }
  fills_.push_back({bandwidth_.data(), bandwidth_.count(), true});
  stage_ = Stage::Bandwidth;
}

/// A run is one piece of the buffer, the next one each time: where others use the machine too, the median of many
/// short runs says more about the memory than that of a few long ones.
Task LookupCost::State::bandwidth_task() {
  Task task;
  float* const data = bandwidth_.data();
  const std::size_t half = bandwidth_.count() / 2;
  const std::size_t piece = std::min(piece_floats, half);
  task.work = [this, data, half, piece](std::size_t run, std::size_t) {
    const std::size_t pieces = (bandwidth_kind_ == 0 ? 2 : 1) * (half / piece);
    float* const from = data + run % pieces * piece;
    if (bandwidth_kind_ == 0) {
      sink_ += eigen_products(simd::supported_targets().front()).sum(from, piece);
    } else if (bandwidth_kind_ == 1) {
      std::memset(from, static_cast<int>(run & 1U), piece * sizeof(float));
    } else {
      std::memcpy(from + half, from, piece * sizeof(float));
    }
  };
  return task;
}

void LookupCost::State::advance_bandwidth() {
  if (!timer_) timer_.emplace(bandwidth_task(), view.options);
  if (timer_->advance() == Timer::Outcome::More) return;
  double* const all[] = {&view.read_bandwidth, &view.write_bandwidth, &view.copy_bandwidth};
  const std::size_t piece = std::min(piece_floats, bandwidth_.count() / 2);
  *all[bandwidth_kind_] = static_cast<double>(piece * sizeof(float)) / timer_->value().seconds;
  timer_.reset();
  ++version;
  if (++bandwidth_kind_ < std::size(all)) return;
  bandwidth_ = {};
  stage_ = Stage::BeginSize;
}

Storage LookupCost::State::take_memory(std::size_t floats, const char* what, std::string& refusal) {
  const double bytes = static_cast<double>(floats) * sizeof(float);
  const double together = static_cast<double>(memory_used_) + bytes;
  refusal.clear();
  const std::string size = std::string(what) + " would take " + size_text(bytes);
  if (together > static_cast<double>(view.options.memory_limit)) {
    const std::string beside =
        memory_used_ > 0 ? ", " + size_text(together) + " with what has to be beside it" : std::string();
    refusal = size + beside + "; the limit is " + size_text(static_cast<double>(view.options.memory_limit));
    return {};
  }
  Storage storage = Storage::allocate(floats);
  if (storage.empty()) refusal = size + ", which the system does not give";
  memory_used_ += storage.count() * sizeof(float);
  return storage;
}

void LookupCost::State::begin_size() {
  // The old buffers go first: two sizes at once could be more than the limit.
  table_ = {};
  gradient_ = {};
  one_hot_ = {};
  hot_ = {};
  memory_used_ = 0;
  const std::size_t n = rows();
  const std::size_t batch = view.options.batch;
  table_ = take_memory(n * stride_, "the table", no_table_);
  no_gradient_ = no_table_;
  no_one_hot_ = no_table_;
  if (!table_.empty()) {
    fills_.push_back({table_.data(), table_.count(), false});
    gradient_ = take_memory(n * stride_, "the dense gradient", no_gradient_);
    one_hot_ = take_memory(batch * n, "the one-hot matrix", no_one_hot_);
    for (const Storage* zeros : {&gradient_, &one_hot_}) {
      if (!zeros->empty()) fills_.push_back({zeros->data(), zeros->count(), true});
    }
  }
  batches_ = std::clamp<std::size_t>(different_ids / batch, 4, most_inner_runs);
  ids_.resize(batches_ * batch);
  for (std::int32_t& id : ids_) id = static_cast<std::int32_t>(random_.below(static_cast<std::uint32_t>(n)));
  target_ = 0;
  begin_point();
  stage_ = Stage::Size;
}

void LookupCost::State::begin_point() {
  value_ = 0;
  CostPoint& point = view.points.emplace_back();
  point.rows = rows();
  point.target = target();
  ++version;
}

std::optional<std::string> LookupCost::State::why_not(CostAlgorithm algorithm, CostPass pass) const {
  if (algorithm == CostAlgorithm::LookupDenseGradient && pass == CostPass::Forward) {
    return "the forward pass is that of the lookup";
  }
  const bool dense_gradient = pass != CostPass::Forward && algorithm != CostAlgorithm::Lookup;
  if (!no_table_.empty()) return no_table_;
  if (algorithm == CostAlgorithm::OneHot && pass != CostPass::Optimizer && !no_one_hot_.empty()) return no_one_hot_;
  if (dense_gradient && !no_gradient_.empty()) return no_gradient_;
  // From a smaller table: time grows at most with the rows.
  if (size_ > 0) {
    const CostPoint* smaller = view.find(view.options.rows[size_ - 1], target());
    const CostValue* before = smaller ? &smaller->value(algorithm, pass) : nullptr;
    if (before && before->measured()) {
      const double growth = static_cast<double>(rows()) / static_cast<double>(smaller->rows);
      const double predicted = before->seconds * growth;
      constexpr double overhead = 0.1;  // below this, a time says nothing about growth
      if (before->seconds > overhead && predicted > seconds(view.options.longest_run)) {
        return "one run would take about " + seconds_text(predicted) + "; the limit is " +
               seconds_text(seconds(view.options.longest_run));
      }
    } else if (before && no_one_hot_.empty() && no_gradient_.empty()) {
      return before->why_not;  // already too long
    }
  }
  return std::nullopt;
}

void LookupCost::State::next_value() {
  const auto algorithm = static_cast<CostAlgorithm>(value_ / cost_pass_count);
  const auto pass = static_cast<CostPass>(value_ % cost_pass_count);
  const simd::ThreadTarget scope(target());
  if (!timer_) {
    if (auto reason = why_not(algorithm, pass)) {
      finish_value({0, 0, 0, std::move(*reason)});
      return;
    }
    timer_.emplace(task_for(algorithm, pass), view.options);
  }
  switch (timer_->advance()) {
    case Timer::Outcome::More: return;
    case Timer::Outcome::Done: finish_value(timer_->value()); return;
    case Timer::Outcome::TooLong:
      finish_value({0, 0, 0, "one run takes longer than " + seconds_text(seconds(view.options.longest_run))});
      return;
  }
}

void LookupCost::State::finish_value(CostValue value) {
  view.points.back().values[value_ / cost_pass_count][value_ % cost_pass_count] = std::move(value);
  timer_.reset();
  ++view.values_done;
  ++version;
  if (++value_ < cost_algorithm_count * cost_pass_count) return;
  if (++target_ < view.options.targets.size()) {
    begin_point();
  } else if (++size_ < view.options.rows.size()) {
    stage_ = Stage::BeginSize;
  } else {
    finish();
  }
}

Task LookupCost::State::task_for(CostAlgorithm algorithm, CostPass pass) {
  const bool forward = pass == CostPass::Forward;
  if (pass == CostPass::Optimizer) {
    return algorithm == CostAlgorithm::Lookup ? lookup_optimizer() : dense_optimizer();
  }
  switch (algorithm) {
    case CostAlgorithm::Lookup: return forward ? lookup_forward() : lookup_backward();
    case CostAlgorithm::LookupDenseGradient: return scatter_backward();
    case CostAlgorithm::OneHot: return forward ? one_hot_forward() : one_hot_backward();
    case CostAlgorithm::SparseOneHot: return forward ? sparse_forward() : sparse_backward();
  }
  return {};
}

LookupCost::LookupCost(CostOptions options) : state_(std::make_unique<State>(std::move(options))) {}
LookupCost::~LookupCost() = default;

bool LookupCost::advance(std::chrono::microseconds budget) {
  const bool endless = budget == std::chrono::microseconds::max();
  const auto start = Clock::now();
  while (state_->view.running) {
    state_->advance_piece();
    if (!endless && Clock::now() - start >= budget) break;
  }
  return state_->view.running;
}

void LookupCost::cancel() {
  if (!state_->view.running) return;
  state_->view.cancelled = true;
  state_->finish();
}

const CostView& LookupCost::result() const { return state_->view; }
std::uint64_t LookupCost::version() const { return state_->version; }

}  // namespace rowlight
