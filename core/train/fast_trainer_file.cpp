// Saving a run in mode fast as tensors and going on with it: the part of FastTrainer that knows the file's names.

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/train/fast_trainer.h"
#include "core/train/run_file.h"

namespace rowlight {

using nlohmann::json;

namespace {

json to_json(const SolveSums& sums) { return {sums.squares, sums.ridge, sums.ratings}; }

SolveSums sums_from(const json& j) {
  return {j.at(0).get<double>(), j.at(1).get<double>(), j.at(2).get<std::uint64_t>()};
}

constexpr const char* start_names[] = {"fast.start_bias.users", "fast.start_bias.movies"};

}  // namespace

TensorFile FastTrainer::save() const {
  assert(between_parts());
  TensorFile file = file_of_run(model_, *ratings_, settings_);
  for (const std::size_t side : {0U, 1U}) {
    const std::vector<float>& biases = start_biases_[side];
    if (!biases.empty()) file.tensors[start_names[side]] = tensor_of({biases.data(), biases.size(), 1, 1});
  }
  json epochs = json::array();
  for (const EpochResult& e : epochs_) epochs.push_back(rowlight::to_json(e));
  const json progress = {{"epoch", epoch_},
                         {"batch", batch_},
                         {"stage", stage_},
                         {"part", part_},
                         {"from_nothing", from_nothing_},
                         {"prior", prior_.state()},
                         {"user_sums", to_json(sums_[0])},
                         {"movie_sums", to_json(sums_[1])},
                         {"bias_loss", bias_loss_},
                         {"epochs", std::move(epochs)}};
  file.metadata["progress"] = progress.dump();
  return file;
}

Expected<std::unique_ptr<FastTrainer>> FastTrainer::resume(TrainerInput input, const TensorFile& file,
                                                           bool keep_epochs) {
  auto settings = settings_of_run(file, *input.ratings);
  if (!settings) return tl::make_unexpected(settings.error());
  if (settings->mode != TrainMode::Fast) return not_a_run();
  if (!keep_epochs) settings->epochs = input.settings.epochs;
  settings->threads = input.settings.threads;
  input.settings = *settings;
  input.initial = nullptr;
  auto created = create(std::move(input));
  if (!created) return created;
  try {
    if (auto restored = (*created)->restore(file); !restored) return tl::make_unexpected(restored.error());
  } catch (const json::exception&) {
    return not_a_run();
  }
  return created;
}

Expected<void> FastTrainer::restore(const TensorFile& file) {
  if (auto loaded = load_tables(model_, file); !loaded) return loaded;
  const json progress = json::parse(metadata(file, "progress"));
  prior_ = FactorPrior::from_state(progress.at("prior").get<std::vector<double>>());
  from_nothing_ = progress.at("from_nothing").get<bool>();
  epoch_ = progress.at("epoch").get<int>();
  batch_ = progress.at("batch").get<std::size_t>();
  stage_ = progress.at("stage").get<std::size_t>();
  part_ = progress.at("part").get<std::size_t>();
  sums_[0] = sums_from(progress.at("user_sums"));
  sums_[1] = sums_from(progress.at("movie_sums"));
  bias_loss_ = progress.at("bias_loss").get<double>();
  const std::span<const Stage> order = stages(starts());
  if (epoch_ < 0 || stage_ >= order.size() || part_ >= parts_of(order[stage_]) ||
      prior_.columns() > settings_.factors) {
    return not_a_run();
  }
  curve_ = LossCurve(batches_done());
  for (const std::size_t side : {0U, 1U}) {
    if (!file.tensors.contains(start_names[side])) continue;
    Matrix biases(counts_[side]->size(), 1);
    if (auto loaded = load_matrix(file, start_names[side], biases); !loaded) return loaded;
    start_biases_[side].assign(biases.view().flat().begin(), biases.view().flat().end());
  }
  for (const json& e : progress.at("epochs")) epochs_.push_back(epoch_from(e));
  // In the middle of a stage its ridge is needed again; it depends on the prior alone.
  const auto table = table_of(order[stage_]);
  if (part_ > 0 && table && prior_.columns() > 0) {
    prior_.fill(*table, centre(*table), settings_.fast.regularisation, ridge_);
  }
  return {};
}

}  // namespace rowlight
