#include "ui/data/guess_form.h"

#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QScrollBar>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>
#include <utility>

#include "ui/common/live_label.h"
#include "ui/common/typography.h"
#include "ui/data/report_text.h"

namespace rowlight {
namespace {

QString nameOf(Guess guess) {
  QString name = QStringLiteral("guess");
  for (const QString& part : optionOf(guess).split(u'-')) name += part.left(1).toUpper() + part.mid(1);
  return name;
}

QString autoText(const QString& detected) {
  return detected.isEmpty() ? GuessForm::tr("auto") : GuessForm::tr("auto (%1)").arg(detected);
}

// What may be typed for a delimiter, as the text that it stands for.
QString typedDelimiter(const QString& text) {
  if (text == GuessForm::tr("auto") || text.startsWith(autoText({}) + QStringLiteral(" ("))) return {};
  for (const QString& choice : choicesOf(Guess::Delimiter)) {
    if (text.compare(shownValue(Guess::Delimiter, choice), Qt::CaseInsensitive) == 0) return choice;
  }
  return text == QLatin1String("\\t") ? QStringLiteral("\t") : text;
}

void setQuiet(QLabel* label) {
  label->setForegroundRole(QPalette::PlaceholderText);
  label->setFont(textFont(TextSize::Small));
}

}  // namespace

GuessForm::GuessForm(QWidget* parent) : QScrollArea(parent) {
  setObjectName(QStringLiteral("guessForm"));
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::NoFocus);
  auto* content = new QWidget;
  setWidget(content);
  rows_ = new QVBoxLayout(content);
  rows_->setContentsMargins(0, 0, 8, 0);
  // Label above field, so that the sentences of evidence have the whole width.
  rows_->setSpacing(2);
  fields_.reserve(std::size(all_guesses));
  addFields();
  rows_->addStretch(1);
  setMinimumWidth(QFontMetrics(font()).averageCharWidth() * 30);
}

void GuessForm::addFields() {
  addChoice(Guess::Format, tr("What kind of rating file this is"));
  addDelimiter();
  addText(Guess::Columns, tr("The columns in the file's order, such as user,item,rating,time; - skips one"));
  addChoice(Guess::Header, tr("Whether the first line names the columns"));
  addSkipLines();
  addChoice(Guess::Encoding, tr("How the bytes of the file spell letters"));
  addText(Guess::Scale, tr("The lowest and the highest rating that can be given, such as 1:5"));
  addText(Guess::Missing, tr("A rating that means: not rated, such as 0"));
  addChoice(Guess::Duplicates, tr("Which rating counts where a user rated an item more than once"));
  addItems();
  addText(Guess::MaxBadLines, tr("Fail when more lines than this do not fit"));
}

GuessForm::Field& GuessForm::addField(Guess guess, QWidget* editor, QWidget* row, const QString& tip) {
  editor->setObjectName(nameOf(guess));
  editor->setAccessibleName(labelOf(guess));
  editor->setToolTip(tip);
  editor->setFocusPolicy(Qt::StrongFocus);
  editor->installEventFilter(this);
  auto* caption = new QLabel(labelOf(guess), widget());
  caption->setBuddy(editor);
  auto* evidence = new QLabel(widget());
  evidence->setObjectName(nameOf(guess) + QStringLiteral("Evidence"));
  evidence->setTextFormat(Qt::PlainText);
  evidence->setWordWrap(true);
  setQuiet(evidence);
  evidence->hide();
  auto* problem = new FieldProblem(editor, widget());
  rows_->addWidget(caption);
  rows_->addWidget(row);
  rows_->addWidget(problem);
  rows_->addWidget(evidence);
  rows_->addSpacing(10);
  Field& field = fields_.emplace_back();
  field.guess = guess;
  field.editor = editor;
  field.evidence = evidence;
  field.problem = problem;
  return field;
}

