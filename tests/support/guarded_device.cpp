#include "tests/support/guarded_device.h"

#include <algorithm>
#include <map>

#include <sys/mman.h>

#include "engine/base/assert.h"

namespace fathom::engine::test {

class GuardedDevice::Memory final {
 public:
  explicit Memory(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  Status take(uint64_t n_bytes) {
    if (n_bytes > limit_bytes_ - used_bytes_)
      return fail(ErrorCode::out_of_memory, "the device has no {} bytes left", n_bytes);
    used_bytes_ += n_bytes;
    return {};
  }
  void give_back(uint64_t n_bytes) { used_bytes_ -= n_bytes; }
  uint64_t used_bytes() const { return used_bytes_; }

  /// Addresses nobody can follow that stand for `n_bytes` at `real`.
  void* close(void* real, size_t n_bytes) {
    void* pages = ::mmap(nullptr, n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FATHOM_ASSERT(pages != MAP_FAILED);
    real_[static_cast<std::byte*>(pages)] = {static_cast<std::byte*>(real), n_bytes};
    return pages;
  }
  void forget(void* closed) {
    const auto entry = real_.find(static_cast<std::byte*>(closed));
    ::munmap(closed, entry->second.size());
    real_.erase(entry);
  }
  /// What a closed address stands for.
  std::byte* open(const void* closed) const {
    const auto* address = static_cast<const std::byte*>(closed);
    const auto after = real_.upper_bound(const_cast<std::byte*>(address));
    FATHOM_ASSERT(after != real_.begin());
    const auto& [base, real] = *std::prev(after);
    const auto offset = static_cast<size_t>(address - base);
    FATHOM_ASSERT(offset < real.size());
    return real.data() + offset;
  }

 private:
  const uint64_t limit_bytes_;
  uint64_t used_bytes_ = 0;
  std::map<std::byte*, std::span<std::byte>> real_;  // of the closed address of each buffer
};

class GuardedDevice::GuardedBuffer final : public Buffer {
 public:
  GuardedBuffer(std::shared_ptr<Memory> memory, size_t n_bytes, std::unique_ptr<Buffer> inner)
      : memory_(std::move(memory)),
        n_bytes_(n_bytes),
        inner_(std::move(inner)),
        closed_(memory_->close(inner_->data(), n_bytes)) {}
  ~GuardedBuffer() override {
    memory_->forget(closed_);
    memory_->give_back(n_bytes_);
  }
  void* data() override { return closed_; }

 private:
  std::shared_ptr<Memory> memory_;
  size_t n_bytes_;
  std::unique_ptr<Buffer> inner_;
  void* closed_;
};

class GuardedDevice::GuardedWeight final : public Weight {
 public:
  GuardedWeight(std::shared_ptr<Memory> memory, uint64_t n_bytes, std::unique_ptr<Weight> inner)
      : Weight(inner->dtype(), inner->count(), inner->rows(), inner->cols()),
        memory_(std::move(memory)),
        n_bytes_(n_bytes),
        inner_(std::move(inner)) {}
  ~GuardedWeight() override { memory_->give_back(n_bytes_); }
  size_t size_bytes() const override { return inner_->size_bytes(); }
  Weight& inner() const { return *inner_; }

 private:
  std::shared_ptr<Memory> memory_;
  uint64_t n_bytes_;
  std::unique_ptr<Weight> inner_;
};

GuardedDevice::GuardedDevice(std::unique_ptr<Backend> inner, uint64_t limit_bytes)
    : inner_(std::move(inner)), memory_(std::make_shared<Memory>(limit_bytes)) {}

GuardedDevice::~GuardedDevice() = default;

uint64_t GuardedDevice::used_bytes() const { return memory_->used_bytes(); }

void GuardedDevice::call(std::string_view op) const {
  if (on_call) on_call(op);
}

template <class T>
T GuardedDevice::open(T x) const {
  if (x.data != nullptr) x.data = reinterpret_cast<decltype(x.data)>(memory_->open(x.data));
  return x;
}

Routes GuardedDevice::open(Routes routes) const {
  routes.experts = reinterpret_cast<int32_t*>(memory_->open(routes.experts));
  routes.weights = reinterpret_cast<float*>(memory_->open(routes.weights));
  return routes;
}

ChosenGroups GuardedDevice::open(ChosenGroups chosen) const {
  if (chosen.groups) chosen.groups = reinterpret_cast<int32_t*>(memory_->open(chosen.groups));
  return chosen;
}

FfnScratch GuardedDevice::open(FfnScratch scratch) const {
  return {open(scratch.gate), open(scratch.up), open(scratch.out)};
}

const Weight& GuardedDevice::of(const Weight& weight) {
  const auto* guarded = dynamic_cast<const GuardedWeight*>(&weight);
  FATHOM_ASSERT(guarded != nullptr);
  return guarded->inner();
}

GatedFfnWeights GuardedDevice::of(GatedFfnWeights w) {
  for (const Weight** weight : {&w.gate, &w.up, &w.down}) *weight = of(*weight);
  return w;
}

Result<std::unique_ptr<Buffer>> GuardedDevice::allocate(size_t size_bytes) {
  const size_t n_bytes = std::max<size_t>(1, size_bytes);
  FATHOM_CHECK(memory_->take(n_bytes));
  auto buffer = inner_->allocate(n_bytes);
  if (buffer) return std::make_unique<GuardedBuffer>(memory_, n_bytes, std::move(*buffer));
  memory_->give_back(n_bytes);
  return buffer;
}

Result<std::unique_ptr<Weight>> GuardedDevice::upload(WeightData data) {
  const uint64_t n_bytes = data.bytes.size();
  FATHOM_CHECK(memory_->take(n_bytes));
  auto weight = inner_->upload(std::move(data));
  if (weight) return std::make_unique<GuardedWeight>(memory_, n_bytes, std::move(*weight));
  memory_->give_back(n_bytes);
  return weight;
}

bool GuardedDevice::can_replace(const Weight& weight) const {
  return inner_->can_replace(of(weight));
}

void GuardedDevice::replace(Weight& weight, int matrix, const WeightData& data) {
  inner_->replace(dynamic_cast<GuardedWeight&>(weight).inner(), matrix, data);
}

Status GuardedDevice::download(std::span<float> host, Tensor x) {
  call("download");
  return inner_->download(host, open(x));
}

Status GuardedDevice::top_logits(std::span<TopLogits> tops, Tensor logits) {
  call("top_logits");
  return inner_->top_logits(tops, open(logits));
}

void GuardedDevice::write(Tensor x, std::span<const float> host) {
  call("write");
  inner_->write(open(x), host);
}

void GuardedDevice::embed(Tensor out, std::span<const TokenId> ids, const Weight& table) {
  call("embed");
  inner_->embed(open(out), ids, of(table));
}

void GuardedDevice::rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) {
  call("rms_norm");
  inner_->rms_norm(open(y), open(x), of(weight), eps);
}

void GuardedDevice::layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                               float eps) {
  call("layer_norm");
  inner_->layer_norm(open(y), open(x), of(weight), of(bias), eps);
}

void GuardedDevice::matmul(Tensor y, Tensor x, const Weight& w) {
  call("matmul");
  inner_->matmul(open(y), open(x), of(w));
}

void GuardedDevice::matmul_heads(Heads y, Heads x, const Weight& w) {
  call("matmul_heads");
  inner_->matmul_heads(open(y), open(x), of(w));
}

void GuardedDevice::add(Tensor y, Tensor a, Tensor b) {
  call("add");
  inner_->add(open(y), open(a), open(b));
}

void GuardedDevice::add_bias(Tensor y, const Weight& bias) {
  call("add_bias");
  inner_->add_bias(open(y), of(bias));
}

void GuardedDevice::silu_mul(Tensor y, Tensor gate, Tensor up, float limit) {
  call("silu_mul");
  inner_->silu_mul(open(y), open(gate), open(up), limit);
}

void GuardedDevice::unit_rms_norm(Heads y, Heads x, float eps) {
  call("unit_rms_norm");
  inner_->unit_rms_norm(open(y), open(x), eps);
}

void GuardedDevice::rope(Heads x, std::span<const int32_t> positions, const Rope& rope) {
  call("rope");
  inner_->rope(open(x), positions, rope);
}

void GuardedDevice::gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) {
  call("gather_rows");
  inner_->gather_rows(open(out), open(x), rows);
}

