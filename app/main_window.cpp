#include "app/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenuBar>
#include <QMessageBox>
#include <QScreen>
#include <QScrollArea>
#include <QSettings>
#include <QStackedWidget>
#include <QStyle>
#include <QVBoxLayout>

#include "app/recent_files.h"
#include "ui/common/key_policy.h"
#include "ui/common/placeholder_page.h"
#include "ui/common/status_bar.h"
#include "ui/common/transport_bar.h"
#include "ui/cost/cost_page.h"
#include "ui/data/report_text.h"
#include "ui/lookup/lookup_page.h"
#include "ui/train/train_page.h"

namespace rowlight {

namespace {

constexpr QSize firstSize(1280, 800);
constexpr double sampleSpeed = 1000;  // batches a second: five epochs of the sample in some four seconds
constexpr double fullSpeed = 0;
constexpr double lookupSpeed = 1;        // steps a second, to read each sentence
constexpr double soonTrainedAgain = 10;  // seconds of training on the built-in sample that nobody would miss

const QString keyGeometry = QStringLiteral("window/geometry");
const QString keyPage = QStringLiteral("window/page");
const QString keyTrainPage = QStringLiteral("window/trainPage");
const QString keyTheme = QStringLiteral("look/theme");
const QString keyStill = QStringLiteral("look/reducedMotion");
const QString keyDoctor = QStringLiteral("window/fileDoctor");

QString fileName(const QString& path) {
  const QString name = QFileInfo(path).fileName();
  return name.isEmpty() ? path : name;
}

}  // namespace

MainWindow::MainWindow(const TrainSettings& settings, const QElapsedTimer& sinceStart, Memory memory, QWidget* parent)
    : QMainWindow(parent), sinceStart_(sinceStart), memory_(memory) {
  setObjectName(QStringLiteral("mainWindow"));
  setWindowTitle(QStringLiteral("Rowlight"));
  setWindowIcon(QIcon(QStringLiteral(":/rowlight/icons/rowlight.svg")));
  KeyPolicy::install();
  askForPath = [this](Opening what, const QString& title) { return showPathDialog(what, title); };
  askToDiscard = [this](const QString& question) {
    // Over the file doctor, where the question is its.
    QWidget* asking = QApplication::activeModalWidget();
    return QMessageBox::question(asking ? asking : this, tr("Throw the trained state away?"), question,
                                 QMessageBox::Discard | QMessageBox::Cancel,
                                 QMessageBox::Cancel) == QMessageBox::Discard;
  };
  chooseTheme(memory_ == Memory::Keep ? QSettings().value(keyTheme).toString() : QString());
  makePages();
  makeMenus();
  connectEngine();
  restoreLook();
  engine_.loadThreads = settings.threads;
  workbench_.send(Configure{settings});
}

MainWindow::~MainWindow() {
  // The pages talk to the workbench until their end, so they go before it.
  delete takeCentralWidget();
}

void MainWindow::makePages() {
  auto* center = new QWidget(this);
  auto* column = new QVBoxLayout(center);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* row = new QHBoxLayout;
  row->setSpacing(0);
  rail_ = new Rail(center);
  pages_ = new QStackedWidget(center);
  trainPage_ = new TrainPage(&workbench_, pages_);
  lookupPage_ = new LookupPage(&workbench_, pages_);
  pages_->addWidget(lookupPage_);
  pages_->addWidget(trainPage_);
  pages_->addWidget(new PlaceholderPage(Page::Explore, pages_));
  // Its charts need some room: in a lower window they are scrolled, not cut.
  auto* cost = new QScrollArea(pages_);
  cost->setFrameShape(QFrame::NoFrame);
  cost->setWidgetResizable(true);
  cost->setWidget(new CostPage(&workbench_, cost));
  pages_->addWidget(cost);
  row->addWidget(rail_);
  row->addWidget(pages_, 1);
  transport_ = new TransportBar(&workbench_, center);
  // The sample is small: at full speed its training would be over before one has looked at it.
  transport_->setUnitsPerSecond(sampleSpeed);
  status_ = new StatusBar(&workbench_, center);
  column->addLayout(row, 1);
  column->addWidget(transport_);
  column->addWidget(status_);
  setCentralWidget(center);
  // The first focus is on nothing that uses a key: Space plays at once, and no page looks chosen that is not.
  center->setFocusPolicy(Qt::StrongFocus);
  center->setFocus();
  connect(rail_, &Rail::pageChosen, this, &MainWindow::goTo);
  pages_->setCurrentIndex(static_cast<int>(rail_->current()));
  connect(trainPage_, &TrainPage::openDialogRequested, this, [this] { choose(Opening::File); });
  connect(trainPage_, &TrainPage::openFolderRequested, this, [this] { choose(Opening::Folder); });
  connect(&workbench_, &Workbench::openRequested, this, [this](const QString& path) { open(path); });
}

void MainWindow::goTo(Page page) {
  const bool was_lookup = pages_->currentWidget() == lookupPage_;
  const bool is_lookup = page == Page::Lookup;
  pages_->setCurrentIndex(static_cast<int>(page));
  if (was_lookup == is_lookup) return;
  // A pass is stepped by operations and at a speed to read by; the other pages keep what they had.
  if (is_lookup) {
    trainUnit_ = transport_->unit();
    trainSpeed_ = transport_->unitsPerSecond();
    transport_->setPace(StepUnit::Operation, lookupSpeed);
  } else {
    transport_->setPace(trainUnit_, trainSpeed_);
  }
}

void MainWindow::makeMenus() {
  makeFileMenu();
  menuBar()->addMenu(tr("&Edit"))->addActions(lookupPage_->editActions());
  QMenu* run = menuBar()->addMenu(tr("&Run"));
  run->addActions(transport_->transportActions());
  run->addSeparator();
  run->addActions(transport_->unitActions());
  run->addSeparator();
  run->addActions(transport_->speedActions());
  makeViewMenu();
  QMenu* help = menuBar()->addMenu(tr("&Help"));
  help->addAction(tr("&About Rowlight"), this, &MainWindow::showAbout);
}

void MainWindow::makeFileMenu() {
  QMenu* menu = menuBar()->addMenu(tr("&File"));
  menu->addAction(tr("&Open ratings…"), QKeySequence::Open, this, [this] { choose(Opening::File); });
  menu->addAction(tr("Open a &folder…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O), this,
                  [this] { choose(Opening::Folder); });
  recentMenu_ = menu->addMenu(tr("Open &recent"));
  recentMenu_->setObjectName(QStringLiteral("menuRecent"));
  recentMenu_->setToolTipsVisible(true);
  connect(recentMenu_, &QMenu::aboutToShow, this, &MainWindow::fillRecentFiles);
  menu->addAction(tr("Open the built-in &sample"), this, &MainWindow::openSample);
  addDoctorActions(menu);
  QAction* cancel = menu->addAction(tr("&Cancel"), QKeySequence(Qt::CTRL | Qt::Key_Period), this, [this] {
    engine_.cancelLoad();
    workbench_.send(CancelCost{});
  });
  cancel->setStatusTip(tr("Cancel loading or measuring"));
  cancel->setEnabled(false);
  const auto enable = [this, cancel] {
    const FramePtr& frame = workbench_.frame();
    cancel->setEnabled(engine_.loading() || (frame && frame->cost && frame->cost->running));
  };
  connect(&engine_, &EngineHost::loadStarted, cancel, enable);
  connect(&engine_, &EngineHost::loadFinished, cancel, enable);
  connect(&engine_, &EngineHost::loadFailed, cancel, enable);
  connect(&workbench_, &Workbench::presented, cancel, enable);
  menu->addSeparator();
  menu->addAction(tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), this, &QWidget::close);
}

void MainWindow::addDoctorActions(QMenu* menu) {
  QAction* open = menu->addAction(tr("Open with o&ptions…"), QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_O), this,
                                  [this] { examine(Opening::File); });
  open->setObjectName(QStringLiteral("actionOpenWithOptions"));
  QAction* folder = menu->addAction(tr("Open a fol&der with options…"), this, [this] { examine(Opening::Folder); });
  folder->setObjectName(QStringLiteral("actionOpenFolderWithOptions"));
  QAction* report = menu->addAction(tr("File repor&t…"), &doctor_, &DoctorDesk::showOpened);
  report->setObjectName(QStringLiteral("actionFileReport"));
  report->setEnabled(false);
  connect(&engine_, &EngineHost::loadFinished, report,
          [this, report] { report->setEnabled(engine_.opened().has_value()); });
  connect(trainPage_, &TrainPage::lookIntoFileRequested, &doctor_, &DoctorDesk::showLast);
}

