#include "ui/train/table_model.h"

#include <QLocale>
#include <QStringList>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>
#include <utility>

#include "ui/common/heat_map.h"

namespace rowlight {

namespace {

bool sameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

bool sameMarks(const WatchedRows& a, std::size_t i, const WatchedRows& b, std::size_t j) {
  return a.touch[i] == b.touch[j] && a.last_lookup[i] == b.last_lookup[j];
}

bool sameValues(const WatchedRows& a, std::size_t i, const WatchedRows& b, std::size_t j) {
  return a.bias.empty() == b.bias.empty() && (a.bias.empty() || a.bias[i] == b.bias[j]) &&
         sameBits(a.factors.row(i), b.factors.row(j));
}

const WatchedRows& rowsOf(const Frame& frame, Table table) {
  return table == Table::Users ? frame.users : frame.movies;
}

int tableSize(const Frame& frame, Table table) {
  if (!frame.ratings) return 0;
  return static_cast<int>(table == Table::Users ? frame.ratings->user_count() : frame.ratings->movie_count());
}

/// 0: the label is the text, 1: it begins with it, 2: it contains it, 3: it does not.
constexpr int no_match = 3;
int matchOf(const QString& label, const QString& text) {
  const qsizetype at = label.indexOf(text, 0, Qt::CaseInsensitive);
  if (at < 0) return no_match;
  if (at > 0) return 2;
  return label.size() == text.size() ? 0 : 1;
}

std::optional<std::int64_t> wholeNumber(std::string_view id) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

/// The positions of `keys`, sorted by them; equal ones stay in order, also when falling.
template <class Key>
std::vector<std::int32_t> sortedBy(const std::vector<Key>& keys, bool descending) {
  std::vector<std::int32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    const Key& x = keys[static_cast<std::size_t>(a)];
    const Key& y = keys[static_cast<std::size_t>(b)];
    return descending ? y < x : x < y;
  });
  return order;
}

}  // namespace

TableModel::TableModel(Table table, QObject* parent) : QAbstractTableModel(parent), table_(table) {}

void TableModel::setFrame(FramePtr frame) {
  const FramePtr old = std::exchange(frame_, std::move(frame));
  Watched index;
  const WatchedRows& rows = rowsOf(*frame_, table_);
  index.reserve(rows.rows.size());
  for (std::size_t i = 0; i < rows.rows.size(); ++i) index.emplace(rows.rows[i], static_cast<int>(i));

  if (!old || old->ratings != frame_->ratings) {
    beginResetModel();
    watched_index_ = std::move(index);
    row_count_ = tableSize(*frame_, table_);
    order_ = makeOrder();
    inverse_.clear();
    setOrder(std::move(order_));
    endResetModel();
    return;
  }
  const Watched old_index = std::exchange(watched_index_, std::move(index));
  const auto& counts_now = table_ == Table::Users ? frame_->user_counts : frame_->movie_counts;
  const auto& counts_before = table_ == Table::Users ? old->user_counts : old->movie_counts;
  if (counts_now != counts_before) {  // another split: other counts, and perhaps another order
    if (sort_column_ == Count) sort(sort_column_, sort_order_);
    if (row_count_ > 0) emit dataChanged(this->index(0, Count), this->index(row_count_ - 1, Count));
  }
  emitChanges(rowsOf(*old, table_), old_index);
}

void TableModel::emitChanges(const WatchedRows& old, const Watched& oldIndex) {
  const WatchedRows& now = rowsOf(*frame_, table_);
  std::vector<int> rows;    // view rows that differ altogether
  std::vector<int> values;  // view rows of which only bias and factors differ: no label has to be painted anew
  for (std::size_t i = 0; i < now.rows.size(); ++i) {
    const auto found = oldIndex.find(now.rows[i]);
    const auto j = found == oldIndex.end() ? 0 : static_cast<std::size_t>(found->second);
    if (found == oldIndex.end() || !sameMarks(now, i, old, j)) {
      rows.push_back(viewRow(now.rows[i]));
    } else if (!sameValues(now, i, old, j)) {
      values.push_back(viewRow(now.rows[i]));
    }
  }
  for (const std::int32_t row : old.rows) {
    if (!watched_index_.contains(row) && row < row_count_) rows.push_back(viewRow(row));
  }
  emitRuns(std::move(rows), Label);
  emitRuns(std::move(values), Bias);
}

