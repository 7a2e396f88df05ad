#include "engine/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace fathom {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "fathom: %s:%d: internal error: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace fathom
