#pragma once

#include <QString>

#include <memory>
#include <utility>

#include "core/train/trainer.h"
#include "tests/support/training.h"

namespace rowlight::test {

inline TrainerInput small_input(const TrainSettings& settings = small_settings()) {
  TrainerInput input;
  input.ratings = make_ratings(20, 30, 251, 1);
  input.settings = settings;
  return input;
}

inline std::unique_ptr<Trainer> make_trainer(TrainerInput input) {
  auto trainer = Trainer::create(std::move(input));
  return trainer ? std::move(*trainer) : nullptr;
}

inline QString text_of(const Expected<std::unique_ptr<Trainer>>& trainer) {
  return trainer ? QString("no error") : QString::fromStdString(trainer.error().message());
}

}  // namespace rowlight::test
