// Runs one fuzz target without libFuzzer: over each of its seeds, and over some damaged copies of them that are the
// same on every machine. Usage: smoke_TARGET MUTANTS SEED_FOLDER

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Something changed, cut off, left out, or put in from another seed.
void damage(Bytes& bytes, const Bytes& other, rowlight::Random& random) {
  const auto place = [&](const Bytes& in) {
    return static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint32_t>(in.size())));
  };
  if (bytes.empty()) return;
  switch (random.below(5)) {
    case 0: bytes[static_cast<std::size_t>(place(bytes))] = static_cast<std::uint8_t>(random.below(256)); break;
    case 1: bytes[static_cast<std::size_t>(place(bytes))] ^= static_cast<std::uint8_t>(1U << random.below(8)); break;
    case 2: bytes.erase(bytes.begin() + place(bytes), bytes.end()); break;
    case 3: {
      const auto begin = bytes.begin() + place(bytes);
      bytes.erase(begin, begin + std::min<std::ptrdiff_t>(bytes.end() - begin, random.below(16)));
      break;
    }
    default: {
      if (other.empty()) break;
      const auto begin = other.begin() + place(other);
      const auto length = std::min<std::ptrdiff_t>(other.end() - begin, random.below(64));
      bytes.insert(bytes.begin() + place(bytes), begin, begin + length);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return EXIT_FAILURE;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[2])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> seeds;
  for (const auto& path : paths) seeds.push_back(contents(path));
  if (seeds.empty()) {
    std::fprintf(stderr, "%s holds no seeds\n", arguments[2]);
    return EXIT_FAILURE;
  }
  for (const Bytes& seed : seeds) LLVMFuzzerTestOneInput(seed.data(), seed.size());
  rowlight::Random random(1);
  const auto any = [&]() -> const Bytes& { return seeds[random.below(static_cast<std::uint32_t>(seeds.size()))]; };
  const int mutants = std::atoi(arguments[1]);
  for (int i = 0; i < mutants; ++i) {
    Bytes bytes = any();
    for (std::uint32_t changes = 1 + random.below(4); changes > 0; --changes) damage(bytes, any(), random);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%zu seeds, %d mutants\n", seeds.size(), mutants);
}
