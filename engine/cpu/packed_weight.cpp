#include "engine/cpu/packed_weight.h"

#include <algorithm>

namespace fathom::engine::cpu {

std::unique_ptr<PackedWeight> PackedWeight::unpacked(const WeightData& data) {
  return std::unique_ptr<PackedWeight>(new PackedWeight(data));
}

Result<std::unique_ptr<PackedWeight>> PackedWeight::pack(const WeightData& data, ThreadPool& pool) {
  std::unique_ptr<PackedWeight> weight = unpacked(data);
  PanelStore& store = *weight->store_;
  if (Status reserved = store.reserve(); !reserved)
    return fail(reserved.error().code, "{}: {}", data.name, reserved.error().message);
  pool.parallel_for(store.n_panels(), 1,
                    [&](int64_t begin, int64_t end, int) { store.write_panels(begin, end); });
  store.publish();
  store.drop_source();
  return weight;
}

void PackedWeight::replace(int matrix, const WeightData& data, ThreadPool& pool) {
  FATHOM_ASSERT(data.dtype == dtype() && data.rows == rows() && data.cols == cols());
  FATHOM_ASSERT(data.count == 1 && matrix >= 0 && matrix < count());
  const PanelStore from(data);
  pool.parallel_for(from.n_panels(), 1, [&](int64_t begin, int64_t end, int) {
    store_->remake_panels(matrix * from.n_panels() + begin, from, begin, end);
  });
}

VectorWeight::VectorWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols), numbers_(data.cols) {
  MappedWeight(data).read_row(0, 0, numbers_);
}

void VectorWeight::read_row(int, int, std::span<float> out) const {
  FATHOM_ASSERT(out.size() == numbers_.size());
  std::copy(numbers_.begin(), numbers_.end(), out.begin());
}

}  // namespace fathom::engine::cpu
