#include "core/train/optimizer.h"

#include <algorithm>
#include <cmath>

namespace rowlight {

namespace {

// Floats in one piece of parallel work: large enough that handing it to a thread costs little.
constexpr std::size_t floats_per_piece = 1U << 17;

}  // namespace

Optimizer::Optimizer(const OptimizerSettings& settings, const std::vector<Parameter>& parameters)
    : settings_(settings) {
  std::vector<const char*> names;
  if (settings_.kind == OptimizerKind::AdamW) {
    names = {"exp_avg", "exp_avg_sq"};
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
  return settings_.kind == OptimizerKind::AdamW || settings_.weight_decay > 0 || rates.momentum > 0;
}

void Optimizer::step(std::vector<Parameter>& parameters, std::span<const RowGradient> gradients, const Rates& rates,
                     ThreadPool& pool) {
  ++steps_;
  set_numbers(rates);
  if (!moves_untouched_rows(rates)) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto rows = gradients[i].touched_rows();
      for (std::size_t slot = 0; slot < rows.size(); ++slot) {
        const auto row = static_cast<std::size_t>(rows[slot]);
        const std::size_t first = row * parameters[i].value.stride();
        update_floats(i, first, parameters[i].value.view().padded_row(row), gradients[i].values().padded_row(slot));
      }
    }
    return;
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& dense = dense_bias_grads_[i];
    for (std::size_t slot = 0; !dense.empty() && slot < gradients[i].touched_rows().size(); ++slot) {
      dense[static_cast<std::size_t>(gradients[i].touched_rows()[slot])] = gradients[i].values()(slot, 0);
    }
  }
  pool.parallel(pieces_.size(), [&](std::size_t i) { update_piece(pieces_[i], parameters, gradients); });
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& dense = dense_bias_grads_[i];
    if (dense.empty()) continue;
    for (const std::int32_t row : gradients[i].touched_rows()) dense[static_cast<std::size_t>(row)] = 0.0F;
  }
}

void Optimizer::update_piece(const Piece& piece, std::vector<Parameter>& parameters,
                             std::span<const RowGradient> gradients) {
  const MatrixView value = parameters[piece.parameter].value.view();
  const auto floats = [&](std::size_t begin, std::size_t end) {
    return value.flat().subspan(begin * value.stride, (end - begin) * value.stride);
  };
  const auto& dense = dense_bias_grads_[piece.parameter];
  if (!dense.empty()) {
    update_floats(piece.parameter, piece.begin, floats(piece.begin, piece.end),
                  std::span(dense).subspan(piece.begin, piece.end - piece.begin));
    return;
  }
  // Stretches of rows without a gradient go through the kernel in one call.
  const RowGradient& gradient = gradients[piece.parameter];
  const auto slot_of_row = gradient.slot_of_row();
  for (std::size_t row = piece.begin; row < piece.end;) {
    std::size_t end = row;
    while (end < piece.end && slot_of_row[end] == RowGradient::no_slot) ++end;
    if (end > row) {
      update_floats(piece.parameter, row * value.stride, floats(row, end), {});
      row = end;
    } else {
      const auto slot = static_cast<std::size_t>(slot_of_row[row]);
      update_floats(piece.parameter, row * value.stride, floats(row, row + 1), gradient.values().padded_row(slot));
      ++row;
    }
  }
}

void Optimizer::set_numbers(const Rates& rates) {
  if (settings_.kind == OptimizerKind::Sgd) {
    sgd_ = {static_cast<float>(rates.learning_rate), static_cast<float>(rates.momentum),
            static_cast<float>(settings_.weight_decay)};
    return;
  }
  // As torch computes it: the corrections use the present beta1, also when one-cycle moves it.
  const auto t = static_cast<double>(steps_);
  adam_.decay = static_cast<float>(1 - rates.learning_rate * settings_.weight_decay);
  adam_.beta1 = static_cast<float>(rates.momentum);
  adam_.one_minus_beta1 = static_cast<float>(1 - rates.momentum);
  adam_.beta2 = static_cast<float>(settings_.beta2);
  adam_.one_minus_beta2 = static_cast<float>(1 - settings_.beta2);
  adam_.step_size = static_cast<float>(rates.learning_rate / (1 - std::pow(rates.momentum, t)));
  adam_.bias_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(settings_.beta2, t)));
  adam_.eps = static_cast<float>(settings_.eps);
}

void Optimizer::update_floats(std::size_t parameter, std::size_t first, std::span<float> p,
                              std::span<const float> grad) {
  const auto state = [&](std::size_t which) {
    return states_[parameter * states_per_parameter_ + which].value.view().flat().subspan(first, p.size());
  };
  if (settings_.kind == OptimizerKind::AdamW) {
    simd::adam(adam_, p, state(0), state(1), grad);
  } else {
    simd::sgd(sgd_, p, states_per_parameter_ > 0 ? state(0) : std::span<float>{}, grad);
  }
}

}  // namespace rowlight
