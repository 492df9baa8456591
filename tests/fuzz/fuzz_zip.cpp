// Any bytes behind the first ones of a zip archive are ratings or an error with a sentence.

#include "core/ratings/reader.h"
#include "tests/fuzz/rating_file.h"

using namespace rowlight;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = std::string("PK\x03\x04") + std::string(reinterpret_cast<const char*>(data), size);
  test::read_any("zip", bytes, {});
  return 0;
}
