#pragma once

#include <atomic>

namespace rowlight {

/// Whether somebody has asked for an end. `flag` may be null: then nobody can. Any thread.
[[nodiscard]] inline bool is_set(const std::atomic<bool>* flag) {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

}  // namespace rowlight