void MainWindow::makeViewMenu() {
  QMenu* menu = menuBar()->addMenu(tr("&View"));
  for (int page = 0; page < page_count; ++page) menu->addAction(rail_->action(static_cast<Page>(page)));
  menu->addSeparator();
  QMenu* themes = menu->addMenu(tr("&Theme"));
  themeActions_ = new QActionGroup(this);
  const std::pair<QString, QString> names[] = {{QString(), tr("As the &system")},
                                               {QStringLiteral("light"), tr("&Light")},
                                               {QStringLiteral("dark"), tr("&Dark")}};
  for (const auto& [name, text] : names) {
    QAction* action = themes->addAction(text, this, [this, name = name] { chooseTheme(name); });
    action->setCheckable(true);
    action->setData(name);
    themeActions_->addAction(action);
    action->setChecked(name == theme_);
  }
  stillAction_ = menu->addAction(tr("&Reduce motion"), this, &MainWindow::setMotion);
  stillAction_->setObjectName(QStringLiteral("actionReduceMotion"));
  stillAction_->setCheckable(true);
  QAction* full = menu->addAction(tr("&Full screen"), QKeySequence(Qt::Key_F11), this,
                                  [this](bool on) { setWindowState(windowState().setFlag(Qt::WindowFullScreen, on)); });
  full->setCheckable(true);
}

