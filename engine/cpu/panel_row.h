// One row of a quantised weight, into a panel and back (panel.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/cpu/panel.h"

namespace fathom::engine::cpu {

/// The layout of a quantised type.
PanelFormat panel_format(DType dtype);

/// Puts `row`, `cols` numbers as they lie in a file, into lane `lane` of a panel of zeros.
void write_panel_row(DType dtype, uint8_t* panel, int lane, std::span<const std::byte> row,
                     int cols);

/// The same numbers, bit for bit, as dequantize() makes of the row that was written.
void read_panel_row(DType dtype, const uint8_t* panel, int lane, std::span<float> out);

}  // namespace fathom::engine::cpu