void TableModel::emitRuns(std::vector<int> viewRows, int firstColumn) {
  std::sort(viewRows.begin(), viewRows.end());
  for (auto first = viewRows.begin(); first != viewRows.end();) {
    auto last = first;
    while (last + 1 != viewRows.end() && *(last + 1) <= *last + 1) ++last;
    emit dataChanged(index(*first, firstColumn), index(*last, ColumnCount - 1));
    first = last + 1;
  }
}

const WatchedRows* TableModel::watched() const { return frame_ ? &rowsOf(*frame_, table_) : nullptr; }

int TableModel::tableRow(int viewRow) const {
  return order_.empty() ? viewRow : order_[static_cast<std::size_t>(viewRow)];
}

int TableModel::viewRow(int tableRow) const {
  return inverse_.empty() ? tableRow : inverse_[static_cast<std::size_t>(tableRow)];
}

int TableModel::watchedIndex(int tableRow) const {
  const auto found = watched_index_.find(tableRow);
  return found == watched_index_.end() ? -1 : found->second;
}

QString TableModel::label(int tableRow) const {
  if (table_ == Table::Movies) return QString::fromStdString(frame_->ratings->movie_label(MovieRow{tableRow}));
  const std::string_view id = frame_->ratings->user_ids.id(tableRow);
  return QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size()));
}

const RowCounts* TableModel::counts() const {
  if (!frame_) return nullptr;
  return (table_ == Table::Users ? frame_->user_counts : frame_->movie_counts).get();
}

std::optional<std::uint32_t> TableModel::count(int tableRow) const {
  const RowCounts* all = counts();
  const auto row = static_cast<std::size_t>(tableRow);
  if (all == nullptr || row >= all->size()) return std::nullopt;
  return (*all)[row];
}

std::optional<float> TableModel::bias(int tableRow) const {
  const int place = watchedIndex(tableRow);
  if (place < 0 || watched()->bias.empty()) return std::nullopt;
  return watched()->bias[static_cast<std::size_t>(place)];
}

std::span<const float> TableModel::factors(int tableRow) const {
  const int place = watchedIndex(tableRow);
  if (place < 0) return {};
  return watched()->factors.row(static_cast<std::size_t>(place));
}

bool TableModel::hasBias() const {
  if (frame_ && frame_->viewed) return frame_->viewed->bias[index_of(table_)];
  return frame_ && frame_->settings.model == ModelKind::DotBias;
}

bool TableModel::hasCounts() const { return !frame_ || !frame_->viewed; }

int TableModel::find(const QString& text, int fromViewRow) const {
  if (text.isEmpty()) return -1;
  int best = -1;
  int best_match = no_match;
  for (int i = 0; i < row_count_ && best_match > 0; ++i) {
    const int view_row = static_cast<int>((std::int64_t{fromViewRow} + i) % row_count_);
    const int match = matchOf(label(tableRow(view_row)), text);
    if (match >= best_match) continue;
    best = view_row;
    best_match = match;
  }
  return best;
}

int TableModel::findNext(const QString& text, int viewRow) const {
  if (text.isEmpty()) return -1;
  using Place = std::pair<int, int>;  // match, view row
  constexpr Place none(no_match, 0);
  Place first = none;
  Place next = none;
  const bool known = viewRow >= 0 && viewRow < row_count_;
  const int match_here = known ? matchOf(label(tableRow(viewRow)), text) : no_match;
  for (int r = 0; r < row_count_; ++r) {
    const Place place(matchOf(label(tableRow(r)), text), r);
    if (place.first == no_match) continue;
    first = std::min(first, place);
    if (place > Place(match_here, viewRow)) next = std::min(next, place);
  }
  if (next == none) next = first;
  return next == none ? -1 : next.second;
}

int TableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : row_count_; }

int TableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QString TableModel::factorsText(int tableRow) const {
  const std::span<const float> values = factors(tableRow);
  if (values.empty()) return tr("values are on their way");
  const auto touch = watched()->touch[static_cast<std::size_t>(watchedIndex(tableRow))];
  QString text = tr("%n factor(s)", nullptr, static_cast<int>(values.size()));
  if (touch == RowTouch::LookedUp) text += tr(", looked up by this batch");
  if (touch == RowTouch::MovedOnly) text += tr(", moved without a lookup");
  QStringList numbers;
  for (const float value : values) numbers.append(valueText(value, 3));
  return text + QStringLiteral(": ") + numbers.join(QStringLiteral(", "));
}

