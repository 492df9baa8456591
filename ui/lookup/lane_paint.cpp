#include "ui/lookup/lane_paint.h"

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "ui/common/heat_map.h"
#include "ui/common/palette.h"
#include "ui/lookup/lookup_text.h"

namespace rowlight {
namespace {

constexpr qreal fading = 0.78;  // how much of the ground covers what is multiplied by zero

QString tr(const char* text) { return QCoreApplication::translate("LanePaint", text); }

QColor mixed(const QColor& from, const QColor& to, qreal share) {
  const auto t = static_cast<float>(share);
  return QColor::fromRgbF(std::lerp(from.redF(), to.redF(), t), std::lerp(from.greenF(), to.greenF(), t),
                          std::lerp(from.blueF(), to.blueF(), t));
}

QFont bold(QFont font) {
  font.setBold(true);
  return font;
}

class Painting {
 public:
  Painting(QPainter& painter, const LookupView& view, const LaneScene& scene, const LaneLook& look)
      : p_(painter),
        view_(view),
        scene_(scene),
        look_(look),
        theme_(themeOf(look.palette)),
        text_(look.palette.color(QPalette::Text)),
        base_(look.palette.color(QPalette::Base)),
        secondary_(look.palette.color(QPalette::PlaceholderText)) {}

  void run() {
    for (int lane = 0; lane < lane_count; ++lane) paintLane(lane);
    for (const Block& block : scene_.blocks) paintBlock(block);
    for (const Link& link : scene_.links) paintLink(link);
    if (look_.motion < 1) {
      for (const Link& link : scene_.links) paintTravelling(link);
    }
    paintLit();
    paintCurrent();
  }

 private:
  void paintLane(int index) {
    const Lane& lane = scene_.lanes[static_cast<std::size_t>(index)];
    p_.fillRect(lane.area, base_);
    if (lane.active) p_.fillRect(QRectF(0, lane.area.top(), 4, lane.area.height()), accent());
    if (index > 0) p_.fillRect(QRectF(0, lane.area.top(), lane.area.width(), 1), look_.palette.color(QPalette::Mid));
    const QString name = index == one_hot_lane ? tr("ONE-HOT × MATMUL") : tr("LOOKUP");
    const QString what = index == one_hot_lane ? tr("every row of the table takes part, nearly all times zero")
                                               : tr("only the rows that the indices name are touched");
    p_.setFont(bold(look_.text));
    p_.setPen(text_);
    p_.drawText(lane.heading, Qt::AlignLeft | Qt::AlignVCenter, name);
    const qreal used = QFontMetricsF(p_.font()).horizontalAdvance(name) + 12;
    p_.setFont(look_.text);
    p_.setPen(secondary_);
    const QRectF rest = lane.heading.adjusted(used, 0, 0, 0);
    p_.drawText(rest, Qt::AlignLeft | Qt::AlignVCenter,
                QFontMetricsF(look_.text).elidedText(what, Qt::ElideRight, rest.width()));
    const QString& caption = look_.captions[static_cast<std::size_t>(index)];
    p_.setFont(look_.numbers);
    p_.setPen(text_);
    p_.drawText(lane.caption, Qt::AlignLeft | Qt::AlignVCenter,
                QFontMetricsF(look_.numbers).elidedText(caption, Qt::ElideRight, lane.caption.width()));
  }

