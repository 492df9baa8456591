#pragma once

#include <QImage>
#include <QObject>
#include <QRectF>
#include <QSize>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/base/matrix.h"
#include "core/ratings/rating_set.h"
#include "ui/common/palette.h"
#include "ui/common/point_grid.h"
#include "ui/common/scatter.h"
#include "ui/common/scatter_raster.h"

namespace rowlight {

using GenreColorsPtr = std::shared_ptr<const GenreColors>;

/// Which picture a view wants. A value; what it points to must not change any more.
struct ScatterRequest {
  /// (rows, 2). Null: there is nothing to show, only the genres' colours are wanted; points are then forgotten.
  std::shared_ptr<const Matrix> at;
  RatingSetPtr ratings;                    ///< whose movies the rows are; null: their genres are not known
  std::uint64_t run = 0;                   ///< points of another run do not widen the bounds of this one
  QSize size;                              ///< of the view, in logical pixels
  QRectF area;                             ///< where the points are to be seen within it
  std::optional<PlotTransform> transform;  ///< absent: all points are shown
  double device_pixel_ratio = 1;
  Theme theme = Theme::Light;
  int emphasis = ScatterStyle::all_slots;
  std::array<double, 2> variance_share = {};  ///< passed through
  /// What the dots may be drawn on, as ScatterRaster::render() takes it: used where the picture gets this transform.
  QImage ground;
  PlotTransform ground_transform;
};

/// Points and how to find them: made once for all pictures of the same coordinates.
struct ScatterCloud {
  std::vector<ScatterPoint> points;
  PointGrid grid;  ///< pre for reading: findable
  std::atomic<bool> findable =
      false;  ///< the grid follows the first picture, in some tens of milliseconds for a million
};

/// What came of a request: the picture, and what belongs to it.
struct ScatterPicture {
  std::uint64_t ticket = 0;  ///< of the request
  std::shared_ptr<const ScatterCloud> cloud;
  QRectF bounds;            ///< StableBounds::rect()
  PlotTransform transform;  ///< of the image
  double radius = 0;        ///< of a dot, in logical pixels
  QRectF area;              ///< as in the request
  std::array<double, 2> variance_share = {};
  QImage image;  ///< may be null

  /// Whether the image has its ground, and not the dots alone.
  [[nodiscard]] bool hasGround() const { return image.format() == QImage::Format_RGB32; }
};
using ScatterPicturePtr = std::unique_ptr<ScatterPicture>;

/// Makes pictures of points on a thread of its own. Of requests that come while one is made the last is served next;
/// of finished pictures only the newest is kept. The GUI thread exchanges pointers under the lock and nothing else;
/// large memory comes and goes on the other thread, but for what is there at the end. The last points and two pictures
/// are kept until the next request; one without coordinates is answered by coloured(), and leaves the colours only.
/// All calls on the thread of the object.
class ScatterRenderer : public QObject {
  Q_OBJECT

 public:
  /// `threads` draw a picture of many points together, one of few.
  explicit ScatterRenderer(unsigned threads, QObject* parent = nullptr);
  /// Stops a picture that is being made, and waits for the pass over the points that is under way: some tens of
  /// milliseconds for a million.
  ~ScatterRenderer() override;

  /// Shows all of `bounds` in `area`: what a request without a transform gets.
  [[nodiscard]] static PlotTransform transformOf(const QRectF& bounds, const QRectF& area);

  /// Returns the ticket of the picture that will come of it, or of a later request.
  std::uint64_t request(ScatterRequest request);
  /// Puts the newest finished picture in the place of `shown`, whose memory is used again. Returns false, and changes
  /// nothing, where there is none of the request with ticket `from` or a later one.
  bool take(ScatterPicturePtr& shown, std::uint64_t from = 0);
  /// Takes back a picture that is no longer shown; may be null.
  void giveBack(ScatterPicturePtr picture);

 signals:
  /// A picture can be taken, or the points of the last one can now be found.
  void finished();
  /// The colours of the genres of `ratings`, for a request without coordinates.
  void coloured(const rowlight::RatingSetPtr& ratings, const rowlight::GenreColorsPtr& colors);

 private:
  class Worker;
  using Coordinates = std::shared_ptr<const Matrix>;
  /// What the thread takes in one go.
  struct Order {
    ScatterRequest request;
    ScatterPicturePtr picture;              // to be made: a new one, or one that is used again
    std::vector<ScatterPicturePtr> spares;  // no longer needed
    std::vector<Coordinates> dropped;       // of requests that others replaced
  };

  void run();
  [[nodiscard]] std::optional<Order> waitForOrder();
  void deliver(ScatterPicturePtr picture);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<ScatterRequest> request_;
  std::uint64_t ticket_ = 0;  // of the last request
  ScatterPicturePtr ready_;
  std::vector<ScatterPicturePtr> spares_;
  std::vector<Coordinates> dropped_;
  std::atomic<bool> stop_ = false;
  unsigned threads_;
  std::thread thread_;
};

}  // namespace rowlight
