#include <QCoreApplication>

#include <algorithm>
#include <cmath>

#include "ui/common/format.h"
#include "ui/lookup/lane_scene.h"
#include "ui/lookup/lane_slots.h"

namespace rowlight {
namespace {

constexpr qreal margin = 8;
constexpr qreal gap = 10;
constexpr qreal narrowest_cell = 3;      // of colours alone
constexpr qreal narrowest_hot_cell = 7;  // a dot
constexpr qreal most_growth = 1.45;      // cells of a small table grow into free room up to here

QString tr(const char* text) { return QCoreApplication::translate("LaneScene", text); }

int shownPositions(std::size_t all) { return static_cast<int>(std::min(all, LookupView::most_positions)); }

int countOf(const LookupView& view, AxisOf axis) {
  switch (axis) {
    case AxisOf::Positions: return shownPositions(view.positions);
    case AxisOf::Outputs: return shownPositions(view.outputs);
    case AxisOf::Rows: return static_cast<int>(view.rows);
    case AxisOf::Columns: return static_cast<int>(view.dim);
    case AxisOf::Entries: return static_cast<int>(view.sparse.indices.size());
    case AxisOf::MergedEntries: return static_cast<int>(view.coalesced.indices.size());
    case AxisOf::Bags: return static_cast<int>(view.bag_output.rows());
    case AxisOf::Numbers: return 3;
    case AxisOf::One: return 1;
  }
  return 0;
}

bool isHot(const Spec& spec) { return spec.kind == BlockKind::OneHot || spec.kind == BlockKind::OneHotTransposed; }
bool isWide(const Spec& spec) { return spec.columns == AxisOf::Columns; }
bool acrossRows(const Spec& spec) { return isHot(spec) || spec.columns == AxisOf::Rows; }

QString shapeText(std::size_t a, std::size_t b) {
  return QStringLiteral(" (%1, %2)").arg(formatCount(a), formatCount(b));
}

QString titleOf(const LookupView& view, BlockKind kind) {
  const std::size_t n = view.rows;
  const std::size_t d = view.dim;
  const std::size_t b = view.outputs;
  switch (kind) {
    case BlockKind::Indices: return tr("indices");
    case BlockKind::OneHot: return tr("one-hot") + shapeText(b, n);
    case BlockKind::Table: return tr("table") + shapeText(n, d);
    case BlockKind::OneHotOutput:
    case BlockKind::Output: return tr("output") + shapeText(b, d);
    case BlockKind::OneHotTransposed: return tr("one-hotᵀ") + shapeText(n, b);
    case BlockKind::GradOutput: return tr("G") + shapeText(b, d);
    case BlockKind::OneHotGrad:
    case BlockKind::DenseGrad: return tr("gradient") + shapeText(n, d);
    case BlockKind::Sparse: return tr("indices, values") + shapeText(view.sparse_entries, d);
    case BlockKind::Coalesced: return tr("coalesced") + shapeText(view.coalesced_entries, d);
    case BlockKind::WeightTransposed: return tr("Linear.weight (out, in) =") + shapeText(d, n);
    case BlockKind::Bias: return tr("bias") + QStringLiteral(" (%1)").arg(formatCount(d));
    case BlockKind::RowBias:
    case BlockKind::PositionBias: return tr("bias");
    case BlockKind::GradBias: return tr("bias gradient");
    case BlockKind::Scores: return tr("score, prediction, rating");
    case BlockKind::BagOutput: return tr("bags") + shapeText(view.bag_output.rows(), d);
  }
  return {};
}

bool isReached(const LookupView& view, BlockKind kind) {
  switch (kind) {
    case BlockKind::Indices: return view.shown_step >= 1;
    case BlockKind::OneHot:
    case BlockKind::OneHotTransposed: return !view.one_hot.empty();
    case BlockKind::Table:
    case BlockKind::WeightTransposed: return !view.weight.empty();
    case BlockKind::OneHotOutput: return !view.one_hot_output.empty();
    case BlockKind::Output: return !view.output.empty();
    case BlockKind::GradOutput: return !view.grad_output.empty();
    case BlockKind::OneHotGrad: return !view.one_hot_grad.empty();
    case BlockKind::DenseGrad: return !view.dense_grad.empty();
    default: return true;
  }
}

bool isActive(const LookupView& view, BlockKind kind, int lane) {
  if (view.shown_step == 0) return false;
  switch (stepOf(view)) {
    case LookupStep::Indices: return kind == BlockKind::Indices;
    case LookupStep::OneHot: return kind == BlockKind::OneHot;
    case LookupStep::Matmul: return kind == BlockKind::OneHotOutput;
    case LookupStep::LookUp: return kind == BlockKind::Output;
    case LookupStep::Compare: return kind == BlockKind::Output || kind == BlockKind::OneHotOutput;
    case LookupStep::Layout: return kind == BlockKind::WeightTransposed || kind == BlockKind::Table;
    case LookupStep::Bias: return kind == BlockKind::Bias || kind == BlockKind::PositionBias;
    case LookupStep::Loss: return kind == BlockKind::Scores || kind == BlockKind::Output;
    case LookupStep::LossGradient: return kind == BlockKind::GradOutput;
    case LookupStep::DenseGradient: return kind == BlockKind::OneHotGrad;
    case LookupStep::ScatterAdd:
    case LookupStep::Padding:
    case LookupStep::ScaleByFrequency: return kind == BlockKind::DenseGrad;
    case LookupStep::SparseGradient: return kind == BlockKind::Sparse || kind == BlockKind::Coalesced;
    case LookupStep::BiasGradient: return kind == BlockKind::GradBias;
    case LookupStep::OptimizerStep:
    case LookupStep::MaxNorm: return kind == BlockKind::Table && lane == lookup_lane;
    case LookupStep::Bag: return kind == BlockKind::BagOutput;
  }
  return false;
}

/// Lays out one view; keeps what its steps share.
class Layout {
 public:
  Layout(const LookupView& view, const SceneInput& input) : view_(view), in_(input), slots_(slotsOf(view)) {}

