#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/simd/kernels.h"

namespace rowlight {

/// The ways to get rows out of a table (rows, dim) and gradients back into it that are measured.
enum class CostAlgorithm {
  Lookup,               ///< copies rows; sparse gradient (indices, values); the optimizer touches these rows
  LookupDenseGradient,  ///< the same forward; zero-fill and scatter-add; the optimizer passes over all rows
  OneHot,               ///< dense one-hot (batch, rows) times the table, as a Linear layer would; Eigen's product
  SparseOneHot,         ///< Eigen's sparse matrix with the same ones; dense gradient
};
enum class CostPass { Forward, Backward, Optimizer };
inline constexpr std::size_t cost_algorithm_count = 4;
inline constexpr std::size_t cost_pass_count = 3;

/// "lookup", "lookup_dense_gradient", "one_hot", "sparse_one_hot".
[[nodiscard]] std::string_view name_of(CostAlgorithm algorithm);
/// "forward", "backward", "optimizer".
[[nodiscard]] std::string_view name_of(CostPass pass);

struct CostOptions {
  std::vector<std::size_t> rows;                  ///< of the tables to measure; taken in ascending order
  std::size_t dim = 50;                           ///< floats in a row
  std::size_t batch = 64;                         ///< rows looked up at once
  std::vector<simd::Target> targets;              ///< empty: the current one
  std::uint64_t memory_limit = 0;                 ///< bytes; 0: a quarter of the machine's memory
  std::chrono::milliseconds time_per_value{40};   ///< measuring goes on this long for each number
  std::chrono::milliseconds longest_run{5000};    ///< what takes longer is given up, with a sentence
  std::uint64_t bandwidth_bytes = 512ULL << 20U;  ///< of the buffer that the memory bandwidth is measured with
  std::uint64_t seed = 42;                        ///< of the rows that are looked up
};

/// 10, 30, 100, ... up to `most`.
[[nodiscard]] std::vector<std::size_t> cost_rows_up_to(std::size_t most);

/// Errors: Usage, for no or too many row counts, and for sizes outside what this can measure.
[[nodiscard]] Expected<void> validate(const CostOptions& options);

/// One measured number, or the sentence that says why there is none.
struct CostValue {
  double seconds = 0;           ///< median of the repetitions, for one run
  std::size_t repetitions = 0;  ///< 0: not measured
  double max_abs_diff = 0;      ///< of the results from their definition; forward and backward
  std::string why_not;          ///< empty while it is still to come
  [[nodiscard]] bool measured() const { return repetitions > 0; }
};

/// Bytes that follow from the shapes, without row padding.
struct CostBytes {
  std::uint64_t table = 0;            ///< rows x dim; a dense gradient takes the same again
  std::uint64_t one_hot = 0;          ///< batch x rows
  std::uint64_t sparse_one_hot = 0;   ///< batch values and int32 columns, batch + 1 starts
  std::uint64_t sparse_gradient = 0;  ///< batch x (dim floats and an int64 index)
  std::uint64_t indices = 0;          ///< batch int64
};
[[nodiscard]] CostBytes cost_bytes(std::size_t rows, std::size_t dim, std::size_t batch);

/// A table size on a SIMD target.
struct CostPoint {
  std::size_t rows = 0;
  simd::Target target = simd::Target::Scalar;
  std::array<std::array<CostValue, cost_pass_count>, cost_algorithm_count> values;

  [[nodiscard]] const CostValue& value(CostAlgorithm algorithm, CostPass pass) const {
    return values[static_cast<std::size_t>(algorithm)][static_cast<std::size_t>(pass)];
  }
};

/// Everything that a measurement found so far: a state, never a delta.
struct CostView {
  CostOptions options;  ///< resolved: targets and memory_limit are given, rows ascend
  bool running = false;
  bool cancelled = false;
  bool paused_training = false;  ///< training was playing when this began; set by the Session
  std::size_t values_done = 0;
  std::size_t values_total = 0;
  double read_bandwidth = 0;  ///< bytes a second with one thread; 0: not measured yet
  double write_bandwidth = 0;
  double copy_bandwidth = 0;      ///< bytes copied a second: each is read and written
  std::vector<CostPoint> points;  ///< by rows, then by target as in the options; complete but for the last

  /// The point of a size and target, or null.
  [[nodiscard]] const CostPoint* find(std::size_t rows, simd::Target target) const;
};

/// The least time that memory allows for touching every row of the table once in this pass: reading the table
/// forward, writing its gradient backward, reading both and writing the table in an optimizer step. 0 without
/// measured bandwidths. Tables that fit into the caches can be faster.
[[nodiscard]] double memory_limit_seconds(const CostView& view, std::size_t rows, CostPass pass);

/// Measures, on the calling thread alone, what a lookup costs and what its stand-ins cost. Every run looks up other
/// rows, drawn evenly, so that a large table is not measured from the cache. What does not fit into the memory limit
/// is not tried. The kernels of other threads and the process's SIMD target are left alone (simd::ThreadTarget).
/// Used by one thread at a time.
class LookupCost {
 public:
  /// Pre: validate(options).
  explicit LookupCost(CostOptions options);
  ~LookupCost();
  LookupCost(const LookupCost&) = delete;
  LookupCost& operator=(const LookupCost&) = delete;

  /// Works for about `budget`, at least one piece of some milliseconds (a product of any size is cut). Returns
  /// whether there is more to do.
  bool advance(std::chrono::microseconds budget);

  /// Ends the measurement; what is measured stays. Frees the memory.
  void cancel();

  [[nodiscard]] const CostView& result() const;
  /// Rises when result() changed.
  [[nodiscard]] std::uint64_t version() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace rowlight
