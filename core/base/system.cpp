#include "core/base/system.h"

#include <algorithm>
#include <fstream>

#ifdef _WIN32
#include <io.h>
#include <windows.h>
// after windows.h
#include <psapi.h>
#else
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace rowlight {

#ifdef _WIN32

std::uint64_t peak_memory_bytes() {
  PROCESS_MEMORY_COUNTERS counters;
  return GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.PeakWorkingSetSize : 0;
}

std::uint64_t memory_limit_bytes() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : UINT64_MAX;
}

void expect_writes(void* /*begin*/, std::size_t /*bytes*/) {}

void prefer_large_pages(void* /*begin*/, std::size_t /*bytes*/) {}

bool stderr_is_terminal() { return _isatty(_fileno(stderr)) != 0; }

#else

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
  constexpr std::uint64_t unit = 1;
#else
  constexpr std::uint64_t unit = 1024;
#endif
  return static_cast<std::uint64_t>(usage.ru_maxrss) * unit;
}

std::uint64_t memory_limit_bytes() {
  std::uint64_t limit = UINT64_MAX;
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) limit = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
    limit = std::min<std::uint64_t>(limit, space.rlim_cur);
  }
  // Of a container, on Linux; "max" does not read as a number.
  std::uint64_t container = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> container) limit = std::min(limit, container);
  return limit;
}

namespace {

/// Advice about the whole units of memory between begin and its end; a hint, so no answer.
[[maybe_unused]] void advise(void* begin, std::size_t bytes, std::uintptr_t unit, int advice) {
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (address + unit - 1) / unit * unit;
  const std::uintptr_t end = (address + bytes) / unit * unit;
  if (end > first) madvise(static_cast<char*>(begin) + (first - address), end - first, advice);
}

}  // namespace

void expect_writes([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  advise(begin, bytes, page, MADV_POPULATE_WRITE);
#endif
}

void prefer_large_pages([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t large_page = std::uintptr_t{1} << 21U;
  advise(begin, bytes, large_page, MADV_HUGEPAGE);
#endif
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

#endif

}  // namespace rowlight
