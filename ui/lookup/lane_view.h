#pragma once

#include <QVariantAnimation>
#include <QWidget>

#include <memory>
#include <optional>

#include "ui/lookup/lane_paint.h"
#include "ui/lookup/lane_scene.h"

class QLabel;
class QLineEdit;
class QMenu;
class QScrollBar;

namespace rowlight {

/// The two lanes as a widget: scrolls the table (only the rows in sight are asked for), shows where a number comes
/// from, and edits the table's cells in place. It is no QAbstractScrollArea, so that Left, Right, Space and Home stay
/// the transport's while it has the focus.
class LaneView : public QWidget {
  Q_OBJECT
  Q_PROPERTY(bool reducedMotion READ reducedMotion WRITE setReducedMotion)

 public:
  explicit LaneView(QWidget* parent = nullptr);

  void setView(std::shared_ptr<const LookupView> view);
  [[nodiscard]] const LaneScene& scene() const { return scene_; }
  [[nodiscard]] QRect canvas() const { return canvas_; }

  /// Wide cells with numbers, scrolled, in place of all columns as colours.
  void setNumbers(bool numbers);
  [[nodiscard]] bool reducedMotion() const { return reduced_motion_; }
  void setReducedMotion(bool reduced) { reduced_motion_ = reduced; }

  /// The table cell that Enter edits.
  [[nodiscard]] std::pair<int, int> current() const { return current_; }
  void setCurrent(int row, int column);
  void scrollToRow(int row);
  /// Opens the field over a table cell; false when the cell is not shown or its value is not here.
  bool edit(int row, int column);
  void poisonCurrentRow(float value) { emit poisonRequested(current_.first, value); }
  [[nodiscard]] const QString& caption(int lane) const { return look_.captions[static_cast<std::size_t>(lane)]; }

  [[nodiscard]] QSize minimumSizeHint() const override;
  [[nodiscard]] QSize sizeHint() const override;

 signals:
  /// The table rows that are in sight.
  void windowChanged(int first_row, int row_count);
  void weightEdited(int row, int column, float value);
  void poisonRequested(int row, float value);
  /// The ends of the colour scales.
  void domainChanged(float weights, float gradients);
  void currentChanged(int row, int column);
  /// What stands where the mouse or the keyboard is, for a screen reader.
  void described(const QString& text);

 protected:
  bool event(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  [[nodiscard]] bool typesNumber(const QKeyEvent& key) const;
  void makeBars();
  void makeEditor();
  void takeFonts();
  void layOutNow();
  void fitBars();
  void updateDomains();
  void updateLit();
  void startMotion(int from_step);
  void showLookedUpRow();
  void commitEdit();
  void closeEditor();
  void fillContextMenu(QMenu& menu, int row);
  void describeCurrent();
  void paintOverview(QPainter& painter) const;
  [[nodiscard]] QRect overview() const;
  [[nodiscard]] std::optional<CellRef> cellAt(QPoint point) const;
  [[nodiscard]] std::optional<std::pair<int, int>> tableCell(const CellRef& cell) const;
  [[nodiscard]] bool isLive() const;

  std::shared_ptr<const LookupView> view_;
  LaneScene scene_;
  LaneLook look_;
  QRect canvas_;
  bool numbers_ = false;
  bool reduced_motion_ = false;
  std::optional<CellRef> hover_;
  std::pair<int, int> current_{0, 0};
  bool chosen_ = false;                // the person has gone to a cell: digits type into it
  std::pair<int, int> asked_{-1, -1};  // the window that was last asked for
  QScrollBar* rows_ = nullptr;
  QScrollBar* columns_ = nullptr;
  QScrollBar* positions_ = nullptr;
  QLineEdit* editor_ = nullptr;
  QLabel* editor_problem_ = nullptr;
  std::pair<int, int> edited_{-1, -1};
  QVariantAnimation motion_;
};

}  // namespace rowlight
