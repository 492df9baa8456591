#pragma once

#include <QAbstractSlider>

#include <memory>

#include "core/train/lookup_view.h"

namespace rowlight {

/// The 18 steps of a pass as a row of numbered places, forward and backward: a slider from 0 (nothing yet) to 18.
class StepStrip : public QAbstractSlider {
  Q_OBJECT

 public:
  explicit StepStrip(QWidget* parent = nullptr);

  void setView(std::shared_ptr<const LookupView> view);
  /// The step under a point, or 0.
  [[nodiscard]] int stepAt(QPoint point) const;
  [[nodiscard]] QRect stepRect(int step) const;

  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;

 signals:
  /// The person wants to see the pass as of this step.
  void seekRequested(int step);

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  std::shared_ptr<const LookupView> view_;
  bool following_ = false;  // the value is being set by a frame
};

}  // namespace rowlight
