#pragma once

#include <cstdint>
#include <string>

namespace rowlight {

/// A number for a message: the shortest decimal that gives it back, in the C locale ("0.1", "nan", "-inf").
[[nodiscard]] std::string shortest(double number);
[[nodiscard]] std::string shortest(float number);

/// A count with its thousands apart: 5382400 -> "5,382,400".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "1 line", "5,000 lines".
[[nodiscard]] std::string plural(std::uint64_t count, const std::string& noun);

}  // namespace rowlight
