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

int get_plane(int bits, const uint8_t* plane, int lane, int i) {
  const Place at = place(bits, lane, i);
  return plane[at.byte] >> at.shift & ((1 << bits) - 1);
}

/// The unsigned numbers of some columns of a panel's rows.
template <int kColumns>
using Numbers = uint8_t[kPanelRows][kColumns];

/// Four words, which every machine has registers for.
using Words = uint32_t __attribute__((vector_size(16)));

/// groups[i] = the words i, i + 4, ... of four rows, in the order of the rows.
void transpose(const Words rows[4], Words groups[4]) {
  const Words a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Words b = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Words c = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Words d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  groups[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  groups[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  groups[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  groups[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/// Writes a plane of kBits of a block: the bits of the 32 numbers of each row from `column` on,
/// after a shift to the right by kFrom. Four numbers of four rows at once, as bytes of words.
template <int kBits, int kFrom, int kColumns>
void put_plane(uint8_t* plane, const Numbers<kColumns>& u, int column) {
  constexpr int kGroups = kBlock / 4;
  constexpr int kGroupsInAByte = 8 / kBits;
  constexpr uint32_t kMask = 0x01010101u * ((1 << kBits) - 1);
  for (int lane = 0; lane < kPanelRows; lane += 4) {
    Words groups[kGroups];
    for (int half = 0; half < 2; ++half) {
      Words rows[4];
      for (int i = 0; i < 4; ++i)
        std::memcpy(&rows[i], u[lane + i] + column + 16 * half, sizeof rows[i]);
      transpose(rows, groups + 4 * half);
    }
    for (int g = 0; g < kGroups; g += kGroupsInAByte) {
      Words words = groups[g] >> kFrom & kMask;
      for (int i = 1; i < kGroupsInAByte; ++i)
        words |= (groups[g + i] >> kFrom & kMask) << kBits * i;
      std::memcpy(plane + g / kGroupsInAByte * 64 + 4 * lane, &words, sizeof words);
    }
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

/// Bit i of the little-endian number `bits` as bit 4 of u[i].
void fifth_bits(const uint8_t* bits, uint8_t* u) {
  for (int i = 0; i < 4; ++i) {
    // A copy of the byte for each of its bits, of which that bit is kept, moved to bit 7 by a carry
    // that cannot leave the copy.
    const uint64_t kept = (bits[i] * 0x0101010101010101u) & 0x8040201008040201u;
    const uint64_t fifths = (kept + 0x7f7f7f7f7f7f7f7fu) >> 3 & 0x1010101010101010u;
    uint64_t numbers = 0;
    std::memcpy(&numbers, u + 8 * i, sizeof numbers);
    numbers |= fifths;
    std::memcpy(u + 8 * i, &numbers, sizeof numbers);
  }
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
void bit_pairs(const uint8_t* qs, uint8_t* u) {
  for (int half = 0; half < 2; ++half) {
    for (int run = 0; run < 4; ++run) {
      for (int i = 0; i < 32; ++i) u[128 * half + 32 * run + i] = qs[32 * half + i] >> 2 * run & 3;
    }
  }
}

/// Bit g of bits[i] as bit kTo of number i of group g.
template <int kTo>
void group_bits(const uint8_t* bits, uint8_t* u) {
  for (int group = 0; group < 8; ++group) {
    for (int i = 0; i < 32; ++i) {
      u[32 * group + i] = byte(u[32 * group + i] | (bits[i] >> group & 1) << kTo);
    }
  }
}

void k_nibbles(const uint8_t* qs, uint8_t* u) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      u[64 * pair + i] = qs[32 * pair + i] & 15;
      u[64 * pair + 32 + i] = qs[32 * pair + i] >> 4;
    }
  }
}

void numbers(const BlockQ2K& from, uint8_t* u) { bit_pairs(from.qs, u); }

void numbers(const BlockQ3K& from, uint8_t* u) {
  bit_pairs(from.qs, u);
  group_bits<2>(from.hmask, u);
}

void numbers(const BlockQ4K& from, uint8_t* u) { k_nibbles(from.qs, u); }

void numbers(const BlockQ5K& from, uint8_t* u) {
  k_nibbles(from.qs, u);
  group_bits<4>(from.qh, u);
}

void numbers(const BlockQ6K& from, uint8_t* u) {
  uint8_t high[256];
  bit_pairs(from.qh, high);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* low = from.ql + 64 * half;
    const int first = 128 * half;
    for (int i = 0; i < 64; ++i) {
      u[first + i] = byte((low[i] & 15) | high[first + i] << 4);
      u[first + 64 + i] = byte(low[i] >> 4 | high[first + 64 + i] << 4);
    }
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

template <PanelFormat kFormat, class Block>
void write_rows(uint8_t* panel, std::span<const std::byte> rows, int n_rows, int cols) {
  constexpr int kColumns = kFormat.scale_columns;
  const int n_sets = cols / kColumns;
  FATHOM_ASSERT(rows.size() == size_t(n_rows) * n_sets * sizeof(Block));
  uint8_t* block_out = panel;
  uint8_t* set_out = panel + int64_t{cols / kBlock} * kFormat.block_bytes();
  Numbers<kColumns> u = {};
  for (int i = 0; i < n_sets; ++i, set_out += kFormat.scale_bytes) {
    if (n_rows < kPanelRows) std::memset(set_out, 0, kFormat.scale_bytes);
    Block blocks[kPanelRows];  // all before the first is read: what was just written comes late
    for (int lane = 0; lane < n_rows; ++lane) {
      std::memcpy(&blocks[lane], rows.data() + (int64_t{lane} * n_sets + i) * sizeof(Block),
                  sizeof(Block));
    }
    for (int lane = 0; lane < n_rows; ++lane) {
      numbers(blocks[lane], u[lane]);
      put_scales(blocks[lane], set_out, lane);
    }
    for (int column = 0; column < kColumns; column += kBlock, block_out += kFormat.block_bytes()) {
      put_plane<kFormat.low_bits, 0>(block_out, u, column);
      if constexpr (kFormat.high_bits > 0) {
        put_plane<kFormat.high_bits, kFormat.low_bits>(block_out + 64 * kFormat.low_bits, u,
                                                       column);
      }
    }
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
  void (*write)(uint8_t* panel, std::span<const std::byte> rows, int n_rows, int cols);
};

template <PanelFormat kFormat, class Block>
constexpr Codec kCodec = {kFormat, write_rows<kFormat, Block>};

Codec codec_of(DType dtype) {
  switch (dtype) {
    case DType::q8_0:
      return kCodec<kPanelQ8_0, BlockQ8_0>;
    case DType::q4_0:
      return kCodec<kPanelQ4_0, BlockQ4_0>;
    case DType::q4_1:
      return kCodec<kPanelQ4_1, BlockQ4_1>;
    case DType::q5_0:
      return kCodec<kPanelQ5_0, BlockQ5_0>;
    case DType::q5_1:
      return kCodec<kPanelQ5_1, BlockQ5_1>;
    case DType::q2_k:
      return kCodec<kPanelQ2K, BlockQ2K>;
    case DType::q3_k:
      return kCodec<kPanelQ3K, BlockQ3K>;
    case DType::q4_k:
      return kCodec<kPanelQ4K, BlockQ4K>;
    case DType::q5_k:
      return kCodec<kPanelQ5K, BlockQ5K>;
    case DType::q6_k:
      return kCodec<kPanelQ6K, BlockQ6K>;
    case DType::iq4_nl:
      return kCodec<kPanelIq4Nl, BlockIq4Nl>;
    case DType::iq4_xs:
      return kCodec<kPanelIq4Xs, BlockIq4Xs>;
    case DType::mxfp4:
      return kCodec<kPanelMxfp4, BlockMxfp4>;
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

void write_panel(DType dtype, uint8_t* panel, std::span<const std::byte> rows, int n_rows,
                 int cols) {
  // The rows are read side by side, which no processor foresees.
  constexpr size_t kLine = 64;
  for (size_t i = 0; i < rows.size(); i += kLine) __builtin_prefetch(rows.data() + i, 0, 2);
  codec_of(dtype).write(panel, rows, n_rows, cols);
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
