#include "core/base/random.h"

#include <bit>
#include <cmath>

namespace rowlight {

namespace {
std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
}  // namespace

Random::Random(std::uint64_t seed) : Random(seed, 0) {}

Random::Random(std::uint64_t seed, std::uint64_t stream) {
  // Both are hashed before they meet, and differently, so that neither equal nor exchanged numbers cancel out.
  std::uint64_t purpose = ~stream;
  std::uint64_t mix = splitmix64(seed) + std::rotl(splitmix64(purpose), 32);
  for (auto& word : state_) word = splitmix64(mix);
  if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;  // the one forbidden state
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Random::normal() {
  for (;;) {
    const double u = 2.0 * uniform() - 1.0;
    const double v = 2.0 * uniform() - 1.0;
    const double s = u * u + v * v;
    if (s > 0.0 && s < 1.0) return u * std::sqrt(-2.0 * std::log(s) / s);
  }
}

float Random::truncated_normal(double std) {
  for (;;) {
    const double z = normal();
    if (std::abs(z) <= 2.0) return static_cast<float>(z * std);
  }
}

}  // namespace rowlight
