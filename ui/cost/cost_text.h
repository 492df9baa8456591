#pragma once

#include <QString>

#include <optional>

#include "core/analysis/lookup_cost.h"

namespace rowlight {

// What the Cost page says, as pure functions of a measurement.

/// Three significant digits with a unit: "281 ns", "1.23 µs", "45.6 ms", "2.00 s". Pre: seconds > 0.
[[nodiscard]] QString formatDuration(double seconds);
/// A factor to three significant digits: "1.24", "35,100".
[[nodiscard]] QString formatFactor(double factor);

/// "lookup", "lookup, dense gradient", "one-hot product", "sparse one-hot".
[[nodiscard]] QString nameOf(CostAlgorithm algorithm);

/// The measured finding in one sentence, from the largest table where lookup and one-hot product were both measured:
/// "At 26,744 rows the one-hot product took 1,230 times as long as the lookup: 1.1 ms against 0.9 µs." Empty before
/// there is one.
[[nodiscard]] QString findingOf(const CostView& view, CostPass pass, simd::Target target);

/// How the measurement stands: "Measuring 1,000 rows with AVX2, 30 of 121 values; training is paused meanwhile."
[[nodiscard]] QString stateOf(const CostView& view);

/// The first sentence that says why a value is missing, with its place; empty when none is.
[[nodiscard]] QString firstRefusal(const CostView& view, CostPass pass, simd::Target target);

/// What the pass does in each way, one line.
[[nodiscard]] QString explanationOf(CostPass pass);

}  // namespace rowlight
