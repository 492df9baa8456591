#include "ui/lookup/lane_view.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QToolTip>

#include <algorithm>
#include <cmath>

#include "ui/common/heat_map.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int motion_ms = 220;
constexpr int overview_width = 8;
constexpr int toy_label_letters = 18;
constexpr int live_label_letters = 26;

/// The largest finite magnitude of a matrix; for a colour scale.
float largest(ConstMatrixView matrix, float so_far) {
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (const float value : matrix.row(r)) {
      if (std::isfinite(value)) so_far = std::max(so_far, std::abs(value));
    }
  }
  return so_far;
}

/// A scale that only changes in steps, and not for a value that comes and goes.
float steppedDomain(float domain, float wanted) {
  if (!(wanted > 0)) return domain;
  const auto next = static_cast<float>(roundUp125(static_cast<double>(wanted)));
  return wanted > domain || next < domain / 4 ? next : domain;
}

}  // namespace

LaneView::LaneView(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("lookupLanes"));
  setAccessibleName(tr("The two lanes: one-hot matrix product, and lookup"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  look_.weight_domain = 0;
  look_.gradient_domain = 0;
  makeBars();
  makeEditor();
  takeFonts();
  motion_.setDuration(motion_ms);
  motion_.setStartValue(0.0);
  motion_.setEndValue(1.0);
  motion_.setEasingCurve(QEasingCurve::InOutQuad);
  connect(&motion_, &QVariantAnimation::valueChanged, this, [this](const QVariant& value) {
    look_.motion = value.toReal();
    update(canvas_);
  });
}

void LaneView::makeBars() {
  const auto make = [this](Qt::Orientation orientation, const char* name, const QString& accessible) {
    auto* bar = new QScrollBar(orientation, this);
    bar->setObjectName(QLatin1String(name));
    bar->setAccessibleName(accessible);
    bar->hide();
    connect(bar, &QScrollBar::valueChanged, this, [this] {
      closeEditor();
      layOutNow();
    });
    return bar;
  };
  rows_ = make(Qt::Vertical, "laneRows", tr("Rows of the table"));
  columns_ = make(Qt::Horizontal, "laneColumns", tr("Columns of the table"));
  positions_ = make(Qt::Vertical, "lanePositions", tr("Positions of the batch"));
}

void LaneView::makeEditor() {
  editor_ = new QLineEdit(this);
  editor_->setObjectName(QStringLiteral("weightEditor"));
  editor_->setAccessibleName(tr("New value of the weight"));
  editor_->setToolTip(tr("A number, nan, inf, -inf or -0; Enter takes it, Escape leaves it"));
  editor_->setAlignment(Qt::AlignRight);
  editor_->installEventFilter(this);
  editor_->hide();
  editor_problem_ = new QLabel(this);
  editor_problem_->setObjectName(QStringLiteral("weightProblem"));
  editor_problem_->setTextFormat(Qt::PlainText);
  editor_problem_->setAutoFillBackground(true);
  editor_problem_->setMargin(4);
  editor_problem_->setFrameShape(QFrame::Box);
  editor_problem_->hide();
}

void LaneView::takeFonts() {
  look_.palette = palette();
  look_.text = textFont(TextSize::Normal);
  look_.small = numberFont(TextSize::Small);
  look_.numbers = numberFont(TextSize::Normal);
  editor_->setFont(look_.numbers);
}

bool LaneView::isLive() const { return view_ && view_->setup.source != LookupSource::Toy; }

void LaneView::setView(std::shared_ptr<const LookupView> view) {
  const std::shared_ptr<const LookupView> before = std::move(view_);
  view_ = std::move(view);
  if (!view_) {
    update();
    return;
  }
  const bool other_table = !before || before->setup.source != view_->setup.source || before->rows != view_->rows ||
                           before->dim != view_->dim;
  if (other_table) {
    closeEditor();
    look_.weight_domain = 0;
    look_.gradient_domain = 0;
    current_ = {0, 0};
    hover_.reset();
    const QSignalBlocker block(rows_);
    rows_->setValue(0);
  }
  updateDomains();
  layOutNow();
  if (other_table || !before || before->indices != view_->indices) showLookedUpRow();
  startMotion(before ? before->shown_step : view_->shown_step);
}

void LaneView::setNumbers(bool numbers) {
  if (numbers == numbers_) return;
  numbers_ = numbers;
  layOutNow();
}

void LaneView::updateDomains() {
  const float weight = largest(view_->output.view(), largest(view_->weight.view(), 0));
  const float gradient = largest(view_->dense_grad.view(), largest(view_->grad_output.view(), 0));
  const std::pair before{look_.weight_domain, look_.gradient_domain};
  look_.weight_domain = steppedDomain(look_.weight_domain, weight);
  look_.gradient_domain = steppedDomain(look_.gradient_domain, gradient);
  if (!(look_.weight_domain > 0)) look_.weight_domain = 1;
  if (!(look_.gradient_domain > 0)) look_.gradient_domain = 1;
  if (before != std::pair{look_.weight_domain, look_.gradient_domain}) {
    emit domainChanged(look_.weight_domain, look_.gradient_domain);
  }
}

void LaneView::layOutNow() {
  const int bar = rows_->sizeHint().width();
  canvas_ = rect();
  if (!view_) return;
  const auto layOnce = [this] {
    look_.label_letters = isLive() ? live_label_letters : toy_label_letters;
    SceneInput input;
    input.size = canvas_.size();
    input.metrics = metricsOf(look_);
    input.first_row = rows_->value();
    input.first_column = columns_->value();
    input.first_position = positions_->value();
    input.numbers = numbers_ || !isLive();
    scene_ = layOut(*view_, input);
  };
  layOnce();
  const int rows = static_cast<int>(view_->rows);
  const bool tall = rows > scene_.rows_shown || rows_->value() > 0;
  const bool wide = static_cast<int>(view_->dim) > scene_.columns_shown || columns_->value() > 0;
  const auto all_positions =
      static_cast<int>(std::min(std::max(view_->positions, view_->outputs), LookupView::most_positions));
  const bool long_batch = all_positions > scene_.positions_shown && scene_.positions_shown > 0;
  canvas_.adjust(long_batch ? bar : 0, 0, tall ? -bar - overview_width : 0, wide ? -bar : 0);
  if (canvas_ != rect()) layOnce();
  rows_->setVisible(tall);
  columns_->setVisible(wide);
  positions_->setVisible(long_batch);
  fitBars();
  updateLit();
  const std::pair<int, int> window{rows_->value(), scene_.rows_needed};
  if (window != asked_) {
    asked_ = window;
    emit windowChanged(window.first, window.second);
  }
}

void LaneView::fitBars() {
  const auto fit = [](QScrollBar* bar, int count, int shown) {
    const QSignalBlocker block(bar);
    bar->setRange(0, std::max(0, count - shown));
    bar->setPageStep(std::max(1, shown));
  };
  const auto most = static_cast<int>(LookupView::most_positions);
  fit(rows_, static_cast<int>(view_->rows), scene_.rows_shown);
  fit(columns_, static_cast<int>(view_->dim), scene_.columns_shown);
  if (scene_.positions_shown > 0) {
    fit(positions_, std::min(most, static_cast<int>(std::max(view_->positions, view_->outputs))),
        scene_.positions_shown);
  }
  const int bar = rows_->sizeHint().width();
  rows_->setGeometry(width() - bar, 0, bar, canvas_.height());
  positions_->setGeometry(0, 0, bar, canvas_.height());
  columns_->setGeometry(canvas_.left(), height() - bar, canvas_.width(), bar);
}

void LaneView::updateLit() {
  look_.lit.clear();
  look_.focus_output = positions_->value();
  look_.captions = {};
  look_.current = hasFocus() || editor_->isVisible() ? std::optional(current_) : std::nullopt;
  if (!view_) return;
  CellRef cell = hover_.value_or(CellRef{});
  BlockKind kind = BlockKind::Indices;
  if (hover_ && hover_->block < static_cast<int>(scene_.blocks.size())) {
    look_.lit = sourcesOf(*view_, scene_, *hover_);
    kind = scene_.blocks[static_cast<std::size_t>(hover_->block)].kind;
  } else if (view_->shown_step == static_cast<int>(LookupStep::Matmul)) {
    kind = BlockKind::OneHotOutput;  // one output spelt out, even where nobody points
    cell = {0, look_.focus_output, columns_->value()};
  } else if (view_->shown_step == static_cast<int>(LookupStep::LookUp)) {
    kind = BlockKind::Output;
    cell = {0, look_.focus_output, columns_->value()};
  }
  const bool output = kind == BlockKind::Output || kind == BlockKind::OneHotOutput;
  if (output) look_.focus_output = cell.row;
  const bool gradient = isGradient(kind);
  const int decimals = heatDecimals(gradient ? look_.gradient_domain : look_.weight_domain);
  for (const BlockKind side : {kind, twinOf(kind)}) {
    const bool top = side == BlockKind::OneHotOutput || side == BlockKind::OneHotGrad;
    look_.captions[top ? 0 : 1] = spellOut(*view_, side, cell.row, cell.column, decimals);
  }
  if (look_.captions[0].isEmpty() && !view_->verdict.one_hot_possible) {
    look_.captions[0] = QString::fromStdString(view_->verdict.why_not);
  }
  setAccessibleDescription(look_.captions[0] + u' ' + look_.captions[1]);
  update();
}

void LaneView::startMotion(int from_step) {
  motion_.stop();
  look_.motion = 1;
  const auto step = static_cast<LookupStep>(view_->shown_step);
  const bool moves = step == LookupStep::LookUp || step == LookupStep::ScatterAdd || step == LookupStep::OptimizerStep;
  if (!moves || reduced_motion_ || from_step + 1 != view_->shown_step || !isVisible()) return;
  look_.motion = 0;
  motion_.start();
}

void LaneView::showLookedUpRow() {
  if (view_->indices.empty()) return;
  const Axis shown{AxisOf::Rows, rows_->value(), scene_.rows_shown, static_cast<int>(view_->rows)};
  for (const std::int64_t index : view_->indices) {
    if (shown.contains(static_cast<int>(index))) return;
  }
  scrollToRow(static_cast<int>(view_->indices.front()));
}

void LaneView::scrollToRow(int row) {
  const int first = rows_->value();
  if (row >= first && row < first + scene_.rows_shown) return;
  rows_->setValue(row - scene_.rows_shown / 3);
}

void LaneView::setCurrent(int row, int column) {
  if (!view_ || view_->rows == 0 || view_->dim == 0) return;
  current_ = {std::clamp(row, 0, static_cast<int>(view_->rows) - 1),
              std::clamp(column, 0, static_cast<int>(view_->dim) - 1)};
  const int first = rows_->value();
  if (current_.first < first) rows_->setValue(current_.first);
  if (current_.first >= first + scene_.rows_shown) rows_->setValue(current_.first - scene_.rows_shown + 1);
  const int left = columns_->value();
  if (current_.second < left) columns_->setValue(current_.second);
  if (current_.second >= left + scene_.columns_shown) columns_->setValue(current_.second - scene_.columns_shown + 1);
  updateLit();
  describeCurrent();
  emit currentChanged(current_.first, current_.second);
}

void LaneView::describeCurrent() {
  const int block = scene_.find(BlockKind::Table, lookup_lane);
  if (block < 0) return;
  const QString text = describeCell(*view_, scene_, {block, current_.first, current_.second});
  setAccessibleDescription(text);
  QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&changed);
  emit described(text);
}

