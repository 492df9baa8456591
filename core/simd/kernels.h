#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/matrix.h"

namespace rowlight::simd {

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

// All kernels: no allocation, no failure, safe to call from several threads on outputs that do not overlap. Shapes
// are preconditions. Results of one target do not depend on alignment or on how the rows are split into calls;
// different targets may round sums differently.

/// out (batch, dim) <- table (rows, dim): out[b] = table[ids[b]], padding included. Bit-exact on every target.
/// Pre: 0 <= ids[b] < table.rows; equal strides; out overlaps nothing. Reads and writes batch * stride floats.
void gather_rows(ConstMatrixView table, std::span<const std::int32_t> ids, MatrixView out);

/// out[b] = sum over k of a[b][k] * b[b][k]. Pre: a and b (batch, dim) with equal strides; out.size() == batch.
void dot_rows(ConstMatrixView a, ConstMatrixView b, std::span<float> out);

/// out[b] = dot(a[a_ids[b]], b[b_ids[b]]): the same bits as two gathers and dot_rows, without the copies.
void dot_of_rows(ConstMatrixView a, std::span<const std::int32_t> a_ids, ConstMatrixView b,
                 std::span<const std::int32_t> b_ids, std::span<float> out);

/// out[out_rows[b]] += scale[b] * rows[b], for b in rising order: rows that share an output row are added in batch
/// order. Pre: rows (batch, dim); 0 <= out_rows[b] < out.rows; equal strides.
void scatter_add_scaled(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> out_rows,
                        MatrixView out);

/// Numbers of one SGD step (torch.optim.SGD, dampening 0, not Nesterov).
struct SgdStep {
  float learning_rate = 0;
  float momentum = 0;
  float weight_decay = 0;
};

/// Per float, with g = grad + weight_decay * p: velocity = momentum * velocity + g; p -= learning_rate * velocity.
/// `velocity` may be empty when momentum is 0 (then g takes its place); `grad` may be empty and counts as zeros.
/// Pre: spans that are not empty have the length of p.
void sgd(const SgdStep& step, std::span<float> p, std::span<float> velocity, std::span<const float> grad);

/// Numbers of one AdamW step (Loshchilov and Hutter, 2019, as torch.optim.AdamW computes it), t counted from 1.
struct AdamWStep {
  float decay = 1;  ///< 1 - learning_rate * weight_decay
  float beta1 = 0;
  float one_minus_beta1 = 0;
  float beta2 = 0;
  float one_minus_beta2 = 0;
  float step_size = 0;        ///< learning_rate / (1 - beta1^t)
  float bias_correction = 0;  ///< 1 / sqrt(1 - beta2^t)
  float eps = 0;
};

/// Per float: p *= decay; m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2;
/// p -= step_size * m / (sqrt(v) * bias_correction + eps). `grad` may be empty and counts as zeros.
/// Pre: spans that are not empty have the length of p. Zeros with zero moments and gradient stay zeros.
void adamw(const AdamWStep& step, std::span<float> p, std::span<float> m, std::span<float> v,
           std::span<const float> grad);

}  // namespace rowlight::simd
