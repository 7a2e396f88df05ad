// A backend whose memory the host cannot reach, as that of a GPU: the addresses that it hands out
// stand for others, and whoever follows them dies of SIGSEGV; its weights are no host backend's.
// What it computes is what the backend inside computes, which runs on the host. Its memory may be
// limited.
//
// Threads: see Backend.

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backend.h"

namespace fathom::engine::test {

class GuardedDevice final : public Backend {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  explicit GuardedDevice(std::unique_ptr<Backend> inner, uint64_t limit_bytes = kUnlimited);
  ~GuardedDevice() override;

  /// Of buffers and weights, now.
  uint64_t used_bytes() const;
  /// Is told the name of each operation before it runs.
  std::function<void(std::string_view)> on_call;

  std::string_view name() const override { return "guarded"; }
  std::string description() const override { return "guarded " + inner_->description(); }
  bool has_host_memory() const override { return false; }
  Result<std::unique_ptr<Buffer>> allocate(size_t size_bytes) override;
  Result<std::unique_ptr<Weight>> upload(WeightData data) override;
  bool can_replace(const Weight& weight) const override;
  void replace(Weight& weight, int matrix, const WeightData& data) override;
  Status download(std::span<float> host, Tensor x) override;
  Status top_logits(std::span<TopLogits> tops, Tensor logits) override;
  void write(Tensor x, std::span<const float> host) override;
  Status sync() override { return inner_->sync(); }

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
  class Memory;  // all of it, and how much of it is used
  class GuardedBuffer;
  class GuardedWeight;

  void call(std::string_view op) const;
  /// The same in memory that can be followed.
  template <class T>
  T open(T x) const;
  Routes open(Routes routes) const;
  ChosenGroups open(ChosenGroups chosen) const;
  FfnScratch open(FfnScratch scratch) const;
  static const Weight& of(const Weight& weight);
  static const Weight* of(const Weight* weight) { return weight ? &of(*weight) : nullptr; }
  static GatedFfnWeights of(GatedFfnWeights w);

  std::unique_ptr<Backend> inner_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace fathom::engine::test
