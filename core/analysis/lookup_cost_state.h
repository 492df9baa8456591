#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/analysis/eigen_products.h"
#include "core/analysis/measured_task.h"
#include "core/base/matrix.h"
#include "core/base/random.h"
#include "core/layers/embedding.h"

namespace rowlight {

namespace cost {

inline constexpr std::size_t piece_floats = std::size_t{1} << 20U;  // 4 MB: a millisecond or so of memory traffic
inline constexpr float learning_rate = 1e-6F;                       // the table must not run away in a million steps

}  // namespace cost

/// The measurement as a list of small pieces of work: the bandwidths, then for each table size filling its buffers
/// and timing every value on every target.
class LookupCost::State {
 public:
  explicit State(CostOptions options);
  void advance_piece();
  void finish();

  CostView view;
  std::uint64_t version = 0;

 private:
  struct Fill {
    float* data;
    std::size_t count;
    bool zero;
  };
  enum class Stage { BeginBandwidth, Bandwidth, BeginSize, Size, Done };

  void begin_bandwidth();
  void advance_bandwidth();
  cost::Task bandwidth_task();
  void begin_size();
  void begin_point();
  void next_value();
  void finish_value(CostValue value);
  bool advance_fill();
  std::optional<std::string> why_not(CostAlgorithm algorithm, CostPass pass) const;
  cost::Storage take_memory(std::size_t floats, const char* what, std::string& refusal);

  cost::Task task_for(CostAlgorithm algorithm, CostPass pass);
  cost::Task lookup_forward();
  cost::Task lookup_backward();
  cost::Task lookup_optimizer();
  cost::Task scatter_backward();
  cost::Task one_hot_forward();
  cost::Task one_hot_backward();
  cost::Task sparse_forward();
  cost::Task sparse_backward();
  cost::Task dense_optimizer();
  void set_one_hot(std::size_t run);
  double output_difference(std::size_t run) const;
  double gradient_difference(std::size_t run) const;
  EigenProducts::Sparse sparse_one_hot(std::size_t run) const;

  [[nodiscard]] std::size_t rows() const { return view.options.rows[size_]; }
  [[nodiscard]] simd::Target target() const { return view.options.targets[target_]; }
  [[nodiscard]] const EigenProducts& eigen() const { return eigen_products(target()); }
  [[nodiscard]] std::span<const std::int32_t> ids(std::size_t run) const {
    return std::span(ids_).subspan((run % batches_) * view.options.batch, view.options.batch);
  }
  [[nodiscard]] MatrixView table() const { return matrix(table_, rows()); }
  [[nodiscard]] MatrixView gradient() const { return matrix(gradient_, rows()); }
  [[nodiscard]] MatrixView matrix(const cost::Storage& storage, std::size_t rows) const {
    return {storage.data(), rows, view.options.dim, stride_};
  }
  /// Rows [first, ...) of a table that make piece number `piece`.
  [[nodiscard]] std::size_t piece_rows() const { return std::max<std::size_t>(1, cost::piece_floats / stride_); }
  [[nodiscard]] std::size_t table_pieces() const { return cost::pieces_of(rows(), piece_rows()); }
  [[nodiscard]] MatrixView table_piece(MatrixView all, std::size_t piece) const {
    const std::size_t first = piece * piece_rows();
    return {all.data + first * stride_, std::min(piece_rows(), all.rows - first), all.cols, all.stride};
  }

  Stage stage_ = Stage::BeginBandwidth;
  std::size_t stride_;
  Random random_;
  std::uint64_t memory_used_ = 0;
  std::vector<Fill> fills_;
  std::size_t filled_ = 0;  // floats of the first fill
  std::optional<cost::Timer> timer_;

  cost::Storage bandwidth_;
  std::size_t bandwidth_kind_ = 0;  // read, write, copy
  float sink_ = 0;

  std::size_t size_ = 0;
  std::size_t target_ = 0;
  std::size_t value_ = 0;  // algorithm * passes + pass
  std::size_t batches_ = 1;
  std::vector<std::int32_t> ids_;
  cost::Storage table_;
  cost::Storage gradient_;
  cost::Storage one_hot_;
  std::string no_table_;
  std::string no_gradient_;
  std::string no_one_hot_;
  Matrix output_;
  Matrix output_gradient_;
  std::vector<std::int32_t> starts_;
  std::vector<float> ones_;
  std::vector<float> steps_;  // -learning_rate
  SparseGradient sparse_;
  std::span<const std::int32_t> hot_;  // the ids of the ones in one_hot_
};

}  // namespace rowlight
