#include "core/ratings/parsed_chunk.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace rowlight {
namespace {

// The number that `id` writes in the one plain way, or first_text.
std::uint32_t plain_number(std::string_view id) {
  constexpr std::size_t most_digits = 7;
  if (id.empty() || id.size() > most_digits || (id.front() == '0' && id.size() > 1)) return RawIds::first_text;
  std::uint32_t number = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return RawIds::first_text;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return std::min(number, RawIds::first_text);
}

}  // namespace

std::uint32_t RawIds::value_of(std::string_view id) {
  const std::uint32_t number = plain_number(id);
  if (number == first_text) return first_text + static_cast<std::uint32_t>(texts.add(id));
  largest_number = std::max(largest_number, number);
  return number;
}

std::uint32_t RawIds::value_of(std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return value_of(std::string_view(digits.data(), end));
}

std::string RawIds::text_of(std::uint32_t value) const {
  if (value < first_text) return std::to_string(value);
  return std::string(texts.id(static_cast<std::int32_t>(value - first_text)));
}

void ParsedChunk::clear() {
  rows = 0;
  for (RawIds* ids : {&users, &items}) {
    ids->texts.clear();
    ids->largest_number = 0;
  }
  line_counts = {};
  stats.clear();
  time_stats = {};
  blank_lines = not_rated = data_lines = 0;
  block_item.reset();
  bad_line_count = 0;
  bad_lines.clear();
  too_many_bad_lines = false;
  lines.clear();
  ascii = true;
  foreign.reset();
}

void ParsedChunk::reserve(std::size_t more, bool with_times) {
  const std::size_t wanted = rows + more;
  if (ratings.size() >= wanted) return;
  const std::size_t size = std::max(wanted, ratings.size() * 2);
  users.values.resize(size);
  items.values.resize(size);
  ratings.resize(size);
  if (with_times) times.resize(size);
}

}  // namespace rowlight
