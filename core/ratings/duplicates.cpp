#include "core/ratings/duplicates.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <unordered_map>
#include <vector>

#include "core/ratings/load_errors.h"

namespace rowlight {
namespace {

// The rows are dealt out by user to parts that are small enough for a hash table in the cache. Half of the parts are
// looked at in each of two rounds, so that an entry of 8 bytes costs 4 a rating.
constexpr std::size_t rounds = 2;
constexpr std::size_t parts_a_round = 256;
constexpr std::size_t parts = rounds * parts_a_round;
constexpr std::size_t parts_a_task = 8;  // share one table
constexpr std::size_t rows_a_piece = std::size_t{1} << 18U;

// A row, and a number for its pair: the pair itself among those of its part where that fits into 32 bits, else a hash.
struct Entry {
  std::uint32_t key = 0;
  std::uint32_t row = 0;  // from 1; 0: a free place of a table
};

class Settlement {
 public:
  Settlement(RatingSet& set, Duplicates how, ThreadPool& pool, const std::atomic<bool>* cancel)
      : set_(set), how_(how), pool_(pool), cancel_(cancel) {
    const std::uint64_t users_a_part = set.user_count() / parts + 1;
    exact_ = set.movie_count() > 0 && users_a_part <= std::numeric_limits<std::uint32_t>::max() / set.movie_count();
  }

  Expected<DuplicateCounts> run() {
    count_rows();
    for (std::size_t round = 0; round < rounds; ++round) {
      deal_out(round);
      find_in(round);
      if (cancelled()) return loading_cancelled();
      if (no_memory_) {
        return fail(ErrorKind::BadInput, "there is not enough memory to look for repeated ratings",
                    "expected fewer ratings, or a machine with more memory");
      }
    }
    entries_ = {};
    DuplicateCounts total;
    for (const DuplicateCounts& part : counts_) {
      total.duplicates += part.duplicates;
      total.conflicts += part.conflicts;
      if (part.first) total.first = std::min(total.first.value_or(*part.first), *part.first);
    }
    if (total.duplicates > 0 && drops()) take_out(set_.size() - static_cast<std::size_t>(total.duplicates));
    if (cancelled()) return loading_cancelled();
    return total;
  }

 private:
  [[nodiscard]] bool cancelled() const { return cancel_ != nullptr && cancel_->load(std::memory_order_relaxed); }
  static std::size_t part_of(std::int32_t user) { return static_cast<std::uint32_t>(user) % parts; }
  [[nodiscard]] std::size_t pieces() const { return (set_.size() + rows_a_piece - 1) / rows_a_piece; }
  [[nodiscard]] std::size_t end_of(std::size_t piece) const {
    return std::min(set_.size(), (piece + 1) * rows_a_piece);
  }

  [[nodiscard]] std::uint32_t key_of(std::size_t row) const {
    const auto user = static_cast<std::uint64_t>(set_.users[row]);
    const auto movie = static_cast<std::uint64_t>(set_.movies[row]);
    if (exact_) return static_cast<std::uint32_t>(user / parts * set_.movie_count() + movie);
    constexpr std::uint64_t golden = 0x9E3779B97F4A7C15U;
    return static_cast<std::uint32_t>(((user << 32U | movie) * golden) >> 32U);
  }
  [[nodiscard]] bool same_pair(std::size_t a, std::size_t b) const {
    return exact_ || (set_.users[a] == set_.users[b] && set_.movies[a] == set_.movies[b]);
  }

  [[nodiscard]] bool drops() const { return how_ != Duplicates::KeepAll && how_ != Duplicates::Fail; }

  /// Rows of one pair, one behind the other in the file.
  struct Repeat {
    std::int32_t before = 0;
    std::int32_t row = 0;
  };
  struct Sum {
    double total = 0;
    double count = 0;
  };
  /// What one thread needs to find the repeats of some parts.
  struct Finder {
    std::vector<Entry> table;
    std::vector<Repeat> repeats;                 // of one part
    std::vector<std::int32_t> later_rows;        // with KeepFirst: the rows to go
    std::unordered_map<std::int32_t, Sum> sums;  // with Mean: by the last row of a pair
    DuplicateCounts counts;
  };

