// Questions to the operating system that the standard library does not answer.
//
// Threads: any.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

namespace fathom {

/// Where this program's own file lies, links resolved; nothing where that cannot be known.
std::optional<std::filesystem::path> executable_path();

/// Most memory that this process has had resident so far.
uint64_t peak_resident_bytes();

/// Memory that a new process could use without swapping; nothing if unknown.
std::optional<uint64_t> available_memory_bytes();

/// Tells the system that `memory` will be read all over again and again: fewer, larger pages then
/// save lookups. Does nothing where the system knows no such thing.
void prefer_large_pages(void* memory, size_t size_bytes);
/// What `memory` above should be aligned to.
inline constexpr size_t kLargePageBytes = size_t{2} << 20;

/// Gives freed memory that the allocator keeps for later back to the system.
void release_free_memory();

/// Lets other threads go before the one that calls: for work that nobody waits for.
void lower_thread_priority();

/// Processor time that the calling thread has had: for limits that hold on a loaded machine, too.
std::chrono::nanoseconds thread_cpu_time();

/// "AMD EPYC 9B14", or "" if unknown.
std::string cpu_name();

/// Whether the stream is a terminal, so that colours and progress make sense.
bool is_terminal(std::FILE* stream);

/// Whether this process may read, write and enter the folder.
bool is_usable_folder(const std::filesystem::path& folder);

}  // namespace fathom
