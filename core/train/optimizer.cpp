#include "core/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/simd/training.h"

namespace rowlight {

namespace {

// Floats in one piece of parallel work: large enough that handing it to a thread costs little.
constexpr std::size_t floats_per_piece = 1U << 16;
constexpr std::size_t rows_per_piece = 512;  // of rows by number

Columns all_columns(const Parameter& parameter) { return {0, parameter.value.cols()}; }

}  // namespace

Optimizer::Optimizer(const OptimizerSettings& settings, const std::vector<Parameter>& parameters)
    : settings_(settings) {
  std::vector<const char*> names;
  if (has_betas(settings_.kind)) {
    names = {"exp_avg", "exp_avg_sq"};
  } else if (settings_.kind == OptimizerKind::Adagrad) {
    names = {"sum"};
  } else if (settings_.momentum > 0) {
    names = {"momentum_buffer"};
  }
  states_per_parameter_ = names.size();
  dense_bias_grads_.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Matrix& value = parameters[i].value;
    for (const char* name : names) states_.push_back({name, i, Matrix(value.rows(), value.cols())});
    if (value.stride() == 1) dense_bias_grads_[i].assign(value.rows(), 0.0F);
    // Pieces of a column of scalars end on whole vectors, so that the same floats share a vector for any number
    // of threads.
    const std::size_t rows = std::max<std::size_t>(row_padding, floats_per_piece / value.stride());
    for (std::size_t begin = 0; begin < value.rows(); begin += rows) {
      pieces_.push_back({i, begin, std::min(value.rows(), begin + rows)});
    }
  }
}

bool Optimizer::moves_untouched_rows(const Rates& rates) const {
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW: return true;
    case OptimizerKind::SparseAdam: return false;
    case OptimizerKind::Adagrad: return settings_.weight_decay > 0;
    case OptimizerKind::Sgd: return settings_.weight_decay > 0 || rates.momentum > 0;
  }
  return true;
}

void Optimizer::step(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients, const Rates& rates,
                     ThreadPool& pool, BatchCost* cost) {
  assert(parameters.size() == gradients.size());
  ++steps_;
  set_numbers(rates);
  const bool any_dense = std::ranges::any_of(gradients, [](const TableGradient& g) { return g.by_rows == nullptr; });
  if (!any_dense && !moves_untouched_rows(rates)) return step_touched_rows(parameters, gradients, pool, cost);
  // A column of scalars by rows becomes a dense one.
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& dense = dense_bias_grads_[i];
    const RowGradient* rows = gradients[i].by_rows;
    for (std::size_t slot = 0; !dense.empty() && rows && slot < rows->touched_rows().size(); ++slot) {
      dense[static_cast<std::size_t>(rows->touched_rows()[slot])] = rows->values()(slot, 0);
    }
  }
  if (cost) {
    for (const Piece& piece : pieces_) update_piece(piece, parameters, gradients, cost);
  } else {
    const auto piece = [&](std::size_t i) { update_piece(pieces_[i], parameters, gradients, nullptr); };
    pool.parallel(pieces_.size(), std::cref(piece));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& dense = dense_bias_grads_[i];
    if (dense.empty() || !gradients[i].by_rows) continue;
    for (const std::int32_t row : gradients[i].by_rows->touched_rows()) dense[static_cast<std::size_t>(row)] = 0.0F;
  }
}

void Optimizer::step_touched_rows(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                                  ThreadPool& pool, BatchCost* cost) {
  const auto count_of = [&](std::size_t i) { return gradients[i].by_rows->touched_rows().size(); };
  const auto pieces_of = [&](std::size_t i) { return (count_of(i) + rows_per_piece - 1) / rows_per_piece; };
  const auto update = [&](std::size_t piece) {
    std::size_t i = 0;
    for (; piece >= pieces_of(i); ++i) piece -= pieces_of(i);
    const std::size_t begin = piece * rows_per_piece;
    const std::size_t n = std::min(rows_per_piece, count_of(i) - begin);
    const RowGradient& gradient = *gradients[i].by_rows;
    const ConstMatrixView all = gradient.values();
    update_rows(i, gradient.touched_rows().subspan(begin, n), {all.data + begin * all.stride, n, all.cols, all.stride},
                parameters[i].value.view(), all_columns(parameters[i]));
  };
  std::size_t pieces = 0;
  bool large = false;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    pieces += pieces_of(i);
    large = large || pieces_of(i) > 1;
    if (cost) count(std::uint64_t{count_of(i)} * parameters[i].value.cols(), true, cost->of(i));
  }
  if (large && !cost) return pool.parallel(pieces, std::cref(update));
  for (std::size_t piece = 0; piece < pieces; ++piece) update(piece);
}

