#include "ui/lookup/lane_scene.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

#include "ui/lookup/lookup_text.h"

namespace rowlight {
namespace {

constexpr std::size_t most_spelt_rows = 8;

QString tr(const char* text) { return QCoreApplication::translate("LaneScene", text); }

std::optional<float> at(ConstMatrixView matrix, int row, int column) {
  if (row < 0 || column < 0 || static_cast<std::size_t>(row) >= matrix.rows ||
      static_cast<std::size_t>(column) >= matrix.cols) {
    return std::nullopt;
  }
  return matrix(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
}

std::optional<float> at(const std::vector<float>& values, int i) {
  if (i < 0 || static_cast<std::size_t>(i) >= values.size()) return std::nullopt;
  return values[static_cast<std::size_t>(i)];
}

int indexAt(const LookupView& view, int position) {
  const auto p = static_cast<std::size_t>(position);
  return position >= 0 && p < view.indices.size() ? static_cast<int>(view.indices[p]) : -1;
}

int entryRow(const SparseGradient& gradient, int entry) {
  const auto e = static_cast<std::size_t>(entry);
  return entry >= 0 && e < gradient.indices.size() ? static_cast<int>(gradient.indices[e]) : -1;
}

/// Whether a position goes into an output or a bag.
bool feeds(const LookupView& view, BlockKind kind, int position, int output) {
  const auto p = static_cast<std::size_t>(position);
  if (kind == BlockKind::BagOutput && view.bag_of.empty()) return true;  // one bag of the whole batch
  if (view.bag_of.empty()) return position == output;
  return p < view.bag_of.size() && view.bag_of[p] == output;
}

QString place(int row, int column) { return QStringLiteral("[%1, %2]").arg(row).arg(column); }

/// Collects cells that are shown.
class Collector {
 public:
  Collector(const LookupView& view, const LaneScene& scene) : view_(view), scene_(scene) {}

  void add(BlockKind kind, int lane, int row, int column) {
    const int i = scene_.find(kind, lane);
    if (i < 0) return;
    const Block& block = scene_.blocks[static_cast<std::size_t>(i)];
    if (block.rows.contains(row) && block.columns.contains(column)) cells_.push_back({i, row, column});
  }
  void addRow(BlockKind kind, int lane, int row) {
    const int i = scene_.find(kind, lane);
    if (i < 0) return;
    const Axis& axis = scene_.blocks[static_cast<std::size_t>(i)].columns;
    for (int c = axis.first; c < axis.first + axis.shown; ++c) add(kind, lane, row, c);
  }
  void addColumn(BlockKind kind, int lane, int column) {
    const int i = scene_.find(kind, lane);
    if (i < 0) return;
    const Axis& axis = scene_.blocks[static_cast<std::size_t>(i)].rows;
    for (int r = axis.first; r < axis.first + axis.shown; ++r) add(kind, lane, r, column);
  }

  void addOutput(BlockKind kind, int output, int column) {
    add(BlockKind::OneHotOutput, one_hot_lane, output, column);
    addRow(BlockKind::OneHot, one_hot_lane, output);
    addColumn(BlockKind::Table, one_hot_lane, column);
    for (const BlockKind side : {BlockKind::Output, BlockKind::BagOutput}) add(side, lookup_lane, output, column);
    for (int p = 0; p < static_cast<int>(view_.indices.size()); ++p) {
      if (!feeds(view_, kind, p, output)) continue;
      add(BlockKind::Indices, lookup_lane, p, 0);
      add(BlockKind::Table, lookup_lane, indexAt(view_, p), column);
    }
  }

  void addGradient(int row, int column) {
    add(BlockKind::OneHotGrad, one_hot_lane, row, column);
    addRow(BlockKind::OneHotTransposed, one_hot_lane, row);
    addColumn(BlockKind::GradOutput, one_hot_lane, column);
    add(BlockKind::DenseGrad, lookup_lane, row, column);
    for (int p = 0; p < static_cast<int>(view_.indices.size()); ++p) {
      if (indexAt(view_, p) != row) continue;
      add(BlockKind::Indices, lookup_lane, p, 0);
      for (int output = 0; output < static_cast<int>(view_.outputs); ++output) {
        if (feeds(view_, BlockKind::GradOutput, p, output)) add(BlockKind::GradOutput, lookup_lane, output, column);
      }
    }
  }

  void addTable(int row, int column) {
    for (int lane = 0; lane < lane_count; ++lane) add(BlockKind::Table, lane, row, column);
    add(BlockKind::WeightTransposed, one_hot_lane, column, row);
    for (int p = 0; p < static_cast<int>(view_.indices.size()); ++p) {
      if (indexAt(view_, p) == row) add(BlockKind::Indices, lookup_lane, p, 0);
    }
  }

  void addEntries(int row, int column) {
    for (int e = 0; e < static_cast<int>(view_.sparse.indices.size()); ++e) {
      if (entryRow(view_.sparse, e) == row) add(BlockKind::Sparse, lookup_lane, e, column);
    }
    for (int e = 0; e < static_cast<int>(view_.coalesced.indices.size()); ++e) {
      if (entryRow(view_.coalesced, e) == row) add(BlockKind::Coalesced, lookup_lane, e, column);
    }
  }

  std::vector<CellRef> take() { return std::move(cells_); }

 private:
  const LookupView& view_;
  const LaneScene& scene_;
  std::vector<CellRef> cells_;
};

/// "0 × 0.10 + 1 × 0.70 = 0.70" out of parallel factors and values.
QString sumText(const std::vector<std::pair<float, float>>& terms, float sum, int decimals) {
  QStringList parts;
  for (const auto& [factor, value] : terms) {
    parts << QStringLiteral("%1 × %2").arg(exactText(factor), cellText(value, decimals));
  }
  return QStringLiteral("%1 = %2").arg(parts.join(QStringLiteral(" + ")), cellText(sum, decimals));
}

QString spellOneHotOutput(const LookupView& view, int row, int column, int decimals) {
  const auto sum = at(view.one_hot_output.view(), row, column);
  if (!sum) return {};
  const bool all = view.weight.rows() == view.rows && view.rows <= most_spelt_rows;
  // What is not spelt in full is told by the one-hot row's own numbers that are in the window.
  std::vector<std::pair<float, float>> terms;
  for (int r = 0; r < static_cast<int>(view.weight.rows()); ++r) {
    const auto factor = at(view.one_hot.view(), row, r);
    const auto value = at(view.weight.view(), r, column);
    if (factor && value && (all || *factor != 0)) terms.emplace_back(*factor, *value);
  }
  if (all) return tr("output%1 = %2").arg(place(row, column), sumText(terms, *sum, decimals));
  QStringList ones;
  for (const auto& [factor, value] : terms) {
    ones << QStringLiteral("%1 × %2").arg(exactText(factor), cellText(value, decimals));
  }
  return tr("output%1 = a sum of %2 products, nearly all of them 0 × …%3 = %4")
      .arg(place(row, column), QString::number(view.rows),
           ones.isEmpty() ? QString() : QStringLiteral(" + ") + ones.join(QStringLiteral(" + ")),
           cellText(*sum, decimals));
}

QString spellOutput(const LookupView& view, BlockKind kind, int row, int column, int decimals) {
  const auto value = at(kind == BlockKind::Output ? view.output.view() : view.bag_output.view(), row, column);
  if (!value) return {};
  QStringList from;
  for (int p = 0; p < static_cast<int>(view.indices.size()); ++p) {
    if (feeds(view, kind, p, row)) from << tr("table%1").arg(place(indexAt(view, p), column));
  }
  const bool plain = kind == BlockKind::Output && view.bag_of.empty() && from.size() == 1;
  return plain ? tr("output%1 = %2, a copy of %3").arg(place(row, column), cellText(*value, decimals), from.first())
               : tr("output%1 = %2, from %3")
                     .arg(place(row, column), cellText(*value, decimals), from.join(QStringLiteral(", ")));
}

QString spellDenseGrad(const LookupView& view, int row, int column, int decimals) {
  const auto value = valueAt(view, BlockKind::DenseGrad, row, column);
  if (!value) return {};
  QStringList from;
  for (int p = 0; p < static_cast<int>(view.indices.size()); ++p) {
    if (indexAt(view, p) != row) continue;
    const int output = view.bag_of.empty() ? p : static_cast<int>(view.bag_of[static_cast<std::size_t>(p)]);
    const auto g = at(view.grad_output.view(), output, column);
    from << QStringLiteral("G%1").arg(place(output, column)) +
                (g ? QStringLiteral(" (%1)").arg(cellText(*g, decimals)) : QString());
  }
  if (from.isEmpty()) return tr("gradient%1 = 0: row %2 is not in the batch").arg(place(row, column)).arg(row);
  return tr("gradient%1 = %2, from %3")
      .arg(place(row, column), cellText(*value, decimals), from.join(QStringLiteral(" + ")));
}

QString spellOneHotGrad(const LookupView& view, int row, int column, int decimals) {
  const auto sum = valueAt(view, BlockKind::OneHotGrad, row, column);
  if (!sum || view.outputs > most_spelt_rows) return {};
  std::vector<std::pair<float, float>> terms;
  for (int b = 0; b < static_cast<int>(view.outputs); ++b) {
    const auto factor = valueAt(view, BlockKind::OneHotTransposed, row, b);
    const auto value = at(view.grad_output.view(), b, column);
    if (factor && value) terms.emplace_back(*factor, *value);
  }
  return tr("gradient%1 = %2").arg(place(row, column), sumText(terms, *sum, decimals));
}

}  // namespace

QRectF Block::cell(int row, int column) const {
  return {cells.left() + (column - columns.first) * cell_width, cells.top() + (row - rows.first) * cell_height,
          cell_width, cell_height};
}

QRectF Block::row(int row) const {
  return {cells.left(), cells.top() + (row - rows.first) * cell_height, cells.width(), cell_height};
}

int LaneScene::find(BlockKind kind, int lane) const {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].kind == kind && blocks[i].lane == lane) return static_cast<int>(i);
  }
  return -1;
}

