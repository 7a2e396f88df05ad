#include "engine/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

#include "engine/base/checked_math.h"
#include "engine/cpu/quant_block.h"
#include "engine/quant/blocks.h"
#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"

namespace fathom::engine::cpu {
namespace {

constexpr int kBlock = kQuantBlock;

/// The numbers of 32 columns as the panel stores them: unsigned.
using Numbers = uint8_t[kBlock];

PanelFormat format_of(DType dtype) {
  switch (dtype) {
    case DType::q8_0:
      return kPanelQ8_0;
    case DType::q4_0:
      return kPanelQ4_0;
    case DType::q4_k:
      return kPanelQ4K;
    case DType::q5_k:
      return kPanelQ5K;
    case DType::q6_k:
      return kPanelQ6K;
    default:
      break;
  }
  FATHOM_ASSERT(false);
  return {};
}

/// Number i of lane `row` is byte (i / 4, row, i % 4).
int place(int row, int i) { return 64 * (i / 4) + 4 * row + i % 4; }

void put_numbers(DType dtype, uint8_t* block, int row, const Numbers& u) {
  if (dtype == DType::q8_0) {
    for (int i = 0; i < kBlock; ++i) block[place(row, i)] = u[i];
    return;
  }
  for (int i = 0; i < 16; ++i) {
    block[place(row, i)] = static_cast<uint8_t>((u[i] & 15) | (u[i + 16] & 15) << 4);
  }
  uint8_t* high = block + 256 + 4 * row;
  if (dtype == DType::q5_k) {
    for (int i = 0; i < kBlock; ++i) {
      high[i % 4] = static_cast<uint8_t>(high[i % 4] | (u[i] >> 4) << (i / 4));
    }
  } else if (dtype == DType::q6_k) {
    for (int i = 0; i < kBlock; ++i) {
      uint8_t& byte = high[64 * (i / 16) + i % 4];
      byte = static_cast<uint8_t>(byte | (u[i] >> 4) << (2 * (i / 4 % 4)));
    }
  }
}

void get_numbers(DType dtype, const uint8_t* block, int row, Numbers& u) {
  if (dtype == DType::q8_0) {
    for (int i = 0; i < kBlock; ++i) u[i] = block[place(row, i)];
    return;
  }
  for (int i = 0; i < 16; ++i) {
    u[i] = block[place(row, i)] & 15;
    u[i + 16] = block[place(row, i)] >> 4;
  }
  const uint8_t* high = block + 256 + 4 * row;
  if (dtype == DType::q5_k) {
    for (int i = 0; i < kBlock; ++i) {
      u[i] = static_cast<uint8_t>(u[i] | (high[i % 4] >> (i / 4) & 1) << 4);
    }
  } else if (dtype == DType::q6_k) {
    for (int i = 0; i < kBlock; ++i) {
      const uint8_t byte = high[64 * (i / 16) + i % 4];
      u[i] = static_cast<uint8_t>(u[i] | (byte >> (2 * (i / 4 % 4)) & 3) << 4);
    }
  }
}

void put_half(uint8_t* set, int row, uint16_t bits) { std::memcpy(set + 2 * row, &bits, 2); }

float get_half(const uint8_t* set, int row) {
  uint16_t bits = 0;
  std::memcpy(&bits, set + 2 * row, 2);
  return f16_to_f32(bits);
}

// pack_block(): one block of the file, as the panel's numbers and scales of lane `row`. `numbers`
// is the block of its first 32 columns, `set` its scales.

void pack_block(const BlockQ8_0& from, uint8_t* numbers, uint8_t* set, int row) {
  Numbers u;
  for (int i = 0; i < kBlock; ++i) u[i] = static_cast<uint8_t>(from.qs[i] + 128);
  put_numbers(DType::q8_0, numbers, row, u);
  put_half(set, row, from.d);
}

void pack_block(const BlockQ4_0& from, uint8_t* numbers, uint8_t* set, int row) {
  Numbers u;
  for (int i = 0; i < 16; ++i) {
    u[i] = from.qs[i] & 15;
    u[i + 16] = from.qs[i] >> 4;
  }
  put_numbers(DType::q4_0, numbers, row, u);
  put_half(set, row, from.d);
}

template <class Block>
void pack_scales_with_min(const Block& from, uint8_t* set, int row) {
  put_half(set, row, from.d);
  put_half(set + 32, row, from.dmin);
  for (int group = 0; group < 8; ++group) {
    const KScale k = k_scale(from.scales, group);
    set[64 + 16 * group + row] = k.scale;
    set[192 + 16 * group + row] = k.min;
  }
}

void pack_block(const BlockQ4K& from, uint8_t* numbers, uint8_t* set, int row) {
  for (int group = 0; group < 8; ++group) {
    Numbers u;
    for (int i = 0; i < kBlock; ++i) {
      u[i] = from.qs[32 * (group / 2) + i] >> 4 * (group % 2) & 15;
    }
    put_numbers(DType::q4_k, numbers + group * kPanelQ4K.block_bytes, row, u);
  }
  pack_scales_with_min(from, set, row);
}

void pack_block(const BlockQ5K& from, uint8_t* numbers, uint8_t* set, int row) {
  for (int group = 0; group < 8; ++group) {
    Numbers u;
    for (int i = 0; i < kBlock; ++i) {
      const int low = from.qs[32 * (group / 2) + i] >> 4 * (group % 2) & 15;
      u[i] = static_cast<uint8_t>(low | (from.qh[i] >> group & 1) << 4);
    }
    put_numbers(DType::q5_k, numbers + group * kPanelQ5K.block_bytes, row, u);
  }
  pack_scales_with_min(from, set, row);
}

void pack_block(const BlockQ6K& from, uint8_t* numbers, uint8_t* set, int row) {
  for (int run = 0; run < 8; ++run) {
    const int half = run / 4;
    const int quarter = run % 4;
    Numbers u;
    for (int i = 0; i < kBlock; ++i) {
      const int low = from.ql[64 * half + 32 * (quarter % 2) + i] >> 4 * (quarter / 2) & 15;
      const int high = from.qh[32 * half + i] >> 2 * quarter & 3;
      u[i] = static_cast<uint8_t>(low | high << 4);
    }
    put_numbers(DType::q6_k, numbers + run * kPanelQ6K.block_bytes, row, u);
  }
  put_half(set, row, from.d);
  for (int i = 0; i < 16; ++i) set[32 + 16 * i + row] = static_cast<uint8_t>(from.scales[i]);
}

template <class Block>
void pack_row(const std::byte* row_bytes, int cols, PanelFormat format, uint8_t* panel, int row) {
  const int n_sets = cols / format.scale_columns;
  const int set_numbers = format.scale_columns / kBlock * format.block_bytes;
  uint8_t* sets = panel + int64_t{n_sets} * set_numbers;
  for (int i = 0; i < n_sets; ++i) {
    Block block;
    std::memcpy(&block, row_bytes + i * sizeof(Block), sizeof(Block));
    pack_block(block, panel + int64_t{i} * set_numbers, sets + int64_t{i} * format.scale_bytes,
               row);
  }
}

/// Column `column` of a panel's block, given its number; mirrors dequantize().
float value_of(DType dtype, const uint8_t* set, int row, int column_of_set, uint8_t u) {
  const int group = column_of_set / kBlock;
  switch (dtype) {
    case DType::q8_0:
      return get_half(set, row) * static_cast<float>(u - 128);
    case DType::q4_0:
      return get_half(set, row) * static_cast<float>(u - 8);
    case DType::q6_k: {
      const int scale = static_cast<int8_t>(set[32 + 16 * (column_of_set / 16) + row]);
      return get_half(set, row) * static_cast<float>(scale) * static_cast<float>(u - 32);
    }
    default: {
      const float scale = get_half(set, row) * set[64 + 16 * group + row];
      const float min = get_half(set + 32, row) * set[192 + 16 * group + row];
      return scale * static_cast<float>(u) - min;
    }
  }
}

}  // namespace

PackedWeight::PackedWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols) {}

