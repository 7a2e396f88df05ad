// The sequences of a batch in device memory.

#pragma once

#include <cstdint>

namespace fathom::cuda {

/// A row of the batch and the text that it belongs to.
struct RowPlace {
  int32_t row;
  int32_t position;    // of the row's token
  int32_t first_slot;  // slots[first_slot + p] is the cache row of position p
};

struct DeviceSequences {
  const RowPlace* rows = nullptr;
  const int32_t* slots = nullptr;
  int n_rows = 0;
  /// At least as many as any row sees: a power of two, so that it changes seldom (host_arrays.h).
  int most_positions = 0;
  int most_rows = 0;  // of one text
};

}  // namespace fathom::cuda
