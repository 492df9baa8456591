#include "ui/lookup/prediction_card.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpressionValidator>

#include <array>

#include "ui/common/format.h"
#include "ui/common/live_label.h"
#include "ui/common/typography.h"

namespace rowlight {
namespace {

struct Question {
  LookupStep step;
  const char* text;
  std::optional<std::uint64_t> (*answer)(const LookupView&);
};

const StepTrace* traceOf(const LookupView& view, LookupStep step) {
  const auto at = static_cast<std::size_t>(step) - 1;
  return at < view.trace.size() && view.trace[at].ran ? &view.trace[at] : nullptr;
}

constexpr std::array questions{
    Question{LookupStep::Matmul, "The product comes next. How many of its multiplies are by zero?",
             [](const LookupView& view) -> std::optional<std::uint64_t> {
               const StepTrace* trace = traceOf(view, LookupStep::Matmul);
               if (!trace || !trace->one_hot) return std::nullopt;
               return trace->one_hot->multiplies_by_zero;
             }},
    Question{LookupStep::LookUp, "The lookup comes next. How many multiplies does it take?",
             [](const LookupView& view) -> std::optional<std::uint64_t> {
               const StepTrace* trace = traceOf(view, LookupStep::LookUp);
               if (!trace || !trace->lookup) return std::nullopt;
               return trace->lookup->multiplies;
             }},
    Question{LookupStep::ScatterAdd, "The scatter-add comes next. How many adds does it take?",
             [](const LookupView& view) -> std::optional<std::uint64_t> {
               const StepTrace* trace = traceOf(view, LookupStep::ScatterAdd);
               if (!trace || !trace->lookup) return std::nullopt;
               return trace->lookup->adds;
             }},
    Question{LookupStep::SparseGradient, "How many rows of the gradient are left when duplicates are summed?",
             [](const LookupView& view) -> std::optional<std::uint64_t> {
               if (!traceOf(view, LookupStep::SparseGradient)) return std::nullopt;
               return view.coalesced_entries;
             }},
    Question{LookupStep::OptimizerStep, "The optimizer comes next. How many rows of the table will move?",
             [](const LookupView& view) -> std::optional<std::uint64_t> {
               if (!traceOf(view, LookupStep::OptimizerStep)) return std::nullopt;
               return view.rows_moved;
             }},
};

const Question* questionOf(int step) {
  for (const Question& question : questions) {
    if (static_cast<int>(question.step) == step) return &question;
  }
  return nullptr;
}

}  // namespace

PredictionCard::PredictionCard(QWidget* parent) : QFrame(parent) {
  setObjectName(QStringLiteral("predictionCard"));
  setAccessibleName(tr("Predict, then reveal"));
  setFrameShape(QFrame::NoFrame);
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::AlternateBase);
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(8, 4, 8, 4);
  text_ = new LiveLabel(1, this);
  text_->setObjectName(QStringLiteral("predictionText"));
  QFont bold = textFont(TextSize::Normal);
  bold.setBold(true);
  text_->setFont(bold);
  field_ = new QLineEdit(this);
  field_->setObjectName(QStringLiteral("predictionField"));
  field_->setAccessibleName(tr("Your prediction"));
  field_->setFont(numberFont(TextSize::Normal));
  field_->setAlignment(Qt::AlignRight);
  field_->setFixedWidth(QFontMetrics(field_->font()).averageCharWidth() * 16);
  field_->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9,]{1,20}")), field_));
  button_ = new QPushButton(tr("&Reveal"), this);
  button_->setObjectName(QStringLiteral("predictionReveal"));
  button_->setToolTip(tr("Run the step and compare (Enter)"));
  button_->setAutoDefault(false);
  score_ = new QLabel(this);
  score_->setObjectName(QStringLiteral("predictionScore"));
  score_->setFont(numberFont(TextSize::Normal));
  layout->addWidget(text_, 1);
  layout->addWidget(field_);
  layout->addWidget(button_);
  layout->addWidget(score_);
  connect(field_, &QLineEdit::returnPressed, this, &PredictionCard::take);
  connect(button_, &QPushButton::clicked, this, &PredictionCard::take);
  text_->say(tr("You will be asked before some of the steps."));
  field_->setEnabled(false);
  button_->setEnabled(false);
  showScore();
}

void PredictionCard::take() {
  if (!asking()) return;
  bool ok = false;
  const qulonglong value = QString(field_->text()).remove(u',').toULongLong(&ok);
  if (!ok) {
    text_->say(tr("Enter a whole number first."));
    return;
  }
  guess_ = value;
  field_->setEnabled(false);
  button_->setEnabled(false);
  emit answerGiven();
}

void PredictionCard::setView(const LookupView& view) {
  if (asked_ != 0 && view.pass == pass_ && view.shown_step >= asked_) reveal(view);
  const int next = view.shown_step + 1;
  const Question* question = questionOf(next);
  if (asked_ != 0 && (view.pass != pass_ || asked_ != next)) {  // went elsewhere
    asked_ = 0;
    guess_.reset();
    field_->setEnabled(false);
    button_->setEnabled(false);
  }
  // What has been computed already would be no prediction, and without a one-hot matrix there is nothing to ask.
  const bool possible = question && (question->step != LookupStep::Matmul || view.verdict.one_hot_possible);
  if (!possible || asked_ != 0 || view.computed_step >= next) return;
  asked_ = next;
  pass_ = view.pass;
  guess_.reset();
  text_->say(tr(question->text));
  field_->clear();
  field_->setEnabled(true);
  button_->setEnabled(true);
  if (isVisible()) field_->setFocus();
  emit questionAsked();
}

void PredictionCard::reveal(const LookupView& view) {
  const Question* question = questionOf(asked_);
  const auto truth = question ? question->answer(view) : std::nullopt;
  if (truth && guess_) {
    ++answered_;
    const bool hit = *guess_ == *truth;
    right_ += hit ? 1 : 0;
    text_->say(hit ? tr("✔ Right: %1.").arg(formatCount(*truth))
                   : tr("✘ It was %1; you said %2.").arg(formatCount(*truth), formatCount(*guess_)));
  } else if (truth) {
    text_->say(tr("It was %1.").arg(formatCount(*truth)));
  } else {
    text_->say(tr("That step had nothing to do here."));
  }
  asked_ = 0;
  guess_.reset();
  field_->setEnabled(false);
  button_->setEnabled(false);
  showScore();
}

void PredictionCard::showScore() { score_->setText(tr("score: %1 of %2").arg(right_).arg(answered_)); }

}  // namespace rowlight
