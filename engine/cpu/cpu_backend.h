// The engine on CPUs: weights repacked once, those of large files while it is at work already,
// integer matrix products, vector kernels of the best instruction set of the machine.
//
// Threads: see Backend. Ranges of outputs are shared among the pool's threads.
//
// Invariants: no operation allocates once it has seen its largest shape. The bits of a result are
// the same for every number of rows and threads and for every instruction set.

#pragma once

#include <limits>
#include <vector>

#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/attention_tile.h"
#include "engine/cpu/cpu_variant.h"
#include "engine/cpu/pack_later.h"
#include "engine/cpu/packed_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine::cpu {

class CpuBackend final : public ReferenceBackend {
 public:
  /// Weights of files of at least so many bytes are laid out behind the first step: before it, that
  /// would be noticed.
  static constexpr size_t kPackLaterBytes = size_t{1} << 30;
  static constexpr size_t kPackFirst = std::numeric_limits<size_t>::max();

  CpuBackend(const CpuVariant& variant, int n_threads, size_t pack_later_bytes = kPackLaterBytes);

  std::string_view name() const override { return "cpu"; }
  std::string description() const override;

  Result<std::unique_ptr<Weight>> upload(WeightData data) override;
  /// Once it is packed.
  bool can_replace(const Weight& weight) const override;
  void replace(Weight& weight, int matrix, const WeightData& data) override;
  Status sync() override { return pack_later_.after_step(); }

  void embed(Tensor out, std::span<const TokenId> ids, const Weight& table) override;
  void rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) override;
  void matmul(Tensor y, Tensor x, const Weight& w) override;
  void matmul_heads(Heads y, Heads x, const Weight& w) override;
  void add(Tensor y, Tensor a, Tensor b) override;
  void add_bias(Tensor y, const Weight& bias) override;
  void silu_mul(Tensor y, Tensor gate, Tensor up, float limit) override;
  void rope(Heads x, std::span<const int32_t> positions, const Rope& rope) override;
  void write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x, int column) override;
  void attention(Heads out, Heads q, CacheRows cache, std::span<const SequenceRows> sequences,
                 int n_kv_heads, float scale) override;
  void latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                        std::span<const SequenceRows> sequences, float scale) override;
  void moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
               FfnScratch scratch) override;
  void gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) override;

 private:
  /// Shares [0, n) among the threads unless waking them costs more than it saves. `nanoseconds` is
  /// a rough guess of what one thread needs.
  template <class Body>
  void share(int64_t n, int64_t nanoseconds, Body&& body) {
    pool().parallel_for(n, nanoseconds < kMinSharedNanoseconds ? n : 1, body);
  }
  static constexpr int64_t kMinSharedNanoseconds = 3000;
  static constexpr int64_t kProductsPerNanosecond = 40;  // of weights, if they are in a cache

  /// A norm or bias as numbers; valid until the next call.
  const float* vector_of(const Weight& weight);
  /// cos and sin, [positions, pairs, 2]; valid until the next call.
  const float* rotations(std::span<const int32_t> positions, const Rope& rope);

  /// Quantised rows of x, [rows, heads, dim / 32]; dim must be a multiple of 32.
  const QuantBlock* quantise(Heads x);
  /// `thread`: which part of the pool calls.
  void run_matmul(MatmulTask task, const PackedWeight& w, int matrix, int thread) const;
  void run_rows(MatmulTask task, const PackedWeight& w) const;

  void group_by_expert(Routes routes, int n_rows, const GatedFfnWeights& experts);
  void run_ffn_hidden(Tensor x, const GatedFfnWeights& w, FfnScratch scratch);
  struct PanelRange {
    int first, last;
  };
  void run_ffn_down(Tensor y, const GatedFfnWeights& w, Tensor hidden, PanelRange panels,
                    int thread) const;

  void run_attention(const AttentionShape& shape, std::span<const SequenceRows> sequences);
  void attend_by_tile(const AttentionShape& shape);
  void attend_by_chunk(const AttentionShape& shape);

  const CpuVariant& variant_;
  const Kernels& kernels_;
  const size_t pack_later_bytes_;
  PackLater pack_later_;
  AlignedBuffer<uint8_t> panels_;  // one for each thread, of what is not packed yet
  int64_t panel_bytes_ = 0;        // the largest of those

  // Scratch, grown once.
  AlignedBuffer<QuantBlock> x_blocks_;
  AlignedBuffer<QuantBlock> hidden_blocks_;
  AlignedBuffer<float> attention_floats_;
  std::vector<AttentionTile> tiles_;
  std::vector<float> row_;

  // Rows by expert: items (row * n_active + slot) of used_experts_[i] are
  // items_[offsets_[i] .. offsets_[i + 1]), and item_rows_ the rows they belong to.
  std::vector<int> used_experts_;
  std::vector<int> offsets_;
  std::vector<int32_t> items_;
  std::vector<int32_t> item_rows_;
  std::vector<int> counts_;

  // The rotations of the last call of rope(): a decode step asks for the same ones in every layer.
  struct {
    std::vector<int32_t> positions;
    std::vector<float> inverse_frequencies;
    float magnitude = 0.0f;
    std::vector<float> cos_sin;  // [positions, pairs, 2]
  } rotations_;
};

}  // namespace fathom::engine::cpu
