#pragma once

#include <QUndoCommand>

#include <vector>

#include "core/train/lookup_setup.h"
#include "ui/common/workbench.h"

namespace rowlight {

// What can be undone on the Lookup page. Each edit sends commands to the engine and keeps what was there before.

/// Sets weights of one table row: a cell, or all of a row that is poisoned.
class WeightEdit : public QUndoCommand {
 public:
  struct Change {
    std::size_t column = 0;
    float before = 0;
    float after = 0;
  };
  WeightEdit(Workbench* workbench, std::size_t row, std::vector<Change> changes, const QString& text);

  void redo() override;
  void undo() override;

 private:
  Workbench* workbench_;
  std::size_t row_;
  std::vector<Change> changes_;
};

/// Another setup. Made when the engine has taken it, so the first redo() sends nothing.
class SetupEdit : public QUndoCommand {
 public:
  SetupEdit(Workbench* workbench, LookupSetup before, LookupSetup after, const QString& text);

  void redo() override;
  void undo() override;

 private:
  Workbench* workbench_;
  LookupSetup before_;
  LookupSetup after_;
  bool taken_ = true;
};

}  // namespace rowlight
