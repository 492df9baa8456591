#include "ui/lookup/lookup_page.h"

#include <QAction>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QResizeEvent>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

#include "ui/common/choice_button.h"
#include "ui/common/color_legend.h"
#include "ui/common/format.h"
#include "ui/common/icons.h"
#include "ui/common/key_policy.h"
#include "ui/common/live_label.h"
#include "ui/common/message_strip.h"
#include "ui/common/typography.h"
#include "ui/lookup/batch_editor.h"
#include "ui/lookup/code_dialog.h"
#include "ui/lookup/cost_meter.h"
#include "ui/lookup/lane_view.h"
#include "ui/lookup/lookup_edits.h"
#include "ui/lookup/lookup_text.h"
#include "ui/lookup/option_panel.h"
#include "ui/lookup/prediction_card.h"
#include "ui/lookup/step_strip.h"

namespace rowlight {
namespace {

constexpr int rows_before_known = 64;  // asked for while the size of the table is not known
constexpr int narrow_lines = 48;       // a page narrower than so many lines of text are high has no room for all tools
constexpr int low_lines = 34;          // and a lower one none for the cost meter
constexpr double sentence_size = 1.35;

QFont sentenceFont(double size) {
  QFont font = numberFont(TextSize::Normal);
  font.setPointSizeF(font.pointSizeF() * size);
  return font;
}

QToolButton* toolButtonFor(QAction* action, const char* name, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setObjectName(QLatin1String(name));
  button->setDefaultAction(action);
  button->setAutoRaise(true);
  button->setFocusPolicy(Qt::TabFocus);
  button->setAccessibleName(action->text());
  return button;
}

}  // namespace

LookupPage::LookupPage(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), row_count_(rows_before_known) {
  setObjectName(QStringLiteral("pageLookup"));
  setAccessibleName(tr("Lookup"));
  setFocusPolicy(Qt::ClickFocus);
  makeUndo();
  messages_ = new MessageStrip(this);
  prediction_ = new PredictionCard(this);
  prediction_->hide();
  lanes_ = new LaneView(this);
  cost_ = new CostMeter(this);
  steps_ = new StepStrip(this);
  sentence_ = new LiveLabel(2, this);
  sentence_->setObjectName(QStringLiteral("lookupSentence"));
  sentence_->setFont(sentenceFont(sentence_size));

  auto* left = new QVBoxLayout;
  left->setSpacing(4);
  left->addWidget(prediction_);
  left->addWidget(lanes_, 1);
  left->addWidget(cost_);
  auto* strip = new QVBoxLayout;
  strip->setContentsMargins(8, 0, 8, 4);
  strip->setSpacing(4);
  strip->addWidget(steps_);
  strip->addWidget(sentence_);
  left->addLayout(strip);
  auto* body = new QHBoxLayout;
  body->setSpacing(0);
  body->addLayout(left, 1);
  body->addWidget(makeSide());
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(messages_);
  layout->addWidget(makeHeader());
  layout->addLayout(body, 1);
  connectParts();
  KeyPolicy::install();
  if (workbench_->frame()) present(*workbench_->frame());
}

void LookupPage::makeUndo() {
  undo_action_ = undo_.createUndoAction(this, tr("&Undo"));
  undo_action_->setObjectName(QStringLiteral("actionUndo"));
  undo_action_->setIcon(themedIcon(QStringLiteral("undo")));
  undo_action_->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Z));
  redo_action_ = undo_.createRedoAction(this, tr("&Redo"));
  redo_action_->setObjectName(QStringLiteral("actionRedo"));
  redo_action_->setIcon(themedIcon(QStringLiteral("redo")));
  redo_action_->setShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z));
  for (QAction* action : {undo_action_, redo_action_}) {
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    addAction(action);
  }
}