  void paintBlock(const Block& block) {
    paintHeading(block);
    if (block.rows.shown == 0 || block.columns.shown == 0) return;
    if (!block.labels.isEmpty()) paintLabels(block);
    const bool travelling = look_.motion < 1 && isTarget(block);
    for (int r = block.rows.first; r < block.rows.first + block.rows.shown; ++r) {
      if (block.kind == BlockKind::Indices) {
        paintIndex(block, r);
        continue;
      }
      for (int c = block.columns.first; c < block.columns.first + block.columns.shown; ++c) {
        paintCell(block, r, c, block.cell(r, c), travelling);
      }
    }
    if (block.kind != BlockKind::Indices) {
      p_.setPen(QPen(look_.palette.color(QPalette::Mid), 1));
      p_.setBrush(Qt::NoBrush);
      p_.drawRect(block.cells.adjusted(-0.5, -0.5, 0.5, 0.5));
    }
    for (int r = block.rows.first; r < block.rows.first + block.rows.shown; ++r) decorateRow(block, r);
    if (block.kind != BlockKind::WeightTransposed) return;
    for (int c = block.columns.first; c < block.columns.first + block.columns.shown; ++c) {
      const QRectF top = block.cell(block.rows.first, c);
      if (markOf(c).looked_up > 0) outline({top.topLeft(), QSizeF(top.width(), block.cells.height())}, 2);
    }
  }

  void paintHeading(const Block& block) {
    const qreal line = block.heading.height() / 2;
    const QFont font = block.active ? bold(look_.text) : look_.text;
    p_.setFont(font);
    p_.setPen(block.active ? text_ : secondary_);
    const QRectF title(block.labels.isEmpty() ? block.heading.left() : block.labels.left(), block.heading.top(),
                       titleRoom(block), line);
    p_.drawText(title, Qt::AlignLeft | Qt::AlignVCenter,
                QFontMetricsF(font).elidedText(block.title, Qt::ElideRight, title.width()));
    if (block.active) {
      const qreal width = std::min(QFontMetricsF(font).horizontalAdvance(block.title), title.width());
      p_.fillRect(QRectF(title.left(), title.bottom() - 1, width, 2), accent());
    }
    if (!block.sign.isEmpty() && !block.cells.isEmpty()) {
      const qreal right = block.labels.isEmpty() ? block.cells.left() : block.labels.left();
      p_.setFont(bold(look_.text));
      p_.setPen(text_);
      const QRectF sign(right - line * 1.6, block.cells.top(), line * 1.6, signHeight(block));
      p_.drawText(sign, Qt::AlignCenter, block.sign);
    }
    paintColumnNumbers(block, line);
  }

  [[nodiscard]] qreal signHeight(const Block& block) const {
    // Links end where an arrow would stand, so the sign keeps above them.
    return block.lane == lookup_lane && block.sign == QStringLiteral("→") ? 0 : block.cells.height();
  }

  [[nodiscard]] qreal titleRoom(const Block& block) const {
    const qreal left = block.labels.isEmpty() ? block.heading.left() : block.labels.left();
    qreal right = scene_.lanes[0].area.right();
    for (const Block& other : scene_.blocks) {
      const qreal start = other.labels.isEmpty() ? other.heading.left() : other.labels.left();
      if (other.lane == block.lane && start > left) right = std::min(right, start);
    }
    return right - left - 6;
  }

  void paintColumnNumbers(const Block& block, qreal line) {
    if (block.columns.of == AxisOf::One || block.columns.of == AxisOf::Numbers) return;
    p_.setFont(look_.small);
    p_.setPen(secondary_);
    const qreal widest =
        QFontMetricsF(look_.small).horizontalAdvance(QString::number(block.columns.first + block.columns.shown)) + 6;
    const int every = std::max(1, static_cast<int>(std::ceil(widest / block.cell_width)));
    for (int c = block.columns.first; c < block.columns.first + block.columns.shown; ++c) {
      if (c % every != 0) continue;
      const QRectF cell = block.cell(block.rows.first, c);
      const QRectF place(cell.center().x() - widest, cell.top() - line, 2 * widest, line);
      const bool named = block.kind == BlockKind::WeightTransposed && markOf(c).looked_up > 0;
      if (named) {
        p_.setFont(bold(look_.small));
        p_.setPen(text_);
      }
      p_.drawText(place, Qt::AlignCenter, QString::number(c));
      if (named) {
        p_.setFont(look_.small);
        p_.setPen(secondary_);
      }
    }
  }

