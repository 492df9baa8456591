#include "core/train/rating_lists.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <functional>
#include <unordered_map>
#include <utility>

#include "core/simd/factorization.h"

namespace rowlight {

namespace {

constexpr unsigned code_bits = 8;
constexpr unsigned slot_bits = 12;  // of the hash table: at most a sixteenth full
constexpr std::size_t most_pieces = 16;
constexpr std::size_t sampled_partners = 256;

/// Zero and minus zero are equal and share one.
std::size_t slot_of(float rating) {
  constexpr std::uint32_t odd = 0x9E3779B1U;  // 2^32 / golden ratio (Knuth)
  return (std::bit_cast<std::uint32_t>(rating + 0.0F) * odd) >> (32U - slot_bits);
}

/// Sorts `count` items into rows, keeping their order within a row: each piece counts its items by row, the counts
/// become places, each piece puts its items there. `walk(piece, visit)` calls visit(row, item) for a piece's items.
template <class Walk, class Put>
void sort_into_rows(std::size_t pieces, std::vector<std::uint32_t>& begins, ThreadPool& pool, const Walk& walk,
                    const Put& put) {
  const std::size_t rows = begins.size() - 1;
  std::vector<std::vector<std::uint32_t>> places(pieces);
  const auto count = [&](std::size_t piece) {
    places[piece].assign(rows, 0);
    walk(piece, [&counts = places[piece]](std::size_t row, std::size_t) { ++counts[row]; });
  };
  pool.parallel(pieces, std::cref(count));
  std::uint32_t place = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    begins[row] = place;
    for (std::vector<std::uint32_t>& counts : places) place += std::exchange(counts[row], place);
  }
  begins[rows] = place;
  const auto fill = [&](std::size_t piece) {
    walk(piece, [&next = places[piece], &put](std::size_t row, std::size_t item) { put(next[row]++, row, item); });
  };
  pool.parallel(pieces, std::cref(fill));
}

/// Turns counts by piece and bucket, a piece's `stride` after the last one's, into the places where they begin, bucket
/// by bucket. Returns where the buckets begin, and the end.
std::vector<std::size_t> places_of(std::span<std::size_t> counts, std::size_t buckets, std::size_t stride) {
  std::vector<std::size_t> begins;
  std::size_t place = 0;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    begins.push_back(place);
    for (std::size_t i = bucket; i < counts.size(); i += stride) place += std::exchange(counts[i], place);
  }
  begins.push_back(place);
  return begins;
}

/// Sorts the ratings of a stretch of rows, `rows` counted in it, that stand from place `first` on: put(to, from) moves
/// one. Fills the rows' begins; `next` is room of zeros for as many.
template <class Put>
void sort_stretch(std::span<const std::uint16_t> rows, std::size_t first, std::span<std::uint32_t> begins,
                  std::span<std::uint32_t> next, const Put& put) {
  for (const std::uint16_t row : rows) ++next[row];
  auto place = static_cast<std::uint32_t>(first);
  for (std::size_t row = 0; row < begins.size(); ++row) {
    begins[row] = place;
    place += std::exchange(next[row], place);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) put(next[rows[i]]++, first + i);
}

/// Pieces to sort in: their counts by row may take a quarter of a byte a rating and row, not more.
std::size_t pieces_for(std::size_t items, std::size_t rows) {
  return std::clamp<std::size_t>(items / (4 * std::max<std::size_t>(rows, 1)), 1, most_pieces);
}

/// The different values of some ratings, no more than fit into codes and one.
class DifferentRatings {
 public:
  void add(std::span<const float> ratings) {
    for (const float rating : ratings) {
      std::size_t slot = slot_of(rating);
      while (used_[slot] && values_[slot] != rating) slot = (slot + 1) % values_.size();
      if (used_[slot]) continue;
      if (found_.size() > simd::most_codes) return;
      used_[slot] = true;
      values_[slot] = rating;
      found_.push_back(rating);
    }
  }
  [[nodiscard]] const std::vector<float>& found() const { return found_; }

 private:
  std::array<float, std::size_t{1} << slot_bits> values_{};
  std::array<bool, std::size_t{1} << slot_bits> used_{};
  std::vector<float> found_;
};

}  // namespace

