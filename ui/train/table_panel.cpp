#include "ui/train/table_panel.h"

#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QShortcut>

#include <algorithm>

#include "ui/common/color_legend.h"
#include "ui/common/elided_label.h"
#include "ui/common/typography.h"
#include "ui/train/table_view.h"

namespace rowlight {

TablePanel::TablePanel(Table table, Workbench* workbench, QWidget* parent)
    : QWidget(parent),
      table_(table),
      workbench_(workbench),
      explanation_(new ElidedLabel(Qt::ElideRight, this)),
      search_(new QLineEdit(this)),
      legend_(new ColorLegend(this)),
      view_(new TableView(table, workbench, this)) {
  const bool users = table == Table::Users;
  setObjectName(users ? QStringLiteral("userPanel") : QStringLiteral("moviePanel"));
  auto* heading = new QLabel(users ? tr("Users") : tr("Movies"), this);
  heading->setObjectName(objectName() + QStringLiteral("Heading"));
  heading->setFont(textFont(TextSize::Large));
  heading->setBuddy(view_);
  explanation_->setObjectName(objectName() + QStringLiteral("Explanation"));
  explanation_->setFont(textFont(TextSize::Small));
  explanation_->setForegroundRole(QPalette::PlaceholderText);
  explanation_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  search_->setObjectName(objectName() + QStringLiteral("Search"));
  search_->setPlaceholderText(users ? tr("Find user") : tr("Find movie"));
  search_->setAccessibleName(users ? tr("Find a user by id") : tr("Find a movie by title"));
  search_->setToolTip(tr("Enter goes to the next match, Esc back to the table"));
  search_->setClearButtonEnabled(true);
  search_->setMaximumWidth(160);
  legend_->setObjectName(objectName() + QStringLiteral("Legend"));

  auto* layout = new QGridLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setHorizontalSpacing(16);
  layout->setVerticalSpacing(0);
  layout->addWidget(heading, 0, 0);
  layout->addWidget(explanation_, 1, 0);
  layout->addWidget(search_, 0, 1, 2, 1, Qt::AlignVCenter);
  layout->addWidget(legend_, 0, 2, 2, 1, Qt::AlignVCenter);
  layout->setRowMinimumHeight(2, 8);
  layout->addWidget(view_, 3, 0, 1, 3);
  layout->setColumnStretch(0, 1);
  layout->setRowStretch(3, 1);
  setFocusProxy(view_);

  connect(view_, &TableView::domainChanged, legend_, &ColorLegend::setDomain);
  connect(workbench_, &Workbench::presented, this, &TablePanel::takeFrame);
  connect(search_, &QLineEdit::textEdited, this, [this] { findNext(true); });
  connect(search_, &QLineEdit::returnPressed, this, [this] { findNext(false); });
  connect(view_, &TableView::findRequested, this, [this](const QString& text) {
    focusSearch();
    search_->setText(text);
    findNext(true);
  });
  auto* leave = new QShortcut(Qt::Key_Escape, search_, nullptr, nullptr, Qt::WidgetShortcut);
  connect(leave, &QShortcut::activated, view_, [this] { view_->setFocus(Qt::ShortcutFocusReason); });
  legend_->setDomain(view_->domain());
  takeFrame();
}

void TablePanel::setReducedMotion(bool reduced) { view_->setReducedMotion(reduced); }

void TablePanel::focusSearch() {
  search_->setFocus(Qt::ShortcutFocusReason);
  search_->selectAll();
}

void TablePanel::takeFrame() {
  const FramePtr& frame = workbench_->frame();
  const bool loaded = frame && frame->ratings;
  const ViewedFactors* viewed = loaded ? frame->viewed.get() : nullptr;
  const bool absent = viewed && viewed->width[index_of(table_)] == 0;
  const bool empty = !loaded || absent;
  search_->setEnabled(!empty);
  legend_->setVisible(!empty);
  QString summary;
  if (absent) {
    summary = QString::fromStdString(viewed->missing);
  } else if (empty) {
    summary = tr("nothing loaded yet");
  } else {
    const QLocale english(QLocale::English);
    const RatingSet& set = *frame->ratings;
    summary = tr("%1 rows × %2 factors; one row per %3")
                  .arg(english.toString(
                           static_cast<qulonglong>(table_ == Table::Users ? set.user_count() : set.movie_count())),
                       QString::number(viewed ? viewed->width[index_of(table_)] : frame->settings.factors),
                       table_ == Table::Users ? tr("user") : tr("movie"));
  }
  if (summary == summary_) return;
  summary_ = summary;
  showExplanation(summary);
}

void TablePanel::showExplanation(const QString& text) { explanation_->setText(text); }

void TablePanel::findNext(bool fromCurrent) {
  const QString text = search_->text().trimmed();
  showExplanation(summary_);
  if (text.isEmpty() || view_->tableModel()->rowCount() == 0) return;
  const int current = view_->currentIndex().row();
  const TableModel& model = *view_->tableModel();
  const int found = fromCurrent ? model.find(text, std::max(current, 0)) : model.findNext(text, current);
  if (found >= 0) {
    view_->showRow(found);
  } else {
    showExplanation(table_ == Table::Users ? tr("No user id contains “%1”.").arg(text)
                                           : tr("No title contains “%1”.").arg(text));
  }
}

}  // namespace rowlight
