#pragma once

#include <QChartView>

#include <optional>

namespace rowlight {

/// A chart with a vertical cursor that follows the mouse, or Left, Right, Home and End while the chart has the focus,
/// which Tab gives it.
class LossChartView : public QChartView {
  Q_OBJECT

 public:
  explicit LossChartView(QChart* chart, QWidget* parent = nullptr);

  /// The last batch that the cursor may stand on.
  void setLastBatch(double batch) { last_batch_ = batch; }

 signals:
  /// The cursor's place in the chart's batches; nothing when it has left.
  void cursorMoved(std::optional<double> batch);

 protected:
  bool event(QEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void drawForeground(QPainter* painter, const QRectF& rect) override;

 private:
  void moveTo(std::optional<double> batch);
  [[nodiscard]] double xOf(double batch) const;

  std::optional<double> cursor_;
  double last_batch_ = 0;
};

}  // namespace rowlight
