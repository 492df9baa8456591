#include <cmath>
#include <cstring>

#include "core/simd/kernel_table.h"

namespace rowlight::simd {

namespace {

void gather_rows(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out) {
  if (stride == 0) return;  // rows without numbers have no address to copy from
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(out + i * stride, table + static_cast<std::size_t>(ids[i]) * stride, stride * sizeof(float));
  }
}

void dot_of_rows(const float* a, const std::int32_t* a_ids, const float* b, const std::int32_t* b_ids,
                 std::size_t stride, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float* x = a + (a_ids ? static_cast<std::size_t>(a_ids[i]) : i) * stride;
    const float* y = b + (b_ids ? static_cast<std::size_t>(b_ids[i]) : i) * stride;
    float sum = 0;
    for (std::size_t k = 0; k < stride; ++k) sum += x[k] * y[k];
    out[i] = sum;
  }
}

void scatter_add_scaled(const float* scale, const float* rows, const std::int32_t* out_rows, std::size_t stride,
                        std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    float* to = out + static_cast<std::size_t>(out_rows[i]) * stride;
    for (std::size_t k = 0; k < stride; ++k) to[k] += scale[i] * rows[i * stride + k];
  }
}

void sgd(const SgdStep& step, std::size_t n, float* p, float* velocity, const float* grad) {
  for (std::size_t i = 0; i < n; ++i) {
    float g = grad ? grad[i] : 0.0F;
    if (step.weight_decay != 0) g += step.weight_decay * p[i];  // without: 0 x Inf is NaN
    if (velocity) g = velocity[i] = step.momentum * velocity[i] + g;
    p[i] -= step.learning_rate * g;
  }
}

void add_rows(const float* table, std::size_t stride, const std::int32_t* ids, const float* scale, std::size_t n,
              float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = table + static_cast<std::size_t>(ids[i]) * stride;
    for (std::size_t k = 0; k < stride; ++k) out[k] += (scale ? scale[i] : 1.0F) * row[k];
  }
}

void matmul_add(const Operand& x, const float* rows, std::size_t stride, std::size_t n, std::size_t out_rows,
                float* out) {
  for (std::size_t i = 0; i < out_rows; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const float factor = x.data[i * x.row_step + j * x.col_step];
      for (std::size_t k = 0; k < stride; ++k) out[i * stride + k] += factor * rows[j * stride + k];
    }
  }
}

void adam(const AdamStep& step, std::size_t n, float* p, float* m, float* v, const float* grad) {
  for (std::size_t i = 0; i < n; ++i) {
    float g = grad ? grad[i] : 0.0F;
    if (step.weight_decay != 0) g += step.weight_decay * p[i];
    m[i] = step.beta1 * m[i] + step.one_minus_beta1 * g;
    v[i] = step.beta2 * v[i] + step.one_minus_beta2 * g * g;
    p[i] = p[i] * step.decay - step.step_size * (m[i] / (std::sqrt(v[i]) * step.bias_correction + step.eps));
  }
}

void adagrad(const AdagradStep& step, std::size_t n, float* p, float* sum, const float* grad) {
  for (std::size_t i = 0; i < n; ++i) {
    float g = grad ? grad[i] : 0.0F;
    if (step.weight_decay != 0) g += step.weight_decay * p[i];
    sum[i] += g * g;
    p[i] -= step.learning_rate * (g / (std::sqrt(sum[i]) + step.eps));
  }
}

FoundBytes find_bytes(const char* text, std::size_t n, char a, char b, std::uint32_t* positions) {
  FoundBytes found;
  for (std::size_t i = 0; i < n; ++i) {
    if (text[i] == a || text[i] == b) positions[found.count++] = static_cast<std::uint32_t>(i);
    found.ascii = found.ascii && static_cast<unsigned char>(text[i]) < 128;
  }
  return found;
}

}  // namespace

const KernelTable& scalar_kernels() {
  static constexpr KernelTable table{gather_rows, dot_of_rows, scatter_add_scaled, add_rows, matmul_add, sgd,
                                     adam,        adagrad,     find_bytes};
  return table;
}

}  // namespace rowlight::simd
