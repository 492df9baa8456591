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

#include "core/analysis/eigen_products.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/base/system.h"
#include "core/layers/embedding.h"

namespace rowlight {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_row_counts = 64;
constexpr std::size_t most_rows = 100'000'000;
constexpr std::size_t most_dim = 1024;
constexpr std::size_t most_batch = 8192;

constexpr std::size_t piece_floats = std::size_t{1} << 20U;    // 4 MB: a millisecond or so of memory traffic
constexpr std::size_t piece_products = std::size_t{1} << 25U;  // a millisecond with AVX-512, 30 in plain C++
constexpr std::size_t tile_batch = 256;
constexpr std::size_t smallest_tile = 128;
constexpr std::size_t different_ids = 65'536;  // rows looked up before they repeat
constexpr std::size_t fewest_samples = 3;
constexpr std::size_t most_samples = 201;
constexpr std::size_t most_inner_runs = 1000;
constexpr double shortest_sample = 20e-6;  // seconds; far above the clock's resolution
constexpr float learning_rate = 1e-6F;     // the table must not run away in a million steps

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double seconds(std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); }

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

/// Floats that are not touched until somebody fills them, so that a large buffer can be filled piece by piece.
class Storage {
 public:
  /// Errors: none; empty when the system gives no memory.
  static Storage allocate(std::size_t count) {
    Storage storage;
    storage.data_.reset(static_cast<float*>(::operator new(count * sizeof(float), alignment, std::nothrow)));
    storage.count_ = storage.data_ ? count : 0;
    return storage;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] float* data() const { return data_.get(); }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(float* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t count_ = 0;
};

std::size_t pieces_of(std::size_t total, std::size_t piece) { return (total + piece - 1) / piece; }

/// Work that is measured: a run is its pieces one after the other.
struct Task {
  std::size_t pieces = 1;
  std::function<void(std::size_t run, std::size_t piece)> work;
  std::function<void(std::size_t run)> prepare;  ///< before a sample, not timed; may be empty
  bool changes_batch = true;                     ///< each run of a sample takes another batch
  std::function<double(std::size_t run)> check;  ///< largest difference after that run; may be empty
};

/// The repetitions of one Task.
class Timer {
 public:
  enum class Outcome { More, Done, TooLong };

  Timer(Task task, const CostOptions& options)
      : task_(std::move(task)), budget_(seconds(options.time_per_value)), longest_(seconds(options.longest_run)) {}

  /// One piece of a long run, or one sample of short ones.
  Outcome advance() {
    if (piece_ == 0 && task_.prepare) task_.prepare(run_);
    if (task_.pieces <= 2) {
      sample_short_runs();
    } else {
      const auto start = Clock::now();
      task_.work(run_, piece_);
      run_seconds_ += seconds_since(start);
      if (run_seconds_ > longest_) return Outcome::TooLong;
      if (++piece_ < task_.pieces) return Outcome::More;
      last_run_ = run_++;
      take(std::exchange(run_seconds_, 0));
      piece_ = 0;
    }
    const bool enough = spent_ >= budget_ && samples_.size() >= fewest_samples;
    return enough || samples_.size() >= most_samples ? Outcome::Done : Outcome::More;
  }

  [[nodiscard]] CostValue value() {
    CostValue value;
    const auto middle = samples_.begin() + static_cast<std::ptrdiff_t>(samples_.size() / 2);
    std::nth_element(samples_.begin(), middle, samples_.end());
    value.seconds = *middle;
    value.repetitions = samples_.size();
    if (task_.check) value.max_abs_diff = task_.check(last_run_);
    return value;
  }

 private:
  void sample_short_runs() {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < inner_; ++i) {
      last_run_ = task_.changes_batch ? run_ + i : run_;
      for (std::size_t piece = 0; piece < task_.pieces; ++piece) task_.work(last_run_, piece);
    }
    const double each = seconds_since(start) / static_cast<double>(inner_);
    run_ += inner_;
    spent_ += each * static_cast<double>(inner_ - 1);
    take(each);
  }

  /// The first run warms the caches up and says how many runs make a sample; it counts where it alone takes longer
  /// than there is time.
  void take(double each) {
    if (std::exchange(warm_, true) || each > budget_) {
      spent_ += each;
      samples_.push_back(each);
      return;
    }
    inner_ = static_cast<std::size_t>(
        std::clamp(std::ceil(shortest_sample / std::max(each, 1e-9)), 1.0, static_cast<double>(most_inner_runs)));
    if (task_.pieces > 2) inner_ = 1;
  }

  Task task_;
  double budget_;
  double longest_;
  std::vector<double> samples_;
  bool warm_ = false;
  std::size_t inner_ = 1;
  std::size_t run_ = 0;
  std::size_t last_run_ = 0;
  std::size_t piece_ = 0;
  double run_seconds_ = 0;
  double spent_ = 0;
};

