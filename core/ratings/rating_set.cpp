#include "core/ratings/rating_set.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "core/base/random.h"
#include "core/base/system.h"

namespace rowlight {
namespace {

std::uint32_t hash_of(std::string_view id) {
  const std::uint64_t wide = std::hash<std::string_view>{}(id);
  return static_cast<std::uint32_t>(wide ^ (wide >> 32));
}

}  // namespace

std::string_view Vocabulary::id(std::int32_t index) const {
  assert(index >= 0 && static_cast<std::size_t>(index) < ends_.size());
  const auto i = static_cast<std::size_t>(index);
  const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(text_).substr(begin, ends_[i] - begin);
}

// The slot that holds `id`, or the free one where it belongs. Pre: there is a free slot.
std::size_t Vocabulary::slot_of(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].index >= 0 && (slots_[at].hash != hash || id(slots_[at].index) != text)) at = (at + 1) & mask;
  return at;
}

void Vocabulary::grow() {
  std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.index < 0) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].index >= 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::int32_t Vocabulary::add(std::string_view text) {
  if ((ends_.size() + 1) * 2 > slots_.size()) grow();
  const std::uint32_t hash = hash_of(text);
  Slot& slot = slots_[slot_of(text, hash)];
  if (slot.index < 0) {
    // The slot comes last: where memory runs out it must not lead to an id that is not there.
    text_ += text;
    ends_.push_back(text_.size());
    slot = {hash, static_cast<std::int32_t>(ends_.size() - 1)};
  }
  return slot.index;
}

std::optional<std::int32_t> Vocabulary::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(text, hash_of(text))];
  if (slot.index < 0) return std::nullopt;
  return slot.index;
}

std::uint64_t Vocabulary::memory_bytes() const {
  return text_.size() + ends_.size() * sizeof(ends_[0]) + slots_.size() * sizeof(Slot);
}

void Vocabulary::clear() {
  if (ends_.empty()) return;
  text_.clear();
  ends_.clear();
  std::fill(slots_.begin(), slots_.end(), Slot{});
}

void Times::append(std::span<const std::int64_t> times) {
  const auto is_near = [](std::int64_t time) { return time >= 0 && time < std::int64_t{elsewhere}; };
  if (near_.capacity() - near_.size() >= times.size()) {
    expect_writes(near_.data() + near_.size(), times.size() * sizeof(near_[0]));
  }
  if (std::all_of(times.begin(), times.end(), is_near)) {
    near_.insert(near_.end(), times.begin(), times.end());
    return;
  }
  for (const std::int64_t time : times) {
    if (!is_near(time)) far_.push_back({near_.size(), time});
    near_.push_back(is_near(time) ? static_cast<std::uint32_t>(time) : elsewhere);
  }
}

std::int64_t Times::far(std::size_t i) const {
  return std::lower_bound(far_.begin(), far_.end(), i, [](const Far& f, std::size_t place) { return f.place < place; })
      ->time;
}

void Times::keep(std::span<const std::uint64_t> kept,
                 const std::function<void(std::vector<std::uint32_t>&)>& keep_near) {
  keep_near(near_);
  std::size_t word = 0;
  std::size_t before = 0;  // that stay, in the words before
  std::size_t left = 0;
  for (const Far& f : far_) {
    for (; word < f.place / 64; ++word) before += static_cast<std::size_t>(std::popcount(kept[word]));
    const std::uint64_t bit = std::uint64_t{1} << (f.place % 64);
    if ((kept[word] & bit) == 0) continue;
    far_[left++] = {before + static_cast<std::size_t>(std::popcount(kept[word] & (bit - 1))), f.time};
  }
  far_.resize(left);
}

std::string RatingSet::movie_label(MovieRow row) const {
  const auto i = static_cast<std::size_t>(row.value);
  if (i < movie_info.size() && !movie_info[i].title.empty()) return movie_info[i].title;
  return "movie " + std::string(movie_ids.id(row.value));
}

std::int32_t RatingSet::first_genre(MovieRow row) const {
  const auto i = static_cast<std::size_t>(row.value);
  if (i >= movie_info.size() || movie_info[i].genre_index.empty()) return -1;
  return movie_info[i].genre_index.front();
}

Split split_randomly(std::size_t count, double share, std::uint64_t seed) {
  std::vector<std::int32_t> order(count);
  const auto held_out = static_cast<std::ptrdiff_t>(order_for_split(order, share, seed));
  Split split;
  split.validation.assign(order.begin(), order.begin() + held_out);
  order.erase(order.begin(), order.begin() + held_out);
  split.training = std::move(order);
  return split;
}

std::size_t order_for_split(std::span<std::int32_t> order, double share, std::uint64_t seed) {
  assert(share >= 0 && share < 1);
  std::iota(order.begin(), order.end(), 0);
  Random(seed).shuffle(order);
  return static_cast<std::size_t>(std::llround(share * static_cast<double>(order.size())));
}

}  // namespace rowlight
