#include "ui/common/placeholder_page.h"

#include <QCoreApplication>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/common/typography.h"

namespace rowlight {

namespace {

struct Text {
  const char* name;
  const char* heading;
  const char* body;
};

Text textOf(Page page) {
  switch (page) {
    case Page::Lookup:
      return {"lookupPage", QT_TRANSLATE_NOOP("Placeholder", "Lookup"),
              QT_TRANSLATE_NOOP("Placeholder",
                                "This page will step through the two ways to get a row out of a table: copying it, and "
                                "multiplying the whole table with a one-hot matrix. It will do so forward and "
                                "backward, on a small table or on the live one, and count what each way costs.\n\n"
                                "It is not built yet. The Train page works: press 2.")};
    case Page::Explore:
      return {"explorePage", QT_TRANSLATE_NOOP("Placeholder", "Explore"),
              QT_TRANSLATE_NOOP("Placeholder",
                                "This page will show what the model learnt: the nearest films, the highest and lowest "
                                "biases, why a film is recommended, and what happens when you rate a few films "
                                "yourself.\n\nIt is not built yet. The Train page works: press 2.")};
    case Page::Cost:
      return {"costPage", QT_TRANSLATE_NOOP("Placeholder", "Cost"),
              QT_TRANSLATE_NOOP("Placeholder",
                                "This page will measure, on this machine, what a lookup costs and what a one-hot "
                                "multiplication costs as the table grows from ten rows to a million.\n\n"
                                "It is not built yet. The Train page works: press 2.")};
    case Page::Train: break;
  }
  return {"", "", ""};
}

}  // namespace

QWidget* makePlaceholder(Page page, QWidget* parent) {
  constexpr int grid = 8;
  constexpr int lineLength = 60;  // characters
  const Text text = textOf(page);
  auto* widget = new QWidget(parent);
  widget->setObjectName(QLatin1String(text.name));
  auto* heading = new QLabel(QCoreApplication::translate("Placeholder", text.heading), widget);
  heading->setFont(textFont(TextSize::Large));
  auto* body = new QLabel(QCoreApplication::translate("Placeholder", text.body), widget);
  body->setFont(textFont(TextSize::Normal));
  body->setWordWrap(true);
  body->setFixedWidth(lineLength * body->fontMetrics().averageCharWidth());
  widget->setAccessibleName(heading->text());
  widget->setAccessibleDescription(body->text());
  auto* column = new QVBoxLayout(widget);
  column->setContentsMargins(3 * grid, 3 * grid, 3 * grid, 3 * grid);
  column->setSpacing(2 * grid);
  column->addWidget(heading);
  column->addWidget(body);
  column->addStretch(1);
  return widget;
}

}  // namespace rowlight
