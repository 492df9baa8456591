#pragma once

#include "core/simd/covariance.h"
#include "core/simd/kernels.h"
#include "core/simd/text_kernels.h"

namespace rowlight::simd {

/// See add_scatter().
struct ScatterInput {
  const float* rows = nullptr;
  std::size_t stride = 0;
  std::size_t n = 0;
  std::size_t cols = 0;
  const double* shift = nullptr;
};

/// See project_rows().
struct ProjectionInput : ScatterInput {
  const double* axes = nullptr;
  std::size_t count = 0;  ///< axes
};

/// How rows are looked up; it changes no number.
struct LookupWay {
  bool fetch = false;   ///< coming rows are fetched beforehand: of tables that the nearest caches do not hold
  bool stream = false;  ///< see Writes
};

/// Pairs of rows that are multiplied: row a_ids[i] of `a` by row b_ids[i] of `b`; null ids: row i itself.
struct DottedRows {
  const float* a = nullptr;
  const std::int32_t* a_ids = nullptr;
  const float* b = nullptr;
  const std::int32_t* b_ids = nullptr;
  std::size_t stride = 0;
  std::size_t width = 0;  ///< floats of a row that are multiplied
  std::size_t part = 0;   ///< floats that are summed together; not 0
  bool fetch = false;     ///< bring rows near before they are needed
};

/// One implementation of every kernel, on raw pointers: `stride` floats from row to row, `n` rows or floats.
/// Private to core/simd and its tests.
struct KernelTable {
  void (*gather_rows)(const float* table, std::size_t stride, const std::int32_t* ids, std::size_t n, float* out,
                      LookupWay way);
  void (*dot_of_rows)(const DottedRows& in, std::size_t n, float* out);
  void (*scatter_add_scaled)(const float* scale, const float* rows, const std::int32_t* out_rows, std::size_t stride,
                             std::size_t n, float* out);
  void (*sum_bags)(const float* table, std::size_t stride, const std::int32_t* ids, const float* scale,
                   const std::size_t* begin, std::size_t n, float* out, LookupWay way);  // n bags; null scale: ones
  void (*matmul_add)(const Operand& x, const float* rows, std::size_t stride, std::size_t n, std::size_t out_rows,
                     float* out);
  void (*sgd)(const SgdStep& step, std::size_t n, float* p, float* velocity, const float* grad);  // may be null
  void (*adam)(const AdamStep& step, std::size_t n, float* p, float* m, float* v, const float* grad);
  void (*adagrad)(const AdagradStep& step, std::size_t n, float* p, float* sum, const float* grad);
  MarkedText (*mark_ends)(const char* text, std::size_t n, char separator, EndBits ends);
  std::size_t (*cut_lines)(const char* text, std::size_t n, EndBits ends, std::size_t begin, std::size_t most,
                           CutFields& out);
  std::uint32_t (*read_ids)(CutFields& lines, std::size_t field, std::uint32_t limit, std::uint32_t* ids);
  NumberRange (*read_numbers)(CutFields& lines, std::int64_t* numbers);
  void (*read_tenths)(CutFields& lines, std::size_t field, std::uint32_t* tenths, float* values);
  std::size_t (*keep_marked_32)(const std::uint32_t* from, const std::uint64_t* marks, std::size_t words,
                                std::uint32_t* to);
  std::size_t (*keep_marked_64)(const std::uint64_t* from, const std::uint64_t* marks, std::size_t words,
                                std::uint64_t* to);
  void (*add_scatter)(const ScatterInput& in, double* work, double* scatter, double* sums);
  void (*project_rows)(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                       double* sums, double* squares);  // null products: none of the three
  void (*sketch_rows)(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                      double* sums, double* squares);
};

// In scalar_covariance.cpp, for scalar_kernels().
void scalar_add_scatter(const ScatterInput& in, double* work, double* scatter, double* sums);
void scalar_project_rows(const ProjectionInput& in, double* work, float* out, std::size_t out_stride, double* products,
                         double* sums, double* squares);
void scalar_sketch_rows(const ProjectionInput& in, float* work, float* out, std::size_t out_stride, double* products,
                        double* sums, double* squares);

/// Plain loops that say what each kernel means.
[[nodiscard]] const KernelTable& scalar_kernels();
/// The kernels compiled for `target`. Pre: it is among supported_targets().
[[nodiscard]] const KernelTable& kernels_for(Target target);
/// The bits of Highway's targets that stand behind one of ours; 0 for Scalar.
[[nodiscard]] std::int64_t highway_targets_of(Target target);

}  // namespace rowlight::simd