  void paintIndex(const Block& block, int r) {
    const QRectF chip = block.row(r).adjusted(0, 2, -2, -2);
    p_.setPen(QPen(text_, 1.5));
    p_.setBrush(look_.palette.color(QPalette::AlternateBase));
    p_.drawRoundedRect(chip, 4, 4);
    const auto at = static_cast<std::size_t>(r);
    if (at >= view_.indices.size()) return;
    p_.setFont(bold(look_.numbers));
    p_.drawText(chip, Qt::AlignCenter, QString::number(view_.indices[at]));
  }

  void paintCell(const Block& block, int r, int c, const QRectF& cell, bool empty) {
    const auto value = empty ? std::nullopt : valueAt(view_, block.kind, r, c);
    if (!value) {
      p_.fillRect(cell, look_.palette.color(QPalette::AlternateBase));
      grid(block, cell);
      return;
    }
    if (block.kind == BlockKind::OneHot || block.kind == BlockKind::OneHotTransposed) {
      paintHot(block, cell, *value);
      return;
    }
    paintValue(block, cell, *value, multipliedByZero(block, r));
  }

  /// Zeros are quiet, and what is not zero is a filled cell with a bold number: seen from the back row.
  void paintHot(const Block& block, const QRectF& cell, float value) {
    const bool zero = value == 0;
    p_.fillRect(cell, zero ? base_ : text_);
    grid(block, cell);
    const QString text = exactText(value).left(4);
    const QFont font = zero ? look_.numbers : bold(look_.numbers);
    if (block.numbers && QFontMetricsF(font).horizontalAdvance(text) <= cell.width()) {
      p_.setFont(font);
      p_.setPen(zero ? mixed(secondary_, base_, 0.35) : base_);
      p_.drawText(cell, Qt::AlignCenter, text);
    } else if (zero && cell.width() >= 5) {
      const QRectF dot(cell.center() - QPointF(1, 1), QSizeF(2, 2));
      p_.fillRect(dot, mixed(secondary_, base_, 0.35));
    }
  }

  void paintValue(const Block& block, const QRectF& cell, float value, bool by_zero) {
    const float domain = isGradient(block.kind) ? look_.gradient_domain : look_.weight_domain;
    const bool plain = block.kind == BlockKind::Scores;
    QColor ground = plain ? base_ : QColor(divergingColor(value, domain, theme_));
    if (by_zero && std::isfinite(value)) ground = mixed(ground, base_, fading);
    p_.fillRect(cell, ground);
    grid(block, cell);
    if (!std::isfinite(value)) hatch(cell, ground);
    if (!block.numbers) return;
    const bool odd = !std::isfinite(value);
    const QFont font = odd ? bold(look_.numbers) : look_.numbers;
    const QFontMetricsF metrics(font);
    QString text = cellText(value, plain ? 2 : heatDecimals(domain));
    if (metrics.horizontalAdvance(text) > cell.width() - 6) text = QString::number(static_cast<double>(value), 'g', 2);
    const qreal width = metrics.horizontalAdvance(text);
    const qreal right = odd ? cell.center().x() + width / 2 : cell.right() - std::max(4.0, (cell.width() - width) / 2);
    if (odd) p_.fillRect(QRectF(right - width - 3, cell.top() + 2, width + 6, cell.height() - 4), ground);
    p_.setFont(font);
    p_.setPen(by_zero && !odd ? secondary_ : textColorOn(ground));
    p_.drawText(QPointF(right - width, cell.center().y() + metrics.capHeight() / 2), text);
  }

  void hatch(const QRectF& cell, const QColor& ground) {
    p_.save();
    p_.setClipRect(cell, Qt::IntersectClip);
    p_.setPen(QPen(textColorOn(ground), 1));
    for (qreal x = cell.left() - cell.height(); x < cell.right(); x += 6) {
      p_.drawLine(QPointF(x, cell.bottom()), QPointF(x + cell.height(), cell.top()));
    }
    p_.restore();
  }