  LaneScene run() {
    placeLanes();
    findCellHeight();
    findWidths();
    placeBlocks();
    link();
    return std::move(scene_);
  }

 private:
  [[nodiscard]] qreal headingHeight() const { return 2 * in_.metrics.line; }
  [[nodiscard]] qreal chipWidth() const {
    const int digits = std::max<int>(2, static_cast<int>(QString::number(view_.rows).size()));
    return digits * in_.metrics.digit_width + 18;
  }
  /// Of a chip or its heading.
  [[nodiscard]] qreal indexWidth() const { return std::max(chipWidth(), in_.metrics.digit_width * 7); }
  [[nodiscard]] qreal signWidth(const Slot& slot) const {
    qreal width = &slot == &slots_.front() ? 0 : gap;
    for (const auto& spec : slot.specs) {
      if (!spec || !*spec->sign) continue;
      // Numbers travel over the arrow's place, which takes room to be seen.
      width = std::max(width, in_.metrics.line * (QLatin1String(spec->sign) == QLatin1String("→") ? 3.2 : 1.6));
    }
    return width;
  }
  /// Three tables side by side leave the entries of a sparse gradient room for their numbers, not for names.
  [[nodiscard]] qreal labelWidth(const Spec& spec) const {
    if (!spec.labels) return 0;
    const bool entries = spec.kind == BlockKind::Sparse || spec.kind == BlockKind::Coalesced;
    return entries ? in_.metrics.label_width * 0.5 : in_.metrics.label_width;
  }
  [[nodiscard]] qreal labelWidth(const Slot& slot) const {
    qreal width = 0;
    for (const auto& spec : slot.specs) {
      if (spec) width = std::max(width, labelWidth(*spec));
    }
    return width;
  }

  void placeLanes() {
    const qreal half = std::floor(in_.size.height() / lane_count);
    for (int i = 0; i < lane_count; ++i) {
      Lane& lane = scene_.lanes[static_cast<std::size_t>(i)];
      lane.area = {0, i * half, in_.size.width(), half};
      const QRectF inner = lane.area.adjusted(margin, 2, -margin, -2);
      lane.heading = {inner.left(), inner.top(), inner.width(), in_.metrics.line * 1.25};
      lane.caption = {inner.left(), inner.bottom() - in_.metrics.line * 1.1, inner.width(), in_.metrics.line * 1.1};
    }
  }

