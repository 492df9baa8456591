// Saving a run as tensors and going on with it: the part of Trainer that knows the file's names.

#include <algorithm>
#include <cassert>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/train/run_file.h"
#include "core/train/trainer.h"

namespace rowlight {

using nlohmann::json;

namespace {

std::string state_name(const Optimizer::State& state, const std::vector<Parameter>& parameters) {
  return "optimizer." + std::string(state.name) + "." + parameters[state.parameter].name;
}

}  // namespace

TensorFile Trainer::save() const {
  assert(between_batches());
  TensorFile file = file_of_run(model_, *ratings_, settings_);
  for (const Optimizer::State& state : optimizer_.states()) {
    file.tensors[state_name(state, model_.parameters())] = tensor_of(state.value.view());
  }
  json epochs = json::array();
  for (const EpochResult& e : epochs_) epochs.push_back(to_json(e));
  const json progress = {{"epoch", epoch_},
                         {"batch", batch_},
                         {"optimizer_steps", optimizer_.steps()},
                         {"epoch_loss_sum", epoch_loss_sum_},
                         {"epochs", std::move(epochs)}};
  file.metadata["progress"] = progress.dump();
  return file;
}

Expected<std::unique_ptr<Trainer>> Trainer::resume(TrainerInput input, const TensorFile& file, bool keep_epochs) {
  auto saved = settings_of_run(file, *input.ratings);
  if (!saved) return tl::make_unexpected(saved.error());
  TrainSettings& settings = *saved;
  if (settings.mode != TrainMode::Exact) return not_a_run();
  try {
    const json progress = json::parse(metadata(file, "progress"));
    if (!keep_epochs) settings.epochs = input.settings.epochs;
    settings.threads = input.settings.threads;
    input.settings = settings;
    input.initial = &file;
    auto created = create(std::move(input));
    if (!created) return created;
    Trainer& trainer = **created;
    for (Optimizer::State& state : trainer.optimizer_.states()) {
      const std::string name = state_name(state, trainer.model_.parameters());
      if (auto loaded = load_matrix(file, name, state.value); !loaded) return tl::make_unexpected(loaded.error());
    }
    trainer.optimizer_.set_steps(progress.at("optimizer_steps").get<std::uint64_t>());
    trainer.epoch_ = std::max(0, progress.at("epoch").get<int>());
    trainer.batch_ = progress.at("batch").get<std::size_t>();
    if (trainer.batch_ >= trainer.batches_per_epoch()) return not_a_run();
    trainer.epoch_loss_sum_ = progress.at("epoch_loss_sum").get<double>();
    for (const json& e : progress.at("epochs")) trainer.epochs_.push_back(epoch_from(e));
    trainer.curve_ = LossCurve(trainer.batches_done());
    if (trainer.epoch_ > 0) trainer.mark_lookups(trainer.epoch_ - 1, trainer.batches_per_epoch());
    if (trainer.batch_ > 0) trainer.mark_lookups(trainer.epoch_, trainer.batch_);  // and its order stays
    return created;
  } catch (const json::exception&) {
    return not_a_run();
  }
}

}  // namespace rowlight
