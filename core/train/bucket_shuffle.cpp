#include "core/train/bucket_shuffle.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace rowlight {

namespace {

constexpr unsigned bucket_bits = 16;                       // of a random number, for one bucket
constexpr unsigned buckets_of_number = 64U / bucket_bits;  // ratings that share one

std::uint32_t last_bucket_of(std::size_t size, std::size_t bucket_size) {
  const std::size_t buckets = std::bit_ceil((size + bucket_size - 1) / bucket_size);
  return static_cast<std::uint32_t>(std::min<std::size_t>(buckets, 1U << bucket_bits)) - 1;
}

}  // namespace

BucketShuffle::BucketShuffle(std::size_t size, std::size_t bucket_size)
    : size_(size), last_bucket_(last_bucket_of(size, bucket_size)), ends_(std::size_t{last_bucket_} + 1) {
  assert(size > 0 && size <= UINT32_MAX);
}

void BucketShuffle::begin(const Random& random) {
  start_ = random_ = random;
  std::ranges::fill(ends_, 0U);
  pass_ = Pass::Count;
  at_ = 0;
}

void BucketShuffle::go_on(std::size_t places, std::span<const PackedRating> from, std::span<PackedRating> to) {
  assert(from.size() == size_ && to.size() == size_);
  constexpr std::size_t passes = 3;
  std::size_t left = passes * std::min(places, size_);
  while (left > 0 && pass_ != Pass::Done) {
    const std::size_t n = std::min(left, size_ - at_);
    switch (pass_) {
      case Pass::Count: count(n); break;
      case Pass::Deal: deal(n, from, to); break;
      case Pass::Shuffle: shuffle(n, to); break;
      case Pass::Done: break;
    }
    left -= n;
  }
}

template <class Each>
void BucketShuffle::draw_buckets(std::size_t n, const Each& each) {
  std::uint64_t bits = bits_;
  for (const std::size_t end = at_ + n; at_ < end; ++at_) {
    if (at_ % buckets_of_number == 0) bits = random_.next();
    each(bits & last_bucket_);
    bits >>= bucket_bits;
  }
  bits_ = bits;
}

void BucketShuffle::count(std::size_t n) {
  draw_buckets(n, [this](std::size_t bucket) { ++ends_[bucket]; });
  if (at_ < size_) return;
  std::uint32_t begin = 0;
  for (std::uint32_t& end : ends_) {
    const std::uint32_t ratings = end;
    end = begin;
    begin += ratings;
  }
  random_ = start_;
  at_ = 0;
  pass_ = Pass::Deal;
}

void BucketShuffle::deal(std::size_t n, std::span<const PackedRating> from, std::span<PackedRating> to) {
  const PackedRating* next = from.data() + at_;
  draw_buckets(n, [&](std::size_t bucket) { to.data()[ends_[bucket]++] = *next++; });
  if (at_ < size_) return;
  at_ = bucket_ = 0;
  left_ = ends_[0];
  pass_ = Pass::Shuffle;
}

void BucketShuffle::shuffle(std::size_t n, std::span<PackedRating> to) {
  const std::size_t end = at_ + n;
  while (at_ < end) {
    if (left_ <= 1) {  // one that is left stays where it is
      at_ += left_;
      if (++bucket_ == ends_.size()) break;
      left_ = ends_[bucket_] - ends_[bucket_ - 1];
      continue;
    }
    const std::size_t first = bucket_ == 0 ? 0 : ends_[bucket_ - 1];
    const std::size_t rest = random_.shuffle_some(to.subspan(first, left_), end - at_).size();
    at_ += left_ - rest;
    left_ = rest;
  }
  if (at_ >= size_) pass_ = Pass::Done;
}

}  // namespace rowlight
