#pragma once

#include <QIcon>
#include <QString>

namespace rowlight {

/// The project's icon of that name (resources/icons/NAME.svg), drawn in the text colour of the application's
/// palette at the moment of painting, so that it follows the theme; crisp at every scale.
/// Pre: the icon exists.
[[nodiscard]] QIcon themedIcon(const QString& name);

}  // namespace rowlight
