#include "ui/common/placeholder_page.h"

#include <QFontMetrics>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/common/typography.h"

namespace rowlight {
namespace {

struct Text {
  QString name;
  QString heading;
  QString body;
};

Text textOf(Page page) {
  switch (page) {
    case Page::Lookup:
      return {
          QStringLiteral("pageLookup"), PlaceholderPage::tr("Lookup"),
          PlaceholderPage::tr("This page will show one batch in two lanes over one table: as a one-hot matrix product, "
                              "and as a plain copy of rows. Each lane can be stepped through, and a meter counts "
                              "what it costs. It is not built yet.")};
    case Page::Explore:
      return {
          QStringLiteral("pageExplore"), PlaceholderPage::tr("Explore"),
          PlaceholderPage::tr("This page will show what a trained model has learned: the nearest movies, the "
                              "highest and lowest biases, and why a prediction is what it is. It is not built yet.")};
    case Page::Cost:
    case Page::Train: break;
  }
  return {QStringLiteral("pageTrain"), PlaceholderPage::tr("Train"), {}};
}

}  // namespace

PlaceholderPage::PlaceholderPage(Page page, QWidget* parent) : QWidget(parent) {
  const Text text = textOf(page);
  setObjectName(text.name);
  setAccessibleName(text.heading);
  auto* heading = new QLabel(text.heading, this);
  heading->setFont(textFont(TextSize::Large));
  auto* body = new QLabel(text.body, this);
  body->setWordWrap(true);
  body->setMaximumWidth(QFontMetrics(body->font()).averageCharWidth() * 64);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(24, 24, 24, 24);
  layout->addWidget(heading);
  layout->addWidget(body);
  layout->addStretch(1);
}

}  // namespace rowlight
