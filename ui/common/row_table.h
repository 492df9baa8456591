#pragma once

#include <QString>

class QAbstractItemModel;
class QTableView;
class QWidget;

namespace rowlight {

/// A table whose whole rows are read and chosen, as the tables of numbers beside the pictures look. Fonts, heights and
/// columns are the caller's. GUI thread; `parent` owns it.
[[nodiscard]] QTableView* makeRowTable(QAbstractItemModel* model, const char* name, const QString& accessibleName,
                                       QWidget* parent);

}  // namespace rowlight
