#pragma once

#include <QAbstractTableModel>

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/train/frame.h"

namespace rowlight {

/// One embedding table as a Qt model over the current frame: every row of the table is there (a million rows cost
/// an order vector at most), but values only for the rows that the frame was asked to hold; others show "…".
///
/// Rows have two numbers: the view row (the model's) and the table row (the engine's). They differ when sorted.
/// setFrame() compares the frames and emits dataChanged for the rows that differ. GUI thread.
class TableModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  /// FileOrder is no column: what sort() takes for the order of the file.
  enum Column { FileOrder = -1, Label, Count, Bias, Factors, ColumnCount };

  static constexpr int bias_decimals = 3;

  explicit TableModel(Table table, QObject* parent = nullptr);

  /// Resets the model when the ratings are others, else emits dataChanged. Pre: frame not null.
  void setFrame(FramePtr frame);

  [[nodiscard]] Table table() const { return table_; }
  [[nodiscard]] const FramePtr& frame() const { return frame_; }
  /// Null before the first frame. Valid until the next setFrame().
  [[nodiscard]] const WatchedRows* watched() const;

  [[nodiscard]] int tableRow(int viewRow) const;
  [[nodiscard]] int viewRow(int tableRow) const;
  /// Place of a table row in watched(), or -1.
  [[nodiscard]] int watchedIndex(int tableRow) const;

  /// The user's id, or the movie's title.
  [[nodiscard]] QString label(int tableRow) const;
  [[nodiscard]] std::optional<std::uint32_t> count(int tableRow) const;
  /// Empty where the frame does not hold the row, or the model has no biases.
  [[nodiscard]] std::optional<float> bias(int tableRow) const;
  /// (factors); empty where the frame does not hold the row. Valid until the next setFrame().
  [[nodiscard]] std::span<const float> factors(int tableRow) const;
  [[nodiscard]] bool hasBias() const;
  /// Whether there are ratings to count: factors that were trained elsewhere come without.
  [[nodiscard]] bool hasCounts() const;

  /// The view row whose label fits the text best: is it, begins with it, or contains it (case-insensitively). Of
  /// several that fit alike the first from `fromViewRow` on, going round; -1: none. Cost: linear in the rows, a
  /// fraction of a microsecond each.
  [[nodiscard]] int find(const QString& text, int fromViewRow) const;
  /// The match after `viewRow`, going round, when those that fit better come first and those that fit alike in their
  /// order in the view; -1: none.
  [[nodiscard]] int findNext(const QString& text, int viewRow) const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  /// By FileOrder: the engine's. By Label: titles by the alphabet, ids by size where all are whole numbers. By Count:
  /// training ratings. Ties in the order of the file. Others: nothing.
  void sort(int column, Qt::SortOrder order) override;

 private:
  using Watched = std::unordered_map<int, int>;  // table row -> place in watched()

  [[nodiscard]] const RowCounts* counts() const;
  [[nodiscard]] std::vector<std::int32_t> makeOrder() const;
  [[nodiscard]] std::vector<std::int32_t> orderByLabel() const;
  void setOrder(std::vector<std::int32_t> order);
  void emitChanges(const WatchedRows& old, const Watched& oldIndex);
  void emitRuns(std::vector<int> viewRows, int firstColumn);
  [[nodiscard]] QString displayText(int tableRow, int column) const;
  [[nodiscard]] QString factorsText(int tableRow) const;

  Table table_;
  FramePtr frame_;
  int row_count_ = 0;
  Watched watched_index_;
  std::vector<std::int32_t> order_;    // view row -> table row; empty: the same
  std::vector<std::int32_t> inverse_;  // table row -> view row; empty: the same
  int sort_column_ = FileOrder;
  Qt::SortOrder sort_order_ = Qt::AscendingOrder;
};

}  // namespace rowlight
