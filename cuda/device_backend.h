// The operations of engine/backend.h as launches on one device.
//
// Threads: the engine thread. Nothing waits but download() and sync().
//
// Invariant: a row of a result has the same bits however many rows are computed together.

#pragma once

#include "cuda/attention.h"
#include "cuda/cuda_backend.h"
#include "cuda/cuda_weight.h"
#include "cuda/device_buffer.h"
#include "cuda/host_arrays.h"
#include "cuda/matmul_task.h"
#include "cuda/moe.h"
#include "cuda/packed_memo.h"
#include "cuda/uploader.h"

namespace fathom::cuda {

class DeviceBackend : public engine::Backend {
 public:
  explicit DeviceBackend(DeviceInfo device) : device_(std::move(device)) {}
  ~DeviceBackend() override;

  const DeviceInfo& device() const { return device_; }
  /// What is put on it is done in order with the operations.
  Queue& queue() { return queue_; }

  std::string_view name() const override { return "cuda"; }
  std::string description() const override { return device_.name; }
  int prefill_rows() const override { return 1024; }
  bool has_host_memory() const override { return false; }

  /// Since it was made.
  const Queue::Counts& launches() const { return queue_.counts(); }

  Result<std::unique_ptr<engine::Buffer>> allocate(size_t size_bytes) override;
  Result<std::unique_ptr<engine::Weight>> upload(engine::WeightData data) override;
  bool can_replace(const engine::Weight&) const override { return true; }
  void replace(engine::Weight& weight, int matrix, const engine::WeightData& data) override;
  Status download(std::span<float> host, Tensor x) override;
  Status top_logits(std::span<engine::TopLogits> tops, Tensor logits) override;
  void write(Tensor x, std::span<const float> host) override;
  Status sync() override;

  void embed(Tensor out, std::span<const engine::TokenId> ids,
             const engine::Weight& table) override;
  void rms_norm(Tensor y, Tensor x, const engine::Weight& weight, float eps) override;
  void layer_norm(Tensor y, Tensor x, const engine::Weight& weight, const engine::Weight& bias,
                  float eps) override;
  void matmul(Tensor y, Tensor x, const engine::Weight& w) override;
  void matmul_heads(Heads y, Heads x, const engine::Weight& w) override;
  void add(Tensor y, Tensor a, Tensor b) override;
  void add_bias(Tensor y, const engine::Weight& bias) override;
  void silu_mul(Tensor y, Tensor gate, Tensor up, float limit) override;
  void unit_rms_norm(Heads y, Heads x, float eps) override;
  void rope(Heads x, std::span<const int32_t> positions, const engine::Rope& rope) override;
  void gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) override;
  void write_cache(CacheRows cache, std::span<const engine::SlotId> slots, Tensor x,
                   int column) override;
  void attention(Heads out, Heads q, CacheRows cache,
                 std::span<const engine::SequenceRows> sequences, int n_kv_heads,
                 float scale) override;
  void latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                        std::span<const engine::SequenceRows> sequences, float scale) override;
  void chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                               std::span<const engine::SequenceRows> sequences,
                               engine::ChosenGroups chosen, float scale) override;
  void shared_kv_attention(Heads out, Heads q, Tensor cache,
                           std::span<const engine::SequenceRows> sequences,
                           const engine::SharedKvAttention& attention) override;
  void pool_groups(Tensor out, Tensor cache, std::span<const engine::SequenceRows> sequences,
                   const engine::GroupPooling& pooling) override;
  void choose_groups(engine::ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                     std::span<const engine::SequenceRows> sequences,
                     engine::GroupKeys keys) override;
  void hyper_weights(Tensor m, const engine::HyperConnection& connection) override;
  void read_streams(Tensor out, Tensor streams, Tensor m) override;
  void write_streams(Tensor streams, Tensor x, Tensor m) override;
  void route(engine::Routes routes, Tensor logits, const engine::Weight* bias,
             const engine::RouterConfig& config) override;
  void route_to(engine::Routes routes, Tensor logits, std::span<const int32_t> experts,
                const engine::RouterConfig& config) override;
  void moe_ffn(Tensor out, Tensor x, engine::Routes routes, const engine::GatedFfnWeights& experts,
               engine::FfnScratch scratch) override;

  void add_rms_norm(Tensor y, Tensor x, Tensor delta, const engine::Weight& weight,
                    float eps) override;
  void matmul_each(std::span<const engine::Product> products, Tensor x) override;
  void write_keys(CacheRows cache, std::span<const engine::SlotId> slots, Heads queries,
                  const engine::TokenKeys& keys, std::span<const int32_t> positions,
                  const engine::Rope& rope) override;
  void gated_ffn(Tensor out, Tensor x, const engine::GatedFfnWeights& w,
                 engine::FfnScratch scratch) override;
  void experts_ffn(Tensor x, engine::Routes routes, const engine::ExpertsWeights& w,
                   const engine::ExpertsScratch& scratch) override;

 private:
  void choose_device();
  DeviceSequences place(std::span<const engine::SequenceRows> sequences);
  /// `read` is what the product behind it reads of out; without data: nothing is known of it.
  void attend(AttentionTask task, Heads read);
  RopeAngles angles_of(std::span<const int32_t> positions, const engine::Rope& rope);
  /// A product that reads x as the weight's format wants it: packed, or as it is. Within a Keep.
  MatmulTask task_for(Heads y, Heads x, const CudaWeight& w);
  struct Network;
  Network routed_network(Tensor x, engine::Routes routes, const engine::GatedFfnWeights& experts,
                         engine::FfnScratch scratch);
  Network shared_network(Tensor out, Tensor x, const engine::GatedFfnWeights& w,
                         engine::FfnScratch scratch);
  void run_networks(std::span<Network> networks);
  RowChoice choose_rows(engine::Routes routes, int n_rows, ExpertRange range);
  /// Rows of f32, whatever the weight's format; valid until the next call.
  const float* plain_rows(const engine::Weight& weight);

  const DeviceInfo device_;
  Queue queue_;
  HostArrays arrays_{queue_};
  PackedMemo packed_{queue_};
  Uploader uploader_{queue_};
  DeviceScratch attention_, groups_, plain_, tops_;
  DeviceScratch activations_[2];  // of routed and shared experts, packed
  PinnedMemory downloaded_;
  std::vector<engine::SequenceRows> sequences_;  // those that placed_ has; until the step ends
  DeviceSequences placed_;
  std::vector<RowPlace> places_;
  std::vector<int32_t> slots_, all_ids_;
  std::vector<float> temperatures_;
};

}  // namespace fathom::cuda
