#include "ui/cost/cost_page.h"

#include <QApplication>
#include <QButtonGroup>
#include <QClipboard>
#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

#include "core/base/system.h"
#include "ui/common/choice_button.h"
#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/key_policy.h"
#include "ui/common/typography.h"
#include "ui/cost/cost_model.h"
#include "ui/cost/cost_series.h"
#include "ui/cost/cost_text.h"
#include "ui/cost/log_log_chart.h"

namespace rowlight {
namespace {

constexpr int update_ms = 100;
constexpr std::array<std::size_t, 5> largest_tables{1'000, 10'000, 100'000, 1'000'000, 10'000'000};
constexpr int first_largest = 3;
constexpr int most_batch = 8192;
constexpr int most_dim = 1024;

void setIfNew(QLabel* label, const QString& text) {
  if (label->text() != text) label->setText(text);
  label->setVisible(!text.isEmpty());
}

}  // namespace

CostPage::CostPage(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), throttle_(update_ms, [this] { update(); }) {
  setObjectName(QStringLiteral("pageCost"));
  setAccessibleName(tr("Cost"));
  setFocusPolicy(Qt::ClickFocus);  // a click beside the panels gives the single keys back to the window
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setSpacing(8);
  layout->addWidget(makeFields());
  layout->addWidget(makeSentences());
  layout->addWidget(makeChoices());
  makePanels();
  layout->addWidget(arrangement_, 1);
  wrapFields();
  KeyPolicy::install();
  connect(workbench_, &Workbench::presented, this, &CostPage::present);
  updateMemory();
  update();
  if (workbench_->frame()) present(*workbench_->frame());
}

QSpinBox* CostPage::addCount(QHBoxLayout* row, const QString& caption, const char* name, const QString& tip, int value,
                             int most) {
  auto* spin = new QSpinBox(this);
  spin->setObjectName(QLatin1String(name));
  spin->setAccessibleName(caption);
  spin->setToolTip(tip);
  spin->setFont(numberFont(TextSize::Normal));
  spin->setRange(1, most);
  spin->setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
  spin->setGroupSeparatorShown(true);
  spin->setValue(value);
  auto* label = new QLabel(caption, this);
  label->setBuddy(spin);
  row->addWidget(label);
  row->addWidget(spin);
  row->addSpacing(8);
  connect(spin, &QSpinBox::valueChanged, this, &CostPage::updateMemory);
  return spin;
}

QWidget* CostPage::makeFields() {
  fields_ = new QWidget(this);
  auto* grid = new QGridLayout(fields_);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(16);
  grid->setVerticalSpacing(8);
  grid->setColumnStretch(2, 1);
  grid->addWidget(makeSizes(), 0, 0);
  grid->addWidget(makeTargets(), 0, 1);
  grid->addWidget(makeButtons(), 0, 3);
  return fields_;
}

QWidget* CostPage::makeSizes() {
  sizes_ = new QWidget(fields_);
  auto* row = new QHBoxLayout(sizes_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  const CostOptions usual;
  batch_ =
      addCount(row, tr("Batch"), "costBatch", tr("Rows looked up at once"), static_cast<int>(usual.batch), most_batch);
  dim_ = addCount(row, tr("Dimension"), "costDim", tr("Numbers in a row of the table"), static_cast<int>(usual.dim),
                  most_dim);
  largest_ = new QComboBox(sizes_);
  largest_->setObjectName(QStringLiteral("costLargest"));
  largest_->setAccessibleName(tr("Rows of the largest table"));
  largest_->setToolTip(tr("The table grows from 10 rows to this many"));
  largest_->setFont(numberFont(TextSize::Normal));
  for (const std::size_t rows : largest_tables) largest_->addItem(formatCount(rows));
  largest_->setCurrentIndex(first_largest);
  connect(largest_, &QComboBox::currentIndexChanged, this, &CostPage::updateMemory);
  auto* caption = new QLabel(tr("Rows up to"), sizes_);
  caption->setBuddy(largest_);
  row->addWidget(caption);
  row->addWidget(largest_);
  return sizes_;
}

QWidget* CostPage::makeTargets() {
  targetBox_ = new QWidget(fields_);
  auto* row = new QHBoxLayout(targetBox_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  row->addWidget(new QLabel(tr("SIMD"), targetBox_));
  for (const simd::Target target : simd::supported_targets()) {
    auto* button = new ChoiceButton(formatTarget(target), targetBox_);
    button->setObjectName(QStringLiteral("costTarget_") + QString::fromUtf8(name_of(target).data()));
    button->setAccessibleName(tr("Measure with %1").arg(formatTarget(target)));
    button->setToolTip(tr("Measure with the kernels for %1; several can be chosen").arg(formatTarget(target)));
    button->setChecked(target == simd::current_target());
    targets_.push_back(button);
    row->addWidget(button);
  }
  row->addStretch(1);
  shown_ = simd::current_target();
  return targetBox_;
}

QWidget* CostPage::makeButtons() {
  buttons_ = new QWidget(fields_);
  auto* row = new QHBoxLayout(buttons_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  measure_ = new QPushButton(tr("&Measure"), buttons_);
  measure_->setObjectName(QStringLiteral("costMeasure"));
  measure_->setToolTip(tr("Measure on this machine now; training pauses meanwhile (Alt+M)"));
  measure_->setAutoDefault(false);
  cancel_ = new QPushButton(tr("Cancel"), buttons_);
  cancel_->setObjectName(QStringLiteral("costCancel"));
  cancel_->setToolTip(tr("Stop measuring and keep what is measured (Ctrl+.)"));
  cancel_->setAutoDefault(false);
  cancel_->setEnabled(false);
  row->addWidget(measure_);
  row->addWidget(cancel_);
  connect(measure_, &QPushButton::clicked, this, &CostPage::measure);
  connect(cancel_, &QPushButton::clicked, this, &CostPage::cancel);
  return buttons_;
}

/// The targets go to a line of their own where there is no room for them beside the sizes.
void CostPage::wrapFields() {
  auto* grid = static_cast<QGridLayout*>(fields_->layout());
  const int gap = grid->horizontalSpacing();
  const int first = sizes_->sizeHint().width() + gap + buttons_->sizeHint().width();
  const int second = targetBox_->sizeHint().width();
  const int needed = first + second + 2 * gap;
  // As narrow as it is when wrapped: the unwrapped line must not keep the window wide.
  fields_->setMinimumWidth(std::max(first + 2 * gap, second));
  const bool wrap = needed > contentsRect().width() - layout()->contentsMargins().left() * 2;
  if (wrap == wrapped_) return;
  wrapped_ = wrap;
  grid->removeWidget(targetBox_);
  if (wrap) {
    grid->addWidget(targetBox_, 1, 0, 1, 4);
  } else {
    grid->addWidget(targetBox_, 0, 1);
  }
}

QWidget* CostPage::makeSentences() {
  auto* box = new QWidget(this);
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  finding_ = new QLabel(box);
  finding_->setFont(textFont(TextSize::Large));
  finding_->setObjectName(QStringLiteral("costFinding"));
  finding_->setWordWrap(true);
  finding_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  state_ = new ElidedLabel(Qt::ElideRight, box);
  state_->setObjectName(QStringLiteral("costState"));
  state_->setFont(numberFont(TextSize::Normal));
  refusal_ = new QLabel(box);
  refusal_->setObjectName(QStringLiteral("costRefusal"));
  refusal_->setTextFormat(Qt::PlainText);
  refusal_->setWordWrap(true);
  column->addWidget(finding_);
  column->addWidget(refusal_);
  column->addWidget(state_);
  return box;
}

QWidget* CostPage::makeChoices() {
  auto* box = new QWidget(this);
  auto* row = new QHBoxLayout(box);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  passes_ = new QButtonGroup(this);
  const std::pair<QString, const char*> texts[] = {
      {tr("Forward"), "costForward"}, {tr("Backward"), "costBackward"}, {tr("Optimizer"), "costOptimizer"}};
  for (int pass = 0; pass < static_cast<int>(cost_pass_count); ++pass) {
    auto* button = new ChoiceButton(texts[pass].first, box);
    button->setObjectName(QLatin1String(texts[pass].second));
    button->setToolTip(explanationOf(static_cast<CostPass>(pass)));
    button->setChecked(pass == 0);
    passes_->addButton(button, pass);
    row->addWidget(button);
  }
  row->addSpacing(16);
  shownBox_ = new QWidget(box);
  shownBox_->setObjectName(QStringLiteral("costShownTargets"));
  auto* shown = new QHBoxLayout(shownBox_);
  shown->setContentsMargins(0, 0, 16, 0);
  shown->setSpacing(0);
  shown->addWidget(new QLabel(tr("shown: "), shownBox_));
  shownTargets_ = new QButtonGroup(this);
  for (const simd::Target target : simd::supported_targets()) {
    auto* button = new ChoiceButton(formatTarget(target), shownBox_);
    button->setObjectName(QStringLiteral("costShow_") + QString::fromUtf8(name_of(target).data()));
    button->setAccessibleName(tr("Show the times with %1").arg(formatTarget(target)));
    shownTargets_->addButton(button, static_cast<int>(target));
    shown->addWidget(button);
  }
  shownBox_->hide();
  row->addWidget(shownBox_);
  explanation_ = new ElidedLabel(Qt::ElideRight, box);
  explanation_->setObjectName(QStringLiteral("costExplanation"));
  explanation_->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(explanation_, 1);
  connect(passes_, &QButtonGroup::idClicked, this, [this] { update(); });
  connect(shownTargets_, &QButtonGroup::idClicked, this, [this](int target) {
    shown_ = static_cast<simd::Target>(target);
    update();
  });
  return box;
}

CostOptions CostPage::options() const {
  CostOptions options;
  options.batch = static_cast<std::size_t>(batch_->value());
  options.dim = static_cast<std::size_t>(dim_->value());
  options.rows = cost_rows_up_to(largest_tables[static_cast<std::size_t>(std::max(0, largest_->currentIndex()))]);
  const std::vector<simd::Target> supported = simd::supported_targets();
  for (std::size_t i = 0; i < supported.size(); ++i) {
    if (targets_[i]->isChecked()) options.targets.push_back(supported[i]);
  }
  return options;
}

CostPass CostPage::pass() const { return static_cast<CostPass>(passes_->checkedId()); }

void CostPage::setPass(CostPass pass) {
  passes_->button(static_cast<int>(pass))->setChecked(true);
  update();
}

void CostPage::measure() { workbench_->send(MeasureCost{options()}); }

void CostPage::cancel() { workbench_->send(CancelCost{}); }

void CostPage::present(const Frame& frame) {
  if (frame.cost == view_) return;
  const bool begins = frame.cost && (!view_ || frame.cost->values_done < view_->values_done);
  const bool ends = frame.cost && !frame.cost->running;
  view_ = frame.cost;
  if (begins) follow(view_->options);
  if (begins || ends || !view_) {
    throttle_.flush();
  } else {
    throttle_.request();
  }
}

/// The fields say what is measured, also when somebody else asked for it.
void CostPage::follow(const CostOptions& options) {
  batch_->setValue(static_cast<int>(options.batch));
  dim_->setValue(static_cast<int>(options.dim));
  for (std::size_t i = 0; i < largest_tables.size(); ++i) {
    if (options.rows.back() <= largest_tables[i]) {
      largest_->setCurrentIndex(static_cast<int>(i));
      break;
    }
  }
  const std::vector<simd::Target> supported = simd::supported_targets();
  for (std::size_t i = 0; i < supported.size(); ++i) {
    targets_[i]->setChecked(std::ranges::find(options.targets, supported[i]) != options.targets.end());
  }
  if (std::ranges::find(options.targets, shown_) == options.targets.end()) shown_ = options.targets.front();
  fillShownTargets();
  updateMemory();
}

void CostPage::fillShownTargets() {
  for (QAbstractButton* button : shownTargets_->buttons()) {
    const auto target = static_cast<simd::Target>(shownTargets_->id(button));
    const auto& measured = view_->options.targets;
    button->setVisible(std::ranges::find(measured, target) != measured.end());
    button->setChecked(target == shown_);
  }
  shownBox_->setVisible(view_->options.targets.size() > 1);
}

void CostPage::update() {
  const bool running = view_ && view_->running;
  measure_->setText(running ? tr("&Measure anew") : tr("&Measure"));
  cancel_->setEnabled(running);
  explanation_->setText(explanationOf(pass()));
  model_->setView(view_, pass());
  state_->setText(view_ ? stateOf(*view_) : tr("Nothing is measured yet. Every number here is taken on this machine."));
  const QString finding = view_ ? findingOf(*view_, pass(), shown_) : QString();
  setIfNew(finding_, finding);
  setIfNew(refusal_, view_ ? firstRefusal(*view_, pass(), shown_) : QString());
  std::vector<LogLogSeries> series;
  if (view_) series = timeSeries(*view_, pass(), shown_, themeOf(palette()));
  timeStack_->setCurrentIndex(series.empty() ? 0 : 1);
  if (series.empty()) return;
  time_->setAccessibleDescription(finding);
  time_->setSeries(std::move(series), static_cast<double>(view_->options.rows.front()),
                   static_cast<double>(view_->options.rows.back()));
}

void CostPage::updateMemory() {
  const CostOptions shapes = options();
  const std::uint64_t limit = view_ ? view_->options.memory_limit : memory_limit_bytes() / 4;
  memory_->setSeries(memorySeries(shapes, limit, themeOf(palette())), static_cast<double>(shapes.rows.front()),
                     static_cast<double>(shapes.rows.back()));
}

void CostPage::copyNumbers() {
  QApplication::clipboard()->setText(model_->copyText(table_->selectionModel()->selectedRows()));
}

void CostPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange || memory_ == nullptr) return;
  update();
  updateMemory();
}

void CostPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  wrapFields();
  arrange();
}

void CostPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  arrange();
  // Without this the first field would get the focus, and with it the single keys.
  if (!window()->focusWidget()) setFocus();
}

}  // namespace rowlight
