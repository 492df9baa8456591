// The delimiter stage, and the names of columns: what rating files and title files have in common.
#include <algorithm>
#include <array>
#include <map>

#include "core/ratings/dialect.h"

namespace rowlight {
namespace {

using Kind = Separation::Kind;

SeparationGuess measure(std::span<const std::string_view> lines, const Separation& separation, std::size_t min_fields) {
  std::map<std::size_t, std::size_t> lines_with;  // number of fields -> lines
  FieldSplitter splitter(separation, true);
  for (const std::string_view line : lines) {
    splitter.split(line);
    const std::size_t count = splitter.fields().size();
    if (count >= min_fields) ++lines_with[count];
  }
  SeparationGuess guess{separation, 0, 0};
  for (const auto& [count, fitting] : lines_with) {
    if (fitting > guess.fitting) {
      guess.field_count = count;
      guess.fitting = fitting;
    }
  }
  return guess;
}

// Small letters and digits alone.
std::string plain_name(std::string_view header_name) {
  std::string plain;
  for (const char c : header_name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

}  // namespace

SeparationGuess guess_separation(std::span<const std::string_view> lines, std::size_t min_fields) {
  const std::array candidates{Separation{Kind::Text, "\t", true},   Separation{Kind::Text, "::", false},
                              Separation{Kind::Text, ";", true},    Separation{Kind::Text, ",", true},
                              Separation{Kind::Text, "|", false},   Separation{Kind::Text, ":", false},
                              Separation{Kind::Blanks, " ", false}, Separation{Kind::Mixed, " ", false}};
  SeparationGuess best;
  for (const Separation& candidate : candidates) {
    const SeparationGuess guess = measure(lines, candidate, min_fields);
    // A looser reading must explain clearly more lines: it would otherwise swallow the damaged ones in silence.
    if (guess.fitting > best.fitting + lines.size() / 10) best = guess;
  }
  return best;
}

std::string_view role_of_column(std::string_view header_name) {
  struct Names {
    std::string_view role;
    std::vector<std::string_view> names;
  };
  static const std::array<Names, 6> known{
      Names{"user",
            {"user", "userid", "uid", "customer", "customerid", "reviewer", "reviewerid", "viewer", "viewerid"}},
      Names{"item", {"item",   "itemid", "iid",   "movie",      "movieid", "film",      "filmid", "book",
                     "bookid", "isbn",   "asin",  "parentasin", "product", "productid", "joke",   "jokeid",
                     "song",   "songid", "track", "trackid",    "artist",  "artistid"}},
      Names{"rating",
            {"rating", "bookrating", "ratings", "score", "stars", "overall", "plays", "playcount", "listens",
             "listencount", "count", "counts", "weight"}},
      Names{"time", {"time", "timestamp", "ts", "date", "datetime", "unixtime", "unixreviewtime", "ratedat"}},
      Names{"title", {"title", "movietitle", "booktitle", "itemtitle", "name", "moviename", "itemname"}},
      Names{"genres", {"genres", "genre", "categories"}}};
  const std::string plain = plain_name(header_name);
  for (const Names& entry : known) {
    if (std::find(entry.names.begin(), entry.names.end(), plain) != entry.names.end()) return entry.role;
  }
  return {};
}

bool is_name_of_counts(std::string_view header_name) {
  constexpr std::array names{"plays", "playcount", "listens", "listencount", "count", "counts"};
  return std::find(names.begin(), names.end(), plain_name(header_name)) != names.end();
}

bool is_vague_name(std::string_view header_name) {
  constexpr std::array names{"artist", "artistid", "weight"};
  return is_name_of_counts(header_name) ||
         std::find(names.begin(), names.end(), plain_name(header_name)) != names.end();
}

std::string separation_name(const Separation& separation) {
  if (separation.kind == Kind::Blanks) return "white space";
  if (separation.kind == Kind::Mixed) return "commas and white space";
  return separation.text == "\t" ? "TAB" : "'" + separation.text + "'";
}

}  // namespace rowlight
