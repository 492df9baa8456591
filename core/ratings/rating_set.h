#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/row_index.h"

namespace rowlight {

/// Raw ids as text <-> dense indices 0..size-1, in order of first appearance. Finding is one hash lookup; the
/// texts live in one block. Immutable use is safe from any thread.
class Vocabulary {
 public:
  /// The index of `id`, which is added when it is new.
  std::int32_t add(std::string_view id);
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view id) const;
  /// Pre: 0 <= index < size().
  [[nodiscard]] std::string_view id(std::int32_t index) const;
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// What its ids and their table take, without what is only reserved for more of them.
  [[nodiscard]] std::uint64_t memory_bytes() const;
  /// Empties it; the memory stays.
  void clear();

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t index = -1;  // -1: free
  };
  [[nodiscard]] std::size_t slot_of(std::string_view id, std::uint32_t hash) const;
  void grow();

  std::string text_;                 // every id, end to end
  std::vector<std::uint64_t> ends_;  // one past the last character of each id in text_
  std::vector<Slot> slots_;          // open addressing; a power of two, at most half full
};

/// What is known about one movie (or other item) beside its ratings. All fields may be empty.
struct MovieInfo {
  std::string title;                      ///< UTF-8, as in the file
  std::vector<std::int32_t> genre_index;  ///< into RatingSet::genres, in the file's order; the first is "the" genre
};

/// Points in time, in seconds since 1970 UTC. 4 bytes each, and 16 more for each that does not lie between 1970 and
/// 2106.
class Times {
 public:
  [[nodiscard]] std::size_t size() const { return near_.size(); }
  [[nodiscard]] bool empty() const { return near_.empty(); }
  [[nodiscard]] std::int64_t operator[](std::size_t i) const { return near_[i] != elsewhere ? near_[i] : far(i); }
  void reserve(std::size_t count) { near_.reserve(count); }
  void push_back(std::int64_t time) { append({&time, 1}); }
  void append(std::span<const std::int64_t> times);
  /// Leaves those whose bit in `kept` is set, in their order: `left` of them. `keep_near` does so with the vector
  /// given.
  void keep(std::span<const std::uint64_t> kept, const std::function<void(std::vector<std::uint32_t>&)>& keep_near);

 private:
  struct Far {
    std::size_t place = 0;
    std::int64_t time = 0;
  };
  static constexpr std::uint32_t elsewhere = std::numeric_limits<std::uint32_t>::max();
  [[nodiscard]] std::int64_t far(std::size_t i) const;

  std::vector<std::uint32_t> near_;  // elsewhere: in far_
  std::vector<Far> far_;             // by place
};

/// The smallest and largest rating that can be given.
struct RatingScale {
  float low = 0;
  float high = 0;
};

/// One data set, ready to train on: parallel columns of triples plus what is known about the rows. Immutable once
/// built and shared as shared_ptr<const RatingSet> between threads. 16 bytes a rating with times, 12 without.
struct RatingSet {
  std::string name;  ///< short, for the status bar: "MovieLens 100K sample", "u.data"
  bool synthetic = false;

  // Columns, all of length size(); `times` is empty or as long as the others.
  std::vector<std::int32_t> users;   ///< values of UserRow, in [0, user_ids.size())
  std::vector<std::int32_t> movies;  ///< values of MovieRow, in [0, movie_ids.size())
  std::vector<float> ratings;        ///< finite
  Times times;

  Vocabulary user_ids;
  Vocabulary movie_ids;
  std::vector<MovieInfo> movie_info;  ///< length movie_ids.size() when titles were loaded, else empty
  std::vector<std::string> genres;    ///< UTF-8 names; empty when unknown
  RatingScale scale;                  ///< from the data, or set by the person

  [[nodiscard]] std::size_t size() const { return ratings.size(); }
  [[nodiscard]] std::size_t user_count() const { return user_ids.size(); }
  [[nodiscard]] std::size_t movie_count() const { return movie_ids.size(); }
  /// The title, or "movie ID" where there is none.
  [[nodiscard]] std::string movie_label(MovieRow row) const;
  /// Index of the first genre in `genres`, or -1.
  [[nodiscard]] std::int32_t first_genre(MovieRow row) const;
};

using RatingSetPtr = std::shared_ptr<const RatingSet>;

/// Disjoint positions into a RatingSet's columns.
struct Split {
  std::vector<std::int32_t> training;
  std::vector<std::int32_t> validation;
};

/// A random share of all ratings, drawn without replacement: round(share * count) validation positions, the rest
/// for training, both in random order. Pre: 0 <= share < 1. The same seed gives the same split.
[[nodiscard]] Split split_randomly(std::size_t count, double share, std::uint64_t seed);
/// The same in one array, whose size is the count: the positions for validation first. Returns how many these are.
[[nodiscard]] std::size_t order_for_split(std::span<std::int32_t> order, double share, std::uint64_t seed);

}  // namespace rowlight