/// What fades or travels switches instead, in every view that moves.
void MainWindow::setMotion(bool reduced) {
  for (QWidget* widget : findChildren<QWidget*>()) {
    if (widget->metaObject()->indexOfProperty("reducedMotion") >= 0) widget->setProperty("reducedMotion", reduced);
  }
}

void MainWindow::connectEngine() {
  connect(&workbench_, &Workbench::commandSent, &engine_, &EngineHost::post);
  engine_.mayInstall = [this](const QString& path) { return mayInstall(path); };
  workbench_.maySend = [this](const Command& command) {
    // On the Lookup page a pass of its own is what goes back, and the training stays.
    const FramePtr& frame = workbench_.frame();
    const bool touches_training = !frame || !frame->lookup || frame->lookup->setup.follows_training();
    return !std::holds_alternative<Reset>(command) || !touches_training ||
           mayStartOverOrClose(tr("The run goes back to its first batch; what was trained so far is lost."));
  };
  connect(&engine_, &EngineHost::frameReady, this, [this](const FramePtr& frame) { workbench_.present(frame); });
  // The built-in sample (an empty path) is too quick to be worth a line.
  connect(&engine_, &EngineHost::loadStarted, this, [this](const QString& path) {
    loading_ = path.isEmpty() ? path : fileName(path);
    showLoadProgress(0, 0);
  });
  connect(&engine_, &EngineHost::loadProgress, this, &MainWindow::showLoadProgress);
  connect(&engine_, &EngineHost::loadProgress, this, &MainWindow::loadProgressed);
  connect(trainPage_, &TrainPage::loadCancelled, &engine_, &EngineHost::cancelLoad);
  connect(&engine_, &EngineHost::loadFinished, this, [this](const QString& path, const LoadReport& report) {
    trainPage_->hideLoading();
    if (path.isEmpty()) return;
    if (memory_ == Memory::Keep) rememberFile(path, engine_.opened() ? engine_.opened()->options : ReadOptions{});
    if (transport_->unitsPerSecond() == sampleSpeed) transport_->setUnitsPerSecond(fullSpeed);
    if (trainSpeed_ == sampleSpeed) trainSpeed_ = fullSpeed;
    trainPage_->showLoadReport(report);
  });
  connect(&engine_, &EngineHost::loadFailed, this, [this](const QString&, const Error& error) {
    trainPage_->hideLoading();
    if (error.kind != ErrorKind::Cancelled) {
      lastErrorExitCode_ = error.exit_code();
      showPage(Page::Train);
      Error shown = error;
      shown.hint = labelled(QString::fromStdString(error.hint)).toStdString();
      trainPage_->showLoadError(shown);
      emit openFailed(QString::fromStdString(error.message()));
    }
    // A window without any data would show nothing at all.
    if (!workbench_.frame() || !workbench_.frame()->ratings) openSample();
  });
}

