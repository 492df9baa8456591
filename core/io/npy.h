#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/matrix.h"

namespace rowlight {

/// Writes `matrix` as a NumPy format 1.0 file: '<f4', C order, shape (rows, cols), without the padding. The file
/// appears whole or not at all (written beside, then renamed). Errors: Io.
[[nodiscard]] Expected<void> write_npy(const std::string& path, ConstMatrixView matrix);
/// The same for a vector of shape (n): '<f4' or '<i8'.
[[nodiscard]] Expected<void> write_npy(const std::string& path, std::span<const float> values);
[[nodiscard]] Expected<void> write_npy(const std::string& path, std::span<const std::int64_t> values);

/// Reads a .npy file (versions 1 to 3) of one or two dimensions, C or Fortran order, little endian, f4 or f8
/// (rounded to float). A vector becomes (n, 1). Errors: Io; BadInput names what the file holds instead, also when
/// the header's sizes do not match the file's length or a value does not fit float32. Memory: the matrix, whose
/// padding makes it up to 8 times as large as a file of two columns. Cancelled when `control` says so.
[[nodiscard]] Expected<Matrix> read_npy(const std::string& path, const ReadControl& control = {});

/// Reads integers ('<i8', '<i4', '<u4') of one or two dimensions, flattened in C order. `shape`, where given, receives
/// the array's own. Errors: as read_npy.
[[nodiscard]] Expected<std::vector<std::int64_t>> read_npy_integers(const std::string& path,
                                                                    std::vector<std::size_t>* shape = nullptr);

}  // namespace rowlight
