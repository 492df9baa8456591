#include "ui/lookup/cost_meter.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QTableWidget>
#include <QVBoxLayout>

#include <array>
#include <cmath>

#include "ui/common/format.h"
#include "ui/common/typography.h"
#include "ui/lookup/lookup_text.h"

namespace rowlight {
namespace {

enum Row { StepOneHot, StepLookup, PassOneHot, PassLookup, row_count };

struct Column {
  const char* name;
  const char* tip;
  QString (*text)(const Cost&);
};

constexpr std::array columns{
    Column{"multiplies", "Products of two numbers", [](const Cost& c) { return formatCount(c.multiplies); }},
    Column{"by zero", "Multiplies of which a factor is zero",
           [](const Cost& c) { return formatCount(c.multiplies_by_zero); }},
    Column{"adds", "A sum of n products has n - 1 adds; a scatter-add counts every add",
           [](const Cost& c) { return formatCount(c.adds); }},
    Column{"bytes read", "The least traffic: each operand once", [](const Cost& c) { return bytesText(c.bytes_read); }},
    Column{"written", "Bytes written, at least", [](const Cost& c) { return bytesText(c.bytes_written); }},
    Column{"allocated", "Bytes of what the step leaves behind or needs beside its operands",
           [](const Cost& c) { return bytesText(c.bytes_allocated); }},
    Column{"time", "Measured on this machine", [](const Cost& c) { return durationText(c.seconds); }},
};

/// Both parts of what the lookup does in a step.
std::optional<Cost> lookupCost(const StepTrace& step) {
  std::optional<Cost> cost = step.lookup;
  if (cost && step.coalesce) *cost += *step.coalesce;
  return cost;
}

}  // namespace

CostMeter::CostMeter(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("costMeter"));
  setAccessibleName(tr("Cost of both algorithms"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  makeTable();
  auto* line = new QHBoxLayout;
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(8);
  answer_ = new QLabel(this);
  answer_->setObjectName(QStringLiteral("verdictAnswer"));
  answer_->setTextFormat(Qt::PlainText);
  reason_ = new QLabel(this);
  reason_->setObjectName(QStringLiteral("verdictReason"));
  reason_->setTextFormat(Qt::PlainText);
  reason_->setWordWrap(true);
  reason_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  reason_->setFixedHeight(QFontMetrics(reason_->font()).lineSpacing() * 2);
  answer_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  line->addWidget(answer_, 0, Qt::AlignTop);
  line->addWidget(reason_, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(8, 0, 8, 0);
  layout->setSpacing(4);
  layout->addWidget(table_);
  layout->addLayout(line);
}

void CostMeter::makeTable() {
  table_ = new QTableWidget(row_count, static_cast<int>(columns.size()), this);
  table_->setObjectName(QStringLiteral("costTable"));
  table_->setAccessibleName(tr("Cost table; Ctrl+C copies it"));
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);  // so that Left and Right step
  table_->setFocusPolicy(Qt::TabFocus);
  table_->setShowGrid(false);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table_->setVerticalHeaderLabels(
      {tr("one-hot, this step"), tr("lookup, this step"), tr("one-hot, pass so far"), tr("lookup, pass so far")});
  for (const int row : {int{PassOneHot}, int{PassLookup}}) {
    table_->verticalHeaderItem(row)->setToolTip(tr(
        "Forward and backward, with the gradient in the form that is in force; without optimizer, max_norm and bag"));
  }
  table_->verticalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
    const Column& column = columns[static_cast<std::size_t>(c)];
    auto* header = new QTableWidgetItem(tr(column.name));
    header->setToolTip(tr(column.tip));
    header->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    table_->setHorizontalHeaderItem(c, header);
    for (int r = 0; r < row_count; ++r) {
      auto* item = new QTableWidgetItem;
      item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      table_->setItem(r, c, item);
    }
  }
  table_->installEventFilter(this);
  fitTable();
}

void CostMeter::fitTable() {
  table_->setFont(numberFont(TextSize::Normal));
  const int row = QFontMetrics(table_->font()).height() + 7;
  table_->verticalHeader()->setMinimumSectionSize(row);
  table_->verticalHeader()->setDefaultSectionSize(row);
  table_->horizontalHeader()->setFixedHeight(row);
  int shown = 0;
  for (int r = 0; r < row_count; ++r) shown += table_->isRowHidden(r) ? 0 : 1;
  table_->setFixedHeight(row * (shown + 1) + 2);
}

void CostMeter::setShort(bool is_short) {
  if (table_->isRowHidden(PassOneHot) == is_short) return;
  table_->setRowHidden(PassOneHot, is_short);
  table_->setRowHidden(PassLookup, is_short);
  fitTable();
}

void CostMeter::showCost(int row, const std::optional<Cost>& cost, const QString& absent) {
  for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
    QTableWidgetItem* item = table_->item(row, c);
    item->setText(cost ? columns[static_cast<std::size_t>(c)].text(*cost) : QStringLiteral("–"));
    item->setToolTip(cost ? QString() : absent);
  }
}

