// Checks of our own promises. User input never reaches one of these: it gets an Error.

#pragma once

namespace fathom {

/// Writes what failed and where to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace fathom

/// On in every build: a wrong answer costs more than a compare.
#define FATHOM_ASSERT(condition) \
  ((condition) ? void() : ::fathom::assertion_failed(#condition, __FILE__, __LINE__))
