#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/base/clock.h"
#include "core/base/fetch.h"
#include "core/base/random.h"
#include "core/base/system.h"
#include "core/base/thread_pool.h"
#include "core/simd/kernels.h"

namespace rowlight::cli {

namespace {

/// A table and how it is looked up.
struct GatherPoint {
  std::size_t rows = 0;
  std::size_t dim = 64;
  std::size_t bag = 1;  ///< 1: a plain gather
};

struct GatherBench {
  GatherPoint point;      ///< without rows: the usual ones
  std::size_t batch = 0;  ///< output rows; 0: as many as make usual_lookups
  int runs = 11;
  simd::Writes writes = simd::Writes::Kept;
};

constexpr std::size_t usual_lookups = 400'000;
constexpr std::size_t bandwidth_bytes = std::size_t{128} << 20U;  // copied at once; twice as many are read

/// In the cache, beside it and far outside.
std::vector<GatherPoint> points_of(const GatherBench& bench) {
  if (bench.point.rows > 0) return {bench.point};
  std::vector<GatherPoint> points;
  for (const auto& [rows, dim] :
       {std::pair<std::size_t, std::size_t>{1'000, 64}, {100'000, 64}, {1'000'000, 128}, {4'000'000, 64}}) {
    for (const std::size_t bag : {std::size_t{1}, std::size_t{20}}) points.push_back({rows, dim, bag});
  }
  return points;
}

/// Calls part(first, end) for the parts of 0 to `count`, on all threads.
void in_parts(ThreadPool& pool, std::size_t count, std::size_t part,
              const std::function<void(std::size_t first, std::size_t end)>& work) {
  pool.parallel((count + part - 1) / part, [&](std::size_t i) { work(i * part, std::min(count, (i + 1) * part)); });
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return seconds_since(start);
}

/// What the memory does where rows stand in order: one read of all of a buffer, or its first half copied into the
/// other.
class Bandwidth {
 public:
  Bandwidth() : buffer_(2 * bandwidth_bytes / row_bytes, row_bytes / sizeof(float)) {}

  double read_seconds(ThreadPool& pool) {
    return seconds_of([&] {
      in_parts(pool, buffer_.rows(), part, [&](std::size_t first, std::size_t end) {
        // A byte that is not there: the C library looks at all of them in the quickest way that it knows.
        if (std::memchr(row(first), 1, (end - first) * row_bytes) != nullptr) std::abort();
      });
    });
  }
  double copy_seconds(ThreadPool& pool) {
    const std::size_t half = buffer_.rows() / 2;
    return seconds_of([&] {
      in_parts(pool, half, half / pool.threads(), [&](std::size_t first, std::size_t end) {
        std::memcpy(row(half + first), row(first), (end - first) * row_bytes);
      });
    });
  }

 private:
  static constexpr std::size_t row_bytes = 4096;
  static constexpr std::size_t part = 1024;  // rows

  [[nodiscard]] float* row(std::size_t r) { return buffer_.row(r).data(); }

  Matrix buffer_;
};

class GatherRun {
 public:
  GatherRun(const GatherPoint& point, std::size_t batch, std::uint64_t seed)
      : point_(point), table_(point.rows, point.dim), out_(batch, point.dim), begin_(batch + 1) {
    Random random(seed);
    for (std::size_t r = 0; r < point.rows; ++r) {
      const auto value = static_cast<float>(random.uniform());
      std::ranges::fill(table_.row(r), value);
    }
    for (auto& ids : ids_) {
      ids.resize(batch * point.bag);
      for (auto& id : ids) id = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(point.rows)));
    }
    for (std::size_t b = 0; b <= batch; ++b) begin_[b] = b * point.bag;
  }

  /// One call for all threads. Each run takes other rows than the one before.
  double seconds(ThreadPool& pool, simd::Writes writes) {
    const std::vector<std::int32_t>& ids = next_ids();
    return seconds_of([&] {
      in_parts(pool, out_.rows(), part_rows(), [&](std::size_t first, std::size_t end) {
        MatrixView out = out_.view();
        out.data += first * out.stride;
        out.rows = end - first;
        const ConstMatrixView table = std::as_const(table_).view();
        if (point_.bag == 1) {
          simd::gather_rows(table, std::span(ids).subspan(first, out.rows), out, writes);
        } else {
          simd::sum_bags(table, {ids, std::span(begin_).subspan(first, out.rows + 1), {}}, out, writes);
        }
      });
    });
  }