void CostMeter::setView(const LookupView& view) {
  const QString idle = tr("This algorithm has nothing to do in this step.");
  const QString impossible = view.verdict.one_hot_possible ? idle : QString::fromStdString(view.verdict.why_not);
  const auto shown = static_cast<std::size_t>(view.shown_step);
  std::optional<Cost> one_hot;
  std::optional<Cost> lookup;
  Cost all_one_hot;
  Cost all_lookup;
  for (std::size_t i = 0; i < std::min(shown, view.trace.size()); ++i) {
    one_hot = view.trace[i].one_hot;
    lookup = lookupCost(view.trace[i]);
    if (!counts_in_total(view.trace[i].step, view.setup.options.sparse)) continue;
    if (one_hot) all_one_hot += *one_hot;
    if (lookup) all_lookup += *lookup;
  }
  showCost(StepOneHot, one_hot, impossible);
  showCost(StepLookup, lookup, idle);
  const bool begun = shown > 0;
  showCost(PassOneHot, begun ? std::optional(all_one_hot) : std::nullopt, impossible);
  showCost(PassLookup, begun ? std::optional(all_lookup) : std::nullopt, idle);
  showVerdict(view);
}

void CostMeter::showVerdict(const LookupView& view) {
  const Verdict& verdict = view.verdict;
  QString answer = tr("Outputs bit-equal: not compared yet");
  if (verdict.compared) {
    answer = verdict.equal_bits
                 ? tr("✔ Outputs bit-equal: yes")
                 : tr("✘ Outputs bit-equal: no, largest difference %1")
                       .arg(std::isnan(verdict.max_abs_diff) ? tr("not a number") : formatShort(verdict.max_abs_diff));
  } else if (!verdict.one_hot_possible) {
    answer = tr("Outputs bit-equal: nothing to compare");
  }
  const QString reason = QString::fromStdString(verdict.reason.empty() ? verdict.why_not : verdict.reason);
  QFont bold = answer_->font();
  bold.setBold(true);
  answer_->setFont(bold);
  answer_->setText(answer);
  answer_->setAccessibleName(answer + QStringLiteral(". ") + reason);
  reason_->setText(reason);
  reason_->setToolTip(reason);
}

void CostMeter::copy() const {
  QString text;
  for (const Column& column : columns) text += u'\t' + tr(column.name);
  text += u'\n';
  for (int r = 0; r < row_count; ++r) {
    text += table_->verticalHeaderItem(r)->text();
    for (int c = 0; c < table_->columnCount(); ++c) text += u'\t' + table_->item(r, c)->text();
    text += u'\n';
  }
  QApplication::clipboard()->setText(text);
}

bool CostMeter::eventFilter(QObject* watched, QEvent* event) {
  if (watched == table_ && event->type() == QEvent::KeyPress &&
      static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) {
    copy();
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

void CostMeter::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange && table_) fitTable();
}

}  // namespace rowlight
