#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"

/// What the readers of binary tables share. Internal to core/io.
namespace rowlight::io {

static_assert(std::endian::native == std::endian::little, "the formats of core/io are little endian, as memory is");
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

[[nodiscard]] inline tl::unexpected<Error> bad_input(const std::string& file, std::string what, std::string hint = {}) {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), file, 0, 0});
}

/// Largest n of the shapes (0, n) and (n, 0): no file size bounds it, and memory is allocated by it later.
inline constexpr std::size_t largest_empty_side = std::size_t{1} << 24U;

/// "(2, 3)", cut where it is long: a hostile file must not fill the message.
[[nodiscard]] inline std::string shape_text(std::span<const std::size_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size() && i < 8; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + (shape.size() > 8 ? ", ...)" : ")");
}

/// A text of the file for a message: short, and without bytes that are no visible ASCII.
[[nodiscard]] inline std::string quoted(std::string_view text) {
  std::string shown(text.substr(0, 60));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + shown + (text.size() > 60 ? "...'" : "'");
}

/// The product of all sizes; 1 for none, nothing when it does not fit.
[[nodiscard]] inline std::optional<std::size_t> product_of(std::span<const std::size_t> sizes) {
  std::size_t product = 1;
  for (const std::size_t size : sizes) {
    if (size != 0 && product > std::numeric_limits<std::size_t>::max() / size) return std::nullopt;
    product *= size;
  }
  return product;
}

/// The nearest float; nothing where a finite value has none.
[[nodiscard]] inline std::optional<float> narrowed(double value) {
  if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
    return std::nullopt;
  }
  return static_cast<float>(value);
}

/// Calls `take(Stored)` for the next `count` values in the file's order. Memory: one chunk. Pre: count *
/// sizeof(Stored) <= input.remaining().
template <class Stored, class Take>
[[nodiscard]] Expected<void> each_value(InputFile& input, std::size_t count, Take take) {
  constexpr std::size_t chunk_values = 8192;
  std::vector<Stored> chunk(std::min(count, chunk_values));
  while (count > 0) {
    const std::span<Stored> values = std::span(chunk).first(std::min(count, chunk.size()));
    if (auto result = input.read(std::as_writable_bytes(values)); !result) return result;
    for (const Stored value : values) take(value);
    count -= values.size();
  }
  return {};
}

}  // namespace rowlight::io
