#pragma once

#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <QString>

#include <array>
#include <optional>
#include <vector>

#include "core/train/lookup_view.h"

namespace rowlight {

// Where everything of the two lanes stands: pure geometry, no painting, no window. The lanes show what the view holds
// at its shown step; each is a line of blocks (matrices), and a block shows a window of its rows and columns.

/// What a block of a lane shows.
enum class BlockKind {
  Indices,
  OneHot,
  Table,
  OneHotOutput,
  Output,
  OneHotTransposed,
  GradOutput,
  OneHotGrad,
  DenseGrad,
  Sparse,
  Coalesced,
  WeightTransposed,  ///< Linear's layout (out, in)
  Bias,
  RowBias,
  PositionBias,
  GradBias,
  Scores,  ///< score, prediction and rating of each position
  BagOutput,
};

/// What is counted along one side of a block.
enum class AxisOf { Positions, Outputs, Rows, Columns, Entries, MergedEntries, Bags, Numbers, One };

/// The window of a side: `shown` of `count` from `first` on.
struct Axis {
  AxisOf of = AxisOf::One;
  int first = 0;
  int shown = 0;
  int count = 0;
  [[nodiscard]] bool contains(int i) const { return i >= first && i < first + shown; }
};

inline constexpr int one_hot_lane = 0;
inline constexpr int lookup_lane = 1;
inline constexpr int lane_count = 2;

/// One matrix (or column of indices) of a lane.
struct Block {
  BlockKind kind{};
  int lane = 0;
  QString title;   ///< "table (6, 3)"
  QString sign;    ///< what stands before it: "×", "=", "→"
  QRectF cells;    ///< where the shown cells are
  QRectF labels;   ///< left of them; empty without row labels
  QRectF heading;  ///< above them
  Axis rows;
  Axis columns;
  qreal cell_width = 0;
  qreal cell_height = 0;
  bool reached = false;  ///< the step that computes it has run
  bool active = false;   ///< the shown step is about it
  bool numbers = false;  ///< there is room to write the values into the cells
  [[nodiscard]] QRectF cell(int row, int column) const;
  [[nodiscard]] QRectF row(int row) const;  ///< all its shown cells
};

/// A cell by the numbers of its row and column in the whole matrix.
struct CellRef {
  int block = -1;
  int row = 0;
  int column = 0;
  friend bool operator==(const CellRef&, const CellRef&) = default;
};

/// A number's way: from an index to its row, from a row to its output, from a gradient to its row.
struct Link {
  QPointF from;
  QPointF to;
  int position = 0;     ///< of the batch
  bool carries = true;  ///< values travel on it; else it only points
  bool inside = true;   ///< both ends are shown; else the link ends at the edge that is nearer to the other
  CellRef source;       ///< first cell of what travels; block -1 when it is not shown
  CellRef target;
};

struct Lane {
  QRectF area;
  QRectF heading;
  QRectF caption;
  bool active = false;  ///< the shown step is one of this algorithm
};

/// Sizes that follow the font.
struct LaneMetrics {
  qreal line = 17;          ///< height of a line of text
  qreal number_width = 52;  ///< of the widest number, with room around it
  qreal digit_width = 8;
  qreal label_width = 96;  ///< of a table row's name
};

struct SceneInput {
  QSizeF size;
  LaneMetrics metrics;
  int first_row = 0;
  int first_column = 0;
  int first_position = 0;
  bool numbers = true;  ///< columns wide enough for numbers (and scrolled) even where all would fit without
};

struct LaneScene {
  std::array<Lane, lane_count> lanes;
  std::vector<Block> blocks;
  std::vector<Link> links;
  int rows_shown = 0;   ///< table rows in the table that is scrolled
  int rows_needed = 0;  ///< table rows that any block shows
  int columns_shown = 0;
  int positions_shown = 0;

  /// Index of a block, or -1.
  [[nodiscard]] int find(BlockKind kind, int lane) const;
  [[nodiscard]] std::optional<CellRef> hit(QPointF point) const;
  [[nodiscard]] QRectF rectOf(const CellRef& cell) const;
};

/// Lays the lanes out. Cost: blocks and links in sight, not the table.
[[nodiscard]] LaneScene layOut(const LookupView& view, const SceneInput& input);

/// The number in a cell; nothing where the view does not hold it (not computed, or outside its window of rows).
[[nodiscard]] std::optional<float> valueAt(const LookupView& view, BlockKind kind, int row, int column);

/// The table row that a row of a block stands for, or -1.
[[nodiscard]] int tableRowOf(const LookupView& view, const Block& block, int row, int column);

/// The cells that a cell is computed from (or goes into, for a cell of the table), itself included.
[[nodiscard]] std::vector<CellRef> sourcesOf(const LookupView& view, const LaneScene& scene, const CellRef& cell);

/// How a cell came about, in figures: "output[1, 2] = 0 × 0.10 + 1 × 0.70 + ... = 0.70" for a small table, shorter for
/// a large one. Every number is one of the view's. Empty for cells without a story.
[[nodiscard]] QString spellOut(const LookupView& view, BlockKind kind, int row, int column, int decimals);

/// The same place in the other algorithm's output or gradient; the kind itself for the rest.
[[nodiscard]] BlockKind twinOf(BlockKind kind);

/// The name of a cell and its whole value: "table[2, 1] = 0.123456791".
[[nodiscard]] QString describeCell(const LookupView& view, const LaneScene& scene, const CellRef& cell);

}  // namespace rowlight
