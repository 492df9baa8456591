// Any bytes are tensors or an error with a sentence; tensors that were read are written and read back alike.

#include <numeric>

#include "core/io/safetensors.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::ScratchFile file("safetensors", data, size);
  const auto read = read_safetensors(file.path());
  if (!read) {
    require(!read.error().what.empty(), "an error says what was found");
    return 0;
  }
  for (const auto& [name, tensor] : read->tensors) {
    const std::size_t count =
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::size_t{1}, std::multiplies<>());
    std::visit([&](const auto& values) { require(values.size() == count, "a shape fits its values"); }, tensor.values);
    (void)matrix_of(*read, name);
  }
  require(write_safetensors(file.path(), *read).has_value(), "what was read can be written");
  const auto again = read_safetensors(file.path());
  require(again && again->metadata == read->metadata && again->tensors.size() == read->tensors.size(),
          "names and metadata come back");
  for (const auto& [name, tensor] : read->tensors) {
    const auto found = again->tensors.find(name);
    require(found != again->tensors.end() && found->second.shape == tensor.shape, "shapes come back");
  }
  return 0;
}
