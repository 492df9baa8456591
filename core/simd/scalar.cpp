#include <cmath>
#include <cstring>

#include "core/simd/kernel_table.h"

namespace rowlight::simd {

namespace {

void gather_rows(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out,
                 LookupWay /*way*/) {
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

void sum_bags(const float* table, std::size_t stride, const std::int32_t* ids, const float* scale,
              const std::size_t* begin, std::size_t n, float* out, LookupWay /*way*/) {
  for (std::size_t b = 0; b < n; ++b) {
    float* to = out + b * stride;
    for (std::size_t k = 0; k < stride; ++k) to[k] = 0;
    for (std::size_t i = begin[b]; i < begin[b + 1]; ++i) {
      const float* row = table + static_cast<std::size_t>(ids[i]) * stride;
      for (std::size_t k = 0; k < stride; ++k) to[k] += (scale ? scale[i] : 1.0F) * row[k];
    }
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

FoundSeparators find_separators(const char* text, std::size_t n, char separator, std::uint32_t* marks) {
  FoundSeparators found;
  for (std::size_t i = 0; i < n; ++i) {
    const bool end = text[i] == '\n';
    if (end || text[i] == separator) marks[found.count++] = static_cast<std::uint32_t>(i) | (end ? line_end_mark : 0);
    found.ascii = found.ascii && static_cast<unsigned char>(text[i]) < 128;
  }
  return found;
}

void cut_lines(const std::uint32_t* marks, std::size_t n, std::size_t width, std::uint32_t begin, CutFields& out) {
  for (std::size_t i = 0; i < n; ++i) {
    out.odd[i] = 0;
    for (std::size_t field = 0; field < out.fields; ++field) {
      const std::uint32_t mark = marks[i * out.fields + field];
      const std::uint32_t end = mark & ~line_end_mark;
      const bool last = field + 1 == out.fields;
      out.odd[i] |= last == (mark == end) ? 1U : 0U;
      out.ends[field][i] = end;
      out.lengths[field][i] = end > begin ? end - begin : 0;
      begin = end + static_cast<std::uint32_t>(last ? 1 : width);
    }
  }
}

/// The number that the characters write, or `odd`.
std::uint64_t number_before(const char* end, std::uint32_t length, std::uint32_t most, std::uint32_t& odd) {
  if (length == 0 || length > most) {
    odd |= 1U;
    return 0;
  }
  std::uint64_t number = 0;
  for (const char* at = end - length; at < end; ++at) {
    const auto digit = static_cast<unsigned>(*at - '0');
    odd |= digit > 9 ? 1U : 0U;
    number = number * 10 + digit % 10;
  }
  return number;
}

void scalar_ids_before(const char* text, const FieldPlaces& places, std::uint32_t limit, std::uint32_t* ids,
                       std::uint32_t* odd) {
  for (std::size_t i = 0; i < places.count; ++i) {
    const char* const end = text + places.ends[i];
    const std::uint64_t number = number_before(end, places.lengths[i], 8, odd[i]);
    const bool padded =
        places.lengths[i] > 1 && places.lengths[i] <= 8 && end[-static_cast<int>(places.lengths[i])] == '0';
    odd[i] |= padded || number >= limit ? 1U : 0U;
    ids[i] = static_cast<std::uint32_t>(number);
  }
}

void scalar_numbers_before(const char* text, const FieldPlaces& places, std::int64_t* numbers, std::uint32_t* odd) {
  for (std::size_t i = 0; i < places.count; ++i) {
    numbers[i] = static_cast<std::int64_t>(number_before(text + places.ends[i], places.lengths[i], 16, odd[i]));
  }
}

void scalar_tenths_before(const char* text, const FieldPlaces& places, std::uint32_t* tenths, float* values,
                          std::uint32_t* odd) {
  for (std::size_t i = 0; i < places.count; ++i) {
    const char* const end = text + places.ends[i];
    const std::uint32_t length = places.lengths[i];
    std::uint32_t bad = 0;
    std::uint64_t number = 0;
    if (length == 3) {
      number = number_before(end - 2, 1, 1, bad) * 10 + number_before(end, 1, 1, bad);
      bad |= end[-2] == '.' ? 0U : 1U;
    } else {
      number = number_before(end, length, 2, bad) * 10;
    }
    odd[i] |= bad;
    tenths[i] = bad != 0 ? 0 : static_cast<std::uint32_t>(number);
    values[i] = static_cast<float>(tenths[i]) / 10.0F;
  }
}

template <class T>
std::size_t keep_marked(const T* from, const std::uint64_t* marks, std::size_t words, T* to) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < words * 64; ++i) {
    if ((marks[i / 64] >> (i % 64) & 1U) != 0) std::memmove(to + kept++, from + i, sizeof(T));
  }
  return kept;
}

}  // namespace

const KernelTable& scalar_kernels() {
  static constexpr KernelTable table{gather_rows,
                                     dot_of_rows,
                                     scatter_add_scaled,
                                     sum_bags,
                                     matmul_add,
                                     sgd,
                                     adam,
                                     adagrad,
                                     find_separators,
                                     cut_lines,
                                     scalar_ids_before,
                                     scalar_numbers_before,
                                     scalar_tenths_before,
                                     keep_marked<std::uint32_t>,
                                     keep_marked<std::uint64_t>,
                                     scalar_add_scatter,
                                     scalar_project_rows,
                                     scalar_sketch_rows};
  return table;
}

}  // namespace rowlight::simd