  /// What the memory does where rows stand in no order: plain loops that do nothing but to copy the rows of a gather to
  /// its output, or to read those of bags. One fetches rows beforehand, the other leaves that to the processor; the
  /// quicker one counts.
  double plain_seconds(ThreadPool& pool) {
    const auto timed = [&](const std::vector<std::int32_t>& ids, bool fetch) {
      return seconds_of([&] {
        in_parts(pool, out_.rows(), part_rows(), [&](std::size_t first, std::size_t end) {
          if (point_.bag == 1) {
            fetch ? copy_part<true>(ids, first, end) : copy_part<false>(ids, first, end);
          } else {
            fetch ? read_part<true>(ids, first, end) : read_part<false>(ids, first, end);
          }
        });
      });
    };
    const double fetched = timed(next_ids(), true);
    return std::min(fetched, timed(next_ids(), false));
  }

 private:
  [[nodiscard]] const std::vector<std::int32_t>& next_ids() { return ids_[run_++ % std::size(ids_)]; }
  [[nodiscard]] std::size_t part_rows() const {
    constexpr std::size_t part_lookups = 16'384;
    return std::max<std::size_t>(1, part_lookups / point_.bag);
  }

  [[nodiscard]] const float* row_of(std::int32_t id) const {
    return table_.data() + static_cast<std::size_t>(id) * table_.stride();
  }
  void prefetch(const float* row) const {
    for (std::size_t k = 0; k < table_.stride(); k += line) fetch(row + k);
  }
  [[nodiscard]] std::size_t rows_ahead() const {
    return std::clamp<std::size_t>(4096 / (table_.stride() * sizeof(float)), 1, 16);
  }

  template <bool fetch>
  void copy_part(const std::vector<std::int32_t>& ids, std::size_t first, std::size_t end) {
    const std::size_t stride = table_.stride();
    const std::size_t ahead = rows_ahead();
    for (std::size_t i = first; i < end; ++i) {
      if constexpr (fetch) {
        prefetch(row_of(ids[std::min(i + ahead, end - 1)]));
        prefetch(out_.data() + std::min(i + ahead / 2, end - 1) * stride);
      }
      std::memcpy(out_.data() + i * stride, row_of(ids[i]), stride * sizeof(float));
    }
  }

  /// One number of each cache line.
  template <bool fetch>
  void read_part(const std::vector<std::int32_t>& ids, std::size_t first, std::size_t end) {
    const std::size_t stride = table_.stride();
    const std::size_t ahead = rows_ahead();
    const std::size_t last = end * point_.bag - 1;
    float even = 0;
    float odd = 0;
    for (std::size_t i = first * point_.bag; i <= last; ++i) {
      if constexpr (fetch) prefetch(row_of(ids[std::min(i + ahead, last)]));
      const float* const row = row_of(ids[i]);
      std::size_t k = 0;
      for (; k + line < stride; k += 2 * line) {
        even += row[k];
        odd += row[k + line];
      }
      if (k < stride) even += row[k];
    }
    out_(first, 0) = even + odd;  // so that no compiler leaves the reads out
  }

  static constexpr std::size_t line = 16;  // floats of a cache line

  GatherPoint point_;
  Matrix table_;
  Matrix out_;
  std::vector<std::size_t> begin_;
  std::vector<std::int32_t> ids_[4];
  std::size_t run_ = 0;
};

struct GatherResult {
  std::size_t batch = 0;
  double rows_per_second = 0;
  double bytes_per_second = 0;
  double read_bandwidth = 0;
  double copy_bandwidth = 0;
  double random_bandwidth = 0;  ///< of plain loops over the same rows
  double share = 0;  ///< of the copy bandwidth for a gather, of the read bandwidth for bags; the median over the runs
  double random_share = 0;  ///< of the random bandwidth
};

Expected<GatherResult> measure(const GatherPoint& point, const GatherBench& bench, std::uint64_t seed, ThreadPool& pool,
                               Bandwidth& bandwidth) {
  GatherResult result;
  result.batch = bench.batch > 0 ? bench.batch : usual_lookups / point.bag;
  const double lookups = static_cast<double>(result.batch) * static_cast<double>(point.bag);
  const double row_bytes = static_cast<double>(point.dim) * sizeof(float);
  const double memory =
      static_cast<double>(padded_stride(point.dim) * sizeof(float)) * static_cast<double>(point.rows + result.batch) +
      lookups * 4 * sizeof(std::int32_t) + static_cast<double>(result.batch * sizeof(std::size_t));
  if (memory + 2 * double{bandwidth_bytes} > 0.9 * static_cast<double>(memory_limit_bytes())) {
    return fail(ErrorKind::Usage, "the table and what is looked up need more memory than there is",
                "take fewer rows or a smaller batch");
  }
  GatherRun run(point, result.batch, seed);
  std::vector<double> lookup;
  std::vector<double> read;
  std::vector<double> copy;
  std::vector<double> random;
  std::vector<double> share;
  std::vector<double> random_share;
  for (int i = 0; i <= bench.runs; ++i) {
    if (interrupted()) return fail(ErrorKind::Cancelled, "interrupted");
    const double read_bandwidth = 2 * double{bandwidth_bytes} / bandwidth.read_seconds(pool);
    const double copy_bandwidth = double{bandwidth_bytes} / bandwidth.copy_seconds(pool);
    run.seconds(pool, bench.writes);  // the bandwidth's buffer has taken the caches
    const double rate = lookups / run.seconds(pool, bench.writes);
    const double random_bandwidth = lookups * row_bytes / run.plain_seconds(pool);
    if (i == 0) continue;  // warms up
    read.push_back(read_bandwidth);
    copy.push_back(copy_bandwidth);
    random.push_back(random_bandwidth);
    lookup.push_back(rate);
    share.push_back(rate * row_bytes / (point.bag == 1 ? copy_bandwidth : read_bandwidth));
    random_share.push_back(rate * row_bytes / random_bandwidth);
  }
  result.rows_per_second = median(lookup);
  result.bytes_per_second = result.rows_per_second * row_bytes;
  result.read_bandwidth = median(read);
  result.copy_bandwidth = median(copy);
  result.random_bandwidth = median(random);
  result.share = median(share);
  result.random_share = median(random_share);
  return result;
}

