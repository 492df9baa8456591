#include "core/model/row_gradient.h"

#include <algorithm>

namespace rowlight {

RowGradient::RowGradient(std::size_t rows, std::size_t cols, std::size_t batch_size)
    : values_(std::min(rows, batch_size), cols), slot_of_row_(rows, no_slot) {
  touched_.reserve(values_.rows());
  batch_slots_.reserve(batch_size);
}

void RowGradient::clear() {
  for (const std::int32_t row : touched_) slot_of_row_[static_cast<std::size_t>(row)] = no_slot;
  std::ranges::fill(values().flat(), 0.0F);
  touched_.clear();
  batch_slots_.clear();
}

std::span<const std::int32_t> RowGradient::assign_slots(std::span<const std::int32_t> ids) {
  batch_slots_.clear();
  for (const std::int32_t id : ids) {
    std::int32_t& slot = slot_of_row_[static_cast<std::size_t>(id)];
    if (slot == no_slot) {
      assert(touched_.size() < values_.rows());
      slot = static_cast<std::int32_t>(touched_.size());
      touched_.push_back(id);
    }
    batch_slots_.push_back(slot);
  }
  return batch_slots_;
}

MatrixView RowGradient::values() {
  MatrixView view = values_.view();
  view.rows = touched_.size();
  return view;
}

ConstMatrixView RowGradient::values() const {
  ConstMatrixView view = values_.view();
  view.rows = touched_.size();
  return view;
}

}  // namespace rowlight
