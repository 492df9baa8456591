#include "app/cli/choices.h"

#include <algorithm>

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

}  // namespace rowlight::cli
