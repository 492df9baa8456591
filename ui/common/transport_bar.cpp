#include "ui/common/transport_bar.h"

#include <QAction>
#include <QActionGroup>
#include <QButtonGroup>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/common/choice_button.h"
#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/icons.h"
#include "ui/common/key_policy.h"
#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int speed_key_step = 6;       // positions: twice as fast or a little more
constexpr double fastest_paced = 1000;  // units a second, one position left of full speed

struct UnitText {
  const char* one;
  const char* many;
  const char* tip;
};

constexpr std::array<UnitText, 3> unit_texts{
    UnitText{"operation", "operations", "A step is one operation of a batch: look up, multiply, ..."},
    UnitText{"batch", "batches", "A step is one batch: predict, measure the loss, move the rows"},
    UnitText{"epoch", "epochs", "A step is one epoch: every rating of the training share once"},
};

const UnitText& textOf(StepUnit unit) { return unit_texts[static_cast<std::size_t>(unit)]; }

StepUnit largerThan(StepUnit unit) { return unit == StepUnit::Operation ? StepUnit::Batch : StepUnit::Epoch; }

QString speedText(double rate, StepUnit unit) {
  if (rate <= 0) return TransportBar::tr("full speed");
  const UnitText& text = textOf(unit);
  return QStringLiteral("%1 %2/s").arg(formatCount(static_cast<std::uint64_t>(std::lround(rate))),
                                       TransportBar::tr(rate == 1 ? text.one : text.many));
}

}  // namespace

double unitsPerSecondAt(int position) {
  if (position >= speed_positions) return 0;
  const double share = std::max(position, 0) / static_cast<double>(speed_positions - 1);
  const double exact = std::pow(fastest_paced, share);
  const double digit = exact < 100 ? 1 : std::pow(10, std::floor(std::log10(exact)) - 1);
  return std::round(exact / digit) * digit;
}

int speedPositionOf(double units_per_second) {
  if (units_per_second <= 0) return speed_positions;
  const double share = std::log(std::clamp(units_per_second, 1.0, fastest_paced)) / std::log(fastest_paced);
  return static_cast<int>(std::lround(share * (speed_positions - 1)));
}

TransportBar::TransportBar(Workbench* workbench, QWidget* parent) : QWidget(parent), workbench_(workbench) {
  setObjectName(QStringLiteral("transportBar"));
  setAccessibleName(tr("Transport"));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  makeActions();
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(8, 4, 8, 4);
  layout->setSpacing(4);
  for (QAction* action : transportActions()) layout->addWidget(makeButton(action));
  layout->addSpacing(16);
  layout->addWidget(makeUnitButtons());
  layout->addSpacing(16);
  layout->addWidget(makeSpeed());
  layout->addSpacing(16);
  position_ = new ElidedLabel(Qt::ElideRight, this);
  position_->setObjectName(QStringLiteral("transportPosition"));
  position_->setFont(numberFont(TextSize::Normal));
  layout->addWidget(position_, 1);

  connect(workbench_, &Workbench::presented, this, &TransportBar::present);
  connect(workbench_, &Workbench::commandSent, this, &TransportBar::follow);
  KeyPolicy::install();
  present(workbench_->frame() ? *workbench_->frame() : Frame{});
}

QList<QAction*> TransportBar::transportActions() const { return {reset_, step_back_, play_, step_, step_large_}; }

QAction* TransportBar::makeAction(const char* object_name, const QString& icon, const QString& text,
                                  const QKeySequence& key, const QString& tip) {
  auto* action = new QAction(themedIcon(icon), text, this);
  action->setObjectName(QLatin1String(object_name));
  action->setShortcut(key);
  action->setToolTip(QStringLiteral("%1 (%2)").arg(tip, key.toString(QKeySequence::NativeText)));
  addAction(action);
  return action;
}

void TransportBar::makeActions() {
  reset_ = makeAction("actionReset", QStringLiteral("reset"), tr("Reset"), QKeySequence(Qt::Key_Home),
                      tr("Back to the first batch, with the same numbers again"));
  step_back_ = makeAction("actionStepBack", QStringLiteral("step-back"), tr("Step back"), QKeySequence(Qt::Key_Left),
                          tr("Back to the step before, on the Lookup page"));
  play_ = makeAction("actionPlay", QStringLiteral("play"), tr("Play"), QKeySequence(Qt::Key_Space), {});
  step_ = makeAction("actionStep", QStringLiteral("step"), tr("Step"), QKeySequence(Qt::Key_Right), {});
  step_large_ = makeAction("actionStepLarge", QStringLiteral("step-large"), tr("Larger step"),
                           QKeySequence(Qt::SHIFT | Qt::Key_Right), {});
  reset_->setAutoRepeat(false);
  play_->setAutoRepeat(false);
  connect(reset_, &QAction::triggered, this, [this] { workbench_->send(Reset{}); });
  connect(step_back_, &QAction::triggered, this, &TransportBar::stepBack);
  connect(play_, &QAction::triggered, this, &TransportBar::togglePlay);
  connect(step_, &QAction::triggered, this, [this] { step(unit()); });
  connect(step_large_, &QAction::triggered, this, [this] { step(largerThan(unit())); });
}

