#include "ui/train/table_view.h"

#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <utility>

#include "ui/common/heat_map.h"
#include "ui/common/typography.h"
#include "ui/train/row_delegate.h"

namespace rowlight {

namespace {

constexpr std::int64_t readable_stage_ms = 250;   // an operation that stands this long is being looked at
constexpr std::int64_t respect_scroll_ms = 2500;  // the person who has just scrolled wants to see what is there

}  // namespace

TableView::TableView(Table table, Workbench* workbench, QWidget* parent)
    : QTableView(parent), workbench_(workbench), model_(new TableModel(table, this)) {
  const bool users = table == Table::Users;
  setObjectName(users ? QStringLiteral("userTable") : QStringLiteral("movieTable"));
  setAccessibleName(users ? tr("User embedding table") : tr("Movie embedding table"));
  setModel(model_);
  setItemDelegate(new RowDelegate(this));
  setFrameShape(QFrame::NoFrame);
  setShowGrid(false);
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setTabKeyNavigation(false);  // Tab leaves the table
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setMouseTracking(true);
  buildColumns();
  buildActions();
  takeStyle();
  clock_.start();

  watch_timer_.setSingleShot(true);
  watch_timer_.setInterval(0);
  connect(&watch_timer_, &QTimer::timeout, this, &TableView::sendWatch);
  fade_timer_.setInterval(33);
  connect(&fade_timer_, &QTimer::timeout, this, &TableView::stepFade);
  const auto schedule = [this] { watch_timer_.start(); };
  connect(verticalScrollBar(), &QScrollBar::valueChanged, this, schedule);
  // Mouse, wheel and keys on the bar; not scrollTo().
  connect(verticalScrollBar(), &QScrollBar::actionTriggered, this, [this] { scrolled_by_hand_ = clock_.elapsed(); });
  connect(model_, &QAbstractItemModel::layoutChanged, this, schedule);
  connect(model_, &QAbstractItemModel::modelReset, this, schedule);
  connect(workbench_, &Workbench::presented, this, &TableView::takeFrame);
  if (table == Table::Movies) connect(workbench_, &Workbench::movieSelected, this, &TableView::followSelection);
  if (workbench_->frame()) takeFrame();
}

void TableView::buildColumns() {
  verticalHeader()->hide();
  verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  QHeaderView* header = horizontalHeader();
  header->setHighlightSections(false);
  header->setMinimumSectionSize(56);
  header->setSectionResizeMode(QHeaderView::Interactive);
  header->setSectionResizeMode(TableModel::Factors, QHeaderView::Stretch);
  header->setSectionsClickable(true);
  header->setSortIndicator(TableModel::FileOrder, Qt::AscendingOrder);  // no arrow
  header->setSortIndicatorClearable(true);
  header->setSortIndicatorShown(true);
  connect(header, &QHeaderView::sortIndicatorChanged, this, &TableView::onSortIndicator);
}

void TableView::buildActions() {
  const auto add = [this](const QString& text, auto slot) {
    auto* action = new QAction(text, this);
    connect(action, &QAction::triggered, this, slot);
    addAction(action);
    return action;
  };
  QAction* copy = add(tr("Copy row"), [this] {
    if (const QString text = selectedRowText(); !text.isEmpty()) QApplication::clipboard()->setText(text);
  });
  copy->setShortcut(QKeySequence::Copy);
  copy->setShortcutContext(Qt::WidgetShortcut);
  add(tr("Sort in the order of the file"), [this] { sortBy(TableModel::FileOrder, Qt::AscendingOrder); });
  add(model_->table() == Table::Users ? tr("Sort by id") : tr("Sort by title"),
      [this] { sortBy(TableModel::Label, Qt::AscendingOrder); });
  add(tr("Sort by ratings, most first"), [this] { sortBy(TableModel::Count, Qt::DescendingOrder); });
  add(tr("Sort by ratings, fewest first"), [this] { sortBy(TableModel::Count, Qt::AscendingOrder); });
  setContextMenuPolicy(Qt::ActionsContextMenu);
}

void TableView::takeStyle() {
  signs_ = {};
  theme_ = themeOf(palette());
  static_cast<RowDelegate*>(itemDelegate())->refresh();
  const QFontMetrics text(textFont(TextSize::Normal));
  const QFontMetrics numbers(numberFont(TextSize::Normal));
  verticalHeader()->setDefaultSectionSize((std::max(text.height(), numbers.height()) + 9) / 2 * 2);
  const int label_width = model_->table() == Table::Users ? text.averageCharWidth() * 10 : text.averageCharWidth() * 30;
  horizontalHeader()->resizeSection(TableModel::Label, RowDelegate::gutter + label_width);
  labels_gave_way_ = 0;
  // Wide enough for the heading with its sort arrow.
  horizontalHeader()->resizeSection(TableModel::Count, text.horizontalAdvance(tr("Ratings")) + 36);
  horizontalHeader()->resizeSection(TableModel::Bias, numbers.horizontalAdvance(QStringLiteral("−0.000")) + 24);
  fitLabels();
  renderHeat();
}

void TableView::takeFrame() {
  const FramePtr& frame = workbench_->frame();
  const bool other_ratings = frame->ratings != ratings_;
  ratings_ = frame->ratings;
  updateFadingRows();
  if (other_ratings) static_cast<RowDelegate*>(itemDelegate())->refresh();
  model_->setFrame(frame);
  if (isColumnHidden(TableModel::Count) == model_->hasCounts()) {
    setColumnHidden(TableModel::Count, !model_->hasCounts());
  }
  if (isColumnHidden(TableModel::Bias) == model_->hasBias()) setColumnHidden(TableModel::Bias, !model_->hasBias());

  const WatchedRows& rows = *model_->watched();
  if (other_ratings || frame->run != run_) domain_.reset();
  run_ = frame->run;
  if (domain_.update(rows.standard_deviation)) {
    viewport()->update();
    emit domainChanged(domain_.value());
  }
  renderHeat();
  glow_.update(rows, frame->run, frame->batch ? frame->batch->number : 0, clock_.elapsed());
  if (glow_.fading(clock_.elapsed()) && isVisible() && !fade_timer_.isActive()) fade_timer_.start();

  revealLookups(*frame);

  if (other_ratings) {
    watch_sent_ = false;
    watch_timer_.start();
    if (model_->table() == Table::Movies) workbench_->selectMovie({});
  }
}

void TableView::revealLookups(const Frame& frame) {
  const bool users = model_->table() == Table::Users;
  const BatchStage after = users ? BatchStage::LookUpMovies : BatchStage::DotProduct;
  const std::int64_t now = clock_.elapsed();
  const bool slow = frame.state == RunState::Paused || now - stage_since_ >= readable_stage_ms;
  if (frame.progress.next_stage != stage_) stage_since_ = now;
  stage_ = frame.progress.next_stage;
  if (!frame.batch || stage_ != after || !slow || !isVisible()) return;
  const std::pair<std::uint64_t, std::uint64_t> batch(frame.run, frame.batch->number);
  if (std::exchange(revealed_, batch) == batch || now - scrolled_by_hand_ < respect_scroll_ms) return;
  const auto [first, last] = visibleRows();
  int nearest = -1;
  for (const std::int32_t row : users ? frame.batch->users : frame.batch->movies) {
    const int view_row = model_->viewRow(row);
    if (view_row > first && view_row < last) return;  // one is there to be seen
    if (nearest < 0 || std::abs(view_row - first) < std::abs(nearest - first)) nearest = view_row;
  }
  if (nearest >= 0) scrollTo(model_->index(nearest, 0), QAbstractItemView::PositionAtCenter);
}

void TableView::renderHeat() {
  const WatchedRows* rows = model_->watched();
  heat_ = rows != nullptr && !rows->factors.empty() ? renderHeatMap(rows->factors.view(), domain_.value(), theme_)
                                                    : QImage();
}

std::pair<int, int> TableView::visibleRows() const {
  const int rows = model_->rowCount();
  if (rows == 0 || viewport()->height() <= 0) return {0, -1};
  const int first = std::max(0, rowAt(0));
  const int last = rowAt(viewport()->height() - 1);
  return {first, last < 0 ? rows - 1 : last};
}

void TableView::sendWatch() {
  std::vector<std::int32_t> rows;
  const auto [first, last] = visibleRows();
  if (isVisible() && last >= first) {
    const int from = std::max(0, first - watch_margin);
    const int to = std::min(model_->rowCount() - 1, last + watch_margin);
    rows.reserve(static_cast<std::size_t>(to - from + 1));
    for (int r = from; r <= to; ++r) rows.push_back(model_->tableRow(r));
  }
  if (watch_sent_ && rows == watched_) return;
  watch_sent_ = true;
  watched_ = rows;
  workbench_->send(Watch{model_->table(), std::move(rows)});
}

void TableView::updateRows(int firstViewRow, int lastViewRow, int left) {
  // One row more on both sides: a dashed outline may be shared with the neighbours.
  const int top = rowViewportPosition(std::max(0, firstViewRow - 1));
  const int last = std::min(model_->rowCount() - 1, lastViewRow + 1);
  const int bottom = rowViewportPosition(last) + rowHeight(last);
  viewport()->update(QRect(left, top, viewport()->width() - left, bottom - top));
}

void TableView::updateFadingRows() {
  const auto [first, last] = visibleRows();
  const std::int64_t now = clock_.elapsed();
  for (int r = first; r <= last; ++r) {
    const int row = model_->tableRow(r);
    if (glow_.at(row, now).fading() || glow_.at(row, paint_time_).fading()) updateRows(r, r);
  }
}

void TableView::stepFade() {
  updateFadingRows();
  if (!isVisible() || !glow_.fading(clock_.elapsed())) fade_timer_.stop();
}

void TableView::dataChanged(const QModelIndex& topLeft, const QModelIndex& bottomRight, const QList<int>& roles) {
  // The base class would repaint the whole viewport; a frame may have changed a single row.
  if (QAccessible::isActive()) {
    QTableView::dataChanged(topLeft, bottomRight, roles);
    return;
  }
  updateRows(topLeft.row(), bottomRight.row(), std::max(0, columnViewportPosition(topLeft.column())));
}

void TableView::fitLabels() {
  // In a narrow table the labels give way, and get their width back when there is room: scrolling sideways would hide
  // the factors, and take Left and Right from the window.
  QHeaderView* header = horizontalHeader();
  const int others = header->sectionSize(TableModel::Count) +
                     (isColumnHidden(TableModel::Bias) ? 0 : header->sectionSize(TableModel::Bias)) +
                     header->minimumSectionSize();
  const int now = header->sectionSize(TableModel::Label);
  const int room = std::max(RowDelegate::gutter + header->minimumSectionSize(), viewport()->width() - others);
  const int wanted = std::min(now + labels_gave_way_, room);
  labels_gave_way_ += now - wanted;
  if (wanted != now) header->resizeSection(TableModel::Label, wanted);
}

void TableView::resizeEvent(QResizeEvent* event) {
  fitLabels();
  QTableView::resizeEvent(event);
  watch_timer_.start();
}

void TableView::showEvent(QShowEvent* event) {
  QTableView::showEvent(event);
  watch_timer_.start();
}

void TableView::hideEvent(QHideEvent* event) {
  QTableView::hideEvent(event);
  fade_timer_.stop();
  watch_timer_.start();
}

void TableView::changeEvent(QEvent* event) {
  QTableView::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) takeStyle();
}

