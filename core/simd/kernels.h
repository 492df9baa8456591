#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/matrix.h"

namespace rowlight::simd {

struct KernelTable;

/// The instruction sets that the kernels are compiled for. Scalar is plain C++, the reference of the others.
enum class Target { Scalar, Sse4, Avx2, Avx512, Neon };

/// The targets that this machine can run, the best first; Scalar is always the last.
[[nodiscard]] std::vector<Target> supported_targets();
/// "scalar", "sse4", "avx2", "avx512", "neon": the names of the command line.
[[nodiscard]] std::string_view name_of(Target target);
/// Makes all kernels of the process run on `target`. Call it before training starts, from one thread.
/// Errors: Usage, naming the supported targets, when this machine cannot run it.
[[nodiscard]] Expected<void> select_target(Target target);
/// The target in use: the best supported one unless select_target() chose another.
[[nodiscard]] Target current_target();

/// While one lives, the kernels that its thread calls run on another target; all other threads keep theirs. For
/// comparing targets beside a run. Scopes of one thread nest. Pre: `target` is among supported_targets().
class ThreadTarget {
 public:
  explicit ThreadTarget(Target target);
  ThreadTarget(const ThreadTarget&) = delete;
  ThreadTarget& operator=(const ThreadTarget&) = delete;
  ~ThreadTarget();