QList<QAction*> TransportBar::unitActions() const { return unit_actions_->actions(); }

QList<QAction*> TransportBar::speedActions() const { return {faster_, slower_}; }

void TransportBar::makeUnitActions() {
  unit_actions_ = new QActionGroup(this);
  for (int i = 0; i < static_cast<int>(unit_texts.size()); ++i) {
    const UnitText& text = unit_texts[static_cast<std::size_t>(i)];
    // With Ctrl, so that they work wherever the focus is.
    const QKeySequence key(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i));
    auto* action = new QAction(tr("Step by %1").arg(tr(text.one)), this);
    QString name = QString::fromLatin1(text.one);
    name[0] = name[0].toUpper();
    action->setObjectName(QStringLiteral("actionUnit") + name);
    action->setShortcut(key);
    action->setCheckable(true);
    addAction(action);
    unit_actions_->addAction(action);
    units_->button(i)->setToolTip(QStringLiteral("%1 (%2)").arg(tr(text.tip), key.toString(QKeySequence::NativeText)));
    connect(action, &QAction::triggered, this, [this, i] { setUnit(static_cast<StepUnit>(i)); });
  }
}

void TransportBar::makeSpeedActions() {
  const auto add = [this](const char* name, const QString& text, const QKeySequence& key, int change) {
    auto* action = new QAction(text, this);
    action->setObjectName(QLatin1String(name));
    action->setShortcut(key);
    addAction(action);
    connect(action, &QAction::triggered, this, [this, change] { speed_->setValue(speed_->value() + change); });
    return action;
  };
  faster_ = add("actionFaster", tr("Faster"), QKeySequence(Qt::CTRL | Qt::Key_Up), speed_key_step);
  slower_ = add("actionSlower", tr("Slower"), QKeySequence(Qt::CTRL | Qt::Key_Down), -speed_key_step);
  speed_->setToolTip(tr("How fast it plays; full speed at the right end (%1 faster, %2 slower)")
                         .arg(faster_->shortcut().toString(QKeySequence::NativeText),
                              slower_->shortcut().toString(QKeySequence::NativeText)));
}

QToolButton* TransportBar::makeButton(QAction* action) {
  auto* button = new QToolButton(this);
  QString name = action->objectName();
  button->setObjectName(name.replace(QStringLiteral("action"), QStringLiteral("button")));
  button->setDefaultAction(action);
  button->setAutoRaise(true);
  button->setFocusPolicy(Qt::TabFocus);  // a click leaves the focus, and with it the keys, where they were
  const int side = std::max(20, QFontMetrics(font()).height() * 5 / 4);
  button->setIconSize({side, side});
  button->setAccessibleName(action->text());
  return button;
}

QWidget* TransportBar::makeUnitButtons() {
  auto* box = new QWidget(this);
  box->setAccessibleName(tr("What a step is"));
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  unit_caption_ = new QLabel(tr("Step:"), box);
  unit_caption_->setContentsMargins(0, 0, 8, 0);
  layout->addWidget(unit_caption_);
  units_ = new QButtonGroup(this);
  for (int i = 0; i < static_cast<int>(unit_texts.size()); ++i) {
    const UnitText& text = unit_texts[static_cast<std::size_t>(i)];
    auto* button = new ChoiceButton(tr(text.one), box);
    button->setObjectName(QStringLiteral("unit_") + QLatin1String(text.one));
    button->setAccessibleName(tr("Step by %1").arg(tr(text.one)));
    button->installEventFilter(this);
    units_->addButton(button, i);
    layout->addWidget(button);
  }
  makeUnitActions();
  units_->button(static_cast<int>(StepUnit::Batch))->setChecked(true);
  takeUnit(static_cast<int>(StepUnit::Batch));
  connect(units_, &QButtonGroup::idToggled, this, [this](int unit, bool checked) {
    if (!checked) return;
    takeUnit(unit);
    showSpeed();
    if (workbench_->frame()) present(*workbench_->frame());
    playOn();
  });
  return box;
}

void TransportBar::takeUnit(int unit) {
  unit_actions_->actions().at(unit)->setChecked(true);
  // One stop for Tab: the unit that is chosen.
  for (QAbstractButton* button : units_->buttons()) {
    button->setFocusPolicy(units_->id(button) == unit ? Qt::TabFocus : Qt::NoFocus);
  }
}