RatingLists::RatingLists(const RatingSet& ratings, const std::vector<bool>& left_out, ThreadPool& pool,
                         std::size_t bucket_ratings)
    : size_(ratings.size() - static_cast<std::size_t>(std::ranges::count(left_out, true))) {
  assert((left_out.empty() || left_out.size() == ratings.size()) && bucket_ratings > 0);
  constexpr std::size_t most_packed_rows = std::size_t{1} << (32U - code_bits);
  sides_[0].begins.resize(ratings.user_count() + 1);
  sides_[1].begins.resize(ratings.movie_count() + 1);
  find_codes(ratings, pool);
  packed_ = !codes_.empty() && std::max(ratings.user_count(), ratings.movie_count()) <= most_packed_rows;
  make_users(ratings, left_out, pool, bucket_ratings);
  make_movies(pool);
  for (const Table table : {Table::Users, Table::Movies}) {
    count_partners(table, pool);
    Side& side = sides_[index_of(table)];
    std::unordered_map<std::size_t, std::size_t> groups;
    for (std::size_t row = 0; row < rows(table); ++row) ++groups[count(table, row)];
    groups.erase(0);
    for (const auto& [n, of_rows] : groups) {
      side.groups.push_back({n, of_rows});
      side.rows_with_ratings += of_rows;
    }
    std::ranges::sort(side.groups, {}, &CountGroup::ratings);
  }
}

void RatingLists::make_room(Side& side) const {
  side.entries = std::make_unique_for_overwrite<std::uint32_t[]>(size_);
  if (!packed_) side.values = std::make_unique_for_overwrite<float[]>(size_);
}

/// Gives the different ratings their codes, rising; none when there are too many.
void RatingLists::find_codes(const RatingSet& ratings, ThreadPool& pool) {
  std::vector<DifferentRatings> pieces(most_pieces);
  const auto find = [&](std::size_t piece) {
    const std::size_t begin = ratings.size() * piece / most_pieces;
    const std::size_t end = ratings.size() * (piece + 1) / most_pieces;
    pieces[piece].add(std::span(ratings.ratings).subspan(begin, end - begin));
  };
  pool.parallel(most_pieces, std::cref(find));
  for (const DifferentRatings& piece : pieces) codes_.insert(codes_.end(), piece.found().begin(), piece.found().end());
  std::ranges::sort(codes_);
  codes_.erase(std::ranges::unique(codes_).begin(), codes_.end());
  if (codes_.size() > simd::most_codes) codes_.clear();
  if (codes_.empty()) return;
  slots_.assign(std::size_t{1} << slot_bits, 0);
  for (std::size_t code = 0; code < codes_.size(); ++code) {
    std::size_t slot = slot_of(codes_[code]);
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = static_cast<std::uint32_t>(code + 1);
  }
  codes_.resize(codes_.size() <= simd::few_codes ? simd::few_codes : simd::most_codes, 0.0F);
}

std::uint32_t RatingLists::code_of(float rating) const {
  std::size_t slot = slot_of(rating);
  while (codes_[slots_[slot] - 1] != rating) slot = (slot + 1) % slots_.size();
  return slots_[slot] - 1;
}

/// In two steps, as a write to a random place of a large array waits for the memory: the ratings are dealt to stretches
/// of users, bucket_ratings to twice as many in each where users are alike, and those of a stretch, whose places stay
/// in the second-level cache, to its users. Between the steps they stand where the movies' lists will be.
void RatingLists::make_users(const RatingSet& ratings, const std::vector<bool>& left_out, ThreadPool& pool,
                             std::size_t bucket_ratings) {
  Side& users = sides_[0];
  Side& dealt = sides_[1];
  make_room(users);
  make_room(dealt);
  const std::size_t rows = ratings.user_count();
  unsigned shift = 0;  // of a user to its bucket
  while (shift < 16 && (rows >> shift) > size_ / bucket_ratings + 1) ++shift;
  const std::size_t buckets = (rows >> shift) + 1;
  const auto user_in_bucket = std::make_unique_for_overwrite<std::uint16_t[]>(size_);
  // By piece and bucket: first counts, then where the next rating goes. No two pieces' lie in one cache line.
  const std::size_t stride = buckets + 64 / sizeof(std::size_t);
  std::vector<std::size_t> places(most_pieces * stride, 0);
  const auto walk = [&](std::size_t piece, const auto& visit) {
    const std::size_t end = ratings.size() * (piece + 1) / most_pieces;
    for (std::size_t i = ratings.size() * piece / most_pieces; i < end; ++i) {
      if (left_out.empty() || !left_out[i]) visit(static_cast<std::size_t>(ratings.users[i]), i);
    }
  };
  const auto count = [&](std::size_t piece) {
    std::size_t* const counts = places.data() + piece * stride;
    walk(piece, [&](std::size_t user, std::size_t) { ++counts[user >> shift]; });
  };
  pool.parallel(most_pieces, std::cref(count));
  const std::vector<std::size_t> bucket_begins = places_of(places, buckets, stride);
  std::array<double, most_pieces> sums{};
  const auto deal = [&](std::size_t piece) {
    std::size_t* const next = places.data() + piece * stride;
    double sum = 0;
    walk(piece, [&](std::size_t user, std::size_t i) {
      const std::size_t to = next[user >> shift]++;
      const auto movie = static_cast<std::uint32_t>(ratings.movies[i]);
      const float rating = ratings.ratings[i];
      user_in_bucket[to] = static_cast<std::uint16_t>(user & ((1U << shift) - 1));
      dealt.entries[to] = packed_ ? movie << code_bits | code_of(rating) : movie;
      if (!packed_) dealt.values[to] = rating;
      sum += rating;
    });
    sums[piece] = sum;
  };
  pool.parallel(most_pieces, std::cref(deal));
  for (const double sum : sums) mean_ += sum / static_cast<double>(std::max<std::size_t>(size_, 1));
  std::vector<std::uint32_t> next(rows, 0);
  const auto finish = [&](std::size_t bucket) {
    const std::size_t begin = bucket_begins[bucket];
    const std::size_t first = bucket << shift;
    const std::size_t width = std::min(rows - first, std::size_t{1} << shift);
    sort_stretch({user_in_bucket.get() + begin, bucket_begins[bucket + 1] - begin}, begin,
                 std::span(users.begins).subspan(first, width), std::span(next).subspan(first, width),
                 [&](std::size_t to, std::size_t from) {
                   users.entries[to] = dealt.entries[from];
                   if (!packed_) users.values[to] = dealt.values[from];
                 });
  };
  pool.parallel(buckets, std::cref(finish));
  users.begins[rows] = static_cast<std::uint32_t>(size_);
}

