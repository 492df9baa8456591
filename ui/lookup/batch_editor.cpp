#include "ui/lookup/batch_editor.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include "ui/common/choice_button.h"
#include "ui/common/format.h"
#include "ui/common/live_label.h"
#include "ui/common/typography.h"
#include "ui/lookup/lookup_text.h"

namespace rowlight {

BatchEditor::BatchEditor(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("batchEditor"));
  setAccessibleName(tr("Table and batch"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(2);
  makeRow();
  problem_ = new FieldProblem(indices_, this);
  layout->addWidget(problem_);
}

void BatchEditor::makeRow() {
  auto* row = new QHBoxLayout;
  row->setSpacing(8);
  auto* table_caption = new QLabel(tr("&Table:"), this);
  source_ = new QComboBox(this);
  source_->setObjectName(QStringLiteral("lookupSource"));
  source_->setAccessibleName(tr("Table"));
  source_->setToolTip(tr("The toy is made for looking at; the others are the model's tables at their true size"));
  source_->addItems({tr("toy 6 × 3"), tr("user table"), tr("movie table")});
  table_caption->setBuddy(source_);
  auto* caption = new QLabel(tr("&Batch:"), this);
  indices_ = new QLineEdit(this);
  indices_->setObjectName(QStringLiteral("lookupIndices"));
  indices_->setAccessibleName(tr("Indices of the batch"));
  indices_->setToolTip(tr("The rows to look up, such as 2, 5, 2, 0; Enter takes them"));
  indices_->setFont(numberFont(TextSize::Normal));
  caption->setBuddy(indices_);
  follow_box_ = new QWidget(this);
  auto* follow_row = new QHBoxLayout(follow_box_);
  follow_row->setContentsMargins(0, 0, 0, 0);
  follow_row->setSpacing(0);
  follow_ = new QButtonGroup(this);
  const std::pair<QString, QString> texts[] = {
      {tr("training's"), tr("The pass is the training's next minibatch: the same table, rows and step")},
      {tr("my own"), tr("A batch of your own on a copy of the table; the training does not notice")}};
  for (int i = 0; i < 2; ++i) {
    auto* button = new ChoiceButton(texts[i].first, follow_box_);
    button->setObjectName(i == 0 ? QStringLiteral("followTraining") : QStringLiteral("ownBatch"));
    button->setToolTip(texts[i].second);
    button->setFocusPolicy(Qt::TabFocus);
    follow_->addButton(button, i);
    follow_row->addWidget(button);
  }
  follow_box_->hide();
  row->addWidget(table_caption);
  row->addWidget(source_);
  row->addWidget(caption);
  row->addWidget(indices_, 1);
  row->addWidget(follow_box_);
  static_cast<QVBoxLayout*>(layout())->addLayout(row);
  connect(source_, &QComboBox::activated, this, &BatchEditor::chooseSource);
  connect(indices_, &QLineEdit::editingFinished, this, &BatchEditor::takeIndices);
  connect(follow_, &QButtonGroup::idClicked, this, [this](int id) { chooseFollow(id == 0); });
}

void BatchEditor::setLive(const Live& live) {
  live_ = live;
  if (auto* model = qobject_cast<QStandardItemModel*>(source_->model())) {
    for (const Table table : {Table::Users, Table::Movies}) {
      model->item(1 + static_cast<int>(table))->setEnabled(live.rows[index_of(table)] > 0);
    }
  }
  showFollow();
}

void BatchEditor::showFollow() { follow_box_->setVisible(setup_.source != LookupSource::Toy && live_.trains); }

void BatchEditor::setView(std::shared_ptr<const LookupView> view) {
  const bool same = view_ && view && view_->setup == view->setup && view_->indices == view->indices;
  view_ = std::move(view);
  if (!view_ || same) return;
  setup_ = view_->setup;
  write();
}

void BatchEditor::write() {
  const bool follows = setup_.follows_training();
  const QSignalBlocker no_source(source_);
  source_->setCurrentIndex(static_cast<int>(setup_.source));
  QString text = listText(follows ? view_->indices : setup_.indices);
  if (follows && view_->positions > view_->indices.size()) {
    text += tr(", … %1 in all").arg(formatCount(view_->positions));
  }
  // What is being typed is not overwritten by a frame that only goes on.
  if (text != written_ || indices_->isReadOnly() != follows) {
    indices_->setText(text);
    indices_->setCursorPosition(0);
    written_ = text;
  }
  indices_->setReadOnly(follows);
  problem_->setProblem({});
  showFollow();
  follow_->button(follows ? 0 : 1)->setChecked(true);
}

void BatchEditor::chooseSource(int source) {
  const auto chosen = static_cast<LookupSource>(source);
  if (chosen == setup_.source) return;
  if (chosen == LookupSource::Toy) {
    emit setupEdited(LookupSetup{});
  } else {
    const std::size_t rows = live_.rows[index_of(chosen == LookupSource::Users ? Table::Users : Table::Movies)];
    emit setupEdited(live_.trains || rows == 0 ? live_setup(chosen) : own_setup(chosen, rows));
  }
}

void BatchEditor::chooseFollow(bool follow) {
  if (!view_ || follow == setup_.follows_training()) return;
  if (follow) {
    emit setupEdited(live_setup(setup_.source));
    return;
  }
  LookupSetup own = setup_;
  own.indices = view_->indices;
  if (own.indices.empty()) own.indices = {0};
  emit setupEdited(own);
}

void BatchEditor::takeIndices() {
  if (indices_->isReadOnly() || indices_->text() == written_) {
    if (!indices_->isReadOnly()) problem_->setProblem({});
    return;
  }
  QString bad;
  auto values = parseIndices(indices_->text(), &bad);
  if (!values) {
    problem_->setProblem(tr("“%1” is not an index; list row numbers such as 2, 5, 2, 0.").arg(bad));
    return;
  }
  if (values->empty()) {
    problem_->setProblem(tr("The batch is empty; list at least one row number."));
    return;
  }
  LookupSetup own = setup_;
  own.indices = std::move(*values);
  problem_->setProblem({});
  if (own != setup_) emit setupEdited(own);
}

bool BatchEditor::showError(const std::optional<Error>& error) {
  const bool mine = error && (error->field == "indices" || error->field == "source");
  if (mine) problem_->setProblem(formatError(*error));
  return mine;
}

void BatchEditor::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape && indices_->hasFocus()) {
    indices_->setText(written_);
    problem_->setProblem({});
    return;
  }
  QWidget::keyPressEvent(event);
}

}  // namespace rowlight
