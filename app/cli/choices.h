#pragma once

#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace rowlight::cli {

/// "a", "a or b", "a, b or c".
[[nodiscard]] std::string listed(const std::vector<std::string>& words);

/// Accepts one of `words`; the message says what was given and names them.
[[nodiscard]] CLI::Validator one_of(const std::vector<std::string>& words);

/// Accepts a whole number from 0 on that fits 64 bits: CLI11 itself reads "-1" as the largest one.
[[nodiscard]] CLI::Validator a_count();

/// An option that takes one of the words of `choices` and stores what it stands for.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& into,
                        const std::vector<std::pair<std::string, T>>& choices, const std::string& help) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& choice : choices) words.push_back(choice.first);
  const auto store = [&into, choices](const std::string& word) {
    for (const auto& [name_of_choice, value] : choices) {
      if (name_of_choice == word) into = value;
    }
  };
  return command.add_option_function<std::string>(name, store, help)->check(one_of(words))->type_name("NAME");
}

}  // namespace rowlight::cli
