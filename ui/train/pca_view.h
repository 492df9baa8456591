#pragma once

#include <QImage>
#include <QWidget>

#include <optional>
#include <span>
#include <vector>

#include "ui/common/palette.h"
#include "ui/common/scatter.h"
#include "ui/common/workbench.h"

namespace rowlight {

/// The movies of a frame's projection as coloured dots: hover reads a title, a click selects, the wheel zooms,
/// dragging pans, a double click shows everything again. Keyboard: + and - zoom, arrows pan, 0 resets, Enter
/// selects the movie nearest to the middle. The scale changes in steps only, never with each frame.
class PcaView : public QWidget {
  Q_OBJECT

 public:
  /// `workbench` must outlive the view.
  explicit PcaView(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] const GenreColors& genreColors() const { return colors_; }
  /// The movie of which the description is shown; invalid: none.
  [[nodiscard]] MovieRow hovered() const { return hovered_; }
  [[nodiscard]] PlotTransform transform() const;
  [[nodiscard]] bool isZoomed() const { return user_transform_.has_value(); }
  /// Shows one slot in full colour and the others faint; ScatterStyle::all_slots: all alike.
  void setEmphasis(int slot);
  [[nodiscard]] int emphasis() const { return emphasis_; }
  [[nodiscard]] QSize sizeHint() const override { return {480, 360}; }
  [[nodiscard]] QSize minimumSizeHint() const override { return {200, 160}; }

 public slots:
  void resetZoom();

 signals:
  /// Other ratings came: genreColors() changed.
  void genresChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void takeFrame();
  void takePoints();
  void invalidate();
  void setTransform(const PlotTransform& transform);
  void zoom(double factor, QPointF fixed);
  void setHovered(MovieRow movie);
  [[nodiscard]] bool usesKey(const QKeyEvent& event) const;
  [[nodiscard]] int pointAt(QPointF position) const;
  [[nodiscard]] QRectF plotArea() const;
  [[nodiscard]] double dotRadius() const;

  void paintAxes(QPainter& painter) const;
  void paintLabels(QPainter& painter);
  void paintMarked(QPainter& painter, MovieRow movie) const;
  void paintCard(QPainter& painter) const;
  void paintEmptyState(QPainter& painter) const;
  bool placeLabel(QPainter& painter, MovieRow movie, std::vector<QRectF>& taken) const;
  void chooseFamous();
  [[nodiscard]] QString emptyText() const;

  Workbench* workbench_;
  RatingSetPtr ratings_;
  std::uint64_t run_ = 0;
  std::shared_ptr<const Projection> projection_;
  GenreColors colors_;
  std::vector<ScatterPoint> points_;
  StableBounds bounds_;
  std::optional<PlotTransform> user_transform_;  // absent: everything is shown
  int emphasis_ = ScatterStyle::all_slots;

  QImage picture_;                         // null: to be drawn
  mutable std::optional<PointGrid> grid_;  // built when the mouse asks
  MovieRow hovered_;
  std::optional<QPointF> last_mouse_;
  QPointF press_position_;
  bool dragged_ = false;
  std::vector<std::int32_t> famous_;    // the most rated movies, whose titles may be written
  std::vector<std::int32_t> labelled_;  // of these, whose titles are there now: they stay if they can
};

}  // namespace rowlight
