#include "ui/train/pca_view.h"

#include <QCursor>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

namespace rowlight {

namespace {

constexpr double reach = 10;      // of the mouse, in pixels
constexpr double drag_start = 4;  // pixels
constexpr double zoom_step = 1.25;
constexpr double pan_step = 40;  // pixels
constexpr std::size_t famous_count = 40;

unsigned drawingThreads() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

}  // namespace

PcaView::PcaView(Workbench* workbench, QWidget* parent)
    : QWidget(parent), workbench_(workbench), renderer_(drawingThreads()) {
  setObjectName(QStringLiteral("pcaView"));
  setAccessibleName(tr("Movies on two axes"));
  setMouseTracking(true);
  // By Tab only: a click selects a movie and leaves the arrows to the window, where they step.
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_OpaquePaintEvent);
  connect(workbench_, &Workbench::presented, this, &PcaView::takeFrame);
  connect(&renderer_, &ScatterRenderer::finished, this, &PcaView::takePicture);
  connect(&renderer_, &ScatterRenderer::coloured, this, &PcaView::takeColors);
  connect(workbench_, &Workbench::movieSelected, this, [this](MovieRow movie) {
    const bool known = ratings_ && movie.valid() && static_cast<std::size_t>(movie.value) < ratings_->movie_count();
    setAccessibleDescription(known ? tr("Selected: %1").arg(QString::fromStdString(ratings_->movie_label(movie)))
                                   : QString());
    update();
  });
  if (workbench_->frame()) takeFrame();
}

void PcaView::takeFrame() {
  const FramePtr& frame = workbench_->frame();
  const bool other_ratings = frame->ratings != ratings_;
  if (other_ratings) {
    ratings_ = frame->ratings;
    emphasis_ = ScatterStyle::all_slots;
    user_transform_.reset();
    famous_.clear();
    titles_.clear();
  }
  if (other_ratings || frame->run != run_) {
    run_ = frame->run;
    labelled_.clear();
    setHovered({});
  }
  auto projection = frame->projection;
  const bool usable = projection && ratings_ && projection->table == Table::Movies &&
                      projection->coordinates.rows() == ratings_->movie_count() && projection->coordinates.cols() == 2;
  if (!usable) projection.reset();
  if (other_ratings || !projection) dropPicture();
  if (projection == projection_ && !other_ratings) return;
  projection_ = std::move(projection);
  requestPicture();
  if (!projection_) update();
  if (other_ratings) chooseFamous();  // while the genres are counted
}

void PcaView::takeColors(const RatingSetPtr& ratings, const GenreColorsPtr& colors) {
  if (ratings != ratings_ || ratings == coloured_) return;
  colors_ = colors;
  emit genresChanged();  // a legend takes place from the view: before the first picture is asked for
  coloured_ = ratings;
  if (projection_) requestPicture();
}

void PcaView::dropPicture() {
  first_ticket_ = last_ticket_ + 1;
  if (!picture_) return;
  renderer_.giveBack(std::move(picture_));
  setHovered({});
  update();
}

void PcaView::requestPicture() {
  ScatterRequest request;
  request.ratings = ratings_;
  if (!projection_ || !genresKnown()) {
    last_ticket_ = renderer_.request(std::move(request));
    return;
  }
  request.at = std::shared_ptr<const Matrix>(projection_, &projection_->coordinates);
  request.run = run_;
  request.size = size();
  request.area = plotArea();
  request.transform = user_transform_;
  request.device_pixel_ratio = devicePixelRatioF();
  request.theme = themeOf(palette());
  request.emphasis = emphasis_;
  requested_ratio_ = request.device_pixel_ratio;
  request.variance_share = projection_->variance_share;
  if (picture_ || user_transform_) {  // else nobody knows yet where the axes will lie
    renewGround(transform(), projection_->variance_share);
    request.ground = ground_;
    request.ground_transform = ground_of_.transform;
  }
  last_ticket_ = renderer_.request(std::move(request));
}

void PcaView::changeView() {
  if (projection_) requestPicture();
  update();
}

void PcaView::takePicture() {
  if (!projection_) return;
  if (renderer_.take(picture_, first_ticket_)) update();
  // What lies under a resting mouse may be another movie now; as soon as the grid is there, this is called again.
  if (last_mouse_ && !dragged_ && findable()) setHovered(MovieRow{pointAt(*last_mouse_)});
}

std::span<const ScatterPoint> PcaView::points() const {
  return picture_ ? std::span<const ScatterPoint>(picture_->cloud->points) : std::span<const ScatterPoint>();
}

void PcaView::chooseFamous() {
  famous_.clear();
  const auto& counts = workbench_->frame()->movie_counts;
  if (!counts) return;
  famous_.resize(counts->size());
  std::iota(famous_.begin(), famous_.end(), 0);
  const auto kept = std::min(famous_count, famous_.size());
  std::partial_sort(famous_.begin(), famous_.begin() + static_cast<std::ptrdiff_t>(kept), famous_.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const auto x = (*counts)[static_cast<std::size_t>(a)];
                      const auto y = (*counts)[static_cast<std::size_t>(b)];
                      return x != y ? x > y : a < b;
                    });
  famous_.resize(kept);
}

