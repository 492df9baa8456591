#include "core/train/run_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

namespace rowlight {

using nlohmann::json;

namespace {

constexpr const char* format_version = "1";

/// FNV-1a over the columns: tells whether a file goes on with the ratings that it was trained on.
std::string fingerprint(const RatingSet& set) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::uint32_t word) { hash = (hash ^ word) * 0x100000001b3ULL; };
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &set.ratings[i], sizeof bits);
    add(static_cast<std::uint32_t>(set.users[i]));
    add(static_cast<std::uint32_t>(set.movies[i]));
    add(bits);
  }
  return std::to_string(set.size()) + ":" + std::to_string(hash);
}

Tensor ids_tensor(const Vocabulary& vocabulary) {
  std::vector<std::uint8_t> text;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string_view id = vocabulary.id(static_cast<std::int32_t>(i));
    text.insert(text.end(), id.begin(), id.end());
    text.push_back('\n');
  }
  const std::size_t size = text.size();
  return {{size}, std::move(text)};
}

json to_json(const TrainSettings& s) {
  const OptimizerSettings& o = s.optimizer;
  return {{"model", name_of(s.model)},
          {"factors", s.factors},
          {"range_mode", static_cast<int>(s.range_mode)},
          {"range_low", s.range_low},
          {"range_high", s.range_high},
          {"epochs", s.epochs},
          {"batch_size", s.batch_size},
          {"optimizer", name_of(o.kind)},
          {"learning_rate", o.learning_rate},
          {"momentum", o.momentum},
          {"beta1", o.beta1},
          {"beta2", o.beta2},
          {"eps", o.eps},
          {"weight_decay", o.weight_decay},
          {"schedule", name_of(s.schedule)},
          {"valid_share", s.valid_share},
          {"seed", s.seed},
          {"mode", name_of(s.mode)},
          {"fast_step", s.fast.step},
          {"fast_regularisation", s.fast.regularisation}};
}

template <class Kind, std::size_t n>
Kind named(const json& j, const char* key, const Kind (&kinds)[n]) {
  const auto name = j.at(key).get<std::string>();
  for (const Kind kind : kinds) {
    if (name_of(kind) == name) return kind;
  }
  throw UnknownName{std::string("the saved run's ") + key + " is '" + name + "'"};
}

TrainSettings settings_from(const json& j) {
  TrainSettings s;
  s.model = named(j, "model", model_kinds);
  s.factors = j.at("factors").get<std::size_t>();
  const int range_mode = j.at("range_mode").get<int>();
  if (range_mode < 0 || range_mode > 2)
    throw UnknownName{"the saved run's range_mode is " + std::to_string(range_mode)};
  s.range_mode = static_cast<RangeMode>(range_mode);
  s.range_low = j.at("range_low").get<float>();
  s.range_high = j.at("range_high").get<float>();
  s.epochs = j.at("epochs").get<int>();
  s.batch_size = j.at("batch_size").get<std::size_t>();
  s.optimizer = default_optimizer(named(j, "optimizer", optimizer_kinds));
  s.optimizer.learning_rate = j.at("learning_rate").get<double>();
  s.optimizer.momentum = j.at("momentum").get<double>();
  s.optimizer.beta1 = j.at("beta1").get<double>();
  s.optimizer.beta2 = j.at("beta2").get<double>();
  s.optimizer.eps = j.at("eps").get<double>();
  s.optimizer.weight_decay = j.at("weight_decay").get<double>();
  s.schedule = named(j, "schedule", schedule_kinds);
  s.valid_share = j.at("valid_share").get<double>();
  s.seed = j.at("seed").get<std::uint64_t>();
  if (!j.contains("mode")) return s;  // a file of a version that had only one
  s.mode = named(j, "mode", train_modes);
  s.fast.step = j.at("fast_step").get<double>();
  s.fast.regularisation = j.at("fast_regularisation").get<double>();
  return s;
}

/// A table's name in the file. The weight of a Linear layer is (out, in): the transposed table, under its own name.
std::string stored_name(const Parameter& parameter, bool linear) {
  if (!linear) return parameter.name;
  return parameter.rows == Table::Users ? "user_linear.weight" : "movie_linear.weight";
}

}  // namespace

