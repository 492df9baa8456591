#pragma once

#include <cstddef>
#include <cstdint>

namespace rowlight {

/// The largest amount of memory that the process held so far, in bytes; 0 where the system does not tell.
[[nodiscard]] std::uint64_t peak_memory_bytes();

/// The memory that the process can get at all, in bytes: the machine's, or less where a limit is set for the process or
/// its container; UINT64_MAX where the system does not tell.
[[nodiscard]] std::uint64_t memory_limit_bytes();

/// Asks the system for the memory behind so many bytes, which are about to be written for the first time: one call is
/// cheaper than an interruption for every page. A hint, which changes no byte; does nothing where there is no such
/// call. Pre: the bytes belong to the caller.
void expect_writes(void* begin, std::size_t bytes);

/// Asks the system to put these bytes on large pages as far as whole ones fit between them: for tables whose rows are
/// read in no order, where nearly every row would else miss the translation of its address. A hint, which changes no
/// byte; does nothing where there is no such call. Pre: the bytes belong to the caller, and none was written yet.
void prefer_large_pages(void* begin, std::size_t bytes);

/// Whether standard error goes to a person's terminal.
[[nodiscard]] bool stderr_is_terminal();

}  // namespace rowlight