  void count_rows();
  void deal_out(std::size_t round);
  void find_in(std::size_t round);
  void find_repeats(std::span<const Entry> entries, Finder& finder) const;
  void settle_repeats(Finder& finder);
  void add_to_mean(const Repeat& repeat, Finder& finder) const;
  void take_out(std::size_t left);

  RatingSet& set_;
  Duplicates how_;
  ThreadPool& pool_;
  const std::atomic<bool>* cancel_;
  std::atomic<bool> no_memory_{false};
  bool exact_ = false;
  std::vector<std::array<std::uint32_t, parts>> rows_in_;  // [piece][part]
  std::vector<Entry> entries_;                             // of one round, part after part, in the file's order
  std::array<std::size_t, parts_a_round + 1> begin_{};     // of the parts in entries_
  std::array<DuplicateCounts, parts / parts_a_task> counts_{};
};

void Settlement::count_rows() {
  rows_in_.resize(pieces());
  pool_.parallel(pieces(), [&](std::size_t piece) {
    std::array<std::uint32_t, parts>& counts = rows_in_[piece];
    counts.fill(0);
    for (std::size_t row = piece * rows_a_piece; row < end_of(piece); ++row) ++counts[part_of(set_.users[row])];
  });
}

void Settlement::deal_out(std::size_t round) {
  const std::size_t first_part = round * parts_a_round;
  // Where the rows of each piece go in each part, and those of the other rounds: behind all.
  std::vector<std::array<std::size_t, parts_a_round + 1>> next(pieces());
  std::size_t at = 0;
  for (std::size_t part = 0; part < parts_a_round; ++part) {
    begin_[part] = at;
    for (std::size_t piece = 0; piece < pieces(); ++piece) {
      next[piece][part] = at;
      at += rows_in_[piece][first_part + part];
    }
  }
  begin_[parts_a_round] = at;
  if (entries_.size() < at + pieces()) entries_.resize(at + pieces());
  pool_.parallel(pieces(), [&](std::size_t piece) {
    if (cancelled()) return;
    std::array<std::size_t, parts_a_round + 1>& to = next[piece];
    to[parts_a_round] = at + piece;
    for (std::size_t row = piece * rows_a_piece; row < end_of(piece); ++row) {
      // Without a branch, which would be wrong half of the time: the others overwrite one spare place.
      const std::size_t part = std::min(part_of(set_.users[row]) - first_part, parts_a_round);
      entries_[to[part]] = {key_of(row), static_cast<std::uint32_t>(row + 1)};
      to[part] += part < parts_a_round ? 1 : 0;
    }
  });
}

void Settlement::find_in(std::size_t round) {
  pool_.parallel(parts_a_round / parts_a_task, [&](std::size_t task) {
    Finder finder;
    try {
      for (std::size_t part = task * parts_a_task; part < (task + 1) * parts_a_task; ++part) {
        if (cancelled()) return;
        find_repeats({entries_.data() + begin_[part], begin_[part + 1] - begin_[part]}, finder);
        settle_repeats(finder);
      }
    } catch (const std::bad_alloc&) {  // one user with very many ratings needs a large table
      no_memory_ = true;
    }
    counts_[round * parts_a_round / parts_a_task + task] = finder.counts;
  });
}

// Pre: the entries stand in the order of the file.
void Settlement::find_repeats(std::span<const Entry> entries, Finder& finder) const {
  constexpr std::size_t slots_an_entry = 2;  // few collisions are worth more than a small table
  const auto bits = static_cast<unsigned>(std::bit_width(entries.size() * slots_an_entry));
  finder.table.assign(std::size_t{1} << bits, Entry{});
  finder.repeats.resize(entries.size());
  Entry* const table = finder.table.data();
  const std::size_t mask = finder.table.size() - 1;
  std::size_t found = 0;
  // Most parts are one block; where all ratings are one user's there is only one part.
  for (std::size_t begin = 0; begin < entries.size() && !cancelled(); begin += rows_a_piece) {
    for (const Entry& entry : entries.subspan(begin, std::min(rows_a_piece, entries.size() - begin))) {
      constexpr std::uint32_t golden = 0x9E3779B9U;
      std::size_t at = (std::uint64_t{entry.key * golden} << bits) >> 32U;
      while (table[at].row > 0 && (table[at].key != entry.key || !same_pair(table[at].row - 1, entry.row - 1))) {
        at = (at + 1) & mask;
      }
      finder.repeats[found] = {static_cast<std::int32_t>(table[at].row) - 1, static_cast<std::int32_t>(entry.row) - 1};
      found += table[at].row > 0 ? 1 : 0;
      table[at] = entry;
    }
  }
  finder.repeats.resize(found);
}

// Counts the repeats of one part and marks the rows that go by a rating that is none.
void Settlement::settle_repeats(Finder& finder) {
  constexpr float gone = std::numeric_limits<float>::quiet_NaN();
  DuplicateCounts& counts = finder.counts;
  counts.duplicates += finder.repeats.size();
  std::size_t until_look = rows_a_piece;
  for (const Repeat& repeat : finder.repeats) {
    if (--until_look == 0) {
      if (cancelled()) return;
      until_look = rows_a_piece;
    }
    float& before = set_.ratings[static_cast<std::size_t>(repeat.before)];
    counts.conflicts += before != set_.ratings[static_cast<std::size_t>(repeat.row)] ? 1 : 0;
    counts.first = std::min(counts.first.value_or(repeat.row), repeat.row);
    if (how_ == Duplicates::Mean) add_to_mean(repeat, finder);
    if (how_ == Duplicates::KeepLast || how_ == Duplicates::Mean) before = gone;
    if (how_ == Duplicates::KeepFirst) finder.later_rows.push_back(repeat.row);
  }
  for (const std::int32_t row : finder.later_rows) set_.ratings[static_cast<std::size_t>(row)] = gone;
  for (const auto& [row, sum] : finder.sums) {
    set_.ratings[static_cast<std::size_t>(row)] = static_cast<float>(sum.total / sum.count);
  }
  finder.later_rows.clear();
  finder.sums.clear();
}

void Settlement::add_to_mean(const Repeat& repeat, Finder& finder) const {
  Sum sum{set_.ratings[static_cast<std::size_t>(repeat.before)], 1};
  if (const auto known = finder.sums.find(repeat.before); known != finder.sums.end()) {
    sum = known->second;
    finder.sums.erase(known);
  }
  finder.sums[repeat.row] = {sum.total + set_.ratings[static_cast<std::size_t>(repeat.row)], sum.count + 1};
}

// Moves the rows that stay to the front. `kept` has a bit for each row.
template <class T>
void keep_marked(const std::vector<std::uint64_t>& kept, std::size_t left, const std::atomic<bool>* cancel,
                 std::vector<T>& column) {
  constexpr std::size_t words_between_looks = rows_a_piece / 64;
  T* to = column.data();
  const T* from = column.data();
  for (std::size_t word = 0; word < kept.size(); ++word, from += 64) {
    if (word % words_between_looks == 0 && cancel != nullptr && cancel->load(std::memory_order_relaxed)) return;
    const std::size_t count = std::min<std::size_t>(64, column.size() - word * 64);
    if (count == 64 && kept[word] == ~std::uint64_t{0}) {
      std::memmove(to, from, 64 * sizeof(T));
      to += 64;
      continue;
    }
    for (std::uint64_t marks = kept[word], i = 0; i < count; ++i, marks >>= 1U) {
      *to = from[i];
      to += marks & 1U;
    }
  }
  column.resize(left);
}

void Settlement::take_out(std::size_t left) {
  std::vector<std::uint64_t> kept((set_.size() + 63) / 64);
  pool_.parallel(pieces(), [&](std::size_t piece) {
    for (std::size_t row = piece * rows_a_piece; row < end_of(piece); ++row) {
      kept[row / 64] |= std::uint64_t{std::isnan(set_.ratings[row]) ? 0U : 1U} << (row % 64);
    }
  });
  pool_.parallel(4, [&](std::size_t column) {
    switch (column) {
      case 0:
        if (!set_.times.empty()) keep_marked(kept, left, cancel_, set_.times);
        break;
      case 1: keep_marked(kept, left, cancel_, set_.users); break;
      case 2: keep_marked(kept, left, cancel_, set_.movies); break;
      default: keep_marked(kept, left, cancel_, set_.ratings);
    }
  });
}

}  // namespace

Expected<DuplicateCounts> settle_duplicates(RatingSet& set, Duplicates how, ThreadPool& pool,
                                            const std::atomic<bool>* cancel) {
  return Settlement(set, how, pool, cancel).run();
}

}  // namespace rowlight
