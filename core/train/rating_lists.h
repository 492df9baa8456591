#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/row_index.h"
#include "core/base/thread_pool.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

/// The training ratings twice over: the ratings of each user in the file's order, and those of each movie in the order
/// of its users. 4 bytes a rating and side where there are at most 256 different ratings and 2^24 rows, else 8.
/// Immutable; safe from several threads.
class RatingLists {
 public:
  /// Of all ratings but those that `left_out` marks (as long as the set, or empty: none is left out). The lists do not
  /// depend on the number of threads, nor on `bucket_ratings`: how many ratings, above 0, are sorted at a time. Throws
  /// std::bad_alloc.
  RatingLists(const RatingSet& ratings, const std::vector<bool>& left_out, ThreadPool& pool,
              std::size_t bucket_ratings = std::size_t{1} << 17);

  [[nodiscard]] std::size_t size() const { return size_; }  ///< training ratings
  [[nodiscard]] std::size_t rows(Table table) const { return side(table).begins.size() - 1; }
  [[nodiscard]] std::size_t count(Table table, std::size_t row) const {
    return side(table).begins[row + 1] - side(table).begins[row];
  }
  /// Where the ratings of each row begin; one more entry ends the last.
  [[nodiscard]] const std::vector<std::uint32_t>& begins(Table table) const { return side(table).begins; }

  /// The harmonic mean of how many ratings the other side's rows have that this row's ratings name (256 of them,
  /// evenly spread, stand for all); 1 for a row without ratings.
  [[nodiscard]] float partner_count(Table table, std::size_t row) const { return side(table).partner_counts[row]; }

  /// Ratings [first, first + ids.size()) of a side, counted over all its rows: rows of the other side, and values less
  /// the other side's `bias` (empty: none). Pre: inside the lists; ids.size() == values.size().
  void read(Table table, std::size_t first, std::span<const float> bias, std::span<std::int32_t> ids,
            std::span<float> values) const;

  /// How many rows have how many ratings.
  struct CountGroup {
    std::size_t ratings = 0;  ///< above 0
    std::size_t rows = 0;
  };
  /// By rising number of ratings; rows without any are left out.
  [[nodiscard]] const std::vector<CountGroup>& count_groups(Table table) const { return side(table).groups; }
  /// Rows with one rating only. Their share of all ratings is how likely the next rating names a row that has none
  /// (Good, "The population frequencies of species", Biometrika 40, 1953).
  [[nodiscard]] std::size_t rows_with_one_rating(Table table) const {
    const std::vector<CountGroup>& groups = count_groups(table);
    return !groups.empty() && groups.front().ratings == 1 ? groups.front().rows : 0;
  }
  [[nodiscard]] std::size_t rows_with_ratings(Table table) const { return side(table).rows_with_ratings; }

  [[nodiscard]] double mean() const { return mean_; }

 private:
  struct Side {
    std::vector<std::uint32_t> begins;
    std::unique_ptr<std::uint32_t[]> entries;  // packed: other row << 8 | code of the rating; else the other row
    std::unique_ptr<float[]> values;           // null when packed
    std::vector<float> partner_counts;
    std::vector<CountGroup> groups;
    std::size_t rows_with_ratings = 0;
  };
  [[nodiscard]] const Side& side(Table table) const { return sides_[index_of(table)]; }
  void make_room(Side& side) const;
  void make_users(const RatingSet& ratings, const std::vector<bool>& left_out, ThreadPool& pool,
                  std::size_t bucket_ratings);
  void make_movies(ThreadPool& pool);
  void count_partners(Table table, ThreadPool& pool);
  void find_codes(const RatingSet& ratings, ThreadPool& pool);
  [[nodiscard]] std::uint32_t code_of(float rating) const;

  std::size_t size_ = 0;
  double mean_ = 0;
  bool packed_ = true;
  std::vector<float> codes_;          // the different ratings, and zeros
  std::vector<std::uint32_t> slots_;  // code + 1 by hash of the rating; 0: free
  Side sides_[2];
};

}  // namespace rowlight