MatrixView Optimizer::state(std::size_t parameter, std::size_t which) {
  return states_[parameter * states_per_parameter_ + which].value.view();
}

void Optimizer::update_rows(std::size_t parameter, std::span<const std::int32_t> rows, ConstMatrixView grad,
                            MatrixView p, Columns columns) {
  const MatrixView some = p.columns(columns);
  const auto state_of = [&](std::size_t which) { return state(parameter, which).columns(columns); };
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW:
    case OptimizerKind::SparseAdam: simd::adam_rows(adam_, rows, grad, some, state_of(0), state_of(1)); break;
    case OptimizerKind::Adagrad: simd::adagrad_rows(adagrad_, rows, grad, some, state_of(0)); break;
    case OptimizerKind::Sgd:
      simd::sgd_rows(sgd_, rows, grad, some, states_per_parameter_ > 0 ? state_of(0) : MatrixView{});
      break;
  }
}

bool Optimizer::takes_pairs() const {
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW: return false;
    case OptimizerKind::SparseAdam:
    case OptimizerKind::Adagrad: return settings_.weight_decay == 0;
    case OptimizerKind::Sgd: return settings_.weight_decay == 0 && states_per_parameter_ == 0;
  }
  return false;
}

void Optimizer::begin_step(const Rates& rates) {
  assert(takes_pairs() && !moves_untouched_rows(rates));
  ++steps_;
  set_numbers(rates);
}

void Optimizer::step_factors(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                             const simd::RatingPairs& pairs, Columns columns, const simd::RatingPairs& coming) {
  const auto values = [&](Table table) { return parameters[index_of(table)].value.view().columns(columns); };
  const auto state_of = [&](Table table, std::size_t which) { return state(index_of(table), which).columns(columns); };
  const MatrixView users = values(Table::Users);
  const MatrixView movies = values(Table::Movies);
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW:
    case OptimizerKind::SparseAdam:
      simd::adam_pairs(adam_, pairs, {users, state_of(Table::Users, 0), state_of(Table::Users, 1)},
                       {movies, state_of(Table::Movies, 0), state_of(Table::Movies, 1)}, coming);
      break;
    case OptimizerKind::Adagrad:
      simd::adagrad_pairs(adagrad_, pairs, {users, state_of(Table::Users, 0)}, {movies, state_of(Table::Movies, 0)},
                          coming);
      break;
    case OptimizerKind::Sgd: simd::sgd_pairs(sgd_, pairs, users, movies, coming); break;
  }
  for (const Table table : {Table::Users, Table::Movies}) {
    const RowGradient& gradient = *gradients[index_of(table)].by_rows;
    update_rows(index_of(table), gradient.touched_rows(), gradient.values().columns(columns),
                parameters[index_of(table)].value.view(), columns);
  }
}

void Optimizer::step_bias(std::vector<Parameter>& parameters, std::span<const TableGradient> gradients,
                          const simd::RatingPairs& pairs, std::size_t parameter) {
  const MatrixView p = parameters[parameter].value.view();
  const Columns all = all_columns(parameters[parameter]);
  const ConstMatrixView grad{pairs.grad_scores.data(), pairs.grad_scores.size(), 1, 1};
  update_rows(parameter, parameters[parameter].rows == Table::Users ? pairs.users : pairs.movies, grad, p, all);
  const RowGradient& others = *gradients[parameter].by_rows;
  update_rows(parameter, others.touched_rows(), others.values(), p, all);
}

void Optimizer::update_piece(const Piece& piece, std::vector<Parameter>& parameters,
                             std::span<const TableGradient> gradients, BatchCost* cost) {
  const MatrixView value = parameters[piece.parameter].value.view();
  const TableGradient& gradient = gradients[piece.parameter];
  const auto update = [&](std::size_t begin, std::size_t end, std::span<const float> grad) {
    const std::size_t first = begin * value.stride;
    update_floats(piece.parameter, first, value.flat().subspan(first, (end - begin) * value.stride), grad);
    if (cost) count(std::uint64_t{end - begin} * value.cols, !grad.empty(), cost->of(piece.parameter));
  };
  const auto& dense = dense_bias_grads_[piece.parameter];
  if (!gradient.by_rows) {
    const std::size_t first = piece.begin * value.stride;
    update(piece.begin, piece.end, gradient.dense.flat().subspan(first, (piece.end - piece.begin) * value.stride));
    return;
  }
  if (!dense.empty()) {
    update(piece.begin, piece.end, std::span(dense).subspan(piece.begin, piece.end - piece.begin));
    return;
  }
  const auto slot_of_row = gradient.by_rows->slot_of_row();
  if (has_betas(settings_.kind) && !cost) {
    simd::adam_stretch(adam_, piece.begin, piece.end, slot_of_row, gradient.by_rows->values(), value,
                       state(piece.parameter, 0), state(piece.parameter, 1));
    return;
  }
  // Stretches of rows without a gradient go through the kernel in one call.
  for (std::size_t row = piece.begin; row < piece.end;) {
    std::size_t end = row;
    while (end < piece.end && slot_of_row[end] == RowGradient::no_slot) ++end;
    if (end > row) {
      update(row, end, {});
      row = end;
    } else {
      update(row, row + 1, gradient.by_rows->values().padded_row(static_cast<std::size_t>(slot_of_row[row])));
      ++row;
    }
  }
}

