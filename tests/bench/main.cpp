// Runs the benchmarks on the SIMD target that ROWLIGHT_TARGET names, or on the best one.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>

#include "core/simd/kernels.h"

using namespace rowlight;

int main(int argc, char** argv) {
  if (const char* wanted = std::getenv("ROWLIGHT_TARGET")) {
    bool chosen = false;
    for (const simd::Target target : simd::supported_targets()) {
      if (simd::name_of(target) == wanted) chosen = simd::select_target(target).has_value();
    }
    if (!chosen) {
      std::fprintf(stderr, "ROWLIGHT_TARGET is '%s', which this machine cannot run\n", wanted);
      return 2;
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("target", std::string(simd::name_of(simd::current_target())));
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
