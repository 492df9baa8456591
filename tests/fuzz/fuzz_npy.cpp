// Any bytes are an array or an error with a sentence; a matrix that was read is written and read back bit for bit.

#include <cstring>

#include "core/io/npy.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::ScratchFile file("npy", data, size);
  if (const auto integers = read_npy_integers(file.path()); !integers) {
    require(!integers.error().what.empty(), "an error says what was found");
  }
  const auto matrix = read_npy(file.path());
  if (!matrix) {
    require(!matrix.error().what.empty(), "an error says what was found");
    return 0;
  }
  require(write_npy(file.path(), matrix->view()).has_value(), "what was read can be written");
  const auto again = read_npy(file.path());
  require(again && again->rows() == matrix->rows() && again->cols() == matrix->cols(), "the shape comes back");
  require(matrix->bytes() == 0 || std::memcmp(again->data(), matrix->data(), matrix->bytes()) == 0,
          "the numbers come back");
  return 0;
}
