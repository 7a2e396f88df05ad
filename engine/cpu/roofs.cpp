#include "engine/cpu/roofs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/cpu_variant.h"

namespace fathom::engine::cpu {
namespace {

constexpr int64_t kBytes = int64_t{256} << 20;
constexpr int kPasses = 5;

/// Something that depends on every byte; four sums, so that loads do not wait for additions.
uint64_t read(const uint64_t* words, int64_t begin, int64_t end) {
  uint64_t sums[8] = {};
  for (int64_t i = begin; i < end; i += 8) {
    for (int j = 0; j < 8; ++j) sums[j] += words[i + j];
  }
  uint64_t sum = 0;
  for (const uint64_t part : sums) sum += part;
  return sum;
}

}  // namespace

double measure_read_bandwidth(ThreadPool& pool) {
  AlignedBuffer<uint64_t> buffer;
  constexpr int64_t kWords = kBytes / int64_t{sizeof(uint64_t)};
  if (!buffer.try_reserve(kWords)) return 0.0;
  // Each thread writes what it will read: pages come from memory near to it.
  pool.parallel_for(kWords, 512, [&](int64_t begin, int64_t end, int) {
    std::memset(buffer.data() + begin, 1, static_cast<size_t>(end - begin) * sizeof(uint64_t));
  });

  double best = 0.0;
  std::atomic<uint64_t> sum = 0;  // keeps the reads from being optimised away
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(kWords, 512, [&](int64_t begin, int64_t end, int) {
      sum += read(buffer.data(), begin, end);
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(kBytes) / seconds.count());
  }
  return sum != 0 ? best : 0.0;
}

double measure_product_rate(ThreadPool& pool) {
  const auto variant = configured_cpu_variant("");
  if (!variant) return 0.0;
  constexpr int64_t kRounds = 1'000'000;
  double best = 0.0;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::atomic<int64_t> n_products = 0;
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(pool.size(), 1, [&](int64_t begin, int64_t end, int part) {
      int32_t sink = part;
      n_products += (*variant)->kernels->multiply(kRounds * (end - begin), &sink);
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(n_products) / seconds.count());
  }
  return best;
}

}  // namespace fathom::engine::cpu
