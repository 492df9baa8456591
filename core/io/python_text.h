#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/matrix.h"

/// Values as Python writes them. Internal to core/io.
namespace rowlight::io {

/// A literal that Python reads as this number: the shortest one whose nearest float32 has the same bits; "nan", "inf"
/// and "-inf" are names that the program imports from math. A NaN loses its sign and payload.
[[nodiscard]] std::string python_number(float value);
/// The shortest literal with the same bits as a double.
[[nodiscard]] std::string python_number(double value);
/// A string literal in double quotes; bytes (b"...") where the text is no UTF-8.
[[nodiscard]] std::string python_string(std::string_view text);

// Expressions that make a torch tensor of these values; lines after the first are indented by blanks, and at most about
// 100 columns long. Equal numbers are written as torch.zeros, torch.ones or torch.full.
[[nodiscard]] std::string python_tensor(std::span<const std::int64_t> values);
[[nodiscard]] std::string python_tensor(std::span<const float> values);
[[nodiscard]] std::string python_tensor(ConstMatrixView matrix);

}  // namespace rowlight::io
