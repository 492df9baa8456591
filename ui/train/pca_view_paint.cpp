// How a PcaView paints: apart from how it behaves (pca_view.cpp).

#include <QLocale>
#include <QPainter>
#include <QStringList>

#include <algorithm>
#include <cmath>

#include "ui/common/heat_map.h"
#include "ui/common/typography.h"
#include "ui/train/pca_view.h"

namespace rowlight {

namespace {

constexpr int label_width = 168;
constexpr std::size_t max_labels = 8;

QString axisText(const QString& name, long percent) {
  return QObject::tr("%1 (%2 % of variance)").arg(name).arg(percent);
}

/// An image pixel by pixel at device pixels of the widget: Qt copies only where it has nothing to scale.
void drawPixels(QPainter& painter, QPoint at, const QImage& image) {
  const double ratio = painter.device()->devicePixelRatioF();
  painter.save();
  painter.scale(1 / ratio, 1 / ratio);
  painter.drawImage(at, image);
  painter.restore();
}

}  // namespace

void PcaView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (picture_ && requested_ratio_ != devicePixelRatioF()) requestPicture();  // the window moved to another screen
  if (!projection_ || projection_->coordinates.rows() == 0 || !picture_) {
    painter.fillRect(rect(), palette().base());
    // Else the picture comes in a moment.
    if (!projection_ || projection_->coordinates.rows() == 0) paintEmptyState(painter);
    return;
  }
  paintPicture(painter);
  painter.setClipRect(plotArea());
  painter.setRenderHint(QPainter::Antialiasing);
  const MovieRow selected = workbench_->selectedMovie();
  paintMarked(painter, selected);
  if (hovered_ != selected) paintMarked(painter, hovered_);
  paintLabels(painter);
  painter.setClipping(false);
  if (hovered_.valid()) paintCard(painter);
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
    painter.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

void PcaView::renewGround(const PlotTransform& transform, const std::array<double, 2>& variance_share) {
  const double ratio = devicePixelRatioF();
  const Ground wanted{
      transform, size(), ratio, {std::lround(variance_share[0] * 100), std::lround(variance_share[1] * 100)}};
  if (wanted == ground_of_) return;
  ground_of_ = wanted;
  ground_ = QImage(size() * ratio, QImage::Format_RGB32);
  if (ground_.isNull()) return;
  ground_.fill(palette().color(QPalette::Base));
  ground_.setDevicePixelRatio(ratio);
  QPainter painter(&ground_);
  paintAxes(painter);
  painter.end();
  ground_.setDevicePixelRatio(1);  // see drawPixels()
}

void PcaView::paintPicture(QPainter& painter) {
  const PlotTransform to = transform();
  const PlotTransform& from = picture_->transform;
  const double ratio = devicePixelRatioF();
  const bool own_ground = picture_->hasGround() && picture_->ticket >= look_ticket_;
  if (own_ground && from == to && picture_->area == plotArea() && picture_->image.size() == size() * ratio) {
    drawPixels(painter, {0, 0}, picture_->image);
    return;
  }
  renewGround(to, picture_->variance_share);
  drawPixels(painter, {0, 0}, ground_);
  if (picture_->hasGround() && !own_ground) return;  // its colours are those of another theme
  const double factor = to.scale / from.scale;
  const QPointF moved = to.origin - from.origin * factor;
  painter.save();
  // Where the picture has a ground, its grid moves along and the numbers at its rim do not.
  const QRectF area = picture_->area;
  painter.setClipRect(picture_->hasGround() ? plotArea() & QRectF(area.topLeft() * factor + moved, area.size() * factor)
                                            : plotArea());
  if (factor == 1) {
    drawPixels(painter, QPointF(moved * ratio).toPoint(), picture_->image);
  } else {  // the picture of this zoom is under way
    painter.translate(moved);
    painter.scale(factor, factor);
    painter.scale(1 / ratio, 1 / ratio);
    painter.drawImage(QPointF(0, 0), picture_->image);
  }
  painter.restore();
}

const PcaView::Title& PcaView::titleOf(MovieRow movie, bool bold) {
  const std::pair<std::int32_t, bool> key(movie.value, bold);
  const auto found = titles_.constFind(key);
  if (found != titles_.constEnd()) return *found;
  constexpr qsizetype most = 256;
  if (titles_.size() >= most) titles_.clear();
  QFont font = textFont(bold ? TextSize::Normal : TextSize::Small);
  font.setBold(bold);
  const QFontMetricsF metrics(font);
  const QString text =
      metrics.elidedText(QString::fromStdString(ratings_->movie_label(movie)), Qt::ElideMiddle, label_width);
  Title title{QStaticText(text), QSizeF(metrics.horizontalAdvance(text) + 6, metrics.height())};
  title.text.setTextFormat(Qt::PlainText);
  title.text.prepare({}, font);
  return *titles_.insert(key, title);
}

void PcaView::paintEmptyState(QPainter& painter) const {
  painter.setFont(textFont(TextSize::Normal));
  painter.setPen(palette().color(QPalette::PlaceholderText));
  painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, emptyText());
}

