#include "engine/cpu/panel_row.h"

#include <cstring>

#include "engine/base/assert.h"
#include "engine/cpu/quant_block.h"
#include "engine/quant/blocks.h"
#include "engine/quant/half.h"

namespace fathom::engine::cpu {
namespace {

constexpr int kBlock = kQuantBlock;

uint8_t byte(int bits) { return static_cast<uint8_t>(bits); }

/// Where the bits of number i of a row lie in a plane.
struct Place {
  int byte;
  int shift;
};
Place place(int plane_bits, int lane, int i) {
  const int group = i / 4;
  const int groups_in_a_byte = 8 / plane_bits;
  return {64 * (group / groups_in_a_byte) + 4 * lane + i % 4,
          plane_bits * (group % groups_in_a_byte)};
}

void put_plane(int bits, uint8_t* plane, int lane, int i, int number) {
  const Place at = place(bits, lane, i);
  plane[at.byte] = byte(plane[at.byte] | (number & ((1 << bits) - 1)) << at.shift);
}

int get_plane(int bits, const uint8_t* plane, int lane, int i) {
  const Place at = place(bits, lane, i);
  return plane[at.byte] >> at.shift & ((1 << bits) - 1);
}

void put_numbers(PanelFormat format, uint8_t* block, int lane, const uint8_t* u) {
  for (int i = 0; i < kBlock; ++i) {
    put_plane(format.low_bits, block, lane, i, u[i]);
    if (format.high_bits == 0) continue;
    put_plane(format.high_bits, block + 64 * format.low_bits, lane, i, u[i] >> format.low_bits);
  }
}

int get_number(PanelFormat format, const uint8_t* block, int lane, int i) {
  const int low = get_plane(format.low_bits, block, lane, i);
  if (format.high_bits == 0) return low;
  return low | get_plane(format.high_bits, block + 64 * format.low_bits, lane, i)
                   << format.low_bits;
}

void put_half(uint8_t* set, int lane, uint16_t bits) { std::memcpy(set + 2 * lane, &bits, 2); }

float get_half(const uint8_t* set, int lane) {
  uint16_t bits = 0;
  std::memcpy(&bits, set + 2 * lane, 2);
  return f16_to_f32(bits);
}

// numbers(): the unsigned numbers of a block of the file, in the order of the columns.

void nibbles(const uint8_t* qs, uint8_t* u) {
  for (int i = 0; i < 16; ++i) {
    u[i] = qs[i] & 15;
    u[i + 16] = qs[i] >> 4;
  }
}

void fifth_bits(const uint8_t* qh, uint8_t* u) {
  for (int i = 0; i < 32; ++i) u[i] = byte(u[i] | bit_of(qh, i) << 4);
}

void numbers(const BlockQ8_0& from, uint8_t* u) {
  for (int i = 0; i < kBlock; ++i) u[i] = byte(from.qs[i] + 128);
}
void numbers(const BlockQ4_0& from, uint8_t* u) { nibbles(from.qs, u); }
void numbers(const BlockQ4_1& from, uint8_t* u) { nibbles(from.qs, u); }
void numbers(const BlockIq4Nl& from, uint8_t* u) { nibbles(from.qs, u); }
void numbers(const BlockMxfp4& from, uint8_t* u) { nibbles(from.qs, u); }

void numbers(const BlockQ5_0& from, uint8_t* u) {
  nibbles(from.qs, u);
  fifth_bits(from.qh, u);
}

void numbers(const BlockQ5_1& from, uint8_t* u) {
  nibbles(from.qs, u);
  fifth_bits(from.qh, u);
}

void numbers(const BlockIq4Xs& from, uint8_t* u) {
  for (int group = 0; group < 8; ++group) nibbles(from.qs + 16 * group, u + 32 * group);
}

/// Four runs of 32 numbers share 32 bytes, for each half of a block.
int bit_pair(const uint8_t* qs, int i) {
  return qs[32 * (i / 128) + i % 32] >> 2 * (i / 32 % 4) & 3;
}

void numbers(const BlockQ2K& from, uint8_t* u) {
  for (int i = 0; i < 256; ++i) u[i] = byte(bit_pair(from.qs, i));
}

void numbers(const BlockQ3K& from, uint8_t* u) {
  for (int i = 0; i < 256; ++i) {
    u[i] = byte(bit_pair(from.qs, i) | (from.hmask[i % 32] >> i / 32 & 1) << 2);
  }
}

int k_nibble(const uint8_t* qs, int i) {
  return qs[32 * (i / 64) + i % 32] >> 4 * (i / 32 % 2) & 15;
}

void numbers(const BlockQ4K& from, uint8_t* u) {
  for (int i = 0; i < 256; ++i) u[i] = byte(k_nibble(from.qs, i));
}

void numbers(const BlockQ5K& from, uint8_t* u) {
  for (int i = 0; i < 256; ++i) {
    u[i] = byte(k_nibble(from.qs, i) | (from.qh[i % 32] >> i / 32 & 1) << 4);
  }
}

void numbers(const BlockQ6K& from, uint8_t* u) {
  for (int i = 0; i < 256; ++i) {
    const int low = from.ql[64 * (i / 128) + i % 64] >> 4 * (i / 64 % 2) & 15;
    u[i] = byte(low | bit_pair(from.qh, i) << 4);
  }
}

// put_scales(): the scales of a block of the file as those of a lane.

template <class Block>
void put_scales(const Block& from, uint8_t* set, int lane) {  // with d alone
  put_half(set, lane, from.d);
}

template <class Block>
void put_scale_and_offset(const Block& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  put_half(set + 32, lane, from.m);
}
void put_scales(const BlockQ4_1& from, uint8_t* set, int lane) {
  put_scale_and_offset(from, set, lane);
}
void put_scales(const BlockQ5_1& from, uint8_t* set, int lane) {
  put_scale_and_offset(from, set, lane);
}

void put_scales(const BlockMxfp4& from, uint8_t* set, int lane) { set[lane] = from.e; }

void put_scales(const BlockQ2K& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  put_half(set + 32, lane, from.dmin);
  for (int i = 0; i < 16; ++i) set[64 + 16 * i + lane] = from.scales[i];
}

void put_scales(const BlockQ3K& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  for (int i = 0; i < 16; ++i) set[32 + 16 * i + lane] = byte(q3_k_scale(from.scales, i));
}

template <class Block>
void put_k_scales(const Block& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  put_half(set + 32, lane, from.dmin);
  for (int group = 0; group < 8; ++group) {
    const KScale k = k_scale(from.scales, group);
    set[64 + 16 * group + lane] = k.scale;
    set[192 + 16 * group + lane] = k.min;
  }
}
void put_scales(const BlockQ4K& from, uint8_t* set, int lane) { put_k_scales(from, set, lane); }
void put_scales(const BlockQ5K& from, uint8_t* set, int lane) { put_k_scales(from, set, lane); }

void put_scales(const BlockQ6K& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  for (int i = 0; i < 16; ++i) set[32 + 16 * i + lane] = byte(from.scales[i]);
}

void put_scales(const BlockIq4Xs& from, uint8_t* set, int lane) {
  put_half(set, lane, from.d);
  for (int i = 0; i < 8; ++i) set[32 + 16 * i + lane] = byte(iq4_xs_scale(from, i));
}

template <class Block>
void write_row(PanelFormat format, uint8_t* panel, int lane, std::span<const std::byte> row,
               int cols) {
  const int n_sets = cols / format.scale_columns;
  const int set_blocks = format.scale_columns / kBlock;
  FATHOM_ASSERT(row.size() == n_sets * sizeof(Block));
  uint8_t* sets = panel + int64_t{cols / kBlock} * format.block_bytes();
  for (int i = 0; i < n_sets; ++i) {
    Block block;
    std::memcpy(&block, row.data() + i * sizeof(Block), sizeof(Block));
    uint8_t u[256];
    numbers(block, u);
    for (int j = 0; j < set_blocks; ++j) {
      put_numbers(format, panel + (int64_t{i} * set_blocks + j) * format.block_bytes(), lane,
                  u + kBlock * j);
    }
    put_scales(block, sets + int64_t{i} * format.scale_bytes, lane);
  }
}

/// Number u in a column of a set; mirrors dequantize().
float value_of(DType dtype, const uint8_t* set, int lane, int column, int u) {
  const float number = static_cast<float>(u);
  const auto small_scale = [&](int columns) {
    return static_cast<float>(static_cast<int8_t>(set[32 + 16 * (column / columns) + lane]));
  };
  switch (dtype) {
    case DType::q8_0:
      return get_half(set, lane) * (number - 128);
    case DType::q4_0:
      return get_half(set, lane) * (number - 8);
    case DType::q5_0:
      return get_half(set, lane) * (number - 16);
    case DType::q4_1:
    case DType::q5_1:
      return get_half(set, lane) * number + get_half(set + 32, lane);
    case DType::iq4_nl:
      return get_half(set, lane) * kIq4Values[u];
    case DType::iq4_xs:
      return get_half(set, lane) * small_scale(32) * kIq4Values[u];
    case DType::mxfp4:
      return mxfp4_scale(set[lane]) * kMxfp4Values[u];
    case DType::q3_k:
      return get_half(set, lane) * small_scale(16) * (number - 4);
    case DType::q6_k:
      return get_half(set, lane) * small_scale(16) * (number - 32);
    case DType::q2_k: {
      const uint8_t bits = set[64 + 16 * (column / 16) + lane];
      const float scale = get_half(set, lane) * static_cast<float>(bits & 15);
      const float min = get_half(set + 32, lane) * static_cast<float>(bits >> 4);
      return scale * number - min;
    }
    case DType::q4_k:
    case DType::q5_k: {
      const float scale = get_half(set, lane) * set[64 + 16 * (column / 32) + lane];
      const float min = get_half(set + 32, lane) * set[192 + 16 * (column / 32) + lane];
      return scale * number - min;
    }
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::f8_e4m3:
      break;
  }
  FATHOM_ASSERT(false);
  return 0.0f;
}

/// What there is to know of a quantised type.
struct Codec {
  PanelFormat format;
  void (*write)(PanelFormat format, uint8_t* panel, int lane, std::span<const std::byte> row,
                int cols);
};

Codec codec_of(DType dtype) {
  switch (dtype) {
    case DType::q8_0:
      return {kPanelQ8_0, write_row<BlockQ8_0>};
    case DType::q4_0:
      return {kPanelQ4_0, write_row<BlockQ4_0>};
    case DType::q4_1:
      return {kPanelQ4_1, write_row<BlockQ4_1>};
    case DType::q5_0:
      return {kPanelQ5_0, write_row<BlockQ5_0>};
    case DType::q5_1:
      return {kPanelQ5_1, write_row<BlockQ5_1>};
    case DType::q2_k:
      return {kPanelQ2K, write_row<BlockQ2K>};
    case DType::q3_k:
      return {kPanelQ3K, write_row<BlockQ3K>};
    case DType::q4_k:
      return {kPanelQ4K, write_row<BlockQ4K>};
    case DType::q5_k:
      return {kPanelQ5K, write_row<BlockQ5K>};
    case DType::q6_k:
      return {kPanelQ6K, write_row<BlockQ6K>};
    case DType::iq4_nl:
      return {kPanelIq4Nl, write_row<BlockIq4Nl>};
    case DType::iq4_xs:
      return {kPanelIq4Xs, write_row<BlockIq4Xs>};
    case DType::mxfp4:
      return {kPanelMxfp4, write_row<BlockMxfp4>};
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::f8_e4m3:
      break;
  }
  FATHOM_ASSERT(false);
  return {};
}

}  // namespace

PanelFormat panel_format(DType dtype) { return codec_of(dtype).format; }

void write_panel_row(DType dtype, uint8_t* panel, int lane, std::span<const std::byte> row,
                     int cols) {
  const Codec codec = codec_of(dtype);
  codec.write(codec.format, panel, lane, row, cols);
}

void read_panel_row(DType dtype, const uint8_t* panel, int lane, std::span<float> out) {
  const PanelFormat format = panel_format(dtype);
  const int cols = static_cast<int>(out.size());
  const uint8_t* sets = panel + int64_t{cols / kBlock} * format.block_bytes();
  for (int column = 0; column < cols; ++column) {
    const uint8_t* block = panel + int64_t{column / kBlock} * format.block_bytes();
    const uint8_t* set = sets + int64_t{column / format.scale_columns} * format.scale_bytes;
    out[column] = value_of(dtype, set, lane, column % format.scale_columns,
                           get_number(format, block, lane, column % kBlock));
  }
}

}  // namespace fathom::engine::cpu
