// What the mouse and the keyboard do to the lanes.

#include <QContextMenuEvent>
#include <QFontMetrics>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMouseEvent>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

#include "ui/common/palette.h"
#include "ui/lookup/lane_view.h"
#include "ui/lookup/lookup_text.h"

namespace rowlight {
namespace {

constexpr int wheel_lines = 3;
constexpr int wheel_notch = 120;

}  // namespace

bool LaneView::edit(int row, int column) {
  if (!view_) return false;
  setCurrent(row, column);
  const int block = scene_.find(BlockKind::Table, lookup_lane);
  const auto value = valueAt(*view_, BlockKind::Table, row, column);
  if (block < 0 || !value) return false;
  const Block& table = scene_.blocks[static_cast<std::size_t>(block)];
  if (!table.rows.contains(row) || !table.columns.contains(column)) return false;
  QRect place = table.cell(row, column).toAlignedRect().translated(canvas_.topLeft());
  const int least = QFontMetrics(editor_->font()).averageCharWidth() * 14;
  if (place.width() < least) place.setWidth(least);
  place.setHeight(std::max(place.height(), editor_->sizeHint().height()));
  if (place.right() > width()) place.moveRight(width() - 1);
  if (place.bottom() > height()) place.moveBottom(height() - 1);
  edited_ = {row, column};
  editor_->setGeometry(place);
  editor_->setText(exactText(*value));
  editor_->selectAll();
  editor_problem_->hide();
  editor_->show();
  editor_->raise();
  editor_->setFocus();
  return true;
}

void LaneView::commitEdit() {
  const auto value = parseWeight(editor_->text());
  if (!value) {
    editor_problem_->setText(
        tr("“%1” is not a weight; enter a number such as 0.5, or nan, inf, -inf, -0.").arg(editor_->text()));
    QPalette warning = palette();
    warning.setColor(QPalette::WindowText, warningColor(themeOf(warning)));
    editor_problem_->setPalette(warning);
    editor_problem_->adjustSize();
    QPoint place = editor_->geometry().bottomLeft() + QPoint(0, 2);
    place.setX(std::clamp(place.x(), 0, std::max(0, width() - editor_problem_->width())));
    if (place.y() + editor_problem_->height() > height()) {
      place.setY(editor_->y() - editor_problem_->height() - 2);
    }
    editor_problem_->move(place);
    editor_problem_->show();
    editor_problem_->raise();
    editor_->setAccessibleDescription(editor_problem_->text());
    return;
  }
  const auto [row, column] = edited_;
  closeEditor();
  setFocus();
  emit weightEdited(row, column, *value);
}

void LaneView::closeEditor() {
  editor_->hide();
  editor_problem_->hide();
}

bool LaneView::eventFilter(QObject* watched, QEvent* event) {
  if (watched == editor_) {
    if (event->type() == QEvent::FocusOut) closeEditor();
    const int key = event->type() == QEvent::KeyPress ? static_cast<QKeyEvent*>(event)->key() : 0;
    // Handled here whole: a field passes Enter on to its parent, which would open it again.
    if (key == Qt::Key_Return || key == Qt::Key_Enter) {
      commitEdit();
      return true;
    }
    if (key == Qt::Key_Escape) {
      closeEditor();
      setFocus();
      return true;
    }
  }
  return QWidget::eventFilter(watched, event);
}

void LaneView::mouseMoveEvent(QMouseEvent* event) {
  const auto cell = view_ ? cellAt(event->pos()) : std::nullopt;
  if (cell == hover_) return;
  hover_ = cell;
  updateLit();
}

void LaneView::leaveEvent(QEvent*) {
  hover_.reset();
  updateLit();
}

void LaneView::mousePressEvent(QMouseEvent* event) {
  if (!view_ || event->button() == Qt::MiddleButton) return;
  closeEditor();
  if (rows_->isVisible() && overview().contains(event->pos())) {
    const double share = static_cast<double>(event->pos().y()) / std::max(1, overview().height());
    rows_->setValue(static_cast<int>(share * static_cast<double>(view_->rows)) - scene_.rows_shown / 2);
    return;
  }
  const auto cell = cellAt(event->pos());
  if (!cell) return;
  if (const auto table = tableCell(*cell)) {
    chosen_ = true;
    setCurrent(table->first, table->second);
  }
  // A click on an index shows its row.
  const Block& block = scene_.blocks[static_cast<std::size_t>(cell->block)];
  if (block.kind == BlockKind::Indices) scrollToRow(tableRowOf(*view_, block, cell->row, 0));
}

void LaneView::mouseDoubleClickEvent(QMouseEvent* event) {
  const auto cell = view_ ? cellAt(event->pos()) : std::nullopt;
  const auto table = cell ? tableCell(*cell) : std::nullopt;
  if (table) edit(table->first, table->second);
}

void LaneView::wheelEvent(QWheelEvent* event) {
  if (!view_) return;
  const QPoint turn = event->angleDelta();
  const bool sideways = std::abs(turn.x()) > std::abs(turn.y()) || event->modifiers().testFlag(Qt::ShiftModifier);
  const auto cell = cellAt(event->position().toPoint());
  QScrollBar* bar = sideways ? columns_ : rows_;
  if (!sideways && cell) {
    const AxisOf axis = scene_.blocks[static_cast<std::size_t>(cell->block)].rows.of;
    if (axis == AxisOf::Positions || axis == AxisOf::Outputs) bar = positions_;
  }
  const int delta = turn.y() != 0 ? turn.y() : turn.x();
  bar->setValue(bar->value() - static_cast<int>(std::lround(delta * wheel_lines / static_cast<double>(wheel_notch))));
  event->accept();
}

/// A digit, sign or point begins the edit of a cell that was gone to; else the digits choose pages.
bool LaneView::typesNumber(const QKeyEvent& key) const {
  if (!chosen_ || (key.modifiers() & ~Qt::KeypadModifier) != Qt::NoModifier || key.text().size() != 1) return false;
  const QChar typed = key.text().at(0);
  return (typed >= u'0' && typed <= u'9') || typed == u'-' || typed == u'.';
}

void LaneView::keyPressEvent(QKeyEvent* event) {
  const auto [row, column] = current_;
  if (typesNumber(*event)) {
    if (edit(row, column) && editor_) editor_->setText(event->text());
    return;
  }
  const bool control = event->modifiers().testFlag(Qt::ControlModifier);
  switch (event->key()) {
    case Qt::Key_Escape:
      if (!chosen_) break;
      chosen_ = false;
      return;
    case Qt::Key_Up:
      chosen_ = true;
      setCurrent(row - 1, column);
      return;
    case Qt::Key_Down:
      chosen_ = true;
      setCurrent(row + 1, column);
      return;
    case Qt::Key_PageUp: setCurrent(row - scene_.rows_shown, column); return;
    case Qt::Key_PageDown: setCurrent(row + scene_.rows_shown, column); return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_F2: edit(row, column); return;
    case Qt::Key_Left:
    case Qt::Key_Right:
      if (!control) break;
      chosen_ = true;
      setCurrent(row, column + (event->key() == Qt::Key_Left ? -1 : 1));
      return;
    default: break;
  }
  QWidget::keyPressEvent(event);
}

void LaneView::contextMenuEvent(QContextMenuEvent* event) {
  if (!view_) return;
  const auto cell = event->reason() == QContextMenuEvent::Keyboard ? std::nullopt : cellAt(event->pos());
  if (cell) {
    const int row = tableRowOf(*view_, scene_.blocks[static_cast<std::size_t>(cell->block)], cell->row, cell->column);
    if (row >= 0) setCurrent(row, tableCell(*cell).value_or(current_).second);
  }
  QMenu menu(this);
  fillContextMenu(menu, current_.first);
  menu.exec(event->globalPos());
}

void LaneView::fillContextMenu(QMenu& menu, int row) {
  menu.addAction(tr("&Edit the cell"), this, [this] { edit(current_.first, current_.second); });
  menu.addAction(tr("Poison row %1 with &NaN").arg(row), this, [this, row] { emit poisonRequested(row, NAN); });
  menu.addAction(tr("Poison row %1 with &Inf").arg(row), this, [this, row] { emit poisonRequested(row, INFINITY); });
}

}  // namespace rowlight
