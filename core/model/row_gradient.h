#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/simd/training.h"

namespace rowlight {

/// Which rows of a table one batch looks up: each distinct one has a slot, numbered by first appearance. Sized once; no
/// allocation. Pre: at most `batch_size` ids since clear().
class RowSlots {
 public:
  static constexpr std::int32_t no_slot = -1;

  /// For a table of `rows` and batches of up to `batch_size`.
  RowSlots(std::size_t rows, std::size_t batch_size);

  [[nodiscard]] std::size_t most() const { return touched_.size() - 1; }  ///< slots there may be

  /// Forgets the last batch. Cost: its touched rows.
  void clear();

  /// Gives each of `ids` its slot; those of earlier calls since clear() keep theirs. Pre: 0 <= id < rows. The span is
  /// valid until the next call.
  std::span<const std::int32_t> assign(std::span<const std::int32_t> ids);

  /// Table rows in order of first appearance: the row of each slot.
  [[nodiscard]] std::span<const std::int32_t> touched_rows() const { return {touched_.data(), touched_count_}; }
  /// For every row of the table: its slot, or no_slot.
  [[nodiscard]] std::span<const std::int32_t> slot_of_row() const { return slot_of_row_; }
  /// The slots of the ids of the last assign().
  [[nodiscard]] std::span<const std::int32_t> of_batch() const { return batch_slots_; }

  /// The positions of the ids by slot. Pre: assign() was called once since clear().
  [[nodiscard]] simd::SlotGroups group();

 private:
  std::vector<std::int32_t> slot_of_row_;
  std::vector<std::int32_t> touched_;  // one more than there may be slots; the first touched_count_ are in use
  std::size_t touched_count_ = 0;
  std::vector<std::int32_t> batch_slots_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::int32_t> members_;
};

/// The gradient of a table of which one batch looked up few rows: one summed row for each distinct row looked up
/// (a coalesced sparse gradient). All other rows have gradient zero. Sized once; no allocation while training.
/// Pre: at most `batch_size` ids since clear().
class RowGradient {
 public:
  static constexpr std::int32_t no_slot = RowSlots::no_slot;

  /// For a table (rows, cols) and batches of up to `batch_size`.
  RowGradient(std::size_t rows, std::size_t cols, std::size_t batch_size);
  /// For a table whose rows are looked up together with those of `shared`: of a bias beside its factors.
  RowGradient(std::shared_ptr<RowSlots> shared, std::size_t cols);

  // Two with the same slots would forget each other's batches.
  RowGradient(const RowGradient&) = delete;
  RowGradient(RowGradient&&) = default;
  RowGradient& operator=(const RowGradient&) = delete;
  RowGradient& operator=(RowGradient&&) = default;
  ~RowGradient() = default;

  /// Forgets the last batch. Cost: its touched rows.
  void clear() { slots_->clear(); }

  /// Gives each of `ids` its slot: the row of values() that sums its gradient, zero when new. The slots of equal ids
  /// are equal. Pre: 0 <= id < rows. The span is valid until the next call.
  std::span<const std::int32_t> assign_slots(std::span<const std::int32_t> ids);

  /// Table rows of the batch in order of first appearance; values().row(i) belongs to touched_rows()[i].
  [[nodiscard]] std::span<const std::int32_t> touched_rows() const { return slots_->touched_rows(); }
  [[nodiscard]] MatrixView values();  ///< (touched rows, cols)
  [[nodiscard]] ConstMatrixView values() const;
  /// For every row of the table: its slot in values(), or no_slot.
  [[nodiscard]] std::span<const std::int32_t> slot_of_row() const { return slots_->slot_of_row(); }
  /// Whoever assigns them there fills values() too: they are not made zero.
  [[nodiscard]] const std::shared_ptr<RowSlots>& row_slots() { return slots_; }

 private:
  std::shared_ptr<RowSlots> slots_;
  Matrix values_;
};

/// The gradient of one table as an optimizer takes it: every number, or by rows with zeros elsewhere. A view; the
/// numbers belong to somebody else.
struct TableGradient {
  // NOLINTNEXTLINE(google-explicit-constructor): one is as good as the other
  TableGradient(const RowGradient& gradient) : by_rows(&gradient) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  TableGradient(ConstMatrixView gradient) : dense(gradient) {}

  const RowGradient* by_rows = nullptr;
  ConstMatrixView dense;  ///< (rows, cols) when by_rows is null
};

}  // namespace rowlight
