// Reads of a mapped file that cannot be done, because somebody has truncated it or its disk fails.
//
// The system ends a process that reads there (SIGBUS). A daemon that loads a model while somebody
// copies another one over it must not die of that: once survive_file_faults() was called, such a
// read gives zeros instead, and the range is known as faulty. Reading files into memory of our own
// would be an error code instead of a signal, but a model of 400 GB is only ever read through a
// mapping, one tensor at a time.
//
// Threads: any. One table for the process, because a signal handler can reach nothing else; it
// never grows, and what does not fit into it dies as it always did.

#pragma once

#include <cstddef>
#include <span>

namespace fathom {

/// Handles SIGBUS from here on; one that comes from elsewhere ends the process as before.
void survive_file_faults();

/// `bytes` are a mapping, from its first page on.
void watch_for_faults(std::span<const std::byte> bytes);
/// Before the mapping goes.
void forget_faults(std::span<const std::byte> bytes);
/// Whether some of what was read from `bytes` was not in the file.
bool has_faults(std::span<const std::byte> bytes);

}  // namespace fathom