  void grid(const Block& block, const QRectF& cell) {
    if (block.cell_width < 12) return;
    const QColor line = look_.palette.color(QPalette::Midlight);
    p_.fillRect(QRectF(cell.right() - 1, cell.top(), 1, cell.height()), line);
    p_.fillRect(QRectF(cell.left(), cell.bottom() - 1, cell.width(), 1), line);
  }

  /// Whether step 3 multiplies the table row by zero for the output in focus.
  [[nodiscard]] bool multipliedByZero(const Block& block, int r) const {
    const auto factor = factorOf(block, r);
    return factor && *factor == 0;
  }

  [[nodiscard]] std::optional<float> factorOf(const Block& block, int r) const {
    if (block.kind != BlockKind::Table || block.lane != one_hot_lane) return std::nullopt;
    if (view_.shown_step != static_cast<int>(LookupStep::Matmul)) return std::nullopt;
    return valueAt(view_, BlockKind::OneHot, look_.focus_output, r);
  }

  [[nodiscard]] RowMark markOf(int row) const {
    const std::size_t at = static_cast<std::size_t>(row) - view_.first_row;
    return row >= 0 && at < view_.marks.size() ? view_.marks[at] : RowMark{};
  }

  /// The row's number in bold with an arrow: looked up.
  [[nodiscard]] bool isLit(const Block& block, int r) const {
    const int row = tableRowOf(view_, block, r, 0);
    if (row < 0 || block.lane != lookup_lane || !block.reached || block.kind == BlockKind::RowBias) return false;
    if (block.kind == BlockKind::Sparse || block.kind == BlockKind::Coalesced) return false;
    if (block.kind == BlockKind::GradBias) return false;
    if (block.kind == BlockKind::Indices || view_.shown_step < static_cast<int>(LookupStep::LookUp)) return false;
    return markOf(row).looked_up > 0;
  }

  void paintLabels(const Block& block) {
    for (int r = block.rows.first; r < block.rows.first + block.rows.shown; ++r) {
      const int row = tableRowOf(view_, block, r, 0);
      QRectF place(block.labels.left(), block.row(r).top(), block.labels.width() - 6, block.cell_height);
      const bool lit = isLit(block, r);
      const QString tag = tagOf(block, r, row);
      const QFont font = lit ? bold(look_.text) : look_.text;
      if (!tag.isEmpty()) {
        p_.setFont(bold(look_.small));
        p_.setPen(text_);
        p_.drawText(place, Qt::AlignRight | Qt::AlignVCenter, tag);
        place.setRight(place.right() - QFontMetricsF(p_.font()).horizontalAdvance(tag) - 4);
      }
      QString text = row < 0 ? QString() : QString::number(row);
      const std::size_t at = static_cast<std::size_t>(row) - view_.first_row;
      if (row >= 0 && at < view_.row_names.size()) {
        const QString name = QString::fromStdString(view_.row_names[at]);
        if (name != text) text += QStringLiteral("  ") + name;
      }
      if (lit) text.prepend(QStringLiteral("▶ "));
      p_.setFont(font);
      p_.setPen(lit ? text_ : secondary_);
      p_.drawText(place, Qt::AlignLeft | Qt::AlignVCenter,
                  QFontMetricsF(font).elidedText(text, Qt::ElideRight, place.width()));
    }
  }