std::optional<CellRef> LaneScene::hit(QPointF point) const {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (!block.cells.contains(point)) continue;
    const int row = block.rows.first + static_cast<int>((point.y() - block.cells.top()) / block.cell_height);
    const int column = block.columns.first + static_cast<int>((point.x() - block.cells.left()) / block.cell_width);
    if (block.rows.contains(row) && block.columns.contains(column)) return CellRef{static_cast<int>(i), row, column};
  }
  return std::nullopt;
}

QRectF LaneScene::rectOf(const CellRef& cell) const {
  if (cell.block < 0 || cell.block >= static_cast<int>(blocks.size())) return {};
  return blocks[static_cast<std::size_t>(cell.block)].cell(cell.row, cell.column);
}

std::optional<float> valueAt(const LookupView& view, BlockKind kind, int row, int column) {
  const auto first = static_cast<int>(view.first_row);
  switch (kind) {
    case BlockKind::Indices: return std::nullopt;
    case BlockKind::OneHot: return at(view.one_hot.view(), row, column - first);
    case BlockKind::OneHotTransposed: return at(view.one_hot.view(), column, row - first);
    case BlockKind::Table: return at(view.weight.view(), row - first, column);
    case BlockKind::WeightTransposed: return at(view.weight.view(), column - first, row);
    case BlockKind::OneHotOutput: return at(view.one_hot_output.view(), row, column);
    case BlockKind::Output: return at(view.output.view(), row, column);
    case BlockKind::GradOutput: return at(view.grad_output.view(), row, column);
    case BlockKind::OneHotGrad: return at(view.one_hot_grad.view(), row - first, column);
    case BlockKind::DenseGrad: return at(view.dense_grad.view(), row - first, column);
    case BlockKind::Sparse: return at(view.sparse.values.view(), row, column);
    case BlockKind::Coalesced: return at(view.coalesced.values.view(), row, column);
    case BlockKind::Bias: return at(view.bias, column);
    case BlockKind::RowBias: return at(view.row_bias, row - first);
    case BlockKind::PositionBias: return at(view.position_bias, row);
    case BlockKind::GradBias:
      return view.position_bias.empty() ? at(view.grad_bias, column) : at(view.grad_bias, row - first);
    case BlockKind::Scores: return at(column == 0 ? view.scores : column == 1 ? view.predictions : view.ratings, row);
    case BlockKind::BagOutput: return at(view.bag_output.view(), row, column);
  }
  return std::nullopt;
}

