#include "ui/train/train_page.h"

#include <QApplication>
#include <QDataStream>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QIODevice>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QStringList>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

#include "core/io/factor_format.h"
#include "ui/common/choice_button.h"
#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/icons.h"
#include "ui/common/key_policy.h"
#include "ui/common/message_strip.h"
#include "ui/common/status_bar.h"
#include "ui/common/typography.h"
#include "ui/train/batch_panel.h"
#include "ui/train/loss_panel.h"
#include "ui/train/pca_panel.h"
#include "ui/train/settings_drawer.h"
#include "ui/train/table_panel.h"

namespace rowlight {
namespace {

constexpr quint32 state_magic = 0x526C5031;  // "RlP1": a state of another layout is not restored

QString localPath(const QMimeData* data) {
  if (!data || !data->hasUrls()) return {};
  const QList<QUrl> urls = data->urls();
  return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

QString lookText() { return TrainPage::tr("Look into the file…"); }

QString sentenceOf(QString text) {
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text.endsWith(u'.') ? text : text + u'.';
}

}  // namespace

TrainPage::TrainPage(Workbench* workbench, QWidget* parent) : QWidget(parent), workbench_(workbench) {
  setObjectName(QStringLiteral("pageTrain"));
  setAccessibleName(tr("Train"));
  setAcceptDrops(true);
  setFocusPolicy(Qt::ClickFocus);  // a click beside the panels gives the single keys back to the window
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  messages_ = new MessageStrip(this);
  connect(messages_, &MessageStrip::actionRequested, this, &TrainPage::lookIntoFileRequested);
  layout->addWidget(messages_);
  layout->addWidget(makeLoadRow());
  layout->addWidget(makeHeader());
  makePanels();
  drawer_ = new SettingsDrawer(workbench_, this);
  drawer_->hide();
  auto* body = new QHBoxLayout;
  body->setSpacing(0);
  body->addWidget(arrangement_, 1);
  body->addWidget(drawer_);
  layout->addLayout(body, 1);
  connect(drawer_toggle_, &QPushButton::toggled, this, &TrainPage::setDrawerOpen);
  connect(drawer_, &SettingsDrawer::closeRequested, this, [this] {
    drawer_toggle_->setChecked(false);
    drawer_toggle_->setFocus();
  });
  connect(workbench_, &Workbench::presented, this, &TrainPage::present);
  KeyPolicy::install();
  present(workbench_->frame() ? *workbench_->frame() : Frame{});
}

QWidget* TrainPage::makeLoadRow() {
  load_row_ = new QWidget(this);
  load_row_->setObjectName(QStringLiteral("loadRow"));
  auto* layout = new QHBoxLayout(load_row_);
  load_text_ = new QLabel(load_row_);
  load_text_->setObjectName(QStringLiteral("loadText"));
  load_text_->setTextFormat(Qt::PlainText);
  load_bar_ = new QProgressBar(load_row_);
  load_bar_->setObjectName(QStringLiteral("loadBar"));
  load_bar_->setAccessibleName(tr("Share of the file that is read"));
  auto* cancel = new QPushButton(tr("&Cancel"), load_row_);
  cancel->setObjectName(QStringLiteral("loadCancel"));
  cancel->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Period));
  cancel->setToolTip(tr("Stop reading and keep the present data (Ctrl+.)"));
  cancel->setAutoDefault(false);
  layout->addWidget(load_text_);
  layout->addWidget(load_bar_, 1);
  layout->addWidget(cancel);
  load_row_->hide();
  connect(cancel, &QPushButton::clicked, this, &TrainPage::loadCancelled);
  return load_row_;
}

QWidget* TrainPage::makeHeader() {
  auto* header = new QWidget(this);
  auto* layout = new QHBoxLayout(header);
  auto* open = new QPushButton(themedIcon(QStringLiteral("open")), tr("Open…"), header);
  open->setObjectName(QStringLiteral("openButton"));
  open->setAccessibleName(tr("Open a rating file"));
  open->setToolTip(tr("Open a file of ratings or of factors, or drop one here (Ctrl+O)"));
  open->setAutoDefault(false);
  auto* folder = new QPushButton(tr("Folder…"), header);
  folder->setObjectName(QStringLiteral("openFolderButton"));
  folder->setAccessibleName(tr("Open a folder"));
  folder->setToolTip(tr("Open a folder with ratings and titles, or with factors, or drop one here (Ctrl+Shift+O)"));
  folder->setAutoDefault(false);
  summary_ = new ElidedLabel(Qt::ElideMiddle, header);
  summary_->setObjectName(QStringLiteral("trainSummary"));
  summary_->setFont(numberFont(TextSize::Normal));
  drawer_toggle_ = new ChoiceButton(tr("Settings"), header);
  drawer_toggle_->setIcon(themedIcon(QStringLiteral("settings")));
  drawer_toggle_->setObjectName(QStringLiteral("settingsToggle"));
  drawer_toggle_->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Comma));
  drawer_toggle_->setToolTip(tr("Show or hide the settings of the run (Ctrl+,)"));
  layout->addWidget(open);
  layout->addWidget(folder);
  layout->addSpacing(8);
  layout->addWidget(summary_, 1);
  layout->addWidget(drawer_toggle_);
  connect(open, &QPushButton::clicked, this, &TrainPage::openDialogRequested);
  connect(folder, &QPushButton::clicked, this, &TrainPage::openFolderRequested);
  return header;
}

