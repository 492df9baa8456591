#include "core/base/text.h"

#include <charconv>

namespace rowlight {

namespace {

template <class T>
std::string shortest_decimal(T number) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, number);
  return {text, result.ptr};
}

}  // namespace

std::string shortest(double number) { return shortest_decimal(number); }
std::string shortest(float number) { return shortest_decimal(number); }

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return grouped(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace rowlight
