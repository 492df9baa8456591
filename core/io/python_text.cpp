#include "core/io/python_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "core/base/text.h"

namespace rowlight::io {

namespace {

constexpr std::size_t widest_line = 100;

/// Python takes a text without point and exponent for an integer.
std::string as_float(const std::string& text) {
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string not_finite(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/// The words with commas between them, broken into lines; those after the first begin with `indent` blanks. `column`
/// is where the first word begins.
std::string wrapped(std::span<const std::string> words, std::size_t column, std::size_t indent) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && column + words[i].size() + 3 > widest_line) {
      text += ",\n" + std::string(indent, ' ');
      column = indent;
    } else if (i > 0) {
      text += ", ";
      column += 2;
    }
    text += words[i];
    column += words[i].size();
  }
  return text;
}

template <class T>
std::vector<std::string> words_of(std::span<const T> values) {
  std::vector<std::string> words;
  words.reserve(values.size());
  for (const T value : values) {
    if constexpr (std::is_integral_v<T>) {
      words.push_back(std::to_string(value));
    } else {
      words.push_back(python_number(value));
    }
  }
  return words;
}

/// The one number that all are, bit for bit.
std::optional<float> common_value(ConstMatrixView matrix) {
  if (matrix.rows * matrix.cols < 2) return {};
  const float first = matrix(0, 0);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    const auto same = [&](float x) { return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(first); };
    if (!std::ranges::all_of(matrix.row(r), same)) return {};
  }
  return first;
}

/// torch.zeros and its like, of a shape "4, 3". Nothing where the numbers differ.
std::optional<std::string> filled(ConstMatrixView matrix, const std::string& shape) {
  if (matrix.rows == 0 || matrix.cols == 0) return "torch.zeros(" + shape + ")";
  const auto value = common_value(matrix);
  if (!value) return {};
  if (*value == 1.0F) return "torch.ones(" + shape + ")";
  if (*value == 0.0F && !std::signbit(*value)) return "torch.zeros(" + shape + ")";
  return "torch.full((" + shape + (shape.find(',') == std::string::npos ? ",), " : "), ") + python_number(*value) + ")";
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : (lead & 0xF0U) == 0xE0 ? 2 : 3;
    if (more == 3 && (lead < 0xF0 || lead > 0xF4)) return false;
    for (int k = 0; k < more; ++k, ++i) {
      if (i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80) return false;
      const auto next = static_cast<unsigned char>(text[i]);
      const bool overlong = k == 0 && ((lead == 0xE0 && next < 0xA0) || (lead == 0xF0 && next < 0x90));
      const bool beyond = k == 0 && ((lead == 0xED && next > 0x9F) || (lead == 0xF4 && next > 0x8F));
      if (overlong || beyond) return false;
    }
  }
  return true;
}

}  // namespace

std::string python_number(float value) {
  if (!std::isfinite(value)) return not_finite(double{value});
  // Python reads a double, which is then rounded to float32. Rounding twice may miss by one bit where the text is close
  // to the middle of two floats; the exact double cannot.
  std::string text = shortest(value);
  double read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  if (static_cast<float>(read) != value) text = shortest(double{value});
  return as_float(text);
}

std::string python_number(double value) { return std::isfinite(value) ? as_float(shortest(value)) : not_finite(value); }

std::string python_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool utf8 = is_utf8(text);
  std::string literal = utf8 ? "\"" : "b\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      literal += '\\';
      literal += c;
    } else if (byte < 0x20 || byte == 0x7F || (!utf8 && byte >= 0x80)) {
      literal += "\\x";
      literal += digits[byte >> 4U];
      literal += digits[byte & 0xFU];
    } else {
      literal += c;
    }
  }
  return literal + '"';
}

std::string python_tensor(std::span<const std::int64_t> values) {
  if (values.empty()) return "torch.zeros(0, dtype=torch.int64)";
  return "torch.tensor([" + wrapped(words_of(values), 40, 4) + "])";
}

std::string python_tensor(std::span<const float> values) {
  const ConstMatrixView row{values.data(), 1, values.size(), values.size()};
  if (auto text = filled(row, std::to_string(values.size()))) return *text;
  return "torch.tensor([" + wrapped(words_of(values), 40, 4) + "])";
}

std::string python_tensor(ConstMatrixView matrix) {
  if (auto text = filled(matrix, std::to_string(matrix.rows) + ", " + std::to_string(matrix.cols))) return *text;
  std::string text = "torch.tensor([\n";
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    text += "    [" + wrapped(words_of(std::span<const float>(matrix.row(r))), 5, 5) + "],\n";
  }
  return text + "])";
}

void PythonScript::line(std::string_view content) {
  lines_ += content;
  lines_ += '\n';
}

void PythonScript::heading(std::string_view content) {
  lines_ += "\n# ";
  line(content);
}

void PythonScript::assign(std::string_view name, std::string_view expression, std::string_view comment) {
  lines_ += std::string(name) + " = " + std::string(expression);
  if (!comment.empty()) lines_ += "  # " + std::string(comment);
  line();
}

void PythonScript::check(const std::string& condition, const std::string& what) {
  const std::string message = ", \"" + what + "\"";
  const bool fits = condition.size() + message.size() < longest_line;
  line("assert " + (fits ? condition : "(\n    " + condition + "\n)") + message);
}

void PythonScript::matrix(const std::string& name, const Matrix& values, std::string_view comment) {
  constexpr std::uint32_t plain_nan = 0x7fc00000;  // of Python's float("nan") as float32
  assign(name, python_tensor(values.view()), comment);
  for (std::size_t r = 0; r < values.rows(); ++r) {
    for (std::size_t c = 0; c < values.cols(); ++c) {
      const auto bits = std::bit_cast<std::uint32_t>(values(r, c));
      if (!std::isnan(values(r, c)) || bits == plain_nan) continue;
      line(name + ".view(torch.int32)[" + std::to_string(r) + ", " + std::to_string(c) +
           "] = " + std::to_string(static_cast<std::int32_t>(bits)) + "  # a NaN of other bits");
    }
  }
}

}  // namespace rowlight::io
