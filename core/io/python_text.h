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

/// A program, line by line.
class PythonScript {
 public:
  static constexpr std::size_t longest_line = 100;  ///< columns, where breaking is easy

  [[nodiscard]] const std::string& lines() const { return lines_; }
  void line(std::string_view content = {});
  /// A comment after an empty line.
  void heading(std::string_view content);
  /// name = expression  # comment
  void assign(std::string_view name, std::string_view expression, std::string_view comment = {});
  /// assert condition, "what"
  void check(const std::string& condition, const std::string& what);
  /// name = torch.tensor(...), bit for bit: also NaNs with a sign or payload, which no literal has.
  void matrix(const std::string& name, const Matrix& values, std::string_view comment = {});

 private:
  std::string lines_;
};

}  // namespace rowlight::io
