// The panels of the Cost page, and how they stand.

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/row_table.h"
#include "ui/common/typography.h"
#include "ui/cost/cost_model.h"
#include "ui/cost/cost_page.h"
#include "ui/cost/cost_text.h"
#include "ui/cost/log_log_chart.h"

namespace rowlight {
namespace {

constexpr QSize roomy_window{1024, 640};
constexpr int room_under_tabs = 8;

QString rowsText(double rows) { return formatCount(static_cast<std::uint64_t>(rows)); }

QLabel* heading(const QString& text, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setFont(textFont(TextSize::Large));
  return label;
}

/// A heading and a quiet note beside it.
QHBoxLayout* headed(const QString& text, const QString& note, QWidget* parent) {
  auto* row = new QHBoxLayout;
  row->addWidget(heading(text, parent));
  row->addSpacing(8);
  auto* quiet = new ElidedLabel(Qt::ElideRight, parent);
  quiet->setText(note);
  quiet->setFont(textFont(TextSize::Small));
  quiet->setForegroundRole(QPalette::PlaceholderText);
  row->addWidget(quiet, 1, Qt::AlignBottom);
  return row;
}

}  // namespace

QWidget* CostPage::makeTimePanel() {
  auto* panel = new QWidget(this);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 0, 0, 0);
  column->addLayout(headed(tr("Time of one batch"),
                           tr("under the line of the bandwidth: fewer rows were touched, or the caches held them"),
                           panel));
  timeStack_ = new QStackedWidget(panel);
  auto* empty = new QLabel(tr("Here lines will show how long a lookup takes as the table grows,\n"
                              "and how long the one-hot products take that compute the same.\n"
                              "Press Measure. It takes some ten seconds and can be cancelled at any time."),
                           timeStack_);
  empty->setObjectName(QStringLiteral("costEmpty"));
  empty->setAlignment(Qt::AlignCenter);
  empty->setWordWrap(true);
  empty->setForegroundRole(QPalette::PlaceholderText);
  time_ = new LogLogChart(tr("rows of the table"), rowsText, formatDuration, timeStack_);
  time_->setObjectName(QStringLiteral("costTimeChart"));
  time_->setAccessibleName(tr("Time over rows; the numbers stand in the table"));
  timeStack_->addWidget(empty);
  timeStack_->addWidget(time_);
  column->addWidget(timeStack_, 1);
  return panel;
}

QWidget* CostPage::makeMemoryPanel() {
  auto* panel = new QWidget(this);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 0, 0, 0);
  column->addLayout(headed(tr("Memory"), tr("follows from the shapes"), panel));
  memory_ = new LogLogChart(tr("rows of the table"), rowsText, formatBytes, panel);
  memory_->setObjectName(QStringLiteral("costMemoryChart"));
  memory_->setAccessibleName(tr("Memory over rows, as it follows from the shapes"));
  column->addWidget(memory_, 1);
  return panel;
}

QWidget* CostPage::makeNumbersPanel() {
  auto* panel = new QWidget(this);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 0, 0, 0);
  auto* header = new QHBoxLayout;
  header->addWidget(heading(tr("Numbers"), panel));
  header->addStretch(1);
  auto* copy = new QPushButton(tr("Copy"), panel);
  copy->setObjectName(QStringLiteral("costCopy"));
  copy->setAccessibleName(tr("Copy the numbers"));
  copy->setToolTip(tr("Copy the selected lines, or all, in seconds and bytes (Ctrl+C in the table)"));
  copy->setAutoDefault(false);
  header->addWidget(copy);
  column->addLayout(header);
  model_ = new CostModel(this);
  table_ = makeRowTable(model_, "costTable", tr("Numbers of the measurement"), panel);
  table_->verticalHeader()->setDefaultSectionSize(QFontMetrics(numberFont(TextSize::Normal)).height() + 6);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  table_->horizontalHeader()->setMinimumSectionSize(fontMetrics().horizontalAdvance(QStringLiteral("bandwidth limit")) +
                                                    16);
  auto* action = new QAction(table_);
  action->setShortcut(QKeySequence::Copy);
  action->setShortcutContext(Qt::WidgetShortcut);
  table_->addAction(action);
  connect(action, &QAction::triggered, this, &CostPage::copyNumbers);
  connect(copy, &QPushButton::clicked, this, &CostPage::copyNumbers);
  column->addWidget(table_, 1);
  return panel;
}

void CostPage::makePanels() {
  timePanel_ = makeTimePanel();
  memoryPanel_ = makeMemoryPanel();
  numbersPanel_ = makeNumbersPanel();
  columns_ = new QSplitter(Qt::Horizontal, this);
  columns_->setObjectName(QStringLiteral("costColumns"));
  rows_ = new QSplitter(Qt::Vertical, this);
  rows_->setObjectName(QStringLiteral("costRows"));
  for (QSplitter* splitter : {columns_, rows_}) splitter->setChildrenCollapsible(false);
  columns_->addWidget(timePanel_);
  columns_->addWidget(memoryPanel_);
  columns_->setSizes({620, 380});
  columns_->setStretchFactor(0, 62);
  columns_->setStretchFactor(1, 38);
  rows_->addWidget(columns_);
  rows_->addWidget(numbersPanel_);
  rows_->setSizes({680, 320});
  rows_->setStretchFactor(0, 68);
  rows_->setStretchFactor(1, 32);
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName(QStringLiteral("costTabs"));
  tabs_->setDocumentMode(true);
  arrangement_ = new QStackedWidget(this);
  arrangement_->addWidget(rows_);
  arrangement_->addWidget(tabs_);
  arrangement_->setMinimumSize(fontMetrics().averageCharWidth() * 40, fontMetrics().height() * 10);
}

void CostPage::arrange() {
  const QSize all = window()->size();
  const bool tabbed = all.width() < roomy_window.width() || all.height() < roomy_window.height();
  if (tabbed == tabbed_) return;
  tabbed_ = tabbed;
  if (tabbed) {
    tabs_->addTab(timePanel_, tr("Time"));
    tabs_->addTab(memoryPanel_, tr("Memory"));
    tabs_->addTab(numbersPanel_, tr("Numbers"));
  } else {
    columns_->addWidget(timePanel_);
    columns_->addWidget(memoryPanel_);
    rows_->addWidget(numbersPanel_);
    for (QWidget* panel : {timePanel_, memoryPanel_, numbersPanel_}) panel->show();
  }
  for (QWidget* panel : {timePanel_, memoryPanel_, numbersPanel_}) {
    panel->layout()->setContentsMargins(0, tabbed ? room_under_tabs : 0, 0, 0);
  }
  arrangement_->setCurrentWidget(tabbed ? static_cast<QWidget*>(tabs_) : rows_);
}

}  // namespace rowlight
