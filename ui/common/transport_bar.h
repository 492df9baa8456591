#pragma once

#include <QWidget>

#include <optional>

#include "ui/common/workbench.h"

class QAction;
class QActionGroup;
class QButtonGroup;
class QLabel;
class QSlider;
class QToolButton;

namespace rowlight {

class ElidedLabel;

/// The speed slider has the positions 0 to speed_positions; the last one is full speed.
inline constexpr int speed_positions = 100;

/// Units a second at a slider position: 1 at the left end, rising by equal factors to 1000 (two significant
/// digits), then 0 for full speed.
[[nodiscard]] double unitsPerSecondAt(int position);
/// The nearest position; the inverse of unitsPerSecondAt().
[[nodiscard]] int speedPositionOf(double units_per_second);

/// Reset, step back, play, step, what a step means, and how fast: the bar at the bottom. It sends commands through the
/// workbench and shows the frame's state; commands that others send (a lesson, say) move its controls too.
class TransportBar : public QWidget {
  Q_OBJECT

 public:
  explicit TransportBar(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] StepUnit unit() const;
  void setUnit(StepUnit unit);
  [[nodiscard]] double unitsPerSecond() const;
  void setUnitsPerSecond(double units_per_second);
  /// Both at once, for what comes next: what plays now goes on as it is.
  void setPace(StepUnit unit, double units_per_second);

  /// Object names actionReset, actionStepBack, actionPlay, actionStep, actionStepLarge, with their shortcuts, for the
  /// menu. Stepping back is for the pass of the Lookup page, while it is shown.
  [[nodiscard]] QList<QAction*> transportActions() const;
  /// actionUnitOperation, actionUnitBatch and actionUnitEpoch, exclusive and checkable, for the menu.
  [[nodiscard]] QList<QAction*> unitActions() const;
  /// actionFaster and actionSlower, for the menu.
  [[nodiscard]] QList<QAction*> speedActions() const;
  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QAction* makeAction(const char* object_name, const QString& icon, const QString& text, const QKeySequence& key,
                      const QString& tip);
  QToolButton* makeButton(QAction* action);
  void makeActions();
  void makeUnitActions();
  void makeSpeedActions();
  QWidget* makeUnitButtons();
  QWidget* makeSpeed();
  void present(const Frame& frame);
  void presentPlay(bool playing, bool can_go);
  void follow(const Command& command);
  void togglePlay();
  void step(StepUnit unit);
  void stepBack();
  [[nodiscard]] bool canGo(const Frame& frame) const;
  void takeUnit(int unit);
  void playOn();
  void showSpeed();
  void fitCaptions();
  [[nodiscard]] int sliderWidth() const;
  [[nodiscard]] RunState state() const;

  Workbench* workbench_;
  QAction* reset_ = nullptr;
  QAction* step_back_ = nullptr;
  QAction* play_ = nullptr;
  QAction* step_ = nullptr;
  QAction* step_large_ = nullptr;
  QAction* faster_ = nullptr;
  QAction* slower_ = nullptr;
  QActionGroup* unit_actions_ = nullptr;  // in step with units_
  QButtonGroup* units_ = nullptr;
  QLabel* unit_caption_ = nullptr;
  QLabel* speed_caption_ = nullptr;
  QSlider* speed_ = nullptr;
  QLabel* speed_text_ = nullptr;
  ElidedLabel* position_ = nullptr;
  std::optional<bool> fits_;  // the captions, at present
  int position_room_ = 0;     // width of the longest position of this run
  bool shows_pause_ = false;
  bool play_was_last_ = false;  // the last command about the run was Play: a change of speed may repeat it
};

}  // namespace rowlight
