#include "engine/timing_backend.h"

#include <algorithm>
#include <chrono>

namespace fathom::engine {
namespace {

uint64_t size_of(const GatedFfnWeights& w) {
  return w.gate->size_bytes() + w.up->size_bytes() + w.down->size_bytes();
}

uint64_t numbers_of(const Weight& w) {
  return uint64_t(w.count()) * uint64_t(w.rows()) * uint64_t(w.cols());
}

uint64_t numbers_of(const GatedFfnWeights& w) {
  return numbers_of(*w.gate) + numbers_of(*w.up) + numbers_of(*w.down);
}

/// Cache rows that attention reads, each sequence's once.
uint64_t cache_bytes(std::span<const SequenceRows> sequences, const CacheRows& cache) {
  uint64_t rows = 0;
  for (const SequenceRows& s : sequences) rows += s.slots.size();
  return rows * uint64_t(cache.bytes_of(cache.cols));
}

}  // namespace

TimingBackend::TimingBackend(Backend& inner) : inner_(inner) {}

std::vector<OpTime> TimingBackend::times() const {
  std::vector<OpTime> sorted = times_;
  std::ranges::sort(sorted, std::greater(), &OpTime::seconds);
  return sorted;
}

void TimingBackend::reset() { times_.clear(); }

template <class Call>
void TimingBackend::timed(std::string_view op, Work work, Call&& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  call();
  // Errors are sticky: whoever runs the model sees them in its own sync().
  (void)inner_.sync();
  const std::chrono::duration<double> elapsed = Clock::now() - begin;

  auto entry = std::ranges::find(times_, op, &OpTime::op);
  if (entry == times_.end()) entry = times_.insert(entry, {.op = std::string(op)});
  entry->calls += 1;
  entry->seconds += elapsed.count();
  entry->weight_bytes += work.weight_bytes;
  entry->products += work.products;
}

Result<std::unique_ptr<Buffer>> TimingBackend::allocate(size_t size_bytes) {
  return inner_.allocate(size_bytes);
}

Result<std::unique_ptr<Weight>> TimingBackend::upload(WeightData data) {
  return inner_.upload(std::move(data));
}

Status TimingBackend::download(std::span<float> host, Tensor x) {
  Status status;
  timed("download", {}, [&] { status = inner_.download(host, x); });
  return status;
}

Status TimingBackend::top_logits(std::span<TopLogits> tops, Tensor logits) {
  Status status;
  timed("top_logits", {}, [&] { status = inner_.top_logits(tops, logits); });
  return status;
}

void TimingBackend::write(Tensor x, std::span<const float> host) {
  timed("write", {}, [&] { inner_.write(x, host); });
}

Status TimingBackend::sync() { return inner_.sync(); }

void TimingBackend::embed(Tensor out, std::span<const TokenId> ids, const Weight& table) {
  const uint64_t bytes = table.size_bytes() / uint64_t(table.rows()) * ids.size();
  timed("embed", {bytes}, [&] { inner_.embed(out, ids, table); });
}

void TimingBackend::rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) {
  timed("rms_norm", {weight.size_bytes()}, [&] { inner_.rms_norm(y, x, weight, eps); });
}

void TimingBackend::layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                               float eps) {
  timed("layer_norm", {weight.size_bytes() + bias.size_bytes()},
        [&] { inner_.layer_norm(y, x, weight, bias, eps); });
}

void TimingBackend::matmul(Tensor y, Tensor x, const Weight& w) {
  timed("matmul", {w.size_bytes(), x.rows * numbers_of(w)}, [&] { inner_.matmul(y, x, w); });
}

void TimingBackend::matmul_heads(Heads y, Heads x, const Weight& w) {
  timed("matmul_heads", {w.size_bytes(), x.rows * numbers_of(w)},
        [&] { inner_.matmul_heads(y, x, w); });
}

void TimingBackend::add(Tensor y, Tensor a, Tensor b) {
  timed("add", {}, [&] { inner_.add(y, a, b); });
}

void TimingBackend::add_bias(Tensor y, const Weight& bias) {
  timed("add_bias", {bias.size_bytes()}, [&] { inner_.add_bias(y, bias); });
}

void TimingBackend::silu_mul(Tensor y, Tensor gate, Tensor up, float limit) {
  timed("silu_mul", {}, [&] { inner_.silu_mul(y, gate, up, limit); });
}

