// Any bytes behind the first ones of a gzip archive are ratings or an error with a sentence.

#include "core/ratings/reader.h"
#include "tests/fuzz/rating_file.h"

using namespace rowlight;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = std::string("\x1F\x8B\x08") + std::string(reinterpret_cast<const char*>(data), size);
  test::read_any("gzip", bytes, {});
  return 0;
}
