// The tile registers of AMX.

#pragma once

namespace fathom {

/// Asks the system to let this process use them. False where it does not know them, or where the
/// signal stack of a thread has no room for them. Threads: any.
bool allow_tile_registers();

}  // namespace fathom