void print(const GatherPoint& point, const GatherResult& result, const GatherBench& bench, const Context& context) {
  const std::string target(simd::name_of(simd::current_target()));
  if (context.json) {
    print_line({{"rows", point.rows},
                {"dim", point.dim},
                {"bag", point.bag},
                {"batch", result.batch},
                {"threads", context.thread_count()},
                {"target", target},
                {"writes", bench.writes == simd::Writes::Kept ? "kept" : "streamed"},
                {"runs", bench.runs},
                {"rows_per_second", number(result.rows_per_second)},
                {"bytes_per_second", number(result.bytes_per_second)},
                {"read_bandwidth", number(result.read_bandwidth)},
                {"copy_bandwidth", number(result.copy_bandwidth)},
                {"random_bandwidth", number(result.random_bandwidth)},
                {"limit", point.bag == 1 ? "copy" : "read"},
                {"share", number(result.share)},
                {"random_share", number(result.random_share)}});
    return;
  }
  constexpr double mega = 1e6;
  constexpr double giga = 1e9;
  std::printf("%9zu x %-4zu %4zu %14.1f %8.2f %8.2f %8.2f %8.2f %8.2f of %s, %.2f of random\n", point.rows, point.dim,
              point.bag, result.rows_per_second / mega, result.bytes_per_second / giga, result.read_bandwidth / giga,
              result.copy_bandwidth / giga, result.random_bandwidth / giga, result.share,
              point.bag == 1 ? "copy" : "read", result.random_share);
}

Expected<void> bench_gather(const GatherBench& bench, const Context& context) {
  ThreadPool pool(context.thread_count());
  Bandwidth bandwidth;
  if (!context.json) {
    std::printf("%u thread%s, %s; medians of %d\n", context.thread_count(), context.thread_count() == 1 ? "" : "s",
                std::string(simd::name_of(simd::current_target())).c_str(), bench.runs);
    std::printf("%16s %4s %14s %8s %8s %8s %8s %8s\n", "table", "bag", "M rows/s", "GB/s", "read", "copy", "random",
                "share");
  }
  for (const GatherPoint& point : points_of(bench)) {
    const auto result = measure(point, bench, context.seed, pool, bandwidth);
    if (!result) return tl::make_unexpected(result.error());
    print(point, *result, bench, context);
  }
  return {};
}

}  // namespace

void add_bench_gather(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "gather",
      "Looking rows up and summing bags of them, against the memory's bandwidth in order and over random rows");
  auto arguments = std::make_shared<GatherBench>();
  GatherPoint& point = arguments->point;
  add_common_options(*command, context);
  CLI::Option* rows = command->add_option("--rows", point.rows, "Rows of the table (default: tables of several sizes)")
                          ->check(CLI::Range(1, 100'000'000));
  command->add_option("--dim", point.dim, "Floats in a row (default: 64)")->check(CLI::Range(1, 4096))->needs(rows);
  command->add_option("--bag", point.bag, "Rows that an output row sums (default: 1, a plain gather)")
      ->check(CLI::Range(1, 10'000))
      ->needs(rows);
  command->add_option("--batch", arguments->batch, "Output rows (default: as many as make 400,000 lookups)")
      ->check(CLI::Range(1, 100'000'000));
  add_choice<simd::Writes>(*command, "--writes", arguments->writes,
                           {{"kept", simd::Writes::Kept}, {"streamed", simd::Writes::Streamed}},
                           "Writing through the caches, kept (default), or past them, streamed");
  command->add_option("--runs", arguments->runs, "Runs of each (default: 11)")->check(CLI::Range(1, 1000));
  command->callback([arguments, &context] {
    if (const auto done = bench_gather(*arguments, context); !done) context.report(done.error());
  });
}

}  // namespace rowlight::cli