QString TableModel::displayText(int tableRow, int column) const {
  const QString unknown = QStringLiteral("…");
  switch (column) {
    case Label: return label(tableRow);
    case Count: {
      const auto value = count(tableRow);
      return value ? QLocale(QLocale::English).toString(*value) : unknown;
    }
    case Bias: {
      if (!hasBias()) return {};
      const auto value = bias(tableRow);
      return value ? valueText(*value, bias_decimals) : unknown;
    }
    default: return factors(tableRow).empty() ? unknown : QString();
  }
}

QVariant TableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= row_count_) return {};
  const int row = tableRow(index.row());
  switch (role) {
    case Qt::DisplayRole: return displayText(row, index.column());
    case Qt::AccessibleTextRole: return index.column() == Factors ? factorsText(row) : displayText(row, index.column());
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(index.column() == Label || index.column() == Factors
                                     ? Qt::AlignLeft | Qt::AlignVCenter
                                     : Qt::AlignRight | Qt::AlignVCenter);
    default: return {};
  }
}

QVariant TableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) {
    return QVariant::fromValue(section == Count || section == Bias ? Qt::AlignRight | Qt::AlignVCenter
                                                                   : Qt::AlignLeft | Qt::AlignVCenter);
  }
  if (role == Qt::InitialSortOrderRole) {  // the first click on a count asks for the largest
    return QVariant::fromValue(section == Count ? Qt::DescendingOrder : Qt::AscendingOrder);
  }
  const bool users = table_ == Table::Users;
  if (role == Qt::DisplayRole) {
    switch (section) {
      case Label: return users ? tr("User") : tr("Movie");
      case Count: return tr("Ratings");
      case Bias: return tr("Bias");
      default: return tr("Factors");
    }
  }
  if (role == Qt::ToolTipRole) {
    switch (section) {
      case Label:
        return (users ? tr("The id in the file. Click to sort by it")
                      : tr("The title, or the id where there is none. Click to sort by it")) +
               tr("; the third click gives back the order of the file.");
      case Count:
        return tr(
            "How many training ratings belong to the row. Click to sort; the third click gives back the order of "
            "the file.");
      case Bias: return tr("One more number of the row, added to each of its predictions.");
      default: return tr("The row of the embedding table: one cell a number. Hover a cell to read it.");
    }
  }
  return {};
}

std::vector<std::int32_t> TableModel::makeOrder() const {
  if (row_count_ == 0) return {};
  if (sort_column_ == Label) return orderByLabel();
  const RowCounts* all = counts();
  if (sort_column_ != Count || all == nullptr || all->size() != static_cast<std::size_t>(row_count_)) return {};
  return sortedBy(*all, sort_order_ == Qt::DescendingOrder);
}

std::vector<std::int32_t> TableModel::orderByLabel() const {
  const bool descending = sort_order_ == Qt::DescendingOrder;
  const RatingSet& set = *frame_->ratings;
  const Vocabulary& ids = table_ == Table::Users ? set.user_ids : set.movie_ids;
  if (table_ == Table::Users || set.movie_info.empty()) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(ids.size());
    for (std::int32_t row = 0; row < row_count_; ++row) {
      const auto number = wholeNumber(ids.id(row));
      if (!number) break;
      numbers.push_back(*number);
    }
    if (numbers.size() == ids.size()) return sortedBy(numbers, descending);
  }
  std::vector<QString> labels;
  labels.reserve(ids.size());
  for (std::int32_t row = 0; row < row_count_; ++row) labels.push_back(label(row).toCaseFolded());
  return sortedBy(labels, descending);
}

void TableModel::setOrder(std::vector<std::int32_t> order) {
  order_ = std::move(order);
  inverse_.assign(order_.size(), 0);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    inverse_[static_cast<std::size_t>(order_[i])] = static_cast<std::int32_t>(i);
  }
}

void TableModel::sort(int column, Qt::SortOrder order) {
  if (column != FileOrder && column != Label && column != Count) return;
  emit layoutAboutToBeChanged({}, QAbstractItemModel::VerticalSortHint);
  sort_column_ = column;
  sort_order_ = order;
  const QModelIndexList before = persistentIndexList();
  std::vector<int> rows;
  rows.reserve(static_cast<std::size_t>(before.size()));
  for (const QModelIndex& index : before) rows.push_back(tableRow(index.row()));
  setOrder(makeOrder());
  QModelIndexList after;
  after.reserve(before.size());
  for (qsizetype i = 0; i < before.size(); ++i) {
    after.append(index(viewRow(rows[static_cast<std::size_t>(i)]), before[i].column()));
  }
  changePersistentIndexList(before, after);
  emit layoutChanged({}, QAbstractItemModel::VerticalSortHint);
}

}  // namespace rowlight
