#include "ui/cost/cost_model.h"

#include <QStringList>

#include <optional>
#include <set>
#include <utility>

#include "ui/common/format.h"
#include "ui/common/typography.h"
#include "ui/cost/cost_text.h"

namespace rowlight {
namespace {

std::optional<CostAlgorithm> algorithmOf(int column) {
  switch (column) {
    case CostModel::Lookup: return CostAlgorithm::Lookup;
    case CostModel::LookupDense: return CostAlgorithm::LookupDenseGradient;
    case CostModel::OneHot: return CostAlgorithm::OneHot;
    case CostModel::SparseOneHot: return CostAlgorithm::SparseOneHot;
    default: return std::nullopt;
  }
}

/// One-hot product over lookup; 0: not both measured.
double factorOf(const CostPoint& point, CostPass pass) {
  const CostValue& lookup = point.value(CostAlgorithm::Lookup, pass);
  const CostValue& product = point.value(CostAlgorithm::OneHot, pass);
  return lookup.measured() && product.measured() ? product.seconds / lookup.seconds : 0;
}

}  // namespace

void CostModel::setView(std::shared_ptr<const CostView> view, CostPass pass) {
  const auto lines = [](const CostView* v) { return v ? static_cast<int>(v->points.size()) : 0; };
  const int before = lines(view_.get());
  const int after = lines(view.get());
  // Lines are only added while a measurement goes on: a selection survives that.
  if (after < before || pass != pass_) {
    beginResetModel();
    view_ = std::move(view);
    pass_ = pass;
    endResetModel();
    return;
  }
  if (after > before) beginInsertRows({}, before, after - 1);
  view_ = std::move(view);
  if (after > before) endInsertRows();
  if (before > 0) emit dataChanged(index(0, 0), index(before - 1, Columns - 1));
}

int CostModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !view_ ? 0 : static_cast<int>(view_->points.size());
}

int CostModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : Columns; }

QString CostModel::text(const CostPoint& point, int column) const {
  if (const auto algorithm = algorithmOf(column)) {
    const CostValue& value = point.value(*algorithm, pass_);
    if (value.measured()) return formatDuration(value.seconds);
    if (value.why_not.empty()) return view_->running ? QStringLiteral("…") : QStringLiteral("–");
    const bool same = *algorithm == CostAlgorithm::LookupDenseGradient && pass_ == CostPass::Forward;
    return same ? tr("as lookup") : tr("not tried");
  }
  const CostBytes bytes = cost_bytes(point.rows, view_->options.dim, view_->options.batch);
  switch (column) {
    case Rows: return formatCount(point.rows);
    case Target: return formatTarget(point.target);
    case Factor: {
      const double factor = factorOf(point, pass_);
      return factor > 0 ? formatFactor(factor) + QChar(u'×') : QStringLiteral("–");
    }
    case Limit: {
      const double limit = memory_limit_seconds(*view_, point.rows, pass_);
      return limit > 0 ? formatDuration(limit) : QStringLiteral("–");
    }
    case OneHotBytes: return formatBytes(static_cast<double>(bytes.one_hot));
    case TableBytes: return formatBytes(static_cast<double>(bytes.table));
    default: return {};
  }
}

QString CostModel::plainNumber(const CostPoint& point, int column) const {
  const auto plain = [](double value) { return value > 0 ? QString::number(value, 'g', 6) : QString(); };
  if (const auto algorithm = algorithmOf(column)) return plain(point.value(*algorithm, pass_).seconds);
  const CostBytes bytes = cost_bytes(point.rows, view_->options.dim, view_->options.batch);
  switch (column) {
    case Rows: return QString::number(point.rows);
    case Factor: return plain(factorOf(point, pass_));
    case Limit: return plain(memory_limit_seconds(*view_, point.rows, pass_));
    case OneHotBytes: return QString::number(bytes.one_hot);
    case TableBytes: return QString::number(bytes.table);
    default: return text(point, column);
  }
}

QString CostModel::reason(const CostPoint& point, int column) const {
  const auto algorithm = algorithmOf(column);
  if (!algorithm) return {};
  const CostValue& value = point.value(*algorithm, pass_);
  if (value.measured()) return tr("Median of %1 repetitions").arg(formatCount(value.repetitions));
  QString sentence = QString::fromStdString(value.why_not);
  if (!sentence.isEmpty()) sentence = sentence.left(1).toUpper() + sentence.mid(1) + u'.';
  return sentence;
}

QVariant CostModel::data(const QModelIndex& index, int role) const {
  if (!view_ || !index.isValid() || index.row() >= rowCount()) return {};
  const CostPoint& point = view_->points[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole: return text(point, index.column());
    case Qt::ToolTipRole: {
      const QString sentence = reason(point, index.column());
      return sentence.isEmpty() ? QVariant() : sentence;
    }
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(Qt::AlignVCenter | (index.column() == Target ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::FontRole: return numberFont(TextSize::Normal);
    case Qt::AccessibleTextRole:
      return QStringLiteral("%1: %2").arg(headerData(index.column(), Qt::Horizontal, Qt::DisplayRole).toString(),
                                          text(point, index.column()));
    default: return {};
  }
}

QVariant CostModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) {
    return QVariant::fromValue(Qt::AlignVCenter | (section == Target ? Qt::AlignLeft : Qt::AlignRight));
  }
  if (role == Qt::ToolTipRole) {
    switch (section) {
      case LookupDense: return tr("Lookup with a dense gradient: zero-fill and scatter-add, then a step over all rows");
      case Factor: return tr("One-hot product divided by lookup");
      case Limit: return tr("What memory bandwidth allows for touching every row once; the caches can beat it");
      case OneHotBytes: return tr("Batch × rows × 4 bytes: follows from the shapes");
      case TableBytes: return tr("Rows × dimension × 4 bytes, and a dense gradient the same again: from the shapes");
      default: return {};
    }
  }
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Rows: return tr("rows");
    case Target: return tr("SIMD");
    case Lookup: return tr("lookup");
    case LookupDense: return tr("dense gradient");
    case OneHot: return tr("one-hot");
    case SparseOneHot: return tr("sparse one-hot");
    case Factor: return tr("one-hot / lookup");
    case Limit: return tr("bandwidth limit");
    case OneHotBytes: return tr("one-hot size");
    case TableBytes: return tr("table size");
    default: return {};
  }
}

QString CostModel::copyText(const QModelIndexList& selected) const {
  if (!view_) return {};
  std::set<int> lines;
  for (const QModelIndex& index : selected) lines.insert(index.row());
  for (int line = 0; selected.isEmpty() && line < rowCount(); ++line) lines.insert(line);
  QStringList header;
  for (int column = 0; column < Columns; ++column) {
    header << headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
  }
  QString out = header.join(u'\t') + u'\n';
  for (const int line : lines) {
    QStringList cells;
    const CostPoint& point = view_->points[static_cast<std::size_t>(line)];
    for (int column = 0; column < Columns; ++column) cells << plainNumber(point, column);
    out += cells.join(u'\t') + u'\n';
  }
  return out;
}

}  // namespace rowlight