void GuardedDevice::write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x,
                                int column) {
  call("write_cache");
  inner_->write_cache(open(cache), slots, open(x), column);
}

void GuardedDevice::attention(Heads out, Heads q, CacheRows cache,
                              std::span<const SequenceRows> sequences, int n_kv_heads,
                              float scale) {
  call("attention");
  inner_->attention(open(out), open(q), open(cache), sequences, n_kv_heads, scale);
}

void GuardedDevice::latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                     std::span<const SequenceRows> sequences, float scale) {
  call("latent_attention");
  inner_->latent_attention(open(out), open(q_latent), open(q_pe), open(cache), sequences, scale);
}

void GuardedDevice::chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                            std::span<const SequenceRows> sequences,
                                            ChosenGroups chosen, float scale) {
  call("chosen_latent_attention");
  inner_->chosen_latent_attention(open(out), open(q_latent), open(q_pe), open(cache), sequences,
                                  open(chosen), scale);
}

void GuardedDevice::shared_kv_attention(Heads out, Heads q, Tensor cache,
                                        std::span<const SequenceRows> sequences,
                                        const SharedKvAttention& attention) {
  SharedKvAttention opened = attention;
  opened.sinks = of(attention.sinks);
  opened.chosen = open(attention.chosen);
  call("shared_kv_attention");
  inner_->shared_kv_attention(open(out), open(q), open(cache), sequences, opened);
}

