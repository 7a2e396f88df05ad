#pragma once

#include "engine/base/cancel.h"

namespace fathom::cli {

/// A token that the next Ctrl-C cancels, so that the command can end in good order; the one after
/// that ends the process.
CancelToken cancel_on_interrupt();
/// From now on Ctrl-C ends the program at once, as it did before.
void end_on_interrupt();

}  // namespace fathom::cli