bool TransportBar::eventFilter(QObject* watched, QEvent* event) {
  // Up and Down choose the unit; Left and Right are not the group's, since they step.
  auto* button = qobject_cast<QAbstractButton*>(watched);
  if (event->type() != QEvent::KeyPress || button == nullptr || units_->id(button) < 0) {
    return QWidget::eventFilter(watched, event);
  }
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Left || key == Qt::Key_Right) {
    event->ignore();
    return true;
  }
  if (key != Qt::Key_Up && key != Qt::Key_Down) return QWidget::eventFilter(watched, event);
  if (QAbstractButton* next = units_->button(units_->id(button) + (key == Qt::Key_Down ? 1 : -1))) {
    next->setChecked(true);
    next->setFocus(Qt::TabFocusReason);
  }
  return true;
}

QWidget* TransportBar::makeSpeed() {
  auto* box = new QWidget(this);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(8);
  speed_caption_ = new QLabel(tr("S&peed:"), box);
  speed_ = new QSlider(Qt::Horizontal, box);
  speed_->setObjectName(QStringLiteral("speedSlider"));
  speed_->setAccessibleName(tr("Speed"));
  speed_->setRange(0, speed_positions);
  speed_->setPageStep(10);
  speed_->setValue(speed_positions);
  speed_->setFocusPolicy(Qt::TabFocus);
  speed_caption_->setBuddy(speed_);
  makeSpeedActions();
  speed_text_ = new QLabel(box);
  speed_text_->setObjectName(QStringLiteral("speedText"));
  speed_text_->setFont(numberFont(TextSize::Normal));
  const QFontMetrics metrics(speed_text_->font());
  int widest = 0;
  for (const UnitText& unit : unit_texts) {
    widest = std::max(widest, metrics.horizontalAdvance(QStringLiteral("1,000 %1/s").arg(tr(unit.many))));
  }
  speed_text_->setMinimumWidth(widest + 2);
  layout->addWidget(speed_caption_);
  layout->addWidget(speed_);
  layout->addWidget(speed_text_);
  connect(speed_, &QSlider::valueChanged, this, [this] {
    showSpeed();
    playOn();
  });
  return box;
}

StepUnit TransportBar::unit() const { return static_cast<StepUnit>(units_->checkedId()); }

void TransportBar::setUnit(StepUnit unit) { units_->button(static_cast<int>(unit))->setChecked(true); }

double TransportBar::unitsPerSecond() const { return unitsPerSecondAt(speed_->value()); }

void TransportBar::setUnitsPerSecond(double units_per_second) { speed_->setValue(speedPositionOf(units_per_second)); }

void TransportBar::setPace(StepUnit unit, double units_per_second) {
  play_was_last_ = false;
  setUnit(unit);
  setUnitsPerSecond(units_per_second);
}

RunState TransportBar::state() const { return workbench_->frame() ? workbench_->frame()->state : RunState::Empty; }

void TransportBar::togglePlay() {
  if (state() == RunState::Playing) {
    workbench_->send(Pause{});
  } else {
    workbench_->send(Play{unit(), unitsPerSecond()});
  }
}

void TransportBar::step(StepUnit unit) { workbench_->send(Step{unit}); }

void TransportBar::stepBack() {
  const FramePtr& frame = workbench_->frame();
  if (frame && frame->lookup && frame->lookup->shown_step > 0) {
    workbench_->send(SeekLookup{frame->lookup->shown_step - 1});
  }
}

bool TransportBar::canGo(const Frame& frame) const {
  // The pass of the Lookup page needs no training that could go on, unless it is the training's own batch.
  const bool own_pass = frame.lookup && !frame.lookup->setup.follows_training() && unit() == StepUnit::Operation;
  return own_pass || frame.state == RunState::Paused || frame.state == RunState::Playing;
}

void TransportBar::playOn() {
  // A requested step also counts as playing; repeating Play then would run on past its end.
  if (state() == RunState::Playing && play_was_last_) workbench_->send(Play{unit(), unitsPerSecond()});
}

void TransportBar::follow(const Command& command) {
  if (const auto* play = std::get_if<Play>(&command)) {
    play_was_last_ = true;
    const QSignalBlocker no_unit(units_);
    const QSignalBlocker no_speed(speed_);
    setUnit(play->unit);
    takeUnit(static_cast<int>(play->unit));
    // A position stands for a span of speeds: one that already fits stays, so that a drag is not disturbed.
    if (unitsPerSecond() != play->units_per_second) setUnitsPerSecond(play->units_per_second);
    showSpeed();
  } else if (!std::holds_alternative<Watch>(command) && !std::holds_alternative<Project>(command) &&
             !std::holds_alternative<ShowLookup>(command)) {
    play_was_last_ = false;
  }
}

