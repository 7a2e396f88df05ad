// Two backends as one, for models whose routed experts do not fit a device's memory: everything is
// on the device but the experts that have no room there, which the host computes from its own
// memory while the device computes its own.
//
// Which experts are where (SplitPlan, SplitLayer) changes between jobs only: those that the host
// was asked for most come to the device, if that saves more time than it takes (ExpertCosts).
//
// Threads: see Backend.
//
// Invariant: a row of moe_ffn() is the sum over its experts on the device, in the order of its
// routes, plus the sum over its experts on the host, likewise. As long as nothing moves it does not
// depend on the other rows; after a move it may be rounded otherwise. That is also why no expert
// is sent to the device for a step that has many rows for it: the same row in a smaller step would
// be computed on the host.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/split/expert_costs.h"
#include "engine/split/split_layer.h"
#include "engine/split/split_plan.h"

namespace fathom::engine {

class SplitBackend final : public Backend {
 public:
  /// All memory that is handed out is the device's. `host` computes in this process's memory, as
  /// ReferenceBackend and CpuBackend do. `clock`: seconds; null: the machine's.
  SplitBackend(std::unique_ptr<Backend> device, std::unique_ptr<Backend> host, SplitPlan plan,
               std::function<double()> clock = {});

  std::string_view name() const override { return "split"; }
  std::string description() const override;

  bool has_host_memory() const override { return device_->has_host_memory(); }
  Result<std::unique_ptr<Buffer>> allocate(size_t size_bytes) override {
    return device_->allocate(size_bytes);
  }
  Result<std::unique_ptr<Weight>> upload(WeightData data) override;
  Status download(std::span<float> host, Tensor x) override { return device_->download(host, x); }
  Status top_logits(std::span<TopLogits> tops, Tensor logits) override {
    return device_->top_logits(tops, logits);
  }
  void write(Tensor x, std::span<const float> host) override { device_->write(x, host); }
  Status sync() override;
  void between_jobs() override;

  void moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
               FfnScratch scratch) override;

  // The device's.

  void embed(Tensor out, std::span<const TokenId> ids, const Weight& table) override {
    device_->embed(out, ids, table);
  }
  void rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) override {
    device_->rms_norm(y, x, weight, eps);
  }
  void layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                  float eps) override {
    device_->layer_norm(y, x, weight, bias, eps);
  }
  void matmul(Tensor y, Tensor x, const Weight& w) override { device_->matmul(y, x, w); }
  void matmul_heads(Heads y, Heads x, const Weight& w) override { device_->matmul_heads(y, x, w); }
  void add(Tensor y, Tensor a, Tensor b) override { device_->add(y, a, b); }
  void add_bias(Tensor y, const Weight& bias) override { device_->add_bias(y, bias); }
  void silu_mul(Tensor y, Tensor gate, Tensor up, float limit) override {
    device_->silu_mul(y, gate, up, limit);
  }
  void unit_rms_norm(Heads y, Heads x, float eps) override { device_->unit_rms_norm(y, x, eps); }
  void rope(Heads x, std::span<const int32_t> positions, const Rope& rope) override {
    device_->rope(x, positions, rope);
  }
  void gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) override {
    device_->gather_rows(out, x, rows);
  }
  void write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x, int column) override {
    device_->write_cache(cache, slots, x, column);
  }
  void attention(Heads out, Heads q, CacheRows cache, std::span<const SequenceRows> sequences,
                 int n_kv_heads, float scale) override {
    device_->attention(out, q, cache, sequences, n_kv_heads, scale);
  }
  void latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                        std::span<const SequenceRows> sequences, float scale) override {
    device_->latent_attention(out, q_latent, q_pe, cache, sequences, scale);
  }
  void chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                               std::span<const SequenceRows> sequences, ChosenGroups chosen,
                               float scale) override {
    device_->chosen_latent_attention(out, q_latent, q_pe, cache, sequences, chosen, scale);
  }
  void shared_kv_attention(Heads out, Heads q, Tensor cache,
                           std::span<const SequenceRows> sequences,
                           const SharedKvAttention& attention) override {
    device_->shared_kv_attention(out, q, cache, sequences, attention);
  }
  void pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                   const GroupPooling& pooling) override {
    device_->pool_groups(out, cache, sequences, pooling);
  }
  void choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                     std::span<const SequenceRows> sequences, GroupKeys keys) override {
    device_->choose_groups(chosen, q, weights, cache, sequences, keys);
  }
  void hyper_weights(Tensor m, const HyperConnection& connection) override {
    device_->hyper_weights(m, connection);
  }
  void read_streams(Tensor out, Tensor streams, Tensor m) override {
    device_->read_streams(out, streams, m);
  }
  void write_streams(Tensor streams, Tensor x, Tensor m) override {
    device_->write_streams(streams, x, m);
  }
  void route(Routes routes, Tensor logits, const Weight* bias,
             const RouterConfig& config) override {
    device_->route(routes, logits, bias, config);
  }
  void route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                const RouterConfig& config) override {
    device_->route_to(routes, logits, experts, config);
  }
  void add_rms_norm(Tensor y, Tensor x, Tensor delta, const Weight& weight, float eps) override {
    device_->add_rms_norm(y, x, delta, weight, eps);
  }
  void matmul_each(std::span<const Product> products, Tensor x) override {
    device_->matmul_each(products, x);
  }
  void write_keys(CacheRows cache, std::span<const SlotId> slots, Heads queries,
                  const TokenKeys& keys, std::span<const int32_t> positions,
                  const Rope& rope) override {
    device_->write_keys(cache, slots, queries, keys, positions, rope);
  }
  void gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) override {
    device_->gated_ffn(out, x, w, scratch);
  }

 private:
  Status run_split(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                   FfnScratch scratch, SplitLayer& layer);
  Status read_routes(Routes routes, int n_rows, const GatedFfnWeights& experts,
                     ExpertPlaces& places);
  void run_on_device(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                     FfnScratch scratch);
  void run_on_host(int n_rows, int n_active, const GatedFfnWeights& experts);
  bool swap_best();

  const std::unique_ptr<Backend> device_, host_;
  SplitPlan plan_;
  const std::function<double()> clock_;
  ExpertCosts costs_;
  Status status_;                      // sticky: what a download within an operation said
  std::weak_ptr<SplitLayer> pending_;  // some of its stacks are still to come
  std::vector<std::weak_ptr<SplitLayer>> layers_;

  // What the host knows of an operation; grown, never shrunk.
  struct {
    std::vector<float> routes;         // the caller's: int32_t as bits
    std::vector<float> device_routes;  // places on the device, likewise
    std::vector<int32_t> experts;      // of the layer
    std::vector<int32_t> places;       // on the host
    int n_used = 0;                    // different experts of the host
    std::vector<float> weights;        // [rows, n_active], as all of the above
    std::vector<float> x, out;         // [rows, dim]
    std::vector<float> gate, up;       // [rows * n_active, hidden]
    std::vector<float> ffn_out;        // [rows * n_active, dim]
  } step_;
};

/// A backend for a model of which not all routed experts fit `device`: as many as do are put there,
/// the first of each layer at first. `memory` has to be of the model that is loaded with it: what
/// it says of `others` is left free for them. A device that turns out to have room for fewer
/// experts gets fewer. Errors: out_of_memory (see SplitPlan).
Result<std::unique_ptr<Backend>> make_split_backend(std::unique_ptr<Backend> device,
                                                    std::unique_ptr<Backend> host,
                                                    const SplitMemory& memory);

}  // namespace fathom::engine