  /// What stands at the right of a row's label: its factor, how often it was hit, what the options did to it.
  [[nodiscard]] QString tagOf(const Block& block, int r, int row) const {
    if (const auto factor = factorOf(block, r)) return exactText(*factor) + QStringLiteral(" ×");
    if (block.lane != lookup_lane || row < 0) return {};
    const RowMark mark = markOf(row);
    if (block.kind == BlockKind::Table && mark.shrunk) return tr("shrunk");
    const bool past_lookup = view_.shown_step >= static_cast<int>(LookupStep::LookUp);
    QString tag;
    if (mark.padding && block.kind != BlockKind::Sparse) tag = tr("pad");
    if (mark.looked_up > 1 && past_lookup && block.kind != BlockKind::Sparse) {
      tag = (tag.isEmpty() ? QString() : tag + QStringLiteral(" ")) + QStringLiteral("×%1").arg(mark.looked_up);
    }
    return tag;
  }

  void decorateRow(const Block& block, int r) {
    const int row = tableRowOf(view_, block, r, 0);
    if (row < 0 || block.lane != lookup_lane) return;
    const RowMark mark = markOf(row);
    const QRectF cells = block.row(r);
    if (isLit(block, r)) {
      outline(cells, 2);
    } else if (block.kind == BlockKind::Table && mark.moved) {
      p_.setPen(QPen(base_, 2));
      p_.setBrush(Qt::NoBrush);
      p_.drawRect(cells.adjusted(1, 1, -1, -1));
      p_.setPen(QPen(movedColor(theme_), 2, Qt::DashLine));
      p_.drawRect(cells.adjusted(1, 1, -1, -1));
    }
  }

