#pragma once

#include <array>
#include <cstddef>

#include <hwy/targets.h>

#include "core/simd/kernel_table.h"

namespace rowlight::simd {

/// The tables of functions that one file has for each of our targets, by its number. `dispatch` is that file's
/// HWY_DYNAMIC_DISPATCH, `compiled` its HWY_TARGETS, `scalar` what stands where Highway compiled nothing. Highway's
/// choice is state of the whole process, so it is asked once for all targets. Private to core/simd.
template <class Table, class Dispatch>
[[nodiscard]] std::array<const Table*, 5> tables_by_target(std::int64_t compiled, const Table& scalar,
                                                           const Dispatch& dispatch) {
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