void TableView::onSortIndicator(int section, Qt::SortOrder order) {
  if (section == TableModel::Bias || section == TableModel::Factors) {  // known only for the rows in view
    const QSignalBlocker blocker(horizontalHeader());
    horizontalHeader()->setSortIndicator(sort_section_, sort_order_);
    return;
  }
  sort_section_ = section;
  sort_order_ = order;
  model_->sort(section, order);
}

void TableView::sortBy(TableModel::Column column, Qt::SortOrder order) {
  horizontalHeader()->setSortIndicator(column, order);
}

void TableView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QTableView::currentChanged(current, previous);
  if (model_->table() == Table::Movies && current.isValid()) {
    workbench_->selectMovie(MovieRow{model_->tableRow(current.row())});
  }
}

void TableView::followSelection(MovieRow row) {
  if (!row.valid() || row.value >= model_->rowCount()) {
    clearSelection();
    return;
  }
  const int view_row = model_->viewRow(row.value);
  if (currentIndex().row() != view_row || !selectionModel()->isRowSelected(view_row)) showRow(view_row);
}

void TableView::showRow(int viewRow) {
  const QModelIndex index = model_->index(viewRow, 0);
  const auto [first, last] = visibleRows();
  const bool visible = viewRow > first && viewRow < last;
  selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  if (!visible) scrollTo(index, QAbstractItemView::PositionAtCenter);
}

