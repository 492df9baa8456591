#pragma once

// What files of runs have in common, whichever trainer wrote them. Private to core/train: functions that read JSON
// throw nlohmann::json::exception on a value that is absent or of another type, and UnknownName; resume() of the
// trainers turns them into an Error.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "core/train/frame.h"
#include "core/train/trainer.h"

namespace rowlight {

/// Results of epochs that a trainer makes room for when it begins, so that training allocates nothing.
inline constexpr int epochs_without_allocation = 1000;

/// A name in a saved run that this version does not know.
struct UnknownName {
  std::string what;
};

/// Tables, vocabularies, settings, range and what tells the ratings; a trainer adds its own state and its place.
[[nodiscard]] TensorFile file_of_run(const DotModel& model, const RatingSet& ratings, const TrainSettings& settings);

/// The settings of a saved run, checked to be one of these ratings. Errors: BadInput.
[[nodiscard]] Expected<TrainSettings> settings_of_run(const TensorFile& file, const RatingSet& ratings);

/// The mode of a saved run; Exact where the file does not say.
[[nodiscard]] TrainMode mode_of_run(const TensorFile& file);

/// `file` has no such entry: "".
[[nodiscard]] std::string metadata(const TensorFile& file, const char* key);

[[nodiscard]] nlohmann::json to_json(const EpochResult& epoch);
[[nodiscard]] EpochResult epoch_from(const nlohmann::json& j);

/// One matrix of the file. Errors: BadInput when it is absent or has another shape than `into`.
[[nodiscard]] Expected<void> load_matrix(const TensorFile& file, const std::string& name, Matrix& into);
/// The model's tables under their state_dict names. Errors: as load_matrix().
[[nodiscard]] Expected<void> load_tables(DotModel& model, const TensorFile& file);

/// A row that training never sees is zero, in every table.
void zero_unseen_rows(DotModel& model, const RowCounts& users, const RowCounts& movies);

[[nodiscard]] bool all_finite(std::span<const float> values);

/// "the file is not a saved run".
[[nodiscard]] tl::unexpected<Error> not_a_run();
/// The Error of an UnknownName.
[[nodiscard]] tl::unexpected<Error> unknown(const UnknownName& name);

}  // namespace rowlight
