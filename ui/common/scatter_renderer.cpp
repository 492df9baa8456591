#include "ui/common/scatter_renderer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/common/pieces.h"

namespace rowlight {

namespace {

constexpr double margin = 8;                 // logical pixels between the outermost dots and the rim of the area
constexpr std::size_t few_points = 100'000;  // one thread is quick enough, and the others may have better things to do

}  // namespace

/// What lives on the renderer's thread.
class ScatterRenderer::Worker {
 public:
  Worker(unsigned threads, const std::atomic<bool>& stop) : pool_(threads), stop_(stop) {}

  /// The colours of the genres; kept until other ratings come.
  const GenreColorsPtr& colorsOf(const RatingSetPtr& ratings) {
    if (!colors_ || ratings != ratings_) {
      ratings_ = ratings;
      bounds_.reset();
      colors_ = ratings ? std::make_shared<const GenreColors>(*ratings, poolFor(ratings->movie_info.size()))
                        : std::make_shared<const GenreColors>();
    }
    return colors_;
  }

  /// Returns whether `picture` was made, and not stopped.
  bool make(ScatterRequest request, ScatterPicture& picture) {
    takePoints(request);
    picture.cloud = cloud_;
    picture.bounds = bounds_.rect();
    picture.transform = request.transform.value_or(transformOf(picture.bounds, request.area));
    picture.radius = scatterRadius(cloud_->points.size(), request.area.size().toSize());
    picture.area = request.area;
    picture.variance_share = request.variance_share;
    // Zooming in makes room for larger dots, up to a point.
    if (request.transform) {
      constexpr double largest = 6;
      const double zoom = request.transform->scale / PlotTransform::fit(picture.bounds, request.area).scale;
      picture.radius = std::clamp(picture.radius * std::sqrt(std::max(zoom, 1.0)), picture.radius, largest);
    }
    const ScatterStyle style{request.theme, request.device_pixel_ratio, picture.radius, request.emphasis};
    const bool grounded = request.ground_transform == picture.transform;
    return raster_.render(cloud_->points, picture.transform, request.size, style, picture.image,
                          grounded ? &request.ground : nullptr, poolFor(cloud_->points.size()), &stop_);
  }

  /// What can wait until the picture is on the screen. Returns whether there was anything.
  bool makeFindable() {
    if (cloud_->findable) return false;
    cloud_->grid = PointGrid(cloud_->points);
    cloud_->findable.store(true, std::memory_order_release);
    return true;
  }

  /// Gives back the memory of points.
  void forgetPoints() {
    at_.reset();
    before_.reset();
    cloud_.reset();
    raster_ = {};
  }

 private:
  ThreadPool* poolFor(std::size_t points) { return points > few_points ? &pool_ : nullptr; }

  void takePoints(ScatterRequest& request) {
    if (request.at == at_ && request.ratings == ratings_ && request.run == run_) return;
    const GenreColors& colors = *colorsOf(request.ratings);
    if (std::exchange(run_, request.run) != request.run) bounds_.reset();
    before_ = std::exchange(at_, std::move(request.at));  // see run()
    auto cloud = std::make_shared<ScatterCloud>();
    cloud->points.resize(at_->rows());
    StableBounds::Reach reach = {};
    std::mutex of_reach;
    eachChunk(poolFor(cloud->points.size()), cloud->points.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const auto at = at_->row(i);
        const int slot = colors.slotOfMovie(MovieRow{static_cast<std::int32_t>(i)});
        cloud->points[i] = {at[0], at[1], static_cast<std::int8_t>(slot)};
      }
      const auto mine = StableBounds::reachOf(std::span(cloud->points).subspan(begin, end - begin));
      const std::lock_guard lock(of_reach);
      for (std::size_t k = 0; k < reach.size(); ++k) reach[k] = std::max(reach[k], mine[k]);
    });
    bounds_.update(reach);
    cloud_ = std::move(cloud);
  }

  ThreadPool pool_;
  const std::atomic<bool>& stop_;
  ScatterRaster raster_;
  StableBounds bounds_;
  std::shared_ptr<const Matrix> at_;
  std::shared_ptr<const Matrix> before_;
  RatingSetPtr ratings_;
  GenreColorsPtr colors_;  // of these ratings
  std::uint64_t run_ = 0;
  std::shared_ptr<ScatterCloud> cloud_;
};

PlotTransform ScatterRenderer::transformOf(const QRectF& bounds, const QRectF& area) {
  return PlotTransform::fit(bounds, area.adjusted(margin, margin, -margin, -margin));
}

ScatterRenderer::ScatterRenderer(unsigned threads, QObject* parent) : QObject(parent), threads_(threads) {
  thread_ = std::thread([this] { run(); });
}

ScatterRenderer::~ScatterRenderer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::uint64_t ScatterRenderer::request(ScatterRequest request) {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (request_) dropped_.push_back(std::move(request_->at));
    request_ = std::move(request);
    ticket = ++ticket_;
  }
  wake_.notify_all();
  return ticket;
}

bool ScatterRenderer::take(ScatterPicturePtr& shown, std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  if (!ready_ || ready_->ticket < from) return false;
  shown.swap(ready_);
  if (ready_) spares_.push_back(std::move(ready_));
  return true;
}

void ScatterRenderer::giveBack(ScatterPicturePtr picture) {
  if (!picture) return;
  const std::lock_guard lock(mutex_);
  spares_.push_back(std::move(picture));
}

void ScatterRenderer::run() {
  Worker worker(threads_, stop_);
  // The thread that lets go of coordinates last gives their memory back, which takes milliseconds for a large table.
  // So this one keeps what it no longer needs until it has the next order: by then everyone else has let go.
  std::vector<Coordinates> kept;
  while (std::optional<Order> order = waitForOrder()) {
    kept = std::move(order->dropped);
    order->spares.clear();
    if (!order->request.at) {
      worker.forgetPoints();
      kept.clear();
      QMetaObject::invokeMethod(
          this,
          [this, ratings = order->request.ratings, colors = worker.colorsOf(order->request.ratings)] {
            emit coloured(ratings, colors);
          },
          Qt::QueuedConnection);
      continue;
    }
    if (!worker.make(std::move(order->request), *order->picture)) return;
    deliver(std::move(order->picture));
    if (worker.makeFindable()) QMetaObject::invokeMethod(this, &ScatterRenderer::finished, Qt::QueuedConnection);
  }
}

std::optional<ScatterRenderer::Order> ScatterRenderer::waitForOrder() {
  Order order;
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stop_ || request_; });
  if (stop_) return {};
  order.request = std::move(*request_);
  request_.reset();
  order.dropped.swap(dropped_);
  order.spares.swap(spares_);  // those that are not used again end on this thread
  if (!order.request.at) {
    if (ready_) order.spares.push_back(std::move(ready_));
    return order;
  }
  if (!order.spares.empty()) {
    order.picture = std::move(order.spares.back());
    order.spares.pop_back();
  } else {
    order.picture = std::make_unique<ScatterPicture>();
  }
  order.picture->ticket = ticket_;
  return order;
}

void ScatterRenderer::deliver(ScatterPicturePtr picture) {
  {
    const std::lock_guard lock(mutex_);
    if (ready_) spares_.push_back(std::move(ready_));  // nobody came for it
    ready_ = std::move(picture);
  }
  QMetaObject::invokeMethod(this, &ScatterRenderer::finished, Qt::QueuedConnection);
}

}  // namespace rowlight
