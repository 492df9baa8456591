#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/train/lookup_pass.h"

namespace CLI {
class App;
}

namespace rowlight::cli {

/// The text of the options that describe one pass of a layer, shared by `lookup` and `pytorch`; read_lookup() makes
/// them one value.
struct LookupArguments {
  std::string weight;
  std::optional<std::int64_t> rows;
  std::optional<std::int64_t> dim;
  std::optional<std::string> indices;
  std::string indices_file;
  std::string grad;
  EmbeddingOptions options;
  std::string bias;
  BiasKind bias_kind = BiasKind::Shared;
  std::optional<BagMode> bag;
  std::optional<std::string> offsets;
  bool include_last_offset = false;
  std::string per_sample_weights;
  OptimizerKind optimizer = OptimizerKind::Sgd;
  double learning_rate = 0.1;
  double momentum = 0;
  std::string betas;
  std::optional<double> eps;
  std::optional<double> weight_decay;
};

/// Adds the options. `arguments` must outlive the parsing.
void add_lookup_options(CLI::App& command, LookupArguments& arguments);

/// Reads the files that the options name. Without --weight and --rows the table is the toy of the Lookup page; `seed`
/// is that of a table that is drawn. Errors: Usage, BadInput, Io; what LookupPass::create() checks is not checked here.
[[nodiscard]] Expected<LookupInput> read_lookup(const LookupArguments& arguments, std::uint64_t seed);

/// Names the file in an error about the array that was read from it.
[[nodiscard]] Error with_file(Error error, const LookupArguments& arguments);

}  // namespace rowlight::cli
