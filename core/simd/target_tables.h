#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include <hwy/targets.h>

#include "core/simd/kernel_table.h"

namespace rowlight::simd {

inline std::mutex& highway_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// The tables of functions that one file has for each of our targets, by its number. `dispatch` is that file's
/// HWY_DYNAMIC_DISPATCH, `compiled` its HWY_TARGETS, `scalar` what stands where Highway compiled nothing. Highway's
/// choice is state of the whole process, so it is asked once for all targets, by one thread at a time and after
/// supported_targets() has asked for what there is. Private to core/simd.
template <class Table, class Dispatch>
[[nodiscard]] std::array<const Table*, 5> tables_by_target(std::int64_t compiled, const Table& scalar,
                                                           const Dispatch& dispatch) {
  static_cast<void>(supported_targets());
  const std::scoped_lock lock(highway_mutex());
  std::array<const Table*, 5> tables{};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::int64_t mask = highway_targets_of(static_cast<Target>(i)) & compiled;
    tables[i] = &scalar;
    if (mask == 0) continue;
    hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & mask);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    tables[i] = dispatch();
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  return tables;
}

}  // namespace rowlight::simd
