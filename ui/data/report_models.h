#pragma once

#include <QAbstractTableModel>

#include <memory>

#include "core/ratings/reader.h"

namespace rowlight {

using LoadReportPtr = std::shared_ptr<const LoadReport>;

/// A table over a part of a report. It keeps the report and makes a text when a view asks for it, so a million bad
/// lines cost as much as a hundred.
class ReportModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  using QAbstractTableModel::QAbstractTableModel;

  /// May be null: an empty table.
  void setReport(LoadReportPtr report);
  [[nodiscard]] const LoadReportPtr& report() const { return report_; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 protected:
  [[nodiscard]] virtual std::size_t rowsOf(const LoadReport& report) const = 0;
  [[nodiscard]] virtual QStringList titles() const = 0;
  [[nodiscard]] virtual bool isNumber(int column) const = 0;
  /// Pre: row < rowsOf(report).
  [[nodiscard]] virtual QString text(const LoadReport& report, std::size_t row, int column) const = 0;
  /// Text of the file itself, shown in a font of equal widths.
  [[nodiscard]] virtual bool isVerbatim(int) const { return false; }

 private:
  LoadReportPtr report_;
};

/// The first ratings as they were understood.
class PreviewModel : public ReportModel {
  Q_OBJECT

 public:
  enum Column { Line, Text, User, Item, Rating, Time, Title, ColumnCount };
  using ReportModel::ReportModel;

 protected:
  [[nodiscard]] std::size_t rowsOf(const LoadReport& report) const override { return report.preview.size(); }
  [[nodiscard]] QStringList titles() const override;
  [[nodiscard]] bool isNumber(int column) const override { return column == Line || column == Rating; }
  [[nodiscard]] bool isVerbatim(int column) const override { return column == Text; }
  [[nodiscard]] QString text(const LoadReport& report, std::size_t row, int column) const override;
};

/// The lines that do not fit.
class BadLineModel : public ReportModel {
  Q_OBJECT

 public:
  enum Column { Line, Place, Reason, ColumnCount };
  using ReportModel::ReportModel;

 protected:
  [[nodiscard]] std::size_t rowsOf(const LoadReport& report) const override { return report.bad_lines.size(); }
  [[nodiscard]] QStringList titles() const override;
  [[nodiscard]] bool isNumber(int column) const override { return column != Reason; }
  [[nodiscard]] QString text(const LoadReport& report, std::size_t row, int column) const override;
};

/// The stages of the detection.
class EvidenceModel : public ReportModel {
  Q_OBJECT

 public:
  enum Column { Stage, Decision, Because, ColumnCount };
  using ReportModel::ReportModel;

 protected:
  [[nodiscard]] std::size_t rowsOf(const LoadReport& report) const override { return report.evidence.size(); }
  [[nodiscard]] QStringList titles() const override;
  [[nodiscard]] bool isNumber(int) const override { return false; }
  [[nodiscard]] QString text(const LoadReport& report, std::size_t row, int column) const override;
};

}  // namespace rowlight