float largest_difference(std::span<const float> a, std::span<const float> b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
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

/// The measurement as a list of small pieces of work: the bandwidths, then for each table size filling its buffers
/// and timing every value on every target.
class LookupCost::State {
 public:
  explicit State(CostOptions options);
  void advance_piece();
  void finish();

  CostView view;
  std::uint64_t version = 0;

 private:
  struct Fill {
    float* data;
    std::size_t count;
    bool zero;
  };
  enum class Stage { BeginBandwidth, Bandwidth, BeginSize, Size, Done };

  void begin_bandwidth();
  void advance_bandwidth();
  Task bandwidth_task();
  void begin_size();
  void begin_point();
  void next_value();
  void finish_value(CostValue value);
  bool advance_fill();
  std::optional<std::string> why_not(CostAlgorithm algorithm, CostPass pass) const;
  Storage take_memory(std::size_t floats, const char* what, std::string& refusal);

  Task task_for(CostAlgorithm algorithm, CostPass pass);
  Task lookup_forward();
  Task lookup_backward();
  Task lookup_optimizer();
  Task scatter_backward();
  Task one_hot_forward();
  Task one_hot_backward();
  Task sparse_forward();
  Task sparse_backward();
  Task dense_optimizer();
  void set_one_hot(std::size_t run);
  double output_difference(std::size_t run) const;
  double gradient_difference(std::size_t run) const;
  EigenProducts::Sparse sparse_one_hot(std::size_t run) const;

  [[nodiscard]] std::size_t rows() const { return view.options.rows[size_]; }
  [[nodiscard]] simd::Target target() const { return view.options.targets[target_]; }
  [[nodiscard]] const EigenProducts& eigen() const { return eigen_products(target()); }
  [[nodiscard]] std::span<const std::int32_t> ids(std::size_t run) const {
    return std::span(ids_).subspan((run % batches_) * view.options.batch, view.options.batch);
  }
  [[nodiscard]] MatrixView table() const { return matrix(table_, rows()); }
  [[nodiscard]] MatrixView gradient() const { return matrix(gradient_, rows()); }
  [[nodiscard]] MatrixView matrix(const Storage& storage, std::size_t rows) const {
    return {storage.data(), rows, view.options.dim, stride_};
  }
  /// Rows [first, ...) of a table that make piece number `piece`.
  [[nodiscard]] std::size_t piece_rows() const { return std::max<std::size_t>(1, piece_floats / stride_); }
  [[nodiscard]] std::size_t table_pieces() const { return pieces_of(rows(), piece_rows()); }
  [[nodiscard]] MatrixView table_piece(MatrixView all, std::size_t piece) const {
    const std::size_t first = piece * piece_rows();
    return {all.data + first * stride_, std::min(piece_rows(), all.rows - first), all.cols, all.stride};
  }

  Stage stage_ = Stage::BeginBandwidth;
  std::size_t stride_;
  Random random_;
  std::uint64_t memory_used_ = 0;
  std::vector<Fill> fills_;
  std::size_t filled_ = 0;  // floats of the first fill
  std::optional<Timer> timer_;

  Storage bandwidth_;
  std::size_t bandwidth_kind_ = 0;  // read, write, copy
  float sink_ = 0;

  std::size_t size_ = 0;
  std::size_t target_ = 0;
  std::size_t value_ = 0;  // algorithm * passes + pass
  std::size_t batches_ = 1;
  std::vector<std::int32_t> ids_;
  Storage table_;
  Storage gradient_;
  Storage one_hot_;
  std::string no_table_;
  std::string no_gradient_;
  std::string no_one_hot_;
  Matrix output_;
  Matrix output_gradient_;
  std::vector<std::int32_t> starts_;
  std::vector<float> ones_;
  std::vector<float> steps_;  // -learning_rate
  SparseGradient sparse_;
  std::span<const std::int32_t> hot_;  // the ids of the ones in one_hot_
};

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

Task LookupCost::State::lookup_forward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) { look_up(table(), ids(run), output_.view(), Uncounted{}); };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::lookup_backward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    sparse_ = sparse_gradient(output_gradient_.view(), ids(run), std::nullopt, Uncounted{});
  };
  task.check = [this](std::size_t run) {
    if (!std::ranges::equal(sparse_.indices, ids(run))) return HUGE_VAL;
    float largest = 0;
    for (std::size_t b = 0; b < output_gradient_.rows(); ++b) {
      largest = std::max(largest, largest_difference(sparse_.values.row(b), output_gradient_.row(b)));
    }
    return double{largest};
  };
  return task;
}

Task LookupCost::State::lookup_optimizer() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    simd::scatter_add_scaled(steps_, output_gradient_.view(), ids(run), table());
  };
  return task;
}

