#include "ui/lookup/option_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>

#include <array>
#include <cmath>
#include <utility>

#include "ui/common/format.h"
#include "ui/common/live_label.h"
#include "ui/common/typography.h"
#include "ui/lookup/lookup_text.h"

namespace rowlight {
namespace {

struct Choice {
  const char* name;
  OptimizerKind kind;
  double momentum;
};

constexpr std::array optimizers{
    Choice{"SGD", OptimizerKind::Sgd, 0},         Choice{"SGD, momentum 0.9", OptimizerKind::Sgd, 0.9},
    Choice{"Adagrad", OptimizerKind::Adagrad, 0}, Choice{"Adam", OptimizerKind::Adam, 0},
    Choice{"AdamW", OptimizerKind::AdamW, 0},     Choice{"SparseAdam", OptimizerKind::SparseAdam, 0},
};

int choiceOf(const OptimizerSettings& settings) {
  for (std::size_t i = 0; i < optimizers.size(); ++i) {
    const Choice& choice = optimizers[i];
    if (choice.kind == settings.kind && (choice.momentum > 0) == (settings.momentum > 0)) return static_cast<int>(i);
  }
  return 0;
}

QString notANumber(const QString& text, const char* example) {
  return OptionPanel::tr("“%1” is not a number; enter one such as %2.").arg(text, QLatin1String(example));
}

/// Reads a number or nothing; inf is one.
QString readNumber(const QString& text, std::optional<double>& into, const char* example) {
  const QString trimmed = text.trimmed();
  into.reset();
  if (trimmed.isEmpty()) return {};
  bool ok = false;
  const double value = trimmed == QStringLiteral("inf") ? INFINITY : trimmed.toDouble(&ok);
  if (!ok && !std::isinf(value)) return notANumber(trimmed, example);
  into = value;
  return {};
}

bool hasBag(const LookupSetup& setup) { return setup.bag.has_value(); }

}  // namespace

OptionPanel::OptionPanel(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("optionPanel"));
  setAccessibleName(tr("Options of the embedding"));
  auto* heading = new QLabel(tr("Options"), this);
  heading->setFont(textFont(TextSize::Large));
  following_ = new QLabel(tr("The pass is the training's own. To try options, choose a batch of your own."), this);
  following_->setObjectName(QStringLiteral("optionsFollow"));
  following_->setWordWrap(true);
  following_->hide();
  auto* area = new QScrollArea(this);
  area->setObjectName(QStringLiteral("optionScroll"));
  area->setFrameShape(QFrame::NoFrame);
  area->setWidgetResizable(true);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setFocusPolicy(Qt::NoFocus);
  auto* content = new QWidget(area);
  form_ = new QFormLayout(content);
  form_->setContentsMargins(0, 0, area->verticalScrollBar()->sizeHint().width() + 2, 0);
  form_->setVerticalSpacing(4);
  form_->setRowWrapPolicy(QFormLayout::DontWrapRows);
  form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  addBias();
  addTableOptions();
  addBagOptions();
  addOptimizer();
  area->setWidget(content);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setSpacing(8);
  layout->addWidget(heading);
  layout->addWidget(following_);
  layout->addWidget(area, 1);
  writeFields();
}

OptionPanel::Field& OptionPanel::addField(const QString& label, QWidget* editor, const char* name, const QString& tip) {
  editor->setObjectName(QStringLiteral("option_") + QLatin1String(name));
  editor->setAccessibleName(label);
  editor->setToolTip(tip);
  editor->setAccessibleDescription(tip);
  auto* box = new QWidget;
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* problem = new FieldProblem(editor, box);
  column->addWidget(editor);
  column->addWidget(problem);
  if (qobject_cast<QCheckBox*>(editor)) {
    form_->addRow(box);
  } else {
    auto* caption = new QLabel(label);
    caption->setToolTip(tip);
    caption->setBuddy(editor);
    form_->addRow(caption, box);
  }
  Field& field = fields_[name];
  field.editor = editor;
  field.problem = problem;
  return field;
}

QLineEdit* OptionPanel::addText(const QString& label, const char* name, const QString& tip, const QString& empty_text) {
  auto* edit = new QLineEdit;
  edit->setFont(numberFont(TextSize::Normal));
  edit->setPlaceholderText(empty_text);
  addField(label, edit, name, tip);
  connect(edit, &QLineEdit::editingFinished, this, &OptionPanel::edited);
  return edit;
}

QComboBox* OptionPanel::addChoice(const QString& label, const char* name, const QString& tip,
                                  const QStringList& choices) {
  auto* combo = new QComboBox;
  combo->addItems(choices);
  combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  addField(label, combo, name, tip);
  connect(combo, &QComboBox::currentIndexChanged, this, &OptionPanel::edited);
  return combo;
}

