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
    case Page::Explore:
      return {
          QStringLiteral("pageExplore"), PlaceholderPage::tr("Explore"),
          PlaceholderPage::tr("This page will show what a trained model has learned: the nearest movies, the "
                              "highest and lowest biases, and why a prediction is what it is. It is not built yet.")};
    case Page::Cost:
    case Page::Lookup:
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