Result<std::unique_ptr<PackedWeight>> PackedWeight::pack(const WeightData& data, ThreadPool& pool) {
  std::unique_ptr<PackedWeight> weight(new PackedWeight(data));
  int64_t bytes = 0;
  if (weight->is_quantised()) {
    const PanelFormat format = format_of(data.dtype);
    bytes = int64_t{data.cols / kBlock} * format.block_bytes +
            int64_t{data.cols / format.scale_columns} * format.scale_bytes;
  } else {
    bytes = int64_t{data.cols} * kPanelRows * info(data.dtype).block_bytes;
  }
  weight->panel_bytes_ = (bytes + 63) / 64 * 64;
  weight->matrix_bytes_ = weight->panel_bytes_ * weight->n_panels();
  const std::optional<int64_t> total = checked_mul<int64_t>(weight->matrix_bytes_, data.count);
  if (!total || !weight->bytes_.try_reserve(static_cast<size_t>(*total))) {
    return fail(ErrorCode::out_of_memory, "{}: no memory for {} MiB of weights", data.name,
                weight->size_bytes() >> 20);
  }
  const int64_t n_panels = int64_t{data.count} * weight->n_panels();
  pool.parallel_for(n_panels, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t index = begin; index < end; ++index) {
      weight->pack_panel(data, static_cast<int>(index / weight->n_panels()),
                         static_cast<int>(index % weight->n_panels()));
    }
  });
  return weight;
}

