// What is timed: every algorithm's forward, backward and optimizer, each cut in pieces.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "core/analysis/lookup_cost_state.h"

namespace rowlight {

using namespace cost;  // private helpers of the measurement

namespace {

constexpr std::size_t piece_products = std::size_t{1} << 25U;  // a millisecond with AVX-512, 30 in plain C++
constexpr std::size_t tile_batch = 256;
constexpr std::size_t smallest_tile = 128;

float largest_difference(std::span<const float> a, std::span<const float> b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

Task LookupCost::State::lookup_forward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) { look_up(table(), ids(run), output_.view(), Uncounted{}); };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::lookup_backward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    sparse_ = sparse_gradient(output_gradient_.view(), ids(run), std::nullopt, Uncounted{});
  };
  task.check = [this](std::size_t run) {
    if (!std::ranges::equal(sparse_.indices, ids(run))) return HUGE_VAL;
    float largest = 0;
    for (std::size_t b = 0; b < output_gradient_.rows(); ++b) {
      largest = std::max(largest, largest_difference(sparse_.values.row(b), output_gradient_.row(b)));
    }
    return double{largest};
  };
  return task;
}

Task LookupCost::State::lookup_optimizer() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    simd::scatter_add_scaled(steps_, output_gradient_.view(), ids(run), table());
  };
  return task;
}

Task LookupCost::State::scatter_backward() {
  Task task;
  const std::size_t fills = table_pieces();
  task.pieces = fills + 1;
  task.work = [this, fills](std::size_t run, std::size_t piece) {
    if (piece < fills) {
      zero_fill(table_piece(gradient(), piece), Uncounted{});
    } else {
      scatter_add(output_gradient_.view(), ids(run), {}, gradient(), Uncounted{});
    }
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

Task LookupCost::State::one_hot_forward() {
  const std::size_t n = rows();
  const std::size_t batch = view.options.batch;
  const std::size_t dim = view.options.dim;
  const std::size_t tall = std::min(batch, tile_batch);
  const std::size_t deep = std::min(n, std::max(smallest_tile, piece_products / (tall * dim)));
  const std::size_t across = pieces_of(batch, tall);
  Task task;
  task.changes_batch = false;
  task.pieces = across * pieces_of(n, deep);
  task.prepare = [this](std::size_t run) { set_one_hot(run); };
  task.work = [=, this](std::size_t, std::size_t piece) {
    const std::size_t b = piece % across * tall;
    const std::size_t k = piece / across * deep;
    eigen().dense({one_hot_.data() + b * n + k, n, false, table_.data() + k * stride_, stride_,
                   output_.data() + b * stride_, stride_, std::min(tall, batch - b), std::min(deep, n - k), dim,
                   k > 0});
  };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::one_hot_backward() {
  const std::size_t n = rows();
  const std::size_t batch = view.options.batch;
  const std::size_t dim = view.options.dim;
  const std::size_t deep = std::min(batch, tile_batch);
  const std::size_t tall = std::min(n, std::max(smallest_tile, piece_products / (deep * dim)));
  const std::size_t inwards = pieces_of(batch, deep);
  Task task;
  task.changes_batch = false;
  task.pieces = inwards * pieces_of(n, tall);
  task.prepare = [this](std::size_t run) { set_one_hot(run); };
  task.work = [=, this](std::size_t, std::size_t piece) {
    const std::size_t k = piece % inwards * deep;
    const std::size_t m = piece / inwards * tall;
    eigen().dense({one_hot_.data() + k * n + m, n, true, output_gradient_.data() + k * stride_, stride_,
                   gradient_.data() + m * stride_, stride_, std::min(tall, n - m), std::min(deep, batch - k), dim,
                   k > 0});
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

EigenProducts::Sparse LookupCost::State::sparse_one_hot(std::size_t run) const {
  EigenProducts::Sparse x;
  x.starts = starts_.data();
  x.ids = ids(run).data();
  x.values = ones_.data();
  x.batch = view.options.batch;
  x.rows = rows();
  x.stride = stride_;
  x.n = view.options.dim;
  return x;
}

Task LookupCost::State::sparse_forward() {
  Task task;
  task.work = [this](std::size_t run, std::size_t) {
    EigenProducts::Sparse product = sparse_one_hot(run);
    product.b = table_.data();
    product.out = output_.data();
    eigen().sparse(product);
  };
  task.check = [this](std::size_t run) { return output_difference(run); };
  return task;
}

Task LookupCost::State::sparse_backward() {
  Task task;
  const std::size_t fills = table_pieces();
  task.pieces = fills + 1;
  task.work = [this, fills](std::size_t run, std::size_t piece) {
    if (piece < fills) {
      zero_fill(table_piece(gradient(), piece), Uncounted{});
      return;
    }
    EigenProducts::Sparse product = sparse_one_hot(run);
    product.b = output_gradient_.data();
    product.out = gradient_.data();
    eigen().sparse_transposed_add(product);
  };
  task.check = [this](std::size_t run) { return gradient_difference(run); };
  return task;
}

Task LookupCost::State::dense_optimizer() {
  Task task;
  task.changes_batch = false;
  task.pieces = table_pieces();
  task.work = [this](std::size_t, std::size_t piece) {
    simd::sgd({learning_rate, 0, 0}, table_piece(table(), piece).flat(), {}, table_piece(gradient(), piece).flat());
  };
  return task;
}

void LookupCost::State::set_one_hot(std::size_t run) {
  const std::size_t n = rows();
  const auto put = [&](std::span<const std::int32_t> at, float value) {
    for (std::size_t b = 0; b < at.size(); ++b) one_hot_.data()[b * n + static_cast<std::size_t>(at[b])] = value;
  };
  put(hot_, 0.0F);
  hot_ = ids(run);
  put(hot_, 1.0F);
}

double LookupCost::State::output_difference(std::size_t run) const {
  const auto looked_up = ids(run);
  float largest = 0;
  for (std::size_t b = 0; b < looked_up.size(); ++b) {
    const auto row = table().row(static_cast<std::size_t>(looked_up[b]));
    largest = std::max(largest, largest_difference(output_.row(b), row));
  }
  return double{largest};
}

double LookupCost::State::gradient_difference(std::size_t run) const {
  const auto looked_up = ids(run);
  std::unordered_map<std::int32_t, std::vector<float>> sums;
  for (std::size_t b = 0; b < looked_up.size(); ++b) {
    auto& sum = sums.try_emplace(looked_up[b], view.options.dim, 0.0F).first->second;
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += output_gradient_(b, d);
  }
  float largest = 0;
  for (const auto& [row, sum] : sums) {
    largest = std::max(largest, largest_difference(gradient().row(static_cast<std::size_t>(row)), sum));
  }
  return double{largest};
}

}  // namespace rowlight
