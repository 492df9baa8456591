// Rows a second of FBGEMM's embedding kernel (GenerateEmbeddingSpMDM), with the options and the answer of
// `rowlight-cli bench gather --json`, for gather_torch.py. Not part of the build. Beside a checkout of FBGEMM that is
// built (Debian: libasmjit-dev and libcpuinfo-dev fit its sources of March 2023), from the project's folder:
//   c++ -std=c++20 -O2 -I. -IFBGEMM/include -DFBGEMM_STATIC tests/bench/peers/gather_fbgemm.cpp
//     core/base/thread_pool.cpp libfbgemm.a -lasmjit -lcpuinfo -lpthread -o gather_fbgemm
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <fbgemm/FbgemmEmbedding.h>

#include "core/base/thread_pool.h"

int main(int count, char** words) {
  std::size_t rows = 1000;
  std::size_t dim = 64;
  std::size_t bag = 1;
  std::size_t batch = 400'000;
  std::size_t runs = 11;
  unsigned threads = 1;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i];
    const auto value = std::strtoull(words[i + 1], nullptr, 10);
    if (name == "--rows") rows = value;
    if (name == "--dim") dim = value;
    if (name == "--bag") bag = value;
    if (name == "--batch") batch = value;
    if (name == "--runs") runs = value;
    if (name == "--threads") threads = static_cast<unsigned>(value);
  }
  std::vector<float> table(rows * dim);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i % 1000);
  std::vector<float> out(batch * dim);
  std::vector<std::int32_t> ids[4];
  std::mt19937_64 random(1);
  for (auto& list : ids) {
    list.resize(batch * bag);
    for (auto& id : list) id = static_cast<std::int32_t>(random() % rows);
  }
  constexpr int prefetch = 16;
  const auto kernel = fbgemm::GenerateEmbeddingSpMDM<float, std::int32_t, std::int32_t>(
      static_cast<std::int64_t>(dim), false, false, prefetch, false, false);
  const std::vector<std::int32_t> lengths(batch, static_cast<std::int32_t>(bag));
  rowlight::ThreadPool pool(threads);
  std::vector<double> seconds;
  for (std::size_t run = 0; run <= runs; ++run) {
    const auto& list = ids[run % 4];
    const auto start = std::chrono::steady_clock::now();
    const std::size_t part = batch / threads;
    pool.parallel(threads, [&](std::size_t i) {
      if (!kernel(static_cast<std::int64_t>(part), static_cast<std::int64_t>(part * bag),
                  static_cast<std::int64_t>(rows), table.data(), list.data() + i * part * bag, lengths.data(), nullptr,
                  out.data() + i * part * dim)) {
        std::abort();
      }
    });
    if (run > 0) {
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"rows_per_second\": %.0f}\n", static_cast<double>(batch * bag) / seconds[seconds.size() / 2]);
}