void RatingLists::make_movies(ThreadPool& pool) {
  const Side& users = sides_[0];
  Side& movies = sides_[1];
  const std::size_t pieces = pieces_for(size_, movies.begins.size() - 1);
  const unsigned shift = packed_ ? code_bits : 0U;
  // Pieces of about as many ratings each.
  std::vector<std::size_t> cuts(pieces + 1, users.begins.size() - 1);
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const auto place = static_cast<std::uint32_t>(size_ * piece / pieces);
    const auto at = std::ranges::lower_bound(users.begins, place);
    cuts[piece] = static_cast<std::size_t>(at - users.begins.begin());
  }
  const std::uint32_t code_mask = packed_ ? (1U << code_bits) - 1 : 0U;
  std::uint32_t* const entries = movies.entries.get();
  // An item is a place in the users' lists; the user it belongs to is known while its row is walked.
  const auto walk = [&](std::size_t piece, const auto& visit) {
    for (std::size_t user = cuts[piece]; user < cuts[piece + 1]; ++user) {
      for (std::size_t i = users.begins[user]; i < users.begins[user + 1]; ++i) {
        visit(users.entries[i] >> shift, user << 32U | i);
      }
    }
  };
  sort_into_rows(pieces, movies.begins, pool, walk, [&](std::size_t place, std::size_t, std::size_t item) {
    const std::size_t i = item & 0xFFFFFFFFU;
    entries[place] = static_cast<std::uint32_t>(item >> 32U) << shift | (users.entries[i] & code_mask);
    if (!packed_) movies.values[place] = users.values[i];
  });
}

void RatingLists::count_partners(Table table, ThreadPool& pool) {
  Side& own = sides_[index_of(table)];
  const Side& other = sides_[1 - index_of(table)];
  constexpr std::size_t rows_of_piece = 1024;
  const std::size_t rows = own.begins.size() - 1;
  own.partner_counts.assign(rows, 1);
  const unsigned shift = packed_ ? code_bits : 0U;
  std::vector<float> shares(other.begins.size() - 1);
  for (std::size_t row = 0; row < shares.size(); ++row) {
    shares[row] = 1.0F / static_cast<float>(std::max(other.begins[row + 1] - other.begins[row], 1U));
  }
  const auto count = [&](std::size_t piece) {
    for (std::size_t row = piece * rows_of_piece; row < std::min(rows, (piece + 1) * rows_of_piece); ++row) {
      const std::size_t begin = own.begins[row];
      const std::size_t all = own.begins[row + 1] - begin;
      const std::size_t n = std::min(all, sampled_partners);
      float sum = 0;
      if (all <= sampled_partners) {
        for (std::size_t i = 0; i < n; ++i) sum += shares[own.entries[begin + i] >> shift];
      } else {  // evenly spread: the first rows of a table tend to have the most ratings
        for (std::size_t i = 0; i < sampled_partners; ++i) {
          sum += shares[own.entries[begin + i * all / sampled_partners] >> shift];
        }
      }
      if (n > 0) own.partner_counts[row] = static_cast<float>(n) / sum;
    }
  };
  pool.parallel((rows + rows_of_piece - 1) / rows_of_piece, std::cref(count));
}

void RatingLists::read(Table table, std::size_t first, std::span<const float> bias, std::span<std::int32_t> ids,
                       std::span<float> values) const {
  const Side& own = side(table);
  assert(ids.size() == values.size() && first + ids.size() <= size_);
  const std::uint32_t* entries = own.entries.get() + first;
  if (packed_) {
    simd::unpack_ratings({entries, ids.size()}, codes_, bias, ids, values);
    return;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(entries[i]);
    values[i] = own.values[first + i] - (bias.empty() ? 0.0F : bias[entries[i]]);
  }
}

}  // namespace rowlight