QString TableView::selectedRowText() const {
  const QModelIndex current = currentIndex();
  if (!current.isValid()) return {};
  const int row = model_->tableRow(current.row());
  QStringList parts = {model_->label(row), QString::number(model_->count(row).value_or(0))};
  if (const auto bias = model_->bias(row)) parts.append(QString::number(static_cast<double>(*bias), 'g', 9));
  for (const float value : model_->factors(row)) parts.append(QString::number(static_cast<double>(value), 'g', 9));
  return parts.join(QLatin1Char('\t'));
}

void TableView::keyboardSearch(const QString& search) {
  if (!search.trimmed().isEmpty()) emit findRequested(search);
}

void TableView::keyPressEvent(QKeyEvent* event) {
  // The columns are no places to go to: Left, Right and Enter belong to the window.
  switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Return:
    case Qt::Key_Enter: event->ignore(); return;
    case Qt::Key_Home:
    case Qt::Key_End:
      // Without Ctrl they go to the first and last column in Qt; Home alone is the window's.
      if (!event->modifiers().testFlag(Qt::ControlModifier)) {
        event->ignore();
      } else if (model_->rowCount() > 0) {
        showRow(event->key() == Qt::Key_Home ? 0 : model_->rowCount() - 1);
      }
      return;
    default: QTableView::keyPressEvent(event);
  }
}

