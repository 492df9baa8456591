#include "ui/train/loss_series.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/common/format.h"
#include "ui/common/palette.h"

namespace rowlight {
namespace {

constexpr int axis_steps = 6;
constexpr double smallest_loss = 1e-12;  // keeps a perfect fit on a log axis

double coordinate(double loss, bool log_scale) { return log_scale ? std::log10(std::max(loss, smallest_loss)) : loss; }

// All but the highest one in fifty lie at or below this value: the first batches of a run are often far above
// everything else. Of fewer than fifty values none is left out.
double bulkHigh(std::vector<double>& values) {
  const std::size_t rank = values.size() - 1 - values.size() / 50;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

int decimalsOf(double step) { return std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))); }

}  // namespace

double niceStep(double span, int most) { return roundUp125(span / most * (1 - 1e-9)); }

bool SteadyAxis::fit(double low, double high) {
  const double size = std::max({std::abs(low), std::abs(high), 1e-9});
  const double span = std::max(high - low, size * 1e-3);
  const bool inside = low >= low_ && high <= high_;
  const bool fills = span >= (high_ - low_) * 0.4;
  if (!fresh_ && inside && fills) return false;
  const double top = low + span * (1 + headroom_);
  const double step = niceStep(top - low, axis_steps);
  const double new_low = std::floor(low / step + 1e-9) * step;
  const double new_high = std::max(std::ceil(top / step - 1e-9), std::floor(low / step + 1e-9) + 1) * step;
  const bool changed = fresh_ || new_low != low_ || new_high != high_;
  fresh_ = false;
  low_ = new_low;
  high_ = new_high;
  return changed;
}

AxisTicks linearTicks(double low, double high, double step) {
  AxisTicks out{low, high, {}, {}};
  for (double i = std::ceil(low / step - 1e-6); i * step <= high + step * 1e-6; ++i) {
    out.at.push_back(i * step);
    out.labels.push_back(formatFixed(i * step, decimalsOf(step)));
  }
  return out;
}

AxisTicks logTicks(double log_low, double log_high) {
  AxisTicks out{log_low, log_high, {}, {}};
  const double span = log_high - log_low;
  constexpr std::array fine{1.0, 1.5, 2.0, 3.0, 5.0, 7.0};
  constexpr std::array middle{1.0, 2.0, 5.0};
  constexpr std::array coarse{1.0};
  const std::span<const double> digits = span < 0.8 ? std::span<const double>(fine)
                                         : span < 3 ? std::span<const double>(middle)
                                                    : std::span<const double>(coarse);
  const int every = std::max(1, static_cast<int>(std::ceil(span / axis_steps)));
  for (int power = static_cast<int>(std::floor(log_low)); power <= static_cast<int>(std::ceil(log_high)); ++power) {
    if (digits.size() == 1 && power % every != 0) continue;
    for (const double digit : digits) {
      const double at = power + std::log10(digit);
      if (at < log_low - 1e-9 || at > log_high + 1e-9) continue;
      out.at.push_back(at);
      out.labels.push_back(QString::number(digit * std::pow(10.0, power), 'g', 3));
    }
  }
  return out;
}

LossSeries lossSeries(const LossHistory& history, bool log_scale, std::size_t columns) {
  LossSeries out;
  const std::vector<LossPoint>& points = history.training;
  const std::size_t group = std::max<std::size_t>(1, (points.size() + columns - 1) / columns);
  std::vector<double> highs;
  bool rising = true;
  for (std::size_t begin = 0; begin < points.size(); begin += group) {
    const std::size_t end = std::min(begin + group, points.size());
    double low = INFINITY;
    double high = -INFINITY;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(points[i].low) || !std::isfinite(points[i].high)) continue;
      low = std::min(low, coordinate(points[i].low, log_scale));
      high = std::max(high, coordinate(points[i].high, log_scale));
    }
    if (low > high) continue;
    const auto batch = static_cast<double>(points[end - 1].batch);
    // Low and high take turns in coming first, so that neighbouring columns share an end and half the line is saved.
    out.raw.append({batch, rising ? low : high});
    if (low != high) out.raw.append({batch, rising ? high : low});
    rising = !rising;
    const double smoothed = points[end - 1].smoothed;
    if (std::isfinite(smoothed)) out.smoothed.append({batch, coordinate(smoothed, log_scale)});
    highs.push_back(high);
    out.low = highs.size() == 1 ? low : std::min(out.low, low);
  }
  if (!highs.empty()) out.high = bulkHigh(highs);
  for (const EpochResult& epoch : history.epochs) {
    if (!epoch.valid_loss || !std::isfinite(*epoch.valid_loss)) continue;
    const double loss = coordinate(*epoch.valid_loss, log_scale);
    out.validation.append({static_cast<double>(epoch.batch), loss});
    out.low = std::min(out.low, loss);
    out.high = std::max(out.high, loss);
  }
  // The first points often lie close to each other: a range of their own would show their noise as a mountain range.
  const double shortest = log_scale ? 0.05 : 0.1 * out.high;
  if (!highs.empty() && out.high - out.low < shortest) {
    const double middle = (out.low + out.high) / 2;
    out.low = middle - shortest / 2;
    out.high = middle + shortest / 2;
  }
  // Half the height would be empty space below the curve if it hung far above zero; a curve near zero shows zero.
  if (!log_scale && out.low < out.high * 0.35) out.low = 0;
  return out;
}

LossReading readLoss(const LossHistory& history, double batch) {
  LossReading out;
  const auto at = static_cast<std::uint64_t>(std::max(1.0, std::round(batch)));
  const auto point = std::lower_bound(history.training.begin(), history.training.end(), at,
                                      [](const LossPoint& p, std::uint64_t value) { return p.batch < value; });
  if (!history.training.empty()) out.point = point == history.training.end() ? &history.training.back() : &*point;
  double best = INFINITY;
  for (const EpochResult& epoch : history.epochs) {
    if (!epoch.valid_loss) continue;
    const double distance = std::abs(static_cast<double>(epoch.batch) - batch);
    if (distance > best) continue;
    best = distance;
    out.epoch = &epoch;
  }
  return out;
}

}  // namespace rowlight
