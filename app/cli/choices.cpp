#include "app/cli/choices.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rowlight::cli {

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
    return "'" + text + "' is not known; it must be " + listed(words);
  };
  return CLI::Validator(check, "");
}

CLI::Validator a_count() {
  const auto check = [](const std::string& text) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool fits = error == std::errc() && end == text.data() + text.size();
    return fits ? std::string() : "'" + text + "' does not fit; it must be a whole number from 0 on";
  };
  return CLI::Validator(check, "");
}

}  // namespace rowlight::cli
