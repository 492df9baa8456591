// The order of columns without a header, from the shapes of ids and the sizes of numbers.
#include "core/ratings/columns.h"

#include <algorithm>
#include <cmath>

#include "core/ratings/formats.h"
#include "core/ratings/values.h"

namespace rowlight {
namespace {

using Row = std::vector<std::string>;

// Seconds since 1970 have passed this number in 1973, milliseconds at once; no rating comes near it.
constexpr std::int64_t least_time = 100'000'000;

bool is_capital_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "A3JPFWKS83R49V" and the longer ids since 2023.
bool is_amazon_reviewer(std::string_view id) {
  return id.size() >= 10 && id.size() <= 28 && id.front() == 'A' &&
         std::all_of(id.begin(), id.end(), is_capital_or_digit);
}

// "B00005N7P0", or the ten characters of an ISBN, the last of which may be an X.
bool is_amazon_product(std::string_view id) {
  if (id.size() != 10) return false;
  if (id.front() == 'B') return std::all_of(id.begin(), id.end(), is_capital_or_digit);
  return std::all_of(id.begin(), id.end() - 1, is_digit) && (is_digit(id.back()) || id.back() == 'X');
}

bool is_moment(std::string_view field) {
  const auto time = parse_time(field);
  return time && (time->date || time->value >= least_time);
}

template <class Test>
std::size_t count(std::span<const Row> rows, std::size_t field_count, Test&& test) {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.size() == field_count && test(row); }));
}

bool mostly(std::size_t part, std::size_t all) { return all > 0 && part * 10 > all * 9; }

}  // namespace

ColumnGuess guess_columns(std::span<const std::vector<std::string>> rows, std::size_t field_count,
                          std::size_t ignored) {
  if (ignored > 0) {
    std::vector<Row> shorter;
    for (const Row& row : rows) {
      shorter.emplace_back(row.begin() + static_cast<std::ptrdiff_t>(std::min(ignored, row.size())), row.end());
    }
    ColumnGuess guess = guess_columns(shorter, field_count - ignored);
    guess.columns.insert(guess.columns.begin(), ignored, "-");
    return guess;
  }
  const auto many = [&](auto&& test) { return count(rows, field_count, test); };
  const std::size_t whole = many([](const Row&) { return true; });
  ColumnGuess guess;
  guess.columns.assign(field_count, "-");
  guess.columns[2] = "rating";
  if (field_count > 3) {
    const bool time_third = mostly(many([](const Row& row) { return is_moment(row[2]); }), whole) &&
                            mostly(many([](const Row& row) {
                                     const auto value = parse_rating(row[3], true);
                                     return value && std::abs(*value) < static_cast<double>(least_time);
                                   }),
                                   whole);
    if (time_third) {
      guess.columns[2] = "time";
      guess.columns[3] = "rating";
    } else if (mostly(many([](const Row& row) { return parse_time(row[3]).has_value(); }), whole)) {
      guess.columns[3] = "time";
    }
    if (time_third) guess.because = "column 3 holds moments and column 4 small numbers; ";
  }
  const std::size_t user_first =
      many([](const Row& row) { return is_amazon_reviewer(row[0]) && is_amazon_product(row[1]); });
  const std::size_t item_first =
      many([](const Row& row) { return is_amazon_product(row[0]) && is_amazon_reviewer(row[1]); });
  const bool swapped = item_first > user_first;
  const std::size_t told = std::max(user_first, item_first);
  const std::string rows_text = of_first_lines(told, whole) + ' ';
  if (told * 2 > whole && std::min(user_first, item_first) * 10 < told) {
    guess.because += rows_text + (swapped ? "a product id (like B00005N7P0) before a reviewer id (like AH2IFH762VY5U)"
                                          : "a reviewer id (like AH2IFH762VY5U) before a product id (like B00005N7P0)");
  } else {
    guess.assumed = true;
    guess.because += "no header names them: user first is an assumption";
  }
  const bool items_first = !guess.assumed && swapped;
  guess.columns[0] = items_first ? "item" : "user";
  guess.columns[1] = items_first ? "user" : "item";
  return guess;
}

std::string columns_like(std::vector<std::string> named, std::size_t field_count) {
  constexpr std::size_t most_named = 10;
  if (named.size() > std::min(most_named, field_count)) return {};
  for (const char* role : {"user", "item", "rating"}) {
    if (std::find(named.begin(), named.end(), role) != named.end()) continue;
    const auto free = std::find(named.begin(), named.end(), "-");
    if (free == named.end()) return {};
    *free = role;
  }
  while (named.back() == "-") named.pop_back();
  std::string list;
  for (const std::string& name : named) list += (list.empty() ? " " : ",") + name;
  return list;
}

bool have_row_names(std::span<const std::vector<std::string>> rows) {
  constexpr std::size_t least_names = 3;
  const std::size_t names = rows.front().size();
  if (names < least_names) return false;
  std::size_t fitting = 0;
  std::int64_t last = -1;
  for (const Row& row : rows.subspan(1)) {
    if (row.size() != names + 1) continue;
    std::string name = row.front();
    std::erase(name, '"');
    const auto number = parse_time(name);
    // An empty field at the end is what a delimiter there leaves.
    if (!number || number->date || number->value <= last || row.back().empty()) return false;
    last = number->value;
    ++fitting;
  }
  return fitting > 1 && mostly(fitting, rows.size() - 1);
}

}  // namespace rowlight
