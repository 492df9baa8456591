#include "core/ratings/duplicates.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace rowlight {
namespace {

// Looks at the flag every so many rows, some milliseconds of work.
struct CancelLook {
  const std::atomic<bool>* cancel;
  [[nodiscard]] bool stops(std::size_t row) const {
    return row % (std::size_t{1} << 20U) == 0 && cancel != nullptr && cancel->load(std::memory_order_relaxed);
  }
};

// The rows in the order of their users, each user's rows in the order of the file. Empty where the file has that
// order already, and unfinished when `look` says to stop.
std::vector<std::int32_t> rows_by_user(const RatingSet& set, const CancelLook& look) {
  if (std::is_sorted(set.users.begin(), set.users.end())) return {};
  std::vector<std::int32_t> next(set.user_count() + 1, 0);  // counting sort
  for (const std::int32_t user : set.users) ++next[static_cast<std::size_t>(user) + 1];
  for (std::size_t u = 1; u < next.size(); ++u) next[u] += next[u - 1];
  std::vector<std::int32_t> order(set.size());
  for (std::size_t row = 0; row < set.size(); ++row) {
    if (look.stops(row)) break;
    order[static_cast<std::size_t>(next[static_cast<std::size_t>(set.users[row])]++)] = static_cast<std::int32_t>(row);
  }
  return order;
}

// What becomes of a repeated pair.
class Settlement {
 public:
  Settlement(RatingSet& set, Duplicates how) : set_(set), how_(how) {}

  // `row` repeats the pair of `before`, the nearest such row.
  void repeat(std::size_t before, std::size_t row) {
    switch (how_) {
      case Duplicates::KeepAll:
      case Duplicates::Fail: return;
      case Duplicates::KeepFirst: drop(row); return;
      case Duplicates::KeepLast: drop(before); return;
      case Duplicates::Mean: break;
    }
    Sum sum{set_.ratings[before], 1};
    if (const auto known = sums_.find(before); known != sums_.end()) {
      sum = known->second;
      sums_.erase(known);
    }
    sums_[row] = {sum.total + set_.ratings[row], sum.count + 1};
    drop(before);
  }

  void finish() {
    for (const auto& [row, sum] : sums_) set_.ratings[row] = static_cast<float>(sum.total / sum.count);
    if (dropped_.empty()) return;
    std::size_t kept = 0;
    for (std::size_t row = 0; row < dropped_.size(); ++row) {
      if (dropped_[row]) continue;
      set_.users[kept] = set_.users[row];
      set_.movies[kept] = set_.movies[row];
      set_.ratings[kept] = set_.ratings[row];
      if (!set_.times.empty()) set_.times[kept] = set_.times[row];
      ++kept;
    }
    set_.users.resize(kept);
    set_.movies.resize(kept);
    set_.ratings.resize(kept);
    if (!set_.times.empty()) set_.times.resize(kept);
  }

 private:
  struct Sum {
    double total = 0;
    double count = 0;
  };
  void drop(std::size_t row) {
    if (dropped_.empty()) dropped_.resize(set_.size());
    dropped_[row] = true;
  }

  RatingSet& set_;
  Duplicates how_;
  std::vector<bool> dropped_;                  // empty: none
  std::unordered_map<std::size_t, Sum> sums_;  // by the row that stays
};

}  // namespace

Expected<DuplicateCounts> settle_duplicates(RatingSet& set, Duplicates how, const std::atomic<bool>* cancel) {
  const CancelLook look{cancel};
  const std::vector<std::int32_t> order = rows_by_user(set, look);
  Settlement settlement(set, how);
  DuplicateCounts counts;
  // The last row of each movie; it belongs to the current user or is out of date, as users come one by one.
  std::vector<std::int32_t> last_row(set.movie_count(), -1);
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (look.stops(i)) {
      return fail(ErrorKind::Cancelled, "loading was cancelled");
    }
    const std::size_t row = order.empty() ? i : static_cast<std::size_t>(order[i]);
    std::int32_t& last = last_row[static_cast<std::size_t>(set.movies[row])];
    const auto before = static_cast<std::size_t>(last);
    if (last >= 0 && set.users[before] == set.users[row]) {
      ++counts.duplicates;
      counts.conflicts += set.ratings[before] != set.ratings[row] ? 1 : 0;
      counts.first = std::min(counts.first.value_or(static_cast<std::int32_t>(row)), static_cast<std::int32_t>(row));
      settlement.repeat(before, row);
    }
    last = static_cast<std::int32_t>(row);
  }
  settlement.finish();
  return counts;
}

}  // namespace rowlight
