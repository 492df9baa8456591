#pragma once

#include <QElapsedTimer>
#include <QMainWindow>

#include <functional>
#include <optional>

#include "app/doctor_desk.h"
#include "app/engine_host.h"
#include "ui/common/palette.h"
#include "ui/common/rail.h"
#include "ui/common/workbench.h"

class QActionGroup;
class QMenu;
class QStackedWidget;

namespace rowlight {

class LookupPage;
class StatusBar;
class TrainPage;
class TransportBar;

/// The window: rail, pages, transport bar, status bar and menus around one Workbench and one EngineHost. Remembers
/// its geometry, page, splitters, theme and recent files.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  /// Whether sizes, theme and files are remembered from run to run.
  enum class Memory { Keep, None };

  /// `sinceStart` runs since the program started. `settings` are those of the first run.
  MainWindow(const TrainSettings& settings, const QElapsedTimer& sinceStart, Memory memory, QWidget* parent = nullptr);
  ~MainWindow() override;

  [[nodiscard]] Workbench& workbench() { return workbench_; }
  void showPage(Page page);
  [[nodiscard]] Page page() const;

  /// Opens a rating file or folder. Once it is read, and where trained state would be lost, the person is asked whether
  /// it may take the run's place.
  void open(const QString& path, const ReadOptions& options = {});
  void openSample();

  /// "light", "dark", or empty: as the system.
  void chooseTheme(const QString& name);

  /// Whether a frame with data was painted, and how long after the program's start; -1: not yet.
  [[nodiscard]] bool firstFramePainted() const { return firstFrameMs_ >= 0; }
  [[nodiscard]] double firstFrameMs() const { return firstFrameMs_; }
  /// The exit code that belongs to the last error shown; 0: none.
  [[nodiscard]] int lastErrorExitCode() const { return lastErrorExitCode_; }

  /// What a person is asked to choose.
  enum class Opening { File, Folder };
  /// Asks for a path, which is empty where the person chose none; a file dialog unless a test replaces it.
  std::function<QString(Opening what, const QString& title)> askForPath;
  /// The name filters of the file dialog: everything that can be opened, ratings, factors, all files.
  [[nodiscard]] static QString openFilters();

  /// Answers "throw the trained state away?"; a message box unless a test or the tour replaces it.
  std::function<bool(const QString& question)> askToDiscard;

 signals:
  void openFailed(const QString& sentence);
  void loadProgressed();

 protected:
  bool event(QEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void makePages();
  void goTo(Page page);
  void makeMenus();
  void makeFileMenu();
  void makeViewMenu();
  void setMotion(bool reduced);
  void connectEngine();
  void showLoadProgress(qulonglong bytesDone, qulonglong bytesTotal);
  void addDoctorActions(QMenu* menu);
  [[nodiscard]] QString showPathDialog(Opening what, const QString& title);
  void choose(Opening what);
  void examine(Opening what);
  void fillRecentFiles();
  void restoreLook();
  void showAbout();
  [[nodiscard]] bool mayInstall(const QString& path);
  [[nodiscard]] bool mayStartOverOrClose(const QString& question);

  QElapsedTimer sinceStart_;
  Memory memory_;
  QString theme_;
  QString loading_;  // the name of the file that is being read
  std::optional<Theme> systemTheme_;
  QActionGroup* themeActions_ = nullptr;
  QAction* stillAction_ = nullptr;
  StepUnit trainUnit_ = StepUnit::Batch;  // what the transport bar does on the other pages
  double trainSpeed_ = 0;
  double firstFrameMs_ = -1;
  int lastErrorExitCode_ = 0;
  Workbench workbench_;
  Rail* rail_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  LookupPage* lookupPage_ = nullptr;
  TrainPage* trainPage_ = nullptr;
  TransportBar* transport_ = nullptr;
  StatusBar* status_ = nullptr;
  QMenu* recentMenu_ = nullptr;
  EngineHost engine_;  // its threads end before anything that they talk to
  DoctorDesk doctor_{&engine_, this};
};

}  // namespace rowlight