 private:
  const KernelTable* before_;
};

// All kernels: no allocation, no failure, safe to call from several threads on outputs that do not overlap. Shapes
// are preconditions. Results of one target do not depend on alignment or on how the rows are split into calls;
// different targets may round sums differently.

/// How a lookup writes. Kept: through the caches. Streamed: past them, so that the memory is not read before it is
/// written and the caches stay with the table; only rows that are whole cache lines of 64 bytes. Which is faster for
/// more than caches hold, hangs on the processor: `rowlight-cli bench gather --writes` measures it.
enum class Writes { Kept, Streamed };

/// out (batch, dim) <- table (rows, dim): out[b] = table[ids[b]], padding included. Bit-exact on every target. Coming
/// rows of a table that is beyond the nearest caches are fetched while others are copied.
/// Pre: 0 <= ids[b] < table.rows; equal strides; out overlaps nothing. Reads and writes batch * stride floats.
void gather_rows(ConstMatrixView table, std::span<const std::int32_t> ids, MatrixView out,
                 Writes writes = Writes::Kept);

/// Bags of rows of a table: bag b holds ids[begin[b]] to ids[begin[b + 1] - 1].
struct BagRows {
  std::span<const std::int32_t> ids;
  std::span<const std::size_t> begin;  ///< bags + 1, ascending, the last at most ids.size()
  std::span<const float> scale;        ///< parallel to ids; empty: ones
  [[nodiscard]] std::size_t count() const { return begin.size() - 1; }
};

/// out[b] = the sum of scale[i] * table[ids[i]] over bag b, added to zero in rising order of i; zeros for an empty bag.
/// Padding is summed like all else: a scale that is not finite makes NaN of it. Fetches as gather_rows().
/// Pre: 0 <= ids[i] < table.rows; out.rows >= bags; equal strides; out overlaps nothing.
void sum_bags(ConstMatrixView table, const BagRows& bags, MatrixView out, Writes writes = Writes::Kept);

/// A dot product is summed by parts of so many columns (the last may be narrower), and these sums from the first part
/// on: at most four, each of whole pairs of cache lines, so that threads may sum a part each and get the same bits.
/// `width`: columns with their padding.
[[nodiscard]] constexpr std::size_t dot_part_width(std::size_t width) {
  constexpr std::size_t most_parts = 4;
  constexpr std::size_t two_lines = 2 * row_padding;
  return (std::max<std::size_t>(width, 1) + most_parts * two_lines - 1) / (most_parts * two_lines) * two_lines;
}

/// out[b] = sum over k of a[b][k] * b[b][k]. Pre: a and b (batch, dim) with equal strides; out.size() == batch.
void dot_rows(ConstMatrixView a, ConstMatrixView b, std::span<float> out);

/// out[b] = dot(a[a_ids[b]], b[b_ids[b]]): the same bits as two gathers and dot_rows, without the copies.
void dot_of_rows(ConstMatrixView a, std::span<const std::int32_t> a_ids, ConstMatrixView b,
                 std::span<const std::int32_t> b_ids, std::span<float> out);

/// The same of one part: `a` and `b` view its columns. Fetches rows ahead.
void dot_of_part(ConstMatrixView a, std::span<const std::int32_t> a_ids, ConstMatrixView b,
                 std::span<const std::int32_t> b_ids, std::span<float> out);

/// out[out_rows[b]] += scale[b] * rows[b], for b in rising order: rows that share an output row are added in batch
/// order. Pre: rows (batch, dim); 0 <= out_rows[b] < out.rows; equal strides.
void scatter_add_scaled(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> out_rows,
                        MatrixView out);

/// The left operand of matmul_add(): element (i, j) stands at data[i * row_step + j * col_step], so a matrix and its
/// transpose are read alike.
struct Operand {
  const float* data = nullptr;
  std::size_t row_step = 0;
  std::size_t col_step = 1;
};

/// out (m, dim) += x (m, n) . rows (n, dim): out[i] = out[i] + x[i][0] * rows[0] + x[i][1] * rows[1] + ..., one fused
/// multiply-add after the other in rising order (a product and a sum on targets without one). Nothing is left out: a
/// zero times NaN is NaN. Pre: equal strides; x has out.rows x rows.rows elements; out overlaps nothing.
void matmul_add(const Operand& x, ConstMatrixView rows, MatrixView out);

/// Numbers of one SGD step (torch.optim.SGD, dampening 0, not Nesterov).
struct SgdStep {
  float learning_rate = 0;
  float momentum = 0;
  float weight_decay = 0;
};

/// Per float, with g = grad + weight_decay * p: velocity = momentum * velocity + g; p -= learning_rate * velocity.
/// `velocity` may be empty when momentum is 0 (then g takes its place); `grad` may be empty and counts as zeros. With a
/// velocity, numbers below the normal ones (1.2e-38) count as zeros where x86 computes: see flush_tiny.h.
/// Pre: spans that are not empty have the length of p.
void sgd(const SgdStep& step, std::span<float> p, std::span<float> velocity, std::span<const float> grad);

/// Numbers of one step of Adam (Kingma and Ba, 2015), AdamW (Loshchilov and Hutter, 2019) or SparseAdam as torch.optim
/// computes it, t counted from 1.
struct AdamStep {
  float decay = 1;         ///< AdamW: 1 - learning_rate * weight_decay
  float weight_decay = 0;  ///< Adam: added to the gradient, times p
  float beta1 = 0;
  float one_minus_beta1 = 0;
  float beta2 = 0;
  float one_minus_beta2 = 0;
  float step_size = 0;        ///< learning_rate / (1 - beta1^t); SparseAdam: that * sqrt(1 - beta2^t)
  float bias_correction = 1;  ///< 1 / sqrt(1 - beta2^t); SparseAdam: 1
  float eps = 0;
};

/// Per float, with g = grad + weight_decay * p: p *= decay; m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2;
/// p -= step_size * m / (sqrt(v) * bias_correction + eps). `grad` may be empty and counts as zeros. Where eps is at
/// least tiny_eps, numbers below the normal ones (1.2e-38) count as zeros where x86 computes: see flush_tiny.h. Pre:
/// spans that are not empty have the length of p. Zeros with zero moments and gradient stay zeros.
void adam(const AdamStep& step, std::span<float> p, std::span<float> m, std::span<float> v,
          std::span<const float> grad);

/// Numbers of one Adagrad step (Duchi, Hazan and Singer, 2011), as torch.optim.Adagrad computes it without lr_decay.
struct AdagradStep {
  float learning_rate = 0;
  float weight_decay = 0;
  float eps = 0;
};

/// Per float, with g = grad + weight_decay * p: sum += g^2; p -= learning_rate * g / (sqrt(sum) + eps). `grad` may be
/// empty and counts as zeros. Pre: spans that are not empty have the length of p; eps > 0, so zeros stay zeros.
void adagrad(const AdagradStep& step, std::span<float> p, std::span<float> sum, std::span<const float> grad);

}  // namespace rowlight::simd
