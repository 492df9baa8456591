#include "core/model/row_gradient.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rowlight {

RowSlots::RowSlots(std::size_t rows, std::size_t batch_size)
    : slot_of_row_(rows, no_slot),
      touched_(std::min(rows, batch_size) + 1),
      begins_(touched_.size() + 1),
      members_(batch_size) {
  batch_slots_.reserve(batch_size);
}

void RowSlots::clear() {
  for (const std::int32_t row : touched_rows()) slot_of_row_[static_cast<std::size_t>(row)] = no_slot;
  touched_count_ = 0;
  batch_slots_.clear();
}

std::span<const std::int32_t> RowSlots::assign(std::span<const std::int32_t> ids) {
  batch_slots_.resize(ids.size());
  std::int32_t* const slot_of_row = slot_of_row_.data();
  std::int32_t* const touched = touched_.data();
  std::size_t count = touched_count_;
  for (std::size_t i = 0; i < ids.size(); ++i) {  // without a branch: which ids repeat cannot be foretold
    std::int32_t& slot = slot_of_row[ids[i]];
    const bool is_new = slot == no_slot;
    assert(!is_new || count + 1 < touched_.size());
    touched[count] = ids[i];
    slot = is_new ? static_cast<std::int32_t>(count) : slot;
    count += is_new ? 1 : 0;
    batch_slots_[i] = slot;
  }
  touched_count_ = count;
  return batch_slots_;
}

simd::SlotGroups RowSlots::group() {
  assert(batch_slots_.size() <= members_.size());
  // Counted one place further on, so that filling moves each begin to where it belongs.
  const std::span<std::uint32_t> begins = std::span(begins_).first(touched_count_ + 2);
  std::ranges::fill(begins, 0U);
  for (const std::int32_t slot : batch_slots_) ++begins[static_cast<std::size_t>(slot) + 2];
  for (std::size_t slot = 2; slot < begins.size(); ++slot) begins[slot] += begins[slot - 1];
  for (std::size_t b = 0; b < batch_slots_.size(); ++b) {
    members_[begins[static_cast<std::size_t>(batch_slots_[b]) + 1]++] = static_cast<std::int32_t>(b);
  }
  return {begins.first(touched_count_ + 1), std::span(members_).first(batch_slots_.size())};
}

RowGradient::RowGradient(std::size_t rows, std::size_t cols, std::size_t batch_size)
    : slots_(std::make_shared<RowSlots>(rows, batch_size)), values_(std::min(rows, batch_size), cols) {}

RowGradient::RowGradient(std::shared_ptr<RowSlots> shared, std::size_t cols)
    : slots_(std::move(shared)), values_(slots_->most(), cols) {}

std::span<const std::int32_t> RowGradient::assign_slots(std::span<const std::int32_t> ids) {
  const std::size_t before = touched_rows().size();
  const auto slots = slots_->assign(ids);
  std::ranges::fill(values().flat().subspan(before * values_.stride()), 0.0F);
  return slots;
}

MatrixView RowGradient::values() {
  MatrixView view = values_.view();
  view.rows = touched_rows().size();
  return view;
}

ConstMatrixView RowGradient::values() const {
  ConstMatrixView view = values_.view();
  view.rows = touched_rows().size();
  return view;
}

}  // namespace rowlight
