#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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

void dot_of_rows(const DottedRows& in, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    const float* a = in.a + (in.a_ids ? static_cast<std::size_t>(in.a_ids[i]) : i) * in.stride;
    const float* b = in.b + (in.b_ids ? static_cast<std::size_t>(in.b_ids[i]) : i) * in.stride;
    out[i] = 0;
    for (std::size_t first = 0; first < in.width; first += in.part) {
      float sum = 0;
      for (std::size_t k = first; k < std::min(first + in.part, in.width); ++k) sum += a[k] * b[k];
      out[i] += sum;
    }
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

MarkedText mark_ends(const char* text, std::size_t n, char separator, EndBits ends) {
  MarkedText found;
  for (std::size_t word = 0; word < n / 64 + 2; ++word) {
    ends.fields[word] = ends.lines[word] = 0;
    for (std::size_t bit = 0; bit < 64 && word * 64 + bit < n; ++bit) {
      const char c = text[word * 64 + bit];
      const std::uint64_t mark = std::uint64_t{1} << bit;
      if (c == '\n') ends.lines[word] |= mark;
      if (c == '\n' || c == separator) ends.fields[word] |= mark;
      found.lines += c == '\n' ? 1 : 0;
      found.ascii = found.ascii && static_cast<unsigned char>(c) < 128;
    }
  }
  return found;
}

std::size_t cut_lines(const char* text, std::size_t n, EndBits ends, std::size_t begin, std::size_t most,
                      CutFields& out) {
  constexpr std::size_t longest = 56;
  const auto marked = [](const std::uint64_t* bits, std::size_t at) { return (bits[at / 64] >> (at % 64) & 1U) != 0; };
  std::array<std::size_t, CutFields::most_fields> from{};
  std::array<std::size_t, CutFields::most_fields> to{};
  bool cr = false;
  std::size_t line = 0;
  for (; line < most; ++line) {
    std::size_t end = begin;
    while (end < n && end - begin <= longest && !marked(ends.lines, end)) ++end;
    if (end == n || end - begin > longest) break;
    std::size_t fields = 0;
    from[0] = begin;
    std::size_t at = begin;
    for (; at < end && fields + 1 < out.fields; ++at) {
      if (!marked(ends.fields, at)) continue;
      if (out.width == 2 && !marked(ends.fields, at + 1)) break;
      to[fields++] = at;
      at += out.width - 1;
      from[fields] = at + 1;
    }
    if (fields + 1 < out.fields || from[fields] > end) break;
    for (at = from[fields]; at < end && !marked(ends.fields, at);) ++at;
    if (at < end) break;
    to[fields] = end;
    const bool has_cr = end > from[fields] && text[end - 1] == '\r';
    if (line == 0) cr = has_cr;
    if (cr && !has_cr) break;
    if (cr) --to[fields];
    for (std::size_t field = 0; field < out.fields; ++field) {
      std::memcpy(&out.last[field][line], text + to[field] - 8, 8);
      out.lengths[field][line] = static_cast<std::uint32_t>(to[field] - from[field]);
    }
    std::memcpy(&out.before_last[line], text + to[out.long_field] - 16, 8);
    begin = end + 1;
  }
  out.lines = line;
  out.cr = cr;
  for (std::size_t i = 0; i < CutFields::most_lines; ++i) out.odd[i] = i < line ? 0 : 1;
  return begin;
}

/// The number that the last `length` of these characters write, or `odd`.
std::uint64_t number_of(const char* characters, std::size_t count, std::uint32_t length, std::uint32_t& odd) {
  if (length == 0 || length > count) {
    odd |= 1U;
    return 0;
  }
  std::uint64_t number = 0;
  for (const char* at = characters + count - length; at < characters + count; ++at) {
    const auto digit = static_cast<unsigned>(*at - '0');
    odd |= digit > 9 ? 1U : 0U;
    number = number * 10 + digit % 10;
  }
  return number;
}

std::uint32_t scalar_read_ids(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < lines.lines; ++i) {
    std::array<char, 8> last{};
    std::memcpy(last.data(), &lines.last[field][i], 8);
    const std::uint32_t length = lines.lengths[field][i];
    const std::uint64_t number = number_of(last.data(), 8, length, lines.odd[i]);
    const bool padded = length > 1 && length <= 8 && last[8 - length] == '0';
    lines.odd[i] |= padded || number >= limit ? 1U : 0U;
    ids[i] = static_cast<std::uint32_t>(number);
    largest = std::max(largest, ids[i]);
  }
  return largest;
}

NumberRange scalar_read_numbers(CutFields& lines, std::int64_t* numbers) {
  NumberRange range{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
  for (std::size_t i = 0; i < lines.lines; ++i) {
    std::array<char, 16> last{};
    std::memcpy(last.data(), &lines.before_last[i], 8);
    std::memcpy(last.data() + 8, &lines.last[lines.long_field][i], 8);
    const std::uint64_t number = number_of(last.data(), 16, lines.lengths[lines.long_field][i], lines.odd[i]);
    numbers[i] = static_cast<std::int64_t>(number);
    range = {std::min(range.min, numbers[i]), std::max(range.max, numbers[i])};
  }
  return range;
}

void scalar_read_tenths(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values) {
  for (std::size_t i = 0; i < lines.lines; ++i) {
    std::array<char, 8> last{};
    std::memcpy(last.data(), &lines.last[field][i], 8);
    const std::uint32_t length = lines.lengths[field][i];
    std::uint32_t bad = 0;
    std::uint64_t number = 0;
    if (length == 3) {
      number = number_of(last.data(), 6, 1, bad) * 10 + number_of(last.data(), 8, 1, bad);
      bad |= last[6] == '.' ? 0U : 1U;
    } else {
      number = number_of(last.data(), 8, std::min(length, 3U), bad) * 10;
      bad |= length > 2 ? 1U : 0U;
    }
    lines.odd[i] |= bad;
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
                                     mark_ends,
                                     cut_lines,
                                     scalar_read_ids,
                                     scalar_read_numbers,
                                     scalar_read_tenths,
                                     keep_marked<std::uint32_t>,
                                     keep_marked<std::uint64_t>,
                                     scalar_add_scatter,
                                     scalar_project_rows,
                                     scalar_sketch_rows};
  return table;
}

}  // namespace rowlight::simd
