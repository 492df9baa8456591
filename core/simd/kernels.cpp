#include "core/simd/kernels.h"

// Highway compiles the rest of this file once for each target, in a namespace of its own.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd/kernels.cpp"
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "core/simd/covariance-inl.h"
#include "core/simd/flush_tiny.h"
#include "core/simd/kernel_table.h"
#include "core/simd/lookup_kernels-inl.h"
#include "core/simd/optimizer_steps-inl.h"
#include "core/simd/target_tables.h"
#include "core/simd/text_kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rowlight::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F = hn::ScalableTag<float>;

HWY_INLINE float Dot(const float* x, const float* y, std::size_t n) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = n / lanes * lanes;
  auto sum = hn::Zero(d);
  std::size_t k = 0;
  for (; k < whole; k += lanes) sum = hn::MulAdd(hn::LoadU(d, x + k), hn::LoadU(d, y + k), sum);
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; k < n; ++k) total += x[k] * y[k];
  return total;
}

HWY_INLINE const float* RowOf(const float* rows, const std::int32_t* ids, std::size_t stride, std::size_t i) {
  return rows + (ids ? static_cast<std::size_t>(ids[i]) : i) * stride;
}

HWY_INLINE void FetchDotted(const DottedRows& in, std::size_t i, std::size_t n) {
  constexpr std::size_t ahead = 6;
  const std::size_t next = std::min(i + ahead, n - 1);
  FetchRow(RowOf(in.a, in.a_ids, in.stride, next), in.width);
  FetchRow(RowOf(in.b, in.b_ids, in.stride, next), in.width);
}

/// Of rows of so many parts of two cache lines, without a loop over them.
template <std::size_t parts>
HWY_INLINE void DotOfShortRows(const DottedRows in, std::size_t n, float* out) {
  const Line d;
  constexpr std::size_t part = 2 * line;
  for (std::size_t i = 0; i < n; ++i) {
    if (in.fetch) FetchDotted(in, i, n);
    const float* a = RowOf(in.a, in.a_ids, in.stride, i);
    const float* b = RowOf(in.b, in.b_ids, in.stride, i);
    float total = 0;
    for (std::size_t p = 0; p < parts; ++p) {
      auto sum = hn::Zero(d);
      for (std::size_t k = p * part; k < (p + 1) * part; k += hn::MaxLanes(d)) {
        sum = hn::MulAdd(hn::LoadU(d, a + k), hn::LoadU(d, b + k), sum);
      }
      const float of_part = hn::GetLane(hn::SumOfLanes(d, sum));
      total = p == 0 ? of_part : total + of_part;
    }
    out[i] = total;
  }
}

void DotOfRows(const DottedRows& in, std::size_t n, float* out) {
  if (in.part == 2 * line && in.width % in.part == 0) {
    switch (in.width / in.part) {
      case 1: return DotOfShortRows<1>(in, n, out);
      case 2: return DotOfShortRows<2>(in, n, out);
      case 3: return DotOfShortRows<3>(in, n, out);
      case 4: return DotOfShortRows<4>(in, n, out);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (in.fetch) FetchDotted(in, i, n);
    const float* a = RowOf(in.a, in.a_ids, in.stride, i);
    const float* b = RowOf(in.b, in.b_ids, in.stride, i);
    float total = Dot(a, b, std::min(in.part, in.width));
    for (std::size_t k = in.part; k < in.width; k += in.part) {
      total += Dot(a + k, b + k, std::min(in.part, in.width - k));
    }
    out[i] = total;
  }
}

void ScatterAddScaled(const float* scale, const float* rows, const std::int32_t* out_rows, std::size_t stride,
                      std::size_t n, float* out) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = stride / lanes * lanes;
  for (std::size_t i = 0; i < n; ++i) {
    const float* from = rows + i * stride;
    float* to = out + static_cast<std::size_t>(out_rows[i]) * stride;
    const auto factor = hn::Set(d, scale[i]);
    std::size_t k = 0;
    for (; k < whole; k += lanes) {
      hn::StoreU(hn::MulAdd(factor, hn::LoadU(d, from + k), hn::LoadU(d, to + k)), d, to + k);
    }
    for (; k < stride; ++k) to[k] += scale[i] * from[k];
  }
}