int tableRowOf(const LookupView& view, const Block& block, int row, int column) {
  switch (block.kind) {
    case BlockKind::Table:
    case BlockKind::OneHotGrad:
    case BlockKind::DenseGrad:
    case BlockKind::OneHotTransposed:
    case BlockKind::RowBias: return row;
    case BlockKind::OneHot:
    case BlockKind::WeightTransposed: return column;
    case BlockKind::Indices: return indexAt(view, row);
    case BlockKind::Sparse: return entryRow(view.sparse, row);
    case BlockKind::Coalesced: return entryRow(view.coalesced, row);
    case BlockKind::GradBias: return block.rows.of == AxisOf::Rows ? row : -1;
    default: return -1;
  }
}

std::vector<CellRef> sourcesOf(const LookupView& view, const LaneScene& scene, const CellRef& cell) {
  if (cell.block < 0 || cell.block >= static_cast<int>(scene.blocks.size())) return {};
  const Block& block = scene.blocks[static_cast<std::size_t>(cell.block)];
  Collector cells(view, scene);
  switch (block.kind) {
    case BlockKind::OneHotOutput:
    case BlockKind::Output:
    case BlockKind::BagOutput: cells.addOutput(block.kind, cell.row, cell.column); break;
    case BlockKind::OneHotGrad:
    case BlockKind::DenseGrad: cells.addGradient(cell.row, cell.column); break;
    case BlockKind::Table: cells.addTable(cell.row, cell.column); break;
    case BlockKind::WeightTransposed: cells.addTable(cell.column, cell.row); break;
    case BlockKind::OneHot:
      cells.add(block.kind, block.lane, cell.row, cell.column);
      cells.addRow(BlockKind::Table, one_hot_lane, cell.column);
      break;
    case BlockKind::Indices:
      cells.add(block.kind, block.lane, cell.row, 0);
      cells.addRow(BlockKind::Table, block.lane, indexAt(view, cell.row));
      break;
    case BlockKind::GradBias:
      cells.add(block.kind, block.lane, cell.row, cell.column);
      if (block.rows.of == AxisOf::One) cells.addColumn(BlockKind::GradOutput, lookup_lane, cell.column);
      break;
    case BlockKind::Sparse:
    case BlockKind::Coalesced: cells.addEntries(tableRowOf(view, block, cell.row, cell.column), cell.column); break;
    default: cells.add(block.kind, block.lane, cell.row, cell.column); break;
  }
  return cells.take();
}

