#include "engine/base/system.h"

#include <fstream>
#include <string_view>

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace fathom {
namespace {

/// The value of the first line "key : value" of a file in /proc; "" if there is none.
std::string first_value(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t begin = line.find_first_not_of(" \t:", key.size());
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

std::optional<std::filesystem::path> executable_path() {
  std::error_code error;
  std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return std::nullopt;
  return path;
}

uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return uint64_t(usage.ru_maxrss) * 1024;
}

std::optional<uint64_t> available_memory_bytes() {
  const std::string kilobytes = first_value("/proc/meminfo", "MemAvailable");
  if (kilobytes.empty()) return std::nullopt;
  return std::strtoull(kilobytes.c_str(), nullptr, 10) * 1024;
}

void prefer_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] size_t size_bytes) {
#ifdef MADV_HUGEPAGE
  madvise(memory, size_bytes, MADV_HUGEPAGE);  // a refusal only costs speed
#endif
}

void release_free_memory() { ::malloc_trim(0); }

void lower_thread_priority() {
#ifdef __linux__
  // Of the thread alone: Linux gives each its own, against POSIX. Failing only costs smoothness.
  setpriority(PRIO_PROCESS, 0, 10);
#endif
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::string cpu_name() { return first_value("/proc/cpuinfo", "model name"); }

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

bool is_usable_folder(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_directory(folder, error) &&
         access(folder.c_str(), R_OK | W_OK | X_OK) == 0;
}

}  // namespace fathom