Task LookupCost::State::scatter_backward() {
  Task task;
  const std::size_t fills = table_pieces();
  task.pieces = fills + 1;
  task.work = [this, fills](std::size_t run, std::size_t piece) {
    if (piece < fills) {
      zero_fill(table_piece(gradient(), piece), Uncounted{});
    } else {
      scatter_add(output_gradient_.view(), ids(run), {}, gradient(), Uncounted{});
    }
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

Task LookupCost::State::one_hot_forward() {
  const std::size_t n = rows();
  const std::size_t batch = view.options.batch;
  const std::size_t dim = view.options.dim;
  const std::size_t tall = std::min(batch, tile_batch);
  const std::size_t deep = std::min(n, std::max(smallest_tile, piece_products / (tall * dim)));
  const std::size_t across = pieces_of(batch, tall);
  Task task;
  task.changes_batch = false;
  task.pieces = across * pieces_of(n, deep);
  task.prepare = [this](std::size_t run) { set_one_hot(run); };
  task.work = [=, this](std::size_t, std::size_t piece) {
    const std::size_t b = piece % across * tall;
    const std::size_t k = piece / across * deep;
    eigen().dense({one_hot_.data() + b * n + k, n, false, table_.data() + k * stride_, stride_,
                   output_.data() + b * stride_, stride_, std::min(tall, batch - b), std::min(deep, n - k), dim,
                   k > 0});
  };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::one_hot_backward() {
  const std::size_t n = rows();
  const std::size_t batch = view.options.batch;
  const std::size_t dim = view.options.dim;
  const std::size_t deep = std::min(batch, tile_batch);
  const std::size_t tall = std::min(n, std::max(smallest_tile, piece_products / (deep * dim)));
  const std::size_t inwards = pieces_of(batch, deep);
  Task task;
  task.changes_batch = false;
  task.pieces = inwards * pieces_of(n, tall);
  task.prepare = [this](std::size_t run) { set_one_hot(run); };
  task.work = [=, this](std::size_t, std::size_t piece) {
    const std::size_t k = piece % inwards * deep;
    const std::size_t m = piece / inwards * tall;
    eigen().dense({one_hot_.data() + k * n + m, n, true, output_gradient_.data() + k * stride_, stride_,
                   gradient_.data() + m * stride_, stride_, std::min(tall, n - m), std::min(deep, batch - k), dim,
                   k > 0});
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

EigenProducts::Sparse LookupCost::State::sparse_one_hot(std::size_t run) const {
  EigenProducts::Sparse x;
  x.starts = starts_.data();
  x.ids = ids(run).data();
  x.values = ones_.data();
  x.batch = view.options.batch;
  x.rows = rows();
  x.stride = stride_;
  x.n = view.options.dim;
  return x;
}

Task LookupCost::State::sparse_forward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    EigenProducts::Sparse product = sparse_one_hot(run);
    product.b = table_.data();
    product.out = output_.data();
    eigen().sparse(product);
  };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::sparse_backward() {
  Task task;
  const std::size_t fills = table_pieces();
  task.pieces = fills + 1;
  task.work = [this, fills](std::size_t run, std::size_t piece) {
    if (piece < fills) {
      zero_fill(table_piece(gradient(), piece), Uncounted{});
      return;
    }
    EigenProducts::Sparse product = sparse_one_hot(run);
    product.b = output_gradient_.data();
    product.out = gradient_.data();
    eigen().sparse_transposed_add(product);
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

Task LookupCost::State::dense_optimizer() {
  Task task;
  task.changes_batch = false;
  task.pieces = table_pieces();
  task.work = [this](std::size_t, std::size_t piece) {
    simd::sgd({learning_rate, 0, 0}, table_piece(table(), piece).flat(), {}, table_piece(gradient(), piece).flat());
  };
  return task;
}

void LookupCost::State::set_one_hot(std::size_t run) {
  const std::size_t n = rows();
  const auto put = [&](std::span<const std::int32_t> at, float value) {
    for (std::size_t b = 0; b < at.size(); ++b) one_hot_.data()[b * n + static_cast<std::size_t>(at[b])] = value;
  };
  put(hot_, 0.0F);
  hot_ = ids(run);
  put(hot_, 1.0F);
}

double LookupCost::State::output_difference(std::size_t run) const {
  const auto looked_up = ids(run);
  float largest = 0;
  for (std::size_t b = 0; b < looked_up.size(); ++b) {
    const auto row = table().row(static_cast<std::size_t>(looked_up[b]));
    largest = std::max(largest, largest_difference(output_.row(b), row));
  }
  return double{largest};
}

double LookupCost::State::gradient_difference(std::size_t run) const {
  const auto looked_up = ids(run);
  std::unordered_map<std::int32_t, std::vector<float>> sums;
  for (std::size_t b = 0; b < looked_up.size(); ++b) {
    auto& sum = sums.try_emplace(looked_up[b], view.options.dim, 0.0F).first->second;
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += output_gradient_(b, d);
  }
  float largest = 0;
  for (const auto& [row, sum] : sums) {
    largest = std::max(largest, largest_difference(gradient().row(static_cast<std::size_t>(row)), sum));
  }
  return double{largest};
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