Expected<void> load_matrix(const TensorFile& file, const std::string& name, Matrix& into) {
  auto matrix = matrix_of(file, name);
  if (!matrix) return tl::make_unexpected(matrix.error());
  if (matrix->rows() != into.rows() || matrix->cols() != into.cols()) {
    return fail(
        ErrorKind::BadInput,
        "the tensor '" + name + "' is " + std::to_string(matrix->rows()) + " x " + std::to_string(matrix->cols()),
        "these ratings and settings need " + std::to_string(into.rows()) + " x " + std::to_string(into.cols()));
  }
  into = std::move(*matrix);
  return {};
}

// Times stay out of the file, so that the same run gives the same bytes.
json to_json(const EpochResult& e) {
  return {{"epoch", e.epoch},
          {"batch", e.batch},
          {"train_loss", e.train_loss},
          {"valid_loss", e.valid_loss ? json(*e.valid_loss) : json(nullptr)}};
}

EpochResult epoch_from(const json& j) {
  EpochResult e;
  e.epoch = j.at("epoch").get<int>();
  e.batch = j.at("batch").get<std::uint64_t>();
  e.train_loss = j.at("train_loss").get<double>();
  if (!j.at("valid_loss").is_null()) e.valid_loss = j.at("valid_loss").get<double>();
  return e;
}

Expected<void> load_tables(DotModel& model, const TensorFile& file) {
  for (Parameter& parameter : model.parameters()) {
    const bool linear = model.spec().one_hot;
    Matrix stored = linear ? transposed(parameter.value.view()) : std::move(parameter.value);
    const auto loaded = load_matrix(file, stored_name(parameter, linear), stored);
    parameter.value = linear ? transposed(stored.view()) : std::move(stored);
    if (!loaded) return loaded;
  }
  return {};
}

void zero_unseen_rows(DotModel& model, const RowCounts& users, const RowCounts& movies) {
  for (Parameter& parameter : model.parameters()) {
    const RowCounts& counts = parameter.rows == Table::Users ? users : movies;
    for (std::size_t row = 0; row < counts.size(); ++row) {
      if (counts[row] == 0) std::ranges::fill(parameter.value.row(row), 0.0F);
    }
  }
}

bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t exponent = 0x7F800000;  // all ones in infinities and NaN alone
  std::uint32_t found = 0;
  for (const float value : values) found |= (std::bit_cast<std::uint32_t>(value) & exponent) == exponent ? 1U : 0U;
  return found == 0;
}

TensorFile file_of_run(const DotModel& model, const RatingSet& ratings, const TrainSettings& settings) {
  TensorFile file;
  for (const Parameter& p : model.parameters()) {
    const bool linear = model.spec().one_hot;
    file.tensors[stored_name(p, linear)] = tensor_of(linear ? transposed(p.value.view()).view() : p.value.view());
  }
  file.tensors["vocabulary.users"] = ids_tensor(ratings.user_ids);
  file.tensors["vocabulary.movies"] = ids_tensor(ratings.movie_ids);
  file.metadata = {{"rowlight", format_version},
                   {"settings", to_json(settings).dump()},
                   {"range", json({model.spec().range.low, model.spec().range.high}).dump()},
                   {"ratings", fingerprint(ratings)}};
  return file;
}

Expected<TrainSettings> settings_of_run(const TensorFile& file, const RatingSet& ratings) {
  if (metadata(file, "rowlight") != format_version) return not_a_run();
  if (metadata(file, "ratings") != fingerprint(ratings)) {
    return fail(ErrorKind::BadInput, "the saved run was trained on other ratings",
                "resume it with the file it was started with");
  }
  try {
    return settings_from(json::parse(metadata(file, "settings")));
  } catch (const json::exception&) {
    return not_a_run();
  } catch (const UnknownName& name) {
    return unknown(name);
  }
}

TrainMode mode_of_run(const TensorFile& file) {
  const json settings = json::parse(metadata(file, "settings"), nullptr, false);
  const bool fast = settings.is_object() && settings.value("mode", json()) == name_of(TrainMode::Fast);
  return fast ? TrainMode::Fast : TrainMode::Exact;
}

std::string metadata(const TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

tl::unexpected<Error> not_a_run() {
  return fail(ErrorKind::BadInput, "the file is not a saved run",
              "a file that `rowlight-cli train --save` wrote is expected");
}

tl::unexpected<Error> unknown(const UnknownName& name) {
  return fail(ErrorKind::BadInput, name.what, "this version does not know it; a newer one may have written the file");
}

}  // namespace rowlight
