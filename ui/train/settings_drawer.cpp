#include "ui/train/settings_drawer.h"

#include <QComboBox>
#include <QEvent>
#include <QFontMetrics>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>
#include <limits>
#include <utility>

#include "ui/common/format.h"
#include "ui/common/icons.h"
#include "ui/common/key_policy.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int most_threads = 1024;

// The shortest text that reads back as the same number.
QString exactText(double value) { return QString::number(value, 'g', QLocale::FloatingPointShortest); }
QString exactText(float value) {
  for (int digits = 1; digits < 9; ++digits) {
    const QString text = QString::number(static_cast<double>(value), 'g', digits);
    if (text.toFloat() == value) return text;
  }
  return QString::number(static_cast<double>(value), 'g', 9);
}

bool isFast(const TrainSettings& s) { return s.mode == TrainMode::Fast; }
bool isExact(const TrainSettings& s) { return !isFast(s); }
bool isSgd(const TrainSettings& s) { return isExact(s) && s.optimizer.kind == OptimizerKind::Sgd; }
bool isAdam(const TrainSettings& s) { return isExact(s) && has_betas(s.optimizer.kind); }
bool hasEps(const TrainSettings& s) { return isAdam(s) || (isExact(s) && s.optimizer.kind == OptimizerKind::Adagrad); }

bool askToStartOver(QWidget* parent, std::uint64_t batches) {
  QMessageBox box(QMessageBox::Question, SettingsDrawer::tr("Start over?"),
                  SettingsDrawer::tr("The model has been trained on %1. Starting over throws this state away.")
                      .arg(batches == 1 ? SettingsDrawer::tr("1 batch")
                                        : SettingsDrawer::tr("%1 batches").arg(formatCount(batches))),
                  QMessageBox::NoButton, parent);
  QPushButton* yes = box.addButton(SettingsDrawer::tr("&Start over"), QMessageBox::AcceptRole);
  QPushButton* no = box.addButton(SettingsDrawer::tr("&Keep training state"), QMessageBox::RejectRole);
  box.setDefaultButton(no);
  box.setEscapeButton(no);
  box.exec();
  return box.clickedButton() == yes;
}

}  // namespace

