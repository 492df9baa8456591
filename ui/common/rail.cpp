#include "ui/common/rail.h"

#include <QAction>
#include <QActionGroup>
#include <QFontMetrics>
#include <QPainter>
#include <QStyleOptionFocusRect>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/common/icons.h"
#include "ui/common/key_policy.h"

namespace rowlight {
namespace {

struct PageText {
  const char* name;
  const char* tip;
};

constexpr std::array<PageText, page_count> page_texts{
    PageText{"Lookup", "Step through a lookup and a one-hot matrix product"},
    PageText{"Train", "Train a model and watch its tables"},
    PageText{"Explore", "See what the model has learned"},
    PageText{"Cost", "Measure lookup against matrix product on this machine"},
};

constexpr int gap = 5;  // between icon and label

/// A flat button: icon over label; the current page has a bar at its edge, a tint and a bold label, so that it is
/// told by shape as well as by colour.
class RailButton : public QToolButton {
 public:
  explicit RailButton(QWidget* parent) : QToolButton(parent) {
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
  }

  [[nodiscard]] QSize sizeHint() const override {
    const QFontMetrics metrics(boldFont());
    return {metrics.horizontalAdvance(text()) + 28, iconSize().height() + metrics.height() + 28};
  }
  // In a low window the space around icon and label goes.
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint() - QSize(0, 22); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    const QColor accent = palette().color(QPalette::Highlight);
    if (isChecked() || isDown() || underMouse()) {
      QColor tint = isChecked() ? accent : palette().color(QPalette::WindowText);
      tint.setAlpha(isChecked() ? 48 : isDown() ? 40 : 20);
      painter.fillRect(rect(), tint);
    }
    if (isChecked()) painter.fillRect(0, 0, 4, height(), accent);
    const QFont font = isChecked() ? boldFont() : this->font();
    const QFontMetrics metrics(font);
    const QSize icon_size = iconSize();
    const int inside = icon_size.height() + gap + metrics.height();
    const QRect icon_rect((width() - icon_size.width()) / 2, (height() - inside) / 2, icon_size.width(),
                          icon_size.height());
    icon().paint(&painter, icon_rect);
    painter.setFont(font);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(0, icon_rect.bottom() + 1 + gap, width(), metrics.height()), Qt::AlignCenter, text());
    if (hasFocus()) {
      painter.setPen(QPen(palette().color(QPalette::WindowText), 2));
      painter.drawRect(rect().adjusted(2, 2, -2, -2));
    }
  }

 private:
  [[nodiscard]] QFont boldFont() const {
    QFont bold = font();
    bold.setBold(true);
    return bold;
  }
};

}  // namespace

Rail::Rail(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("rail"));
  setAccessibleName(tr("Pages"));
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 8, 0, 8);
  layout->setSpacing(4);
  auto* actions = new QActionGroup(this);
  const int icon_size = std::max(24, QFontMetrics(font()).height() * 3 / 2);
  for (int i = 0; i < page_count; ++i) {
    const PageText& page = page_texts[static_cast<std::size_t>(i)];
    const QString name = tr(page.name);
    auto* action = new QAction(themedIcon(QString::fromLatin1(page.name).toLower()), name, this);
    action->setObjectName(QStringLiteral("actionPage") + QLatin1String(page.name));
    action->setCheckable(true);
    action->setShortcut(QKeySequence(Qt::Key_1 + i));
    action->setToolTip(tr("%1: %2 (%3)").arg(name, tr(page.tip)).arg(i + 1));
    actions->addAction(action);
    addAction(action);
    actions_[static_cast<std::size_t>(i)] = action;

    auto* button = new RailButton(this);
    button->setObjectName(QStringLiteral("railButton") + QLatin1String(page.name));
    button->setIconSize({icon_size, icon_size});
    button->setDefaultAction(action);
    button->setAccessibleName(name);
    button->setAccessibleDescription(tr(page.tip));
    layout->addWidget(button);
    // Not `triggered`: a tool button also triggers its action when it only follows it.
    connect(action, &QAction::toggled, this, [this, i](bool on) {
      if (on) setCurrent(static_cast<Page>(i));
    });
  }
  layout->addStretch(1);
  actions_[static_cast<std::size_t>(current_)]->setChecked(true);
  KeyPolicy::install();
}

void Rail::setCurrent(Page page) {
  if (page == current_) return;
  current_ = page;
  action(page)->setChecked(true);
  emit pageChosen(page);
}

}  // namespace rowlight