void OptionPanel::addSwitch(const QString& label, const char* name, const QString& tip,
                            bool EmbeddingOptions::*member) {
  auto* box = new QCheckBox(label);
  Field& field = addField(label, box, name, tip);
  field.read = [box, member](LookupSetup& setup) {
    setup.options.*member = box->isChecked();
    return QString();
  };
  field.write = [box, member](const LookupSetup& setup) { box->setChecked(setup.options.*member); };
  connect(box, &QCheckBox::toggled, this, &OptionPanel::edited);
}

void OptionPanel::addBias() {
  QComboBox* combo =
      addChoice(tr("bias"), "bias",
                tr("A shared vector or Linear's bias is added to every row alike; fastai's is one number for each row"),
                {tr("none"), tr("shared vector"), tr("Linear's"), tr("per row (fastai)")});
  Field& field = fields_["bias"];
  field.read = [combo](LookupSetup& setup) {
    setup.bias = static_cast<BiasKind>(combo->currentIndex());
    return QString();
  };
  field.write = [combo](const LookupSetup& setup) { combo->setCurrentIndex(static_cast<int>(setup.bias)); };
}

void OptionPanel::addTableOptions() {
  QLineEdit* padding = addText(tr("padding_idx"), "padding_idx",
                               tr("This row gets no gradient; looking it up returns whatever it holds"), tr("none"));
  fields_["padding_idx"].read = [padding](LookupSetup& setup) -> QString {
    const QString text = padding->text().trimmed();
    bool ok = text.isEmpty();
    const qlonglong value = ok ? 0 : text.toLongLong(&ok);
    if (!ok) return tr("“%1” is not a row number; enter one such as 0, or leave it empty.").arg(text);
    setup.options.padding_idx = text.isEmpty() ? std::nullopt : std::optional<std::int64_t>(value);
    return {};
  };
  fields_["padding_idx"].write = [padding](const LookupSetup& setup) {
    const auto& value = setup.options.padding_idx;
    padding->setText(value ? QString::number(*value) : QString());
  };
  addNorm();
  addSwitch(tr("scale_grad_by_freq"), "scale_grad_by_freq",
            tr("Divides each gradient by how often its row occurs in the batch"),
            &EmbeddingOptions::scale_grad_by_freq);
  addSwitch(tr("sparse"), "sparse", tr("Hands the gradient over as (indices, values), without the zeros"),
            &EmbeddingOptions::sparse);
  addSwitch(tr("freeze"), "freeze", tr("from_pretrained's default: no gradient, so the table stays as it is"),
            &EmbeddingOptions::freeze);
}

void OptionPanel::addNorm() {
  QLineEdit* most = addText(tr("max_norm"), "max_norm",
                            tr("Looked-up rows that are longer are shrunk in place, in the forward pass"), tr("off"));
  fields_["max_norm"].read = [most](LookupSetup& setup) {
    return readNumber(most->text(), setup.options.max_norm, "1.0");
  };
  fields_["max_norm"].write = [most](const LookupSetup& setup) {
    most->setText(setup.options.max_norm ? exactText(*setup.options.max_norm) : QString());
  };
  QLineEdit* type = addText(tr("norm_type"), "norm_type", tr("Which norm max_norm measures: 1, 2 or inf, say"), {});
  Field& field = fields_["norm_type"];
  field.read = [type](LookupSetup& setup) {
    std::optional<double> value;
    QString problem = readNumber(type->text(), value, "2");
    if (value) setup.options.norm_type = *value;
    return problem;
  };
  field.write = [type](const LookupSetup& setup) { type->setText(exactText(setup.options.norm_type)); };
  field.applies = [](const LookupSetup& setup) { return setup.options.max_norm.has_value(); };
}

