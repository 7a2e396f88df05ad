// The specification of every operation: plain loops, sums in f64, weights as the file has them.
//
// It is slow and meant to be obviously right: other backends are tested against it, and a model
// can be run on it to tell a wrong kernel from a wrong model. Host backends derive from it and
// override what is hot.
//
// Threads: see Backend. Each output number is computed by one thread in one order.

#pragma once

#include <vector>

#include "engine/backend.h"
#include "engine/base/thread_pool.h"

namespace fathom::engine {

class ReferenceBackend : public Backend {
 public:
  /// `n_threads` 0: one for each core.
  explicit ReferenceBackend(int n_threads);

  std::string_view name() const override { return "reference"; }
  std::string description() const override;

  Result<std::unique_ptr<Buffer>> allocate(size_t size_bytes) override;
  Result<std::unique_ptr<Weight>> upload(WeightData data) override;
  bool can_replace(const Weight& weight) const override;
  void replace(Weight& weight, int matrix, const WeightData& data) override;
  Status download(std::span<float> host, Tensor x) override;
  void write(Tensor x, std::span<const float> host) override;
  Status sync() override { return {}; }

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

 protected:
  ThreadPool& pool() { return pool_; }
  int n_threads() const { return pool_.size(); }

 private:
  ThreadPool pool_;

  // Scratch of the operations that no other host backend replaces, kept so that a decode step
  // allocates nothing once it has seen the longest text.
  struct ThreadScratch {
    std::vector<double> numbers, sums;
    std::vector<const float*> keys;
  };
  std::vector<ThreadScratch> thread_scratch_;  // one for each part of parallel_for
  std::vector<float> scale_, base_;
  std::vector<double> group_scores_;  // of choose_groups()
  std::vector<int32_t> group_order_;
  std::vector<SlotId> chosen_slots_;            // [rows, limit] of chosen_latent_attention()
  std::vector<SequenceRows> chosen_sequences_;  // one for each row
  struct RouteScratch {
    std::vector<float> bias;           // [n_experts]
    std::vector<double> scores;        // [n_experts], before the bias
    std::vector<double> choice;        // [n_experts], what the choice goes by
    std::vector<double> group_scores;  // [n_groups]
    std::vector<char> taken;           // [max(n_experts, n_groups)]
  } route_scratch_;
};

}  // namespace fathom::engine