std::optional<CellRef> LaneView::cellAt(QPoint point) const { return scene_.hit(point - canvas_.topLeft()); }

std::optional<std::pair<int, int>> LaneView::tableCell(const CellRef& cell) const {
  const Block& block = scene_.blocks[static_cast<std::size_t>(cell.block)];
  if (block.kind == BlockKind::Table) return std::pair{cell.row, cell.column};
  if (block.kind == BlockKind::WeightTransposed) return std::pair{cell.column, cell.row};
  return std::nullopt;
}

QRect LaneView::overview() const { return {canvas_.right() + 1, 0, overview_width, canvas_.height()}; }

bool LaneView::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (typesNumber(*key) || (chosen_ && key->key() == Qt::Key_Escape)) {
      event->accept();
      return true;
    }
  }
  if (event->type() == QEvent::ToolTip && view_) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto cell = cellAt(help->pos());
    if (cell) {
      QToolTip::showText(help->globalPos(), describeCell(*view_, scene_, *cell), this);
    } else {
      QToolTip::hideText();
    }
    return true;
  }
  if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut) {
    const bool done = QWidget::event(event);
    updateLit();
    return done;
  }
  return QWidget::event(event);
}

void LaneView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().base());
  if (!view_) {
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(rect(), Qt::AlignCenter, tr("The two lanes appear here."));
    return;
  }
  if (rows_->isVisible()) paintOverview(painter);
  painter.translate(canvas_.topLeft());
  paintLanes(painter, *view_, scene_, look_);
  if (hasFocus()) {
    painter.resetTransform();
    painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
    painter.drawRect(canvas_.adjusted(1, 1, -1, -1));
  }
}

/// Where in the whole table the looked-up rows are.
void LaneView::paintOverview(QPainter& painter) const {
  const QRect place = overview();
  painter.fillRect(place, palette().color(QPalette::AlternateBase));
  const double scale = static_cast<double>(place.height() - 2) / std::max<double>(1, static_cast<double>(view_->rows));
  for (const std::int32_t row : view_->touched_rows) {
    painter.fillRect(place.left() + 1, static_cast<int>(row * scale), overview_width - 2, 2,
                     palette().color(QPalette::Text));
  }
}

void LaneView::resizeEvent(QResizeEvent*) {
  closeEditor();
  layOutNow();
}

void LaneView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange) return;
  takeFonts();
  layOutNow();
}

QSize LaneView::minimumSizeHint() const {
  const int line = QFontMetrics(look_.text).height();
  return {line * 18, line * 7};
}

QSize LaneView::sizeHint() const {
  const int line = QFontMetrics(look_.text).height();
  return {line * 50, line * 26};
}

}  // namespace rowlight