void TimingBackend::unit_rms_norm(Heads y, Heads x, float eps) {
  timed("unit_rms_norm", {}, [&] { inner_.unit_rms_norm(y, x, eps); });
}

void TimingBackend::rope(Heads x, std::span<const int32_t> positions, const Rope& rope) {
  timed("rope", {}, [&] { inner_.rope(x, positions, rope); });
}

void TimingBackend::gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) {
  timed("gather_rows", {}, [&] { inner_.gather_rows(out, x, rows); });
}

void TimingBackend::write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x,
                                int column) {
  timed("write_cache", {}, [&] { inner_.write_cache(cache, slots, x, column); });
}

void TimingBackend::attention(Heads out, Heads q, CacheRows cache,
                              std::span<const SequenceRows> sequences, int n_kv_heads,
                              float scale) {
  timed("attention", {cache_bytes(sequences, cache)},
        [&] { inner_.attention(out, q, cache, sequences, n_kv_heads, scale); });
}

void TimingBackend::latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                     std::span<const SequenceRows> sequences, float scale) {
  timed("latent_attention", {cache_bytes(sequences, cache)},
        [&] { inner_.latent_attention(out, q_latent, q_pe, cache, sequences, scale); });
}

void TimingBackend::chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                            std::span<const SequenceRows> sequences,
                                            ChosenGroups chosen, float scale) {
  uint64_t bytes = 0;
  for (const SequenceRows& sequence : sequences)
    bytes += uint64_t(sequence.n_rows) * chosen.limit * uint64_t(cache.bytes_of(cache.cols));
  timed("chosen_latent_attention", {bytes}, [&] {
    inner_.chosen_latent_attention(out, q_latent, q_pe, cache, sequences, chosen, scale);
  });
}

void TimingBackend::shared_kv_attention(Heads out, Heads q, Tensor cache,
                                        std::span<const SequenceRows> sequences,
                                        const SharedKvAttention& attention) {
  // Of each row that can be seen, a window's keys or a pooled one.
  const Tensor keys = cache.columns(0, q.dim);
  timed("shared_kv_attention", {cache_bytes(sequences, keys)},
        [&] { inner_.shared_kv_attention(out, q, cache, sequences, attention); });
}

void TimingBackend::pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                                const GroupPooling& pooling) {
  timed("pool_groups", {}, [&] { inner_.pool_groups(out, cache, sequences, pooling); });
}

void TimingBackend::choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                                  std::span<const SequenceRows> sequences, GroupKeys keys) {
  timed("choose_groups", {cache_bytes(sequences, cache.columns(keys.column, q.dim)) / keys.size},
        [&] { inner_.choose_groups(chosen, q, weights, cache, sequences, keys); });
}

void TimingBackend::hyper_weights(Tensor m, const HyperConnection& connection) {
  timed("hyper_weights", {}, [&] { inner_.hyper_weights(m, connection); });
}

void TimingBackend::read_streams(Tensor out, Tensor streams, Tensor m) {
  timed("read_streams", {}, [&] { inner_.read_streams(out, streams, m); });
}

void TimingBackend::write_streams(Tensor streams, Tensor x, Tensor m) {
  timed("write_streams", {}, [&] { inner_.write_streams(streams, x, m); });
}

void TimingBackend::route(Routes routes, Tensor logits, const Weight* bias,
                          const RouterConfig& config) {
  timed("route", {bias ? bias->size_bytes() : 0},
        [&] { inner_.route(routes, logits, bias, config); });
}

void TimingBackend::route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                             const RouterConfig& config) {
  timed("route", {}, [&] { inner_.route_to(routes, logits, experts, config); });
}

void TimingBackend::moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                            FfnScratch scratch) {
  // Distinct experts would have to be read back from the device; many rows touch nearly all.
  const int n_experts = experts.gate->count();
  const int64_t touched = std::min<int64_t>(n_experts, int64_t{x.rows} * routes.n_active);
  const uint64_t n_products =
      uint64_t(x.rows) * uint64_t(routes.n_active) * numbers_of(experts) / uint64_t(n_experts);
  timed("moe_ffn", {size_of(experts) / uint64_t(n_experts) * uint64_t(touched), n_products},
        [&] { inner_.moe_ffn(out, x, routes, experts, scratch); });
}

void TimingBackend::gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  timed("gated_ffn", {size_of(w), x.rows * numbers_of(w)},
        [&] { inner_.gated_ffn(out, x, w, scratch); });
}

}  // namespace fathom::engine