QSplitter* TrainPage::makeSplitter(Qt::Orientation orientation, const char* name) {
  auto* splitter = new QSplitter(orientation, this);
  splitter->setObjectName(QLatin1String(name));
  splitter->setChildrenCollapsible(false);
  return splitter;
}

void TrainPage::makePanels() {
  users_ = new TablePanel(Table::Users, workbench_, this);
  movies_ = new TablePanel(Table::Movies, workbench_, this);
  loss_ = new LossPanel(workbench_, this);
  pca_ = new PcaPanel(workbench_, this);
  batch_ = new BatchPanel(workbench_, this);
  rows_ = makeSplitter(Qt::Vertical, "trainRows");
  columns_ = makeSplitter(Qt::Horizontal, "trainColumns");
  left_ = makeSplitter(Qt::Vertical, "trainLeft");
  right_ = makeSplitter(Qt::Vertical, "trainRight");
  columns_->addWidget(left_);
  columns_->addWidget(right_);
  rows_->addWidget(columns_);
  panels_ = {Panel{users_, tr("Users"), left_, 0}, Panel{movies_, tr("Movies"), left_, 1},
             Panel{loss_, tr("Loss"), right_, 0}, Panel{pca_, tr("PCA"), right_, 1},
             Panel{batch_, tr("Batch"), rows_, 1}};
  for (const Panel& panel : panels_) panel.home->insertWidget(panel.place, panel.widget);
  rows_->setStretchFactor(0, 1);
  rows_->setStretchFactor(1, 0);
  for (QSplitter* splitter : {columns_, left_}) splitter->setSizes({1000, 1000});
  right_->setSizes({850, 1150});  // the projection is what a class looks at
  right_->setStretchFactor(0, 17);
  right_->setStretchFactor(1, 23);
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName(QStringLiteral("trainTabs"));
  tabs_->setDocumentMode(true);
  arrangement_ = new QStackedWidget(this);
  arrangement_->addWidget(rows_);
  arrangement_->addWidget(tabs_);
  // Not what the splitters would need: where that does not fit, the tabs take over.
  arrangement_->setMinimumSize(fontMetrics().averageCharWidth() * 40, fontMetrics().height() * 10);
  arrangement_->installEventFilter(this);
}

std::array<QSplitter*, 4> TrainPage::splitters() const { return {rows_, columns_, left_, right_}; }

void TrainPage::setTabbed(bool tabbed) {
  if (tabbed == tabbed_) return;
  tabbed_ = tabbed;
  QWidget* focused = QApplication::focusWidget();
  const auto all = splitters();
  if (tabbed) {
    roomy_minimum_ = rows_->minimumSizeHint();
    for (std::size_t i = 0; i < all.size(); ++i) roomy_sizes_[i] = all[i]->saveState();
    for (const Panel& panel : panels_) tabs_->addTab(panel.widget, panel.tab);
  } else {
    for (const Panel& panel : panels_) {
      panel.home->insertWidget(panel.place, panel.widget);
      panel.widget->show();  // a tab that was not in front is hidden
    }
    for (std::size_t i = 0; i < all.size(); ++i) all[i]->restoreState(roomy_sizes_[i]);
  }
  arrangement_->setCurrentWidget(tabbed ? static_cast<QWidget*>(tabs_) : rows_);
  leaveAbsentTable();
  // Moving a panel takes the focus away from it: give it back, and bring its tab to the front.
  for (const Panel& panel : panels_) {
    if (!focused || !panel.widget->isAncestorOf(focused)) continue;
    if (tabbed) tabs_->setCurrentWidget(panel.widget);
    focused->setFocus();
  }
}

/// The tab in front is not one that the file has nothing for.
void TrainPage::leaveAbsentTable() {
  const bool no_users = viewed_ && viewed_->width[index_of(Table::Users)] == 0;
  if (tabbed_ && no_users && tabs_->currentWidget() == users_) tabs_->setCurrentWidget(movies_);
}

bool TrainPage::eventFilter(QObject* watched, QEvent* event) {
  if (watched == arrangement_ && event->type() == QEvent::Resize) {
    const QSize all = window()->size();
    const QSize needed = tabbed_ ? roomy_minimum_ : rows_->minimumSizeHint();
    const QSize room = arrangement_->size();
    setTabbed(all.width() < roomy_window.width() || all.height() < roomy_window.height() ||
              room.width() < needed.width() || room.height() < needed.height());
  }
  return QWidget::eventFilter(watched, event);
}

void TrainPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  // Without this the first button would get the focus, and with it Space.
  if (!window()->focusWidget()) setFocus();
}

void TrainPage::setDrawerOpen(bool open) {
  drawer_->setVisible(open);
  drawer_toggle_->setChecked(open);
}

