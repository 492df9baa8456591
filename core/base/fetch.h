#pragma once

namespace rowlight {

/// Brings the cache line at an address near, where it will soon be needed. A hint: any address will do, and nothing
/// happens where the compiler has no way to say it.
inline void fetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#endif
}

}  // namespace rowlight