void Sgd(const SgdStep& step, std::size_t n, float* p, float* velocity, const float* grad) {
  const std::size_t whole = n / hn::Lanes(F()) * hn::Lanes(F());
  SgdFloats(step, whole, p, velocity, grad);
  if (whole < n) {
    scalar_kernels().sgd(step, n - whole, p + whole, velocity ? velocity + whole : nullptr,
                         grad ? grad + whole : nullptr);
  }
}

void Adam(const AdamStep& step, std::size_t n, float* p, float* m, float* v, const float* grad) {
  const std::size_t whole = n / hn::Lanes(F()) * hn::Lanes(F());
  AdamFloats(step, whole, p, m, v, grad);
  if (whole < n) {
    scalar_kernels().adam(step, n - whole, p + whole, m + whole, v + whole, grad ? grad + whole : nullptr);
  }
}

void Adagrad(const AdagradStep& step, std::size_t n, float* p, float* sum, const float* grad) {
  const std::size_t whole = n / hn::Lanes(F()) * hn::Lanes(F());
  AdagradFloats(step, whole, p, sum, grad);
  if (whole < n) scalar_kernels().adagrad(step, n - whole, p + whole, sum + whole, grad ? grad + whole : nullptr);
}

/// Columns [k, k + vectors * lanes) of one output row: the sums stay in registers while the rows pass by.
template <std::size_t vectors>
HWY_INLINE void MatmulColumns(const float* x, std::size_t col_step, const float* rows, std::size_t stride,
                              std::size_t n, float* out) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::LoadU(d, out);
  auto sum1 = vectors > 1 ? hn::LoadU(d, out + lanes) : sum0;
  auto sum2 = vectors > 2 ? hn::LoadU(d, out + 2 * lanes) : sum0;
  auto sum3 = vectors > 3 ? hn::LoadU(d, out + 3 * lanes) : sum0;
  for (std::size_t j = 0; j < n; ++j) {
    const auto factor = hn::Set(d, x[j * col_step]);
    const float* row = rows + j * stride;
    sum0 = hn::MulAdd(factor, hn::LoadU(d, row), sum0);
    if constexpr (vectors > 1) sum1 = hn::MulAdd(factor, hn::LoadU(d, row + lanes), sum1);
    if constexpr (vectors > 2) sum2 = hn::MulAdd(factor, hn::LoadU(d, row + 2 * lanes), sum2);
    if constexpr (vectors > 3) sum3 = hn::MulAdd(factor, hn::LoadU(d, row + 3 * lanes), sum3);
  }
  hn::StoreU(sum0, d, out);
  if constexpr (vectors > 1) hn::StoreU(sum1, d, out + lanes);
  if constexpr (vectors > 2) hn::StoreU(sum2, d, out + 2 * lanes);
  if constexpr (vectors > 3) hn::StoreU(sum3, d, out + 3 * lanes);
}

void MatmulAdd(const Operand& x, const float* rows, std::size_t stride, std::size_t n, std::size_t out_rows,
               float* out) {
  const F d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < out_rows; ++i) {
    const float* factors = x.data + i * x.row_step;
    float* to = out + i * stride;
    std::size_t k = 0;
    for (; k + 4 * lanes <= stride; k += 4 * lanes) {
      MatmulColumns<4>(factors, x.col_step, rows + k, stride, n, to + k);
    }
    for (; k + lanes <= stride; k += lanes) MatmulColumns<1>(factors, x.col_step, rows + k, stride, n, to + k);
    for (; k < stride; ++k) {
      for (std::size_t j = 0; j < n; ++j) to[k] += factors[j * x.col_step] * rows[j * stride + k];
    }
  }
}

