#include "engine/reference/host_weight.h"

#include "engine/base/assert.h"
#include "engine/base/checked_math.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine {

Status validate_weight(const WeightData& data) {
  if (data.count < 1 || data.rows < 1 || data.cols < 1) {
    return fail(ErrorCode::corrupt, "{}: shape {} x [{}, {}] is not possible", data.name,
                data.count, data.rows, data.cols);
  }
  const std::optional<int64_t> bytes_per_row = row_bytes(data.dtype, data.cols);
  if (!bytes_per_row) {
    return fail(ErrorCode::corrupt, "{}: rows of {} numbers are not whole {} blocks", data.name,
                data.cols, info(data.dtype).name);
  }
  const std::optional<int64_t> expected =
      checked_mul(int64_t{data.count} * data.rows, *bytes_per_row);
  if (!expected || static_cast<uint64_t>(*expected) != data.bytes.size()) {
    return fail(ErrorCode::corrupt, "{}: {} x [{}, {}] {} does not take {} bytes", data.name,
                data.count, data.rows, data.cols, info(data.dtype).name, data.bytes.size());
  }
  return {};
}

MappedWeight::MappedWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols),
      bytes_(data.bytes),
      row_bytes_(row_bytes(data.dtype, data.cols).value()),
      owner_(data.owner) {}

void MappedWeight::read_row(int matrix, int row, std::span<float> out) const {
  const int64_t index = int64_t{matrix} * rows() + row;
  dequantize(dtype(), bytes_.subspan(index * row_bytes_, row_bytes_), out);
}

const HostWeight& host_weight(const Weight& weight) {
  const auto* host = dynamic_cast<const HostWeight*>(&weight);
  FATHOM_ASSERT(host != nullptr);
  return *host;
}

}  // namespace fathom::engine
