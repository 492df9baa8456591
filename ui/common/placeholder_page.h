#pragma once

#include <QWidget>

#include "ui/common/rail.h"

namespace rowlight {

/// Stands where a page is not built yet and says what it will hold.
class PlaceholderPage : public QWidget {
  Q_OBJECT

 public:
  /// Pre: Page::Explore; the others are there.
  explicit PlaceholderPage(Page page, QWidget* parent = nullptr);
};

}  // namespace rowlight
