#include "ui/lookup/lookup_edits.h"

#include <utility>

namespace rowlight {

WeightEdit::WeightEdit(Workbench* workbench, std::size_t row, std::vector<Change> changes, const QString& text)
    : QUndoCommand(text), workbench_(workbench), row_(row), changes_(std::move(changes)) {}

void WeightEdit::redo() {
  for (const Change& change : changes_) workbench_->send(SetLookupWeight{row_, change.column, change.after});
}

void WeightEdit::undo() {
  for (const Change& change : changes_) workbench_->send(SetLookupWeight{row_, change.column, change.before});
}

SetupEdit::SetupEdit(Workbench* workbench, LookupSetup before, LookupSetup after, const QString& text)
    : QUndoCommand(text), workbench_(workbench), before_(std::move(before)), after_(std::move(after)) {}

void SetupEdit::redo() {
  if (std::exchange(taken_, false)) return;
  workbench_->send(SetUpLookup{after_});
}

void SetupEdit::undo() { workbench_->send(SetUpLookup{before_}); }

}  // namespace rowlight
