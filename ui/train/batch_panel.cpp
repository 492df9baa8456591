#include "ui/train/batch_panel.h"

#include <QFontMetrics>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/common/format.h"
#include "ui/common/row_table.h"
#include "ui/common/typography.h"
#include "ui/train/batch_model.h"

namespace rowlight {
namespace {

constexpr int visible_rows = 4;
constexpr int update_ms = 100;
constexpr int facts_letters = 56;  // width of the column of facts: two lines hold any sentence

QString textOf(std::string_view utf8) { return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size())); }

int rowHeight() { return QFontMetrics(numberFont(TextSize::Normal)).height() + 6; }

void setIfNew(QLabel* label, const QString& text) {
  if (label->text() != text) label->setText(text);
}

}  // namespace

BatchPanel::BatchPanel(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), throttle_(update_ms, [this] { showFrame(); }) {
  setObjectName(QStringLiteral("batchPanel"));
  setAccessibleName(tr("Current batch"));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setSpacing(16);
  facts_box_ = makeFacts();
  layout->addWidget(facts_box_);
  makeTable();
  layout->addWidget(table_, 1);
  connect(workbench_, &Workbench::presented, this, &BatchPanel::present);
  showFrame();
}

QSize BatchPanel::sizeHint() const {
  const int header = table_->horizontalHeader()->sizeHint().height();
  return {QWidget::sizeHint().width(), std::max(header + visible_rows * rowHeight() + 20, factsHeight())};
}

QSize BatchPanel::minimumSizeHint() const {
  return {QWidget::minimumSizeHint().width(), std::max(table_->minimumHeight() + 16, factsHeight())};
}

int BatchPanel::factsHeight() const {
  // Room for the longest sentence, so that none is cut and nothing moves from operation to operation.
  const QFontMetrics text(sentence_->font());
  int sentence = 0;
  for (int i = 0; i < batch_stage_count; ++i) {
    const QRect box(0, 0, facts_letters * QFontMetrics(font()).averageCharWidth(), QWIDGETSIZE_MAX);
    const QString words = textOf(sentence_of(static_cast<BatchStage>(i)));
    sentence = std::max(sentence, text.boundingRect(box, Qt::TextWordWrap, words).height());
  }
  const int spacing = facts_box_->layout()->spacing();
  return QFontMetrics(title_->font()).height() + 2 * QFontMetrics(facts_->font()).height() +
         QFontMetrics(operation_->font()).height() + sentence + 4 * spacing + 16;
}

