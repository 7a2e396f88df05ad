// How fast the operations of the backends are, for the shapes of the built-in model and of
// DeepSeek-Coder 1.3B:
//
//   bench_ops --benchmark_filter=matmul/.*/avx2
//
// Counters: GB/s of weights (or cache) read, GFLOP/s, and for products of one row the share of the
// measured memory bandwidth (weights rotate through more memory than the last level cache holds
// where the shape is large enough to matter).

#include <cstdlib>

#include <benchmark/benchmark.h>

#include "engine/base/processors.h"
#include "engine/cpu/roofs.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {
namespace {

/// FATHOM_BENCH_THREADS, or one for each core.
int n_threads() {
  static const char* value = std::getenv("FATHOM_BENCH_THREADS");
  return effective_threads(value != nullptr ? std::atoi(value) : 0);
}

/// Weights that a decode step reads between two uses of the same one.
constexpr size_t kRotatedBytes = size_t{160} << 20;

double memory_bandwidth() {
  static const double bytes_per_second = [] {
    ThreadPool pool(n_threads());
    return cpu::measure_read_bandwidth(pool);
  }();
  return bytes_per_second;
}

void set_counters(benchmark::State& state, double bytes, double operations) {
  using benchmark::Counter;
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["GB/s"] = Counter(bytes * iterations * 1e-9, Counter::kIsRate);
  state.counters["GFLOP/s"] = Counter(operations * iterations * 1e-9, Counter::kIsRate);
}

struct MatmulCase {
  DType dtype;
  int n, outputs, cols;
  bool from_memory;  // rotate through several weights, larger together than the caches
};

void bench_matmul(benchmark::State& state, const std::string& variant, const MatmulCase& c) {
  const auto backend = cpu_backend(variant, n_threads());
  const WeightData data = random_weight(c.dtype, 1, c.outputs, c.cols, 1);
  std::vector<std::unique_ptr<Weight>> weights;
  size_t bytes = 0;
  do {
    weights.push_back(upload(*backend, data));
    bytes += weights.back()->size_bytes();
  } while (c.from_memory && bytes < kRotatedBytes);
  OwnedTensor x = OwnedTensor::random(c.n, c.cols, 2);
  OwnedTensor y(c.n, c.outputs);
  size_t next = 0;
  for (auto _ : state) {
    backend->matmul(y, x, *weights[next]);
    next = (next + 1) % weights.size();
  }
  const auto weight_bytes = static_cast<double>(weights[0]->size_bytes());
  set_counters(state, weight_bytes, 2.0 * c.n * c.outputs * c.cols);
  if (c.from_memory) {
    state.counters["of memory"] = benchmark::Counter(
        weight_bytes * static_cast<double>(state.iterations()) / memory_bandwidth(),
        benchmark::Counter::kIsRate);
  }
}

struct FfnCase {
  DType gate_up, down;
  int n, dim, hidden, n_experts, n_active;
};

void bench_moe(benchmark::State& state, const std::string& variant, const FfnCase& c) {
  const auto backend = cpu_backend(variant, n_threads());
  const auto gate = upload(*backend, random_weight(c.gate_up, c.n_experts, c.hidden, c.dim, 1));
  const auto up = upload(*backend, random_weight(c.gate_up, c.n_experts, c.hidden, c.dim, 2));
  const auto down = upload(*backend, random_weight(c.down, c.n_experts, c.dim, c.hidden, 3));
  std::vector<int32_t> experts;
  for (int item = 0; item < c.n * c.n_active; ++item) {
    experts.push_back(item * 5 % c.n_experts);
  }
  std::vector<float> route_weights(experts.size(), 0.5f);
  const int n_items = c.n * c.n_active;
  OwnedTensor x = OwnedTensor::random(c.n, c.dim, 4);
  OwnedTensor out(c.n, c.dim);
  OwnedTensor a(n_items, c.hidden);
  OwnedTensor b(n_items, c.hidden);
  OwnedTensor expert_out(n_items, c.dim);
  for (auto _ : state) {
    backend->moe_ffn(out, x, {experts.data(), route_weights.data(), c.n_active},
                     {gate.get(), up.get(), down.get()}, {a, b, expert_out});
  }
  const double share = std::min(1.0, static_cast<double>(n_items) / c.n_experts);
  set_counters(state, share * static_cast<double>(2 * gate->size_bytes() + down->size_bytes()),
               6.0 * n_items * c.dim * c.hidden);
}

struct AttentionCase {
  int n, n_before, n_heads, latent, rope;  // rope 0: multi-head attention of `latent` wide heads
};

void bench_attention(benchmark::State& state, const std::string& variant, const AttentionCase& c) {
  const auto backend = cpu_backend(variant, n_threads());
  const int length = c.n_before + c.n;
  const bool is_latent = c.rope > 0;
  OwnedTensor cache =
      OwnedTensor::random(length, is_latent ? c.latent + c.rope : 2 * c.n_heads * c.latent, 1);
  OwnedTensor q = OwnedTensor::random(c.n, c.n_heads * c.latent, 2);
  OwnedTensor q_pe = OwnedTensor::random(c.n, c.n_heads * std::max(1, c.rope), 3);
  OwnedTensor out(c.n, c.n_heads * c.latent);
  std::vector<SlotId> slots(length);
  for (int i = 0; i < length; ++i) slots[i] = i;
  const std::vector<SequenceRows> sequences = {{0, c.n, slots}};
  for (auto _ : state) {
    if (is_latent) {
      backend->latent_attention(out.view().heads(c.n_heads), q.view().heads(c.n_heads),
                                q_pe.view().heads(c.n_heads), cache, sequences, 0.05f);
    } else {
      backend->attention(out.view().heads(c.n_heads), q.view().heads(c.n_heads), cache, sequences,
                         c.n_heads, 0.05f);
    }
  }
  const double keys = c.n_before + (c.n + 1) / 2.0;
  set_counters(state, 4.0 * keys * cache.view().cols,
               2.0 * c.n * c.n_heads * keys * (2 * c.latent + c.rope));
}

/// One token, or a prompt, through operations that do not touch weights.
void bench_small(benchmark::State& state, const std::string& variant, int n) {
  const auto backend = cpu_backend(variant, n_threads());
  const auto norm = upload(*backend, random_weight(DType::f32, 1, 1, 256, 1));
  OwnedTensor x = OwnedTensor::random(n, 256, 1);
  OwnedTensor y = OwnedTensor::random(n, 256, 2);
  for (auto _ : state) {
    backend->rms_norm(y, x, *norm, 1e-6f);
    backend->add(y, y, x);
    backend->silu_mul(y, y, x, kNoLimit);
  }
  set_counters(state, 4.0 * 8 * n * 256, 0.0);
}

/// In wall time: operations use several threads.
template <class Body>
void add_benchmark(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->UseRealTime();
}

void register_matmuls(const std::string& variant) {
  const auto add = [&](const char* model, const MatmulCase& c) {
    const std::string name = fmt::format("matmul/{}/{}/n{}/{}x{}/{}", model, info(c.dtype).name,
                                         c.n, c.outputs, c.cols, variant);
    add_benchmark(name, [=](benchmark::State& s) { bench_matmul(s, variant, c); });
  };
  for (const int n : {1, 4, 512}) {
    add("nano", {DType::q8_0, n, 192, 256, false});
    add("nano", {DType::q8_0, n, 256, 512, false});
    add("nano", {DType::f32, n, 16, 256, false});
    add("nano", {DType::q6_k, n, 8192, 256, false});
  }
  for (const DType dtype : kAllDTypes) {
    for (const int n : {1, 8, 16, 256}) add("1.3b", {dtype, n, 5504 / 256 * 256, 2048, n <= 16});
  }
  add("1.3b", {DType::q8_0, 1, 2048, 5504, true});
}

void register_others(const std::string& variant) {
  for (const int n : {1, 4, 512}) {
    const FfnCase moe = {DType::q5_k, DType::q6_k, n, 256, 256, 16, 2};
    add_benchmark(fmt::format("moe/nano/n{}/{}", n, variant),
                  [=](benchmark::State& s) { bench_moe(s, variant, moe); });
    add_benchmark(fmt::format("small/nano/n{}/{}", n, variant),
                  [=](benchmark::State& s) { bench_small(s, variant, n); });
  }
  for (const AttentionCase& c : {AttentionCase{1, 300, 4, 128, 32},
                                 {1, 1000, 4, 128, 32},
                                 {512, 0, 4, 128, 32},
                                 {1, 2000, 16, 512, 64},
                                 {1, 2000, 16, 128, 0},
                                 {256, 256, 16, 128, 0}}) {
    const std::string name = fmt::format("attention/{}x{}+{}/n{}/{}/{}", c.n_heads, c.latent,
                                         c.rope, c.n, c.n_before, variant);
    add_benchmark(name, [=](benchmark::State& s) { bench_attention(s, variant, c); });
  }
}

}  // namespace
}  // namespace fathom::engine::test

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const std::string& variant : fathom::engine::test::cpu_variants_here()) {
    fathom::engine::test::register_matmuls(variant);
    fathom::engine::test::register_others(variant);
  }
  benchmark::AddCustomContext("memory GB/s",
                              std::to_string(fathom::engine::test::memory_bandwidth() * 1e-9));
  benchmark::RunSpecifiedBenchmarks();
}
