#include "ui/train/batch_model.h"

#include <QApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

#include "ui/common/format.h"
#include "ui/common/palette.h"

namespace rowlight {
namespace {

QString textOf(std::string_view utf8) { return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size())); }

}  // namespace

void BatchModel::setBatch(RatingSetPtr ratings, std::shared_ptr<const BatchView> batch) {
  const int after = ratings && batch ? static_cast<int>(batch->users.size()) : 0;
  // Rows come and go only where the batches differ in size, so that the view keeps its place and selection. The
  // rows that stay change before new ones come and after old ones have gone.
  if (after < rows_) {
    beginRemoveRows({}, after, rows_ - 1);
    rows_ = after;
    endRemoveRows();
  }
  ratings_ = std::move(ratings);
  batch_ = std::move(batch);
  if (rows_ > 0) emit dataChanged(index(0, 0), index(rows_ - 1, ColumnCount - 1));
  if (after > rows_) {
    beginInsertRows({}, rows_, after - 1);
    rows_ = after;
    endInsertRows();
  }
}

int BatchModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : rows_; }

int BatchModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

MovieRow BatchModel::movieAt(int row) const {
  return row >= 0 && row < rowCount() ? MovieRow{batch_->movies[static_cast<std::size_t>(row)]} : MovieRow{};
}

QString BatchModel::text(std::size_t row, int column) const {
  switch (column) {
    case User: return textOf(ratings_->user_ids.id(batch_->users[row]));
    case Movie: return QString::fromStdString(ratings_->movie_label(MovieRow{batch_->movies[row]}));
    case Rating: return formatFixed(batch_->ratings[row], 1);
    case Score: return row < batch_->scores.size() ? formatFixed(batch_->scores[row], 3) : QString();
    case Prediction: return row < batch_->predictions.size() ? formatFixed(batch_->predictions[row], 2) : QString();
    case ErrorColumn: return row < batch_->errors.size() ? formatSigned(batch_->errors[row], 2) : QString();
    default: return {};
  }
}

QVariant BatchModel::errorShare(std::size_t row) const {
  if (row >= batch_->errors.size() || !std::isfinite(batch_->errors[row])) return {};
  const float span = std::max(ratings_->scale.high - ratings_->scale.low, 1e-6F);
  return std::clamp(batch_->errors[row] / span, -1.0F, 1.0F);
}

QVariant BatchModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto row = static_cast<std::size_t>(index.row());
  switch (role) {
    case Qt::DisplayRole: return text(row, index.column());
    case Qt::ToolTipRole: return index.column() == Movie ? text(row, Movie) : QVariant();
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(index.column() <= Movie ? Qt::AlignLeft | Qt::AlignVCenter
                                                         : Qt::AlignRight | Qt::AlignVCenter);
    case ErrorShareRole: return index.column() == ErrorColumn ? errorShare(row) : QVariant();
    default: return {};
  }
}

QVariant BatchModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation == Qt::Vertical) return role == Qt::DisplayRole ? QVariant(section + 1) : QVariant();
  if (role == Qt::TextAlignmentRole) {
    return QVariant::fromValue(section <= Movie ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignRight | Qt::AlignVCenter);
  }
  if (role == Qt::ToolTipRole && section == ErrorColumn) return tr("Prediction minus rating");
  if (role == Qt::ToolTipRole && section == Score) {
    return tr(
        "The user row times the movie row, summed; then with both biases. The sigmoid makes the prediction of it");
  }
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case User: return tr("User");
    case Movie: return tr("Movie");
    case Rating: return tr("Rating");
    case Score: return tr("Score");
    case Prediction: return tr("Prediction");
    case ErrorColumn: return tr("Error");
    default: return {};
  }
}

void ErrorDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem cell = option;
  initStyleOption(&cell, index);
  const QString number = cell.text;
  cell.text.clear();
  const QWidget* widget = option.widget;
  QStyle* style = widget ? widget->style() : QApplication::style();
  style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, widget);

  const int number_width = cell.fontMetrics.horizontalAdvance(QStringLiteral("+00.00")) + 12;
  const QRect bars = option.rect.adjusted(8, 4, -number_width, -4);
  const QVariant share = index.data(BatchModel::ErrorShareRole);
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing, false);
  const bool selected = option.state & QStyle::State_Selected;
  const QColor text = cell.palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
  if (share.isValid() && bars.width() > 16) {
    const int middle = bars.left() + bars.width() / 2;
    const auto length = static_cast<int>(std::lround(share.toFloat() * static_cast<float>(bars.width()) / 2));
    const Theme theme = themeOf(cell.palette);
    const QRect bar =
        QRect(QPoint(std::min(middle, middle + length), bars.top()), QSize(std::abs(length), bars.height()));
    painter->fillRect(bar, selected ? text : QColor(divergingColor(length < 0 ? -1.0F : 1.0F, 1.0F, theme)));
    painter->fillRect(QRect(middle, bars.top() - 2, 1, bars.height() + 4), text);
  }
  painter->setPen(text);
  painter->setFont(cell.font);
  painter->drawText(option.rect.adjusted(0, 0, -6, 0), Qt::AlignRight | Qt::AlignVCenter, number);
  painter->restore();
}

}  // namespace rowlight
