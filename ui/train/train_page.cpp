#include "ui/train/train_page.h"

#include <QDataStream>
#include <QHBoxLayout>
#include <QIODevice>
#include <QPushButton>
#include <QSplitter>
#include <QTabWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/message_strip.h"
#include "ui/train/batch_panel.h"
#include "ui/train/loss_panel.h"
#include "ui/train/pca_panel.h"
#include "ui/train/settings_drawer.h"
#include "ui/train/table_panel.h"

namespace rowlight {

namespace {

constexpr int grid = 8;
constexpr QSize smallestForSplitters(1024, 640);  // of the window
constexpr quint32 stateVersion = 1;

QSplitter* makeSplitter(Qt::Orientation orientation, const char* name, QWidget* parent) {
  auto* splitter = new QSplitter(orientation, parent);
  splitter->setObjectName(QLatin1String(name));
  splitter->setChildrenCollapsible(false);
  splitter->setHandleWidth(grid);
  return splitter;
}

QString summaryOf(const Frame& frame) {
  if (!frame.ratings) return QObject::tr("No ratings yet: open a rating file, or drop one on the window.");
  QString text = QObject::tr("%1: %2 ratings of %3 movies by %4 users")
                     .arg(QString::fromStdString(frame.ratings->name), formatCount(frame.ratings->size()),
                          formatCount(frame.ratings->movie_count()), formatCount(frame.ratings->user_count()));
  return text + QStringLiteral("  ·  ") + formatModel(frame.settings);
}

}  // namespace

TrainPage::TrainPage(Workbench* workbench, QWidget* parent) : QWidget(parent), workbench_(workbench) {
  setObjectName(QStringLiteral("trainPage"));
  setAccessibleName(tr("Train"));
  makePanels();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  strip_ = new MessageStrip(this);
  connect(strip_, &MessageStrip::cancelClicked, this, &TrainPage::cancelLoadClicked);
  auto* body = new QHBoxLayout;
  body->setContentsMargins(2 * grid, 0, 2 * grid, grid);
  body->setSpacing(2 * grid);
  body->addWidget(rows_, 1);
  body->addWidget(tabs_, 1);
  body->addWidget(drawer_);
  column->addWidget(strip_);
  column->addWidget(makeHeader());
  column->addLayout(body, 1);
  placeSplitters();
  connect(workbench_, &Workbench::presented, this, &TrainPage::present);
}

QWidget* TrainPage::makeHeader() {
  auto* header = new QWidget(this);
  auto* row = new QHBoxLayout(header);
  row->setContentsMargins(2 * grid, grid, 2 * grid, grid);
  row->setSpacing(2 * grid);
  auto* open = new QPushButton(tr("Open…"), header);
  open->setObjectName(QStringLiteral("openButton"));
  open->setToolTip(tr("Open a rating file (Ctrl+O), or drop one on the window"));
  connect(open, &QPushButton::clicked, this, &TrainPage::openClicked);
  summary_ = new ElidedLabel(Qt::ElideRight, header);
  summary_->setObjectName(QStringLiteral("runSummary"));
  drawerButton_ = new QToolButton(header);
  drawerButton_->setObjectName(QStringLiteral("settingsButton"));
  drawerButton_->setText(tr("Settings"));
  drawerButton_->setCheckable(true);
  drawerButton_->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Comma));
  drawerButton_->setToolTip(tr("Show or hide the settings of the run (Ctrl+,)"));
  connect(drawerButton_, &QToolButton::toggled, drawer_, &QWidget::setVisible);
  drawer_->hide();
  row->addWidget(open);
  row->addWidget(summary_, 1);
  row->addWidget(drawerButton_);
  return header;
}

void TrainPage::makePanels() {
  rows_ = makeSplitter(Qt::Vertical, "rowsSplitter", this);
  columns_ = makeSplitter(Qt::Horizontal, "columnsSplitter", rows_);
  left_ = makeSplitter(Qt::Vertical, "tablesSplitter", columns_);
  right_ = makeSplitter(Qt::Vertical, "chartsSplitter", columns_);
  rows_->addWidget(columns_);
  columns_->addWidget(left_);
  columns_->addWidget(right_);
  columns_->setSizes({1000, 1000});
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName(QStringLiteral("panelTabs"));
  tabs_->hide();
  users_ = new TablePanel(Table::Users, workbench_, left_);
  movies_ = new TablePanel(Table::Movies, workbench_, left_);
  loss_ = new LossPanel(workbench_, right_);
  pca_ = new PcaPanel(workbench_, right_);
  batch_ = new BatchPanel(workbench_, rows_);
  drawer_ = new SettingsDrawer(workbench_, this);
}