void MainWindow::showLoadProgress(qulonglong bytesDone, qulonglong bytesTotal) {
  if (!loading_.isEmpty()) trainPage_->showLoading(loading_, bytesDone, bytesTotal);
}

void MainWindow::showPage(Page page) { rail_->setCurrent(page); }

Page MainWindow::page() const { return rail_->current(); }

bool MainWindow::mayInstall(const QString& path) {
  trainPage_->hideLoading();
  const FramePtr& frame = workbench_.frame();
  if (!frame || frame->progress.batches_done == 0) return true;
  return askToDiscard(path.isEmpty()
                          ? tr("The built-in sample starts a new run; what was trained so far is lost.")
                          : tr("Opening %1 starts a new run; what was trained so far is lost.").arg(fileName(path)));
}

bool MainWindow::mayStartOverOrClose(const QString& question) {
  const FramePtr& frame = workbench_.frame();
  if (!frame || !frame->ratings || frame->progress.batches_done == 0) return true;
  // In front of a class the sample is started over again and again: a question each time would stand in the way.
  if (frame->ratings->synthetic && frame->progress.train_seconds < soonTrainedAgain) return true;
  return askToDiscard(question);
}

void MainWindow::open(const QString& path, const ReadOptions& options) { engine_.open(path, options); }

void MainWindow::openSample() { engine_.openSample(); }

QString MainWindow::openFilters() {
  const QString ratings = QStringLiteral("*.data *.csv *.dat *.txt *.tsv *.arff *.base *.test *.tr *.te *.gz *.zip");
  const QString factors = QStringLiteral("*.json *.jsonl *.model *.vec *.txt *.npy *.safetensors");
  return tr("Ratings and factors (%1 %2)").arg(ratings, factors) + QStringLiteral(";;") +
         tr("Rating files, packed or not (%1)").arg(ratings) + QStringLiteral(";;") +
         tr("Files of factors (%1)").arg(factors) + QStringLiteral(";;") + tr("All files (*)");
}

QString MainWindow::showPathDialog(Opening what, const QString& title) {
  const QList<RecentFile> recent = recentFiles();
  const QString folder = recent.isEmpty() ? QString() : QFileInfo(recent.first().path).absolutePath();
  return what == Opening::Folder ? QFileDialog::getExistingDirectory(this, title, folder)
                                 : QFileDialog::getOpenFileName(this, title, folder, openFilters(), nullptr,
                                                                QFileDialog::HideNameFilterDetails);
}

void MainWindow::choose(Opening what) {
  const QString path =
      askForPath(what, what == Opening::Folder ? tr("Open a folder with ratings") : tr("Open ratings or factors"));
  if (!path.isEmpty()) open(path);
}

void MainWindow::examine(Opening what) {
  const QString path = askForPath(
      what, what == Opening::Folder ? tr("Open a folder of ratings with options") : tr("Open ratings with options"));
  if (!path.isEmpty()) doctor_.examine(path, recentOptions(path));
}

