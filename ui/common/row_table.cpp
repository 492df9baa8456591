#include "ui/common/row_table.h"

#include <QAbstractItemModel>
#include <QHeaderView>
#include <QTableView>

namespace rowlight {

QTableView* makeRowTable(QAbstractItemModel* model, const char* name, const QString& accessibleName, QWidget* parent) {
  auto* table = new QTableView(parent);
  table->setObjectName(QLatin1String(name));
  table->setAccessibleName(accessibleName);
  table->setModel(model);
  table->setFrameShape(QFrame::NoFrame);
  table->setShowGrid(false);
  table->setAlternatingRowColors(true);
  table->setWordWrap(false);
  table->setTabKeyNavigation(false);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->verticalHeader()->hide();
  return table;
}

}  // namespace rowlight
