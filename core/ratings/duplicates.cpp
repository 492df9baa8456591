#include "core/ratings/duplicates.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/stop.h"
#include "core/base/system.h"
#include "core/ratings/load_errors.h"
#include "core/simd/text_kernels.h"

namespace rowlight {
namespace {

// The rows are dealt out by user to parts whose tables fit into the cache.
constexpr std::size_t parts = 512;
constexpr std::size_t most_tasks = 32;                            // the parts of a task share one finder
constexpr std::size_t most_table_bytes = std::size_t{32} << 20U;  // of all finders, if one of them is not larger
// Large parts, where few users rate much, are looked at in several passes over their movies.
constexpr std::size_t most_rows_a_pass = std::size_t{1} << 19U;
// Within a piece 16 bits number the rows, so that an entry takes 6 bytes.
constexpr std::size_t rows_a_piece = std::size_t{1} << 16U;
constexpr std::int32_t max_row = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t words_a_piece = rows_a_piece / 64;

#pragma pack(push, 2)
struct Entry {         // without initial values, which would be written to each before it is dealt
  std::uint32_t pair;  // the user's number within the part, the rating's code, the movie; or the movie alone
  std::uint16_t row;   // from the beginning of the piece
};
#pragma pack(pop)
static_assert(sizeof(Entry) == 6 && std::is_trivially_default_constructible_v<Entry>);

/// A bit for each row that goes.
using Marks = std::vector<std::uint64_t>;

struct Rated {
  std::uint32_t movie = 0;  // below the rating's code
  std::uint32_t row = 0;
};

// Where an entry has bits to spare, they hold twice the rating: comparing these spares looks at ratings that lie far
// apart.
constexpr unsigned most_code_bits = 8;

// So many pieces beforehand their entries are asked for: too few lie together for the processor to look ahead.
constexpr std::size_t pieces_ahead = 3;

void fetch_all(std::span<const Entry> entries) {
  constexpr std::size_t line = 64 / sizeof(Entry);
  for (std::size_t i = 0; i < entries.size(); i += line) fetch(entries.data() + i);
}

tl::unexpected<Error> not_enough_memory_for_repeats() {
  return fail(ErrorKind::BadInput, "there is not enough memory to look for repeated ratings",
              "expected fewer ratings, or a machine with more memory");
}

class Settlement {
 public:
  Settlement(RatingSet& set, Duplicates how, ThreadPool& pool, const std::atomic<bool>* cancel,
             const std::function<void()>& beside)
      : set_(set), how_(how), pool_(pool), cancel_(cancel), beside_(beside) {
    movie_bits_ = static_cast<unsigned>(std::bit_width(set.movie_count()));
    movie_mask_ = static_cast<std::uint32_t>((std::uint64_t{1} << movie_bits_) - 1U);
    const auto taken = movie_bits_ + static_cast<unsigned>(std::bit_width(users_a_part()));
    packed_ = taken <= 32;
    if (packed_) code_bits_ = std::min(32 - taken, most_code_bits);
  }

