#include "ui/data/report_models.h"

#include <QFontDatabase>
#include <QStringList>

#include <algorithm>
#include <limits>

#include "ui/common/format.h"
#include "ui/data/report_text.h"

namespace rowlight {
namespace {

QString textOf(const std::string& utf8) { return QString::fromStdString(utf8); }

/// Lines and columns count from 1; 0 is unknown.
QString placeText(std::uint64_t number) { return number > 0 ? formatCount(number) : QString(); }

}  // namespace

void ReportModel::setReport(LoadReportPtr report) {
  beginResetModel();
  report_ = std::move(report);
  endResetModel();
}

int ReportModel::rowCount(const QModelIndex& parent) const {
  if (parent.isValid() || !report_) return 0;
  constexpr std::size_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(rowsOf(*report_), most));
}

int ReportModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(titles().size());
}

QVariant ReportModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto row = static_cast<std::size_t>(index.row());
  switch (role) {
    case Qt::DisplayRole:
    case Qt::ToolTipRole: return text(*report_, row, index.column());
    case Qt::TextAlignmentRole:
      return QVariant::fromValue((isNumber(index.column()) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::FontRole:
      return isVerbatim(index.column()) ? QFontDatabase::systemFont(QFontDatabase::FixedFont) : QVariant();
    default: return {};
  }
}

QVariant ReportModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation == Qt::Vertical) return role == Qt::DisplayRole ? QVariant(section + 1) : QVariant();
  if (role == Qt::DisplayRole) return titles().value(section);
  if (role == Qt::TextAlignmentRole) {
    return QVariant::fromValue((isNumber(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  }
  return {};
}

QStringList PreviewModel::titles() const {
  return {tr("Line"), tr("In the file"), tr("User"), tr("Item"), tr("Rating"), tr("Time (UTC)"), tr("Title")};
}

QString PreviewModel::text(const LoadReport& report, std::size_t row, int column) const {
  const PreviewRow& rating = report.preview[row];
  switch (column) {
    case Line: return placeText(rating.line);
    case Text: return textOf(rating.text);
    case User: return textOf(rating.user);
    case Item: return textOf(rating.item);
    case Rating: return ratingText(rating.rating);
    case Time: return rating.time ? timeText(*rating.time) : QString();
    case Title: return textOf(rating.title);
    default: return {};
  }
}

QStringList BadLineModel::titles() const { return {tr("Line"), tr("Column"), tr("What is wrong")}; }

QString BadLineModel::text(const LoadReport& report, std::size_t row, int column) const {
  const BadLine& bad = report.bad_lines[row];
  switch (column) {
    case Line: return placeText(bad.line);
    case Place: return placeText(bad.column);
    case Reason: return textOf(bad.reason);
    default: return {};
  }
}

QStringList EvidenceModel::titles() const { return {tr("Stage"), tr("Decision"), tr("Because")}; }

QString EvidenceModel::text(const LoadReport& report, std::size_t row, int column) const {
  const Evidence& evidence = report.evidence[row];
  switch (column) {
    case Stage: return textOf(evidence.stage);
    case Decision: return textOf(evidence.decision);
    case Because: return textOf(evidence.because);
    default: return {};
  }
}

}  // namespace rowlight