void OptionPanel::addBagOptions() {
  QComboBox* mode = addChoice(tr("bag"), "mode", tr("Reduces the rows of each bag to one: EmbeddingBag"),
                              {tr("off"), tr("sum"), tr("mean"), tr("max")});
  fields_["mode"].read = [mode](LookupSetup& setup) {
    if (mode->currentIndex() == 0) {
      setup.bag.reset();
    } else {
      if (!setup.bag) setup.bag.emplace();
      setup.bag->mode = static_cast<BagMode>(mode->currentIndex() - 1);
    }
    return QString();
  };
  fields_["mode"].write = [mode](const LookupSetup& setup) {
    mode->setCurrentIndex(setup.bag ? static_cast<int>(setup.bag->mode) + 1 : 0);
  };
  QLineEdit* offsets = addText(tr("offsets"), "offsets", tr("Where in the indices each bag begins, such as 0, 2"), {});
  fields_["offsets"].read = [offsets](LookupSetup& setup) -> QString {
    if (!setup.bag) return {};
    QString bad;
    auto values = parseIndices(offsets->text(), &bad);
    if (!values) return tr("“%1” is not a place in the batch; list numbers such as 0, 2.").arg(bad);
    setup.bag->offsets = std::move(*values);
    return {};
  };
  fields_["offsets"].write = [offsets](const LookupSetup& setup) {
    offsets->setText(setup.bag ? listText(setup.bag->offsets) : QStringLiteral("0"));
  };
  auto* last = new QCheckBox(tr("include_last_offset"));
  Field& field = addField(last->text(), last, "include_last_offset", tr("The last offset is the end of the last bag"));
  field.read = [last](LookupSetup& setup) {
    if (setup.bag) setup.bag->include_last_offset = last->isChecked();
    return QString();
  };
  field.write = [last](const LookupSetup& setup) { last->setChecked(setup.bag && setup.bag->include_last_offset); };
  connect(last, &QCheckBox::toggled, this, &OptionPanel::edited);
  QLineEdit* weights = addText(tr("sample weights"), "per_sample_weights",
                               tr("per_sample_weights: one factor for each index; with sum only"), tr("none"));
  fields_["per_sample_weights"].read = [weights](LookupSetup& setup) -> QString {
    if (!setup.bag) return {};
    QString bad;
    auto values = parseWeights(weights->text(), &bad);
    if (!values) return tr("“%1” is not a number; list one for each index, such as 1, 0.5.").arg(bad);
    setup.bag->per_sample_weights = std::move(*values);
    return {};
  };
  fields_["per_sample_weights"].write = [weights](const LookupSetup& setup) {
    weights->setText(setup.bag ? listText(setup.bag->per_sample_weights) : QString());
  };
  for (const char* name : {"offsets", "include_last_offset", "per_sample_weights"}) fields_[name].applies = hasBag;
}

void OptionPanel::addOptimizer() {
  QStringList names;
  for (const Choice& choice : optimizers) names << QLatin1String(choice.name);
  QComboBox* combo = addChoice(tr("optimizer"), "optimizer",
                               tr("Moves the table in step 16; dense Adam and momentum also move rows that were not "
                                  "looked up, SparseAdam never does"),
                               names);
  fields_["optimizer"].read = [combo](LookupSetup& setup) {
    const Choice& choice = optimizers[static_cast<std::size_t>(combo->currentIndex())];
    if (choiceOf(setup.optimizer) == combo->currentIndex()) return QString();
    const double rate = setup.optimizer.learning_rate;
    setup.optimizer = default_optimizer(choice.kind);
    setup.optimizer.learning_rate = rate;
    setup.optimizer.momentum = choice.momentum;
    return QString();
  };
  fields_["optimizer"].write = [combo](const LookupSetup& setup) { combo->setCurrentIndex(choiceOf(setup.optimizer)); };
  QLineEdit* rate = addText(tr("learning rate"), "lr", tr("How far the optimizer step moves a row"), {});
  fields_["lr"].read = [rate](LookupSetup& setup) -> QString {
    bool ok = false;
    const double value = rate->text().trimmed().toDouble(&ok);
    if (!ok) return notANumber(rate->text(), "0.1");
    setup.optimizer.learning_rate = value;
    return {};
  };
  fields_["lr"].write = [rate](const LookupSetup& setup) { rate->setText(exactText(setup.optimizer.learning_rate)); };
}

std::optional<LookupSetup> OptionPanel::setup() {
  LookupSetup out = setup_;
  bool readable = true;
  // The bag's mode decides whether there is a bag to read the rest into, so it comes first.
  fields_["mode"].read(out);
  for (auto& [name, field] : fields_) {
    const QString problem = field.read(out);
    const bool matters = !field.applies || field.applies(out);
    field.problem->setProblem(matters ? problem : QString());
    readable = readable && (problem.isEmpty() || !matters);
  }
  return readable ? std::optional(out) : std::nullopt;
}

void OptionPanel::edited() {
  if (writing_) return;
  const auto now = setup();
  showApplicable();
  if (now && *now != setup_) emit setupEdited(*now);
}

void OptionPanel::setSetup(const LookupSetup& setup) {
  if (written_ && setup == setup_) return;
  setup_ = setup;
  written_ = true;
  writeFields();
}

void OptionPanel::writeFields() {
  writing_ = true;
  for (auto& [name, field] : fields_) {
    field.write(setup_);
    field.problem->setProblem({});
    field.editor->setEnabled(!setup_.follows_training());
  }
  writing_ = false;
  following_->setVisible(setup_.follows_training());
  showApplicable();
}

void OptionPanel::showApplicable() {
  LookupSetup typed = setup_;
  fields_["mode"].read(typed);
  fields_["max_norm"].read(typed);
  for (auto& [name, field] : fields_) {
    if (field.applies) form_->setRowVisible(field.editor->parentWidget(), field.applies(typed));
  }
}

bool OptionPanel::showError(const std::optional<Error>& error) {
  if (!error) return false;
  // "learning rate" and the like are told by the optimizer's own check, which names no field.
  const std::string key = error->field.empty() ? "optimizer" : error->field;
  const auto found = fields_.find(key);
  if (found == fields_.end()) return false;
  found->second.problem->setProblem(formatError(*error));
  return true;
}

}  // namespace rowlight