void TrainPage::placeSplitters() {
  left_->addWidget(users_);
  left_->addWidget(movies_);
  right_->addWidget(loss_);
  right_->addWidget(pca_);
  rows_->addWidget(batch_);
  // The projection needs more room than the curve; the batch stays a strip.
  left_->setStretchFactor(0, 1);
  left_->setStretchFactor(1, 1);
  right_->setStretchFactor(0, 2);
  right_->setStretchFactor(1, 3);
  rows_->setStretchFactor(0, 1);
  rows_->setStretchFactor(1, 0);
  for (QWidget* panel : {static_cast<QWidget*>(users_), static_cast<QWidget*>(movies_), static_cast<QWidget*>(loss_),
                         static_cast<QWidget*>(pca_), static_cast<QWidget*>(batch_)}) {
    panel->show();
  }
}

void TrainPage::placeTabs() {
  tabs_->addTab(movies_, tr("Movies"));
  tabs_->addTab(users_, tr("Users"));
  tabs_->addTab(loss_, tr("Loss"));
  tabs_->addTab(pca_, tr("PCA"));
  tabs_->addTab(batch_, tr("Batch"));
}

void TrainPage::arrange(bool tabs) {
  if (tabs == tabbed_) return;
  tabbed_ = tabs;
  tabs_->setVisible(tabs);
  rows_->setVisible(!tabs);
  if (tabs) {
    placeTabs();
  } else {
    placeSplitters();
  }
}

bool TrainPage::showsTabs() const { return tabbed_; }

void TrainPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const QSize size = window()->size();
  arrange(size.width() < smallestForSplitters.width() || size.height() < smallestForSplitters.height());
}

void TrainPage::present(const Frame& frame) {
  summary_->setText(summaryOf(frame));
  // A command that the engine refused; the strip says so once and stays until it is closed.
  const QString refusal = frame.error ? formatError(*frame.error) : QString();
  if (refusal == refusal_) return;
  refusal_ = refusal;
  if (!refusal.isEmpty()) {
    showError(refusal);
  } else {
    strip_->clear();
  }
}

void TrainPage::showError(const QString& sentence) { strip_->showMessage(MessageStrip::Kind::Error, sentence); }

void TrainPage::showLoading(const QString& name) {
  loading_ = name;
  if (!name.isEmpty()) strip_->showProgress(tr("Reading %1 …").arg(name), 0, 0);
}

void TrainPage::showLoadProgress(qulonglong bytesDone, qulonglong bytesTotal) {
  if (!loading_.isEmpty()) strip_->showProgress(tr("Reading %1 …").arg(loading_), bytesDone, bytesTotal);
}

void TrainPage::endLoading() {
  if (!loading_.isEmpty()) strip_->clear();
  loading_.clear();
}

void TrainPage::showReport(const LoadReport& report) {
  QStringList parts;
  if (!report.bad_lines.empty()) {
    const BadLine& first = report.bad_lines.front();
    parts << tr("%1 lines were left out; the first is line %2: %3.")
                 .arg(formatCount(report.bad_lines.size()), formatCount(first.line), QString::fromStdString(first.reason));
  }
  if (report.duplicates > 0) {
    parts << tr("%1 pairs were rated more than once; the last rating counts.").arg(formatCount(report.duplicates));
  }
  if (!parts.isEmpty()) strip_->showMessage(MessageStrip::Kind::Notice, parts.join(QLatin1Char(' ')));
}

QString TrainPage::message() const { return strip_->text(); }

void TrainPage::focusSearch() {
  if (tabbed_) tabs_->setCurrentWidget(movies_);
  movies_->focusSearch();
}

QByteArray TrainPage::saveState() const {
  QByteArray state;
  QDataStream stream(&state, QIODevice::WriteOnly);
  stream << stateVersion << left_->saveState() << right_->saveState() << columns_->saveState() << rows_->saveState()
         << drawerButton_->isChecked();
  return state;
}

void TrainPage::restoreState(const QByteArray& state) {
  QDataStream stream(state);
  quint32 version = 0;
  QByteArray left;
  QByteArray right;
  QByteArray columns;
  QByteArray rows;
  bool drawer = false;
  stream >> version >> left >> right >> columns >> rows >> drawer;
  if (stream.status() != QDataStream::Ok || version != stateVersion) return;
  left_->restoreState(left);
  right_->restoreState(right);
  columns_->restoreState(columns);
  rows_->restoreState(rows);
  drawerButton_->setChecked(drawer);
}

}  // namespace rowlight