void GuessForm::addChoice(Guess guess, const QString& tip) {
  auto* combo = new QComboBox;
  // A default is a choice of its own for duplicates: nothing there is detected.
  const bool detected = guess != Guess::Duplicates;
  if (detected) combo->addItem(autoText({}), QString());
  for (const QString& value : choicesOf(guess)) combo->addItem(shownValue(guess, value), value);
  if (!detected) combo->setItemData(0, QString());
  // A long choice must not make the column of fields wide.
  combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  combo->setMinimumContentsLength(8);
  Field& field = addField(guess, combo, combo, tip);
  field.read = [combo] { return combo->currentData().toString(); };
  field.write = [combo](const QString& value) {
    int at = combo->findData(value);
    if (at < 0) {
      // What the list does not know is shown, so that the error about it has a place.
      combo->addItem(value, value);
      at = combo->count() - 1;
    }
    combo->setCurrentIndex(at);
  };
  field.showDetected = [combo, detected](const QString& value) {
    if (detected) combo->setItemText(0, autoText(value));
  };
  connect(combo, &QComboBox::currentIndexChanged, this, [this, guess] { onEdit(guess); });
}

void GuessForm::addDelimiter() {
  auto* combo = new QComboBox;
  combo->setEditable(true);
  combo->setInsertPolicy(QComboBox::NoInsert);
  combo->setCompleter(nullptr);
  combo->addItem(autoText({}));
  for (const QString& value : choicesOf(Guess::Delimiter)) combo->addItem(shownValue(Guess::Delimiter, value));
  combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  combo->setMinimumContentsLength(8);
  Field& field = addField(Guess::Delimiter, combo, combo, tr("The text between two fields; choose or type it"));
  field.read = [combo] { return typedDelimiter(combo->currentText()); };
  field.write = [combo](const QString& value) {
    if (value.isEmpty()) {
      combo->setCurrentIndex(0);
      combo->setEditText(combo->itemText(0));
      return;
    }
    const QString shown = shownValue(Guess::Delimiter, value);
    combo->setCurrentIndex(combo->findText(shown));
    combo->setEditText(shown);
  };
  field.showDetected = [combo, read = field.read](const QString& value) {
    const bool automatic = read().isEmpty();
    const bool emptied = combo->currentText().isEmpty();
    combo->setItemText(0, autoText(value));
    if (automatic && !emptied) combo->setEditText(combo->itemText(0));
  };
  connect(combo, &QComboBox::editTextChanged, this, [this] { onEdit(Guess::Delimiter); });
  connect(combo->lineEdit(), &QLineEdit::editingFinished, this, &GuessForm::finished);
}

void GuessForm::addText(Guess guess, const QString& tip) {
  auto* edit = new QLineEdit;
  edit->setPlaceholderText(guess == Guess::Missing ? tr("none") : autoText({}));
  Field& field = addField(guess, edit, edit, tip);
  field.read = [edit] { return edit->text().trimmed(); };
  field.write = [edit](const QString& value) { edit->setText(value); };
  field.showDetected = [edit, guess](const QString& value) {
    if (guess != Guess::Missing) edit->setPlaceholderText(autoText(value));
  };
  connect(edit, &QLineEdit::textChanged, this, [this, guess] { onEdit(guess); });
  connect(edit, &QLineEdit::editingFinished, this, &GuessForm::finished);
}

void GuessForm::addSkipLines() {
  auto* spin = new QSpinBox;
  spin->setRange(0, std::numeric_limits<int>::max());
  spin->setGroupSeparatorShown(true);
  spin->setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
  spin->setSpecialValueText(tr("none"));
  Field& field = addField(Guess::SkipLines, spin, spin, tr("Lines of prose before the data"));
  field.read = [spin] { return spin->value() > 0 ? QString::number(spin->value()) : QString(); };
  field.write = [spin](const QString& value) {
    constexpr qulonglong most = std::numeric_limits<int>::max();
    spin->setValue(static_cast<int>(std::min(value.toULongLong(), most)));
  };
  field.showDetected = [](const QString&) {};
  connect(spin, &QSpinBox::valueChanged, this, [this] { onEdit(Guess::SkipLines); });
  connect(spin, &QSpinBox::editingFinished, this, &GuessForm::finished);
}