const KernelTable* Table() {
  static constexpr KernelTable table{GatherRows,
                                     DotOfRows,
                                     ScatterAddScaled,
                                     SumBags,
                                     MatmulAdd,
                                     Sgd,
                                     Adam,
                                     Adagrad,
                                     MarkEnds,
                                     CutLines,
                                     ReadIds,
                                     ReadNumbers,
                                     ReadTenths,
                                     KeepMarked<std::uint32_t>,
                                     KeepMarked<std::uint64_t>,
                                     AddScatter,
                                     ProjectRows,
                                     SketchRows};
  return &table;
}

}  // namespace HWY_NAMESPACE
}  // namespace rowlight::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rowlight::simd {

HWY_EXPORT(Table);

namespace {

const KernelTable* table_of(Target target) {
  static const auto tables =
      tables_by_target(HWY_TARGETS, scalar_kernels(), [] { return HWY_DYNAMIC_DISPATCH(Table)(); });
  return tables[static_cast<std::size_t>(target)];
}

struct Selection {
  Target target = supported_targets().front();
  std::atomic<const KernelTable*> table = table_of(target);
};

Selection& selection() {
  static Selection chosen;
  return chosen;
}

thread_local const KernelTable* thread_table = nullptr;  // of the innermost ThreadTarget

const KernelTable& kernels() {
  return thread_table != nullptr ? *thread_table : *selection().table.load(std::memory_order_relaxed);
}

/// Fetching beforehand costs instructions for nothing where the second-level cache holds the table.
LookupWay way_of(ConstMatrixView table, Writes writes) {
  constexpr std::size_t second_level_cache = std::size_t{1} << 20U;
  return {table.rows * table.stride * sizeof(float) > second_level_cache, writes == Writes::Streamed};
}

template <class T>
T* pointer_or_null(std::span<T> span) {
  return span.empty() ? nullptr : span.data();
}

}  // namespace

std::int64_t highway_targets_of(Target target) {
  switch (target) {
    case Target::Scalar: return 0;
    case Target::Sse4: return HWY_SSE4;
    case Target::Avx2: return HWY_AVX2;
    case Target::Avx512: return HWY_AVX3 | HWY_AVX3_DL;
    case Target::Neon: return HWY_NEON;
  }
  return 0;
}

std::vector<Target> supported_targets() {
  // Asked once: the answer is another one while tables_by_target() is at work.
  static const std::vector<Target> targets = [] {
    std::vector<Target> found;
    for (const Target target : {Target::Avx512, Target::Avx2, Target::Sse4, Target::Neon}) {
      if ((hwy::SupportedTargets() & HWY_TARGETS & highway_targets_of(target)) != 0) found.push_back(target);
    }
    found.push_back(Target::Scalar);
    return found;
  }();
  return targets;
}

std::string_view name_of(Target target) {
  switch (target) {
    case Target::Scalar: return "scalar";
    case Target::Sse4: return "sse4";
    case Target::Avx2: return "avx2";
    case Target::Avx512: return "avx512";
    case Target::Neon: return "neon";
  }
  return "scalar";
}

Expected<void> select_target(Target target) {
  std::string names;
  for (const Target supported : supported_targets()) {
    if (supported == target) {
      selection().target = target;
      selection().table = table_of(target);
      return {};
    }
    names += (names.empty() ? "" : ", ") + std::string(name_of(supported));
  }
  return fail(ErrorKind::Usage, "this machine cannot run the SIMD target '" + std::string(name_of(target)) + "'",
              "supported here: " + names);
}

Target current_target() { return selection().target; }

ThreadTarget::ThreadTarget(Target target) : before_(thread_table) { thread_table = table_of(target); }
ThreadTarget::~ThreadTarget() { thread_table = before_; }

const KernelTable& kernels_for(Target target) { return *table_of(target); }

