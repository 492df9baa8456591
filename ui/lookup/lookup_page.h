#pragma once

#include <QUndoStack>
#include <QWidget>

#include <memory>
#include <optional>

#include "core/train/lookup_view.h"
#include "ui/common/workbench.h"

class QAction;
class QHBoxLayout;
class QLabel;
class QPushButton;

namespace rowlight {

class BatchEditor;
class ColorLegend;
class CodeDialog;
class CostMeter;
class LaneView;
class LiveLabel;
class MessageStrip;
class OptionPanel;
class PredictionCard;
class StepStrip;

/// The page that steps through a lookup and a one-hot matrix product: two lanes over one table, what they cost, and
/// the switches. It shows Frame::lookup and sends commands; it computes nothing.
class LookupPage : public QWidget {
  Q_OBJECT

 public:
  /// In a window smaller than this the options are a drawer and the cost meter is short.
  static constexpr QSize roomy_window{1024, 640};

  explicit LookupPage(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] LaneView* lanes() const { return lanes_; }
  [[nodiscard]] QUndoStack* undoStack() { return &undo_; }
  /// Undo and redo, with their shortcuts, for the menu.
  [[nodiscard]] QList<QAction*> editActions() const { return {undo_action_, redo_action_}; }

  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  struct Pending {
    LookupSetup before;
    LookupSetup after;
  };

  void makeUndo();
  QWidget* makeHeader();
  QWidget* makeSide();
  QHBoxLayout* makeTools(QWidget* side);
  QHBoxLayout* makePoison(QWidget* side);
  QHBoxLayout* makeScale(QWidget* side);
  QPushButton* makePoisonButton(const QString& text, const char* name, float value);
  void connectParts();
  void present(const Frame& frame);
  void settlePending();
  void showError();
  void showSentence();
  void requestSetup(const LookupSetup& setup);
  [[nodiscard]] std::optional<float> firstWeight(int row, int column) const;
  void editWeight(int row, int column, float value);
  void poisonRow(int row, float value);
  void askForRows();
  void setPredicting(bool on);
  void askForProgram();
  void showProgram(const QString& program);
  void fitWindow();

  Workbench* workbench_;
  std::shared_ptr<const LookupView> view_;
  std::uint64_t run_ = 0;
  bool playing_ = false;
  int first_row_ = 0;
  int row_count_ = 0;
  std::optional<Pending> pending_;
  bool awaits_program_ = false;
  QString shown_error_;
  QUndoStack undo_;
  QAction* undo_action_ = nullptr;
  QAction* redo_action_ = nullptr;
  MessageStrip* messages_ = nullptr;
  BatchEditor* batch_ = nullptr;
  ColorLegend* legend_ = nullptr;
  QLabel* gradient_scale_ = nullptr;
  PredictionCard* prediction_ = nullptr;
  LaneView* lanes_ = nullptr;
  CostMeter* cost_ = nullptr;
  StepStrip* steps_ = nullptr;
  LiveLabel* sentence_ = nullptr;
  QWidget* side_ = nullptr;
  OptionPanel* options_ = nullptr;
  QPushButton* numbers_ = nullptr;
  QWidget* undo_buttons_ = nullptr;
  QPushButton* drawer_toggle_ = nullptr;
  QLabel* poison_row_ = nullptr;
  CodeDialog* code_ = nullptr;
};

}  // namespace rowlight
