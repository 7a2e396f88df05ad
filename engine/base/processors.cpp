#include "engine/base/processors.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#ifdef __linux__
#include <sched.h>
#endif

#include "engine/base/first_line.h"

namespace fathom {
namespace {

constexpr size_t kFewProcessors = 4;

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

/// Whether "0-3,8" contains a processor.
bool contains(std::string_view list, int processor) {
  while (!list.empty()) {
    const std::string_view range = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), range.size() + 1));
    const size_t dash = range.find('-');
    const auto first = number(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
    if (first && last && *first <= processor && processor <= *last) return true;
  }
  return false;
}

/// Processors that the time of a cgroup is as much as; nothing: it has no limit.
std::optional<int64_t> share_of_time(const std::filesystem::path& cgroups) {
  const std::string both = first_line(cgroups / "cpu.max");  // version 2: "200000 100000"
  const size_t blank = both.find(' ');
  auto quota = number(std::string_view(both).substr(0, blank));
  auto period =
      blank == std::string::npos ? std::nullopt : number(std::string_view(both).substr(blank + 1));
  if (both.empty()) {
    quota = number(first_line(cgroups / "cpu" / "cpu.cfs_quota_us"));
    period = number(first_line(cgroups / "cpu" / "cpu.cfs_period_us"));
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return std::max<int64_t>(1, (*quota + *period / 2) / *period);
}

size_t useful_processors(std::vector<int> allowed, const std::filesystem::path& devices) {
  if (allowed.size() <= kFewProcessors) return allowed.size();
  // Intel's name for its fast cores where there are others; each processor is in a list.
  if (const std::string fast = first_line(devices / "cpu_core" / "cpus"); !fast.empty()) {
    const bool is_any_fast =
        std::ranges::any_of(allowed, [&](int processor) { return contains(fast, processor); });
    if (is_any_fast)
      std::erase_if(allowed, [&](int processor) { return !contains(fast, processor); });
  }
  std::set<std::string> cores;  // by the processors that share one
  for (const int processor : allowed) {
    const std::string siblings = first_line(
        devices / fmt::format("system/cpu/cpu{}/topology/thread_siblings_list", processor));
    cores.insert(siblings.empty() ? fmt::format("{}", processor) : siblings);
  }
  return cores.size();
}

std::vector<int> allowed_processors() {
  std::vector<int> allowed;
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int processor = 0; processor < CPU_SETSIZE; ++processor)
      if (CPU_ISSET(processor, &set)) allowed.push_back(processor);
  }
#endif
  if (allowed.empty()) {  // more of them than the set has room for, or another system
    const int n = static_cast<int>(std::thread::hardware_concurrency());
    for (int processor = 0; processor < n; ++processor) allowed.push_back(processor);
  }
  return allowed;
}

}  // namespace

int useful_threads(const std::vector<int>& allowed, const ProcessorFiles& files) {
  const auto n = static_cast<int64_t>(useful_processors(allowed, files.devices));
  return static_cast<int>(
      std::max<int64_t>(1, std::min(n, share_of_time(files.cgroups).value_or(n))));
}

int effective_threads(int n_threads) {
  return n_threads > 0 ? n_threads : useful_threads(allowed_processors(), {});
}

}  // namespace fathom