void gather_rows(ConstMatrixView table, std::span<const std::int32_t> ids, MatrixView out, Writes writes) {
  assert(table.stride == out.stride && ids.size() <= out.rows);
  kernels().gather_rows(table.data, table.stride, ids.data(), ids.size(), out.data, way_of(table, writes));
}

void dot_rows(ConstMatrixView a, ConstMatrixView b, std::span<float> out) {
  assert(a.stride == b.stride && a.width() == b.width() && out.size() <= a.rows && out.size() <= b.rows);
  const std::size_t width = a.width();
  kernels().dot_of_rows({a.data, nullptr, b.data, nullptr, a.stride, width, dot_part_width(width), false}, out.size(),
                        out.data());
}

void dot_of_rows(ConstMatrixView a, std::span<const std::int32_t> a_ids, ConstMatrixView b,
                 std::span<const std::int32_t> b_ids, std::span<float> out) {
  assert(a.stride == b.stride && a.width() == b.width() && a_ids.size() == out.size() && b_ids.size() == out.size());
  constexpr std::size_t few = 256;  // whose rows the caller may have brought near
  const std::size_t width = a.width();
  kernels().dot_of_rows(
      {a.data, a_ids.data(), b.data, b_ids.data(), a.stride, width, dot_part_width(width), out.size() > few},
      out.size(), out.data());
}

void dot_of_part(ConstMatrixView a, std::span<const std::int32_t> a_ids, ConstMatrixView b,
                 std::span<const std::int32_t> b_ids, std::span<float> out) {
  assert(a.stride == b.stride && a.width() == b.width() && a_ids.size() == out.size() && b_ids.size() == out.size());
  const std::size_t width = a.width();
  kernels().dot_of_rows(
      {a.data, a_ids.data(), b.data, b_ids.data(), a.stride, width, std::max<std::size_t>(width, 1), true}, out.size(),
      out.data());
}

void scatter_add_scaled(std::span<const float> scale, ConstMatrixView rows, std::span<const std::int32_t> out_rows,
                        MatrixView out) {
  assert(rows.stride == out.stride && scale.size() == out_rows.size() && out_rows.size() <= rows.rows);
  kernels().scatter_add_scaled(scale.data(), rows.data, out_rows.data(), rows.stride, out_rows.size(), out.data);
}

void sgd(const SgdStep& step, std::span<float> p, std::span<float> velocity, std::span<const float> grad) {
  const FlushTiny mode(!velocity.empty());
  kernels().sgd(step, p.size(), p.data(), pointer_or_null(velocity), pointer_or_null(grad));
}

void adam(const AdamStep& step, std::span<float> p, std::span<float> m, std::span<float> v,
          std::span<const float> grad) {
  const FlushTiny mode(step.eps >= tiny_eps);
  kernels().adam(step, p.size(), p.data(), m.data(), v.data(), pointer_or_null(grad));
}

void adagrad(const AdagradStep& step, std::span<float> p, std::span<float> sum, std::span<const float> grad) {
  kernels().adagrad(step, p.size(), p.data(), sum.data(), pointer_or_null(grad));
}

void sum_bags(ConstMatrixView table, const BagRows& bags, MatrixView out, Writes writes) {
  assert(table.stride == out.stride && bags.count() <= out.rows && bags.begin[bags.count()] <= bags.ids.size());
  assert(bags.scale.empty() || bags.scale.size() == bags.ids.size());
  kernels().sum_bags(table.data, table.stride, bags.ids.data(), pointer_or_null(bags.scale), bags.begin.data(),
                     bags.count(), out.data, way_of(table, writes));
}

void matmul_add(const Operand& x, ConstMatrixView rows, MatrixView out) {
  assert(rows.stride == out.stride);
  kernels().matmul_add(x, rows.data, rows.stride, rows.rows, out.rows, out.data);
}

