#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"

namespace rowlight {

/// The gradient of a table of which one batch looked up few rows: one summed row for each distinct row looked up
/// (a coalesced sparse gradient). All other rows have gradient zero. Sized once; no allocation while training
/// unless a batch is larger than all before.
class RowGradient {
 public:
  static constexpr std::int32_t no_slot = -1;

  /// For a table (rows, cols) and batches of up to `batch_size`.
  RowGradient(std::size_t rows, std::size_t cols, std::size_t batch_size);

  /// Forgets the last batch. Cost: its touched rows.
  void clear();

  /// Gives each of `ids` its slot: the row of values() that sums its gradient, zero when new. The slots of equal ids
  /// are equal. Pre: 0 <= id < rows. The span is valid until the next call.
  std::span<const std::int32_t> assign_slots(std::span<const std::int32_t> ids);

  /// Table rows of the batch in order of first appearance; values().row(i) belongs to touched_rows()[i].
  [[nodiscard]] std::span<const std::int32_t> touched_rows() const { return touched_; }
  [[nodiscard]] MatrixView values();  ///< (touched rows, cols)
  [[nodiscard]] ConstMatrixView values() const;
  /// For every row of the table: its slot in values(), or no_slot.
  [[nodiscard]] std::span<const std::int32_t> slot_of_row() const { return slot_of_row_; }

 private:
  Matrix values_;
  std::vector<std::int32_t> slot_of_row_;
  std::vector<std::int32_t> touched_;
  std::vector<std::int32_t> batch_slots_;
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
