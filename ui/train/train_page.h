#pragma once

#include <QWidget>

#include <array>
#include <cstdint>
#include <memory>

#include "core/ratings/reader.h"
#include "ui/common/workbench.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QTabWidget;

namespace rowlight {

class BatchPanel;
class ElidedLabel;
class LossPanel;
class MessageStrip;
class PcaPanel;
class SettingsDrawer;
class TablePanel;

/// The page that watches a model train: both tables, the loss, the projection and the current batch. In a small
/// window the panels become tabs. Files can be dropped on it.
class TrainPage : public QWidget {
  Q_OBJECT

 public:
  /// A window smaller than this shows tabs in place of splitters.
  static constexpr QSize roomy_window{1024, 640};

  explicit TrainPage(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] TablePanel* userTable() const { return users_; }
  [[nodiscard]] TablePanel* movieTable() const { return movies_; }
  [[nodiscard]] LossPanel* lossPanel() const { return loss_; }
  [[nodiscard]] PcaPanel* pcaPanel() const { return pca_; }
  [[nodiscard]] SettingsDrawer* settingsDrawer() const { return drawer_; }
  [[nodiscard]] MessageStrip* messages() const { return messages_; }

  /// Sizes of the panels and whether the drawer is open, for the settings file. Restoring what is not such a state
  /// changes nothing and returns false.
  [[nodiscard]] QByteArray saveState() const;
  bool restoreState(const QByteArray& state);

  /// Progress of a load, with its cancel button; `bytes_total` 0: unknown.
  void showLoading(const QString& file, std::uint64_t bytes_done, std::uint64_t bytes_total);
  void hideLoading();
  void showLoadError(const Error& error);
  /// Says what a person should know before trusting the picture: lines left out, movies without a title, repeated
  /// pairs, advice. What is merely worth noting (the encoding, say) stays in the report.
  void showLoadReport(const LoadReport& report);

 signals:
  /// The Open buttons: whoever owns the file dialog shows it.
  void openDialogRequested();
  void openFolderRequested();
  void loadCancelled();
  /// The button beside what was said about the last load.
  void lookIntoFileRequested();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Panel {
    QWidget* widget = nullptr;
    QString tab;
    QSplitter* home = nullptr;
    int place = 0;
  };

  QWidget* makeLoadRow();
  QWidget* makeHeader();
  void makePanels();
  QSplitter* makeSplitter(Qt::Orientation orientation, const char* name);
  void setTabbed(bool tabbed);
  void leaveAbsentTable();
  void present(const Frame& frame);
  void setDrawerOpen(bool open);
  [[nodiscard]] std::array<QSplitter*, 4> splitters() const;

  Workbench* workbench_;
  MessageStrip* messages_ = nullptr;
  QWidget* load_row_ = nullptr;
  QLabel* load_text_ = nullptr;
  QProgressBar* load_bar_ = nullptr;
  ElidedLabel* summary_ = nullptr;
  QPushButton* drawer_toggle_ = nullptr;
  SettingsDrawer* drawer_ = nullptr;
  QStackedWidget* arrangement_ = nullptr;
  QSplitter* rows_ = nullptr;     // the panels over the batch
  QSplitter* columns_ = nullptr;  // tables | loss and projection
  QSplitter* left_ = nullptr;
  QSplitter* right_ = nullptr;
  QTabWidget* tabs_ = nullptr;
  TablePanel* users_ = nullptr;
  TablePanel* movies_ = nullptr;
  LossPanel* loss_ = nullptr;
  PcaPanel* pca_ = nullptr;
  BatchPanel* batch_ = nullptr;
  std::array<Panel, 5> panels_;
  std::array<QByteArray, 4> roomy_sizes_;  // of the splitters, while their panels are in tabs
  QSize roomy_minimum_;                    // what they need, likewise
  bool tabbed_ = false;
  std::shared_ptr<const ViewedFactors> viewed_;
  QString engine_error_;  // the frame's error that the strip shows
};

}  // namespace rowlight