void GuessForm::addItems() {
  auto* row = new QWidget;
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* edit = new QLineEdit(row);
  edit->setPlaceholderText(autoText({}));
  auto* browse = new QPushButton(tr("Choose…"), row);
  browse->setObjectName(QStringLiteral("guessItemsChoose"));
  browse->setAccessibleName(tr("Choose the title file"));
  layout->addWidget(edit, 1);
  layout->addWidget(browse);
  Field& field = addField(Guess::Items, edit, row, tr("The file with the titles of the items"));
  field.read = [edit] { return edit->text().trimmed(); };
  field.write = [edit](const QString& value) { edit->setText(value); };
  field.showDetected = [edit](const QString& value) { edit->setPlaceholderText(autoText(value)); };
  connect(edit, &QLineEdit::textChanged, this, [this] { onEdit(Guess::Items); });
  connect(edit, &QLineEdit::editingFinished, this, &GuessForm::finished);
  connect(browse, &QPushButton::clicked, this, &GuessForm::chooseItems);
}

void GuessForm::chooseItems() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open titles"), fieldOf(Guess::Items).read());
  if (!path.isEmpty()) choose(Guess::Items, path);
}

GuessForm::Field& GuessForm::fieldOf(Guess guess) {
  return *std::find_if(fields_.begin(), fields_.end(), [guess](const Field& field) { return field.guess == guess; });
}

void GuessForm::onEdit(Guess guess) {
  if (writing_) return;
  last_ = guess;
  Field& field = fieldOf(guess);
  ReadOptions ignored;
  field.problem->setProblem(setValue(guess, field.read(), ignored) ? QString() : mistakeOf(guess));
  emit changed();
}

QString GuessForm::mistakeOf(Guess guess) {
  switch (guess) {
    case Guess::Scale: return tr("Write the lowest and the highest rating, such as 1:5.");
    case Guess::Missing: return tr("Write a number, such as 0.");
    case Guess::MaxBadLines: return tr("Write a number of lines, such as 1000.");
    default: return tr("This is not a value of the option.");
  }
}

std::optional<ReadOptions> GuessForm::options() const {
  ReadOptions options;
  for (const Field& field : fields_) {
    if (!setValue(field.guess, field.read(), options)) return {};
  }
  return options;
}

void GuessForm::setOptions(const ReadOptions& options) {
  writing_ = true;
  for (const Field& field : fields_) {
    field.write(valueOf(field.guess, options));
    field.showDetected({});
    field.evidence->hide();
  }
  writing_ = false;
  last_.reset();
  clearProblems();
}

bool GuessForm::choose(Guess guess, const QString& value) {
  ReadOptions ignored;
  if (!setValue(guess, value, ignored)) return false;
  writing_ = true;
  fieldOf(guess).write(value == QLatin1String("\\t") ? QStringLiteral("\t") : value);
  writing_ = false;
  onEdit(guess);
  return true;
}

void GuessForm::showReport(const ReadOptions& options, const LoadReport& report) {
  writing_ = true;
  for (const Field& field : fields_) {
    // What was given is no detection: the field keeps what was detected before.
    if (!isGiven(field.guess, options)) field.showDetected(detectedValue(field.guess, report));
    const QString why = evidenceOf(field.guess, report);
    field.evidence->setText(breakable(why));
    field.evidence->setVisible(!why.isEmpty());
    field.editor->setAccessibleDescription(why.isEmpty() ? field.editor->toolTip() : why);
  }
  writing_ = false;
}

void GuessForm::showProblem(Guess guess, const QString& sentence) {
  for (const Field& field : fields_) field.problem->setProblem(field.guess == guess ? sentence : QString());
  if (!sentence.isEmpty()) ensureWidgetVisible(fieldOf(guess).problem);
}

void GuessForm::clearProblems() {
  for (const Field& field : fields_) field.problem->setProblem({});
}

void GuessForm::focusOn(Guess guess) {
  QWidget* editor = fieldOf(guess).editor;
  editor->setFocus(Qt::OtherFocusReason);
  ensureWidgetVisible(editor);
}

bool GuessForm::eventFilter(QObject* watched, QEvent* event) {
  // Scrolling the form with the wheel must not change the field that comes by under the pointer.
  if (event->type() == QEvent::Wheel && watched->isWidgetType() && !static_cast<QWidget*>(watched)->hasFocus() &&
      watched != viewport()) {
    event->ignore();
    return true;
  }
  return QScrollArea::eventFilter(watched, event);
}

void GuessForm::changeEvent(QEvent* event) {
  QScrollArea::changeEvent(event);
  if (event->type() != QEvent::FontChange) return;
  for (const Field& field : fields_) field.evidence->setFont(textFont(TextSize::Small));
}

}  // namespace rowlight