void TrainPage::present(const Frame& frame) {
  const StatusTexts texts = statusTexts(frame);
  QString summary = texts.data;
  if (frame.ratings) {
    summary += texts.counts.isEmpty() ? QStringLiteral("; ") + texts.model
                                      : QStringLiteral(": %1; %2").arg(texts.counts, texts.model);
  }
  summary_->setText(summary);
  drawer_->setEnabled(!frame.viewed);
  if (frame.viewed != viewed_) {
    viewed_ = frame.viewed;
    leaveAbsentTable();
  }
  const QString error = frame.error ? formatError(*frame.error) : QString();
  if (error == engine_error_) return;  // also when the person has dismissed it
  if (!error.isEmpty()) {
    messages_->showMessage(MessageStrip::Kind::Error, error);
  } else if (messages_->message() == engine_error_) {
    messages_->dismiss();
  }
  engine_error_ = error;
}

QByteArray TrainPage::saveState() const {
  QByteArray out;
  QDataStream stream(&out, QIODevice::WriteOnly);
  stream << state_magic << drawer_toggle_->isChecked();
  const auto all = splitters();
  for (std::size_t i = 0; i < all.size(); ++i) stream << (tabbed_ ? roomy_sizes_[i] : all[i]->saveState());
  return out;
}

bool TrainPage::restoreState(const QByteArray& state) {
  QDataStream stream(state);
  quint32 magic = 0;
  bool drawer_open = false;
  std::array<QByteArray, 4> sizes;
  stream >> magic >> drawer_open;
  for (QByteArray& size : sizes) stream >> size;
  if (stream.status() != QDataStream::Ok || magic != state_magic) return false;
  setDrawerOpen(drawer_open);
  const auto all = splitters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (tabbed_) {
      roomy_sizes_[i] = sizes[i];
    } else {
      all[i]->restoreState(sizes[i]);
    }
  }
  return true;
}

void TrainPage::showLoading(const QString& file, std::uint64_t bytes_done, std::uint64_t bytes_total) {
  load_text_->setText(tr("Reading %1").arg(QFileInfo(file).fileName()));
  load_text_->setToolTip(file);
  // Thousandths, since a progress bar counts in int and files have more bytes than that.
  load_bar_->setRange(0, bytes_total > 0 ? 1000 : 0);
  if (bytes_total > 0) {
    const double share = static_cast<double>(bytes_done) / static_cast<double>(bytes_total);
    load_bar_->setValue(static_cast<int>(1000 * std::clamp(share, 0.0, 1.0)));
  }
  load_row_->show();
}

void TrainPage::hideLoading() { load_row_->hide(); }

void TrainPage::showLoadError(const Error& error) {
  hideLoading();
  // What a file holds can be looked into; one that cannot be read at all cannot.
  const bool content = error.kind == ErrorKind::BadInput;
  messages_->showMessage(MessageStrip::Kind::Error, formatError(error), content ? lookText() : QString());
}

void TrainPage::showLoadReport(const LoadReport& report) {
  hideLoading();
  QStringList sentences;
  if (!report.bad_lines.empty()) {
    const BadLine& first = report.bad_lines.front();
    const std::uint64_t count = report.bad_line_count;
    sentences
        << (count == 1 ? tr("1 line was left out") : tr("%1 lines were left out").arg(formatCount(count))) +
               tr("; the first is line %1: %2.").arg(formatCount(first.line), QString::fromStdString(first.reason));
  }
  if (report.items_without_title > 0 && report.titles > 0) {
    sentences << (report.items_without_title == 1
                      ? tr("1 movie has no title in the title file.")
                      : tr("%1 movies have no title in the title file.").arg(formatCount(report.items_without_title)));
  }
  if (report.duplicates > 0) {
    const QString other =
        report.conflicts > 0 ? tr(", %1 with another rating").arg(formatCount(report.conflicts)) : QString();
    sentences << tr("%1 pairs of user and movie stood there more than once%2; %3 ratings were taken.")
                     .arg(formatCount(report.duplicates), other, formatCount(report.loaded));
  }
  for (const Advice& advice : report.advice) {
    if (!advice.option.empty()) sentences << sentenceOf(QString::fromStdString(advice.sentence));
  }
  // Factors come with few notices, and each of them changes how the picture is to be read.
  if (is_factor_format(report.format)) {
    for (const std::string& notice : report.notices) sentences << QString::fromStdString(notice) + u'.';
  }
  if (sentences.isEmpty()) {
    messages_->dismiss();
    return;
  }
  const QString file = QFileInfo(QString::fromStdString(report.file)).fileName();
  const bool worth_a_look = !report.bad_lines.empty() || report.conflicts > 0 || !report.advice.empty();
  messages_->showMessage(MessageStrip::Kind::Information, file + QStringLiteral(": ") + sentences.join(u' '),
                         worth_a_look ? lookText() : QString());
}

void TrainPage::dragEnterEvent(QDragEnterEvent* event) {
  if (!localPath(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void TrainPage::dropEvent(QDropEvent* event) {
  const QString path = localPath(event->mimeData());
  if (path.isEmpty()) return;
  event->acceptProposedAction();
  workbench_->requestOpen(path);
}

}  // namespace rowlight
