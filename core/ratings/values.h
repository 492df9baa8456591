#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rowlight {

/// A finite decimal number that fits a float: "4", "3.5", "-1e2", "+2", and "3,5" where `decimal_comma`. Nothing for
/// anything else, "nan", "inf", "0x10" and "1e999" among it. Blanks around it are allowed. No locale, no allocation.
[[nodiscard]] std::optional<double> parse_rating(std::string_view field, bool decimal_comma);

/// A moment as it stands in a file.
struct FileTime {
  std::int64_t value = 0;  ///< the number itself, or for a date seconds since 1970 UTC
  bool date = false;
};

/// From here on a time is in milliseconds where the others are: seconds reach this number in the year 5138,
/// milliseconds did in 1973.
inline constexpr std::int64_t first_millisecond_time = 100'000'000'000;

/// A whole number ("881250949", also "8.8125e8") or a date ("2005-09-06", with or without " 12:30:00"; UTC).
[[nodiscard]] std::optional<FileTime> parse_time(std::string_view field);

}  // namespace rowlight