void Optimizer::set_numbers(const Rates& rates) {
  const auto rate = static_cast<float>(rates.learning_rate);
  const auto decay = static_cast<float>(settings_.weight_decay);
  if (settings_.kind == OptimizerKind::Sgd) {
    sgd_ = {rate, static_cast<float>(rates.momentum), decay};
    return;
  }
  if (settings_.kind == OptimizerKind::Adagrad) {
    adagrad_ = {rate, decay, static_cast<float>(settings_.eps)};
    return;
  }
  // As torch computes it: the corrections use the present beta1, also when one-cycle moves it.
  const auto t = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(rates.momentum, t);
  const double correction2 = std::sqrt(1 - std::pow(settings_.beta2, t));
  const bool sparse = settings_.kind == OptimizerKind::SparseAdam;
  const bool decoupled = settings_.kind == OptimizerKind::AdamW;
  adam_.decay = decoupled ? static_cast<float>(1 - rates.learning_rate * settings_.weight_decay) : 1;
  adam_.weight_decay = decoupled ? 0 : decay;
  adam_.beta1 = static_cast<float>(rates.momentum);
  adam_.one_minus_beta1 = static_cast<float>(1 - rates.momentum);
  adam_.beta2 = static_cast<float>(settings_.beta2);
  adam_.one_minus_beta2 = static_cast<float>(1 - settings_.beta2);
  adam_.step_size = static_cast<float>(rates.learning_rate * (sparse ? correction2 : 1) / correction1);
  adam_.bias_correction = sparse ? 1 : static_cast<float>(1 / correction2);
  adam_.eps = static_cast<float>(settings_.eps);
}

void Optimizer::update_floats(std::size_t parameter, std::size_t first, std::span<float> p,
                              std::span<const float> grad) {
  const auto floats = [&](std::size_t which) { return state(parameter, which).flat().subspan(first, p.size()); };
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW:
    case OptimizerKind::SparseAdam: simd::adam(adam_, p, floats(0), floats(1), grad); break;
    case OptimizerKind::Adagrad: simd::adagrad(adagrad_, p, floats(0), grad); break;
    case OptimizerKind::Sgd:
      simd::sgd(sgd_, p, states_per_parameter_ > 0 ? floats(0) : std::span<float>{}, grad);
      break;
  }
}

void Optimizer::count(std::uint64_t numbers, bool has_grad, Cost& cost) const {
  const std::uint64_t states = states_per_parameter_;
  cost.bytes_read += numbers * (1 + states + (has_grad ? 1 : 0)) * sizeof(float);
  cost.bytes_written += numbers * (1 + states) * sizeof(float);
  // Operations of the formulas in core/simd/kernels.h; divisions and roots count as neither.
  std::uint64_t multiplies = 0;
  std::uint64_t adds = 0;
  switch (settings_.kind) {
    case OptimizerKind::Adam:
    case OptimizerKind::AdamW:
    case OptimizerKind::SparseAdam: {
      const bool has_g = has_grad || adam_.weight_decay != 0;
      multiplies = (has_g ? 5 : 2) + 3 + (adam_.weight_decay != 0 ? 1 : 0);
      adds = (has_g ? 2 : 0) + 2 + (adam_.weight_decay != 0 && has_grad ? 1 : 0);
      break;
    }
    case OptimizerKind::Adagrad:
      multiplies = 2 + (adagrad_.weight_decay != 0 ? 1 : 0);
      adds = 3 + (adagrad_.weight_decay != 0 ? 1 : 0);
      break;
    case OptimizerKind::Sgd:
      multiplies = 1 + states + (sgd_.weight_decay != 0 ? 1 : 0);
      adds = 1 + states + (sgd_.weight_decay != 0 ? 1 : 0);
      break;
  }
  cost.multiplies += multiplies * numbers;
  cost.adds += adds * numbers;
}

}  // namespace rowlight
