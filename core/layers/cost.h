#pragma once

#include <chrono>
#include <cstdint>

namespace rowlight {

/// What a piece of work did, filled in by the code that did it. Bytes count the numbers of tensors once for each time
/// the work has to touch them (the least traffic), without row padding. Reads are of the operands that are computed
/// on: tables, gradients, optimizer state. What only says which rows are meant (indices, or the one-hot matrix in
/// their place) is counted where it is made.
/// A sum of n products has n multiplies and n - 1 adds; a scatter-add into zeroed memory counts every add.
struct Cost {
  std::uint64_t multiplies = 0;
  std::uint64_t multiplies_by_zero = 0;  ///< among `multiplies`
  std::uint64_t adds = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_allocated = 0;  ///< of what the work leaves behind or needs beside its operands
  double seconds = 0;                 ///< measured; see Stopwatch

  Cost& operator+=(const Cost& other) {
    multiplies += other.multiplies;
    multiplies_by_zero += other.multiplies_by_zero;
    adds += other.adds;
    bytes_read += other.bytes_read;
    bytes_written += other.bytes_written;
    bytes_allocated += other.bytes_allocated;
    seconds += other.seconds;
    return *this;
  }
};

// The layers' functions take one of two policies, so that counting costs nothing where nobody counts.

struct Uncounted {
  static constexpr bool counts = false;
};

struct Counted {
  static constexpr bool counts = true;
  Cost& cost;  ///< what is done is added to this
};

/// Calls work(policy): counted into `cost`, or uncounted when it is null. For code that runs once a batch.
template <class Work>
decltype(auto) with_policy(Cost* cost, Work&& work) {
  return cost ? work(Counted{*cost}) : work(Uncounted{});
}

/// Adds the time from its making to its end to a cost.
class Stopwatch {
 public:
  explicit Stopwatch(Cost& cost) : cost_(cost) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { cost_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  Cost& cost_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace rowlight
