// What this process may compute with.
//
// Threads: any.

#pragma once

#include <filesystem>
#include <vector>

namespace fathom {

/// Where Linux describes processors and their limits.
struct ProcessorFiles {
  std::filesystem::path devices = "/sys/devices";
  std::filesystem::path cgroups = "/sys/fs/cgroup";
};

/// How many threads compute fastest on the processors `allowed`: one for each core, where there are
/// fast and slow ones for each fast core, and no more than a container's share of time is good for.
/// Up to four processors are all taken: two threads of one core are then worth more than the rest
/// of the machine would lose. At least 1.
int useful_threads(const std::vector<int>& allowed, const ProcessorFiles& files);
/// `n_threads`; if it is 0, as many as are useful on the processors that this process may use.
int effective_threads(int n_threads);

}  // namespace fathom