void GuardedDevice::pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                                const GroupPooling& pooling) {
  GroupPooling p = pooling;
  p.position_bias = of(p.position_bias);
  call("pool_groups");
  inner_->pool_groups(open(out), open(cache), sequences, p);
}

void GuardedDevice::choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                                  std::span<const SequenceRows> sequences, GroupKeys keys) {
  call("choose_groups");
  inner_->choose_groups(open(chosen), open(q), open(weights), open(cache), sequences, keys);
}

void GuardedDevice::hyper_weights(Tensor m, const HyperConnection& connection) {
  HyperConnection c = connection;
  c.scale = of(c.scale);
  c.base = of(c.base);
  call("hyper_weights");
  inner_->hyper_weights(open(m), c);
}

void GuardedDevice::read_streams(Tensor out, Tensor streams, Tensor m) {
  call("read_streams");
  inner_->read_streams(open(out), open(streams), open(m));
}

void GuardedDevice::write_streams(Tensor streams, Tensor x, Tensor m) {
  call("write_streams");
  inner_->write_streams(open(streams), open(x), open(m));
}

void GuardedDevice::route(Routes routes, Tensor logits, const Weight* bias,
                          const RouterConfig& config) {
  call("route");
  inner_->route(open(routes), open(logits), of(bias), config);
}

void GuardedDevice::route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                             const RouterConfig& config) {
  call("route_to");
  inner_->route_to(open(routes), open(logits), experts, config);
}

void GuardedDevice::moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                            FfnScratch scratch) {
  call("moe_ffn");
  inner_->moe_ffn(open(out), open(x), open(routes), of(experts), open(scratch));
}

void GuardedDevice::gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  call("gated_ffn");
  inner_->gated_ffn(open(out), open(x), of(w), open(scratch));
}

}  // namespace fathom::engine::test