SettingsDrawer::SettingsDrawer(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), question_(askToStartOver) {
  setObjectName(QStringLiteral("settingsDrawer"));
  setAccessibleName(tr("Settings of the run"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setSpacing(8);
  layout->addWidget(makeHeader());
  layout->addWidget(makeForm(), 1);
  layout->addWidget(makeFooter());
  setMinimumWidth(QFontMetrics(font()).averageCharWidth() * 42);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
  connect(workbench_, &Workbench::presented, this, &SettingsDrawer::present);
  KeyPolicy::install();
  setSettings(base_);
  if (workbench_->frame()) present(*workbench_->frame());
}

QWidget* SettingsDrawer::makeHeader() {
  auto* header = new QWidget(this);
  auto* layout = new QHBoxLayout(header);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* title = new QLabel(tr("Settings"), header);
  title->setFont(textFont(TextSize::Large));
  auto* close = new QToolButton(header);
  close->setObjectName(QStringLiteral("settingsClose"));
  close->setIcon(themedIcon(QStringLiteral("close")));
  close->setAutoRaise(true);
  close->setToolTip(tr("Close the settings"));
  close->setAccessibleName(tr("Close the settings"));
  connect(close, &QToolButton::clicked, this, &SettingsDrawer::closeRequested);
  layout->addWidget(title);
  layout->addStretch(1);
  layout->addWidget(close);
  return header;
}

QWidget* SettingsDrawer::makeForm() {
  auto* area = new QScrollArea(this);
  area->setObjectName(QStringLiteral("settingsScroll"));
  area->setFrameShape(QFrame::NoFrame);
  area->setWidgetResizable(true);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setFocusPolicy(Qt::NoFocus);
  auto* content = new QWidget(area);
  form_ = new QFormLayout(content);
  form_->setContentsMargins(0, 0, area->verticalScrollBar()->sizeHint().width() + 4, 0);
  form_->setRowWrapPolicy(QFormLayout::WrapLongRows);
  form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  addModelFields();
  addRunFields();
  addOptimizerFields();
  addFastFields();
  addDataFields();
  area->setWidget(content);
  return area;
}

QWidget* SettingsDrawer::makeFooter() {
  auto* footer = new QWidget(this);
  auto* layout = new QVBoxLayout(footer);
  layout->setContentsMargins(0, 0, 0, 0);
  problem_ = new QLabel(footer);
  problem_->setObjectName(QStringLiteral("settingsProblem"));
  problem_->setTextFormat(Qt::PlainText);
  problem_->setWordWrap(true);
  problem_->hide();
  apply_ = new QPushButton(tr("&Apply and start over"), footer);
  apply_->setObjectName(QStringLiteral("settingsApply"));
  apply_->setToolTip(tr("Train with these settings, from the first batch (Alt+A)"));
  discard_ = new QPushButton(tr("&Discard changes"), footer);
  discard_->setObjectName(QStringLiteral("settingsDiscard"));
  discard_->setToolTip(tr("Back to the settings of the present run (Alt+D)"));
  layout->addWidget(problem_);
  layout->addWidget(apply_);
  layout->addWidget(discard_);
  connect(apply_, &QPushButton::clicked, this, &SettingsDrawer::apply);
  connect(discard_, &QPushButton::clicked, this, &SettingsDrawer::discard);
  return footer;
}

SettingsDrawer::Field& SettingsDrawer::addField(const QString& label, QWidget* editor, const char* name,
                                                const QString& tip) {
  auto* box = new QWidget;
  auto* layout = new QVBoxLayout(box);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(2);
  auto* problem = new QLabel(box);
  problem->setObjectName(QLatin1String(name) + QStringLiteral("Problem"));
  problem->setTextFormat(Qt::PlainText);
  problem->setWordWrap(true);
  problem->hide();
  layout->addWidget(editor);
  layout->addWidget(problem);
  editor->setObjectName(QLatin1String(name));
  editor->setAccessibleName(label);
  editor->setToolTip(tip);
  auto* caption = new QLabel(label, this);
  caption->setBuddy(editor);
  form_->addRow(caption, box);
  fields_.push_back({editor, problem, label, {}, {}, {}});
  return fields_.back();
}

void SettingsDrawer::addNumber(const QString& label, const char* name, const QString& tip,
                               const std::function<double&(TrainSettings&)>& member,
                               const std::function<bool(const TrainSettings&)>& applies) {
  auto* edit = new QLineEdit;
  edit->setFont(numberFont(TextSize::Normal));
  Field& field = addField(label, edit, name, tip);
  field.applies = applies;
  field.read = [edit, member](TrainSettings& s) {
    bool ok = false;
    const double value = edit->text().trimmed().toDouble(&ok);
    if (ok) member(s) = value;
    return ok;
  };
  field.write = [edit, member](const TrainSettings& s) {
    TrainSettings copy = s;
    edit->setText(exactText(member(copy)));
  };
  connect(edit, &QLineEdit::textEdited, this, &SettingsDrawer::onEdit);
}

void SettingsDrawer::addCount(const QString& label, const char* name, const QString& tip,
                              const std::function<std::int64_t(const TrainSettings&)>& get,
                              const std::function<void(TrainSettings&, std::int64_t)>& set) {
  auto* spin = new QSpinBox;
  spin->setFont(numberFont(TextSize::Normal));
  spin->setRange(1, std::numeric_limits<int>::max());
  spin->setGroupSeparatorShown(true);
  spin->setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
  spin->setStepType(QAbstractSpinBox::DefaultStepType);
  Field& field = addField(label, spin, name, tip);
  field.read = [spin, set](TrainSettings& s) {
    set(s, spin->value());
    return true;
  };
  field.write = [spin, get](const TrainSettings& s) { spin->setValue(static_cast<int>(get(s))); };
  connect(spin, &QSpinBox::valueChanged, this, &SettingsDrawer::onEdit);
}

QComboBox* SettingsDrawer::addChoice(const QString& label, const char* name, const QString& tip,
                                     const QStringList& choices, const std::function<int(const TrainSettings&)>& get,
                                     const std::function<void(TrainSettings&, int)>& set) {
  auto* combo = new QComboBox;
  combo->addItems(choices);
  Field& field = addField(label, combo, name, tip);
  field.read = [combo, set](TrainSettings& s) {
    set(s, combo->currentIndex());
    return true;
  };
  field.write = [combo, get](const TrainSettings& s) { combo->setCurrentIndex(get(s)); };
  connect(combo, &QComboBox::currentIndexChanged, this, &SettingsDrawer::onEdit);
  return combo;
}

void SettingsDrawer::addModelFields() {
  addChoice(
      tr("Mode"), "settingMode",
      tr("Exact: minibatches as PyTorch makes them, one operation after the other. Fast: alternating least squares "
         "for large sets, a whole table at a time"),
      {tr("Exact, by minibatches"), tr("Fast, by least squares")},
      [](const TrainSettings& s) { return static_cast<int>(s.mode); },
      [](TrainSettings& s, int i) { s.mode = static_cast<TrainMode>(i); });
  addChoice(
      tr("Model"), "settingModel", tr("How a prediction is made from a user row and a movie row"),
      {formatModel(ModelKind::Dot), formatModel(ModelKind::DotBias), formatModel(ModelKind::DotOneHot)},
      [](const TrainSettings& s) { return static_cast<int>(s.model); },
      [](TrainSettings& s, int i) { s.model = static_cast<ModelKind>(i); });
  addCount(
      tr("Factors"), "settingFactors", tr("Numbers in each row of the two tables"),
      [](const TrainSettings& s) { return static_cast<std::int64_t>(s.factors); },
      [](TrainSettings& s, std::int64_t n) { s.factors = static_cast<std::size_t>(n); });
  addChoice(
      tr("Range"), "settingRange", tr("The range that predictions are squeezed into"),
      {tr("Automatic"), tr("None"), tr("Given")}, [](const TrainSettings& s) { return static_cast<int>(s.range_mode); },
      [](TrainSettings& s, int i) { s.range_mode = static_cast<RangeMode>(i); });
  // Mode fast refuses a given range: here it can be taken back.
  fields_.back().applies = [](const TrainSettings& s) { return isExact(s) || s.range_mode == RangeMode::Given; };
  const auto add_end = [this](const QString& label, const char* name, float TrainSettings::*member) {
    auto* edit = new QLineEdit;
    edit->setFont(numberFont(TextSize::Normal));
    Field& field = addField(label, edit, name, tr("An end of the range of predictions"));
    field.read = [edit, member](TrainSettings& s) {
      bool ok = false;
      const float value = edit->text().trimmed().toFloat(&ok);
      if (ok) s.*member = value;
      return ok;
    };
    field.write = [edit, member](const TrainSettings& s) { edit->setText(exactText(s.*member)); };
    field.applies = [](const TrainSettings& s) { return isExact(s) && s.range_mode == RangeMode::Given; };
    connect(edit, &QLineEdit::textEdited, this, &SettingsDrawer::onEdit);
  };
  add_end(tr("Lowest prediction"), "settingRangeLow", &TrainSettings::range_low);
  add_end(tr("Highest prediction"), "settingRangeHigh", &TrainSettings::range_high);
}

void SettingsDrawer::addRunFields() {
  addCount(
      tr("Epochs"), "settingEpochs", tr("How often every rating of the training share is used"),
      [](const TrainSettings& s) { return static_cast<std::int64_t>(s.epochs); },
      [](TrainSettings& s, std::int64_t n) { s.epochs = static_cast<int>(n); });
  addCount(
      tr("Batch size"), "settingBatchSize", tr("Ratings in one batch"),
      [](const TrainSettings& s) { return static_cast<std::int64_t>(s.batch_size); },
      [](TrainSettings& s, std::int64_t n) { s.batch_size = static_cast<std::size_t>(n); });
  fields_.back().applies = isExact;
}

void SettingsDrawer::addFastFields() {
  addNumber(
      tr("Step length"), "settingFastStep", tr("The share of the way to the best row that a step goes; 1 is all of it"),
      [](TrainSettings& s) -> double& { return s.fast.step; }, isFast);
  addNumber(
      tr("Regularisation"), "settingFastRegularisation",
      tr("Pulls rows with few ratings towards zero; 1 is as much as the ratings themselves suggest"),
      [](TrainSettings& s) -> double& { return s.fast.regularisation; }, isFast);
}

void SettingsDrawer::addOptimizerFields() {
  QComboBox* kind = addChoice(
      tr("Optimizer"), "settingOptimizer", tr("The rule that moves the rows against their gradients"),
      {tr("SGD"), tr("Adagrad"), tr("Adam"), tr("AdamW"), tr("SparseAdam")},
      [](const TrainSettings& s) { return static_cast<int>(s.optimizer.kind); },
      [](TrainSettings& s, int i) { s.optimizer.kind = static_cast<OptimizerKind>(i); });
  // Before onEdit() would read the fields: those that still hold the other optimizer's default take the new one's.
  disconnect(kind, &QComboBox::currentIndexChanged, this, &SettingsDrawer::onEdit);
  connect(kind, &QComboBox::currentIndexChanged, this, &SettingsDrawer::onOptimizer);
  fields_.back().applies = isExact;
  addNumber(
      tr("Learning rate"), "settingLearningRate", tr("How far a step moves a row; the peak of a one-cycle schedule"),
      [](TrainSettings& s) -> double& { return s.optimizer.learning_rate; }, isExact);
  addNumber(
      tr("Momentum"), "settingMomentum", tr("The share of the last step that a step repeats; 0 for none"),
      [](TrainSettings& s) -> double& { return s.optimizer.momentum; }, isSgd);
  addNumber(
      tr("Beta 1"), "settingBeta1", tr("Memory of the mean of the gradients"),
      [](TrainSettings& s) -> double& { return s.optimizer.beta1; }, isAdam);
  addNumber(
      tr("Beta 2"), "settingBeta2", tr("Memory of the mean of the squared gradients"),
      [](TrainSettings& s) -> double& { return s.optimizer.beta2; }, isAdam);
  addNumber(
      tr("Epsilon"), "settingEps", tr("Keeps the division by small gradients in bounds"),
      [](TrainSettings& s) -> double& { return s.optimizer.eps; }, hasEps);
  addNumber(
      tr("Weight decay"), "settingWeightDecay", tr("Pulls every value towards zero"),
      [](TrainSettings& s) -> double& { return s.optimizer.weight_decay; }, isExact);
  addChoice(
      tr("Schedule"), "settingSchedule", tr("How the learning rate changes over the run"),
      {tr("Constant"), tr("One cycle")}, [](const TrainSettings& s) { return static_cast<int>(s.schedule); },
      [](TrainSettings& s, int i) { s.schedule = static_cast<ScheduleKind>(i); });
  fields_.back().applies = isExact;
}

void SettingsDrawer::addDataFields() {
  addNumber(tr("Validation share"), "settingValidShare", tr("The share of the ratings that is kept out of training"),
            [](TrainSettings& s) -> double& { return s.valid_share; });
  auto* seed = new QLineEdit;
  seed->setFont(numberFont(TextSize::Normal));
  Field& field = addField(tr("Seed"), seed, "settingSeed", tr("The same seed gives the same numbers again"));
  field.read = [seed](TrainSettings& s) {
    bool ok = false;
    const qulonglong value = seed->text().trimmed().toULongLong(&ok);
    if (ok) s.seed = value;
    return ok;
  };
  field.write = [seed](const TrainSettings& s) { seed->setText(QString::number(static_cast<qulonglong>(s.seed))); };
  connect(seed, &QLineEdit::textEdited, this, &SettingsDrawer::onEdit);
  addCount(
      tr("Threads"), "settingThreads",
      tr("Cores that train. They change the speed and no number; a run that is there keeps its own until it starts "
         "over"),
      [](const TrainSettings& s) { return static_cast<std::int64_t>(s.threads); },
      [](TrainSettings& s, std::int64_t n) { s.threads = static_cast<unsigned>(n); });
  qobject_cast<QSpinBox*>(fields_.back().editor)->setMaximum(most_threads);
}

std::optional<TrainSettings> SettingsDrawer::settings() const {
  TrainSettings out = base_;
  for (const Field& field : fields_) {
    // A field that is not shown cannot be mended: what does not read in it keeps the run's value.
    if (!field.read(out) && !(field.applies && !field.applies(last_read_))) return std::nullopt;
  }
  return out;
}

void SettingsDrawer::setSettings(const TrainSettings& settings) {
  writing_ = true;
  for (const Field& field : fields_) field.write(settings);
  optimizer_ = settings.optimizer.kind;
  writing_ = false;
  check();
}

bool SettingsDrawer::edited() const {
  const auto now = settings();
  return !now || *now != base_;
}

void SettingsDrawer::present(const Frame& frame) {
  const bool began = std::exchange(under_way_, frame.progress.batches_done > 0) != under_way_;
  if (frame.settings == base_) {
    if (began && edited()) check();  // what the button says may hang on it
    return;
  }
  const bool follow = !edited();
  base_ = frame.settings;
  if (follow) {
    setSettings(base_);
  } else {
    check();
  }
}

void SettingsDrawer::onEdit() {
  if (!writing_) check();
}

void SettingsDrawer::onOptimizer() {
  if (writing_) return;
  TrainSettings now = base_;
  for (const Field& field : fields_) (void)field.read(now);
  const OptimizerKind kind = now.optimizer.kind;
  const OptimizerSettings before = default_optimizer(std::exchange(optimizer_, kind));
  const OptimizerSettings after = default_optimizer(kind);
  const auto take = [&](double OptimizerSettings::*member) {
    if (now.optimizer.*member == before.*member) now.optimizer.*member = after.*member;
  };
  take(&OptimizerSettings::learning_rate);
  take(&OptimizerSettings::weight_decay);
  take(&OptimizerSettings::eps);
  setSettings(now);
}

QString SettingsDrawer::problemOf(const Field& field, const Error& error) const {
  // The field to blame is the one whose value alone is refused just so.
  TrainSettings probe = base_;
  probe.mode = last_read_.mode;  // it says which fields count
  if (!validate(probe)) {
    probe = TrainSettings{};
    probe.mode = last_read_.mode;
  }
  if (!field.read(probe)) return {};
  const auto verdict = validate(probe);
  return !verdict && verdict.error().what == error.what ? formatError(verdict.error()) : QString();
}

void SettingsDrawer::check() {
  last_read_ = base_;
  for (const Field& field : fields_) (void)field.read(last_read_);
  const auto now = settings();
  const auto verdict = now ? validate(*now) : Expected<void>{};
  bool placed = false;
  QPalette warning = palette();
  warning.setColor(QPalette::WindowText, warningColor(themeOf(warning)));
  for (const Field& field : fields_) {
    const bool applies = !field.applies || field.applies(last_read_);
    form_->setRowVisible(field.editor->parentWidget(), applies);
    QString problem;
    TrainSettings scratch = base_;
    if (applies && !field.read(scratch)) {
      const auto* edit = qobject_cast<const QLineEdit*>(field.editor);
      problem = tr("“%1” is not a number; enter one such as %2.")
                    .arg(edit ? edit->text() : QString(),
                         field.editor->objectName() == QStringLiteral("settingSeed") ? tr("42") : tr("0.005"));
    } else if (applies && now && !verdict) {
      problem = problemOf(field, verdict.error());
    }
    placed = placed || !problem.isEmpty();
    field.problem->setText(problem);
    field.problem->setPalette(warning);
    field.problem->setVisible(!problem.isEmpty());
    field.editor->setAccessibleDescription(problem.isEmpty() ? field.editor->toolTip() : problem);
  }
  const bool refused = now && !verdict;
  problem_->setText(refused && !placed ? formatError(verdict.error()) : QString());
  problem_->setPalette(warning);
  problem_->setVisible(refused && !placed);
  apply_->setEnabled(now && !refused && *now != base_);
  apply_->setText(!now || startsOver(*now) ? tr("&Apply and start over") : tr("&Apply"));
  discard_->setEnabled(edited());
}

bool SettingsDrawer::startsOver(const TrainSettings& settings) const {
  return settings == base_ || starts_afresh(base_, settings, under_way_);
}

void SettingsDrawer::apply() {
  const auto now = settings();
  if (!now || *now == base_ || !validate(*now)) return;
  const FramePtr& frame = workbench_->frame();
  const std::uint64_t batches = frame ? frame->progress.batches_done : 0;
  if (batches > 0 && startsOver(*now) && !question_(this, batches)) return;
  workbench_->send(Configure{*now});
}

void SettingsDrawer::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && apply_) check();
}

void SettingsDrawer::discard() { setSettings(base_); }

}  // namespace rowlight
