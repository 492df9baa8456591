#pragma once

#include <QFont>

namespace rowlight {

/// The three sizes of text; all follow the application's font, so they grow with the system's.
enum class TextSize { Small, Normal, Large };

/// The application's font in one of the sizes; Large is the (semi-bold) heading of a panel.
[[nodiscard]] QFont textFont(TextSize size);

/// The same size with digits of equal width, so that changing numbers do not jitter: the font itself where its
/// digits are tabular, else DejaVu Sans (Qt 6.4 cannot ask for the OpenType feature).
[[nodiscard]] QFont numberFont(TextSize size);

}  // namespace rowlight
