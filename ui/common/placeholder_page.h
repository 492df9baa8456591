#pragma once

#include <QWidget>

#include "ui/common/rail.h"

namespace rowlight {

/// Stands where a page is not built yet and says what it will hold.
class PlaceholderPage : public QWidget {
  Q_OBJECT

 public:
  /// Pre: not Page::Train, which is there.
  explicit PlaceholderPage(Page page, QWidget* parent = nullptr);
};

}  // namespace rowlight
