#include "ui/common/status_bar.h"

#include <QFontMetrics>
#include <QHBoxLayout>
#include <QLabel>

#include <algorithm>

#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/typography.h"

namespace rowlight {
namespace {

constexpr int gap = 24;

QString counted(std::uint64_t count, const char* one, const char* many) {
  return formatCount(count) + QLatin1Char(' ') + StatusBar::tr(count == 1 ? one : many);
}

void setIfNew(QLabel* label, const QString& text) {
  if (label->text() != text) label->setText(text);
}

}  // namespace

StatusTexts statusTexts(const Frame& frame) {
  StatusTexts out;
  out.state = formatState(frame.state);
  out.simd = formatTarget(frame.simd_target);
  if (!frame.ratings) {
    out.data = StatusBar::tr("No ratings: open a rating file to begin");
    return out;
  }
  if (frame.viewed) {
    out.data = formatFactors(frame);
    out.model = counted(frame.parameter_count, "parameter", "parameters");
    return out;
  }
  out.rate = formatPerSecond(frame.progress.ratings_per_second);
  const RatingSet& set = *frame.ratings;
  out.data = QString::fromStdString(set.name);
  if (set.synthetic) out.data += StatusBar::tr(" (synthetic ratings)");
  out.counts = counted(set.size(), "rating", "ratings") + QStringLiteral(", ") +
               counted(set.user_count(), "user", "users") + QStringLiteral(", ") +
               counted(set.movie_count(), "movie", "movies");
  out.model =
      formatModel(frame.settings) + QStringLiteral(", ") + counted(frame.parameter_count, "parameter", "parameters");
  return out;
}

StatusBar::StatusBar(Workbench* workbench, QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("statusBar"));
  setAccessibleName(tr("Status"));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setFont(numberFont(TextSize::Normal));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(12, 4, 12, 4);
  layout->setSpacing(gap);
  data_ = new ElidedLabel(Qt::ElideMiddle, this);
  data_->setObjectName(QStringLiteral("statusData"));
  layout->addWidget(data_, 1);
  counts_ = makePart("statusCounts", tr("The size of the data set"));
  model_ = makePart("statusModel", tr("The model and the numbers that it learns"));
  simd_ = makePart("statusSimd", tr("The vector instructions of this machine that the engine uses"));
  rate_ = makePart("statusRate", tr("Ratings trained on in a second"));
  state_ = makePart("statusState", tr("What the engine is doing"));
  rate_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  const QFontMetrics metrics(font());
  rate_->setFixedWidth(metrics.horizontalAdvance(formatPerSecond(888e6)) + 4);
  int widest = 0;
  for (const RunState state : {RunState::Empty, RunState::Paused, RunState::Playing, RunState::Finished,
                               RunState::Diverged, RunState::ViewOnly}) {
    widest = std::max(widest, metrics.horizontalAdvance(formatState(state)));
  }
  state_->setFixedWidth(widest + 4);
  connect(workbench, &Workbench::presented, this, &StatusBar::present);
  present(workbench->frame() ? *workbench->frame() : Frame{});
}

QLabel* StatusBar::makePart(const char* object_name, const QString& tip) {
  auto* label = new QLabel(this);
  label->setObjectName(QLatin1String(object_name));
  label->setToolTip(tip);
  label->setTextFormat(Qt::PlainText);
  layout()->addWidget(label);
  return label;
}

void StatusBar::present(const Frame& frame) {
  StatusTexts now = statusTexts(frame);
  data_->setText(now.data);
  setIfNew(counts_, now.counts);
  setIfNew(model_, now.model);
  setIfNew(simd_, now.simd);
  setIfNew(rate_, now.rate);
  setIfNew(state_, now.state);
  const bool new_widths = now.data != shown_.data || now.counts != shown_.counts || now.model != shown_.model ||
                          now.simd != shown_.simd || now.rate.isEmpty() != shown_.rate.isEmpty();
  shown_ = std::move(now);
  if (new_widths) fitParts();
}

QSize StatusBar::minimumSizeHint() const {
  const QMargins margins = layout()->contentsMargins();
  const int width =
      data_->minimumSizeHint().width() + gap + state_->sizeHint().width() + margins.left() + margins.right();
  return {width, QWidget::minimumSizeHint().height()};
}

void StatusBar::fitParts() {
  const QMargins margins = layout()->contentsMargins();
  int room = width() - margins.left() - margins.right() - data_->sizeHint().width();
  // In the order of what people look for; the first part that does not fit ends the line.
  for (QLabel* part : {state_, rate_, counts_, model_, simd_}) {
    const bool empty = part->text().isEmpty();
    if (!empty) room -= part->sizeHint().width() + gap;
    part->setVisible(!empty && (room >= 0 || part == state_));
  }
}

void StatusBar::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitParts();
}

}  // namespace rowlight
