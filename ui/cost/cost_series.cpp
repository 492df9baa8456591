#include "ui/cost/cost_series.h"

#include <QCoreApplication>

#include "ui/cost/cost_text.h"

namespace rowlight {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("CostSeries", text); }

struct Look {
  int slot;
  QScatterSeries::MarkerShape mark;
  Qt::PenStyle line;
};

Look lookOf(CostAlgorithm algorithm) {
  switch (algorithm) {
    case CostAlgorithm::Lookup: return {0, QScatterSeries::MarkerShapeCircle, Qt::SolidLine};
    case CostAlgorithm::LookupDenseGradient: return {4, QScatterSeries::MarkerShapeRotatedRectangle, Qt::DashLine};
    case CostAlgorithm::OneHot: return {3, QScatterSeries::MarkerShapeRectangle, Qt::SolidLine};
    case CostAlgorithm::SparseOneHot: return {2, QScatterSeries::MarkerShapeTriangle, Qt::DotLine};
  }
  return {};
}

LogLogSeries marked(const QString& name, const Look& look, Theme theme) {
  const QColor ground = themePalette(theme).color(QPalette::Base);
  LogLogSeries series;
  series.name = name;
  series.color = categoryColor(look.slot);
  series.casing = categoryCasing(look.slot, theme);
  if (contrastRatio(series.color, ground) < 3) series.color = series.casing;  // a line has no rim to be seen by
  series.mark = look.mark;
  series.line = look.line;
  return series;
}

LogLogSeries limitLine(const QString& name, Theme theme) {
  LogLogSeries series;
  series.name = name;
  series.color = themePalette(theme).color(QPalette::WindowText);
  series.marks = false;
  series.line = Qt::DashDotLine;
  series.width = 1.5;
  return series;
}

QString limitName(CostPass pass) {
  switch (pass) {
    case CostPass::Forward: return tr("memory bandwidth: every row read once");
    case CostPass::Backward: return tr("memory bandwidth: every row written once");
    case CostPass::Optimizer: return tr("memory bandwidth: one pass over all rows");
  }
  return {};
}

}  // namespace

std::vector<LogLogSeries> timeSeries(const CostView& view, CostPass pass, simd::Target target, Theme theme) {
  std::vector<LogLogSeries> out;
  // The lookup last, so that it lies on top.
  for (const CostAlgorithm algorithm : {CostAlgorithm::OneHot, CostAlgorithm::SparseOneHot,
                                        CostAlgorithm::LookupDenseGradient, CostAlgorithm::Lookup}) {
    LogLogSeries series = marked(nameOf(algorithm), lookOf(algorithm), theme);
    for (const CostPoint& point : view.points) {
      const CostValue& value = point.value(algorithm, pass);
      if (point.target != target || !value.measured()) continue;
      series.points.emplace_back(static_cast<double>(point.rows), value.seconds);
    }
    if (!series.points.empty()) out.push_back(std::move(series));
  }
  LogLogSeries limit = limitLine(limitName(pass), theme);
  for (const std::size_t rows : view.options.rows) {
    const double seconds = memory_limit_seconds(view, rows, pass);
    if (seconds > 0) limit.points.emplace_back(static_cast<double>(rows), seconds);
  }
  if (!limit.points.empty() && !out.empty()) out.push_back(std::move(limit));
  return out;
}

std::vector<LogLogSeries> memorySeries(const CostOptions& options, std::uint64_t limit, Theme theme) {
  struct Line {
    QString name;
    Look look;
    std::uint64_t CostBytes::*bytes;
  };
  const Line lines[] = {
      {tr("one-hot matrix"), lookOf(CostAlgorithm::OneHot), &CostBytes::one_hot},
      {tr("table; dense gradient"), lookOf(CostAlgorithm::LookupDenseGradient), &CostBytes::table},
      {tr("sparse gradient"), lookOf(CostAlgorithm::Lookup), &CostBytes::sparse_gradient},
      {tr("sparse one-hot"), lookOf(CostAlgorithm::SparseOneHot), &CostBytes::sparse_one_hot},
  };
  std::vector<LogLogSeries> out;
  for (const Line& line : lines) {
    LogLogSeries series = marked(line.name, line.look, theme);
    for (const std::size_t rows : options.rows) {
      const CostBytes bytes = cost_bytes(rows, options.dim, options.batch);
      series.points.emplace_back(static_cast<double>(rows), static_cast<double>(bytes.*line.bytes));
    }
    out.push_back(std::move(series));
  }
  if (limit > 0) {
    LogLogSeries line = limitLine(tr("limit for measuring"), theme);
    for (const std::size_t rows : options.rows) {
      line.points.emplace_back(static_cast<double>(rows), static_cast<double>(limit));
    }
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace rowlight
