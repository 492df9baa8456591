#include "ui/data/report_tabs.h"

#include <QFontDatabase>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>

#include "ui/common/format.h"
#include "ui/common/palette.h"
#include "ui/common/row_table.h"
#include "ui/common/typography.h"
#include "ui/data/guess_values.h"
#include "ui/data/report_models.h"
#include "ui/data/report_text.h"
#include "ui/data/verbatim_delegate.h"

namespace rowlight {
namespace {

constexpr int widest_text = 44;   // letters of a line of the file in the preview; its tool tip has all
constexpr int widest_title = 90;  // letters

// What only says again what an advice says is left out.
std::vector<std::string> noticesOf(const LoadReport& report) {
  std::vector<std::string> notices;
  std::copy_if(report.notices.begin(), report.notices.end(), std::back_inserter(notices),
               [&](const std::string& notice) {
                 return std::none_of(report.advice.begin(), report.advice.end(),
                                     [&](const Advice& advice) { return advice.sentence == notice; });
               });
  return notices;
}

}  // namespace

QLabel* makeSentence(QWidget* parent, const char* name) {
  auto* label = new QLabel(parent);
  label->setObjectName(QLatin1String(name));
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

ReportTabs::ReportTabs(QWidget* parent) : QTabWidget(parent) {
  setObjectName(QStringLiteral("reportTabs"));
  setAccessibleName(tr("What was found in the file"));
  setDocumentMode(true);
  makePreview();
  makeProblems();
  makeNotes();
  makeStages();
  clear();
}

QTableView* ReportTabs::makeTable(ReportModel* model, const char* name, const QString& accessibleName) {
  QTableView* table = makeRowTable(model, name, accessibleName, this);
  table->setTextElideMode(Qt::ElideRight);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  table->setFont(numberFont(TextSize::Normal));
  // Fixed heights: a view that asks every row for its height is slow with a million of them.
  table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  table->verticalHeader()->setDefaultSectionSize(QFontMetrics(table->font()).height() + 6);
  table->horizontalHeader()->setHighlightSections(false);
  return table;
}

QWidget* ReportTabs::makePage(const char* name, QTableView* table, QLabel** empty) {
  auto* page = new QWidget(this);
  auto* layout = new QVBoxLayout(page);
  layout->setContentsMargins(0, 8, 0, 0);
  *empty = makeSentence(page, name);
  (*empty)->setForegroundRole(QPalette::PlaceholderText);
  (*empty)->setContentsMargins(8, 8, 8, 8);
  (*empty)->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  layout->addWidget(*empty, 1);
  layout->addWidget(table, 1);
  return page;
}

void ReportTabs::makePreview() {
  previewModel_ = new PreviewModel(this);
  preview_ = makeTable(previewModel_, "previewTable", tr("The first ratings as they were understood"));
  preview_->setItemDelegateForColumn(PreviewModel::Text, new VerbatimDelegate(preview_));
  addTab(makePage("previewEmpty", preview_, &noPreview_), tr("Preview"));
  setTabToolTip(Preview, tr("The first rows of the file and what they are taken for"));
}

void ReportTabs::makeProblems() {
  problemModel_ = new BadLineModel(this);
  problems_ = makeTable(problemModel_, "problemTable", tr("Lines that do not fit"));
  QWidget* page = makePage("problemsEmpty", problems_, &noProblems_);
  auto* layout = static_cast<QVBoxLayout*>(page->layout());
  stopped_ = makeSentence(page, "problemStopped");
  stopped_->setContentsMargins(0, 8, 0, 8);
  reason_ = makeSentence(page, "problemReason");
  reason_->setContentsMargins(8, 4, 8, 4);
  mend_ = new QPushButton(page);
  mend_->setObjectName(QStringLiteral("problemMend"));
  connect(mend_, &QPushButton::clicked, this, [this] {
    const Advice taken = *mending_;  // the answer may come before this returns
    emit adviceTaken(taken);
  });
  auto* stop = new QVBoxLayout;
  stop->setContentsMargins(8, 0, 8, 0);
  stop->setSpacing(4);
  stop->addWidget(stopped_);
  stop->addWidget(mend_, 0, Qt::AlignLeft);
  layout->insertLayout(0, stop);
  layout->addWidget(reason_);
  QHeaderView* header = problems_->horizontalHeader();
  const int digit = QFontMetrics(problems_->font()).horizontalAdvance(u'0');
  header->resizeSection(BadLineModel::Line, digit * 12);
  header->resizeSection(BadLineModel::Place, digit * 9);
  header->setSectionResizeMode(BadLineModel::Reason, QHeaderView::Stretch);
  connect(problems_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ReportTabs::showReason);
  addTab(page, tr("Problems"));
  setTabToolTip(Problems, tr("The lines that do not fit, and why"));
}

void ReportTabs::makeNotes() {
  auto* area = new QScrollArea(this);
  area->setObjectName(QStringLiteral("noteScroll"));
  area->setAccessibleName(tr("Notices and advice"));
  area->setFrameShape(QFrame::NoFrame);
  area->setWidgetResizable(true);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* content = new QWidget(area);
  notes_ = new QVBoxLayout(content);
  notes_->setContentsMargins(8, 16, 8, 8);
  notes_->setSpacing(16);
  notes_->addStretch(1);
  area->setWidget(content);
  addTab(area, tr("Notices"));
  setTabToolTip(Notes, tr("What is worth knowing, and what may be worth changing"));
}

void ReportTabs::makeStages() {
  stageModel_ = new EvidenceModel(this);
  stages_ = makeTable(stageModel_, "stageTable", tr("Stages of the detection"));
  // A dozen rows: here sentences may wrap.
  stages_->setWordWrap(true);
  stages_->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  QHeaderView* header = stages_->horizontalHeader();
  header->setSectionResizeMode(EvidenceModel::Stage, QHeaderView::ResizeToContents);
  header->setSectionResizeMode(EvidenceModel::Decision, QHeaderView::Stretch);
  header->setSectionResizeMode(EvidenceModel::Because, QHeaderView::Stretch);
  addTab(makePage("stagesEmpty", stages_, &noStages_), tr("Evidence"));
  setTabToolTip(Stages, tr("How the layout of the file was found out, stage by stage"));
}

void ReportTabs::fitPreview() {
  // At most preview_rows rows: asking all of them for their width costs nothing.
  preview_->resizeColumnsToContents();
  const int file_letter = QFontMetrics(QFontDatabase::systemFont(QFontDatabase::FixedFont)).averageCharWidth();
  const int letter = QFontMetrics(preview_->font()).averageCharWidth();
  const auto at_most = [this](int column, int width) {
    if (preview_->columnWidth(column) > width) preview_->setColumnWidth(column, width);
  };
  at_most(PreviewModel::Text, widest_text * file_letter);
  at_most(PreviewModel::Title, widest_title * letter);
  const auto& rows = previewModel_->report()->preview;
  preview_->setColumnHidden(PreviewModel::Time, std::none_of(rows.begin(), rows.end(), [](const PreviewRow& row) {
                              return row.time.has_value();
                            }));
  preview_->setColumnHidden(PreviewModel::Title, std::all_of(rows.begin(), rows.end(),
                                                             [](const PreviewRow& row) { return row.title.empty(); }));
}

void ReportTabs::showStop(const std::optional<Error>& error) {
  stopped_->setVisible(error.has_value());
  if (error) stopped_->setText(breakable(tr("Reading stopped. %1").arg(errorSentence(*error))));
  mending_ = error ? adviceIn(*error) : std::nullopt;
  mend_->setVisible(mending_.has_value());
  if (mending_) mend_->setText(actionOf(*mending_));
}

void ReportTabs::showReason() {
  const int row = problems_->selectionModel()->currentIndex().row();
  reason_->setVisible(row >= 0);
  if (row < 0) return;
  const BadLine& bad = problemModel_->report()->bad_lines[static_cast<std::size_t>(row)];
  reason_->setText(breakable(badLineSentence(bad)));
}

void ReportTabs::showInspection(const Inspection& inspection) {
  const LoadReport& report = *inspection.report;
  previewModel_->setReport(inspection.report);
  problemModel_->setReport(inspection.report);
  stageModel_->setReport(inspection.report);
  const bool previewed = !report.preview.empty();
  preview_->setVisible(previewed);
  noPreview_->setVisible(!previewed);
  noPreview_->setText(
      inspection.error ? tr("No row was understood. Correct the guesses on the left: the file is read again at once.")
                       : tr("There is no preview of this file."));
  if (previewed) fitPreview();

  const bool bad = !report.bad_lines.empty();
  problems_->setVisible(bad);
  if (bad) problems_->setCurrentIndex(problemModel_->index(0, 0));
  showReason();
  showStop(inspection.error);
  noProblems_->setVisible(!bad);
  noProblems_->setText(inspection.error ? QString() : tr("Every line fits."));

  const bool staged = !report.evidence.empty();
  stages_->setVisible(staged);
  noStages_->setVisible(!staged);
  noStages_->setText(tr("No stage of the detection came to an end."));
  fillNotes(report);
  nameTabs(report);
}

void ReportTabs::clear() {
  Inspection nothing;
  nothing.report = std::make_shared<const LoadReport>();
  showInspection(nothing);
  for (QLabel* label : {noPreview_, noProblems_, noStages_}) label->setText(tr("Nothing has been read yet."));
}

void ReportTabs::nameTabs(const LoadReport& report) {
  const auto named = [](const QString& name, std::uint64_t count) {
    return count == 0 ? name : QStringLiteral("%1 (%2)").arg(name, formatCount(count));
  };
  setTabText(Problems, named(tr("Problems"), report.bad_line_count));
  setTabText(Notes, named(tr("Notices"), noticesOf(report).size() + report.advice.size()));
}

void ReportTabs::fillNotes(const LoadReport& report) {
  while (notes_->count() > 1) {
    QLayoutItem* item = notes_->takeAt(0);
    item->widget()->hide();
    item->widget()->deleteLater();  // it may be the button that is being clicked
    delete item;
  }
  noteCount_ = 0;
  for (const Advice& advice : report.advice) addNote(QString::fromStdString(advice.sentence), &advice);
  for (const std::string& notice : noticesOf(report)) addNote(QString::fromStdString(notice), nullptr);
  if (noteCount_ == 0) addNote(tr("there is nothing to note and nothing to advise"), nullptr);
}

void ReportTabs::addNote(const QString& sentence, const Advice* advice) {
  auto* row = new QWidget;
  auto* layout = new QVBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(4);
  QLabel* label = makeSentence(row, "");
  label->setObjectName((advice ? QStringLiteral("advice%1") : QStringLiteral("notice%1")).arg(noteCount_));
  QString text = sentence;
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  if (!text.endsWith(u'.')) text += u'.';
  label->setText(breakable(text));
  layout->addWidget(label);
  const QString action = advice ? actionOf(*advice) : QString();
  if (!action.isEmpty()) {
    auto* button = new QPushButton(action, row);
    button->setObjectName(QStringLiteral("adviceButton%1").arg(noteCount_));
    button->setAccessibleDescription(text);
    connect(button, &QPushButton::clicked, this, [this, taken = *advice] { emit adviceTaken(taken); });
    layout->addWidget(button, 0, Qt::AlignLeft);
  }
  notes_->insertWidget(noteCount_++, row);
}

}  // namespace rowlight
