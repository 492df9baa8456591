#include "ui/train/pca_panel.h"

#include <QAbstractButton>
#include <QGridLayout>
#include <QHideEvent>
#include <QLabel>
#include <QPainter>
#include <QShowEvent>

#include "ui/common/elided_label.h"
#include "ui/common/typography.h"
#include "ui/train/pca_view.h"

namespace rowlight {

namespace {

/// One line of the legend: a dot and a name; pressed, its genre stands out.
class LegendButton : public QAbstractButton {
 public:
  LegendButton(int slot, const QString& name, QWidget* parent) : QAbstractButton(parent), slot_(slot) {
    setText(name);
    setCheckable(true);
    setFont(textFont(TextSize::Small));
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
  }

  [[nodiscard]] QSize sizeHint() const override {
    const QFontMetrics metrics(font());
    return {metrics.horizontalAdvance(text()) + 28, metrics.height() + 4};
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool marked = isChecked() || underMouse();
    if (marked) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(palette().color(isChecked() ? QPalette::Mid : QPalette::Midlight));
      painter.drawRoundedRect(rect(), 4, 4);
    }
    if (hasFocus()) {
      painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
      painter.setBrush(Qt::NoBrush);
      painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    }
    painter.setPen(QPen(categoryCasing(slot_, themeOf(palette())), 1.25));
    painter.setBrush(categoryColor(slot_));
    painter.drawEllipse(QPointF(11, height() / 2.0), 5, 5);
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(rect().adjusted(22, 0, -4, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
  }

 private:
  int slot_;
};

}  // namespace

PcaPanel::PcaPanel(Workbench* workbench, QWidget* parent)
    : QWidget(parent),
      workbench_(workbench),
      explanation_(new ElidedLabel(Qt::ElideRight, this)),
      legend_(new QWidget(this)),
      view_(new PcaView(workbench, this)) {
  setObjectName(QStringLiteral("pcaPanel"));
  auto* heading = new QLabel(tr("Movies on two axes"), this);
  heading->setObjectName(QStringLiteral("pcaPanelHeading"));
  heading->setFont(textFont(TextSize::Large));
  explanation_->setObjectName(QStringLiteral("pcaPanelExplanation"));
  explanation_->setFont(textFont(TextSize::Small));
  explanation_->setForegroundRole(QPalette::PlaceholderText);
  explanation_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  legend_->setObjectName(QStringLiteral("pcaPanelLegend"));
  legend_->setAccessibleName(tr("Genres"));
  new QVBoxLayout(legend_);

  auto* layout = new QGridLayout(this);
  layout->setContentsMargins(8, 8, 8, 8);
  layout->setHorizontalSpacing(8);
  layout->setVerticalSpacing(0);
  layout->addWidget(heading, 0, 0, 1, 2);
  layout->addWidget(explanation_, 1, 0, 1, 2);
  layout->setRowMinimumHeight(2, 8);
  layout->addWidget(view_, 3, 0);
  layout->addWidget(legend_, 3, 1, Qt::AlignTop);
  layout->setColumnStretch(0, 1);
  layout->setRowStretch(3, 1);
  setFocusProxy(view_);

  connect(view_, &PcaView::genresChanged, this, &PcaPanel::buildLegend);
  connect(workbench_, &Workbench::presented, this, &PcaPanel::takeFrame);
  buildLegend();
  takeFrame();
}

void PcaPanel::buildLegend() {
  auto* layout = static_cast<QVBoxLayout*>(legend_->layout());
  while (QLayoutItem* item = layout->takeAt(0)) {
    delete item->widget();
    delete item;
  }
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(2);
  const auto& entries = view_->genreColors().legend();
  const bool genres = entries.size() > 1 || (entries.size() == 1 && entries.front().slot != GenreColors::other);
  legend_->setVisible(genres);
  if (genres) addGenres(entries);
  this->layout()->activate();  // at once: the picture that is asked for next shall have its size
}

void PcaPanel::addGenres(const std::vector<GenreColors::Entry>& entries) {
  QLayout* layout = legend_->layout();
  auto* title = new QLabel(tr("Genre"), legend_);
  title->setFont(textFont(TextSize::Small));
  title->setForegroundRole(QPalette::PlaceholderText);
  layout->addWidget(title);
  title->show();  // else the layout would not see it before the next round of events
  for (const GenreColors::Entry& entry : entries) {
    const int slot = entry.slot;
    const QString name = slot == GenreColors::other ? tr("other") : entry.name;
    auto* button = new LegendButton(slot, name, legend_);
    button->setObjectName(QStringLiteral("genre%1").arg(slot));
    button->setChecked(slot == view_->emphasis());
    button->setAccessibleName(tr("Emphasise %1").arg(name));
    button->setToolTip(tr("%1 movies of which this is the first genre. Click to see them apart.").arg(entry.movies));
    layout->addWidget(button);
    button->show();
    connect(button, &QAbstractButton::toggled, this, [this, button, slot](bool on) {
      if (on) {
        for (auto* other : legend_->findChildren<QAbstractButton*>()) {
          if (other != button) other->setChecked(false);
        }
        view_->setEmphasis(slot);
      } else if (view_->emphasis() == slot) {
        view_->setEmphasis(ScatterStyle::all_slots);
      }
    });
  }
}

void PcaPanel::takeFrame() {
  const FramePtr& frame = workbench_->frame();
  QString text = tr("the factors of each movie, flattened by PCA");
  if (frame && frame->ratings) {
    if (!frame->ratings->genres.empty()) text += tr(" · coloured by first genre");
    if (frame->ratings->synthetic) text += tr(" · synthetic ratings");
  }
  explanation_->setText(text);
}

void PcaPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (!event->spontaneous()) workbench_->send(Project{true, Table::Movies});
}

void PcaPanel::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  if (!event->spontaneous()) workbench_->send(Project{false, Table::Movies});
}

}  // namespace rowlight