QWidget* LookupPage::makeHeader() {
  auto* header = new QWidget(this);
  auto* row = new QHBoxLayout(header);
  row->setContentsMargins(8, 6, 8, 0);
  row->setSpacing(8);
  batch_ = new BatchEditor(header);
  numbers_ = new ChoiceButton(tr("Numbers"), header);
  numbers_->setObjectName(QStringLiteral("lookupNumbers"));
  numbers_->setToolTip(tr("Columns wide enough for numbers, to scroll through, in place of all as colours"));
  numbers_->setFocusPolicy(Qt::TabFocus);
  numbers_->hide();
  drawer_toggle_ = new ChoiceButton(tr("Options"), header);
  drawer_toggle_->setObjectName(QStringLiteral("optionToggle"));
  drawer_toggle_->setToolTip(tr("Show or hide the options"));
  drawer_toggle_->setFocusPolicy(Qt::TabFocus);
  drawer_toggle_->hide();
  row->addWidget(batch_, 1);
  row->addWidget(numbers_, 0, Qt::AlignTop);
  undo_buttons_ = new QWidget(header);
  auto* undo_row = new QHBoxLayout(undo_buttons_);
  undo_row->setContentsMargins(0, 0, 0, 0);
  undo_row->addWidget(toolButtonFor(undo_action_, "undoButton", undo_buttons_));
  undo_row->addWidget(toolButtonFor(redo_action_, "redoButton", undo_buttons_));
  row->addWidget(undo_buttons_, 0, Qt::AlignTop);
  row->addWidget(drawer_toggle_, 0, Qt::AlignTop);
  return header;
}

QWidget* LookupPage::makeSide() {
  side_ = new QWidget(this);
  side_->setObjectName(QStringLiteral("lookupSide"));
  side_->setFixedWidth(QFontMetrics(font()).averageCharWidth() * 46);
  options_ = new OptionPanel(side_);
  auto* column = new QVBoxLayout(side_);
  column->setContentsMargins(0, 6, 0, 0);
  column->setSpacing(6);
  column->addLayout(makeTools(side_));
  column->addLayout(makeScale(side_));
  column->addLayout(makePoison(side_));
  column->addWidget(options_, 1);
  return side_;
}

QHBoxLayout* LookupPage::makeTools(QWidget* side) {
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 0, 8, 0);
  auto* predict = new ChoiceButton(tr("Predict first"), side);
  predict->setObjectName(QStringLiteral("predictToggle"));
  predict->setToolTip(tr("Asks for a number before some steps, then shows what it was, and keeps a score"));
  predict->setFocusPolicy(Qt::TabFocus);
  auto* code = new QPushButton(tr("PyTorch &code…"), side);
  code->setObjectName(QStringLiteral("codeButton"));
  code->setToolTip(tr("The PyTorch program that does the same, to copy or save"));
  code->setAutoDefault(false);
  code->setFocusPolicy(Qt::TabFocus);
  row->addWidget(predict);
  row->addWidget(code);
  row->addStretch(1);
  connect(predict, &QPushButton::toggled, this, &LookupPage::setPredicting);
  connect(code, &QPushButton::clicked, this, &LookupPage::askForProgram);
  return row;
}

QHBoxLayout* LookupPage::makeScale(QWidget* side) {
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 2, 8, 2);
  legend_ = new ColorLegend(side);
  gradient_scale_ = new QLabel(side);
  gradient_scale_->setObjectName(QStringLiteral("gradientScale"));
  gradient_scale_->setFont(numberFont(TextSize::Small));
  gradient_scale_->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(legend_, 0, Qt::AlignTop);
  row->addWidget(gradient_scale_, 1);
  connect(lanes_, &LaneView::domainChanged, this, [this](float weights, float gradients) {
    legend_->setDomain(weights);
    gradient_scale_->setText(tr("gradients\n±%1").arg(static_cast<double>(gradients)));
  });
  return row;
}

QHBoxLayout* LookupPage::makePoison(QWidget* side) {
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 0, 8, 0);
  poison_row_ = new QLabel(tr("Poison row 0 with"), side);
  poison_row_->setObjectName(QStringLiteral("poisonRow"));
  row->addWidget(poison_row_);
  row->addWidget(makePoisonButton(tr("&NaN"), "poisonNan", NAN));
  row->addWidget(makePoisonButton(tr("&Inf"), "poisonInf", INFINITY));
  row->addStretch(1);
  return row;
}

