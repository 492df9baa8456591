#pragma once

#include <cstddef>
#include <functional>

#include "core/base/thread_pool.h"

namespace rowlight {

/// Calls piece(0) ... piece(count - 1): on all threads of the pool in any order, or in order where there is none.
inline void eachPiece(ThreadPool* pool, std::size_t count, const std::function<void(std::size_t)>& piece) {
  if (pool != nullptr) {
    pool->parallel(count, piece);
  } else {
    for (std::size_t i = 0; i < count; ++i) piece(i);
  }
}

/// The same over [0, size) in chunks of a fixed length: range(begin, end).
inline void eachChunk(ThreadPool* pool, std::size_t size,
                      const std::function<void(std::size_t begin, std::size_t end)>& range) {
  constexpr std::size_t chunk = 1U << 15U;
  eachPiece(pool, (size + chunk - 1) / chunk,
            [&](std::size_t i) { range(i * chunk, size - i * chunk < chunk ? size : (i + 1) * chunk); });
}

}  // namespace rowlight
