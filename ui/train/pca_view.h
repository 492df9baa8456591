#pragma once

#include <QHash>
#include <QImage>
#include <QStaticText>
#include <QWidget>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ui/common/palette.h"
#include "ui/common/scatter.h"
#include "ui/common/scatter_renderer.h"
#include "ui/common/workbench.h"

namespace rowlight {

/// The movies of a frame's projection as coloured dots: hover reads a title, a click selects, the wheel zooms,
/// dragging pans, a double click shows everything again. Keyboard: + and - zoom, arrows pan, 0 resets, Enter
/// selects the movie nearest to the middle. The scale changes in steps only, never with each frame.
///
/// The dots come as a picture from a ScatterRenderer, a moment after what they show; until then the last picture stays,
/// moved and scaled to the present zoom. Hover and selection ask the points of the picture that is on the screen.
class PcaView : public QWidget {
  Q_OBJECT

 public:
  /// `workbench` must outlive the view.
  explicit PcaView(Workbench* workbench, QWidget* parent = nullptr);

  /// Of the last ratings whose movies were counted, which is a moment after they came.
  [[nodiscard]] const GenreColors& genreColors() const { return *colors_; }
  /// Whether what is shown was laid on its ground by the renderer.
  [[nodiscard]] bool pictureHasGround() const { return picture_ && picture_->hasGround(); }
  /// Whether the dots are those of the last frame, in the present size and zoom.
  [[nodiscard]] bool showsLastFrame() const { return !projection_ || (picture_ && picture_->ticket == last_ticket_); }
  /// The same, and the mouse finds them.
  [[nodiscard]] bool upToDate() const { return showsLastFrame() && (!projection_ || findable()); }
  /// Whether genreColors() are those of the last frame's ratings.
  [[nodiscard]] bool genresKnown() const { return coloured_ == ratings_; }
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
  /// genreColors() changed.
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
  void takeColors(const RatingSetPtr& ratings, const GenreColorsPtr& colors);
  void takePicture();
  /// Asks for the picture of what is to be seen now; for the genres' colours alone while these are not known or there
  /// is nothing to be seen.
  void requestPicture();
  /// Size, zoom or look have changed: what is there is painted so at once, and another picture is on its way.
  void changeView();
  void dropPicture();
  void setTransform(const PlotTransform& transform);
  void zoom(double factor, QPointF fixed);
  void setHovered(MovieRow movie);
  [[nodiscard]] bool usesKey(const QKeyEvent& event) const;
  /// Whether the grid of the points on the screen is there: it follows them in a moment.
  [[nodiscard]] bool findable() const;
  /// The point nearest to a position and within reach of the mouse, or -1.
  [[nodiscard]] int pointAt(QPointF position) const;
  /// Of the picture on the screen; none before there is one.
  [[nodiscard]] std::span<const ScatterPoint> points() const;
  [[nodiscard]] QRectF plotArea() const;
  [[nodiscard]] double dotRadius() const;

  /// Paints the ground and its axes anew where it has to be another one.
  void renewGround(const PlotTransform& transform, const std::array<double, 2>& variance_share);
  /// As ground_of_ says.
  void paintAxes(QPainter& painter) const;
  /// Ground and dots.
  void paintPicture(QPainter& painter);
  void paintLabels(QPainter& painter);
  void paintMarked(QPainter& painter, MovieRow movie) const;
  void paintCard(QPainter& painter) const;
  void paintEmptyState(QPainter& painter) const;
  /// A title laid out, which takes longer than to draw it.
  struct Title {
    QStaticText text;
    QSizeF size;
  };
  [[nodiscard]] const Title& titleOf(MovieRow movie, bool bold);
  bool placeLabel(QPainter& painter, MovieRow movie, bool bold, std::vector<QRectF>& taken);
  void chooseFamous();
  [[nodiscard]] QString emptyText() const;

  Workbench* workbench_;
  RatingSetPtr ratings_;
  std::uint64_t run_ = 0;
  std::shared_ptr<const Projection> projection_;
  GenreColorsPtr colors_ = std::make_shared<GenreColors>();
  RatingSetPtr coloured_;                        // whose colours these are
  std::optional<PlotTransform> user_transform_;  // absent: everything is shown
  int emphasis_ = ScatterStyle::all_slots;

  ScatterRenderer renderer_;
  ScatterPicturePtr picture_;       // what is on the screen; null: nothing yet
  std::uint64_t last_ticket_ = 0;   // of the last request
  double requested_ratio_ = 0;      // its device pixel ratio
  std::uint64_t look_ticket_ = 0;   // pictures before it are of another theme or font
  std::uint64_t first_ticket_ = 1;  // pictures before it are of other ratings
  /// What the ground was painted for.
  struct Ground {
    PlotTransform transform;
    QSize size;
    double device_pixel_ratio = 0;
    std::array<long, 2> percent = {};  // of the variance, as it is written
    friend bool operator==(const Ground&, const Ground&) = default;
  };
  Ground ground_of_;                                    // no size: to be painted
  QImage ground_;                                       // also of pictures that are under way: painted anew, never over
  QHash<std::pair<std::int32_t, bool>, Title> titles_;  // by movie and whether it is bold

  MovieRow hovered_;
  std::optional<QPointF> last_mouse_;
  QPointF press_position_;
  bool dragged_ = false;
  std::vector<std::int32_t> famous_;    // the most rated movies, whose titles may be written
  std::vector<std::int32_t> labelled_;  // of these, whose titles are there now: they stay if they can
};

}  // namespace rowlight