BlockKind twinOf(BlockKind kind) {
  switch (kind) {
    case BlockKind::Output: return BlockKind::OneHotOutput;
    case BlockKind::OneHotOutput: return BlockKind::Output;
    case BlockKind::DenseGrad: return BlockKind::OneHotGrad;
    case BlockKind::OneHotGrad: return BlockKind::DenseGrad;
    default: return kind;
  }
}

QString spellOut(const LookupView& view, BlockKind kind, int row, int column, int decimals) {
  switch (kind) {
    case BlockKind::OneHotOutput: return spellOneHotOutput(view, row, column, decimals);
    case BlockKind::Output:
    case BlockKind::BagOutput: return spellOutput(view, kind, row, column, decimals);
    case BlockKind::DenseGrad: return spellDenseGrad(view, row, column, decimals);
    case BlockKind::OneHotGrad: return spellOneHotGrad(view, row, column, decimals);
    default: return {};
  }
}

QString describeCell(const LookupView& view, const LaneScene& scene, const CellRef& cell) {
  if (cell.block < 0 || cell.block >= static_cast<int>(scene.blocks.size())) return {};
  const Block& block = scene.blocks[static_cast<std::size_t>(cell.block)];
  QString text = QStringLiteral("%1 %2").arg(block.title.section(u'(', 0, 0).trimmed(), place(cell.row, cell.column));
  if (block.kind == BlockKind::Indices) {
    text = tr("position %1: index %2").arg(cell.row).arg(indexAt(view, cell.row));
    const auto p = static_cast<std::size_t>(cell.row);
    if (p < view.raw_ids.size()) text += tr(", id %1").arg(QString::fromStdString(view.raw_ids[p]));
    return text;
  }
  const int row = tableRowOf(view, block, cell.row, cell.column);
  const std::size_t named = static_cast<std::size_t>(row) - view.first_row;
  if (row >= 0 && named < view.row_names.size()) {
    text += QStringLiteral(", %1").arg(QString::fromStdString(view.row_names[named]));
  }
  const auto value = valueAt(view, block.kind, cell.row, cell.column);
  return value ? QStringLiteral("%1 = %2").arg(text, exactText(*value)) : text;
}

}  // namespace rowlight
