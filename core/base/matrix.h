#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace rowlight {

/// Rows start on cache lines and are padded with zeros to a multiple of this many floats: the width of the
/// widest vector that the kernels use.
inline constexpr std::size_t row_padding = 16;

/// Distance in floats from one row to the next for rows of `cols` floats. A column of scalars is kept dense.
[[nodiscard]] constexpr std::size_t padded_stride(std::size_t cols) {
  return cols <= 1 ? cols : (cols + row_padding - 1) / row_padding * row_padding;
}

/// Columns [first, first + count) of a table.
struct Columns {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// A view of float rows owned by somebody else. `T` is `float` or `const float`.
/// Pre for element access: r < rows, c < cols.
template <class T>
struct BasicMatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;  ///< in floats, at least cols

  /// Some columns of all rows, with the padding if they end with the last. Pre: they are inside; the first is a
  /// multiple of row_padding, and so is their number unless they end with the last.
  [[nodiscard]] BasicMatrixView columns(Columns some) const {
    assert(some.first % row_padding == 0 && some.first + some.count <= cols);
    assert(some.count % row_padding == 0 || some.first + some.count == cols);
    return {data + some.first, rows, some.count, stride};
  }
  /// Floats of a row with its padding; less than `stride` where the view has some of a table's columns.
  [[nodiscard]] std::size_t width() const {
    return std::min(stride, (cols + row_padding - 1) / row_padding * row_padding);
  }

  [[nodiscard]] std::span<T> row(std::size_t r) const {
    assert(r < rows);
    return {data + r * stride, cols};
  }
  /// The row with its padding, which is zero.
  [[nodiscard]] std::span<T> padded_row(std::size_t r) const {
    assert(r < rows);
    return {data + r * stride, width()};
  }
  [[nodiscard]] T& operator()(std::size_t r, std::size_t c) const {
    assert(r < rows && c < cols);
    return data[r * stride + c];
  }
  /// Every float of all rows, padding included. Pre: the view has all columns.
  [[nodiscard]] std::span<T> flat() const { return {data, rows * stride}; }

  // NOLINTNEXTLINE(google-explicit-constructor): a writable view is a readable one
  operator BasicMatrixView<const T>() const { return {data, rows, cols, stride}; }
};

using MatrixView = BasicMatrixView<float>;
using ConstMatrixView = BasicMatrixView<const float>;

/// Makes the padding of every row zero again, after arithmetic with factors that may not be finite: 0 x NaN is NaN.
inline void clear_padding(MatrixView matrix) {
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (float& x : matrix.padded_row(r).subspan(matrix.cols)) x = 0.0F;
  }
}

/// An owning (rows, cols) table of float32 in row-major order, 64-byte aligned, padded by padded_stride(cols).
/// Invariant that every writer keeps: the padding is zero. Copying copies the numbers; allocation failure throws
/// std::bad_alloc. Not synchronised.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t cols);  ///< all zeros
  /// One whose numbers are unspecified. The caller writes every float of it, padding included, before anything reads
  /// it: for large results that threads write in pieces, where setting zeros first would be half of the work.
  [[nodiscard]] static Matrix unset(std::size_t rows, std::size_t cols);
  Matrix(const Matrix& other);
  Matrix(Matrix&& other) noexcept = default;
  Matrix& operator=(const Matrix& other);
  Matrix& operator=(Matrix&& other) noexcept = default;
  ~Matrix() = default;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t bytes() const { return rows_ * stride_ * sizeof(float); }
  [[nodiscard]] bool empty() const { return rows_ == 0 || cols_ == 0; }
  [[nodiscard]] float* data() { return data_.get(); }
  [[nodiscard]] const float* data() const { return data_.get(); }

  [[nodiscard]] MatrixView view() { return {data_.get(), rows_, cols_, stride_}; }
  [[nodiscard]] ConstMatrixView view() const { return {data_.get(), rows_, cols_, stride_}; }
  [[nodiscard]] std::span<float> row(std::size_t r) { return view().row(r); }
  [[nodiscard]] std::span<const float> row(std::size_t r) const { return view().row(r); }
  [[nodiscard]] float& operator()(std::size_t r, std::size_t c) { return view()(r, c); }
  [[nodiscard]] float operator()(std::size_t r, std::size_t c) const { return view()(r, c); }
  void fill_zero();

 private:
  struct Free {
    void operator()(float* p) const noexcept;
  };
  static std::unique_ptr<float[], Free> allocate(std::size_t count);

  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t stride_ = 0;
  std::unique_ptr<float[], Free> data_;
};

/// A matrix of its own with the view's numbers, padding included. Pre: matrix.stride == padded_stride(matrix.cols).
[[nodiscard]] Matrix copy_of(ConstMatrixView matrix);

/// The (cols, rows) transpose.
[[nodiscard]] Matrix transposed(ConstMatrixView matrix);

}  // namespace rowlight
