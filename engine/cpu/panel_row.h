// Rows of a quantised weight, into a panel and back (panel.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/cpu/panel.h"

namespace fathom::engine::cpu {

/// The layout of a quantised type.
PanelFormat panel_format(DType dtype);

/// Makes a panel of its rows, `cols` numbers each as they lie in a file; of its last ones if there
/// are fewer than kPanelRows.
void write_panel(DType dtype, uint8_t* panel, std::span<const std::byte> rows, int n_rows,
                 int cols);

/// The same numbers, bit for bit, as dequantize() makes of row `lane`.
void read_panel_row(DType dtype, const uint8_t* panel, int lane, std::span<float> out);

}  // namespace fathom::engine::cpu
