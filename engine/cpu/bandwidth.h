// How fast this machine can read memory: the roof under which decode lives.

#pragma once

#include "engine/base/thread_pool.h"

namespace fathom::engine::cpu {

/// Bytes per second that all threads of the pool together read from a buffer larger than the last
/// level cache, best of a few passes. Takes about 0.3 s and 256 MiB; 0 if there is no memory.
double measure_read_bandwidth(ThreadPool& pool);

}  // namespace fathom::engine::cpu
