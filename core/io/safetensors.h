#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/matrix.h"

namespace rowlight {

/// A tensor as safetensors stores it: float32 or int64 or bytes, with its shape.
struct Tensor {
  std::vector<std::size_t> shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<std::uint8_t>> values;
};

/// The content of a .safetensors file, by tensor name.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
};

/// Writes the format of huggingface/safetensors: 8 bytes header length, JSON header padded with blanks to a
/// multiple of 8, then the data in the header's order without gaps. The file appears whole or not at all (written
/// beside, synced, renamed). I64 tensors come first, then F32, then U8, by name, so that all are aligned and equal
/// content gives equal bytes. Errors: Io; Usage when a shape does not fit its values or a name is not UTF-8.
[[nodiscard]] Expected<void> write_safetensors(const std::string& path, const TensorFile& file);

/// Reads F32, F64 (rounded to float), I64, I32 (widened), U8 tensors. Errors: Io; BadInput when the header is not
/// JSON, is longer than the file or than 100 MB, names a tensor or field twice or one that the format does not know,
/// offsets overlap, leave gaps, or do not match shape and type, or a value does not fit float32; Cancelled when
/// `control` says so.
/// Memory: the values (I32 takes twice its place in the file) and a small multiple of the header.
[[nodiscard]] Expected<TensorFile> read_safetensors(const std::string& path, const ReadControl& control = {});

/// (rows, cols) of a float tensor with one or two dimensions; a vector becomes (n, 1).
/// Errors: BadInput when `name` is absent, holds no floats or has another number of dimensions.
[[nodiscard]] Expected<Matrix> matrix_of(const TensorFile& file, const std::string& name);
[[nodiscard]] Tensor tensor_of(ConstMatrixView matrix);

}  // namespace rowlight
