// Any bytes are factors or an error with a sentence; factors that were read have finite tables with a name for each
// row, and what factor_format_of() does not know is not read.

#include <algorithm>
#include <cmath>

#include "core/io/factors.h"
#include "tests/fuzz/scratch_file.h"

using namespace rowlight;
using rowlight::test::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::ScratchFile file("factors", data, size);
  const auto format = factor_format_of({reinterpret_cast<const char*>(data), size});
  const auto read = read_factors(file.path());
  if (!read) {
    require(!read.error().what.empty(), "an error says what was found");
    require(read.error().file == file.path(), "an error names the file");
    require(read.error().column == 0 || read.error().line > 0, "a column stands in a line");
    return 0;
  }
  const Factors& factors = *read->factors;
  require(format && factors.format == *format, "what is read was detected");
  require(factors.has(Table::Users) || factors.has(Table::Movies), "there is a table");
  require(factors.rows->size() == 0, "there are no ratings");
  for (const Table table : {Table::Users, Table::Movies}) {
    const Matrix& values = factors.tables[index_of(table)];
    const Matrix& bias = factors.biases[index_of(table)];
    const Vocabulary& ids = table == Table::Users ? factors.rows->user_ids : factors.rows->movie_ids;
    require(ids.size() == values.rows(), "each row has an id");
    require(bias.rows() == 0 || (bias.rows() == values.rows() && bias.cols() == 1), "biases fit their table");
    for (std::size_t r = 0; r < values.rows(); ++r) {
      require(std::ranges::all_of(values.row(r), [](float x) { return std::isfinite(x); }), "factors are finite");
    }
  }
  return 0;
}
