#include "core/base/matrix.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "core/base/system.h"

namespace rowlight {

namespace {
constexpr std::align_val_t alignment{64};
constexpr std::size_t fewest_on_large_pages = std::size_t{1} << 22U;  // bytes
}  // namespace

void Matrix::Free::operator()(float* p) const noexcept { ::operator delete[](p, alignment); }

std::unique_ptr<float[], Matrix::Free> Matrix::allocate(std::size_t count) {
  if (count == 0) return {};
  std::unique_ptr<float[], Free> data(new (alignment) float[count]);
  const std::size_t bytes = count * sizeof(float);
  if (bytes >= fewest_on_large_pages) prefer_large_pages(data.get(), bytes);
  return data;
}

Matrix Matrix::unset(std::size_t rows, std::size_t cols) {
  Matrix matrix;
  matrix.rows_ = rows;
  matrix.cols_ = cols;
  matrix.stride_ = padded_stride(cols);
  matrix.data_ = allocate(rows * matrix.stride_);
#ifndef NDEBUG  // so that a test sees what nobody wrote
  std::fill_n(matrix.data(), rows * matrix.stride_, std::numeric_limits<float>::quiet_NaN());
#endif
  return matrix;
}

Matrix::Matrix(std::size_t rows, std::size_t cols) : Matrix(unset(rows, cols)) { fill_zero(); }

Matrix::Matrix(const Matrix& other)
    : rows_(other.rows_), cols_(other.cols_), stride_(other.stride_), data_(allocate(rows_ * stride_)) {
  std::copy_n(other.data(), rows_ * stride_, data());
}

Matrix& Matrix::operator=(const Matrix& other) {
  if (this == &other) return *this;
  if (rows_ * stride_ != other.rows_ * other.stride_) data_ = allocate(other.rows_ * other.stride_);
  rows_ = other.rows_;
  cols_ = other.cols_;
  stride_ = other.stride_;
  std::copy_n(other.data(), rows_ * stride_, data());
  return *this;
}

void Matrix::fill_zero() {
  if (data_) std::memset(data_.get(), 0, bytes());
}

Matrix copy_of(ConstMatrixView matrix) {
  assert(matrix.stride == padded_stride(matrix.cols));
  Matrix result = Matrix::unset(matrix.rows, matrix.cols);
  std::ranges::copy(matrix.flat(), result.view().flat().begin());
  return result;
}

Matrix transposed(ConstMatrixView matrix) {
  Matrix result(matrix.cols, matrix.rows);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.cols; ++c) result(c, r) = matrix(r, c);
  }
  return result;
}

}  // namespace rowlight
