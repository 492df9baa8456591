#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace rowlight {

/// The index of a row of one kind of table. Two kinds do not mix: a MovieRow cannot be passed for a UserRow.
/// Bulk columns (RatingSet, kernels) hold the raw `value`s; single rows in interfaces are typed.
template <class Tag>
struct RowIndex {
  std::int32_t value = -1;  ///< in [0, rows); -1 means "no row"

  [[nodiscard]] constexpr bool valid() const { return value >= 0; }
  friend constexpr auto operator<=>(RowIndex, RowIndex) = default;
};

/// Which embedding table: the rows of users or those of movies.
enum class Table : std::uint8_t { Users, Movies };

/// Where a table stands in arrays with an entry for each: 0 for users, 1 for movies.
[[nodiscard]] constexpr std::size_t index_of(Table table) { return static_cast<std::size_t>(table); }

using UserRow = RowIndex<struct UserTag>;
using MovieRow = RowIndex<struct MovieTag>;

}  // namespace rowlight
