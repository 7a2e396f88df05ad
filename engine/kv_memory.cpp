#include "engine/kv_memory.h"

#include <algorithm>

namespace fathom::engine {

Result<KvMemory> KvMemory::allocate(const Model& model, Backend& backend, int n_slots) {
  KvMemory memory;
  const std::span<const int> widths = model.cache_widths();
  for (size_t i = 0; i < widths.size(); ++i) {
    CacheRows rows(nullptr, model.cache_type(), n_slots, widths[i]);
    const auto size = static_cast<size_t>(rows.stride) * static_cast<size_t>(n_slots);
    Backend* const own = model.cache_backend(static_cast<int>(i));
    FATHOM_TRY(buffer, (own ? *own : backend).allocate(size));
    rows.data = static_cast<std::byte*>(buffer->data());
    memory.store.layers.push_back(rows);
    memory.buffers.push_back(std::move(buffer));
    memory.size_bytes += size;
  }
  return memory;
}

uint64_t cache_bytes_per_token(const Model& model) {
  uint64_t n_bytes = 0;
  for (const int width : model.cache_widths())
    n_bytes += static_cast<uint64_t>(row_bytes(model.cache_type(), width).value());
  return n_bytes;
}

DType default_cache_type(uint64_t weight_bytes) {
  constexpr uint64_t kSmall = uint64_t{256} << 20;
  return weight_bytes < kSmall ? DType::f32 : DType::bf16;
}

DType fitting_cache_type(DType wanted, std::initializer_list<int> widths) {
  const int block = info(wanted).block_elements;
  const bool fits = std::ranges::all_of(widths, [&](int width) { return width % block == 0; });
  return fits ? wanted : DType::bf16;
}

}  // namespace fathom::engine
