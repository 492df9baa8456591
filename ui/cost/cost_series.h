#pragma once

#include <vector>

#include "core/analysis/lookup_cost.h"
#include "ui/common/palette.h"
#include "ui/cost/log_log_chart.h"

namespace rowlight {

// What the charts of the Cost page draw, as pure functions.

/// Seconds over rows: a line for each way that was measured in this pass on this target, and the bandwidth limit.
[[nodiscard]] std::vector<LogLogSeries> timeSeries(const CostView& view, CostPass pass, simd::Target target,
                                                   Theme theme);

/// Bytes over rows, from the shapes; with a line at `limit` bytes unless it is 0. Pre: options.rows ascend.
[[nodiscard]] std::vector<LogLogSeries> memorySeries(const CostOptions& options, std::uint64_t limit, Theme theme);

}  // namespace rowlight