bool TableView::viewportEvent(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QTableView::viewportEvent(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QToolTip::showText(help->globalPos(), toolTipFor(help->pos()), viewport());
  return true;
}

QString TableView::toolTipFor(const QPoint& position) const {
  const QModelIndex index = indexAt(position);
  if (!index.isValid()) return {};
  const int row = model_->tableRow(index.row());
  const int place = model_->watchedIndex(row);
  QStringList lines = {model_->table() == Table::Users ? tr("User %1").arg(model_->label(row)) : model_->label(row)};
  const std::span<const float> values = model_->factors(row);
  if (index.column() == TableModel::Factors && !values.empty()) {
    const int cell = heatCellAt(stripRect(visualRect(index)), static_cast<int>(values.size()), position.x());
    if (cell >= 0) {
      lines.prepend(tr("Factor %1 of %2: %3")
                        .arg(cell + 1)
                        .arg(values.size())
                        .arg(valueText(values[static_cast<std::size_t>(cell)], 6)));
    }
  }
  if (place >= 0) {
    const std::uint64_t last = model_->watched()->last_lookup[static_cast<std::size_t>(place)];
    lines.append(last == 0 ? tr("Never looked up so far") : tr("Last looked up by batch %1").arg(last));
  }
  return lines.join(QLatin1Char('\n'));
}

}  // namespace rowlight
