#pragma once

#include <QString>

#include <cstdint>
#include <optional>
#include <vector>

namespace rowlight {

// Numbers as the Lookup page writes and reads them.

/// A value with fixed decimals; "−0" before what is a negative zero, "NaN", "∞", "−∞".
[[nodiscard]] QString cellText(float value, int decimals);

/// The shortest text that reads back as the same float, with "nan", "inf", "-inf" and "-0".
[[nodiscard]] QString exactText(float value);
[[nodiscard]] QString exactText(double value);

/// Reads a weight: a number, nan, inf, -inf, -0 in any case; nothing for any other text.
[[nodiscard]] std::optional<float> parseWeight(const QString& text);

/// Reads "2, 5, 2, 0" (commas, spaces or both); on failure `bad` is the piece that is not a number.
[[nodiscard]] std::optional<std::vector<std::int64_t>> parseIndices(const QString& text, QString* bad);
[[nodiscard]] std::optional<std::vector<float>> parseWeights(const QString& text, QString* bad);
[[nodiscard]] QString listText(const std::vector<std::int64_t>& numbers);
[[nodiscard]] QString listText(const std::vector<float>& numbers);

/// "336,400" up to a million bytes, then "17.2 MB": three digits and a unit of a thousand.
[[nodiscard]] QString bytesText(std::uint64_t bytes);

/// "0.42 µs", "3.1 ms": two or three digits.
[[nodiscard]] QString durationText(double seconds);

}  // namespace rowlight
