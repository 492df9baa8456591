// Any bytes are ratings or an error with a sentence; what is loaded is consistent.

#include <algorithm>
#include <array>

#include "core/ratings/reader.h"
#include "tests/fuzz/rating_file.h"

using namespace rowlight;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses how repeated pairs are dealt with and a format, so that all ways are walked.
  constexpr std::uint8_t ways = 5;
  constexpr std::array formats{"", "netflix", "matrix", "arff"};
  ReadOptions options;
  options.duplicates = static_cast<Duplicates>(data[0] % ways);
  if (const char* format = formats[data[0] / ways % formats.size()]; *format != 0) options.format = format;
  test::read_any("ratings", {reinterpret_cast<const char*>(data + 1), size - 1}, options);
  return 0;
}
