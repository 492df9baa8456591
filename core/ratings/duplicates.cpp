#include "core/ratings/duplicates.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <unordered_map>
#include <vector>

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
  std::int32_t row = -1;  // -1: free
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
    std::vector<std::atomic<std::uint64_t>> dropped(set_.size() / 64 + 1);
    dropped_ = &dropped;
    for (std::size_t round = 0; round < rounds; ++round) {
      deal_out(round);
      find_in(round);
      if (cancelled()) return fail(ErrorKind::Cancelled, "loading was cancelled");
    }
    entries_ = {};
    DuplicateCounts total;
    for (const DuplicateCounts& part : counts_) {
      total.duplicates += part.duplicates;
      total.conflicts += part.conflicts;
      if (part.first) total.first = std::min(total.first.value_or(*part.first), *part.first);
    }
    if (total.duplicates > 0 && how_ != Duplicates::KeepAll && how_ != Duplicates::Fail) {
      take_out(set_.size() - static_cast<std::size_t>(total.duplicates));
    }
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

  void count_rows();
  void deal_out(std::size_t round);
  void find_in(std::size_t round);
  void find_in_part(std::span<const Entry> entries, std::vector<Entry>& table, DuplicateCounts& counts);
  void take_out(std::size_t left);
  template <class T>
  void take_out_of(std::vector<T>& column, std::size_t left) const;

  RatingSet& set_;
  Duplicates how_;
  ThreadPool& pool_;
  const std::atomic<bool>* cancel_;
  bool exact_ = false;
  std::vector<std::array<std::uint32_t, parts>> rows_in_;  // [piece][part]
  std::vector<Entry> entries_;                             // of one round, part after part, in the file's order
  std::array<std::size_t, parts_a_round + 1> begin_{};     // of the parts in entries_
  std::array<DuplicateCounts, parts / parts_a_task> counts_{};
  std::vector<std::atomic<std::uint64_t>>* dropped_ = nullptr;  // a bit for each row
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
  // Where the rows of each piece go in each part.
  std::vector<std::array<std::uint32_t, parts_a_round>> next(pieces());
  std::size_t at = 0;
  for (std::size_t part = 0; part < parts_a_round; ++part) {
    begin_[part] = at;
    for (std::size_t piece = 0; piece < pieces(); ++piece) {
      next[piece][part] = static_cast<std::uint32_t>(at);
      at += rows_in_[piece][first_part + part];
    }
  }
  begin_[parts_a_round] = at;
  if (entries_.size() < at) entries_.resize(at);
  pool_.parallel(pieces(), [&](std::size_t piece) {
    if (cancelled()) return;
    std::array<std::uint32_t, parts_a_round>& to = next[piece];
    for (std::size_t row = piece * rows_a_piece; row < end_of(piece); ++row) {
      const std::size_t part = part_of(set_.users[row]) - first_part;  // wraps around for the other rounds
      if (part >= parts_a_round) continue;
      entries_[to[part]++] = {key_of(row), static_cast<std::int32_t>(row)};
    }
  });
}

void Settlement::find_in(std::size_t round) {
  pool_.parallel(parts_a_round / parts_a_task, [&](std::size_t task) {
    std::vector<Entry> table;
    for (std::size_t part = task * parts_a_task; part < (task + 1) * parts_a_task; ++part) {
      if (cancelled()) return;
      find_in_part({entries_.data() + begin_[part], begin_[part + 1] - begin_[part]}, table,
                   counts_[round * parts_a_round / parts_a_task + task]);
    }
  });
}

// Pre: the entries stand in the order of the file.
void Settlement::find_in_part(std::span<const Entry> entries, std::vector<Entry>& table, DuplicateCounts& counts) {
  struct Sum {
    double total = 0;
    double count = 0;
  };
  std::unordered_map<std::int32_t, Sum> sums;  // with Mean, by the last row of a pair that was repeated
  table.assign(std::bit_ceil(entries.size() + entries.size() / 2 + 1), Entry{});
  const std::size_t mask = table.size() - 1;
  for (const Entry& entry : entries) {
    std::size_t at = (entry.key * 2654435761U >> 7U) & mask;
    const auto row = static_cast<std::size_t>(entry.row);
    while (table[at].row >= 0 &&
           (table[at].key != entry.key || !same_pair(static_cast<std::size_t>(table[at].row), row))) {
      at = (at + 1) & mask;
    }
    const std::int32_t before = std::exchange(table[at].row, entry.row);
    table[at].key = entry.key;
    if (before < 0) continue;
    ++counts.duplicates;
    counts.conflicts += set_.ratings[static_cast<std::size_t>(before)] != set_.ratings[row] ? 1 : 0;
    counts.first = std::min(counts.first.value_or(entry.row), entry.row);
    const auto drop = static_cast<std::size_t>(how_ == Duplicates::KeepFirst ? entry.row : before);
    (*dropped_)[drop / 64].fetch_or(std::uint64_t{1} << (drop % 64), std::memory_order_relaxed);
    if (how_ != Duplicates::Mean) continue;
    Sum sum{set_.ratings[static_cast<std::size_t>(before)], 1};
    if (const auto known = sums.find(before); known != sums.end()) {
      sum = known->second;
      sums.erase(known);
    }
    sums[entry.row] = {sum.total + set_.ratings[row], sum.count + 1};
  }
  for (const auto& [row, sum] : sums) {
    set_.ratings[static_cast<std::size_t>(row)] = static_cast<float>(sum.total / sum.count);
  }
}

void Settlement::take_out(std::size_t left) {
  pool_.parallel(4, [&](std::size_t column) {
    switch (column) {
      case 0: take_out_of(set_.users, left); break;
      case 1: take_out_of(set_.movies, left); break;
      case 2: take_out_of(set_.ratings, left); break;
      default:
        if (!set_.times.empty()) take_out_of(set_.times, left);
    }
  });
}

template <class T>
void Settlement::take_out_of(std::vector<T>& column, std::size_t left) const {
  std::size_t to = 0;
  for (std::size_t word = 0; word * 64 < column.size(); ++word) {
    const std::size_t end = std::min(column.size(), (word + 1) * 64);
    std::uint64_t kept = ~(*dropped_)[word].load(std::memory_order_relaxed);
    for (std::size_t row = word * 64; row < end; ++row) {
      column[to] = column[row];
      to += kept & 1U;
      kept >>= 1U;
    }
  }
  column.resize(left);
}

}  // namespace

Expected<DuplicateCounts> settle_duplicates(RatingSet& set, Duplicates how, ThreadPool& pool,
                                            const std::atomic<bool>* cancel) {
  return Settlement(set, how, pool, cancel).run();
}

}  // namespace rowlight
