// The panels of a weight (panel.h) and, until they are made, its bytes in the model's file.
//
// Threads: reserve(), write_panels() and publish() are for the one thread that makes the panels,
// which may be another one than those that read: panels() is null until all of them are there.
// Before that the readers make the panels that they need with write_panel(), into memory of theirs.

#pragma once

#include <atomic>

#include "engine/cpu/aligned_buffer.h"
#include "engine/reference/host_weight.h"

namespace fathom::engine::cpu {

class PanelStore final {
 public:
  /// `data` must have passed validate_weight().
  explicit PanelStore(const WeightData& data);

  /// Of all matrices.
  int64_t n_panels() const { return int64_t{source_.count()} * matrix_panels_; }
  int64_t matrix_panels() const { return matrix_panels_; }
  int64_t panel_bytes() const { return panel_bytes_; }
  int64_t size_bytes() const { return n_panels() * panel_bytes_; }
  /// Columns that share a scale (f8_e4m3 only); a multiple of 4.
  int64_t scale_columns() const { return scale_columns_; }

  /// Makes room for all panels. Errors: out_of_memory.
  Status reserve();
  /// Makes panels [begin, end) of all.
  void write_panels(int64_t begin, int64_t end);
  /// Makes panels from `first` on of what panels [begin, end) of `other` are made of, which has the
  /// same columns.
  void remake_panels(int64_t first, const PanelStore& other, int64_t begin, int64_t end);
  /// All panels are made.
  void publish() { panels_.store(memory_.data(), std::memory_order_release); }
  const uint8_t* panels() const { return panels_.load(std::memory_order_acquire); }

  /// Panel `index` of all, to out [panel_bytes()]. Only before drop_source().
  void write_panel(uint8_t* out, int64_t index) const;
  /// The same numbers, bit for bit, as in the file.
  void read_row(int matrix, int row, std::span<float> out) const;

  /// The file that the bytes lie in, if they do.
  const MappedFile* file() const { return file_; }
  /// The bytes in the file are not needed for now: they do not have to count as our memory.
  void release_pages() const;
  /// Lets the file go. Only when all panels are there and nobody calls write_panel() any more.
  void drop_source();

 private:
  bool is_quantised() const { return info(source_.dtype()).block_elements > 1; }
  /// Of a panel of floats, without its scales.
  int64_t number_bytes() const;
  /// Scales of a row of f8_e4m3 numbers, to `out`, where the panel's begin.
  void put_scales(int matrix, int row, uint8_t* out) const;

  MappedWeight source_;
  const MappedFile* file_ = nullptr;
  int64_t matrix_panels_ = 0;
  int64_t scale_columns_ = 0;
  int64_t panel_bytes_ = 0;
  AlignedBuffer<uint8_t> memory_;
  std::atomic<const uint8_t*> panels_ = nullptr;
};

}  // namespace fathom::engine::cpu
