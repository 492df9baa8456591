#pragma once

#include <QWidget>

#include "ui/common/rail.h"

namespace rowlight {

/// A page that is not built yet: its heading and what it will hold. Pre: page is not Page::Train.
[[nodiscard]] QWidget* makePlaceholder(Page page, QWidget* parent);

}  // namespace rowlight