void TransportBar::showSpeed() {
  const UnitText& one = textOf(unit());
  const UnitText& larger = textOf(largerThan(unit()));
  speed_text_->setText(speedText(unitsPerSecond(), unit()));
  speed_->setAccessibleDescription(speed_text_->text());
  speed_->update();  // QSlider does not repaint by itself while its signals are blocked
  step_->setToolTip(tr("Go on by one %1, then stop (Right)").arg(tr(one.one)));
  step_large_->setToolTip(tr("Go on by one %1, then stop (Shift+Right)").arg(tr(larger.one)));
}

void TransportBar::presentPlay(bool playing, bool can_go) {
  QString tip = playing ? tr("Pause after the present batch (Space)") : tr("Train on until paused (Space)");
  if (state() == RunState::ViewOnly && !can_go)
    tip = tr("These factors were trained elsewhere: there are no ratings here to train on");
  if (playing == shows_pause_ && tip == play_->toolTip()) return;
  shows_pause_ = playing;
  play_->setIcon(themedIcon(playing ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setText(playing ? tr("Pause") : tr("Play"));
  play_->setToolTip(tip);
  if (auto* button = findChild<QToolButton*>(QStringLiteral("buttonPlay"))) button->setAccessibleName(play_->text());
}

void TransportBar::present(const Frame& frame) {
  const bool can_go = canGo(frame);
  play_->setEnabled(can_go);
  step_->setEnabled(can_go);
  step_large_->setEnabled(can_go);
  const bool begun = frame.progress.batches_done > 0 || frame.batch != nullptr;
  reset_->setEnabled(frame.lookup != nullptr || (frame.state != RunState::Empty && begun));
  step_back_->setEnabled(frame.lookup && frame.lookup->shown_step > 0);
  findChild<QToolButton*>(QStringLiteral("buttonStepBack"))->setVisible(frame.lookup != nullptr);
  presentPlay(frame.state == RunState::Playing, can_go);
  if (speed_text_->text().isEmpty()) showSpeed();
  QString text = formatPosition(frame);
  if (frame.state == RunState::Diverged) text = tr("stopped: the loss is no longer a number, %1").arg(text);
  position_->setText(text);
  // Room for the longest text of this run, so that nothing moves while the numbers grow.
  Frame last = {};
  last.state = RunState::Paused;
  last.ratings = frame.ratings;
  last.viewed = frame.viewed;
  last.settings.epochs = frame.settings.epochs;
  last.progress.epoch = frame.settings.epochs - 1;
  last.progress.batch = last.progress.batches_per_epoch = frame.progress.batches_per_epoch;
  const QFontMetrics metrics(position_->font());
  int room = metrics.horizontalAdvance(formatPosition(last)) + 4;
  if (frame.state == RunState::Finished) room = std::max(room, metrics.horizontalAdvance(text) + 4);
  if (room == position_room_) return;
  position_room_ = room;
  fitCaptions();
}

QSize TransportBar::minimumSizeHint() const {
  // As it is without what fitCaptions() takes away: else a window could never get so narrow that it does.
  QSize least = QWidget::minimumSizeHint();
  for (const QLabel* caption : {unit_caption_, speed_caption_}) {
    if (!caption->isHidden()) least.rwidth() -= caption->minimumSizeHint().width() + 8;
  }
  least.rwidth() -= std::max(0, speed_->minimumWidth() - sliderWidth() / 2);
  return least;
}

int TransportBar::sliderWidth() const { return std::max(120, QFontMetrics(font()).averageCharWidth() * 16); }

void TransportBar::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitCaptions();
}

void TransportBar::fitCaptions() {
  // When room is short the captions go, since their controls speak for themselves, and the slider shrinks.
  const int slider_width = sliderWidth();
  speed_->setFixedWidth(slider_width);
  int controls = 0;
  for (int i = 0; i < layout()->count() - 1; ++i)
    controls += layout()->itemAt(i)->sizeHint().width() + layout()->spacing();
  const QMargins margins = layout()->contentsMargins();
  int captions = 0;
  for (const QLabel* caption : {unit_caption_, speed_caption_}) {
    if (caption->isHidden()) captions += caption->sizeHint().width() + 8;
  }
  const bool fit = controls + captions + position_room_ + margins.left() + margins.right() <= width();
  for (QLabel* caption : {unit_caption_, speed_caption_}) caption->setVisible(fit);
  speed_->setFixedWidth(fit ? slider_width : slider_width / 2);
  if (fits_ == fit) return;
  fits_ = fit;
  for (const QLabel* caption : {unit_caption_, speed_caption_}) {
    // Before the bar is shown nobody else tells the layouts around it.
    caption->parentWidget()->layout()->invalidate();
    caption->parentWidget()->updateGeometry();
  }
}

}  // namespace rowlight
