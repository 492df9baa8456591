#include "core/simd/factorization_table.h"

namespace rowlight::simd {

namespace {

const float* row_of(const PassRows& rows, std::size_t t) {
  return rows.table + static_cast<std::size_t>(rows.ids[t]) * rows.stride;
}

float dot(const PassRows& rows, std::size_t t, const float* x) {
  const float* v = row_of(rows, t);
  float sum = 0;
  for (std::size_t k = 0; k < rows.width; ++k) sum += x[k] * v[k];
  return sum;
}

void add_scaled(const PassRows& rows, std::size_t t, float scale, float* out) {
  const float* v = row_of(rows, t);
  for (std::size_t k = 0; k < rows.width; ++k) out[k] += scale * v[k];
}

PassSums residual_pass(const PassRows& rows, const float* targets, const float* x, float offset, float* gradient,
                       float* curvature) {
  PassSums sums;
  for (std::size_t t = 0; t < rows.n; ++t) {
    const float e = targets[t] - (offset + dot(rows, t, x));
    sums.sum += e;
    sums.squares += e * e;
    add_scaled(rows, t, e, gradient);
    const float* v = row_of(rows, t);
    for (std::size_t k = 0; k < rows.width; ++k) curvature[k] += v[k] * v[k];
  }
  return sums;
}

PassSums product_pass(const PassRows& rows, const float* x, float offset, float* product) {
  PassSums sums;
  for (std::size_t t = 0; t < rows.n; ++t) {
    const float q = offset + dot(rows, t, x);
    sums.sum += q;
    sums.squares += q * q;
    add_scaled(rows, t, q, product);
  }
  return sums;
}

PassSums square_pass(const PassRows& rows, const float* x, float offset) {
  PassSums sums;
  for (std::size_t t = 0; t < rows.n; ++t) {
    const float q = offset + dot(rows, t, x);
    sums.sum += q;
    sums.squares += q * q;
  }
  return sums;
}

void weighted_pass(const PassRows& rows, const float* weights, float* out) {
  for (std::size_t t = 0; t < rows.n; ++t) add_scaled(rows, t, weights[t], out);
}

void unpack(const std::uint32_t* entries, std::size_t n, std::span<const float> codes, const float* bias,
            std::int32_t* ids, float* values) {
  for (std::size_t t = 0; t < n; ++t) {
    ids[t] = static_cast<std::int32_t>(entries[t] >> 8U);
    values[t] = codes[entries[t] & 255U];
    if (bias) values[t] -= bias[ids[t]];
  }
}

}  // namespace

const FactorizationTable& scalar_factorization() {
  static constexpr FactorizationTable table{residual_pass, product_pass, square_pass, weighted_pass, unpack};
  return table;
}

}  // namespace rowlight::simd
