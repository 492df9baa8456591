#include "ui/cost/cost_text.h"

#include <QCoreApplication>
#include <QLocale>

#include <array>
#include <cmath>
#include <utility>

#include "ui/common/format.h"

namespace rowlight {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("CostText", text); }

/// For the inside of a sentence: a number and its unit stay on one line.
QString unbroken(QString text) { return text.replace(u' ', QChar(QChar::Nbsp)); }

}  // namespace

QString formatDuration(double seconds) {
  constexpr std::array units{std::pair(1e-9, "ns"), std::pair(1e-6, "µs"), std::pair(1e-3, "ms"), std::pair(1.0, "s")};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && seconds >= units[unit + 1].first * 0.9995) ++unit;
  const double value = seconds / units[unit].first;
  return formatThreeDigits(value) + QChar(u' ') + QString::fromUtf8(units[unit].second);
}

QString formatFactor(double factor) {
  if (factor < 100) return formatThreeDigits(factor);
  const double digit = std::pow(10, std::floor(std::log10(factor)) - 2);
  return formatCount(static_cast<std::uint64_t>(std::llround(std::round(factor / digit) * digit)));
}

QString nameOf(CostAlgorithm algorithm) {
  switch (algorithm) {
    case CostAlgorithm::Lookup: return tr("lookup");
    case CostAlgorithm::LookupDenseGradient: return tr("lookup, dense gradient");
    case CostAlgorithm::OneHot: return tr("one-hot product");
    case CostAlgorithm::SparseOneHot: return tr("sparse one-hot");
  }
  return {};
}

QString findingOf(const CostView& view, CostPass pass, simd::Target target) {
  const CostPoint* best = nullptr;
  for (const CostPoint& point : view.points) {
    if (point.target != target || !point.value(CostAlgorithm::Lookup, pass).measured() ||
        !point.value(CostAlgorithm::OneHot, pass).measured()) {
      continue;
    }
    best = &point;
  }
  if (best == nullptr) return {};
  // Dense against dense: a sparse gradient is another thing, and is named apart.
  const CostValue& dense = best->value(CostAlgorithm::LookupDenseGradient, pass);
  const bool backward = pass == CostPass::Backward && dense.measured();
  const double sparse = best->value(CostAlgorithm::Lookup, pass).seconds;
  const double lookup = backward ? dense.seconds : sparse;
  const double product = best->value(CostAlgorithm::OneHot, pass).seconds;
  const QString rows = formatCount(best->rows);
  const QString times = tr("%1 against %2.");
  QString what;
  switch (pass) {
    case CostPass::Forward:
      what = product >= lookup ? tr("At %1 rows the one-hot product took %2 times as long as the lookup: ")
                               : tr("At %1 rows the lookup took %2 times as long as the one-hot product: ");
      break;
    case CostPass::Backward:
      what = product >= lookup
                 ? tr("At %1 rows the dense gradient took %2 times as long through the one-hot product as through the "
                      "lookup: ")
                 : tr("At %1 rows the dense gradient took %2 times as long through the lookup as through the one-hot "
                      "product: ");
      break;
    case CostPass::Optimizer:
      what = product >= lookup
                 ? tr("At %1 rows a step over all rows took %2 times as long as over the looked-up ones: ")
                 : tr("At %1 rows a step over the looked-up rows took %2 times as long as over all: ");
      break;
  }
  const auto [shorter, longer] = std::minmax(lookup, product);
  const QString also = backward ? tr(" The sparse one took %1.").arg(unbroken(formatDuration(sparse))) : QString();
  return what.arg(rows, formatFactor(longer / shorter)) +
         times.arg(unbroken(formatDuration(longer)), unbroken(formatDuration(shorter))) + also;
}

QString stateOf(const CostView& view) {
  const QString paused = view.paused_training ? tr(" Training was paused for it.") : QString();
  if (view.cancelled) {
    return tr("Stopped after %1 of %2 values; what was measured stays.")
               .arg(formatCount(view.values_done), formatCount(view.values_total)) +
           paused;
  }
  constexpr double giga = 1e9;
  if (!view.running) {
    return tr("Medians of repeated runs, one thread. Memory bandwidth: read %1, write %2, copy %3 GB/s.")
               .arg(formatFixed(view.read_bandwidth / giga, 1), formatFixed(view.write_bandwidth / giga, 1),
                    formatFixed(view.copy_bandwidth / giga, 1)) +
           paused;
  }
  if (view.points.empty()) return tr("Measuring the memory bandwidth.") + paused;
  const CostPoint& now = view.points.back();
  return tr("Measuring %1 rows with %2: %3 of %4 values.")
             .arg(formatCount(now.rows), formatTarget(now.target), formatCount(view.values_done),
                  formatCount(view.values_total)) +
         paused;
}

QString firstRefusal(const CostView& view, CostPass pass, simd::Target target) {
  for (const CostPoint& point : view.points) {
    if (point.target != target) continue;
    for (std::size_t a = 0; a < cost_algorithm_count; ++a) {
      const auto algorithm = static_cast<CostAlgorithm>(a);
      if (algorithm == CostAlgorithm::LookupDenseGradient && pass == CostPass::Forward) continue;
      const CostValue& value = point.value(algorithm, pass);
      if (value.measured() || value.why_not.empty()) continue;
      return tr("Not tried: %1 at %2 rows, because %3.")
          .arg(nameOf(algorithm), formatCount(point.rows), QString::fromStdString(value.why_not));
    }
  }
  return {};
}

QString explanationOf(CostPass pass) {
  switch (pass) {
    case CostPass::Forward:
      return tr("A lookup copies the batch's rows; a one-hot product multiplies every row of the table by 0 or 1.");
    case CostPass::Backward:
      return tr("A sparse gradient holds the batch's rows; a dense one has a row for every row of the table.");
    case CostPass::Optimizer:
      return tr("Plain SGD moves the batch's rows with a sparse gradient, and passes over all with a dense one.");
  }
  return {};
}

}  // namespace rowlight
