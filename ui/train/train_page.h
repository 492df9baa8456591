#pragma once

#include <QByteArray>
#include <QWidget>

#include "core/ratings/reader.h"
#include "ui/common/workbench.h"

class QSplitter;
class QTabWidget;
class QToolButton;

namespace rowlight {

class BatchPanel;
class ElidedLabel;
class LossPanel;
class MessageStrip;
class PcaPanel;
class SettingsDrawer;
class TablePanel;

/// Watch the engine: both embedding tables, the loss, the projection and the current batch, with the settings in a
/// drawer at the right. In a small window the panels become tabs.
class TrainPage : public QWidget {
  Q_OBJECT

 public:
  /// `workbench` must outlive the page.
  explicit TrainPage(Workbench* workbench, QWidget* parent = nullptr);

  /// Where the splitters stand and whether the drawer is open; what restoreState() cannot read is ignored.
  [[nodiscard]] QByteArray saveState() const;
  void restoreState(const QByteArray& state);

  void showError(const QString& sentence);
  /// `name` is what is being read; empty: the built-in sample, which is too quick to be worth a line.
  void showLoading(const QString& name);
  void showLoadProgress(qulonglong bytesDone, qulonglong bytesTotal);
  void endLoading();
  /// What the load noticed, in a line; nothing when it noticed nothing.
  void showReport(const LoadReport& report);
  [[nodiscard]] QString message() const;

  /// Moves the cursor into the search field of the movie table.
  void focusSearch();
  [[nodiscard]] bool showsTabs() const;

 signals:
  void openClicked();
  void cancelLoadClicked();

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeHeader();
  void makePanels();
  void arrange(bool tabs);
  void present(const Frame& frame);
  void placeTabs();
  void placeSplitters();

  Workbench* workbench_;
  MessageStrip* strip_ = nullptr;
  ElidedLabel* summary_ = nullptr;
  QToolButton* drawerButton_ = nullptr;
  SettingsDrawer* drawer_ = nullptr;
  TablePanel* users_ = nullptr;
  TablePanel* movies_ = nullptr;
  LossPanel* loss_ = nullptr;
  PcaPanel* pca_ = nullptr;
  BatchPanel* batch_ = nullptr;
  QSplitter* left_ = nullptr;     // user table over movie table
  QSplitter* right_ = nullptr;    // loss over projection
  QSplitter* columns_ = nullptr;  // left | right
  QSplitter* rows_ = nullptr;     // columns over batch
  QTabWidget* tabs_ = nullptr;
  bool tabbed_ = false;
  QString loading_;
  QString refusal_;  // the engine's last error that is on the strip
};

}  // namespace rowlight