QString PcaView::emptyText() const {
  const QString what = tr("Here each movie will be a dot. Movies with similar rows lie close to each other.");
  if (!ratings_) return what + QLatin1Char('\n') + tr("Open a rating file, or drop one on the window.");
  if (const FramePtr& frame = workbench_->frame(); frame->viewed && ratings_->movie_count() == 0) {
    return tr("%1.").arg(QString::fromStdString(frame->viewed->missing));
  }
  return what;
}

void PcaView::paintAxes(QPainter& painter) const {
  const QRectF area = plotArea();
  const PlotTransform& to = ground_of_.transform;
  const double step = roundUp125(72 / to.scale);
  const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 6);
  const QPointF low = to.toData(area.bottomLeft());
  const QPointF high = to.toData(area.topRight());
  painter.setFont(numberFont(TextSize::Small));
  const QFontMetricsF metrics(painter.font());
  const QColor faint = palette().color(QPalette::Midlight);
  QColor zero = palette().color(QPalette::PlaceholderText);
  zero.setAlphaF(0.6F);
  const QColor text = palette().color(QPalette::PlaceholderText);
  const auto number = [&](double value) { return valueText(static_cast<float>(value), decimals); };
  for (double k = std::ceil(low.x() / step); k * step <= high.x(); ++k) {
    const double x = std::round(to.toPixel(k * step, 0).x());
    painter.fillRect(QRectF(x, area.top(), 1, area.height()), k == 0 ? zero : faint);
    painter.setPen(text);
    painter.drawText(QRectF(x - 40, area.bottom() + 2, 80, metrics.height()), Qt::AlignCenter, number(k * step));
  }
  for (double k = std::ceil(low.y() / step); k * step <= high.y(); ++k) {
    const double y = std::round(to.toPixel(0, k * step).y());
    painter.fillRect(QRectF(area.left(), y, area.width(), 1), k == 0 ? zero : faint);
    painter.setPen(text);
    const QRectF place(area.left() - 44, y - metrics.height() / 2, 40, metrics.height());
    if (place.bottom() < area.bottom() && place.top() > area.top()) {
      painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter, number(k * step));
    }
  }
  painter.setFont(textFont(TextSize::Small));
  painter.setPen(palette().color(QPalette::Text));
  const double bottom = area.bottom() + 2 + metrics.height();
  painter.drawText(QRectF(area.left(), bottom, area.width(), height() - bottom), Qt::AlignCenter,
                   axisText(tr("axis 1"), ground_of_.percent[0]));
  painter.save();
  painter.translate(0, area.bottom());
  painter.rotate(-90);
  painter.drawText(QRectF(0, 0, area.height(), 16), Qt::AlignCenter, axisText(tr("axis 2"), ground_of_.percent[1]));
  painter.restore();
}

void PcaView::paintMarked(QPainter& painter, MovieRow movie) const {
  if (!movie.valid() || static_cast<std::size_t>(movie.value) >= points().size()) return;
  const ScatterPoint& point = points()[static_cast<std::size_t>(movie.value)];
  if (!std::isfinite(point.x) || !std::isfinite(point.y)) return;
  const QPointF at = transform().toPixel(point.x, point.y);
  const double radius = dotRadius() + 2.5;
  painter.setPen(QPen(palette().color(QPalette::Base), 2));
  painter.setBrush(categoryColor(point.slot));
  painter.drawEllipse(at, radius, radius);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(palette().color(QPalette::Text), 2));
  painter.drawEllipse(at, radius + 1, radius + 1);
}

bool PcaView::placeLabel(QPainter& painter, MovieRow movie, bool bold, std::vector<QRectF>& taken) {
  const ScatterPoint& point = points()[static_cast<std::size_t>(movie.value)];
  const QPointF at = transform().toPixel(point.x, point.y);
  const Title& title = titleOf(movie, bold);
  const QSizeF box = title.size;
  const double gap = dotRadius() + 4;
  // Away from the middle first: there are fewer dots to cover.
  const QPointF right = at + QPointF(gap, -box.height() / 2);
  const QPointF left = at + QPointF(-gap - box.width(), -box.height() / 2);
  const QPointF above = at + QPointF(-box.width() / 2, -gap - box.height());
  const QPointF below = at + QPointF(-box.width() / 2, gap);
  const QPointF corners[] = {point.x < 0 ? left : right, point.y < 0 ? below : above, point.x < 0 ? right : left,
                             point.y < 0 ? above : below};
  // A dot below another's title would be a ring through that text.
  const QRectF dot(at - QPointF(gap, gap), QSizeF(2 * gap, 2 * gap));
  if (std::any_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(dot); })) return false;
  for (const QPointF& corner : corners) {
    const QRectF place(corner, box);
    if (!plotArea().contains(place)) continue;
    const auto overlaps = [&](const QRectF& other) { return other.intersects(place); };
    if (std::any_of(taken.begin(), taken.end(), overlaps)) continue;
    taken.push_back(place.adjusted(-4, -2, 4, 2));
    taken.push_back(dot);
    QColor ground = palette().color(QPalette::Base);
    ground.setAlphaF(0.85F);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ground);
    painter.drawRoundedRect(place, 3, 3);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(palette().color(QPalette::Text), 1.5));
    painter.drawEllipse(at, dotRadius() + 1, dotRadius() + 1);  // whose title it is
    painter.drawStaticText(QPointF(place.left() + 3, place.top()), title.text);
    return true;
  }
  return false;
}