  void findCellHeight() {
    const Lane& lane = scene_.lanes[0];
    room_ = lane.caption.top() - lane.heading.bottom() - headingHeight() - 4;
    int most = 1;
    for (const Slot& slot : slots_) {
      for (const auto& spec : slot.specs) {
        if (spec) most = std::max(most, countOf(view_, spec->rows));
      }
    }
    const qreal lowest = most * (in_.metrics.line + 1) <= room_ ? in_.metrics.line : in_.metrics.line + 4;
    cell_height_ = std::floor(std::clamp(room_ / most, lowest, 2 * in_.metrics.line));
  }

  void findWidths() {
    qreal fixed = 2 * margin;
    int wides = 0;
    int hots = 0;
    int hot_count = 1;
    for (const Slot& slot : slots_) {
      fixed += signWidth(slot) + labelWidth(slot);
      bool wide = false;
      bool hot = false;
      qreal other = 0;
      for (const auto& spec : slot.specs) {
        if (!spec) continue;
        wide = wide || isWide(*spec);
        if (acrossRows(*spec)) {
          hot = hot || !isWide(*spec);
          hot_count = std::max(hot_count, countOf(view_, spec->columns));
        }
        if (!isWide(*spec) && !acrossRows(*spec)) other = std::max(other, narrowWidth(*spec));
      }
      if (wide) {
        ++wides;
      } else if (hot) {
        ++hots;
      } else {
        fixed += other;
      }
    }
    share(std::max(in_.size.width() - fixed, 60.0), wides, hots, hot_count);
  }

  /// Gives the free width to tables (`wides`) and one-hot matrices (`hots`).
  void share(qreal free, int wides, int hots, int hot_count) {
    const int d = std::max(static_cast<int>(view_.dim), 1);
    const qreal hot_cell = std::max(in_.metrics.line * 1.3, in_.metrics.digit_width * 2 + 8);
    const qreal want_wide = d * in_.metrics.number_width;
    const qreal want_hot = hot_count * hot_cell;
    const qreal wanted = wides * want_wide + hots * want_hot;
    if (wanted <= free) {
      const qreal growth = std::min(most_growth, free / std::max(wanted, 1.0));
      wide_cell_ = std::floor(in_.metrics.number_width * growth);
      hot_cell_ = std::floor(hot_cell * growth);
      columns_ = d;
      hot_room_ = hots > 0 ? hot_count * hot_cell_ : free;
      return;
    }
    qreal hot_share = hots > 0 ? std::min(want_hot, 0.3 * free / hots) : 0;
    const qreal wide_share = wides > 0 ? std::min(want_wide, (free - hots * hot_share) / wides) : 0;
    if (hots > 0) hot_share = std::min(want_hot, (free - wides * wide_share) / hots);
    hot_room_ = hots > 0 ? hot_share : free;
    hot_cell_ = std::floor(std::clamp(hot_room_ / hot_count, narrowest_hot_cell, hot_cell));
    const bool with_numbers = in_.numbers || want_wide <= wide_share;
    wide_cell_ = with_numbers ? in_.metrics.number_width : std::max(narrowest_cell, wide_share / d);
    columns_ = std::clamp(static_cast<int>(wide_share / wide_cell_ + 1e-6), 1, d);
  }

  [[nodiscard]] qreal narrowWidth(const Spec& spec) const {
    if (spec.kind == BlockKind::Indices) return indexWidth();
    return countOf(view_, spec.columns) * (in_.metrics.number_width + 8);
  }

  [[nodiscard]] Axis window(AxisOf of, int room) const {
    const int count = countOf(view_, of);
    int first = 0;
    if (of == AxisOf::Rows) first = in_.first_row;
    if (of == AxisOf::Columns) first = in_.first_column;
    if (of == AxisOf::Positions || of == AxisOf::Outputs || of == AxisOf::Entries || of == AxisOf::MergedEntries) {
      first = in_.first_position;
    }
    // The rows along a one-hot matrix begin where the table's do, and may end with the table.
    const int last = std::max(0, of == AxisOf::Rows ? count - 1 : count - room);
    first = std::clamp(first, 0, last);
    return {of, first, std::clamp(count - first, 0, std::max(room, 1)), count};
  }

