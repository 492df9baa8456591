#pragma once

#include <QWidget>

#include "ui/common/rail.h"

namespace rowlight {

/// Stands where a page is not built yet and says what it will hold.
class PlaceholderPage : public QWidget {
  Q_OBJECT

 public:
  /// Pre: neither Page::Train nor Page::Cost, which are there.
  explicit PlaceholderPage(Page page, QWidget* parent = nullptr);
};

}  // namespace rowlight