  /// Two pixels of the text's colour inside one of the ground's: readable on every colour of a cell.
  void outline(const QRectF& rect, qreal width) {
    if (rect.isEmpty()) return;
    p_.setBrush(Qt::NoBrush);
    if (rect.height() >= 20) {
      p_.setPen(QPen(base_, 1));
      p_.drawRect(rect.adjusted(width + 0.5, width + 0.5, -width - 0.5, -width - 0.5));
    }
    p_.setPen(QPen(text_, width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    p_.drawRect(rect.adjusted(width / 2, width / 2, -width / 2, -width / 2));
  }

  /// A row that is out of sight: a small arrow to where it is.
  void paintStub(const Link& link) {
    const qreal up = link.to.y() < link.from.y() ? -1 : 1;
    const QPointF tip = link.from + QPointF(9, up * 4);
    QPainterPath head(tip);
    head.lineTo(tip + QPointF(-4, -up * 7));
    head.lineTo(tip + QPointF(4, -up * 7));
    head.closeSubpath();
    p_.fillPath(head, secondary_);
  }

  void paintLink(const Link& link) {
    if (!link.inside) {
      paintStub(link);
      return;
    }
    const QColor color = link.carries ? text_ : secondary_;
    QPainterPath path(link.from);
    const qreal bend = std::max(12.0, (link.to.x() - link.from.x()) / 2);
    const QPointF end(link.to.x() - 5, link.to.y());
    path.cubicTo(link.from + QPointF(bend, 0), end - QPointF(bend, 0), end);
    p_.setRenderHint(QPainter::Antialiasing, true);
    p_.setBrush(Qt::NoBrush);
    p_.setPen(QPen(color, 1.5));
    p_.drawPath(path);
    QPainterPath head(link.to);
    head.lineTo(link.to - QPointF(7, 4));
    head.lineTo(link.to - QPointF(7, -4));
    head.closeSubpath();
    p_.fillPath(head, color);
    p_.setRenderHint(QPainter::Antialiasing, false);
  }

  [[nodiscard]] bool isTarget(const Block& block) const {
    return std::any_of(scene_.links.begin(), scene_.links.end(), [&](const Link& link) {
      return link.carries && link.target.block >= 0 &&
             &scene_.blocks[static_cast<std::size_t>(link.target.block)] == &block;
    });
  }

  void paintTravelling(const Link& link) {
    if (!link.carries || link.source.block < 0 || link.target.block < 0) return;
    const Block& from = scene_.blocks[static_cast<std::size_t>(link.source.block)];
    const Block& to = scene_.blocks[static_cast<std::size_t>(link.target.block)];
    const QPointF way = to.row(link.target.row).topLeft() - from.row(link.source.row).topLeft();
    for (int c = from.columns.first; c < from.columns.first + from.columns.shown; ++c) {
      const QRectF cell = from.cell(link.source.row, c).translated(way * look_.motion);
      if (const auto value = valueAt(view_, from.kind, link.source.row, c)) paintValue(from, cell, *value, false);
    }
    outline(from.row(link.source.row).translated(way * look_.motion), 2);
  }

  /// Lit cells in one line of a block share an outline.
  void paintLit() {
    for (int i = 0; i < static_cast<int>(scene_.blocks.size()); ++i) {
      std::vector<CellRef> cells;
      std::copy_if(look_.lit.begin(), look_.lit.end(), std::back_inserter(cells),
                   [i](const CellRef& cell) { return cell.block == i; });
      if (cells.empty()) continue;
      const auto in_line = [&](int CellRef::*along) {
        return std::all_of(cells.begin(), cells.end(),
                           [&](const CellRef& cell) { return cell.*along == cells.front().*along; });
      };
      const QRectF all = scene_.rectOf(cells.front()).united(scene_.rectOf(cells.back()));
      const QRectF one = scene_.rectOf(cells.front());
      const double area = static_cast<double>(cells.size()) * one.width() * one.height();
      const bool whole = std::abs(all.width() * all.height() - area) < 1;
      if (whole && (in_line(&CellRef::row) || in_line(&CellRef::column))) {
        outline(all, 2);
      } else {
        for (const CellRef& cell : cells) outline(scene_.rectOf(cell), 2);
      }
    }
  }

  void paintCurrent() {
    if (!look_.current) return;
    for (const Block& block : scene_.blocks) {
      if (block.kind != BlockKind::Table || block.lane != lookup_lane) continue;
      const auto [row, column] = *look_.current;
      if (!block.rows.contains(row) || !block.columns.contains(column)) continue;
      p_.setBrush(Qt::NoBrush);
      p_.setPen(QPen(base_, 4));
      p_.drawRect(block.cell(row, column).adjusted(2, 2, -2, -2));
      p_.setPen(QPen(accent(), 2));
      p_.drawRect(block.cell(row, column).adjusted(2, 2, -2, -2));
    }
  }

  [[nodiscard]] QColor accent() const { return look_.palette.color(QPalette::Highlight); }

  QPainter& p_;
  const LookupView& view_;
  const LaneScene& scene_;
  const LaneLook& look_;
  Theme theme_;
  QColor text_;
  QColor base_;
  QColor secondary_;
};

}  // namespace

LaneMetrics metricsOf(const LaneLook& look) {
  const QFontMetricsF text(look.text);
  const QFontMetricsF numbers(bold(look.numbers));
  LaneMetrics metrics;
  metrics.line = std::ceil(text.height());
  metrics.digit_width = std::ceil(numbers.horizontalAdvance(u'0'));
  for (const float domain : {look.weight_domain, look.gradient_domain}) {
    const QString widest = cellText(-domain, heatDecimals(domain));
    metrics.number_width = std::max(metrics.number_width, std::ceil(numbers.horizontalAdvance(widest)) + 12);
  }
  metrics.label_width = std::ceil(text.averageCharWidth() * look.label_letters);
  return metrics;
}

bool isGradient(BlockKind kind) {
  switch (kind) {
    case BlockKind::GradOutput:
    case BlockKind::OneHotGrad:
    case BlockKind::DenseGrad:
    case BlockKind::Sparse:
    case BlockKind::Coalesced:
    case BlockKind::GradBias: return true;
    default: return false;
  }
}

void paintLanes(QPainter& painter, const LookupView& view, const LaneScene& scene, const LaneLook& look) {
  Painting(painter, view, scene, look).run();
}

}  // namespace rowlight