QPushButton* LookupPage::makePoisonButton(const QString& text, const char* name, float value) {
  auto* button = new QPushButton(text, side_);
  button->setObjectName(QLatin1String(name));
  button->setFixedWidth(QFontMetrics(font()).averageCharWidth() * 9);
  button->setAccessibleName(tr("Poison the current row with %1").arg(QString(text).remove(u'&')));
  button->setToolTip(tr("Fills the row that the keyboard is on, to see which algorithm spreads it"));
  button->setAutoDefault(false);
  button->setFocusPolicy(Qt::TabFocus);
  connect(button, &QPushButton::clicked, this, [this, value] { lanes_->poisonCurrentRow(value); });
  return button;
}

void LookupPage::connectParts() {
  connect(workbench_, &Workbench::presented, this, &LookupPage::present);
  connect(batch_, &BatchEditor::setupEdited, this, &LookupPage::requestSetup);
  connect(options_, &OptionPanel::setupEdited, this, &LookupPage::requestSetup);
  connect(numbers_, &QPushButton::toggled, lanes_, &LaneView::setNumbers);
  connect(lanes_, &LaneView::weightEdited, this, &LookupPage::editWeight);
  connect(lanes_, &LaneView::poisonRequested, this, &LookupPage::poisonRow);
  connect(lanes_, &LaneView::currentChanged, this,
          [this](int row) { poison_row_->setText(tr("Poison row %1 with").arg(row)); });
  connect(lanes_, &LaneView::windowChanged, this, [this](int first, int count) {
    first_row_ = first;
    row_count_ = count;
    askForRows();
  });
  connect(steps_, &StepStrip::seekRequested, this, [this](int step) { workbench_->send(SeekLookup{step}); });
  connect(drawer_toggle_, &QPushButton::toggled, this, [this](bool open) {
    side_->setVisible(open);
    fitWindow();
  });
  connect(prediction_, &PredictionCard::answerGiven, this, [this] {
    lanes_->setFocus();
    workbench_->send(Step{StepUnit::Operation});
  });
  connect(prediction_, &PredictionCard::questionAsked, this, [this] {
    if (playing_) workbench_->send(Pause{});
  });
}

void LookupPage::present(const Frame& frame) {
  playing_ = frame.state == RunState::Playing;
  if (frame.run != run_) {  // the tables that edits were made in are gone
    run_ = frame.run;
    undo_.clear();
    pending_.reset();
  }
  BatchEditor::Live live;
  if (frame.ratings) live = {{frame.ratings->user_count(), frame.ratings->movie_count()}, frame.viewed == nullptr};
  batch_->setLive(live);
  if (!frame.lookup || frame.lookup == view_) return;
  view_ = frame.lookup;
  settlePending();
  batch_->setView(view_);
  options_->setSetup(view_->setup);
  lanes_->setView(view_);
  fitWindow();
  steps_->setView(view_);
  cost_->setView(*view_);
  showSentence();
  showError();
  if (!prediction_->isHidden()) prediction_->setView(*view_);
  if (awaits_program_ && view_->program) showProgram(QString::fromStdString(*view_->program));
  if (view_->program || view_->error) awaits_program_ = false;
}

void LookupPage::settlePending() {
  if (!pending_ || view_->setup != pending_->after) return;
  undo_.push(new SetupEdit(workbench_, pending_->before, pending_->after, tr("change of options")));
  pending_.reset();
}

void LookupPage::showError() {
  const QString sentence = view_->error ? formatError(*view_->error) : QString();
  const bool news = sentence != shown_error_ || (pending_ && !sentence.isEmpty());
  shown_error_ = sentence;
  if (!news) return;
  if (sentence.isEmpty()) {
    messages_->dismiss();
    return;
  }
  if (options_->showError(view_->error) || batch_->showError(view_->error)) return;
  messages_->showMessage(MessageStrip::Kind::Error, sentence);
}