  Expected<DuplicateCounts> run() {
    deal_out();
    find();
    if (cancelled()) return loading_cancelled();
    if (no_memory_) return not_enough_memory_for_repeats();
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
  [[nodiscard]] bool cancelled() const { return is_set(cancel_); }
  static std::size_t part_of(std::int32_t user) { return static_cast<std::uint32_t>(user) % parts; }
  static std::uint32_t number_in_part(std::int32_t user) { return static_cast<std::uint32_t>(user) / parts; }
  [[nodiscard]] std::size_t users_a_part() const { return (set_.user_count() + parts - 1) / parts; }
  [[nodiscard]] std::size_t pieces() const { return (set_.size() + rows_a_piece - 1) / rows_a_piece; }
  [[nodiscard]] std::size_t end_of(std::size_t piece) const {
    return std::min(set_.size(), (piece + 1) * rows_a_piece);
  }

  /// What the loops over all rows need, without a look through pointers for each.
  template <bool packed>
  struct Pairs {
    const std::int32_t* users;
    const std::int32_t* movies;
    unsigned movie_bits;
    unsigned user_shift;

    [[nodiscard]] std::uint32_t pair_of(std::size_t row, std::uint32_t code) const {
      const auto movie = static_cast<std::uint32_t>(movies[row]);
      return packed ? number_in_part(users[row]) << user_shift | code << movie_bits | movie : movie;
    }
    [[nodiscard]] std::uint32_t user_of(const Entry& entry, std::size_t first_row) const {
      return packed ? entry.pair >> user_shift : number_in_part(users[first_row + entry.row]);
    }
    [[nodiscard]] std::uint32_t coded_movie_of(const Entry& entry) const {
      return packed ? entry.pair & ((1U << user_shift) - 1U) : entry.pair;
    }
  };
  /// Calls `loops` with the Pairs that fit.
  template <class Loops>
  void with_pairs(const Loops& loops) const {
    if (packed_) {
      loops(Pairs<true>{set_.users.data(), set_.movies.data(), movie_bits_, movie_bits_ + code_bits_});
    } else {
      loops(Pairs<false>{set_.users.data(), set_.movies.data(), movie_bits_, movie_bits_});
    }
  }
  /// The entries of one piece in one part.
  [[nodiscard]] std::span<const Entry> entries_of(std::size_t piece, std::size_t part) const {
    const std::array<std::uint32_t, parts>& ends = end_in_[piece];
    const std::uint32_t begin = part > 0 ? ends[part - 1] : 0;
    return {entries_.get() + piece * rows_a_piece + begin, ends[part] - begin};
  }
  [[nodiscard]] std::size_t rows_in(std::size_t part) const {
    std::size_t rows = 0;
    for (std::size_t piece = 0; piece < pieces(); ++piece) rows += entries_of(piece, part).size();
    return rows;
  }

  [[nodiscard]] bool drops() const { return how_ != Duplicates::KeepAll && how_ != Duplicates::Fail; }

  /// Rows of one pair, one behind the other in the file.
  struct Repeat {
    std::uint32_t before = 0;
    std::uint32_t row = 0;
  };
  struct Sum {
    double total = 0;
    std::uint32_t count = 0;  // 0: there is none, or a later row has it
  };
  /// One of `count` passes: the movies that leave `index` as the rest.
  struct Pass {
    std::uint32_t index = 0;
    std::uint32_t count = 1;
    [[nodiscard]] bool takes(std::uint32_t movie) const { return count == 1 || movie % count == index; }
  };
  /// What one thread needs to find the repeats of some parts.
  struct Finder {
    std::vector<std::uint32_t> begin_of;  // a part's users in `sorted`, then one more
    std::vector<Rated> sorted;            // rows of one pass by user, then by row
    std::vector<std::uint32_t> last;      // by movie: the place in all that was sorted so far, from 1
    std::uint32_t sorted_before = 0;      // entries of earlier passes
    std::vector<Repeat> repeats;          // room for those of one block
    std::vector<Sum> sums;                // with Mean: at the last row of a pair so far; like `sorted`
    Marks gone;                           // also what earlier finders have marked; empty where no row goes
    DuplicateCounts counts;
  };

  void deal_out();
  template <bool packed>
  void deal_piece(Pairs<packed> pairs, std::size_t piece);
  void find();
  Marks take_marks();
  void give_marks(Marks marks);
  void find_in(std::size_t part, Finder& finder);
  template <bool packed>
  void sort_by_user(const Pairs<packed>& pairs, std::size_t part, Pass pass, Finder& finder) const;
  void find_repeats(Finder& finder);
  void settle_repeats(std::span<const Repeat> repeats, Finder& finder);
  void add_to_mean(const Repeat& repeat, Finder& finder) const;
  void finish_means(const Finder& finder);
  void take_out(std::size_t left);

  RatingSet& set_;
  Duplicates how_;
  ThreadPool& pool_;
  const std::atomic<bool>* cancel_;
  const std::function<void()>& beside_;
  std::atomic<bool> no_memory_{false};
  unsigned movie_bits_ = 0;
  std::uint32_t movie_mask_ = 0;
  bool packed_ = false;                                   // a user's number and a movie fit into an entry
  unsigned code_bits_ = 0;                                // and so many bits of a rating's code
  std::atomic<bool> coded_{true};                         // every rating has a code
  std::vector<std::array<std::uint32_t, parts>> end_in_;  // [piece][part], from the beginning of the piece
  std::unique_ptr<Entry[]> entries_;                      // piece after piece, in it part after part, in it by row
  std::mutex mutex_;                                      // for free_marks_
  std::vector<Marks> free_marks_;                         // of no finder at the moment
  std::vector<DuplicateCounts> counts_;
};

void Settlement::deal_out() {
  end_in_.resize(pieces());
  entries_ = std::make_unique_for_overwrite<Entry[]>(set_.size());
  with_pairs([&](const auto& pairs) {
    pool_.parallel(pieces(), [&](std::size_t piece) {
      if (!cancelled()) deal_piece(pairs, piece);
    });
  });
}

// Counts a piece's rows by part and puts them there: all of it stays in the cache meanwhile.
template <bool packed>
void Settlement::deal_piece(Pairs<packed> pairs, std::size_t piece) {
  const std::size_t first = piece * rows_a_piece;
  const std::size_t rows = end_of(piece) - first;
  Entry* const entries = entries_.get() + first;
  expect_writes(entries, rows * sizeof(Entry));
  std::array<std::uint32_t, parts> next{};
  for (std::size_t row = 0; row < rows; ++row) ++next[part_of(pairs.users[first + row])];
  // Each count becomes the beginning of its entries; dealing makes it their end.
  std::uint32_t begin = 0;
  for (std::uint32_t& count : next) begin += std::exchange(count, begin);
  const float* const ratings = set_.ratings.data() + first;
  const auto most_code = static_cast<float>((1U << code_bits_) - 1U);
  bool coded = true;
  for (std::size_t row = 0; row < rows; ++row) {
    const float twice = std::clamp(ratings[row] * 2, 0.0F, most_code);
    const auto code = static_cast<std::uint32_t>(static_cast<std::int32_t>(twice));
    coded &= static_cast<float>(code) == ratings[row] * 2;
    const std::size_t part = part_of(pairs.users[first + row]);
    entries[next[part]++] = {pairs.pair_of(first + row, code), static_cast<std::uint16_t>(row)};
  }
  if (!coded) coded_ = false;
  end_in_[piece] = next;
}

void Settlement::find() {
  const std::size_t table = set_.movie_count() * sizeof(std::uint32_t);
  const std::size_t tasks = std::clamp<std::size_t>(most_table_bytes / (table + 1), 1, most_tasks);
  counts_.resize(tasks);
  free_marks_.reserve(tasks);
  pool_.parallel(tasks + 1, [&](std::size_t piece) {
    if (piece == 0) {
      if (beside_) beside_();
      return;
    }
    const std::size_t task = piece - 1;
    Finder finder;
    try {
      finder.last.resize(set_.movie_count());
      if (drops()) finder.gone = take_marks();
      for (std::size_t part = task * parts / tasks; part < (task + 1) * parts / tasks && !cancelled(); ++part) {
        find_in(part, finder);
      }
    } catch (const std::bad_alloc&) {
      no_memory_ = true;
    }
    counts_[task] = finder.counts;
    if (!finder.gone.empty()) give_marks(std::move(finder.gone));
  });
}

// There are as many marks as threads: each writes to its own, which is faster than to wait for each other.
Marks Settlement::take_marks() {
  {
    const std::scoped_lock lock(mutex_);
    if (!free_marks_.empty()) {
      Marks marks = std::move(free_marks_.back());
      free_marks_.pop_back();
      return marks;
    }
  }
  return Marks((set_.size() + 63) / 64);
}

void Settlement::give_marks(Marks marks) {
  const std::scoped_lock lock(mutex_);
  free_marks_.push_back(std::move(marks));
}

void Settlement::find_in(std::size_t part, Finder& finder) {
  Pass pass{0, static_cast<std::uint32_t>(rows_in(part) / most_rows_a_pass) + 1};
  for (; pass.index < pass.count && !cancelled(); ++pass.index) {
    with_pairs([&](const auto& pairs) { sort_by_user(pairs, part, pass, finder); });
    if (how_ == Duplicates::Mean) finder.sums.assign(finder.sorted.size(), {});
    find_repeats(finder);
    finish_means(finder);
  }
}

// Counting sort, which keeps the order of a user's rows.
template <bool packed>
void Settlement::sort_by_user(const Pairs<packed>& pairs, std::size_t part, Pass pass, Finder& finder) const {
  finder.begin_of.assign(users_a_part() + 1, 0);
  std::uint32_t* const begin_of = finder.begin_of.data();
  for (std::size_t piece = 0; piece < pieces() && !cancelled(); ++piece) {
    if (piece + pieces_ahead < pieces()) fetch_all(entries_of(piece + pieces_ahead, part));
    for (const Entry& entry : entries_of(piece, part)) {
      if (pass.takes(pairs.coded_movie_of(entry) & movie_mask_)) {
        ++begin_of[pairs.user_of(entry, piece * rows_a_piece)];
      }
    }
  }
  std::uint32_t end = 0;
  for (std::uint32_t& count : finder.begin_of) end = count = end + count;
  finder.sorted.resize(end);
  Rated* const sorted = finder.sorted.data();
  // From behind, so that each end becomes a beginning.
  for (std::size_t piece = pieces(); piece-- > 0 && !cancelled();) {
    const std::span<const Entry> entries = entries_of(piece, part);
    const auto first_row = static_cast<std::uint32_t>(piece * rows_a_piece);
    for (std::size_t i = entries.size(); i-- > 0;) {
      const Entry entry = entries[i];
      const std::uint32_t movie = pairs.coded_movie_of(entry);
      if (!pass.takes(movie & movie_mask_)) continue;
      sorted[--begin_of[pairs.user_of(entry, first_row)]] = {movie, first_row + entry.row};
    }
  }
}

// A user has rated a movie before where its last place is not before the user's first one.
void Settlement::find_repeats(Finder& finder) {
  finder.repeats.resize(std::max(finder.repeats.size(), std::min(finder.sorted.size(), rows_a_piece)));
  const Rated* const sorted = finder.sorted.data();
  Repeat* const repeats = finder.repeats.data();
  const std::uint32_t base = finder.sorted_before + 1;
  std::size_t found = 0;
  for (std::size_t user = 0; user + 1 < finder.begin_of.size(); ++user) {
    const std::uint32_t first = finder.begin_of[user];
    for (std::uint32_t at = first; at < finder.begin_of[user + 1];) {
      const auto room = static_cast<std::uint32_t>(finder.repeats.size() - found);
      const std::uint32_t end = std::min(finder.begin_of[user + 1], at + room);
      for (; at < end; ++at) {
        std::uint32_t& last = finder.last[sorted[at].movie & movie_mask_];
        repeats[found] = {last - base, at};
        found += last >= base + first ? 1 : 0;
        last = base + at;
      }
      if (found < finder.repeats.size()) continue;
      if (cancelled()) return;
      settle_repeats(finder.repeats, finder);
      found = 0;
    }
  }
  settle_repeats(std::span(finder.repeats).first(found), finder);
  finder.sorted_before += static_cast<std::uint32_t>(finder.sorted.size());
}

// Counts the repeats of one block and marks the rows that go.
void Settlement::settle_repeats(std::span<const Repeat> repeats, Finder& finder) {
  DuplicateCounts& counts = finder.counts;
  const Rated* const sorted = finder.sorted.data();
  const bool coded = code_bits_ > 0 && coded_;
  const bool marks = drops();
  std::uint64_t* const gone = finder.gone.data();
  const bool later_goes = how_ == Duplicates::KeepFirst;
  std::uint32_t first = std::numeric_limits<std::uint32_t>::max();
  for (const Repeat& repeat : repeats) {
    const Rated before = sorted[repeat.before];
    const Rated later = sorted[repeat.row];
    first = std::min(first, later.row);
    const bool agree = coded ? before.movie == later.movie : set_.ratings[before.row] == set_.ratings[later.row];
    counts.conflicts += agree ? 0 : 1;
    if (marks) {
      const std::uint32_t row = later_goes ? later.row : before.row;
      gone[row / 64] |= std::uint64_t{1} << (row % 64);
    }
  }
  counts.duplicates += repeats.size();
  if (!repeats.empty()) counts.first = std::min(counts.first.value_or(max_row), static_cast<std::int32_t>(first));
  if (how_ != Duplicates::Mean) return;
  for (const Repeat& repeat : repeats) add_to_mean(repeat, finder);
}

// Hands the sum of the row before on to the later one.
void Settlement::add_to_mean(const Repeat& repeat, Finder& finder) const {
  Sum sum = std::exchange(finder.sums[repeat.before], {});
  if (sum.count == 0) sum = {set_.ratings[finder.sorted[repeat.before].row], 1};
  finder.sums[repeat.row] = {sum.total + set_.ratings[finder.sorted[repeat.row].row], sum.count + 1};
}

// Waits until the ratings of a pass are no longer compared.
void Settlement::finish_means(const Finder& finder) {
  for (std::size_t i = 0; i < finder.sums.size(); ++i) {
    const Sum& sum = finder.sums[i];
    if (sum.count > 0) set_.ratings[finder.sorted[i].row] = static_cast<float>(sum.total / sum.count);
  }
}

// Moves the rows that stay to the front. `kept` has a bit for each row.
template <class T>
void keep_rows(std::span<const std::uint64_t> kept, std::size_t left, const std::atomic<bool>* cancel,
               std::vector<T>& column) {
  T* to = column.data();
  const std::size_t whole = column.size() / 64;
  for (std::size_t word = 0; word < whole; word += words_a_piece) {
    if (is_set(cancel)) return;
    const std::size_t words = std::min(words_a_piece, whole - word);
    to += simd::keep_marked(column.data() + word * 64, kept.subspan(word, words), to);
  }
  for (std::size_t row = whole * 64; row < column.size(); ++row) {
    if ((kept[row / 64] >> (row % 64) & 1U) != 0) *to++ = column[row];
  }
  column.resize(left);
}

void Settlement::take_out(std::size_t left) {
  Marks kept = std::move(free_marks_.back());
  free_marks_.pop_back();
  for (std::size_t word = 0; word < kept.size(); ++word) {
    for (const Marks& gone : free_marks_) kept[word] |= gone[word];
    kept[word] = ~kept[word];
  }
  pool_.parallel(5, [&](std::size_t column) {
    switch (column) {
      case 0:
        if (!set_.times.empty()) set_.times.keep(kept, [&](auto& times) { keep_rows(kept, left, cancel_, times); });
        break;
      case 1: keep_rows(kept, left, cancel_, set_.users); break;
      case 2: keep_rows(kept, left, cancel_, set_.movies); break;
      case 3: entries_.reset(); break;  // giving so much back takes a while
      default: keep_rows(kept, left, cancel_, set_.ratings);
    }
  });
}

}  // namespace

Expected<DuplicateCounts> settle_duplicates(RatingSet& set, Duplicates how, ThreadPool& pool,
                                            const std::atomic<bool>* cancel, const std::function<void()>& beside) {
  try {
    return Settlement(set, how, pool, cancel, beside).run();
  } catch (const std::bad_alloc&) {
    return not_enough_memory_for_repeats();
  }
}

}  // namespace rowlight
