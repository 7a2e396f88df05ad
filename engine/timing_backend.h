// A Backend that passes every operation on to another one and adds up how long each took: where
// the time of a model goes (`fathom bench`).
//
// Threads: engine thread only. Every operation waits for the device, so that its time is its own;
// the sum is therefore a little more than the time of an undisturbed run.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace fathom::engine {

/// Everything that calls of one operation did since the last reset().
struct OpTime {
  std::string op;
  int64_t calls = 0;
  double seconds = 0;
  uint64_t weight_bytes = 0;  // weights and cache rows read; 0 where the operation reads neither
  uint64_t products = 0;      // of numbers with those of weights
};

class TimingBackend final : public Backend {
 public:
  /// `inner` must outlive this object.
  explicit TimingBackend(Backend& inner);

  /// Most expensive first.
  std::vector<OpTime> times() const;
  void reset();

  std::string_view name() const override { return inner_.name(); }
  std::string description() const override { return inner_.description(); }
  int prefill_rows() const override { return inner_.prefill_rows(); }
  bool has_host_memory() const override { return inner_.has_host_memory(); }
  Result<std::unique_ptr<Buffer>> allocate(size_t size_bytes) override;
  Result<std::unique_ptr<Weight>> upload(WeightData data) override;
  bool can_replace(const Weight& weight) const override { return inner_.can_replace(weight); }
  void replace(Weight& weight, int matrix, const WeightData& data) override {
    inner_.replace(weight, matrix, data);
  }
  Status download(std::span<float> host, Tensor x) override;
  Status top_logits(std::span<TopLogits> tops, Tensor logits) override;
  void write(Tensor x, std::span<const float> host) override;
  Status sync() override;
  void between_jobs() override { inner_.between_jobs(); }

  void embed(Tensor out, std::span<const TokenId> ids, const Weight& table) override;
  void rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) override;
  void layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias, float eps) override;
  void matmul(Tensor y, Tensor x, const Weight& w) override;
  void matmul_heads(Heads y, Heads x, const Weight& w) override;
  void add(Tensor y, Tensor a, Tensor b) override;
  void add_bias(Tensor y, const Weight& bias) override;
  void silu_mul(Tensor y, Tensor gate, Tensor up, float limit) override;
  void unit_rms_norm(Heads y, Heads x, float eps) override;
  void rope(Heads x, std::span<const int32_t> positions, const Rope& rope) override;
  void gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) override;
  void write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x, int column) override;
  void attention(Heads out, Heads q, CacheRows cache, std::span<const SequenceRows> sequences,
                 int n_kv_heads, float scale) override;
  void latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                        std::span<const SequenceRows> sequences, float scale) override;
  void chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                               std::span<const SequenceRows> sequences, ChosenGroups chosen,
                               float scale) override;
  void shared_kv_attention(Heads out, Heads q, Tensor cache,
                           std::span<const SequenceRows> sequences,
                           const SharedKvAttention& attention) override;
  void pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                   const GroupPooling& pooling) override;
  void choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                     std::span<const SequenceRows> sequences, GroupKeys keys) override;
  void hyper_weights(Tensor m, const HyperConnection& connection) override;
  void read_streams(Tensor out, Tensor streams, Tensor m) override;
  void write_streams(Tensor streams, Tensor x, Tensor m) override;
  void route(Routes routes, Tensor logits, const Weight* bias, const RouterConfig& config) override;
  void route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                const RouterConfig& config) override;
  void moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
               FfnScratch scratch) override;
  void gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) override;

 private:
  struct Work {
    uint64_t weight_bytes = 0;
    uint64_t products = 0;
  };
  template <class Call>
  void timed(std::string_view op, Work work, Call&& call);

  Backend& inner_;
  std::vector<OpTime> times_;
};

}  // namespace fathom::engine