void LookupPage::showSentence() {
  const int step = view_->shown_step;
  if (step < 1 || static_cast<std::size_t>(step) > view_->trace.size()) {
    sentence_->say(tr("Two ways to get rows out of a table. Space plays, Right goes on by one step, Left goes back."));
    return;
  }
  const StepTrace& trace = view_->trace[static_cast<std::size_t>(step) - 1];
  const std::string_view name = name_of(trace.step);
  sentence_->say(tr("%1 of %2, %3: %4")
                     .arg(step)
                     .arg(lookup_step_count)
                     .arg(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())),
                          QString::fromStdString(trace.sentence)));
}

void LookupPage::requestSetup(const LookupSetup& setup) {
  if (!view_) return;
  pending_ = Pending{view_->setup, setup};
  workbench_->send(SetUpLookup{setup});
}

/// What an edit replaces: the weight before the first step of the pass, which begins anew with it.
std::optional<float> LookupPage::firstWeight(int row, int column) const {
  if (!view_) return {};
  const Matrix& weight = view_->first_weight;
  const auto at = static_cast<std::size_t>(row) - view_->first_row;
  const auto k = static_cast<std::size_t>(column);
  if (row < static_cast<int>(view_->first_row) || at >= weight.rows() || k >= weight.cols()) return {};
  return weight(at, k);
}

void LookupPage::editWeight(int row, int column, float value) {
  const auto before = firstWeight(row, column);
  if (!before) return;
  std::vector<WeightEdit::Change> changes{{static_cast<std::size_t>(column), *before, value}};
  undo_.push(new WeightEdit(workbench_, static_cast<std::size_t>(row), std::move(changes), tr("change of a weight")));
}

void LookupPage::poisonRow(int row, float value) {
  std::vector<WeightEdit::Change> changes;
  for (int column = 0; view_ && column < static_cast<int>(view_->dim); ++column) {
    const auto before = firstWeight(row, column);
    if (before) changes.push_back({static_cast<std::size_t>(column), *before, value});
  }
  if (changes.empty()) return;
  undo_.push(new WeightEdit(workbench_, static_cast<std::size_t>(row), std::move(changes),
                            tr("poisoning of row %1").arg(row)));
}

void LookupPage::askForRows() {
  if (!isVisible()) return;
  workbench_->send(ShowLookup{true, static_cast<std::size_t>(first_row_), static_cast<std::size_t>(row_count_)});
}

void LookupPage::setPredicting(bool on) {
  prediction_->setVisible(on);
  if (on && view_) prediction_->setView(*view_);
}

void LookupPage::askForProgram() {
  awaits_program_ = true;
  workbench_->send(WriteLookupProgram{});
}

void LookupPage::showProgram(const QString& program) {
  if (!code_) code_ = new CodeDialog(this);
  code_->setProgram(program);
  code_->show();
  code_->raise();
  code_->activateWindow();
}

void LookupPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  fitWindow();
  askForRows();
  const QWidget* focused = window()->focusWidget();
  if (!focused || !focused->isVisible() || !isAncestorOf(focused)) lanes_->setFocus();
}

void LookupPage::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  workbench_->send(ShowLookup{false});
}

void LookupPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitWindow();
}

QSize LookupPage::minimumSizeHint() const {
  // Less than all parts would take: what does not fit goes, see fitWindow().
  const int line = fontMetrics().height();
  return {line * 32, line * 14};
}

void LookupPage::fitWindow() {
  const QSize all = window()->size();
  const bool small = all.width() < roomy_window.width() || all.height() < roomy_window.height();
  const bool narrow = width() < fontMetrics().height() * narrow_lines;
  const bool low = height() < fontMetrics().height() * low_lines;
  numbers_->setVisible(!narrow && view_ && view_->setup.source != LookupSource::Toy);
  undo_buttons_->setVisible(!narrow);
  cost_->setShort(small);
  cost_->setVisible(!low && !(small && drawer_toggle_->isChecked()));
  if (small != drawer_toggle_->isHidden()) return;  // the rest is as it is
  drawer_toggle_->setVisible(small);
  sentence_->setFont(sentenceFont(small ? 1 : sentence_size));
  side_->setVisible(!small || drawer_toggle_->isChecked());
}

}  // namespace rowlight
