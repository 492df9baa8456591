#pragma once

#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/random.h"
#include "tests/support/random_arrays.h"

namespace rowlight::test {

inline Matrix matrix_of(std::initializer_list<std::initializer_list<float>> rows) {
  Matrix matrix(rows.size(), rows.begin()->size());
  std::size_t r = 0;
  for (const auto& row : rows) {
    std::size_t c = 0;
    for (const float x : row) matrix(r, c++) = x;
    ++r;
  }
  return matrix;
}

inline Matrix filled(std::size_t rows, std::size_t cols, float value) {
  Matrix matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = value;
  }
  return matrix;
}

inline Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Random random(seed);
  Matrix matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = static_cast<float>(random.normal());
  }
  return matrix;
}

/// The numbers in row-major order, without padding: what QCOMPARE shows well.
inline std::vector<float> numbers(ConstMatrixView matrix) {
  std::vector<float> all;
  for (std::size_t r = 0; r < matrix.rows; ++r) all.insert(all.end(), matrix.row(r).begin(), matrix.row(r).end());
  return all;
}

inline std::uint32_t bits(float x) {
  std::uint32_t result = 0;
  std::memcpy(&result, &x, sizeof result);
  return result;
}

inline float from_bits(std::uint32_t pattern) {
  float x = 0;
  std::memcpy(&x, &pattern, sizeof x);
  return x;
}

}  // namespace rowlight::test
