#include "core/ratings/values.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "core/ratings/fields.h"

namespace rowlight {
namespace {

std::optional<double> parse_double(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The plain ratings "4" and "3.5", exactly: both numbers of the quotient are exact, so the division rounds once.
std::optional<double> parse_short(std::string_view text) {
  static constexpr std::array<double, 7> powers{1, 10, 100, 1e3, 1e4, 1e5, 1e6};
  if (text.empty() || text.size() > 7) return std::nullopt;
  int mantissa = 0;
  std::size_t point = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      mantissa = mantissa * 10 + (text[i] - '0');
    } else if (text[i] == '.' && point == text.size() && text.size() > 1) {
      point = i;
    } else {
      return std::nullopt;
    }
  }
  const std::size_t decimals = point == text.size() ? 0 : text.size() - point - 1;
  return mantissa / powers[decimals];
}

std::optional<int> parse_digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "2005-09-06" or "2005-09-06 12:30:00" (also with T, a fraction or Z behind it) in seconds since 1970 UTC.
std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_digits(text.substr(0, 4));
  const auto month = parse_digits(text.substr(5, 2));
  const auto day = parse_digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t midnight = std::int64_t{86400} * std::chrono::sys_days{date}.time_since_epoch().count();
  if (text.size() == 10) return midnight;
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto hours = parse_digits(text.substr(11, 2));
  const auto minutes = parse_digits(text.substr(14, 2));
  const auto seconds = parse_digits(text.substr(17, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  if (text.substr(19).find_first_not_of(".0123456789Z") != std::string_view::npos) return std::nullopt;
  return midnight + *hours * 3600 + *minutes * 60 + *seconds;
}

}  // namespace

std::optional<double> parse_rating(std::string_view field, bool decimal_comma) {
  field = trimmed(field);
  if (const auto value = parse_short(field)) return value;
  std::optional<double> value;
  const std::size_t comma = decimal_comma ? field.find(',') : std::string_view::npos;
  if (comma != std::string_view::npos && field.size() < 64) {
    std::string with_point(field);
    with_point[comma] = '.';
    value = parse_double(with_point);
  } else {
    value = parse_double(field);
  }
  if (value && std::abs(*value) > std::numeric_limits<float>::max()) return std::nullopt;
  return value;
}

std::optional<FileTime> parse_time(std::string_view field) {
  field = trimmed(field);
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), whole);
  if (error == std::errc() && end == field.data() + field.size()) return FileTime{whole, false};
  if (const auto date = parse_date(field)) return FileTime{*date, true};
  const auto real = parse_double(field);
  if (real && std::abs(*real) < 9e15) return FileTime{static_cast<std::int64_t>(*real), false};
  return std::nullopt;
}

}  // namespace rowlight
