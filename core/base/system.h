#pragma once

#include <cstddef>
#include <cstdint>

namespace rowlight {

/// The largest amount of memory that the process held so far, in bytes; 0 where the system does not tell.
[[nodiscard]] std::uint64_t peak_memory_bytes();

/// The memory that the process can get at all, in bytes: the machine's, or less where a limit is set for the process or
/// its container; UINT64_MAX where the system does not tell.
[[nodiscard]] std::uint64_t memory_limit_bytes();

/// Asks the system for large pages in memory that is about to be filled from front to back: fewer page faults. A hint,
/// which changes no content; where the system has nothing of the kind it does nothing.
void prefer_large_pages(void* memory, std::size_t bytes);

/// Whether standard error goes to a person's terminal.
[[nodiscard]] bool stderr_is_terminal();

}  // namespace rowlight