void add_scatter(ConstMatrixView rows, std::span<const double> shift, std::span<double> work, std::span<double> scatter,
                 std::span<double> sums) {
  assert(sums.size() == padded_width(rows.cols) && scatter.size() == sums.size() * sums.size());
  assert(shift.size() == sums.size() && work.size() >= scatter_work(rows.cols));
  kernels().add_scatter({rows.data, rows.stride, rows.rows, rows.cols, shift.data()}, work.data(), scatter.data(),
                        sums.data());
}

void project_rows(ConstMatrixView rows, std::span<const double> shift, std::span<const double> axes,
                  std::span<double> work, MatrixView out, std::size_t first_column, ProjectionSums& sums) {
  const std::size_t count = axes.size() / shift.size();
  assert(count >= 1 && count <= most_axes && axes.size() == count * padded_width(rows.cols));
  assert(first_column + count <= out.cols && rows.rows <= out.rows && work.size() >= projection_work(rows.cols));
  kernels().project_rows({{rows.data, rows.stride, rows.rows, rows.cols, shift.data()}, axes.data(), count},
                         work.data(), out.data + first_column, out.stride, pointer_or_null(sums.products),
                         sums.sums.data(), &sums.squares);
}

void sketch_rows(ConstMatrixView rows, std::span<const double> shift, std::span<const double> axes,
                 std::span<float> work, MatrixView out, ProjectionSums& sums) {
  const std::size_t count = axes.size() / shift.size();
  assert(count >= 1 && count <= most_axes && axes.size() == count * padded_width(rows.cols));
  assert(sums.products.size() == axes.size() && sums.sums.size() == shift.size());
  assert(count <= out.cols && rows.rows <= out.rows && work.size() >= sketch_work(rows.cols));
  kernels().sketch_rows({{rows.data, rows.stride, rows.rows, rows.cols, shift.data()}, axes.data(), count}, work.data(),
                        out.data, out.stride, sums.products.data(), sums.sums.data(), &sums.squares);
}

MarkedText mark_ends(std::span<const char> text, char separator, EndBits ends) {
  return kernels().mark_ends(text.data(), text.size(), separator, ends);
}

std::size_t cut_lines(std::span<const char> text, EndBits ends, std::size_t begin, std::size_t most, CutFields& out) {
  assert((out.fields == 3 || out.fields == 4) && (out.width == 1 || out.width == 2) && out.long_field < out.fields);
  assert(begin <= text.size() && most <= CutFields::most_lines);
  return kernels().cut_lines(text.data(), text.size(), ends, begin, most, out);
}

std::uint32_t read_ids(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids) {
  assert(field < lines.fields && limit > 0 && limit <= 100'000'000);
  return kernels().read_ids(lines, field, limit, ids);
}

NumberRange read_numbers(CutFields& lines, std::int64_t* numbers) { return kernels().read_numbers(lines, numbers); }

void read_tenths(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values) {
  assert(field < lines.fields);
  kernels().read_tenths(lines, field, tenths, values);
}

template <Markable T>
std::size_t keep_marked(const T* from, std::span<const std::uint64_t> marks, T* to) {
  if constexpr (sizeof(T) == 8) {
    return kernels().keep_marked_64(reinterpret_cast<const std::uint64_t*>(from), marks.data(), marks.size(),
                                    reinterpret_cast<std::uint64_t*>(to));
  } else {
    return kernels().keep_marked_32(reinterpret_cast<const std::uint32_t*>(from), marks.data(), marks.size(),
                                    reinterpret_cast<std::uint32_t*>(to));
  }
}
template std::size_t keep_marked(const std::int32_t*, std::span<const std::uint64_t>, std::int32_t*);
template std::size_t keep_marked(const std::uint32_t*, std::span<const std::uint64_t>, std::uint32_t*);
template std::size_t keep_marked(const float*, std::span<const std::uint64_t>, float*);
template std::size_t keep_marked(const std::int64_t*, std::span<const std::uint64_t>, std::int64_t*);

}  // namespace rowlight::simd
#endif  // HWY_ONCE