QRectF PcaView::plotArea() const { return QRectF(rect()).adjusted(44, 8, -8, -40); }

double PcaView::dotRadius() const { return picture_ ? picture_->radius : 0; }

PlotTransform PcaView::transform() const {
  if (user_transform_) return *user_transform_;
  return ScatterRenderer::transformOf(picture_ ? picture_->bounds : StableBounds().rect(), plotArea());
}

void PcaView::setTransform(const PlotTransform& transform) {
  user_transform_ = transform;
  changeView();
}

void PcaView::zoom(double factor, QPointF fixed) {
  if (points().empty()) return;
  const double base = PlotTransform::fit(picture_->bounds, plotArea()).scale;
  const double target = std::clamp(transform().scale * factor, base * 0.5, base * 200);
  setTransform(transform().zoomed(target / transform().scale, fixed));
}

void PcaView::resetZoom() {
  user_transform_.reset();
  changeView();
}

void PcaView::setEmphasis(int slot) {
  emphasis_ = slot;
  changeView();
}

bool PcaView::findable() const { return picture_ && picture_->cloud->findable.load(std::memory_order_acquire); }

int PcaView::pointAt(QPointF position) const {
  if (!plotArea().contains(position)) return -1;
  return findable() ? picture_->cloud->grid.nearest(transform(), position, reach)
                    : nearestOfAll(points(), transform(), position, reach);
}

void PcaView::setHovered(MovieRow movie) {
  if (movie == hovered_) return;
  hovered_ = movie;
  setCursor(movie.valid() ? Qt::PointingHandCursor : Qt::ArrowCursor);
  update();
}

void PcaView::resizeEvent(QResizeEvent*) { changeView(); }

void PcaView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    ground_of_ = {};
    titles_.clear();
    changeView();
    look_ticket_ = last_ticket_;
  }
}

void PcaView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  press_position_ = event->position();
  last_mouse_ = event->position();
  dragged_ = false;
}

void PcaView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF before = last_mouse_.value_or(event->position());
  last_mouse_ = event->position();
  if (!event->buttons().testFlag(Qt::LeftButton)) {
    if (findable()) setHovered(MovieRow{pointAt(event->position())});
    return;
  }
  QPointF moved = event->position() - before;
  if (!dragged_) {
    moved = event->position() - press_position_;
    if (moved.manhattanLength() < drag_start) {
      last_mouse_ = press_position_;
      return;
    }
    dragged_ = true;
    setHovered({});
    setCursor(Qt::ClosedHandCursor);
  }
  if (points().empty()) return;
  PlotTransform next = transform();
  next.origin += moved;
  setTransform(next);
}

void PcaView::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (!dragged_ && !points().empty()) workbench_->selectMovie(MovieRow{pointAt(event->position())});
  if (dragged_) setCursor(Qt::ArrowCursor);
  dragged_ = false;
  setHovered(MovieRow{pointAt(event->position())});
}

void PcaView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  press_position_ = event->position();
  dragged_ = true;  // the release that follows selects nothing
  resetZoom();
}

void PcaView::wheelEvent(QWheelEvent* event) {
  const double notches = event->angleDelta().y() / 120.0;
  if (notches != 0) zoom(std::pow(zoom_step, notches), event->position());
  event->accept();  // the page must not scroll away under the picture
}

void PcaView::leaveEvent(QEvent*) {
  last_mouse_.reset();
  setHovered({});
}

bool PcaView::usesKey(const QKeyEvent& event) const {
  if (event.modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
  switch (event.key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
    case Qt::Key_Minus:
    case Qt::Key_0:
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Return:
    case Qt::Key_Enter: return true;
    default: return false;
  }
}

bool PcaView::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride && usesKey(*static_cast<QKeyEvent*>(event))) {
    event->accept();
    return true;
  }
  return QWidget::event(event);
}

void PcaView::keyPressEvent(QKeyEvent* event) {
  if (!usesKey(*event) || points().empty()) {
    QWidget::keyPressEvent(event);
    return;
  }
  const QPointF center = plotArea().center();
  const auto pan = [this](double x, double y) {
    PlotTransform next = transform();
    next.origin += QPointF(x, y);
    setTransform(next);
  };
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoom(zoom_step, center); break;
    case Qt::Key_Minus: zoom(1 / zoom_step, center); break;
    case Qt::Key_0: resetZoom(); break;
    case Qt::Key_Left: pan(pan_step, 0); break;
    case Qt::Key_Right: pan(-pan_step, 0); break;
    case Qt::Key_Up: pan(0, pan_step); break;
    case Qt::Key_Down: pan(0, -pan_step); break;
    default: {
      const int nearest = nearestOfAll(points(), transform(), center, std::numeric_limits<double>::infinity());
      if (nearest >= 0) workbench_->selectMovie(MovieRow{nearest});
    }
  }
}

}  // namespace rowlight