void MainWindow::fillRecentFiles() {
  recentMenu_->clear();
  const QList<RecentFile> recent = recentFiles();
  for (const RecentFile& file : recent) {
    const QStringList options = optionTexts(file.options);
    QString text = file.path;
    text.replace(u'&', QStringLiteral("&&"));
    if (!options.isEmpty()) text = tr("%1 (with options)").arg(text);
    QAction* action = recentMenu_->addAction(text, this, [this, file] { open(file.path, file.options); });
    action->setToolTip(options.isEmpty() ? tr("Open the file as it is detected") : options.join(u'\n'));
  }
  if (recent.isEmpty()) recentMenu_->addAction(tr("No files opened yet"))->setEnabled(false);
}

void MainWindow::chooseTheme(const QString& name) {
  if (!systemTheme_) systemTheme_ = themeOf(QApplication::palette());
  theme_ = name;
  const Theme theme = name == QLatin1String("dark")    ? Theme::Dark
                      : name == QLatin1String("light") ? Theme::Light
                                                       : *systemTheme_;
  applyTheme(*qApp, theme);
  if (themeActions_ == nullptr) return;
  for (QAction* action : themeActions_->actions()) action->setChecked(action->data().toString() == name);
}

void MainWindow::restoreLook() {
  resize(firstSize);
  if (memory_ == Memory::None) return;
  // The first window fits the screen with its title bar. How large the frame is shows only when it is there; the style
  // has a good guess.
  const int border = style()->pixelMetric(QStyle::PM_DefaultFrameWidth) + 4;
  const QSize frame(2 * border, style()->pixelMetric(QStyle::PM_TitleBarHeight) + 2 * border);
  resize(firstSize.boundedTo(screen()->availableSize() - frame));
  const QSettings settings;
  restoreGeometry(settings.value(keyGeometry).toByteArray());
  stillAction_->setChecked(settings.value(keyStill).toBool());
  setMotion(stillAction_->isChecked());
  trainPage_->restoreState(settings.value(keyTrainPage).toByteArray());
  doctor_.restoreState(settings.value(keyDoctor).toByteArray());
  const int page = settings.value(keyPage, static_cast<int>(Page::Train)).toInt();
  if (page >= 0 && page < page_count) showPage(static_cast<Page>(page));
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (!mayStartOverOrClose(tr("Closing the window ends the run; what was trained so far is lost."))) {
    event->ignore();
    return;
  }
  if (memory_ == Memory::Keep) {
    QSettings settings;
    settings.setValue(keyGeometry, saveGeometry());
    settings.setValue(keyTrainPage, trainPage_->saveState());
    settings.setValue(keyDoctor, doctor_.saveState());
    settings.setValue(keyTheme, theme_);
    settings.setValue(keyStill, stillAction_->isChecked());
    settings.setValue(keyPage, static_cast<int>(page()));
  }
  QMainWindow::closeEvent(event);
}

void MainWindow::keyPressEvent(QKeyEvent* event) {
  // An Esc that nobody had a use for gives the single keys back to the window: from a table, say, or a button.
  if (event->key() == Qt::Key_Escape && event->modifiers() == Qt::NoModifier) {
    pages_->currentWidget()->setFocus(Qt::OtherFocusReason);
    return;
  }
  QMainWindow::keyPressEvent(event);
}

bool MainWindow::event(QEvent* event) {
  const bool handled = QMainWindow::event(event);
  // The paint of a window happens inside UpdateRequest.
  if (event->type() == QEvent::UpdateRequest && firstFrameMs_ < 0 && workbench_.frame() &&
      workbench_.frame()->ratings) {
    constexpr double nanosecondsPerMs = 1e6;
    firstFrameMs_ = static_cast<double>(sinceStart_.nsecsElapsed()) / nanosecondsPerMs;
  }
  return handled;
}

void MainWindow::showAbout() {
  QMessageBox::about(this, tr("About Rowlight"),
                     tr("<b>Rowlight %1</b><p>See what an embedding layer really does.</p>"
                        "<p>Free software under the GNU General Public License, version 3 or later.</p>")
                         .arg(QCoreApplication::applicationVersion()));
}

}  // namespace rowlight
