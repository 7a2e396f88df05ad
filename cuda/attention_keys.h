// Which keys a row sees, in tiles of kKeyTile.
//
// Tiles of the nearest tokens are counted from position 0 of the text, so that its rows have them
// in common; then come tiles of groups, counted from the first group, or the first that is chosen.

#pragma once

#include "cuda/attention.h"
#include "cuda/device.h"

namespace fathom::cuda {

struct KeyTile {
  int first;  // position, or index of a group
  bool has_groups;
};

/// Keys of a row, or of neighbouring rows of a text together.
struct RowKeys {
  int begin, end;  // positions of the nearest tokens
  int n_groups;

  __device__ int first_tile() const { return begin / kKeyTile; }
  __device__ int n_near_tiles() const { return ceil_div(end, kKeyTile) - first_tile(); }
  __device__ int n_tiles() const { return n_near_tiles() + ceil_div(n_groups, kKeyTile); }
  __device__ KeyTile tile(int index) const {
    const int n_near = n_near_tiles();
    if (index < n_near) return {(first_tile() + index) * kKeyTile, false};
    return {(index - n_near) * kKeyTile, true};
  }
  /// The inverse of tile().
  __device__ int index_of(const KeyTile& tile) const {
    const int index = tile.first / kKeyTile;
    return tile.has_groups ? n_near_tiles() + index : index - first_tile();
  }
  /// Keys [x, y) of the tile.
  __device__ int2 visible(const KeyTile& tile) const {
    if (tile.has_groups) return {0, min(n_groups - tile.first, kKeyTile)};
    return {max(begin - tile.first, 0), min(end - tile.first, kKeyTile)};
  }
};

__device__ __forceinline__ RowKeys keys_of_row(const KeyChoice& keys, int position) {
  const int n_complete = keys.groups.size > 0 ? (position + 1) / keys.groups.size : 0;
  const int n_groups =
      keys.chosen.groups != nullptr ? min(n_complete, keys.chosen.limit) : n_complete;
  if (keys.only_chosen) return {0, 0, n_groups};
  return {keys.window > 0 ? max(position + 1 - keys.window, 0) : 0, position + 1, n_groups};
}

/// Bytes from the beginning of a cache row to a column where a block begins.
template <DType kCache>
__device__ __forceinline__ int bytes_to(int column) {
  if constexpr (kCache == DType::q8_0) return column / 32 * 34;
  return column * static_cast<int>(kCache == DType::f32 ? sizeof(float) : sizeof(uint16_t));
}

/// Where the cache has key `index` of the tile, among those that rows up to `last` see; null: it is
/// none of theirs.
template <DType kCache>
__device__ __forceinline__ const std::byte* find_key(const AttentionTask& task, const RowKeys& all,
                                                     const RowPlace& last, const KeyTile& tile,
                                                     int index) {
  const int2 visible = all.visible(tile);
  if (index < visible.x || index >= visible.y) return nullptr;
  const KeyChoice& keys = task.keys;
  int position = tile.first + index, column = 0;
  if (tile.has_groups) {
    if (keys.chosen.groups != nullptr)
      position = keys.chosen.groups[static_cast<int64_t>(last.row) * keys.chosen.limit + position];
    position = (position + 1) * keys.groups.size - 1;
    column = keys.groups.column;
  }
  const int slot = task.sequences.slots[last.first_slot + position];
  return task.cache.data + slot * task.cache.stride + bytes_to<kCache>(column);
}

}  // namespace fathom::cuda
