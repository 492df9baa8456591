#pragma once

#include <cstdint>

namespace rowlight {

/// The largest amount of memory that the process held so far, in bytes; 0 where the system does not tell.
[[nodiscard]] std::uint64_t peak_memory_bytes();

/// The memory of the machine, in bytes; 0 where the system does not tell.
[[nodiscard]] std::uint64_t physical_memory_bytes();

/// Whether standard error goes to a person's terminal.
[[nodiscard]] bool stderr_is_terminal();

}  // namespace rowlight
