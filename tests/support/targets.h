#pragma once

#include <QTest>

#include "core/simd/kernels.h"

/// Rows for every SIMD target of this machine, for tests that run on each.
namespace rowlight::test {

/// The column "target" and a row for each, in a ..._data() function.
inline void targets() {
  QTest::addColumn<int>("target");
  for (const simd::Target target : simd::supported_targets()) {
    QTest::newRow(simd::name_of(target).data()) << static_cast<int>(target);
  }
}

/// Makes the kernels run on the row's target. Whoever calls it calls on_best_target() in cleanup().
[[nodiscard]] inline bool on_target() {
  const int target = *static_cast<int*>(QTest::qData("target", QMetaType::Int));
  return simd::select_target(static_cast<simd::Target>(target)).has_value();
}

[[nodiscard]] inline bool on_best_target() {
  return simd::select_target(simd::supported_targets().front()).has_value();
}

}  // namespace rowlight::test