void PackedWeight::pack_panel(const WeightData& data, int matrix, int panel) {
  uint8_t* out = bytes_.data() + matrix * matrix_bytes_ + panel * panel_bytes_;
  std::memset(out, 0, panel_bytes_);
  const int64_t bytes_per_row = row_bytes(dtype(), cols()).value();
  const int last_row = std::min(rows(), (panel + 1) * kPanelRows);
  for (int row = panel * kPanelRows; row < last_row; ++row) {
    const std::byte* in = data.bytes.data() + (int64_t{matrix} * rows() + row) * bytes_per_row;
    const int lane = row % kPanelRows;
    switch (dtype()) {
      case DType::q8_0:
        pack_row<BlockQ8_0>(in, cols(), kPanelQ8_0, out, lane);
        break;
      case DType::q4_0:
        pack_row<BlockQ4_0>(in, cols(), kPanelQ4_0, out, lane);
        break;
      case DType::q4_k:
        pack_row<BlockQ4K>(in, cols(), kPanelQ4K, out, lane);
        break;
      case DType::q5_k:
        pack_row<BlockQ5K>(in, cols(), kPanelQ5K, out, lane);
        break;
      case DType::q6_k:
        pack_row<BlockQ6K>(in, cols(), kPanelQ6K, out, lane);
        break;
      case DType::f32:
      case DType::f16:
      case DType::bf16: {
        const int size = info(dtype()).block_bytes;
        for (int64_t k = 0; k < cols(); ++k) {
          std::memcpy(out + (k * kPanelRows + lane) * size, in + k * size, size);
        }
        break;
      }
      default:
        FATHOM_ASSERT(false);
    }
  }
}

void PackedWeight::read_row(int matrix, int row, std::span<float> out) const {
  FATHOM_ASSERT(static_cast<int>(out.size()) == cols());
  const uint8_t* panel = panels(matrix) + row / kPanelRows * panel_bytes_;
  const int lane = row % kPanelRows;
  if (!is_quantised()) {
    const int size = info(dtype()).block_bytes;
    for (int64_t k = 0; k < cols(); ++k) {
      std::byte number[4];
      std::memcpy(number, panel + (k * kPanelRows + lane) * size, size);
      dequantize(dtype(), {number, static_cast<size_t>(size)}, out.subspan(k, 1));
    }
    return;
  }
  const PanelFormat format = format_of(dtype());
  const uint8_t* sets = panel + int64_t{cols() / kBlock} * format.block_bytes;
  for (int column = 0; column < cols(); column += kBlock) {
    Numbers u;
    get_numbers(dtype(), panel + int64_t{column / kBlock} * format.block_bytes, lane, u);
    const uint8_t* set = sets + int64_t{column / format.scale_columns} * format.scale_bytes;
    for (int i = 0; i < kBlock; ++i) {
      out[column + i] = value_of(dtype(), set, lane, (column + i) % format.scale_columns, u[i]);
    }
  }
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
