// What this machine can do at most: the roofs under which decode (memory) and prefill (products)
// live. Each takes some tenths of a second on all threads of the pool together; best of a few
// passes.

#pragma once

#include "engine/base/thread_pool.h"

namespace fathom::engine::cpu {

/// Bytes per second read from a buffer larger than the last level cache, 256 MiB; 0 if there is no
/// memory.
double measure_read_bandwidth(ThreadPool& pool);

/// Products of 8-bit integers per second, added up in 32 bits, with the instruction set that the
/// engine takes; 0 if it takes none.
double measure_product_rate(ThreadPool& pool);

}  // namespace fathom::engine::cpu