  [[nodiscard]] Block makeBlock(const Spec& spec, int lane, qreal left) const {
    Block block;
    block.kind = spec.kind;
    block.lane = lane;
    block.title = titleOf(view_, spec.kind);
    block.sign = QString::fromUtf8(spec.sign);
    block.reached = isReached(view_, spec.kind);
    block.active = isActive(view_, spec.kind, lane);
    block.cell_height = cell_height_;
    block.rows = window(spec.rows, static_cast<int>(room_ / cell_height_));
    if (isWide(spec)) {
      block.cell_width = wide_cell_;
      block.columns = window(spec.columns, columns_);
    } else if (acrossRows(spec)) {
      block.cell_width = spec.kind == BlockKind::WeightTransposed ? weightTransposedCell(spec) : hot_cell_;
      block.columns = window(spec.columns, static_cast<int>(hot_room_ / block.cell_width + 1e-6));
    } else {
      block.cell_width =
          spec.kind == BlockKind::Indices ? chipWidth() : narrowWidth(spec) / countOf(view_, spec.columns);
      block.columns = window(spec.columns, countOf(view_, spec.columns));
    }
    const bool hot = isHot(spec);
    block.numbers = block.cell_width >= (hot ? in_.metrics.digit_width + 5 : in_.metrics.number_width - 1);
    const Lane& place = scene_.lanes[static_cast<std::size_t>(lane)];
    const qreal top = place.heading.bottom() + headingHeight();
    block.cells = {left, top, block.columns.shown * block.cell_width, block.rows.shown * cell_height_};
    block.heading = {left, place.heading.bottom(), std::max(block.cells.width(), 1.0), headingHeight()};
    if (spec.labels) {
      const qreal width = labelWidth(spec);
      block.labels = {left - width, top, width, block.cells.height()};
    }
    return block;
  }

  /// Linear's weight lies on its side: as wide as there is room, with numbers where they fit.
  [[nodiscard]] qreal weightTransposedCell(const Spec& spec) const {
    const qreal room = in_.size.width() - indexWidth() - 8 * margin;
    const qreal each = room / std::max(1, countOf(view_, spec.columns));
    return each >= in_.metrics.number_width ? std::min(each, in_.metrics.number_width * most_growth)
                                            : std::max(narrowest_hot_cell, std::min(each, in_.metrics.number_width));
  }

  void placeBlocks() {
    qreal x = margin;
    for (const Slot& slot : slots_) {
      x += signWidth(slot);
      x += labelWidth(slot);
      qreal width = 0;
      for (int lane = 0; lane < lane_count; ++lane) {
        const auto& spec = slot.specs[lane];
        if (!spec) continue;
        Block block = makeBlock(*spec, lane, std::floor(x));
        width = std::max(width, spec->kind == BlockKind::Indices ? indexWidth() : block.cells.width());
        scene_.blocks.push_back(std::move(block));
      }
      x += width;
    }
    for (Block& block : scene_.blocks) {
      if (block.active) scene_.lanes[static_cast<std::size_t>(block.lane)].active = true;
      if (block.rows.of == AxisOf::Rows) scene_.rows_shown = std::max(scene_.rows_shown, block.rows.shown);
      for (const Axis& axis : {block.rows, block.columns}) {
        if (axis.of == AxisOf::Rows) scene_.rows_needed = std::max(scene_.rows_needed, axis.shown);
      }
      if (block.rows.of == AxisOf::Positions || block.rows.of == AxisOf::Outputs) {
        scene_.positions_shown = std::max(scene_.positions_shown, block.rows.shown);
      }
    }
    scene_.columns_shown = columns_;
    if (scene_.rows_shown == 0) scene_.rows_shown = std::max(1, static_cast<int>(room_ / cell_height_));
    scene_.rows_needed = std::max(scene_.rows_needed, scene_.rows_shown);
  }

  [[nodiscard]] int outputOf(int position) const {
    const auto p = static_cast<std::size_t>(position);
    return view_.bag_of.empty() ? position : p < view_.bag_of.size() ? view_.bag_of[p] : -1;
  }