QWidget* BatchPanel::makeFacts() {
  auto* box = new QWidget(this);
  auto* layout = new QVBoxLayout(box);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  const auto add = [&](const char* name, const QFont& font) {
    auto* label = new QLabel(box);
    label->setObjectName(QLatin1String(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setFont(font);
    layout->addWidget(label);
    return label;
  };
  QFont heading = numberFont(TextSize::Large);
  heading.setWeight(QFont::DemiBold);
  QFont bold = textFont(TextSize::Normal);
  bold.setBold(true);
  title_ = add("batchTitle", heading);
  facts_ = add("batchFacts", numberFont(TextSize::Normal));
  operation_ = add("batchOperation", bold);
  sentence_ = add("batchSentence", textFont(TextSize::Normal));
  layout->addStretch(1);
  return box;
}

void BatchPanel::makeTable() {
  model_ = new BatchModel(this);
  table_ = makeRowTable(model_, "batchTable", tr("Ratings of the batch"), this);
  table_->setTextElideMode(Qt::ElideMiddle);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setItemDelegateForColumn(BatchModel::ErrorColumn, new ErrorDelegate(table_));
  table_->setFont(numberFont(TextSize::Normal));
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  table_->verticalHeader()->setDefaultSectionSize(rowHeight());
  QHeaderView* header = table_->horizontalHeader();
  header->setHighlightSections(false);
  header->setSectionResizeMode(QHeaderView::Fixed);
  header->setSectionResizeMode(BatchModel::Movie, QHeaderView::Stretch);
  const int digit = QFontMetrics(table_->font()).horizontalAdvance(u'0');
  header->resizeSection(BatchModel::User, digit * 10);
  header->resizeSection(BatchModel::Rating, digit * 9);
  header->resizeSection(BatchModel::Score, digit * 9);
  header->resizeSection(BatchModel::Prediction, digit * 13);
  header->resizeSection(BatchModel::ErrorColumn, digit * 26);
  table_->setMinimumHeight(header->sizeHint().height() + 2 * rowHeight());
  connect(table_, &QTableView::clicked, this,
          [this](const QModelIndex& index) { workbench_->selectMovie(model_->movieAt(index.row())); });
  connect(table_, &QTableView::activated, this,
          [this](const QModelIndex& index) { workbench_->selectMovie(model_->movieAt(index.row())); });
}

void BatchPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const int letter = QFontMetrics(font()).averageCharWidth();
  // Side by side in a strip; one above the other where the panel is narrow and has the height for it.
  const bool stacked = width() < 130 * letter && height() > 2 * sizeHint().height();
  static_cast<QBoxLayout*>(layout())->setDirection(stacked ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  facts_box_->setMaximumWidth(stacked ? QWIDGETSIZE_MAX : facts_letters * letter);
  facts_box_->setMinimumWidth(stacked ? 0 : std::min(facts_letters * letter, width() * 2 / 5));
  const int table_width = stacked ? width() : width() - facts_box_->minimumWidth();
  const int digit = QFontMetrics(table_->font()).horizontalAdvance(u'0');
  table_->horizontalHeader()->resizeSection(BatchModel::ErrorColumn, digit * (table_width > 90 * digit ? 26 : 14));
}

void BatchPanel::present(const Frame& frame) {
  if (frame.state == RunState::Playing) {
    throttle_.request();
  } else {
    throttle_.flush();
  }
}

void BatchPanel::showFrame() {
  const FramePtr& frame = workbench_->frame();
  const auto batch = frame ? frame->batch : nullptr;
  const bool fast = frame && frame->settings.mode == TrainMode::Fast;
  model_->setBatch(frame ? frame->ratings : nullptr, batch);
  if (!batch) {
    const bool viewed = frame && frame->viewed;
    setIfNew(title_, viewed ? tr("No batches") : fast ? tr("No minibatches") : tr("No batch yet"));
    setIfNew(facts_, viewed ? tr("These factors were trained elsewhere: there are no ratings here to train on.")
                     : fast ? tr("Mode fast solves for the rows of one table at a time, each from all of its ratings "
                                 "at once. Mode exact, in the settings, trains by batches.")
                            : tr("Each batch will be listed here: who rated what, and what the model predicted."));
  } else {
    setIfNew(title_, tr("Batch %1").arg(formatCount(batch->number)));
    QString facts = batch->size == 1 ? tr("1 rating") : tr("%1 ratings").arg(formatCount(batch->size));
    facts += tr(", loss %1").arg(batch->loss ? formatFixed(*batch->loss, 4) : tr("not computed yet"));
    facts += tr("\nlearning rate %1").arg(QString::number(frame->progress.learning_rate, 'e', 2));
    if (batch->users.size() < batch->size) facts += tr("; the first %1 are listed").arg(batch->users.size());
    setIfNew(facts_, facts);
  }
  const bool goes_on = frame && !fast && (frame->state == RunState::Paused || frame->state == RunState::Playing);
  operation_->setVisible(goes_on);
  sentence_->setVisible(goes_on);
  if (!goes_on) return;
  setIfNew(operation_, tr("Next: %1").arg(textOf(name_of(frame->progress.next_stage))));
  setIfNew(sentence_, textOf(sentence_of(frame->progress.next_stage)));
}

}  // namespace rowlight
