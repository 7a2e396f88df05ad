// The tile registers of AMX: eight of up to 16 rows of 64 bytes, whose shapes are configured.
//
// Own wrappers, because those of GCC 12 do not say that loads read memory.

#pragma once

#include <cstdint>

namespace fathom::engine::cpu {

/// What `ldtilecfg` reads.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int n_rows, int bytes) {
    rows[tile] = static_cast<uint8_t>(n_rows);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(TileShapes) == 64);

inline void configure_tiles(const TileShapes& shapes) {
  asm volatile("ldtilecfg %0" : : "m"(shapes));
}

/// Forgets what the tiles hold, so that the kernel need not save it for other threads.
inline void release_tiles() { asm volatile("tilerelease"); }

/// Rows of a tile from memory, `stride` bytes apart.
template <int kTile>
inline void load_tile(const void* p, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
inline void store_tile(void* p, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
inline void zero_tile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

/// kSum[m][n] += sum over k of kA[m][k] * kB[k / 4][4 n + k % 4], of signed bytes. Exact.
template <int kSum, int kA, int kB>
inline void multiply_tiles() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace fathom::engine::cpu