  [[nodiscard]] const Block* block(BlockKind kind) const {
    const int i = scene_.find(kind, lookup_lane);
    return i < 0 ? nullptr : &scene_.blocks[static_cast<std::size_t>(i)];
  }

  /// A link between a table row, shown or not, and a row of another block.
  void linkRow(const Block& from, int from_row, const Block& to, int to_row, int position, bool carries) {
    const auto end = [](const Block& block, int row, bool right, bool* inside) {
      const QRectF all = block.labels.isEmpty() || right ? block.cells : block.cells.united(block.labels);
      *inside = block.rows.contains(row);
      const qreal x = right ? all.right() : all.left();
      if (!*inside) return QPointF(x, row < block.rows.first ? all.top() - 3 : all.bottom() + 3);
      return QPointF(x, block.row(row).center().y());
    };
    bool from_inside = true;
    bool to_inside = true;
    Link link;
    link.from = end(from, from_row, true, &from_inside);
    link.to = end(to, to_row, false, &to_inside);
    link.position = position;
    link.carries = carries;
    link.inside = from_inside && to_inside;
    if (link.inside) {
      link.source = {scene_.find(from.kind, from.lane), from_row, from.columns.first};
      link.target = {scene_.find(to.kind, to.lane), to_row, to.columns.first};
    }
    scene_.links.push_back(link);
  }

  void link() {
    const LookupStep step = stepOf(view_);
    const Block* chips = block(BlockKind::Indices);
    const Block* table = block(BlockKind::Table);
    const Block* grad = block(BlockKind::DenseGrad);
    const Block* output = block(BlockKind::BagOutput);
    if (!output) output = block(BlockKind::Output);
    const Block* g = block(BlockKind::GradOutput);
    const Block* row_bias = block(BlockKind::RowBias);
    if (step == LookupStep::OptimizerStep) {
      linkMoved(grad, table);
      return;
    }
    const bool bags = output && output->kind == BlockKind::BagOutput;
    const bool open_way = block(BlockKind::Bias) == nullptr;
    for (int p = 0; p < static_cast<int>(view_.indices.size()); ++p) {
      const auto row = static_cast<int>(view_.indices[static_cast<std::size_t>(p)]);
      const int out = bags && view_.bag_of.empty() ? 0 : outputOf(p);
      if (bags && !table && chips->rows.contains(p)) linkRow(*chips, p, *output, out, p, false);
      const bool forward = view_.shown_step >= static_cast<int>(LookupStep::LookUp) && table && chips;
      if (forward && chips->rows.contains(p)) linkRow(*chips, p, *table, row, p, false);
      if (forward && output && open_way && out >= 0 && output->rows.contains(out) && table->rows.contains(row)) {
        linkRow(row_bias ? *row_bias : *table, row, *output, out, p, true);
      }
      if (grad && g && grad->reached && out >= 0 && g->rows.contains(out)) {
        linkRow(*g, out, *grad, row, p, !isPadding(row));
      }
    }
  }

  [[nodiscard]] bool isPadding(int row) const {
    const std::size_t at = static_cast<std::size_t>(row) - view_.first_row;
    return at < view_.marks.size() && view_.marks[at].padding;
  }

  void linkMoved(const Block* grad, const Block* table) {
    if (!grad || !table) return;
    for (int row = table->rows.first; row < table->rows.first + table->rows.shown; ++row) {
      const std::size_t at = static_cast<std::size_t>(row) - view_.first_row;
      if (at < view_.marks.size() && view_.marks[at].moved && grad->rows.contains(row)) {
        linkRow(*grad, row, *table, row, 0, view_.marks[at].looked_up > 0);
      }
    }
  }

  const LookupView& view_;
  const SceneInput& in_;
  std::vector<Slot> slots_;
  LaneScene scene_;
  qreal room_ = 0;  // for the cells of a lane, from top to bottom
  qreal cell_height_ = 0;
  qreal wide_cell_ = 0;
  qreal hot_cell_ = 0;
  qreal hot_room_ = 0;
  int columns_ = 0;
};

}  // namespace

LaneScene layOut(const LookupView& view, const SceneInput& input) { return Layout(view, input).run(); }

}  // namespace rowlight
