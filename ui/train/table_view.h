#pragma once

#include <QElapsedTimer>
#include <QHash>
#include <QImage>
#include <QPixmap>
#include <QTableView>
#include <QTimer>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "ui/common/palette.h"
#include "ui/common/workbench.h"
#include "ui/train/row_glow.h"
#include "ui/train/table_model.h"

namespace rowlight {

/// A table's rows as labelled heat strips. Tells the engine which rows it shows (Watch), paints what the frame says
/// about them, and marks the rows that the batch looked up or moved. Repaints only rows that differ between two
/// frames. Nothing is computed here beyond colours.
class TableView : public QTableView {
  Q_OBJECT
  Q_PROPERTY(bool reducedMotion READ reducedMotion WRITE setReducedMotion)

 public:
  /// Rows watched above and below the visible ones, so that a little scrolling finds values at once.
  static constexpr int watch_margin = 8;

  /// `workbench` must outlive the view.
  TableView(Table table, Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] TableModel* tableModel() const { return model_; }
  [[nodiscard]] float domain() const { return domain_.value(); }
  [[nodiscard]] bool reducedMotion() const { return glow_.reducedMotion(); }
  void setReducedMotion(bool reduced) { glow_.setReducedMotion(reduced); }

  /// Selects the row and scrolls it into view; does not take the focus. Pre: a row of the model.
  void showRow(int viewRow);
  /// Label, count, bias and factors of the selected row, tab-separated; empty without one.
  [[nodiscard]] QString selectedRowText() const;

  /// Mark of a row at the moment that is being painted.
  [[nodiscard]] Glow glow(int tableRow) const { return glow_.at(tableRow, paint_time_); }
  /// One pixel a factor, one row for each row of the model's watched(); see paintHeatStrip().
  [[nodiscard]] const QImage& heatMap() const { return heat_; }
  /// Where the heat strip lies within its cell.
  [[nodiscard]] static QRect stripRect(const QRect& cell) { return cell.adjusted(0, 3, -4, -3); }
  void sortBy(TableModel::Column column, Qt::SortOrder order);

  void keyboardSearch(const QString& search) override;
  void dataChanged(const QModelIndex& topLeft, const QModelIndex& bottomRight, const QList<int>& roles) override;

 signals:
  /// The colour scale took another step.
  void domainChanged(float domain);
  /// The person types letters while the table has the focus.
  void findRequested(const QString& text);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool viewportEvent(QEvent* event) override;
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

 private:
  void buildColumns();
  void buildActions();
  void takeFrame();
  /// After the operation that looked rows up, scrolls to the nearest of them where none is in view: unless the
  /// operations fly by, or the person has just scrolled.
  void revealLookups(const Frame& frame);
  void renderHeat();
  void takeStyle();
  void fitLabels();
  void followSelection(MovieRow row);
  void onSortIndicator(int section, Qt::SortOrder order);
  void sendWatch();
  void stepFade();
  void updateRows(int firstViewRow, int lastViewRow, int left = 0);
  void updateFadingRows();
  /// First and last visible view row; {0, -1} without rows.
  [[nodiscard]] std::pair<int, int> visibleRows() const;
  void paintEmptyState();
  void paintMarks(QPainter& painter, const QRect& exposed);
  void paintMark(QPainter& painter, int viewRow, const QRect& row, const Glow& mark);
  /// The sign of a mark as a picture: drawing the curves anew for each row would cost more than all else.
  [[nodiscard]] const QPixmap& sign(bool arrow, bool selected);
  [[nodiscard]] QString toolTipFor(const QPoint& position) const;

  Workbench* workbench_;
  TableModel* model_;
  ColorDomain domain_;
  Theme theme_ = Theme::Light;
  QImage heat_;
  std::array<QPixmap, 4> signs_;  // ring and arrow, each plain and selected; null: to be drawn
  RowGlow glow_;
  QElapsedTimer clock_;
  std::int64_t paint_time_ = 0;
  QTimer fade_timer_;
  QTimer watch_timer_;  // gathers the reasons to watch of one turn of the event loop
  std::vector<std::int32_t> watched_;
  bool watch_sent_ = false;
  RatingSetPtr ratings_;
  std::uint64_t run_ = 0;
  int labels_gave_way_ = 0;  // pixels that the labels' column lacks
  int sort_section_ = TableModel::FileOrder;
  Qt::SortOrder sort_order_ = Qt::AscendingOrder;
  BatchStage stage_{};            // the next one, by the last frame
  std::int64_t stage_since_ = 0;  // by clock_, as the next two
  std::int64_t scrolled_by_hand_ = -1'000'000;
  std::pair<std::uint64_t, std::uint64_t> revealed_;  // run and batch whose lookups were scrolled to
};

}  // namespace rowlight