void PcaView::paintLabels(QPainter& painter) {
  std::vector<QRectF> taken;
  const auto known = [this](std::int32_t movie) {
    return movie >= 0 && static_cast<std::size_t>(movie) < points().size();
  };
  const MovieRow selected = workbench_->selectedMovie();
  if (known(selected.value)) {
    QFont bold = textFont(TextSize::Normal);
    bold.setBold(true);
    painter.setFont(bold);
    placeLabel(painter, selected, true, taken);
  }
  if (emphasis_ != ScatterStyle::all_slots) return;  // titles of faint dots would shout
  painter.setFont(textFont(TextSize::Small));
  // Well-known movies far from the middle. Those that have their titles keep them while they can: no flicker.
  const QRectF bounds = picture_->bounds;
  const double rim = std::max(bounds.width(), bounds.height()) / 2;
  std::vector<std::int32_t> order = labelled_;
  for (const std::int32_t movie : famous_) {
    if (std::find(labelled_.begin(), labelled_.end(), movie) == labelled_.end()) order.push_back(movie);
  }
  std::vector<std::int32_t> placed;
  for (std::size_t i = 0; i < order.size() && placed.size() < max_labels; ++i) {
    const std::int32_t movie = order[i];
    if (!known(movie) || movie == selected.value) continue;
    const ScatterPoint& point = points()[static_cast<std::size_t>(movie)];
    const double least = user_transform_ ? 0 : (i < labelled_.size() ? 0.3 : 0.4) * rim;
    if (!(std::hypot(point.x, point.y) >= least)) continue;
    if (placeLabel(painter, MovieRow{movie}, false, taken)) placed.push_back(movie);
  }
  labelled_ = std::move(placed);
}

void PcaView::paintCard(QPainter& painter) const {
  const auto movie = static_cast<std::size_t>(hovered_.value);
  if (movie >= points().size()) return;
  QStringList genres;
  if (movie < ratings_->movie_info.size()) {
    for (const std::int32_t genre : ratings_->movie_info[movie].genre_index) {
      genres.append(QString::fromStdString(ratings_->genres[static_cast<std::size_t>(genre)]));
    }
  }
  QStringList details;
  if (!genres.isEmpty()) details.append(genres.join(QStringLiteral(", ")));
  const auto& counts = workbench_->frame()->movie_counts;
  if (counts && movie < counts->size()) {
    details.append(tr("%1 training ratings").arg(QLocale(QLocale::English).toString((*counts)[movie])));
  }
  QFont bold = textFont(TextSize::Normal);
  bold.setBold(true);
  const QFont small = textFont(TextSize::Small);
  const QFontMetricsF title_metrics(bold);
  const QFontMetricsF metrics(small);
  const double most = std::max(120.0, width() - 32.0);
  const QString title =
      title_metrics.elidedText(QString::fromStdString(ratings_->movie_label(hovered_)), Qt::ElideMiddle, most);
  double text_width = title_metrics.horizontalAdvance(title);
  for (const QString& line : details)
    text_width = std::max(text_width, std::min(most, metrics.horizontalAdvance(line)));
  const QSizeF box(text_width + 16,
                   title_metrics.height() + static_cast<double>(details.size()) * metrics.height() + 12);
  const QPointF at = transform().toPixel(points()[movie].x, points()[movie].y);
  QPointF corner = at + QPointF(14, 14);
  if (corner.x() + box.width() > width() - 4) corner.setX(std::max(4.0, at.x() - 14 - box.width()));
  if (corner.y() + box.height() > height() - 4) corner.setY(std::max(4.0, at.y() - 14 - box.height()));

  const QRectF card(corner, box);
  painter.setPen(QPen(palette().color(QPalette::Shadow), 1));
  painter.setBrush(palette().toolTipBase());
  painter.drawRoundedRect(card, 4, 4);
  painter.setPen(palette().color(QPalette::ToolTipText));
  painter.setFont(bold);
  double y = card.top() + 6 + title_metrics.ascent();
  painter.drawText(QPointF(card.left() + 8, y), title);
  painter.setFont(small);
  y = card.top() + 6 + title_metrics.height() + metrics.ascent();
  for (const QString& line : details) {
    painter.drawText(QPointF(card.left() + 8, y), metrics.elidedText(line, Qt::ElideRight, most));
    y += metrics.height();
  }
}

}  // namespace rowlight
