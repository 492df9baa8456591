// The program of a saved run: see code_card.h.

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/io/code_card.h"
#include "core/io/python_text.h"
#include "core/model/dot_model.h"

namespace rowlight {

namespace {

using nlohmann::json;

constexpr std::string_view introduction =
    R"("""A run that Rowlight saved, in PyTorch: reads its tables, and predicts with fastai's module.

    python3 program.py [RUN.safetensors]

What is named rowlight_... is what Rowlight computed. The program computes the same with PyTorch (1.13 or 2.x) and stops
with an AssertionError where it gets something else.
"""

import json
import sys

import torch

)";

constexpr std::string_view reader = R"(

def read_safetensors(path):
    """The tensors of a .safetensors file: the length of a JSON header (8 bytes), the header, then the numbers."""
    dtypes = {"F32": torch.float32, "I64": torch.int64, "U8": torch.uint8}
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        numbers = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if begin < end:
            values = torch.frombuffer(numbers[begin:end], dtype=dtypes[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def sigmoid_range(x, low, high):
    return torch.sigmoid(x) * (high - low) + low

)";

constexpr std::string_view dot_product = R"(
class DotProduct(torch.nn.Module):
    def __init__(self, n_users, n_movies, n_factors, y_range=None):
        super().__init__()
        self.user_factors = torch.nn.Embedding(n_users, n_factors)
        self.movie_factors = torch.nn.Embedding(n_movies, n_factors)
        self.y_range = y_range

    def forward(self, x):
        users = self.user_factors(x[:, 0])
        movies = self.movie_factors(x[:, 1])
        score = (users * movies).sum(dim=1)
        return score if self.y_range is None else sigmoid_range(score, *self.y_range)

)";

constexpr std::string_view dot_product_bias = R"(
class DotProductBias(torch.nn.Module):
    def __init__(self, n_users, n_movies, n_factors, y_range=None):
        super().__init__()
        self.user_factors = torch.nn.Embedding(n_users, n_factors)
        self.user_bias = torch.nn.Embedding(n_users, 1)
        self.movie_factors = torch.nn.Embedding(n_movies, n_factors)
        self.movie_bias = torch.nn.Embedding(n_movies, 1)
        self.y_range = y_range

    def forward(self, x):
        users = self.user_factors(x[:, 0])
        movies = self.movie_factors(x[:, 1])
        score = (users * movies).sum(dim=1)
        score = score + self.user_bias(x[:, 0])[:, 0] + self.movie_bias(x[:, 1])[:, 0]
        return score if self.y_range is None else sigmoid_range(score, *self.y_range)

)";

constexpr std::string_view dot_product_one_hot = R"(
class DotProductOneHot(torch.nn.Module):
    """DotProduct without lookups: Linear layers without bias on one-hot rows."""

    def __init__(self, n_users, n_movies, n_factors, y_range=None):
        super().__init__()
        self.user_linear = torch.nn.Linear(n_users, n_factors, bias=False)
        self.movie_linear = torch.nn.Linear(n_movies, n_factors, bias=False)
        self.y_range = y_range

    def forward(self, x):
        one_hot = torch.nn.functional.one_hot
        users = self.user_linear(one_hot(x[:, 0], self.user_linear.in_features).float())
        movies = self.movie_linear(one_hot(x[:, 1], self.movie_linear.in_features).float())
        score = (users * movies).sum(dim=1)
        return score if self.y_range is None else sigmoid_range(score, *self.y_range)

)";

/// A saved run as far as predictions need it.
struct SavedModel {
  DotModel model;
  ModelKind kind;
};

tl::unexpected<Error> not_a_run() {
  return fail(ErrorKind::BadInput, "the file is not a saved run",
              "a file that `rowlight-cli train --save` wrote is expected");
}

Expected<Matrix> table_of(const TensorFile& file, const std::string& name, bool linear) {
  auto stored = matrix_of(file, name);
  if (stored && linear) return transposed(stored->view());
  return stored;
}

Expected<SavedModel> load(const TensorFile& file) {
  const auto meta = [&file](const char* key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  const json settings = json::parse(meta("settings"), nullptr, false);
  const json range = json::parse(meta("range"), nullptr, false);
  if (!settings.is_object() || !settings.contains("model") || !settings["model"].is_string()) return not_a_run();
  if (!range.is_array() || range.size() != 2 || !range[0].is_number() || !range[1].is_number()) return not_a_run();
  const auto kind = std::ranges::find_if(
      model_kinds, [&](ModelKind k) { return name_of(k) == settings["model"].get<std::string>(); });
  if (kind == std::end(model_kinds)) return not_a_run();
  const bool linear = *kind == ModelKind::DotOneHot;
  auto users = table_of(file, linear ? "user_linear.weight" : "user_factors.weight", linear);
  if (!users) return tl::make_unexpected(users.error());
  auto movies = table_of(file, linear ? "movie_linear.weight" : "movie_factors.weight", linear);
  if (!movies) return tl::make_unexpected(movies.error());
  if (users->empty() || movies->empty() || users->cols() != movies->cols()) return not_a_run();
  DotModelSpec spec;
  spec.users = users->rows();
  spec.movies = movies->rows();
  spec.factors = users->cols();
  spec.bias = *kind == ModelKind::DotBias;
  spec.range = {range[0].get<float>(), range[1].get<float>()};
  spec.batch_size = 1;
  SavedModel saved{DotModel(spec, 0), *kind};
  std::vector<Parameter>& parameters = saved.model.parameters();
  parameters[0].value = std::move(*users);
  parameters[1].value = std::move(*movies);
  for (std::size_t i = 2; i < parameters.size(); ++i) {
    auto bias = matrix_of(file, parameters[i].name);
    if (!bias) return tl::make_unexpected(bias.error());
    if (bias->rows() != parameters[i].value.rows() || bias->cols() != 1) return not_a_run();
    parameters[i].value = std::move(*bias);
  }
  return saved;
}

/// Up to five rows, evenly spread from the first to the last.
std::vector<std::int32_t> spread(std::size_t rows, std::size_t count) {
  std::vector<std::int32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back(static_cast<std::int32_t>(count > 1 ? i * (rows - 1) / (count - 1) : 0));
  }
  return chosen;
}

}  // namespace

Expected<std::string> pytorch_program(const TensorFile& file, const std::string& path) {
  const auto saved = load(file);
  if (!saved) return tl::make_unexpected(saved.error());
  const DotModelSpec& spec = saved->model.spec();
  constexpr std::size_t pairs = 5;
  const std::vector<std::int32_t> users = spread(spec.users, pairs);
  const std::vector<std::int32_t> movies = spread(spec.movies, pairs);
  std::vector<float> predictions(pairs);
  saved->model.predict(users, movies, predictions);

  const bool bias = saved->kind == ModelKind::DotBias;
  const bool linear = saved->kind == ModelKind::DotOneHot;
  const bool squashes = spec.range.low != spec.range.high;
  const std::string low = io::python_number(spec.range.low);
  const std::string high = io::python_number(spec.range.high);
  const std::string module = bias ? "DotProductBias" : linear ? "DotProductOneHot" : "DotProduct";

  std::string text(introduction);
  text += "path = sys.argv[1] if len(sys.argv) > 1 else " + io::python_string(path) + "\n";
  text += reader;
  text += bias ? dot_product_bias : linear ? dot_product_one_hot : dot_product;
  text += "\n# The tensors have the names of the module's parameters.\n";
  text += "tensors = read_safetensors(path)\n";
  text += "model = " + module + "(n_users=" + std::to_string(spec.users) + ", n_movies=" + std::to_string(spec.movies) +
          ", n_factors=" + std::to_string(spec.factors) + (squashes ? ", y_range=(" + low + ", " + high + ")" : "") +
          ")\n";
  text += "model.load_state_dict({name: tensors[name] for name in model.state_dict()})\n";
  text += "\n# Some users and movies, by their rows in the tables.\nx = torch.tensor([";
  for (std::size_t i = 0; i < pairs; ++i) {
    text += (i > 0 ? ", [" : "[") + std::to_string(users[i]) + ", " + std::to_string(movies[i]) + "]";
  }
  text += "])\nrowlight_predictions = " + io::python_tensor(std::span<const float>(predictions)) + "\n";
  text += "with torch.no_grad():\n    predictions = model(x)\n";
  text += "\n# They may differ by one millionth of the sum of the absolute terms: float32 sums depend on the order.\n";
  const std::string transpose = linear ? ".t()" : "";
  const std::string layer = linear ? "linear" : "factors";
  text += "users = tensors[\"user_" + layer + ".weight\"]" + transpose + "[x[:, 0]].double()\n";
  text += "movies = tensors[\"movie_" + layer + ".weight\"]" + transpose + "[x[:, 1]].double()\n";
  text += "terms = (users * movies).abs().sum(dim=1)\n";
  if (bias) {
    text +=
        "terms += tensors[\"user_bias.weight\"][x[:, 0], 0].abs() + tensors[\"movie_bias.weight\"][x[:, 1], 0].abs()\n";
  }
  if (squashes) {
    text += "low, high = model.y_range\n";
    text += "terms = terms * (high - low) / 4 + (high - low) + abs(low)  # a sigmoid rises by at most 1/4\n";
  }
  text +=
      "assert bool(((predictions.double() - rowlight_predictions.double()).abs() <= 1e-6 * terms).all()), "
      "\"the predictions\"\n";
  text += R"(
user_ids = bytes(tensors["vocabulary.users"].tolist()).decode(errors="replace").split("\n")
movie_ids = bytes(tensors["vocabulary.movies"].tolist()).decode(errors="replace").split("\n")
for (user, movie), prediction in zip(x.tolist(), predictions.tolist()):
    print(f"user {user_ids[user]}, movie {movie_ids[movie]}: {prediction:.4f}")
print("torch", torch.__version__, "gets the predictions of Rowlight")
)";
  return text;
}

}  // namespace rowlight
